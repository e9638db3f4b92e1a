// SPDX-License-Identifier: MIT
/* Migration and promotion of endpoints, step by step. */
#include "lib.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOK_NS 1000000ull /* how often a start looks whether all is quiet */

static uint64_t deadline_of(int timeout)
{
	if (timeout == M3_FOREVER)
		return UINT64_MAX;
	return m3_clock_ns() + (uint64_t)timeout * 1000000ull;
}

/*
 * Nothing can wake it: what it waits for is known to no process's call. One
 * look costs a walk over the DC's tables.
 */
int m3_migr_start(struct m3_node *node, int dc, int ep, int target,
		  uint64_t txn, int timeout)
{
	uint64_t until = deadline_of(timeout);
	struct timespec pause = { 0, LOOK_NS };
	struct m3_section s;
	int e, quiet;

	for (;;) {
		e = m3_dc_begin(node, dc, &s);
		if (e)
			return e;
		e = m3_migration_start(&s.t, ep, target, txn);
		quiet = !e && m3_migration_quiet(s.t.r,
						 m3_slot_of(s.t.r, ep));
		m3_end(&s);
		if (e || quiet)
			return e;
		if (m3_clock_ns() >= until)
			return -M3_ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
}

int m3_migr_export(struct m3_node *node, int dc, int ep, uint64_t txn,
		   void *state, uint32_t *size)
{
	/* Aligned, whatever the caller's buffer is. */
	void *copy = malloc(*size ? *size : 1);
	struct m3_section s;
	int e = copy ? m3_dc_begin(node, dc, &s) : -M3_ENOMEM;

	if (!e) {
		e = m3_migration_export(&s.t, ep, txn, copy, size);
		m3_end(&s);
	}
	if (!e)
		memcpy(state, copy, *size);
	free(copy);
	return e;
}

/* The handle of a live process; `fallback` if pid is 0. */
static int find_handle(struct m3_map *map, int pid, uint32_t fallback,
		       uint32_t *handle)
{
	struct m3_region *r = map->r;
	uint32_t h;

	*handle = fallback;
	if (pid == 0)
		return fallback < r->handles && m3_life_alive(map, fallback) ?
			       0 : -M3_EBADPID;
	for (h = M3_RUNTIME + 1; h < m3_joined(r); h++)
		if (m3_handle(r, h)->pid == (uint32_t)pid &&
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

/* The state is read where nobody can change it after it was verified. */
static int import(struct m3_node *node, int dc, int ep, int pid, uint64_t txn,
		  const void *state, uint32_t size)
{
	struct m3_section s;
	uint32_t handle;
	/* Its privileges come with it. */
	int e = m3_priv_begin(node, dc, ep, -M3_ERANGE, &s);

	if (e)
		return e;
	e = taker(&s, ep, pid, &handle);
	if (!e)
		e = m3_migration_verify(s.t.r, ep, state, size);
	if (!e)
		e = m3_migration_import(&s.t, ep, handle, txn, state);
	m3_end(&s);
	return e;
}

int m3_migr_commit(struct m3_node *node, int dc, int ep, int id, int pid,
		   uint64_t txn, const void *state, uint32_t size)
{
	struct m3_section s;
	void *copy;
	int e;

	if (id < 0)
		return -M3_EBADNODEID;
	if ((uint32_t)id != node->region->node) {
		e = m3_dc_begin(node, dc, &s);
		if (e)
			return e;
		e = m3_migration_commit(&s.t, ep, (uint32_t)id, txn);
		m3_end(&s);
		return e;
	}
	if (!state)
		return -M3_EBADVALUE;
	copy = malloc(size ? size : 1);
	if (!copy)
		return -M3_ENOMEM;
	memcpy(copy, state, size);
	e = import(node, dc, ep, pid, txn, copy, size);
	free(copy);
	return e;
}

int m3_migr_rollback(struct m3_node *node, int dc, int ep, uint64_t txn)
{
	struct m3_section s;
	int e = m3_dc_begin(node, dc, &s);

	if (e)
		return e;
	e = m3_migration_rollback(&s.t, ep, txn);
	m3_end(&s);
	return e;
}

int m3_promote(struct m3_node *node, int dc, int ep, int id, int pid,
	       uint32_t flags)
{
	uint32_t handle = M3_NIL;
	struct m3_section s;
	int e = m3_dc_begin(node, dc, &s);

	if (e)
		return e;
	if (id < 0 || flags & ~M3_PROMOTE_RETRY)
		e = id < 0 ? -M3_EBADNODEID : -M3_EINVAL;
	else if ((uint32_t)id == s.t.r->node)
		e = taker(&s, ep, pid, &handle);
	if (!e)
		e = m3_migration_promote(&s.t, ep, (uint32_t)id, handle, flags);
	m3_end(&s);
	return e;
}
