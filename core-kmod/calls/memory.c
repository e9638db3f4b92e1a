// SPDX-License-Identifier: MIT OR GPL-2.0
/* What a member lets be copied: its buffers, grants, and serving a copy. */
#include "calls.h"

/* Memory is the process's own affair: nobody else sees it come or go. */
int m3_owner_begin(struct m3_member *m, int self, struct m3_section *s,
		   uint32_t *i)
{
	int e = m3_begin(m->map, s, M3_LOCK_FOREVER);

	if (e)
		return e;
	*i = m3_slot_of(m->map->r, self);
	e = *i == M3_NIL ? -M3_ERANGE : m3_slot_ready(&s->t, *i);
	if (!e || e == -M3_EPROCRUN || e == -M3_EMIGRATE)
		return 0;
	m3_end(s);
	return e;
}

int m3_buffer_alloc(struct m3_member *m, int self, uint64_t bytes,
		    uint64_t *offset)
{
	struct m3_section s;
	uint32_t i;
	int e = m3_owner_begin(m, self, &s, &i);

	if (e)
		return e;
	e = m3_arena_alloc(&s.t, i, bytes, offset);
	m3_end(&s);
	return e;
}

int m3_buffer_free(struct m3_member *m, int self, uint64_t offset)
{
	struct m3_section s;
	uint32_t i;
	int e = m3_owner_begin(m, self, &s, &i);

	if (e)
		return e;
	e = m3_arena_free(&s.t, i, offset);
	m3_end(&s);
	return e;
}

int m3_do_alloc(struct m3_member *m, struct m3_request *q, void *data)
{
	int e = m3_buffer_alloc(m, q->ep, q->bytes, &q->value);

	(void)data;
	q->address = q->value | M3_ARENA_BIT;
	return e;
}

int m3_do_free(struct m3_member *m, struct m3_request *q, void *data)
{
	(void)data;
	return m3_buffer_free(m, q->ep, q->address & ~M3_ARENA_BIT);
}

int m3_do_grant(struct m3_member *m, struct m3_request *q, void *data)
{
	struct m3_section s;
	uint32_t i;
	int e = m3_owner_begin(m, q->ep, &s, &i);

	(void)data;
	if (e)
		return e;
	e = m3_grant_make(&s.t, i, q->peer, q->address, q->bytes, q->flags,
			  &q->value);
	m3_end(&s);
	return e;
}

int m3_do_revoke(struct m3_member *m, struct m3_request *q, void *data)
{
	struct m3_section s;
	uint32_t i;
	int e = m3_owner_begin(m, q->ep, &s, &i);

	(void)data;
	if (e)
		return e;
	e = m3_grant_revoke(&s.t, i, q->value);
	m3_end(&s);
	return e;
}

void m3_serve(struct m3_map *map, uint32_t i)
{
	struct m3_section s;
	struct m3_served job;
	int e;

	if (i >= map->r->slots || !m3_is_backed(map->r, i) ||
	    !m3_serve_wanted(map->r, i) ||
	    m3_begin(map, &s, M3_LOCK_FOREVER))
		return;
	e = m3_serve_take(&s.t, i, &job);
	m3_end(&s);
	if (!e)
		return;
	m3_crash_point();
	e = m3_serve_copy(map, i, &job);
	m3_crash_point();
	if (m3_begin(map, &s, M3_LOCK_FOREVER))
		return;
	m3_serve_done(&s.t, i, &job, e);
	m3_end(&s);
}
