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

/* Nobody waits for what is there: a sender, or a notification. */
static int check_rendezvous(struct m3_region *r, uint32_t i)
{
	struct m3_slot *s = m3_slot(r, i);
	uint32_t at, from;

	/* Or it is held back by a migration, or waits for the end of one. */
	if ((s->op != M3_OP_RECEIVE && s->op != M3_OP_RCVRQST) ||
	    !(s->rts & M3_RTS_RECEIVING))
		return 0;
	/* Who imports it, or does so again, has still to look for it. */
	if (m3_migration_decided(r, i))
		return 0;
	MUST(s->op == M3_OP_RECEIVE || s->getfrom == M3_ANY);
	for (at = s->qhead; at != M3_NIL; at = m3_slot(r, at)->qnext)
		MUST(!m3_willing(s, m3_endpoint_of(r, at),
				 m3_slot(r, at)->rts & M3_RTS_RECEIVING ?
					 M3_OP_SENDREC : M3_OP_SEND));
	if (s->op == M3_OP_RCVRQST || !s->notifies)
		return 0;
	from = m3_slot_of(r, s->getfrom);
	MUST(from != M3_NIL);
	MUST(!(m3_bits(r, i)[from / 32] >> (from & 31) & 1));
	return 0;
}

static int check_bits(struct m3_region *r, uint32_t i)
{
	uint32_t w, n = 0;

	for (w = 0; w < r->bits_words; w++)
		n += m3_bits_set(m3_bits(r, i)[w]);
	MUST(n == m3_slot(r, i)->notifies);
	return 0;
}

/* Who waits for slot `i`, and what is parked for it. */
static int check_waiters(struct m3_region *r, uint32_t i, uint32_t *parked)
{
	const struct m3_more *x = m3_more(r, i);
	uint32_t at, n = 0, last = 0;

	for (at = x->waiters; at; at = m3_slot(r, last - 1)->qnext + 1) {
		MUST(at <= r->slots && at - 1 != i && n++ < r->slots);
		MUST(m3_slot(r, at - 1)->rts & M3_RTS_WAITMIGR);
		MUST(m3_slot(r, at - 1)->waitmigr == m3_endpoint_of(r, i));
		last = at;
	}
	MUST(x->waiters_tail == last);
	last = 0;
	for (at = x->parked, n = 0; at;
	     at = m3_block(r, last - 1)->next + 1) {
		MUST(at <= m3_blocks(r) && n++ < m3_blocks(r));
		MUST(*m3_block_state(r, at - 1) == M3_BLOCK_PARKED);
		MUST(m3_block(r, at - 1)->record.dst == m3_endpoint_of(r, i));
		last = at;
	}
	MUST(x->parked_tail == last);
	*parked += n;
	return 0;
}

static int check_migration(struct m3_region *r, uint32_t i, uint32_t *frozen,
			   uint32_t *parked)
{
	const struct m3_slot *s = m3_slot(r, i);
	const struct m3_more *x = m3_more(r, i);
	uint32_t waits = s->rts & M3_RTS_WAITMIGR;
	int local = !(s->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE));

	MUST(!(s->rts & M3_RTS_MIGRATE) == !x->migration);
	MUST(s->rts & M3_RTS_MIGRATE || (!x->parked && !x->exported));
	MUST(s->rts & M3_RTS_MIGRATE || !x->lost);
	MUST(!(s->rts & M3_RTS_SLOT_FREE) || !x->waiters);
	MUST(!waits == (s->waitmigr == M3_NONE));
	MUST(!waits || (local && s->op != M3_OP_NONE));
	MUST(!waits || (!(s->rts & (M3_RTS_SENDING | M3_RTS_RECEIVING)) &&
			s->sendto == M3_NONE));
	MUST(!waits || s->waitmigr != m3_endpoint_of(r, i) ||
	     s->rts & M3_RTS_MIGRATE);
	/* A call held back has ended, but not for its process. */
	MUST(!x->resume || (local && s->op != M3_OP_NONE &&
			    !(s->rts & (M3_RTS_SENDING | M3_RTS_RECEIVING |
					M3_RTS_WAITMIGR)) &&
			    (s->rts & M3_RTS_MIGRATE ||
			     s->misc & M3_MF_RESUME)));
	MUST(!(s->misc & M3_MF_RESUME) || (local && s->op != M3_OP_NONE));
	*frozen += !!(s->rts & M3_RTS_MIGRATE);
	return check_waiters(r, i, parked);
}

/* Every frozen slot is counted, every parked block is in one list. */
static int check_migrations(struct m3_region *r)
{
	uint32_t i, frozen = 0, parked = 0, blocks = 0;
	int e;

	for (i = 0; i < m3_high(r); i++) {
		/* Without memory behind it there is nothing to look at. */
		if (!m3_is_backed(r, i))
			continue;
		e = check_migration(r, i, &frozen, &parked);
		if (e)
			return e;
	}
	MUST(frozen == r->migrations);
	for (i = 0; i < 2 * r->slots + r->pool; i++)
		if (i >= 2 * r->slots || m3_is_backed(r, i % r->slots))
			blocks += *m3_block_state(r, i) == M3_BLOCK_PARKED;
	MUST(blocks == parked);
	return 0;
}

static int check_slot(struct m3_region *r, uint32_t i)
{
	struct m3_slot *s = m3_slot(r, i);
	int line;

	if (s->rts & M3_RTS_SLOT_FREE) {
		MUST(s->rts == M3_RTS_SLOT_FREE && s->binding == 0);
		MUST(s->notifies == 0 && s->buffers == 0);
		MUST(s->misc == 0 && s->handle == M3_NIL && !s->automatic);
		MUST(s->qhead == M3_NIL && s->qtail == M3_NIL);
		MUST(s->qnext == M3_NIL && s->copier == M3_NIL);
		MUST(s->op == M3_OP_NONE);
		return 0;
	}
	MUST(i < r->high && m3_is_backed(r, i));
	MUST(s->qnext == M3_NIL ||
	     s->rts & (M3_RTS_SENDING | M3_RTS_WAITMIGR));
	MUST(!(s->rts & M3_RTS_ONCOPY) == (s->copier == M3_NIL));
	MUST(s->copier == M3_NIL || s->copier < r->slots);
	if (s->rts & M3_RTS_REMOTE) {
		MUST(s->node != r->node && s->node < r->nodes);
		MUST(s->op == M3_OP_NONE && *m3_spans(r, s->node));
		MUST(s->misc & M3_MF_RMTBACKUP ? s->handle < r->handles :
						 s->handle == M3_NIL);
		return check_queue(r, i);
	}
	MUST(!s->automatic && s->binding != 0);
	if (s->misc & M3_MF_KILLED) {
		MUST(s->misc == M3_MF_KILLED && s->handle == M3_NIL);
		MUST(s->op == M3_OP_SEND && s->notifies == 0);
		MUST(s->qhead == M3_NIL && s->buffers == 0);
		return 0;
	}
	MUST(s->handle < r->handles && !(s->misc & M3_MF_RMTBACKUP));
	/* One that is held back has ended, one that is paused not begun. */
	MUST(m3_more(r, i)->resume || s->rts & M3_RTS_WAITMIGR ||
	     (!(s->rts & M3_RTS_WAITBIND) == (s->op != M3_OP_WAITBIND) &&
	      !(s->rts & M3_RTS_WAITUNBIND) == (s->op != M3_OP_WAITUNBIND)));
	MUST(s->op != M3_OP_NONE || !(s->rts & (M3_RTS_SENDING |
						M3_RTS_RECEIVING)));
	MUST(!(s->rts & M3_RTS_RECEIVING) || s->getfrom != M3_NONE);
	MUST(!(s->rts & M3_RTS_SENDING) || s->sendto != M3_NONE);
	/* A remote call waits for a block only while both hold CANCELs. */
	MUST(!m3_waits_for_block(r, i) ||
	     (s->block_state != M3_BLOCK_FREE &&
	      *m3_block_state(r, r->slots + i) != M3_BLOCK_FREE));
	MUST(s->notifies == 0 || check_bits(r, i) == 0);
	line = check_queue(r, i);
	return line ? line : check_rendezvous(r, i);
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
	MUST(lane == M3_LANE_BULK || m3_lane_is_sane(r, node, lane));
	return 0;
}

static int check_arena(struct m3_region *r)
{
	uint32_t u, n, inside, used = 0;

	for (u = 0; u < r->units; u += n) {
		n = m3_unit(r, u)->length;
		MUST(n > 0 && n <= r->units - u);
		for (inside = 1; inside < n; inside++)
			MUST(!m3_unit(r, u + inside)->owner);
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

/* What the peer is to be told, and what it has bound here. */
static int check_peer(struct m3_region *r, uint32_t node)
{
	struct m3_peer *p = m3_peer(r, node);
	uint32_t i, deaths = 0, automatic = 0;

	MUST(node < r->spanned);
	for (i = 0; i < r->bits_words; i++) {
		MUST(!(m3_peer_unheard(r, p)[i] & ~m3_peer_deaths(r, p)[i]));
		deaths += m3_bits_set(
			m3_peer_deaths(r, p)[i]);
	}
	MUST(deaths == p->deaths);
	MUST(p->lost_at <= r->losses);
	for (i = 0; i < r->slots; i++)
		automatic += m3_slot(r, i)->automatic &&
			     m3_slot(r, i)->node == node;
	MUST(automatic == p->automatic);
	return 0;
}

/* Counts and marks over all slots, blocks and handles. */
static int check_counts(struct m3_region *r)
{
	uint32_t i, bound = 0, waiters = 0;

	for (i = 0; i < r->slots; i++) {
		const struct m3_slot *s = m3_slot(r, i);

		bound += !(s->rts & M3_RTS_SLOT_FREE);
		waiters += (uint32_t)m3_waits_for_binding(s);
	}
	MUST(bound == r->bound && waiters == r->bind_waiters);
	MUST(r->high <= r->slots && r->joined <= r->handles);
	MUST(r->spanned <= r->nodes && r->pool <= M3_NOTIFY_BLOCKS);
	for (i = r->pool; r->spanned && i < M3_NOTIFY_BLOCKS; i++)
		MUST(m3_block(r, 2 * r->slots + i)->state == M3_BLOCK_FREE);
	return 0;
}

int m3_region_check(struct m3_region *r)
{
	uint32_t i, lane;
	int e;

	MUST(m3_journal(r)->length == 0);
	for (i = 0; i < r->slots; i++) {
		e = check_slot(r, i);
		if (e)
			return e;
	}
	e = check_counts(r);
	for (i = 0; !e && i < r->nodes; i++) {
		if (i == r->node || !*m3_spans(r, i))
			continue;
		e = check_peer(r, i);
		if (e)
			return e;
		for (lane = M3_LANE_URGENT; lane < M3_LANES; lane++) {
			e = check_lane(r, i, lane);
			if (e)
				return e;
		}
	}
	if (!e)
		e = check_migrations(r);
	if (!e)
		e = check_arena(r);
	return e ? e : m3_memory_check(r);
}
