// SPDX-License-Identifier: MIT
/*
 * The names of the paper: migration (reference 1.5, 4). The original moves
 * nothing but the name; here what moves along is handed over in a file.
 */
#include "mnx_self.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define START_MS 30000 /* for acknowledgements of what is under way */
#define STATE_BYTES (1u << 20)
#define OF_DEVICES "/run/m3ipc"

/*
 * The migration's name on all nodes: they agree on the endpoint's epoch, which
 * grows with each commit.
 */
static uint64_t txn_of(const struct m3_proc_info *info)
{
	return ((uint64_t)0x6d6e78 << 32) + (info->binding >> 32) + 1;
}

/* The slot, and whether its node cannot be reached. */
static int find(struct m3_node *node, int dcid, int ep,
		struct m3_proc_info *info, int *is_lost)
{
	struct m3_node_info peer;
	int e = m3_getprocinfo(node, dcid, ep, info);

	*is_lost = 0;
	if (!e && info->rts_flags & M3_RTS_SLOT_FREE)
		e = -M3_EDSTDIED;
	if (!e && info->rts_flags & M3_RTS_REMOTE &&
	    !m3_getnodeinfo(node, info->node, &peer))
		*is_lost = !(peer.flags & M3_NODE_RCONNECTED);
	return e;
}

/* Beside the core, or of a device where root alone may write. */
static void state_path(char *path, const struct m3_node *node, int dcid, int ep)
{
	const char *folder = getenv("M3IPC_MIGRATION"), *up = "";

	if (!folder || !*folder) {
		folder = node->device < 0 ? node->platform.dir : OF_DEVICES;
		up = node->device < 0 ? "/.." : "";
		if (node->device >= 0)
			mkdir(folder, 0755);
	}
	snprintf(path, M3_PATH_BYTES, "%s%s/%s.%d.%d", folder, up,
		 mnx_about()->cluster, dcid, ep);
}

static int write_all(int fd, const char *data, uint32_t size)
{
	ssize_t n;

	while (size) {
		n = write(fd, data, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? m3_errno(errno) : -M3_EIO;
		data += n;
		size -= (uint32_t)n;
	}
	return 0;
}

/* Under another name first: a reader sees a whole state or none. */
static int save(const char *path, const char *data, uint32_t size)
{
	char fresh[M3_PATH_BYTES + 8];
	int fd, e;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return m3_errno(errno);
	e = write_all(fd, data, size);
	close(fd);
	if (!e && rename(fresh, path))
		e = m3_errno(errno);
	if (e)
		unlink(fresh);
	return e;
}

static int load(const char *path, char *data, uint32_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	*size = 0;
	if (fd < 0)
		return m3_errno(errno);
	while ((n = read(fd, data + *size, STATE_BYTES - *size)) > 0)
		*size += (uint32_t)n;
	close(fd);
	return n < 0 ? -M3_EIO : 0;
}

static int export_state(struct m3_node *node, int dcid, int ep, uint64_t txn)
{
	uint32_t size = STATE_BYTES;
	char *state = malloc(size), path[M3_PATH_BYTES];
	int e;

	if (!state)
		return -M3_ENOMEM;
	e = m3_migr_export(node, dcid, ep, txn, state, &size);
	if (!e) {
		state_path(path, node, dcid, ep);
		e = save(path, state, size);
	}
	free(state);
	return e;
}

int mnx_migr_start(int dcid, int endpoint)
{
	struct m3_proc_info info;
	struct m3_node *node;
	int is_lost, e = mnx_node(&node);

	if (!e)
		e = find(node, dcid, endpoint, &info, &is_lost);
	if (e)
		return e;
	e = m3_migr_start(node, dcid, endpoint, -1, txn_of(&info),
			  is_lost ? M3_NOWAIT : START_MS);
	/* Nobody is left to acknowledge: frozen is all it can be. */
	if (is_lost && (e == -M3_ETIMEDOUT || e == -M3_EAGAIN))
		return 0;
	if (!e && !(info.rts_flags & M3_RTS_REMOTE))
		e = export_state(node, dcid, endpoint, txn_of(&info));
	return e;
}

/* On the new node: `pid` goes on with what the old node has left. */
static int take_over(struct m3_node *node, int pid, int dcid, int ep,
		     const struct m3_proc_info *info)
{
	uint32_t size;
	char *state = malloc(STATE_BYTES), path[M3_PATH_BYTES];
	int e;

	if (!state)
		return -M3_ENOMEM;
	state_path(path, node, dcid, ep);
	e = load(path, state, &size);
	if (!e)
		e = m3_migr_commit(node, dcid, ep, (int)mnx_about()->node,
				   pid, txn_of(info), state, size);
	if (!e)
		unlink(path);
	free(state);
	return mnx_error(e);
}

int mnx_migr_commit(int pid, int dcid, int endpoint, int new_nodeid)
{
	struct mnx_binding b = { NULL, dcid, endpoint };
	struct m3_proc_info info;
	struct m3_node *node;
	int is_lost, is_here, e = mnx_node(&node);

	if (!e)
		e = find(node, dcid, endpoint, &info, &is_lost);
	if (e)
		return e;
	is_here = (uint32_t)new_nodeid == mnx_about()->node;
	if (!is_here)
		pid = 0;
	else if (pid == -1)
		pid = getpid();
	if (pid == getpid())
		e = mnx_join(dcid, &b.member);
	if (e)
		return e;
	if (is_lost)
		e = m3_promote(node, dcid, endpoint, new_nodeid, pid, 0);
	else if (is_here)
		e = take_over(node, pid, dcid, endpoint, &info);
	else
		e = m3_migr_commit(node, dcid, endpoint, new_nodeid, 0,
				   txn_of(&info), NULL, 0);
	if (!e && b.member)
		mnx_set(&b, 0);
	return e;
}

int mnx_migr_rollback(int dcid, int endpoint)
{
	char path[M3_PATH_BYTES];
	struct m3_proc_info info;
	struct m3_node *node;
	int is_lost, e = mnx_node(&node);

	if (!e)
		e = find(node, dcid, endpoint, &info, &is_lost);
	if (!e)
		e = m3_migr_rollback(node, dcid, endpoint, txn_of(&info));
	if (!e && !(info.rts_flags & M3_RTS_REMOTE)) {
		state_path(path, node, dcid, endpoint);
		unlink(path);
	}
	return e;
}
