// SPDX-License-Identifier: MIT OR GPL-2.0
/* A peer node as one DC sees it: membership, attachment, opening, loss. */
#include "core.h"

static void lane_restart_d(struct m3_txn *t, struct m3_peer *p, uint32_t lane)
{
	struct m3_lane *l = &p->lane[lane];

	m3_set64(t->r, &l->next, 1);
	m3_set64(t->r, &l->acked, 1);
	m3_set64(t->r, &l->cursor, 1);
	m3_set64(t->r, &l->grant, 0);
	m3_set64(t->r, &l->expected, 1);
}

int m3_peer_add(struct m3_txn *t, uint32_t node)
{
	struct m3_region *r = t->r;
	struct m3_peer *p;
	uint32_t lane;

	if (node >= r->nodes || node == r->node)
		return -M3_EBADNODEID;
	if (*m3_spans(r, node))
		return -M3_EDCNODE;
	p = m3_peer(r, node);
	for (lane = 0; lane < M3_LANES; lane++) {
		lane_restart_d(t, p, lane);
		m3_set32(r, &p->lane[lane].qhead, M3_NIL);
		m3_set32(r, &p->lane[lane].qtail, M3_NIL);
		m3_set32(r, &p->lane[lane].queued, 0);
	}
	/* Of its former life m3_peer_lost() has left nothing else. */
	m3_set32(r, &p->lives, p->lives + 1);
	m3_set32(r, &p->open, 0);
	m3_set32(r, &p->given_up, 0);
	m3_set32(r, m3_spans(r, node), 1);
	if (node >= r->spanned)
		m3_set32(r, &r->spanned, node + 1);
	m3_commit(r);
	return 0;
}

int m3_peer_del(struct m3_txn *t, uint32_t node)
{
	struct m3_region *r = t->r;
	uint32_t i;

	if (node >= r->nodes || node == r->node)
		return -M3_EBADNODEID;
	if (!*m3_spans(r, node))
		return -M3_EDCNODE;
	m3_peer_lost(t, node);
	for (i = 0; i < m3_high(r); i++)
		if (m3_slot(r, i)->rts & M3_RTS_REMOTE &&
		    m3_slot(r, i)->node == node)
			m3_slot_unbind(t, i);
	m3_set32(r, m3_spans(r, node), 0);
	for (i = m3_spanned(r); i && !*m3_spans(r, i - 1);)
		i--;
	m3_set32(r, &r->spanned, i);
	m3_commit(r);
	return 0;
}

uint32_t m3_peer_attach(struct m3_txn *t, uint32_t node)
{
	struct m3_peer *p = m3_peer(t->r, node);

	m3_set32(t->r, &p->token, p->token + 1);
	m3_set32(t->r, &p->served, 1);
	m3_set32(t->r, &p->open, 0);
	m3_set32(t->r, &p->given_up, 0);
	m3_commit(t->r);
	return p->token;
}

void m3_peer_disconnect(struct m3_txn *t, uint32_t node)
{
	m3_set32(t->r, &m3_peer(t->r, node)->open, 0);
	m3_commit(t->r);
}

int m3_peer_open(struct m3_txn *t, uint32_t node, struct m3_dc_open *open)
{
	struct m3_region *r = t->r;
	struct m3_peer *p = m3_peer(r, node);
	uint32_t i;

	if (!*m3_spans(r, node))
		return -M3_ENODCNODE;
	__builtin_memset(open, 0, sizeof(*open));
	open->dc = r->dc;
	open->endpoints = r->tasks << 16 | r->procs;
	open->incarnation = m3_incarnation(r, p);
	open->peer_incarnation = p->incarnation;
	for (i = 0; i < M3_LANES; i++) {
		open->expected[i] = p->lane[i].expected;
		open->grant[i] = p->lane[i].expected + m3_window(i) - 1;
	}
	__builtin_memcpy(open->name, r->name, M3_NAME_BYTES);
	return 0;
}

/* Whom local slot `i` waits for, if it is one process; else M3_NIL. */
static uint32_t callee(struct m3_region *r, uint32_t i)
{
	const struct m3_slot *s = m3_slot(r, i);

	if (s->op == M3_OP_NONE || s->rts & M3_RTS_WAITMIGR)
		return M3_NIL;
	if (s->op == M3_OP_VCOPY)
		return m3_slot_of(r, m3_transfer(r, i)->party);
	if (s->rts & M3_RTS_RMTOPER)
		return m3_slot_of(r, s->sendto);
	return s->getfrom == M3_ANY ? M3_NIL : m3_slot_of(r, s->getfrom);
}

int m3_call_left(struct m3_region *r, uint32_t i)
{
	const struct m3_transfer *x = m3_transfer(r, i);

	return m3_slot(r, i)->block_state == M3_BLOCK_NUMBERED ||
	       (x->kind == M3_TRANSFER_PUSH && x->done > 0);
}

/* A local call aimed at a lost node. */
static void call_lost(struct m3_txn *t, uint32_t i, uint32_t node)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i);
	uint32_t d = callee(r, i);
	int left;

	if (d == M3_NIL || !(m3_slot(r, d)->rts & M3_RTS_REMOTE) ||
	    m3_slot(r, d)->node != node || m3_migration_undecided(r, i, d))
		return;
	left = m3_call_left(r, i);
	/* Nothing can be told to that core any more: no VOID, no CANCEL. */
	if (s->block_state == M3_BLOCK_NUMBERED)
		m3_set32(r, &s->block_state, M3_BLOCK_FREE);
	m3_call_abort_d(t, i, left ? -M3_EUNKNOWN : -M3_ENODEDOWN);
	m3_commit(r);
}

void m3_remote_forget(struct m3_txn *t, uint32_t i)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i);
	uint32_t owner = m3_slot_of(r, s->sendto);

	m3_grants_end(t, i);
	if (s->rts & M3_RTS_SENDING && owner != M3_NIL)
		m3_unqueue_d(t, owner, i);
	m3_block_unqueue_d(t, i);
	m3_set32(r, &s->rts, M3_RTS_REMOTE);
	m3_seti(r, &s->getfrom, M3_NONE);
	m3_seti(r, &s->sendto, M3_NONE);
	m3_set64(r, &s->binding, 0);
	m3_set64(r, &s->call, 0);
	m3_set64(r, &s->refused_transfer, 0);
	m3_commit(r);
	m3_bind_over(t, i);
}

/* CANCELs and notifications that wait for it. */
static void blocks_lost(struct m3_txn *t, struct m3_peer *p)
{
	uint32_t lane, steps = 0, b;

	for (lane = M3_LANE_URGENT; lane < M3_LANE_BULK; lane++)
		while ((b = p->lane[lane].qhead) < m3_blocks(t->r) &&
		       steps++ < m3_blocks(t->r)) {
			m3_block_unqueue_d(t, b);
			if (b < 2 * t->r->slots)
				m3_block_freed_d(t, b);
			m3_commit(t->r);
		}
}

void m3_endpoint_lost(struct m3_txn *t, uint32_t e)
{
	struct m3_region *r = t->r;
	uint32_t i;

	if (!(m3_slot(r, e)->rts & M3_RTS_REMOTE))
		return;
	for (i = 0; i < m3_high(r); i++)
		if (!(m3_slot(r, i)->rts &
		      (M3_RTS_SLOT_FREE | M3_RTS_REMOTE)) &&
		    callee(r, i) == e)
			call_lost(t, i, m3_slot(r, e)->node);
	m3_remote_forget(t, e);
}

void m3_peer_lost(struct m3_txn *t, uint32_t node)
{
	struct m3_region *r = t->r;
	struct m3_peer *p = m3_peer(r, node);
	uint32_t i, lane;

	for (i = 0; i < m3_high(r); i++)
		if (!(m3_slot(r, i)->rts &
		      (M3_RTS_SLOT_FREE | M3_RTS_REMOTE)))
			call_lost(t, i, node);
	for (i = 0; i < m3_high(r); i++) {
		struct m3_transfer *x;

		if (m3_slot(r, i)->rts & M3_RTS_SLOT_FREE)
			continue;
		x = m3_transfer(r, i);
		if (x->kind != M3_TRANSFER_NONE && x->peer == node) {
			m3_transfer_stop_d(t, i);
			m3_commit(r);
		}
		if (!(m3_slot(r, i)->rts & M3_RTS_REMOTE) ||
		    m3_slot(r, i)->node != node)
			continue;
		if (m3_slot(r, i)->rts & M3_RTS_MIGRATE)
			m3_migration_lost(t, i);
		else if (m3_slot(r, i)->automatic)
			m3_slot_unbind(t, i);
		else
			m3_remote_forget(t, i);
	}
	blocks_lost(t, p);
	m3_deaths_forget(t, node);
	m3_set64(r, &r->losses, r->losses + 1);
	m3_set64(r, &p->lost_at, r->losses);
	m3_set32(r, &p->notifies, 0);
	for (lane = 0; lane < M3_LANES; lane++)
		lane_restart_d(t, p, lane);
	m3_set64(r, &p->incarnation, 0);
	m3_commit(r);
}

static int same_dc(const struct m3_region *r, const struct m3_dc_open *open)
{
	uint32_t i;

	if (open->dc != r->dc || open->endpoints != (r->tasks << 16 | r->procs))
		return 0;
	for (i = 0; i < M3_NAME_BYTES; i++)
		if (open->name[i] != r->name[i])
			return 0;
	return 1;
}

/* Nothing has been accepted either way in the present numbering space. */
static int untouched(const struct m3_peer *p)
{
	uint32_t i;

	for (i = 0; i < M3_LANES; i++)
		if (p->lane[i].acked != 1 || p->lane[i].expected != 1)
			return 0;
	return 1;
}

static int expected_sane(const struct m3_peer *p, const struct m3_dc_open *open)
{
	uint32_t i;

	for (i = 0; i < M3_LANES; i++)
		if (open->expected[i] < p->lane[i].acked ||
		    open->expected[i] > p->lane[i].next)
			return 0;
	return 1;
}

int m3_peer_opened(struct m3_txn *t, uint32_t node,
		   const struct m3_dc_open *open)
{
	struct m3_region *r = t->r;
	struct m3_peer *p = m3_peer(r, node);
	uint32_t i;
	int mine;

	if (!*m3_spans(r, node))
		return -M3_ENODCNODE;
	if (!open->incarnation || !same_dc(r, open)) {
		/* The life that it had is over (protocol 6). */
		if (p->incarnation && p->incarnation != open->incarnation)
			m3_peer_lost(t, node);
		m3_peer_disconnect(t, node);
		return open->incarnation ? -M3_EBADVALUE : 0;
	}
	mine = open->peer_incarnation == m3_incarnation(r, p);
	/* The space belongs to the pair of incarnations (protocol 10). Where
	 * the peer has not yet learned ours, it has accepted nothing of it. */
	if (p->incarnation && (p->incarnation != open->incarnation ||
			       (!mine && !untouched(p))))
		m3_peer_lost(t, node);
	if (p->incarnation && mine && !expected_sane(p, open))
		return -M3_EPROTO;
	if (!p->incarnation)
		m3_deaths_catch_up(t, node);
	for (i = 0; i < M3_LANES; i++) {
		struct m3_lane *l = &p->lane[i];
		uint64_t from = p->incarnation && mine ? open->expected[i] : 1;

		m3_set64(r, &l->acked, from);
		m3_set64(r, &l->cursor, from);
		m3_set64(r, &l->grant, p->incarnation && mine ?
			 open->grant[i] : m3_window(i));
	}
	m3_set64(r, &p->incarnation, open->incarnation);
	m3_set32(r, &p->open, 1);
	m3_set32(r, &p->given_up, 0);
	m3_ring_later(t, node);
	m3_commit(r);
	return 0;
}

uint32_t m3_peer_queues(struct m3_region *r, uint32_t node)
{
	struct m3_peer *p = m3_peer(r, node);
	uint32_t i, lanes = 0;

	if (!*m3_spans(r, node) || !p->open)
		return 0;
	for (i = M3_LANE_URGENT; i < M3_LANES; i++) {
		struct m3_lane *l = &p->lane[i];

		if (l->cursor < l->next ||
		    ((l->qhead != M3_NIL || m3_death_waits(r, node, i)) &&
		     l->next <= l->grant &&
		     l->next - l->acked < m3_window(i)))
			lanes |= 1u << i;
	}
	return lanes;
}
