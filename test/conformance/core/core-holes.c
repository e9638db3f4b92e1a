// SPDX-License-Identifier: MIT
/*
 * A region's tables get memory as its endpoints are bound. Here the file
 * system is full, so that the first look at a row without memory is SIGBUS: a
 * forged peer, management and members name endpoints that nobody was ever
 * bound to. Documented errors, a sound region, and everybody lives.
 */
#include "forge.h"
#include "mesh.h"
#include <embedded/embedded.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCS 4000
#define SERVER 1
#define HIGH 3990 /* bound: walks pass all the holes below it */
#define FAR 20 /* at the forged node */
#define ROUNDS 4000
#define TXN 77

static const int unbound[] = { 40, 1000, 2000, 3500 };
static struct forge_record rec;

/* ------------------------------------------------ a core on a full disk */

static int own_mounts(void)
{
	if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return 0;
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static void fill(const char *path)
{
	static char block[65536];
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	MUST(fd >= 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	while (write(fd, block, 1) > 0)
		;
	close(fd);
}

static struct m3_member *begin(struct rig_node *n, struct forge *f,
			       const char *at)
{
	struct m3_dvs_params dvs = {
		.max_nodes = 4, .max_dcs = 4, .cluster = "rig",
	};
	struct m3_dc_params dc = {
		.dc = RIG_DC, .tasks = RIG_TASKS, .procs = PROCS,
		.arena_bytes = 8u << 20, .gid = (uint32_t)-1, .name = "rig",
	};
	struct m3_buffer buffer;
	struct m3_member *m;
	uint64_t granted;
	char filler[128];

	memset(n, 0, sizeof(*n));
	MUST(mount("rig", at, "tmpfs", 0, "size=8m") == 0);
	MUST(snprintf(n->dir, sizeof(n->dir), "%s/core", at) <
	     (int)sizeof(n->dir));
	SAME(m3_dvs_init(n->dir, &dvs), 0);
	SAME(m3_node_open(n->dir, &n->core), 0);
	SAME(m3_dc_init(n->core, &dc), 0);
	forge_begin(f, n, 1);
	m = rig_join(n, SERVER);
	SAME(m3_bind(m, HIGH), 0);
	SAME(m3_rmtbind(n->core, RIG_DC, "far", FAR, 1), 0);
	SAME(m3_alloc(m, SERVER, 65536, &buffer), 0);
	SAME(m3_grant(m, SERVER, FAR, buffer.address, 65536, M3_GRANT_READ,
		      &granted), 0);
	snprintf(filler, sizeof(filler), "%s/filler", at);
	fill(filler);
	SAME(m3_bind(m, unbound[1]), -M3_ENOSPC);
	return m;
}

/* ------------------------------------------------------- a forged peer */

static int any(const int *from, unsigned int n)
{
	return from[rig_random(n)];
}

static unsigned int body_of(int kind)
{
	switch (kind) {
	case M3_REC_SEND:
	case M3_REC_SENDREC:
	case M3_REC_REPLY:
	case M3_REC_NOTIFY:
	case M3_REC_RELAY:
		return sizeof(struct m3_message);
	case M3_REC_COPY_PULL:
		return sizeof(struct m3_copy_body);
	case M3_REC_COPY_DATA:
		return sizeof(struct m3_copy_body) + 64;
	default:
		return 0;
	}
}

static void put(struct forge *f)
{
	static const int from[] = { FAR, FAR, FAR, 30, 1001, 3001, SERVER,
				    5000 };
	static const int to[] = { SERVER, HIGH, FAR, 40, 1000, 2000, 3500, -4,
				  5000 };
	static const int status[] = { 0, -M3_EMIGRATE, -M3_EDSTDIED, 64 };
	int kind = M3_REC_VOID + (int)rig_random(M3_REC_KINDS - M3_REC_VOID);

	forge_fill(f, &rec, kind, any(from, 8), any(to, 9), rig_random(9),
		   body_of(kind));
	rec.head.status = any(status, 4);
	rec.head.transfer = rig_random(9);
	rec.head.dst_binding = rig_random(3) ? rig_random(0xffffffffu) : 0;
	rec.head.flags = (uint16_t)(rig_random(8) |
				    (kind == M3_REC_REFUSED ?
				     rig_random(M3_REC_KINDS) << M3_RF_KIND :
				     0));
	if (kind == M3_REC_RELAY)
		rec.head.transfer = (uint64_t)any(to, 9);
	if (kind == M3_REC_COPY_PULL || kind == M3_REC_COPY_DATA) {
		rec.body.copy.bytes = 64;
		rec.body.copy.address = rig_random(2) ? M3_ARENA_BIT : 4096;
	}
	SAME(forge_put(f, kind == M3_REC_COPY_DATA ? M3_LANE_BULK :
						     M3_LANE_NORMAL, &rec), 1);
}

static void peer(struct rig_node *n, struct forge *f, struct m3_member *m)
{
	struct m3_message in;
	int i, lane;

	for (i = 0; i < ROUNDS; i++) {
		put(f);
		if (i % 16)
			continue;
		for (lane = M3_LANE_URGENT; lane < M3_LANES; lane++)
			while (forge_take(f, lane, &rec))
				;
		if (m3_receive(m, SERVER, M3_ANY, &in, 0) == 0 &&
		    rig_random(2))
			m3_reply(m, SERVER, in.source, &in);
		SOUND(n);
	}
}

/*
 * A refused request: its answer is made in the name of whom it was meant for,
 * under the binding that the peer has said.
 */
static void refused(struct forge *f)
{
	uint64_t call = 1u << 20;

	while (forge_take(f, M3_LANE_NORMAL, &rec))
		;
	forge_fill(f, &rec, M3_REC_REFUSED, FAR, unbound[2], call, 0);
	rec.head.flags = M3_REC_SENDREC << M3_RF_KIND;
	rec.head.status = -M3_EMIGRATE;
	rec.head.dst_binding = 0x123456;
	SAME(forge_put(f, M3_LANE_NORMAL, &rec), 1);
	FORGE_NEXT(f, &rec, M3_REC_ERROR, unbound[2]);
	SAME(rec.head.status, -M3_EMIGRATE);
	forge_fill(f, &rec, M3_REC_CANCEL, FAR, unbound[2], call, 0);
	SAME(forge_put(f, M3_LANE_NORMAL, &rec), 1);
}

/* --------------------------------------------- management and members */

static void manage(struct rig_node *n, int ep)
{
	struct m3_priv priv = { .calls = 1 };
	int pid = (int)getpid();
	uint32_t size = 0;

	SAME(m3_migr_start(n->core, RIG_DC, ep, -1, TXN, 0), -M3_EDSTDIED);
	SAME(m3_migr_export(n->core, RIG_DC, ep, TXN, NULL, &size),
	     -M3_EPROCSTS);
	SAME(m3_migr_commit(n->core, RIG_DC, ep, 1, 0, TXN, NULL, 0),
	     -M3_EPROCSTS);
	SAME(m3_migr_rollback(n->core, RIG_DC, ep, TXN), 0);
	SAME(m3_promote(n->core, RIG_DC, ep, 1, 0, 0), -M3_EDSTDIED);
	/* Nobody is that process: handles that nobody has used are holes. */
	SAME(m3_promote(n->core, RIG_DC, ep, 0, 0x7fffffff, 0), -M3_EBADPID);
	SAME(m3_getpriv(n->core, RIG_DC, ep, &priv), -M3_EDSTDIED);
	MUST(m3_setpriv(n->core, RIG_DC, ep, &priv) < 0);
	SAME(m3_unbind_any(n->core, RIG_DC, ep), -M3_ENOTBIND);
	SAME(m3_wakeup(n->core, RIG_DC, ep), -M3_EDSTDIED);
	SAME(m3_hdw_notify(n->core, RIG_DC, ep), -M3_EDSTDIED);
	SAME(rig_info(n, ep).rts_flags, M3_RTS_SLOT_FREE);
	if (ep < 60)
		return;
	SAME(m3_rmtbind(n->core, RIG_DC, "far", ep, 1), -M3_ENOSPC);
	SAME(m3_lclbind(n->core, RIG_DC, pid, ep), -M3_ENOSPC);
	SAME(m3_bkupbind(n->core, RIG_DC, pid, ep, 1), -M3_ENOSPC);
}

static void call(struct m3_member *m, int ep)
{
	struct m3_message out = rig_message(1, 0, 0);
	struct m3_call c = { .op = M3_OP_RECEIVE, .self = ep, .peer = M3_ANY };
	uint64_t granted, id;

	SAME(m3_send(m, SERVER, ep, &out, 0), -M3_EDSTDIED);
	SAME(m3_sendrec(m, SERVER, ep, &out, 0), -M3_EDEADSRCDST);
	SAME(m3_receive(m, SERVER, ep, &out, 0), -M3_ESRCDIED);
	SAME(m3_notify(m, SERVER, ep), -M3_EDSTDIED);
	SAME(m3_src_notify(m, SERVER, ep, HIGH), -M3_ESRCDIED);
	SAME(m3_reply(m, SERVER, ep, &out), -M3_EDSTDIED);
	SAME(m3_request(m, SERVER, ep, &id), -M3_EDSTDIED);
	SAME(m3_vcopy(m, SERVER, ep, 0, SERVER, 0, 64, 0, NULL), -M3_EFAULT);
	SAME(m3_grant(m, SERVER, ep, 0, 64, M3_GRANT_READ, &granted),
	     -M3_EDSTDIED);
	SAME(m3_unbind(m, ep), -M3_ENOTBIND);
	/* In the name of one that it is not. */
	SAME(m3_start(m, &c), -M3_ENOTBIND);
	m3_finish(m, &c);
	SAME(m3_resume(m, ep, &out, 0), -M3_ENOTBIND);
}

static int full_disk(const char *at)
{
	struct m3_member *m;
	struct rig_node n;
	char filler[128];
	struct forge f;
	unsigned int i;

	if (!own_mounts())
		return RIG_SKIP;
	m = begin(&n, &f, at);
	for (i = 0; i < 4; i++) {
		manage(&n, unbound[i]);
		call(m, unbound[i]);
		SOUND(&n);
	}
	peer(&n, &f, m);
	refused(&f);
	SAME(m3_del_node(n.core, RIG_DC, 1), 0);
	SAME(m3_sweep(n.core), 0);
	SOUND(&n);
	snprintf(filler, sizeof(filler), "%s/filler", at);
	MUST(unlink(filler) == 0);
	SAME(m3_bind(m, unbound[1]), 0);
	SOUND(&n);
	m3_leave(m);
	rig_stop(&n);
	umount2(at, MNT_DETACH);
	return 0;
}

/* --------------------------------------- holes where the disk has room */

/* It waits to call somebody of whom its new node has never heard. */
static void unsent_to_nobody(int op, int result)
{
	static struct mesh m;
	struct m3_message out;
	struct m3_call c;

	mesh_begin(&m);
	mesh_bind(&m, 10, 0);
	SAME(m3_bind(m.member[0], 30), 0);
	SAME(m3_migr_start(m.node[0].core, RIG_DC, 30, -1, TXN, 0), 0);
	rig_start_call(m.member[0], &c, op, 10, 30, 1, M3_PENDING);
	mesh_start(&m, 10, 1, TXN);
	mesh_export(&m, 10, 0, TXN);
	mesh_commit(&m, 10, 0, 1, TXN);
	SAME(m3_resume(m.member[1], 10, &out, 1000), result);
	SAME(m3_finish(m.member[0], &c), -M3_EMIGRATE);
	SAME(m3_migr_rollback(m.node[0].core, RIG_DC, 30, TXN), 0);
	mesh_end(&m);
}

/* No peer, so no pool: a notification has nowhere to be parked. */
static void exported_without_a_peer(void)
{
	static unsigned char state[65536];
	uint32_t size = sizeof(state);
	struct m3_member *m;
	struct rig_node n;

	rig_start(&n, 0);
	m = rig_join(&n, 1);
	SAME(m3_bind(m, 2), 0);
	SAME(m3_migr_start(n.core, RIG_DC, 2, -1, TXN, 0), 0);
	SAME(m3_migr_export(n.core, RIG_DC, 2, TXN, state, &size), 0);
	SAME(m3_notify(m, 1, 2), -M3_EAGAIN);
	SAME(m3_migr_rollback(n.core, RIG_DC, 2, TXN), 0);
	SAME(m3_notify(m, 1, 2), 0);
	SOUND(&n);
	m3_leave(m);
	rig_stop(&n);
}

int main(int argc, char **argv)
{
	const char *base = getenv("RIG_DIR");
	char at[128];
	int status;
	pid_t pid;

	rig_embedded_only("it is about the memory behind a region file");
	rig_seed(argc, argv);
	unsent_to_nobody(M3_OP_SENDREC, -M3_EDEADSRCDST);
	unsent_to_nobody(M3_OP_SEND, -M3_EDSTDIED);
	exported_without_a_peer();
	snprintf(at, sizeof(at), "%s/m3rig.XXXXXX", base ? base : "/dev/shm");
	MUST(mkdtemp(at));
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0)
		exit(full_disk(at));
	MUST(waitpid(pid, &status, 0) == pid);
	MUST(rmdir(at) == 0);
	if (WIFSIGNALED(status))
		fprintf(stderr, "signal %d\n", WTERMSIG(status));
	MUST(WIFEXITED(status));
	if (WEXITSTATUS(status) == RIG_SKIP)
		printf("no private mounts here: a full one is not tested\n");
	return WEXITSTATUS(status);
}
