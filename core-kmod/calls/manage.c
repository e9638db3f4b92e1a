// SPDX-License-Identifier: MIT OR GPL-2.0
/* Management of a DC's endpoints, and of its health. */
#include "calls.h"

int m3_dc_begin(struct m3_node *node, int dc, struct m3_section *s)
{
	struct m3_map *map;
	int e = m3_node_dc(node, dc, &map);

	return e ? e : m3_begin(map, s, M3_LOCK_PROXY_MS);
}

int m3_do_rmtbind(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_section s;
	int e = m3_dc_begin(node, q->dc, &s);

	(void)data;
	if (e)
		return e;
	e = q->id < 0 ? -M3_EBADNODEID :
	    m3_slot_rmtbind(&s.t, q->ep, (uint32_t)q->id, q->name);
	m3_end(&s);
	return e;
}

int m3_unbind_slot(struct m3_txn *t, uint32_t i)
{
	struct m3_slot *s = m3_slot(t->r, i);

	/* A requester too: its copy goes on outside the lock. */
	if (s->rts & M3_RTS_ONCOPY)
		return -M3_EONCOPY;
	if (!(s->misc & M3_MF_RMTBACKUP))
		return m3_slot_unbind(t, i);
	m3_backup_end_d(t, i);
	m3_commit(t->r);
	return 0;
}

int m3_do_unbind_any(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_section s;
	uint32_t i;
	int e = m3_dc_begin(node, q->dc, &s);

	(void)data;
	if (e)
		return e;
	i = m3_slot_of(s.t.r, q->ep);
	e = i == M3_NIL ? -M3_ERANGE : m3_unbind_slot(&s.t, i);
	m3_end(&s);
	return e;
}

int m3_do_check(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_section s;
	int e = m3_dc_begin(node, q->dc, &s);

	(void)data;
	if (e)
		return e;
	e = m3_region_check(s.t.r);
	m3_end(&s);
	return e;
}

int m3_do_sweep(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_map *map;
	uint32_t dc;
	int n = 0;

	(void)q;
	(void)data;
	for (dc = 0; dc < node->region->max_dcs; dc++)
		if (node->region->dcs[dc].running &&
		    !m3_node_dc(node, (int)dc, &map))
			n += m3_life_sweep(map);
	return n;
}

int m3_do_wakeup(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_section s;
	int e = m3_dc_begin(node, q->dc, &s);

	(void)data;
	if (e)
		return e;
	e = m3_msg_wakeup(&s.t, q->ep);
	m3_end(&s);
	return e;
}

int m3_do_hdw_notify(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_section s;
	int e = m3_dc_begin(node, q->dc, &s);

	(void)data;
	if (e)
		return e;
	e = m3_msg_hdw_notify(&s.t, q->ep);
	m3_end(&s);
	return e;
}

int m3_do_getpriv(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_section s;
	int e = m3_dc_begin(node, q->dc, &s);

	if (e)
		return e;
	e = m3_priv_get(&s.t, q->ep, data);
	m3_end(&s);
	return e;
}

int m3_priv_begin(struct m3_node *node, int dc, int ep, int absent,
		  struct m3_section *s)
{
	struct m3_map *map;
	uint32_t i;
	int e = m3_node_dc(node, dc, &map);

	if (e)
		return e;
	i = m3_slot_of(map->r, ep);
	if (i == M3_NIL)
		return absent;
	e = m3_map_back_allowed(map, i);
	return e ? e : m3_begin(map, s, M3_LOCK_PROXY_MS);
}

int m3_do_setpriv(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_section s;
	int e = m3_priv_begin(node, q->dc, q->ep, -M3_EBADPROC, &s);

	if (e)
		return e;
	e = m3_priv_set(&s.t, q->ep, data);
	m3_end(&s);
	return e;
}

int m3_do_setlanes(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_section s;
	int e = m3_dc_begin(node, q->dc, &s);

	if (e)
		return e;
	m3_lanes_set(&s.t, data);
	m3_end(&s);
	return 0;
}
