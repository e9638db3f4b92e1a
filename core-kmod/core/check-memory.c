// SPDX-License-Identifier: MIT OR GPL-2.0
/* The invariants of copies, staging buffers and grants; see check.c. */
#include "core.h"

/* Told apart from the lines of check.c. */
#define MUST(condition)                    \
	do {                               \
		if (!(condition))          \
			return 1000 + __LINE__; \
	} while (0)

/* Does a buffer of slot `i` start at `offset`, with room for `bytes`? */
static int is_buffer(struct m3_region *r, uint32_t i, uint64_t offset,
		     uint64_t bytes)
{
	uint64_t at;

	return offset % M3_UNIT == 0 &&
	       m3_arena_range(r, i, offset | M3_ARENA_BIT, bytes, &at) == 0;
}

/* What slot `i`, the owner of private memory, is asked for, or is doing. */
static int check_serve(struct m3_region *r, uint32_t i)
{
	struct m3_transfer *x = m3_transfer(r, i);
	struct m3_slot *s = m3_slot(r, i);
	int working = x->serve == M3_SERVE_FILLING ||
		      x->serve == M3_SERVE_DRAINING;

	MUST(x->serve <= M3_SERVE_DRAINING);
	MUST(!x->staging || is_buffer(r, i, x->staging, 1));
	if (x->server != M3_NIL) {
		MUST(x->server < r->slots && x->serve != M3_SERVE_NONE);
		MUST(m3_transfer(r, x->server)->kind == M3_TRANSFER_SERVED);
		MUST(m3_transfer(r, x->server)->party == m3_endpoint_of(r, i));
		MUST(x->kind == M3_TRANSFER_NONE);
	}
	if (x->serve == M3_SERVE_NONE)
		return 0;
	MUST(!(s->rts & M3_RTS_REMOTE));
	MUST(is_buffer(r, i, x->staging, x->bytes));
	/* Who is at it may have been left alone with it; who is asked not. */
	if (working)
		MUST(s->rts & M3_RTS_ONCOPY && s->copier == i);
	else
		MUST(s->op == M3_OP_SENDREC && (x->server != M3_NIL ||
						x->kind != M3_TRANSFER_NONE));
	return 0;
}

static int check_transfer(struct m3_region *r, uint32_t i)
{
	struct m3_transfer *x = m3_transfer(r, i);
	struct m3_slot *s = m3_slot(r, i);
	uint32_t p = m3_slot_of(r, x->party);

	switch (x->kind) {
	case M3_TRANSFER_NONE:
		MUST(!x->queued);
		MUST(!x->grant || s->rts & M3_RTS_ONCOPY);
		return 0;
	case M3_TRANSFER_SERVED:
		MUST(!(s->rts & M3_RTS_REMOTE) && s->op == M3_OP_VCOPY);
		MUST(p != M3_NIL && m3_transfer(r, p)->server == i);
		MUST(!x->queued && !x->staging && !x->grant);
		return 0;
	case M3_TRANSFER_STAGED:
		MUST(!(s->rts & M3_RTS_REMOTE) && s->op == M3_OP_SENDREC);
		MUST(!x->queued && x->done <= x->bytes);
		MUST(x->serve == M3_SERVE_NONE || x->done == x->bytes);
		MUST(is_buffer(r, i, x->staging, x->bytes));
		return 0;
	case M3_TRANSFER_SOURCE:
		MUST(x->owner < r->slots && x->done <= x->bytes);
		MUST(x->owner == i ? s->op == M3_OP_SENDREC ||
					     m3_migration_decided(r, i) :
				     s->rts & M3_RTS_REMOTE && x->grant);
		MUST(!x->queued || x->serve == M3_SERVE_NONE);
		return 0;
	default:
		MUST(x->kind < M3_TRANSFER_KINDS && s->op == M3_OP_VCOPY);
		return 0;
	}
}

static int check_grants(struct m3_region *r)
{
	uint32_t i, n = 0;

	for (i = 0; i < M3_MAX_GRANTS; i++) {
		struct m3_grant *g = m3_grant_row(r, i);
		uint64_t at;

		if (!g->owner)
			continue;
		n++;
		MUST(g->owner <= r->slots && g->rights);
		MUST(!(m3_slot(r, g->owner - 1)->rts &
		       (M3_RTS_SLOT_FREE | M3_RTS_REMOTE)));
		MUST(!m3_arena_range(r, g->owner - 1, g->at | M3_ARENA_BIT,
				     g->bytes, &at));
	}
	MUST(n == r->grants);
	return 0;
}

int m3_memory_check(struct m3_region *r)
{
	uint32_t i;
	int e;

	for (i = 0; i < m3_high(r); i++) {
		/* The rows of what is not bound may have no memory. */
		if (m3_slot(r, i)->rts & M3_RTS_SLOT_FREE)
			continue;
		e = check_transfer(r, i);
		if (!e)
			e = check_serve(r, i);
		if (e)
			return e;
	}
	return check_grants(r);
}
