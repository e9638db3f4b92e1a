// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Migration on one node (protocol 12, reference 4): an endpoint is frozen,
 * what is meant for it waits, and it goes on here or elsewhere. While it is
 * frozen nothing new is numbered for or from it:
 *
 * - a call to it waits in its caller's slot (WAITMIGR) and is made by the core
 *   when the endpoint goes on, without waking the caller;
 * - a record to it on another node (answer, notification, CANCEL) is parked in
 *   its block;
 * - its process gets nothing: a call of it that ends is held back, one that it
 *   makes waits, and its deadlines wait too.
 *
 * Every walk is a row of small transitions; whoever repeats the call goes on
 * where a killed process stopped.
 */
#include "core.h"

/* ------------------------------------------------ calls that wait */

void m3_migration_queue_d(struct m3_txn *t, uint32_t self, uint32_t e)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, self);
	struct m3_more *x = m3_more(r, e);
	uint32_t tail = x->waiters_tail - 1;

	m3_set32(r, &s->rts, s->rts | M3_RTS_WAITMIGR);
	m3_seti(r, &s->waitmigr, m3_endpoint_of(r, e));
	if (!x->waiters)
		m3_set32(r, &x->waiters, self + 1);
	else if (tail < r->slots)
		m3_set32(r, &m3_slot(r, tail)->qnext, self);
	m3_set32(r, &x->waiters_tail, self + 1);
}

void m3_migration_leave_d(struct m3_txn *t, uint32_t self)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, self);
	uint32_t e = m3_slot_of(r, s->waitmigr), at, before = M3_NIL, steps = 0;
	struct m3_more *x;

	m3_set32(r, &s->rts, s->rts & ~M3_RTS_WAITMIGR);
	m3_seti(r, &s->waitmigr, M3_NONE);
	if (e == M3_NIL || e == self)
		return;
	x = m3_more(r, e);
	for (at = x->waiters - 1; at < r->slots && at != self &&
				  steps++ < r->slots;
	     at = m3_slot(r, at)->qnext)
		before = at;
	if (at != self)
		return;
	if (before == M3_NIL)
		m3_set32(r, &x->waiters, s->qnext + 1);
	else
		m3_set32(r, &m3_slot(r, before)->qnext, s->qnext);
	if (x->waiters_tail == self + 1)
		m3_set32(r, &x->waiters_tail, before + 1);
	m3_set32(r, &s->qnext, M3_NIL);
}

int m3_migration_wait(struct m3_txn *t, uint32_t self, uint32_t op, uint32_t e,
		      const struct m3_message *m)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, self);

	if (m) {
		s->message = *m;
		s->message.source = m3_endpoint_of(r, self);
	}
	s->partner = e;
	if (op == M3_OP_VCOPY)
		m3_set64(r, &m3_transfer(r, self)->done, 0);
	m3_set64(r, &s->call, s->call + 1);
	m3_set32(r, &s->op, op);
	m3_migration_queue_d(t, self, e);
	m3_commit(r);
	return M3_BLOCK;
}

void m3_migration_aim_d(struct m3_txn *t, uint32_t self, uint32_t e,
			const struct m3_message *m)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, self);

	s->message = *m;
	s->message.source = m3_endpoint_of(r, self);
	m3_set32(r, &s->rts, s->rts & ~(M3_RTS_SENDING | M3_RTS_RECEIVING));
	m3_seti(r, &s->getfrom, M3_NONE);
	m3_migration_queue_d(t, self, e);
}

int m3_migration_pause(struct m3_txn *t, uint32_t self, uint32_t op)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, self);

	s->partner = M3_NIL;
	if (op == M3_OP_VCOPY)
		m3_set64(r, &m3_transfer(r, self)->done, 0);
	m3_set64(r, &s->call, s->call + 1);
	m3_set32(r, &s->op, op);
	m3_set32(r, &s->rts, s->rts | M3_RTS_WAITMIGR);
	m3_seti(r, &s->waitmigr, m3_endpoint_of(r, self));
	m3_commit(r);
	return M3_BLOCK;
}

/* An issued call whose callee does not have it waits again. */
void m3_migration_unsend_d(struct m3_txn *t, uint32_t self, uint32_t e)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, self);

	/* The message of a call that waits on another node is in its block. */
	s->message = m3_block(r, self)->body.message;
	m3_set32(r, &s->block_state, M3_BLOCK_FREE);
	m3_set32(r, &s->rts, s->rts & ~(M3_RTS_SENDING | M3_RTS_RECEIVING |
					M3_RTS_RMTOPER));
	m3_seti(r, &s->getfrom, M3_NONE);
	m3_seti(r, &s->sendto, M3_NONE);
	m3_migration_queue_d(t, self, e);
}

/* A waiting call ends: what was changed of it so far is undone. */
static void end_wait(struct m3_txn *t, uint32_t i, int result)
{
	m3_undo(t->r);
	m3_migration_leave_d(t, i);
	m3_finish_d(t, i, result);
	m3_commit(t->r);
}

/* Makes a waiting call, under the id that it has. */
static void restart(struct m3_txn *t, uint32_t i)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i);
	uint32_t op = s->op, handle = t->handle, e = m3_slot_of(r, s->waitmigr);
	struct m3_message m = s->message;
	int result, dst = s->waitmigr;

	/* Where a copy runs to is the caller's to say again. */
	if (op != M3_OP_SEND && op != M3_OP_SENDREC) {
		end_wait(t, i, -M3_EMIGRATE);
		return;
	}
	m3_migration_leave_d(t, i);
	if (op == M3_OP_SEND && e != M3_NIL &&
	    !(m3_slot(r, e)->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE)) &&
	    m3_willing(m3_slot(r, e), m3_endpoint_of(r, i), op)) {
		m3_deliver_d(t, e, m3_endpoint_of(r, i), &m);
		m3_finish_d(t, i, 0);
		m3_commit(r);
		return;
	}
	m3_set32(r, &s->op, M3_OP_NONE);
	m3_set64(r, &s->call, s->call - 1);
	t->handle = s->handle;
	result = op == M3_OP_SEND ? m3_msg_send(t, i, dst, &m, 1) :
				    m3_msg_sendrec(t, i, dst, &m, 1);
	t->handle = handle;
	if (result != M3_BLOCK)
		end_wait(t, i, result);
}

/* Makes the calls that wait for slot `e`, which is not frozen any more. */
static void restart_all(struct m3_txn *t, uint32_t e)
{
	struct m3_region *r = t->r;
	uint32_t at = m3_more(r, e)->waiters - 1, next, steps = 0;

	for (; at < r->slots && steps++ < r->slots; at = next) {
		next = m3_slot(r, at)->qnext;
		/* A frozen caller goes on when itself is thawed. */
		if (!(m3_slot(r, at)->rts & M3_RTS_MIGRATE))
			restart(t, at);
	}
}

/* ------------------------------------------------- freeze and thaw */

int m3_migration_start(struct m3_txn *t, int ep, int target, uint64_t txn)
{
	struct m3_region *r = t->r;
	uint32_t e = m3_slot_of(r, ep);
	struct m3_slot *s;
	struct m3_more *x;

	if (e == M3_NIL)
		return -M3_ERANGE;
	if (target < -1 || target >= (int)r->nodes || txn == 0)
		return txn ? -M3_EBADNODEID : -M3_EINVAL;
	s = m3_slot(r, e);
	if (m3_is_gone(s))
		return -M3_EDSTDIED;
	x = m3_more(r, e);
	if (s->rts & M3_RTS_MIGRATE)
		return x->migration == txn ? 0 : -M3_EMIGRATE;
	if (x->migrated == txn)
		return -M3_EPROCSTS;
	m3_set32(r, &s->rts, s->rts | M3_RTS_MIGRATE);
	m3_set64(r, &x->migration, txn);
	m3_set64(r, &x->frozen_at, r->losses);
	m3_seti(r, &x->target, target);
	m3_set32(r, &r->migrations, r->migrations + 1);
	m3_commit(r);
	return 0;
}

static int names(const struct m3_record *rec, int ep)
{
	return rec->kind != M3_REC_VOID && (rec->src == ep || rec->dst == ep);
}

/* Is a record to or from it queued, or numbered and not accepted yet? */
static int in_flight(struct m3_region *r, uint32_t node, int ep)
{
	struct m3_peer *p = m3_peer(r, node);
	uint32_t lane, at, steps = 0;
	uint64_t n;

	for (lane = M3_LANE_URGENT; lane < M3_LANES; lane++) {
		const struct m3_lane *l = &p->lane[lane];

		for (n = l->acked; n < l->next &&
				   n < l->acked + m3_window(lane); n++)
			if (names(&m3_entry(p, lane, n)->record, ep))
				return 1;
		for (at = l->qhead; lane != M3_LANE_BULK &&
				    at < m3_blocks(r) &&
				    steps++ < m3_blocks(r);
		     at = m3_block(r, at)->next)
			if (names(&m3_block(r, at)->record, ep))
				return 1;
	}
	return 0;
}

/* Of what was read from a caller nothing is left once it is all numbered. */
static int is_copying(const struct m3_transfer *x)
{
	return x->kind != M3_TRANSFER_NONE &&
	       (x->kind != M3_TRANSFER_SOURCE || x->done < x->bytes);
}

int m3_migration_quiet(struct m3_region *r, uint32_t e)
{
	const struct m3_slot *s = m3_slot(r, e);
	int ep = m3_endpoint_of(r, e);
	uint32_t i;

	if (s->rts & M3_RTS_ONCOPY ||
	    (r->migrations > 1 && m3_migration_has_parked(r, ep)))
		return 0;
	/* What it got before it was frozen is its process's to look at. */
	if (!(s->rts & M3_RTS_REMOTE) && s->op == M3_OP_NONE &&
	    s->waits != M3_WAITS_NONE)
		return 0;
	for (i = 0; i < m3_high(r); i++)
		if (!(m3_slot(r, i)->rts & M3_RTS_SLOT_FREE) &&
		    is_copying(m3_transfer(r, i)) &&
		    (i == e || m3_transfer(r, i)->party == ep))
			return 0;
	for (i = 0; i < m3_spanned(r); i++)
		if (i != r->node && *m3_spans(r, i) && in_flight(r, i, ep))
			return 0;
	return 1;
}

/* What its own process waits for, now that it may have it. */
static void own_call_d(struct m3_txn *t, uint32_t e)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, e);
	struct m3_more *x = m3_more(r, e);

	if (s->rts & M3_RTS_REMOTE)
		return;
	if (s->waitmigr == m3_endpoint_of(r, e)) {
		m3_migration_leave_d(t, e);
		m3_finish_d(t, e, -M3_EMIGRATE);
	} else if (x->resume && !(s->misc & M3_MF_RESUME)) {
		m3_set64(r, &x->resume, 0);
		m3_set32(r, &s->op, M3_OP_NONE);
		m3_wake_later(t, e);
	}
}

void m3_migration_thaw(struct m3_txn *t, uint32_t e)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, e);
	struct m3_more *x = m3_more(r, e);
	uint32_t other;

	m3_migration_release(t, e);
	if (s->rts & M3_RTS_MIGRATE) {
		m3_set32(r, &s->rts, s->rts & ~M3_RTS_MIGRATE);
		m3_set64(r, &x->migration, 0);
		m3_set32(r, &x->exported, 0);
		m3_set32(r, &r->migrations, r->migrations - 1);
		own_call_d(t, e);
		m3_commit(r);
	}
	restart_all(t, e);
	other = m3_slot_of(r, s->waitmigr);
	if (s->rts & M3_RTS_WAITMIGR && other != M3_NIL &&
	    !(m3_slot(r, other)->rts & M3_RTS_MIGRATE))
		restart(t, e);
}

/* Its node is lost: whoever was told to wait is told so. */
static void lost_ends(struct m3_txn *t, uint32_t e)
{
	m3_endpoint_lost(t, e);
	m3_migration_thaw(t, e);
	m3_set32(t->r, &m3_more(t->r, e)->lost, 0);
	m3_commit(t->r);
}

/*
 * Nothing is undecided from here on. Who is killed behind the first transition
 * leaves `lost`: the next to take the lock goes on.
 */
void m3_migration_strand(struct m3_txn *t, uint32_t e)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, e);
	struct m3_more *x = m3_more(r, e);

	if (s->rts & M3_RTS_MIGRATE) {
		m3_set32(r, &s->rts, s->rts & ~M3_RTS_MIGRATE);
		m3_set64(r, &x->migration, 0);
		m3_set32(r, &x->exported, 0);
		m3_set32(r, &r->migrations, r->migrations - 1);
		m3_commit(r);
	}
	lost_ends(t, e);
}

int m3_migration_rollback(struct m3_txn *t, int ep, uint64_t txn)
{
	struct m3_region *r = t->r;
	uint32_t e = m3_slot_of(r, ep);
	struct m3_slot *s;
	struct m3_more *x;

	if (e == M3_NIL)
		return -M3_ERANGE;
	s = m3_slot(r, e);
	/* It was never bound here: there is nothing to undo. */
	if (!m3_is_backed(r, e))
		return 0;
	x = m3_more(r, e);
	if (x->migrated == txn)
		return -M3_EPROCSTS;
	if (s->rts & M3_RTS_MIGRATE && x->migration != txn)
		return -M3_EMIGRATE;
	if (x->lost)
		m3_migration_strand(t, e);
	else
		m3_migration_thaw(t, e);
	return 0;
}

void m3_migration_lost(struct m3_txn *t, uint32_t e)
{
	struct m3_region *r = t->r;

	if (m3_slot(r, e)->block_state == M3_BLOCK_QUEUED)
		m3_block_unqueue_d(t, e);
	m3_set32(r, &m3_more(r, e)->lost, 1);
	m3_commit(r);
}

void m3_migration_die(struct m3_txn *t, uint32_t e)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, e);
	struct m3_more *x = m3_more(r, e);
	uint32_t i, steps = 0;

	while (x->parked && x->parked <= m3_blocks(r) &&
	       steps++ < m3_blocks(r)) {
		m3_migration_drop_d(t, x->parked - 1);
		m3_commit(r);
	}
	for (steps = 0; x->waiters && steps < r->slots; steps++) {
		i = x->waiters - 1;
		if (i >= r->slots)
			break;
		end_wait(t, i, -M3_EDSTDIED);
	}
	if (s->rts & M3_RTS_MIGRATE)
		m3_set32(r, &r->migrations, r->migrations - 1);
	m3_set32(r, &s->rts, s->rts & ~M3_RTS_MIGRATE);
	m3_set32(r, &s->misc, s->misc & ~M3_MF_RESUME);
	m3_set64(r, &x->migration, 0);
	m3_set64(r, &x->resume, 0);
	m3_set32(r, &x->exported, 0);
	m3_set32(r, &x->lost, 0);
	m3_set32(r, &x->adopt, 0);
	/* Its own process waited for the end of that too. */
	if (s->waitmigr == m3_endpoint_of(r, e)) {
		m3_migration_leave_d(t, e);
		m3_finish_d(t, e, -M3_ESHUTDOWN);
	}
	m3_commit(r);
}

void m3_migration_repair(struct m3_txn *t)
{
	struct m3_region *r = t->r;
	uint32_t e;

	for (e = 0; e < m3_high(r); e++) {
		if (!m3_is_backed(r, e) ||
		    m3_slot(r, e)->rts & M3_RTS_MIGRATE)
			continue;
		if (m3_more(r, e)->lost)
			lost_ends(t, e);
		else if (m3_more(r, e)->waiters)
			restart_all(t, e);
	}
}
