// SPDX-License-Identifier: MIT OR GPL-2.0
/* Migration and promotion of endpoints, step by step. */
#include "calls.h"

#define LOOK_NS 1000000ull /* how often a start looks whether all is quiet */

static uint64_t deadline_of(int timeout)
{
	if (timeout == M3_FOREVER)
		return ~0ull;
	return m3_clock_ns() + (uint64_t)timeout * 1000000ull;
}

/*
 * Nothing can wake it: what it waits for is known to no process's call. One
 * look costs a walk over the DC's tables.
 */
int m3_do_migr_start(struct m3_node *node, struct m3_request *q, void *data)
{
	uint64_t until = deadline_of(q->timeout);
	struct m3_section s;
	int e, quiet;

	(void)data;
	for (;;) {
		e = m3_dc_begin(node, q->dc, &s);
		if (e)
			return e;
		e = m3_migration_start(&s.t, q->ep, q->id, q->value);
		quiet = !e && m3_migration_quiet(s.t.r,
						 m3_slot_of(s.t.r, q->ep));
		m3_end(&s);
		if (e || quiet)
			return e;
		if (m3_clock_ns() >= until)
			return -M3_ETIMEDOUT;
		if (m3_is_dying())
			return -M3_EINTR;
		m3_nap(LOOK_NS);
	}
}

/* `state` is aligned to 8 bytes. */
int m3_do_migr_export(struct m3_node *node, struct m3_request *q, void *state)
{
	struct m3_section s;
	int e = m3_dc_begin(node, q->dc, &s);

	if (e)
		return e;
	e = m3_migration_export(&s.t, q->ep, q->value, state, &q->size);
	m3_end(&s);
	return e;
}

/* The handle of a live process; `fallback` if pid is 0. */
static int find_handle(struct m3_map *map, int pid, uint32_t fallback,
		       uint32_t *handle)
{
	uint32_t known = m3_pid_known(pid), h;
	struct m3_region *r = map->r;

	*handle = fallback;
	if (pid == 0)
		return fallback < r->handles && m3_life_alive(map, fallback) ?
			       0 : -M3_EBADPID;
	for (h = M3_RUNTIME + 1; h < m3_joined(r); h++)
		if (known && m3_handle(r, h)->pid == known &&
		    m3_life_alive(map, h)) {
			*handle = h;
			return 0;
		}
	return -M3_EBADPID;
}

/* Who is, or becomes, the process of `ep` on this node. */
static int taker(struct m3_section *s, int ep, int pid, uint32_t *handle)
{
	struct m3_region *r = s->t.r;
	uint32_t e = m3_slot_of(r, ep), backup = M3_NIL;
	const struct m3_slot *slot;
	int error;

	if (e == M3_NIL)
		return -M3_ERANGE;
	slot = m3_slot(r, e);
	if (!(slot->rts & M3_RTS_REMOTE) || slot->misc & M3_MF_RMTBACKUP)
		backup = slot->handle;
	error = find_handle(s->map, pid, backup, handle);
	/* Another one cannot take a backup's place while that lives. */
	if (!error && slot->misc & M3_MF_RMTBACKUP && backup != *handle &&
	    backup < r->handles && m3_life_alive(s->map, backup))
		return -M3_EBADPID;
	return error;
}

static int import(struct m3_node *node, const struct m3_request *q,
		  const void *state)
{
	struct m3_section s;
	uint32_t handle;
	/* Its privileges come with it. */
	int e = m3_priv_begin(node, q->dc, q->ep, -M3_ERANGE, &s);

	if (e)
		return e;
	e = taker(&s, q->ep, q->pid, &handle);
	if (!e)
		e = m3_migration_verify(s.t.r, q->ep, state, q->size);
	if (!e)
		e = m3_migration_import(&s.t, q->ep, handle, q->value, state);
	m3_end(&s);
	return e;
}

/*
 * `state` is aligned to 8 bytes, and where nobody can change it after it was
 * verified.
 */
int m3_do_migr_commit(struct m3_node *node, struct m3_request *q, void *state)
{
	struct m3_section s;
	int e;

	if (q->id < 0)
		return -M3_EBADNODEID;
	if ((uint32_t)q->id == node->region->node)
		return state ? import(node, q, state) : -M3_EBADVALUE;
	e = m3_dc_begin(node, q->dc, &s);
	if (e)
		return e;
	e = m3_migration_commit(&s.t, q->ep, (uint32_t)q->id, q->value);
	m3_end(&s);
	return e;
}

int m3_do_migr_rollback(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_section s;
	int e = m3_dc_begin(node, q->dc, &s);

	(void)data;
	if (e)
		return e;
	e = m3_migration_rollback(&s.t, q->ep, q->value);
	m3_end(&s);
	return e;
}

int m3_do_promote(struct m3_node *node, struct m3_request *q, void *data)
{
	uint32_t handle = M3_NIL;
	struct m3_section s;
	int e = m3_dc_begin(node, q->dc, &s);

	(void)data;
	if (e)
		return e;
	if (q->id < 0 || q->flags & ~M3_PROMOTE_RETRY)
		e = q->id < 0 ? -M3_EBADNODEID : -M3_EINVAL;
	else if ((uint32_t)q->id == s.t.r->node)
		e = taker(&s, q->ep, q->pid, &handle);
	if (!e)
		e = m3_migration_promote(&s.t, q->ep, (uint32_t)q->id, handle,
					 q->flags);
	m3_end(&s);
	return e;
}
