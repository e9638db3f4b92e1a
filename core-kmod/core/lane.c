// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Which message lane an endpoint's records take to a peer: the one that the
 * QoS table names. All records of an endpoint use one lane, whomever they are
 * for: so what a pair says stays in order, and so do an endpoint's last words,
 * its DEATH, and the first words of its next life (protocol 1).
 *
 * When the table changes an endpoint goes on in its former lane until the peer
 * has accepted all of its records there. A lane that may hold such records is
 * marked (`strays`): only then they are looked for.
 */
#include "core.h"

#define M3_OTHER_LANE(lane) (M3_LANE_URGENT + M3_LANE_NORMAL - (lane))

/* The lane that the table names for an endpoint, of this DC or not. */
static uint32_t table_lane(struct m3_region *r, int ep)
{
	uint32_t i = m3_slot_of(r, ep);

	return i != M3_NIL && r->urgent[i / 32] >> (i & 31) & 1 ?
		       M3_LANE_URGENT : M3_LANE_NORMAL;
}

/* What m3_lane_d() has to know of each record that a lane holds. */
struct search {
	struct m3_region *r;
	uint32_t lane;
	int ep;
	int found; /* a record of it */
	int strays; /* a record whose endpoint has another lane */
};

static void look(struct search *s, const struct m3_record *rec)
{
	s->found |= rec->src == s->ep;
	/* What is said in the name of no endpoint of the DC has no order. */
	s->strays |= m3_slot_of(s->r, rec->src) != M3_NIL &&
		     table_lane(s->r, rec->src) != s->lane;
}

/* All that is queued, or numbered and not accepted yet. A VOID counts. */
static void look_through(struct search *s, struct m3_peer *p)
{
	const struct m3_lane *l = &p->lane[s->lane];
	uint32_t at, blocks = m3_blocks(s->r), steps = 0;
	uint64_t n;

	for (n = l->acked; n < l->next && n < l->acked + M3_WINDOW; n++)
		look(s, &m3_entry(p, s->lane, n)->record);
	for (at = l->qhead; at < blocks && steps++ < blocks;
	     at = m3_block(s->r, at)->next)
		look(s, &m3_block(s->r, at)->record);
}

uint32_t m3_lane_d(struct m3_txn *t, uint32_t peer, int ep)
{
	struct m3_region *r = t->r;
	struct m3_peer *p = m3_peer(r, peer);
	uint32_t lane = table_lane(r, ep);
	struct search s = { r, M3_OTHER_LANE(lane), ep, 0, 0 };

	if (!p->lane[s.lane].strays)
		return lane;
	look_through(&s, p);
	if (s.found)
		return s.lane;
	m3_set32(r, &p->lane[s.lane].strays, (uint32_t)s.strays);
	return lane;
}

static int holds_records(const struct m3_lane *l)
{
	return l->acked != l->next || l->qhead != M3_NIL;
}

void m3_lanes_set(struct m3_txn *t, const struct m3_lanes *lanes)
{
	struct m3_region *r = t->r;
	uint32_t n, lane, w;
	struct m3_lane *l;

	for (n = 0; n < m3_spanned(r); n++) {
		for (lane = M3_LANE_URGENT; lane < M3_LANE_BULK; lane++) {
			if (n == r->node || !*m3_spans(r, n))
				continue;
			l = &m3_peer(r, n)->lane[lane];
			if (holds_records(l))
				m3_set32(r, &l->strays, 1);
		}
		m3_commit(r);
	}
	for (w = 0; w < r->bits_words; w++)
		m3_set32(r, &r->urgent[w],
			 (uint32_t)(lanes->urgent[w / 2] >> w % 2 * 32));
	m3_commit(r);
}

int m3_lane_is_sane(struct m3_region *r, uint32_t peer, uint32_t lane)
{
	struct m3_peer *p = m3_peer(r, peer);
	struct search s = { r, lane, M3_NONE, 0, 0 };

	if (!p->lane[lane].strays)
		look_through(&s, p);
	return !s.strays;
}
