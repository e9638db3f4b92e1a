// SPDX-License-Identifier: MIT OR GPL-2.0
/* Management of a node's core: its DCs, and the nodes that they span. */
#include "calls.h"

static int name_fits(const char *name)
{
	uint32_t i;

	for (i = 0; i < M3_NAME_BYTES; i++)
		if (!name[i])
			return 1;
	return 0;
}

static int same_name(const char *a, const char *b)
{
	uint32_t i;

	for (i = 0; i < M3_NAME_BYTES && a[i] == b[i]; i++)
		if (!a[i])
			return 1;
	return i == M3_NAME_BYTES;
}

int m3_dvs_verify(const struct m3_dvs_params *params)
{
	if (params->max_nodes == 0 || params->max_nodes > M3_MAX_NODES ||
	    params->max_dcs == 0 || params->max_dcs > M3_MAX_DCS)
		return -M3_EBADRANGE;
	if (params->node >= params->max_nodes)
		return -M3_EBADNODEID;
	return name_fits(params->cluster) ? 0 : -M3_ENAMESIZE;
}

/* "node<id>" */
static void name_node(char *name, uint32_t id)
{
	char digits[8];
	uint32_t n = 0, at = 4;

	memcpy(name, "node", 4);
	do
		digits[n++] = (char)('0' + id % 10);
	while ((id /= 10) && n < sizeof(digits));
	while (n)
		name[at++] = digits[--n];
	name[at] = 0;
}

void m3_node_fill(struct m3_node_region *n, const struct m3_dvs_params *params)
{
	n->abi_version = M3_ABI_VERSION;
	n->node = params->node;
	n->bytes = sizeof(*n);
	n->max_nodes = params->max_nodes;
	n->max_dcs = params->max_dcs;
	memcpy(n->cluster, params->cluster, M3_NAME_BYTES);
	n->nodes[params->node].flags = M3_NODE_ATTACHED;
	name_node(n->nodes[params->node].name, params->node);
}

/* The id or the name is in use. */
static int dc_taken(struct m3_node_region *n, const struct m3_dc_params *p)
{
	uint32_t i;

	for (i = 0; i < n->max_dcs; i++)
		if (n->dcs[i].running &&
		    (i == p->dc || same_name(n->dcs[i].name, p->name)))
			return 1;
	return 0;
}

int m3_do_dc_init(struct m3_node *node, struct m3_request *q, void *data)
{
	const struct m3_dc_params *params = data;
	struct m3_node_region *n = node->region;
	int e = 0;

	(void)q;
	if (params->dc >= n->max_dcs)
		return -M3_EBADDCID;
	if (!name_fits(params->name))
		return -M3_ENAMESIZE;
	m3_node_lock(node);
	if (dc_taken(n, params))
		e = -M3_ERSCBUSY;
	if (!e)
		e = m3_dc_make(node, params);
	if (!e) {
		memcpy(n->dcs[params->dc].name, params->name, M3_NAME_BYTES);
		__atomic_store_n(&n->dcs[params->dc].running, 1,
				 __ATOMIC_RELEASE);
	}
	m3_node_unlock(node);
	return e;
}

int m3_do_dc_end(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_section s;
	struct m3_map *map;
	uint32_t i;
	int dc = q->dc;
	int e = m3_node_dc(node, dc, &map);

	(void)data;
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
	m3_node_lock(node);
	__atomic_store_n(&node->region->dcs[dc].running, 0, __ATOMIC_RELEASE);
	m3_dc_unmake(node, (uint32_t)dc);
	m3_node_unlock(node);
	m3_node_dc_close(node, dc);
	return 0;
}

int m3_do_node_up(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_node_region *n = node->region;
	int id = q->id;

	(void)data;
	if (id < 0 || (uint32_t)id >= n->max_nodes || (uint32_t)id == n->node)
		return -M3_EBADNODEID;
	if (!name_fits(q->name))
		return -M3_ENAMESIZE;
	memcpy(n->nodes[id].name, q->name, M3_NAME_BYTES);
	n->nodes[id].flags |= M3_NODE_ATTACHED;
	return 0;
}

static int del_node(struct m3_node *node, int dc, int id)
{
	struct m3_section s;
	int e = m3_dc_begin(node, dc, &s);

	if (e)
		return e;
	e = id < 0 ? -M3_EBADNODEID : m3_peer_del(&s.t, (uint32_t)id);
	m3_end(&s);
	return e;
}

int m3_do_node_down(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_node_region *n = node->region;
	int id = q->id;
	uint32_t dc;
	int e;

	(void)data;
	if (id < 0 || (uint32_t)id >= n->max_nodes || (uint32_t)id == n->node)
		return -M3_EBADNODEID;
	if (!(n->nodes[id].flags & M3_NODE_ATTACHED))
		return -M3_ENODEFREE;
	for (dc = 0; dc < n->max_dcs; dc++) {
		e = n->dcs[dc].running ? del_node(node, (int)dc, id) : 0;
		/* Or it would go on with a node that is not attached. */
		if (e == -M3_ESUSPENDED)
			return e;
	}
	n->nodes[id].flags = 0;
	return 0;
}

int m3_do_add_node(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_section s;
	struct m3_map *map;
	int id = q->id;
	int e = m3_node_dc(node, q->dc, &map);

	(void)data;
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

int m3_do_del_node(struct m3_node *node, struct m3_request *q, void *data)
{
	(void)data;
	return del_node(node, q->dc, q->id);
}

int m3_do_dc_spans(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_map *map;
	int e = m3_node_dc(node, q->dc, &map);

	(void)data;
	if (e)
		return e;
	if (q->id < 0 || (uint32_t)q->id >= map->r->nodes)
		return -M3_EBADNODEID;
	return (uint32_t)q->id == map->r->node ||
	       __atomic_load_n(m3_spans(map->r, (uint32_t)q->id),
			       __ATOMIC_RELAXED);
}
