// SPDX-License-Identifier: MIT
/* Management of a DC's endpoints, and of its health. */
#include "lib.h"
#include <string.h>

int m3_dc_begin(struct m3_node *node, int dc, struct m3_section *s)
{
	struct m3_map *map;
	int e = m3_node_dc(node, dc, &map);

	return e ? e : m3_begin(map, s, M3_LOCK_PROXY_MS);
}

int m3_rmtbind(struct m3_node *node, int dc, const char *name, int ep, int id)
{
	struct m3_section s;
	int e = m3_dc_begin(node, dc, &s);

	if (e)
		return e;
	if (id < 0)
		e = -M3_EBADNODEID;
	else if (strlen(name) >= M3_NAME_BYTES)
		e = -M3_ENAMESIZE;
	else
		e = m3_slot_rmtbind(&s.t, ep, (uint32_t)id, name);
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

int m3_unbind_any(struct m3_node *node, int dc, int ep)
{
	struct m3_section s;
	uint32_t i;
	int e = m3_dc_begin(node, dc, &s);

	if (e)
		return e;
	i = m3_slot_of(s.t.r, ep);
	e = i == M3_NIL ? -M3_ERANGE : m3_unbind_slot(&s.t, i);
	m3_end(&s);
	return e;
}

int m3_check(struct m3_node *node, int dc)
{
	struct m3_section s;
	int e = m3_dc_begin(node, dc, &s);

	if (e)
		return e;
	e = m3_region_check(s.t.r);
	m3_end(&s);
	return e;
}

int m3_sweep(struct m3_node *node)
{
	struct m3_map *map;
	uint32_t dc;
	int n = 0;

	for (dc = 0; dc < node->region->max_dcs; dc++)
		if (node->region->dcs[dc].running &&
		    !m3_node_dc(node, (int)dc, &map))
			n += m3_life_sweep(map);
	return n;
}
