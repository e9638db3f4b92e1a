// SPDX-License-Identifier: MIT OR GPL-2.0
/* Every invariant of a region, for tests and for `m3ipc status`. */
#include "core.h"

#define MUST(condition)            \
	do {                       \
		if (!(condition))  \
			return __LINE__; \
	} while (0)

/* The queue of slot `i`: finite, each sender names it, tail is the last. */
static int check_queue(struct m3_region *r, uint32_t i)
{
	struct m3_slot *s = m3_slot(r, i);
	uint32_t at, last = M3_NIL, n = 0;

	for (at = s->qhead; at != M3_NIL; at = m3_slot(r, at)->qnext) {
		MUST(at < r->slots && at != i && n++ < r->slots);
		MUST(m3_slot(r, at)->rts & M3_RTS_SENDING);
		MUST(m3_slot(r, at)->sendto == m3_endpoint_of(r, i));
		MUST(!(m3_slot(r, at)->rts & M3_RTS_RMTOPER));
		last = at;
	}
	MUST(s->qtail == last);
	return 0;
}

static int check_bits(struct m3_region *r, uint32_t i)
{
	uint32_t w, n = 0;

	for (w = 0; w < r->bits_words; w++)
		n += (uint32_t)__builtin_popcount(m3_bits(r, i)[w]);
	MUST(n == m3_slot(r, i)->notifies);
	return 0;
}

static int check_slot(struct m3_region *r, uint32_t i)
{
	struct m3_slot *s = m3_slot(r, i);

	if (s->rts & M3_RTS_SLOT_FREE) {
		MUST(s->rts == M3_RTS_SLOT_FREE && s->binding == 0);
		MUST(s->notifies == 0 && s->buffers == 0);
		return 0;
	}
	MUST(!(s->rts & M3_RTS_ONCOPY) == (s->copier == M3_NIL));
	MUST(s->copier == M3_NIL || s->copier < r->slots);
	if (s->rts & M3_RTS_REMOTE) {
		MUST(s->node != r->node && s->node < r->nodes);
		MUST(s->op == M3_OP_NONE);
		return check_queue(r, i);
	}
	MUST(s->handle < r->handles && s->binding != 0);
	MUST(s->op != M3_OP_NONE || !(s->rts & (M3_RTS_SENDING |
						M3_RTS_RECEIVING)));
	MUST(!(s->rts & M3_RTS_RECEIVING) || s->getfrom != M3_NONE);
	MUST(!(s->rts & M3_RTS_SENDING) || s->sendto != M3_NONE);
	/* A remote call waits for a block only while both hold CANCELs. */
	MUST(!m3_waits_for_block(r, i) ||
	     (s->block_state == M3_BLOCK_QUEUED &&
	      *m3_block_state(r, r->slots + i) == M3_BLOCK_QUEUED));
	MUST(s->notifies == 0 || check_bits(r, i) == 0);
	return check_queue(r, i);
}

static int check_lane(struct m3_region *r, uint32_t node, uint32_t lane)
{
	struct m3_lane *l = &m3_peer(r, node)->lane[lane];
	uint32_t at, last = M3_NIL, n = 0;

	MUST(l->acked >= 1 && l->acked <= l->next && l->cursor <= l->next);
	MUST(l->cursor >= l->acked && l->expected >= 1);
	MUST(l->next - l->acked <= m3_window(lane));
	for (at = l->qhead; at != M3_NIL; n++) {
		last = at;
		if (lane == M3_LANE_BULK) {
			MUST(at < r->slots && n < r->slots);
			MUST(m3_transfer(r, at)->queued);
			MUST(m3_transfer(r, at)->peer == node);
			at = m3_transfer(r, at)->next;
		} else {
			MUST(at < m3_blocks(r) && n < m3_blocks(r));
			MUST(*m3_block_state(r, at) == M3_BLOCK_QUEUED);
			MUST(m3_block(r, at)->peer == node);
			at = m3_block(r, at)->next;
		}
	}
	MUST(l->qtail == last && l->queued == n);
	return 0;
}

static int check_arena(struct m3_region *r)
{
	uint32_t u, n, used = 0;

	for (u = 0; u < r->units; u += n) {
		n = m3_unit(r, u)->length;
		MUST(n > 0 && n <= r->units - u);
		if (!m3_unit(r, u)->owner)
			continue;
		MUST(m3_unit(r, u)->owner <= r->slots);
		MUST(!(m3_slot(r, m3_unit(r, u)->owner - 1)->rts &
		       M3_RTS_SLOT_FREE));
		used += n;
	}
	MUST(used == r->used_units);
	return 0;
}

int m3_region_check(struct m3_region *r)
{
	uint32_t i, lane, bound = 0;
	int e;

	MUST(m3_journal(r)->length == 0);
	for (i = 0; i < r->slots; i++) {
		e = check_slot(r, i);
		if (e)
			return e;
		bound += !(m3_slot(r, i)->rts & M3_RTS_SLOT_FREE);
	}
	MUST(bound == r->bound);
	for (i = 0; i < r->nodes; i++) {
		if (i == r->node || !*m3_spans(r, i))
			continue;
		for (lane = M3_LANE_URGENT; lane < M3_LANES; lane++) {
			e = check_lane(r, i, lane);
			if (e)
				return e;
		}
	}
	return check_arena(r);
}
