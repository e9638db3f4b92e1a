// SPDX-License-Identifier: MIT OR GPL-2.0
/* The arena: buffers that the core may copy without their owner's help. */
#include "core.h"

static uint64_t unit_at(const struct m3_region *r, uint32_t u)
{
	return r->arena_at + (uint64_t)u * M3_UNIT;
}

/* Length of the run at unit `u`, never past the end, never 0. */
static uint32_t run(struct m3_region *r, uint32_t u)
{
	uint32_t n = m3_unit(r, u)->length;

	return n == 0 || n > r->units - u ? r->units - u : n;
}

int m3_arena_alloc_d(struct m3_txn *t, uint32_t owner, uint64_t bytes,
		     uint64_t *offset)
{
	struct m3_region *r = t->r;
	uint32_t u, n = 0, need;
	struct m3_unit *row;
	int e;

	if (bytes == 0 || bytes > (uint64_t)r->units * M3_UNIT)
		return bytes ? -M3_EALLOCMEM : -M3_EINVAL;
	need = (uint32_t)((bytes + M3_UNIT - 1) / M3_UNIT);
	for (u = 0; u < r->units; u += n) {
		row = m3_unit(r, u);
		n = run(r, u);
		if (row->owner)
			continue;
		/* Free neighbours become one run here, not when freed. */
		while (n < need && u + n < r->units &&
		       !m3_unit(r, u + n)->owner)
			n += run(r, u + n);
		if (n >= need)
			break;
	}
	if (u >= r->units)
		return -M3_EALLOCMEM;
	e = m3_platform_back(t, unit_at(r, u), bytes);
	if (e)
		return e;
	/* It has no owner: no unit inside a run has one. */
	if (n > need)
		m3_set32(r, &m3_unit(r, u + need)->length, n - need);
	m3_set32(r, &m3_unit(r, u)->length, need);
	m3_set64(r, &m3_unit(r, u)->bytes, bytes);
	m3_set32(r, &m3_unit(r, u)->owner, owner + 1);
	m3_set32(r, &m3_slot(r, owner)->buffers,
		 m3_slot(r, owner)->buffers + 1);
	m3_set32(r, &r->used_units, r->used_units + need);
	*offset = unit_at(r, u);
	return 0;
}

int m3_arena_alloc(struct m3_txn *t, uint32_t owner, uint64_t bytes,
		   uint64_t *offset)
{
	int e = m3_arena_alloc_d(t, owner, bytes, offset);

	if (e)
		m3_undo(t->r);
	else
		m3_commit(t->r);
	return e;
}

static void free_run_d(struct m3_txn *t, uint32_t owner, uint32_t u)
{
	struct m3_region *r = t->r;
	struct m3_unit *row = m3_unit(r, u);
	struct m3_slot *s = m3_slot(r, owner);

	m3_set32(r, &row->owner, 0);
	m3_set64(r, &row->bytes, 0);
	m3_set32(r, &s->buffers, s->buffers - 1);
	m3_set32(r, &r->used_units, r->used_units - run(r, u));
}

/* The unit at which a buffer of `owner` starts, or M3_NIL. */
static uint32_t run_of(struct m3_region *r, uint32_t owner, uint64_t offset)
{
	uint64_t u = (offset - r->arena_at) / M3_UNIT;

	if (offset < r->arena_at || u >= r->units ||
	    offset != unit_at(r, (uint32_t)u) ||
	    m3_unit(r, (uint32_t)u)->owner != owner + 1)
		return M3_NIL;
	return (uint32_t)u;
}

void m3_arena_free_d(struct m3_txn *t, uint32_t owner, uint64_t offset)
{
	uint32_t u = run_of(t->r, owner, offset);

	if (u != M3_NIL)
		free_run_d(t, owner, u);
}

void m3_arena_give_d(struct m3_txn *t, uint32_t from, uint64_t offset,
		     uint32_t to)
{
	struct m3_region *r = t->r;
	uint32_t u = run_of(r, from, offset);

	if (u == M3_NIL)
		return;
	m3_set32(r, &m3_unit(r, u)->owner, to + 1);
	m3_set32(r, &m3_slot(r, from)->buffers,
		 m3_slot(r, from)->buffers - 1);
	m3_set32(r, &m3_slot(r, to)->buffers, m3_slot(r, to)->buffers + 1);
}

/* Does a copy that is on use [at, end)? A chunk in flight is sent again. */
static int is_copied(const struct m3_transfer *x, uint64_t at, uint64_t end)
{
	if (x->staging >= at && x->staging < end && x->serve != M3_SERVE_NONE)
		return 1;
	return x->kind != M3_TRANSFER_NONE && x->address >= at &&
	       x->address < end;
}

int m3_arena_free(struct m3_txn *t, uint32_t owner, uint64_t offset)
{
	struct m3_region *r = t->r;
	uint64_t end;
	uint32_t u, n;
	int e;

	/* From the start, since a row inside a run may be an old one. */
	for (u = 0; u < r->units && unit_at(r, u) < offset; u += n)
		n = run(r, u);
	if (u >= r->units || unit_at(r, u) != offset ||
	    m3_unit(r, u)->owner != owner + 1)
		return -M3_EFAULT;
	end = unit_at(r, u + run(r, u));
	if (m3_slot(r, owner)->rts & M3_RTS_ONCOPY ||
	    is_copied(m3_transfer(r, owner), offset, end))
		return -M3_EONCOPY;
	e = m3_grants_drop(t, owner, offset, end);
	if (e)
		return e;
	free_run_d(t, owner, u);
	m3_commit(r);
	return 0;
}

void m3_arena_free_all(struct m3_txn *t, uint32_t owner)
{
	struct m3_region *r = t->r;
	uint32_t u, n;

	for (u = 0; u < r->units && m3_slot(r, owner)->buffers; u += n) {
		n = run(r, u);
		if (m3_unit(r, u)->owner == owner + 1) {
			free_run_d(t, owner, u);
			m3_commit(r);
		}
	}
}

int m3_arena_range(struct m3_region *r, uint32_t owner, uint64_t address,
		   uint64_t bytes, uint64_t *offset)
{
	uint64_t at = address & ~M3_ARENA_BIT, end = unit_at(r, r->units);
	uint32_t u, n;

	if (!(address & M3_ARENA_BIT) || at < r->arena_at || at >= end)
		return -M3_EFAULT;
	for (u = 0; u < r->units; u += n) {
		n = run(r, u);
		if (at < unit_at(r, u + n))
			break;
	}
	if (u >= r->units || m3_unit(r, u)->owner != owner + 1)
		return -M3_EFAULT;
	if (bytes > m3_unit(r, u)->bytes ||
	    at - unit_at(r, u) > m3_unit(r, u)->bytes - bytes ||
	    !m3_in_arena(r, at, bytes))
		return -M3_EFAULT;
	*offset = at;
	return 0;
}
