// SPDX-License-Identifier: MIT OR GPL-2.0
/* What can be looked at: cores, nodes, DCs, endpoints, proxies. */
#include "calls.h"

static void fill_dc(struct m3_map *map, struct m3_dc_info *info)
{
	struct m3_region *r = map->r;
	uint32_t h;

	info->params.dc = r->dc;
	info->params.tasks = r->tasks;
	info->params.procs = r->procs;
	info->params.arena_bytes = r->units * M3_UNIT;
	info->params.mode = r->mode;
	info->params.gid = r->gid;
	memcpy(info->params.name, r->name, M3_NAME_BYTES);
	info->incarnation = r->incarnation;
	info->bound = r->bound;
	info->arena_used = r->used_units * M3_UNIT;
	info->copies = __atomic_load_n(&r->copies, __ATOMIC_RELAXED);
	info->params.warnmsg = r->warnmsg;
	info->params.warn2proc = r->warnmsg ? r->warn2proc : M3_NONE;
	info->params.flags = r->flags;
	memcpy(info->params.cpus, r->cpus, sizeof(info->params.cpus));
	for (h = 1; h < m3_joined(r); h++)
		info->members += m3_handle(r, h)->pid &&
				 m3_life_alive(map, h);
}

static int dc_info(struct m3_map *map, struct m3_dc_info *info)
{
	memset(info, 0, sizeof(*info));
	m3_look_begin(map);
	fill_dc(map, info);
	m3_look_end(map);
	return 0;
}

static int proc_info(struct m3_map *map, int p_nr, struct m3_proc_info *info)
{
	uint32_t i = m3_slot_of(map->r, p_nr);

	if (i == M3_NIL)
		return -M3_EBADPROC;
	memset(info, 0, sizeof(*info));
	m3_look_begin(map);
	m3_slot_info(map->r, i, info);
	m3_look_end(map);
	info->pid = m3_pid_shown((uint32_t)info->pid);
	return 0;
}

/* 0, or why there is nothing to look at: a child, or the end of the DC. */
static int is_joined(const struct m3_member *m)
{
	if (m3_map_forked(m->map))
		return -M3_EFORKED;
	return __atomic_load_n(&m->map->r->running, __ATOMIC_RELAXED) ?
		       0 : -M3_EDCNOTRUN;
}

int m3_do_member_dcinfo(struct m3_member *m, struct m3_request *q, void *info)
{
	int e = is_joined(m);

	(void)q;
	return e ? e : dc_info(m->map, info);
}

int m3_do_member_procinfo(struct m3_member *m, struct m3_request *q,
			  void *info)
{
	int e = is_joined(m);

	return e ? e : proc_info(m->map, q->ep, info);
}

int m3_do_getdvsinfo(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_dvs_info *info = data;
	struct m3_node_region *n = node->region;
	uint32_t i;

	(void)q;
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
	info->runtime_pid = (uint32_t)m3_pid_shown(n->runtime_pid);
	if (!m3_pid_known((int)info->runtime_pid))
		info->runtime_pid = 0;
	return 0;
}

int m3_do_getdcinfo(struct m3_node *node, struct m3_request *q, void *info)
{
	struct m3_map *map;
	int e = m3_node_dc(node, q->dc, &map);

	return e ? e : dc_info(map, info);
}

_Static_assert(sizeof(struct m3_dc_counters) == sizeof(struct m3_counts),
	       "the same counters in the same order");

int m3_do_dc_counters(struct m3_node *node, struct m3_request *q, void *out)
{
	struct m3_map *map;
	int e = m3_node_dc(node, q->dc, &map);

	if (e)
		return e;
	m3_look_begin(map);
	memcpy(out, &map->r->counts, sizeof(map->r->counts));
	m3_look_end(map);
	return 0;
}

int m3_do_getprocinfo(struct m3_node *node, struct m3_request *q, void *info)
{
	struct m3_map *map;
	int e = m3_node_dc(node, q->dc, &map);

	return e ? e : proc_info(map, q->ep, info);
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

static int node_info(struct m3_node *node, int id, struct m3_node_info *info)
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
	info->proxy_pid = (uint32_t)m3_pid_shown(n->nodes[id].proxy_pid);
	memcpy(info->name, n->nodes[id].name, M3_NAME_BYTES);
	if ((uint32_t)id == n->node) {
		/* Reference 2.4: the local node shows as attached, sending. */
		info->flags |= M3_NODE_SCONNECTED;
		for (dc = 0; dc < n->max_dcs; dc++)
			info->dcs += n->dcs[dc].running;
		return 0;
	}
	for (dc = 0; dc < n->max_dcs; dc++) {
		if (!n->dcs[dc].running || m3_node_dc(node, (int)dc, &map))
			continue;
		m3_look_begin(map);
		node_info_dc(map, (uint32_t)id, info);
		m3_look_end(map);
	}
	return 0;
}

int m3_do_getnodeinfo(struct m3_node *node, struct m3_request *q, void *info)
{
	return node_info(node, q->id, info);
}

/* 0, or ENODCNODE. */
static int lane_info(struct m3_region *r, uint32_t id, uint32_t lane,
		     struct m3_lane_info *info)
{
	const struct m3_lane *l;

	if (!*m3_spans(r, id))
		return -M3_ENODCNODE;
	l = &m3_peer(r, id)->lane[lane];
	info->next = l->next;
	info->acked = l->acked;
	info->granted = l->grant;
	info->expected = l->expected;
	info->queued = l->queued;
	info->window = m3_window(lane);
	return 0;
}

int m3_do_getlaneinfo(struct m3_node *node, struct m3_request *q, void *info)
{
	struct m3_map *map;
	int e = m3_node_dc(node, q->dc, &map);

	if (e)
		return e;
	if (q->flags <= M3_LANE_CONTROL || q->flags >= M3_LANES)
		return -M3_EINVAL;
	if (q->id < 0 || (uint32_t)q->id >= map->r->nodes)
		return -M3_EBADNODEID;
	m3_look_begin(map);
	e = lane_info(map->r, (uint32_t)q->id, q->flags, info);
	m3_look_end(map);
	return e;
}

int m3_do_getproxyinfo(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_proxy_info *info = data;
	const struct m3_pair_row *pair;
	const struct m3_node_row *row;
	struct m3_node_info peer;
	int id = q->id;
	int e = id < 0 ? -M3_EBADNODEID : node_info(node, id, &peer);

	if (e)
		return e;
	row = &node->region->nodes[id];
	if (!row->proxy_pid && !row->pair)
		return -M3_EPROXYFREE;
	memset(info, 0, sizeof(*info));
	info->id = (uint32_t)id;
	info->sender = info->receiver = m3_pid_shown(row->proxy_pid);
	info->max_bytes = M3_FRAME_BYTES;
	memcpy(info->name, row->name, M3_NAME_BYTES);
	if (row->pair && row->pair <= node->region->max_nodes) {
		pair = &node->region->pairs[row->pair - 1];
		info->id = row->pair - 1;
		info->sender = (int32_t)pair->sender;
		info->receiver = (int32_t)pair->receiver;
		info->max_bytes = pair->max_bytes;
		memcpy(info->name, pair->name, M3_NAME_BYTES);
	}
	info->flags = M3_PROXY_INUSE |
		      (peer.flags & M3_NODE_SCONNECTED ?
			       M3_PROXY_SCONNECTED : 0) |
		      (peer.flags & M3_NODE_RCONNECTED ?
			       M3_PROXY_RCONNECTED : 0);
	return 0;
}
