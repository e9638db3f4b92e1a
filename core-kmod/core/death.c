// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Deaths that other nodes are to be told. That an endpoint is gone is state,
 * not an event: a bit per (peer, slot), of which take makes a DEATH record, so
 * that no link can be down for too long and nothing runs out (protocol 20).
 *
 * A peer knows an endpoint once a record from or to it has passed: it is told
 * of that one's end whatever comes, for it has things to clear away. Of the
 * others it may have heard by a declaration, and somebody may wait there: it is
 * told too, unless somebody else is bound by then, for whom they may wait as
 * well (`unheard`). What ended before its core was opened is told when it is.
 *
 * A DEATH names the last life that ended; it ends all former ones too. It goes
 * behind what its endpoint has said before, in that one's lane (lane.c).
 */
#include "core.h"

/* Between records of a lane that never runs dry, one of so many. */
#define M3_DEATH_TURN 16u

static int bit_of(const uint32_t *bits, uint32_t i)
{
	return (int)(bits[i / 32] >> (i & 31) & 1);
}

static void bit_set_d(struct m3_txn *t, uint32_t *bits, uint32_t i, uint32_t on)
{
	uint32_t bit = 1u << (i & 31), *word = &bits[i / 32];

	m3_set32(t->r, word, on ? *word | bit : *word & ~bit);
}

static void owe_d(struct m3_txn *t, uint32_t node, uint32_t i, uint32_t unheard)
{
	struct m3_peer *p = m3_peer(t->r, node);
	int owed = bit_of(m3_peer_deaths(t->r, p), i);

	if (!owed)
		m3_set32(t->r, &p->deaths, p->deaths + 1);
	bit_set_d(t, m3_peer_deaths(t->r, p), i, 1);
	if (!owed || !unheard)
		bit_set_d(t, m3_peer_unheard(t->r, p), i, unheard);
	m3_ring_later(t, node);
}

static void settle_d(struct m3_txn *t, struct m3_peer *p, uint32_t i)
{
	bit_set_d(t, m3_peer_deaths(t->r, p), i, 0);
	bit_set_d(t, m3_peer_unheard(t->r, p), i, 0);
	if (p->deaths)
		m3_set32(t->r, &p->deaths, p->deaths - 1);
}

void m3_known_d(struct m3_txn *t, uint32_t node, uint32_t i)
{
	bit_set_d(t, m3_peer_known(m3_peer(t->r, node)), i, 1);
}

void m3_moved_here_d(struct m3_txn *t, uint32_t node, uint32_t i)
{
	struct m3_peer *p = m3_peer(t->r, node);

	if (bit_of(m3_peer_deaths(t->r, p), i))
		settle_d(t, p, i);
	m3_known_d(t, node, i);
}

int m3_knows(struct m3_region *r, uint32_t node, uint32_t i)
{
	return node < r->nodes && *m3_spans(r, node) &&
	       bit_of(m3_peer_known(m3_peer(r, node)), i);
}

void m3_told_d(struct m3_txn *t, uint32_t node, const struct m3_record *rec)
{
	struct m3_region *r = t->r;
	uint32_t i = m3_slot_of(r, rec->src);

	if (i == M3_NIL || !rec->src_binding)
		return;
	if (rec->src_binding == m3_slot(r, i)->binding) {
		if (!(m3_slot(r, i)->rts & M3_RTS_REMOTE))
			m3_known_d(t, node, i);
	/* In an ERROR it is what the peer has said of whom it meant. */
	} else if (m3_is_backed(r, i) &&
		   rec->src_binding == m3_more(r, i)->dead) {
		owe_d(t, node, i, 0);
	}
}

void m3_death_mark_d(struct m3_txn *t, uint32_t i, uint32_t node)
{
	struct m3_region *r = t->r;
	struct m3_peer *p = m3_peer(r, node);

	if (node >= r->nodes || !*m3_spans(r, node))
		return;
	if (m3_knows(r, node, i)) {
		bit_set_d(t, m3_peer_known(p), i, 0);
		owe_d(t, node, i, 0);
	} else if (p->incarnation) {
		owe_d(t, node, i, 1);
	}
}

void m3_death_mark(struct m3_txn *t, uint32_t i, uint32_t except)
{
	struct m3_region *r = t->r;
	uint32_t n;

	m3_set64(r, &m3_more(r, i)->dead, m3_slot(r, i)->binding);
	for (n = 0; n < m3_spanned(r); n++)
		if (n != r->node && n != except) {
			m3_death_mark_d(t, i, n);
			m3_commit(r);
		}
	m3_commit(r);
}

/* The deaths of word `w` whose endpoints the QoS table gives that lane. */
static uint32_t deaths_of_lane(struct m3_region *r, uint32_t peer,
			       uint32_t lane, uint32_t w)
{
	uint32_t urgent = r->urgent[w];

	return m3_peer_deaths(r, m3_peer(r, peer))[w] &
	       (lane == M3_LANE_URGENT ? urgent : ~urgent);
}

/* The first of them from word `w` on, round the table; M3_NIL: none. */
static uint32_t death_from(struct m3_region *r, uint32_t peer, uint32_t lane,
			   uint32_t w)
{
	uint32_t n, word;

	for (n = 0; n < r->bits_words; n++, w = (w + 1) % r->bits_words) {
		word = deaths_of_lane(r, peer, lane, w);
		if (word)
			return w * 32 + (uint32_t)__builtin_ctz(word);
	}
	return M3_NIL;
}

int m3_death_waits(struct m3_region *r, uint32_t peer, uint32_t lane)
{
	return m3_peer(r, peer)->deaths != 0 && lane < M3_LANE_BULK &&
	       death_from(r, peer, lane, 0) != M3_NIL;
}

/* Does what the endpoint has said before still wait for its number? */
static int is_queued(struct m3_region *r, const struct m3_lane *l, int ep)
{
	uint32_t at, steps = 0;

	for (at = l->qhead; at < m3_blocks(r) && steps++ < m3_blocks(r);
	     at = m3_block(r, at)->next)
		if (m3_block(r, at)->record.src == ep)
			return 1;
	return 0;
}

/* Need slot i's death not be told any more? Somebody else is bound. */
static int is_over(struct m3_region *r, struct m3_peer *p, uint32_t i)
{
	const struct m3_slot *s = m3_slot(r, i);

	return bit_of(m3_peer_unheard(r, p), i) &&
	       !(s->rts & M3_RTS_SLOT_FREE) && s->binding != m3_more(r, i)->dead;
}

/* The slot whose death is told next, or M3_NIL. Commits what is over. */
static uint32_t next_death(struct m3_txn *t, uint32_t peer, uint32_t lane)
{
	struct m3_region *r = t->r;
	struct m3_peer *p = m3_peer(r, peer);
	uint32_t turn = (uint32_t)(p->lane[lane].next / M3_DEATH_TURN);
	uint32_t i, steps;

	for (steps = 0; steps < r->slots; steps++) {
		i = death_from(r, peer, lane, turn % r->bits_words);
		if (i >= r->slots || !m3_is_backed(r, i))
			break;
		if (!is_over(r, p, i))
			return i;
		settle_d(t, p, i);
		m3_commit(r);
	}
	return M3_NIL;
}

int m3_death_number_d(struct m3_txn *t, uint32_t peer, uint32_t lane,
		      uint32_t room)
{
	struct m3_region *r = t->r;
	struct m3_peer *p = m3_peer(r, peer);
	struct m3_lane *l = &p->lane[lane];
	struct m3_record *rec;
	uint32_t i;

	if (room < sizeof(*rec) ||
	    (l->qhead != M3_NIL && l->next % M3_DEATH_TURN))
		return 0;
	i = next_death(t, peer, lane);
	if (i == M3_NIL || is_queued(r, l, m3_endpoint_of(r, i)))
		return 0;
	/* What it has said in its former lane is not accepted yet. */
	if (m3_lane_d(t, peer, m3_endpoint_of(r, i)) != lane)
		return 0;
	rec = &m3_entry(p, lane, l->next)->record;
	__builtin_memset(rec, 0, sizeof(*rec));
	rec->length = sizeof(*rec);
	rec->kind = M3_REC_DEATH;
	rec->src = m3_endpoint_of(r, i);
	rec->dst = M3_NONE;
	rec->src_binding = m3_more(r, i)->dead;
	rec->src_node = (uint16_t)r->node;
	rec->dst_node = (uint16_t)peer;
	settle_d(t, p, i);
	return 1;
}

void m3_deaths_forget(struct m3_txn *t, uint32_t peer)
{
	struct m3_region *r = t->r;
	struct m3_peer *p = m3_peer(r, peer);
	uint32_t w;

	m3_set32(r, &p->deaths, 0);
	for (w = 0; w < r->bits_words; w++) {
		m3_set32(r, &m3_peer_known(p)[w], 0);
		m3_set32(r, &m3_peer_deaths(r, p)[w], 0);
		m3_set32(r, &m3_peer_unheard(r, p)[w], 0);
	}
	m3_commit(r);
}

/*
 * Did a life of slot `i` end here, and nobody is bound? It may still be the
 * sender of its notice; a node that gets that hears of the death behind it.
 */
static int has_ended(struct m3_region *r, uint32_t i)
{
	const struct m3_slot *s;

	if (i >= r->slots || !m3_is_backed(r, i) || !m3_more(r, i)->dead)
		return 0;
	s = m3_slot(r, i);
	return s->rts & M3_RTS_SLOT_FREE ||
	       (s->misc & M3_MF_KILLED && !(s->rts & M3_RTS_RMTOPER));
}

void m3_deaths_catch_up(struct m3_txn *t, uint32_t peer)
{
	struct m3_region *r = t->r;
	struct m3_peer *p = m3_peer(r, peer);
	uint32_t *deaths, *unheard, w, bit, fresh;

	for (w = 0; w < r->bits_words; w++) {
		deaths = &m3_peer_deaths(r, p)[w];
		unheard = &m3_peer_unheard(r, p)[w];
		for (fresh = 0, bit = 0; bit < 32; bit++)
			if (has_ended(r, w * 32 + bit))
				fresh |= 1u << bit;
		fresh &= ~*deaths;
		if (!fresh)
			continue;
		m3_set32(r, deaths, *deaths | fresh);
		m3_set32(r, unheard, *unheard | fresh);
		m3_set32(r, &p->deaths, p->deaths +
				m3_bits_set(fresh));
		m3_commit(r);
	}
}

void m3_death_put(struct m3_txn *t, uint32_t s)
{
	if (m3_slot(t->r, s)->automatic) {
		m3_slot_unbind(t, s);
		return;
	}
	m3_remote_ended(t, s);
	m3_remote_forget(t, s);
}
