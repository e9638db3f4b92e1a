// SPDX-License-Identifier: MIT
/* Management of a node's core (reference 1.2, 1.4). */
#include "lib.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sys/mman.h>

static int name_fits(const char *name)
{
	return memchr(name, 0, M3_NAME_BYTES) != NULL;
}

/* 1: made it; 0: it is there. */
static int dir_ready(const char *dir)
{
	if (mkdir(dir, 0755) == 0)
		return 1;
	return errno == EEXIST ? 0 : m3_errno(errno);
}

static int node_fill(int fd, const struct m3_dvs_params *params)
{
	struct m3_node_region *n = mmap(NULL, sizeof(*n),
					PROT_READ | PROT_WRITE, MAP_SHARED,
					fd, 0);

	if (n == MAP_FAILED)
		return m3_errno(errno);
	n->abi_version = M3_ABI_VERSION;
	n->node = params->node;
	n->bytes = sizeof(*n);
	n->incarnation = m3_new_incarnation();
	n->pid_namespace = m3_pid_namespace();
	n->max_nodes = params->max_nodes;
	n->max_dcs = params->max_dcs;
	memcpy(n->cluster, params->cluster, M3_NAME_BYTES);
	n->spin_ns = m3_calibrate();
	n->nodes[params->node].flags = M3_NODE_ATTACHED;
	snprintf(n->nodes[params->node].name, M3_NAME_BYTES, "node%u",
		 params->node);
	n->magic = M3_REGION_MAGIC;
	munmap(n, sizeof(*n));
	return 0;
}

static int node_create(const char *dir, const struct m3_dvs_params *params)
{
	char path[M3_PATH_BYTES], temporary[M3_PATH_BYTES];
	int fd, e;

	snprintf(path, sizeof(path), "%s/node", dir);
	snprintf(temporary, sizeof(temporary), "%s/node.new", dir);
	if (access(path, F_OK) == 0)
		return -M3_EDVSBUSY;
	e = m3_file_create(temporary, sizeof(struct m3_node_region),
			   sizeof(struct m3_node_region), 0644, (uint32_t)-1,
			   &fd);
	if (e)
		return e;
	e = node_fill(fd, params);
	close(fd);
	/* link, not rename: the first of two creators wins. */
	if (!e && link(temporary, path))
		e = errno == EEXIST ? -M3_EDVSBUSY : m3_errno(errno);
	unlink(temporary);
	return e;
}

int m3_dvs_init(const char *dir, const struct m3_dvs_params *params)
{
	int made, e;

	if (params->max_nodes == 0 || params->max_nodes > M3_MAX_NODES ||
	    params->max_dcs == 0 || params->max_dcs > M3_MAX_DCS)
		return -M3_EBADRANGE;
	if (params->node >= params->max_nodes)
		return -M3_EBADNODEID;
	if (!name_fits(params->cluster))
		return -M3_ENAMESIZE;
	made = dir_ready(dir);
	if (made < 0)
		return made;
	e = node_create(dir, params);
	if (e && made)
		rmdir(dir);
	return e;
}

int m3_dvs_end(const char *dir)
{
	struct m3_node *node;
	char path[M3_PATH_BYTES];
	uint32_t i;
	int e = m3_node_open(dir, &node);

	if (e)
		return e;
	for (i = 0; i < node->region->max_dcs; i++) {
		if (node->region->dcs[i].running)
			m3_dc_end(node, (int)i);
		/*
		 * What could not be ended in order, say a ruined file, goes
		 * too, and what is left by who was killed while ending a DC.
		 */
		m3_dc_remove(dir, i);
	}
	m3_node_close(node);
	snprintf(path, sizeof(path), "%s/node", dir);
	if (unlink(path))
		return m3_errno(errno);
	rmdir(dir);
	return 0;
}

int m3_node_open(const char *dir, struct m3_node **out)
{
	struct m3_node *node = calloc(1, sizeof(*node));
	int e;

	if (!node)
		return -M3_ENOMEM;
	if (strlen(dir) >= sizeof(node->dir)) {
		free(node);
		return -M3_ENOENT;
	}
	strcpy(node->dir, dir);
	e = m3_node_file_open(dir, 1, &node->fd, &node->region);
	if (e) {
		free(node);
		return e;
	}
	node->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (node->epoll < 0) {
		m3_node_file_close(node->fd, node->region);
		free(node);
		return -M3_EIO;
	}
	*out = node;
	return 0;
}

void m3_node_close(struct m3_node *node)
{
	uint32_t i;

	while (node->proxies)
		m3_detach(node->proxies);
	for (i = 0; i < M3_MAX_DCS; i++)
		if (node->maps[i])
			m3_map_close(node->maps[i]);
	close(node->epoll);
	m3_node_file_close(node->fd, node->region);
	free(node);
}

/* The DC's file was made for this node: the same ids are in range. */
static int same_node(const struct m3_node *node, const struct m3_region *r)
{
	return r->node == node->region->node &&
	       r->nodes == node->region->max_nodes ? 0 : -M3_EIO;
}

int m3_node_dc(struct m3_node *node, int dc, struct m3_map **map)
{
	int e;

	if (dc < 0 || (uint32_t)dc >= node->region->max_dcs)
		return -M3_EBADDCID;
	if (node->maps[dc] && m3_map_forked(node->maps[dc]))
		return -M3_EFORKED;
	/* Ended and started again by somebody: the old map is a dead file. */
	if (node->maps[dc] && !node->maps[dc]->r->running) {
		m3_map_close(node->maps[dc]);
		node->maps[dc] = NULL;
	}
	if (!node->maps[dc]) {
		if (!node->region->dcs[dc].running)
			return -M3_EDCNOTRUN;
		e = m3_map_open(node->dir, (uint32_t)dc, node->region->spin_ns,
				&node->maps[dc]);
		if (e)
			return e;
		e = same_node(node, node->maps[dc]->r);
		if (e) {
			m3_map_close(node->maps[dc]);
			node->maps[dc] = NULL;
			return e;
		}
	}
	*map = node->maps[dc];
	return 0;
}

int m3_getdvsinfo(struct m3_node *node, struct m3_dvs_info *info)
{
	struct m3_node_region *n = node->region;
	uint32_t i;

	memset(info, 0, sizeof(*info));
	info->params.node = n->node;
	info->params.max_nodes = n->max_nodes;
	info->params.max_dcs = n->max_dcs;
	memcpy(info->params.cluster, n->cluster, M3_NAME_BYTES);
	info->incarnation = n->incarnation;
	info->abi_version = n->abi_version;
	for (i = 0; i < n->max_dcs; i++)
		info->dcs += n->dcs[i].running;
	for (i = 0; i < n->max_nodes; i++)
		info->nodes += n->nodes[i].flags & M3_NODE_ATTACHED ? 1 : 0;
	if (n->runtime_pid && (kill((pid_t)n->runtime_pid, 0) == 0 ||
			       errno != ESRCH))
		info->runtime_pid = n->runtime_pid;
	return 0;
}

/* The id or the name is in use. */
static int dc_taken(struct m3_node_region *n, const struct m3_dc_params *p)
{
	uint32_t i;

	for (i = 0; i < n->max_dcs; i++)
		if (n->dcs[i].running &&
		    (i == p->dc || !strncmp(n->dcs[i].name, p->name,
					    M3_NAME_BYTES)))
			return 1;
	return 0;
}

static void node_lock(struct m3_node *node)
{
	while (flock(node->fd, LOCK_EX) && errno == EINTR)
		;
}

int m3_dc_init(struct m3_node *node, const struct m3_dc_params *params)
{
	struct m3_node_region *n = node->region;
	int e = 0;

	if (params->dc >= n->max_dcs)
		return -M3_EBADDCID;
	if (!name_fits(params->name))
		return -M3_ENAMESIZE;
	node_lock(node);
	if (dc_taken(n, params))
		e = -M3_ERSCBUSY;
	if (!e)
		e = m3_dc_create(node->dir, n, params);
	if (!e) {
		memcpy(n->dcs[params->dc].name, params->name, M3_NAME_BYTES);
		n->dcs[params->dc].running = 1;
	}
	flock(node->fd, LOCK_UN);
	return e;
}

int m3_dc_end(struct m3_node *node, int dc)
{
	struct m3_section s;
	struct m3_map *map;
	uint32_t i;
	int e = m3_node_dc(node, dc, &map);

	if (e)
		return e;
	e = m3_begin(map, &s, M3_LOCK_PROXY_MS);
	if (e)
		return e;
	for (i = 0; i < m3_high(map->r); i++)
		if (m3_slot(map->r, i)->op != M3_OP_NONE) {
			m3_call_abort_d(&s.t, i, -M3_EDCNOTRUN);
			m3_commit(map->r);
		}
	__atomic_store_n(&map->r->running, 0, __ATOMIC_RELEASE);
	m3_end(&s);
	node_lock(node);
	node->region->dcs[dc].running = 0;
	m3_dc_remove(node->dir, (uint32_t)dc);
	flock(node->fd, LOCK_UN);
	m3_map_close(map);
	node->maps[dc] = NULL;
	return 0;
}

int m3_getdcinfo(struct m3_node *node, int dc, struct m3_dc_info *info)
{
	struct m3_map *map;
	int e = m3_node_dc(node, dc, &map);

	return e ? e : m3_map_dcinfo(map, info);
}

_Static_assert(sizeof(struct m3_dc_counters) == sizeof(struct m3_counts),
	       "the same counters in the same order");

int m3_dc_counters(struct m3_node *node, int dc, struct m3_dc_counters *out)
{
	struct m3_map *map;
	int e = m3_node_dc(node, dc, &map);

	if (!e)
		memcpy(out, &map->r->counts, sizeof(*out));
	return e;
}

int m3_getprocinfo(struct m3_node *node, int dc, int p_nr,
		   struct m3_proc_info *info)
{
	struct m3_map *map;
	int e = m3_node_dc(node, dc, &map);

	return e ? e : m3_map_procinfo(map, p_nr, info);
}

int m3_node_up(struct m3_node *node, int id, const char *name)
{
	struct m3_node_region *n = node->region;
	size_t length = strlen(name);

	if (id < 0 || (uint32_t)id >= n->max_nodes || (uint32_t)id == n->node)
		return -M3_EBADNODEID;
	if (length >= M3_NAME_BYTES)
		return -M3_ENAMESIZE;
	memcpy(n->nodes[id].name, name, length + 1);
	n->nodes[id].flags |= M3_NODE_ATTACHED;
	return 0;
}

int m3_node_down(struct m3_node *node, int id)
{
	struct m3_node_region *n = node->region;
	uint32_t dc;
	int e;

	if (id < 0 || (uint32_t)id >= n->max_nodes || (uint32_t)id == n->node)
		return -M3_EBADNODEID;
	if (!(n->nodes[id].flags & M3_NODE_ATTACHED))
		return -M3_ENODEFREE;
	for (dc = 0; dc < n->max_dcs; dc++) {
		e = n->dcs[dc].running ? m3_del_node(node, (int)dc, id) : 0;
		/* Or it would go on with a node that is not attached. */
		if (e == -M3_ESUSPENDED)
			return e;
	}
	n->nodes[id].flags = 0;
	return 0;
}

/* Adds what one DC knows of the node. */
static void node_info_dc(struct m3_map *map, uint32_t id,
			 struct m3_node_info *info)
{
	struct m3_peer *p = m3_peer(map->r, id);

	if (!*m3_spans(map->r, id))
		return;
	info->dcs++;
	if (p->open)
		info->flags |= M3_NODE_SCONNECTED | M3_NODE_RCONNECTED;
	info->frames_sent += p->frames_out;
	info->frames_received += p->frames_in;
	info->records_sent += p->records_out;
	info->records_received += p->records_in;
	if (p->send_time > info->send_time)
		info->send_time = p->send_time;
	if (p->receive_time > info->receive_time)
		info->receive_time = p->receive_time;
}

int m3_getnodeinfo(struct m3_node *node, int id, struct m3_node_info *info)
{
	struct m3_node_region *n = node->region;
	struct m3_map *map;
	uint32_t dc;

	if (id == -1)
		id = (int)n->node;
	if (id < 0 || (uint32_t)id >= n->max_nodes)
		return -M3_EBADNODEID;
	memset(info, 0, sizeof(*info));
	info->node = (uint32_t)id;
	info->flags = n->nodes[id].flags;
	info->proxy_pid = n->nodes[id].proxy_pid;
	memcpy(info->name, n->nodes[id].name, M3_NAME_BYTES);
	if ((uint32_t)id == n->node) {
		/* Reference 2.4: the local node shows as attached, sending. */
		info->flags |= M3_NODE_SCONNECTED;
		for (dc = 0; dc < n->max_dcs; dc++)
			info->dcs += n->dcs[dc].running;
		return 0;
	}
	for (dc = 0; dc < n->max_dcs; dc++)
		if (n->dcs[dc].running && !m3_node_dc(node, (int)dc, &map))
			node_info_dc(map, (uint32_t)id, info);
	return 0;
}

int m3_getlaneinfo(struct m3_node *node, int dc, int id, int lane,
		   struct m3_lane_info *info)
{
	const struct m3_lane *l;
	struct m3_map *map;
	int e = m3_node_dc(node, dc, &map);

	if (e)
		return e;
	if (lane <= M3_LANE_CONTROL || lane >= M3_LANES)
		return -M3_EINVAL;
	if (id < 0 || (uint32_t)id >= map->r->nodes)
		return -M3_EBADNODEID;
	if (!*m3_spans(map->r, (uint32_t)id))
		return -M3_ENODCNODE;
	l = &m3_peer(map->r, (uint32_t)id)->lane[lane];
	info->next = l->next;
	info->acked = l->acked;
	info->granted = l->grant;
	info->expected = l->expected;
	info->queued = l->queued;
	info->window = m3_window((uint32_t)lane);
	return 0;
}

int m3_add_node(struct m3_node *node, int dc, int id)
{
	struct m3_section s;
	struct m3_map *map;
	int e = m3_node_dc(node, dc, &map);

	if (e)
		return e;
	if (id < 0 || (uint32_t)id >= map->r->nodes ||
	    (uint32_t)id == map->r->node)
		return -M3_EBADNODEID;
	if (!(node->region->nodes[id].flags & M3_NODE_ATTACHED))
		return -M3_ENODEFREE;
	e = m3_map_back_peer(map, (uint32_t)id);
	if (!e)
		e = m3_begin(map, &s, M3_LOCK_PROXY_MS);
	if (e)
		return e;
	e = m3_peer_add(&s.t, (uint32_t)id);
	m3_end(&s);
	return e;
}

int m3_del_node(struct m3_node *node, int dc, int id)
{
	struct m3_section s;
	int e = m3_dc_begin(node, dc, &s);

	if (e)
		return e;
	e = id < 0 ? -M3_EBADNODEID : m3_peer_del(&s.t, (uint32_t)id);
	m3_end(&s);
	return e;
}

int m3_dc_spans(struct m3_node *node, int dc, int id)
{
	struct m3_map *map;
	int e = m3_node_dc(node, dc, &map);

	if (e)
		return e;
	if (id < 0 || (uint32_t)id >= map->r->nodes)
		return -M3_EBADNODEID;
	return (uint32_t)id == map->r->node || *m3_spans(map->r, (uint32_t)id);
}
