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

int m3_map_dcinfo(struct m3_map *map, struct m3_dc_info *info)
{
	struct m3_region *r = map->r;
	uint32_t h;

	memset(info, 0, sizeof(*info));
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
	info->copies = r->copies;
	info->params.warnmsg = r->warnmsg;
	info->params.warn2proc = r->warnmsg ? r->warn2proc : M3_NONE;
	info->params.flags = r->flags;
	memcpy(info->params.cpus, r->cpus, sizeof(info->params.cpus));
	for (h = 1; h < m3_joined(r); h++)
		info->members += m3_handle(r, h)->pid &&
				 m3_life_alive(map, h);
	return 0;
}

int m3_map_procinfo(struct m3_map *map, int p_nr, struct m3_proc_info *info)
{
	uint32_t i = m3_slot_of(map->r, p_nr);

	if (i == M3_NIL)
		return -M3_EBADPROC;
	memset(info, 0, sizeof(*info));
	m3_slot_info(map->r, i, info);
	return 0;
}

/* 0, or why there is nothing to look at: a child, or the end of the DC. */
static int is_joined(const struct m3_member *m)
{
	if (m3_map_forked(m->map))
		return -M3_EFORKED;
	return m->map->r->running ? 0 : -M3_EDCNOTRUN;
}

int m3_member_dcinfo(struct m3_member *m, struct m3_dc_info *info)
{
	int e = is_joined(m);

	return e ? e : m3_map_dcinfo(m->map, info);
}

int m3_member_procinfo(struct m3_member *m, int p_nr, struct m3_proc_info *info)
{
	int e = is_joined(m);

	return e ? e : m3_map_procinfo(m->map, p_nr, info);
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
