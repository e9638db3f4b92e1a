// SPDX-License-Identifier: MIT OR GPL-2.0
/* Rendezvous: send, receive, sendrec, and how they end (reference 1.1). */
#include "core.h"

int m3_willing(const struct m3_slot *d, int src, uint32_t op)
{
	if (d->op == M3_OP_RCVRQST && op != M3_OP_SENDREC)
		return 0;
	return (d->rts & (M3_RTS_RECEIVING | M3_RTS_SENDING)) ==
		       M3_RTS_RECEIVING &&
	       (d->getfrom == M3_ANY || d->getfrom == src);
}

int m3_awaits(const struct m3_slot *c, int ep)
{
	return (c->rts & (M3_RTS_RECEIVING | M3_RTS_SENDING)) ==
		       M3_RTS_RECEIVING && c->getfrom == ep;
}

void m3_deliver_d(struct m3_txn *t, uint32_t d, int src,
		  const struct m3_message *m)
{
	struct m3_slot *s = m3_slot(t->r, d);

	s->message = *m;
	s->message.source = src;
	m3_transfer_stop_d(t, d);
	m3_finish_d(t, d, 0);
}

void m3_enqueue_d(struct m3_txn *t, uint32_t d, uint32_t s)
{
	struct m3_region *r = t->r;
	struct m3_slot *o = m3_slot(r, d), *q = m3_slot(r, s);
	uint32_t tail = o->qtail;

	if (o->qhead == M3_NIL)
		m3_set32(r, &o->qhead, s);
	else if (tail < r->slots)
		m3_set32(r, &m3_slot(r, tail)->qnext, s);
	m3_set32(r, &o->qtail, s);
	m3_set32(r, &q->rts, q->rts | M3_RTS_SENDING);
	m3_seti(r, &q->sendto, m3_endpoint_of(r, d));
	m3_input_later(t, d);
}

/* The slot of a destination, or an error; `gone` if nobody is bound to it. */
static int destination(struct m3_txn *t, uint32_t self, int dst, int gone,
		       uint32_t *d)
{
	*d = m3_slot_of(t->r, dst);
	if (*d == M3_NIL)
		return -M3_ERANGE;
	if (*d == self)
		return -M3_EENDPOINT;
	return m3_is_gone(m3_slot(t->r, *d)) ? gone : 0;
}

int m3_aim(struct m3_txn *t, uint32_t self, uint32_t call, int dst, int gone,
	   uint32_t *d)
{
	int e = m3_caller(t, self, call);

	if (!e)
		e = destination(t, self, dst, gone, d);
	/* Who may not aim there is not told whether it is bound. */
	if ((!e || e == gone) && !m3_may_aim(t->r, self, *d))
		return -M3_ETRAPDENIED;
	return e;
}

static void call_open_d(struct m3_txn *t, uint32_t self, uint32_t op,
			uint32_t partner)
{
	struct m3_slot *s = m3_slot(t->r, self);

	s->partner = partner;
	m3_set64(t->r, &s->call, s->call + 1);
	m3_set32(t->r, &s->op, op);
}

/* A send to a client that waits for our reply answers its call (protocol 7). */
void m3_settle_debt_d(struct m3_txn *t, uint32_t self, uint32_t d)
{
	struct m3_slot *c = m3_slot(t->r, d);

	if (c->rts & M3_RTS_REMOTE &&
	    m3_awaits(c, m3_endpoint_of(t->r, self))) {
		m3_block(t->r, self)->record.transfer = c->call;
		m3_set32(t->r, &c->rts, c->rts & ~M3_RTS_RECEIVING);
		m3_seti(t->r, &c->getfrom, M3_NONE);
	}
}

/*
 * A send that was an answer ends early: the client may still wait, so that a
 * reply is possible again. Its core drops it if the send did get there.
 */
void m3_restore_debt_d(struct m3_txn *t, uint32_t self)
{
	struct m3_region *r = t->r;
	struct m3_record *rec = &m3_block(r, self)->record;
	uint32_t d = m3_slot_of(r, rec->dst);
	struct m3_slot *c;

	if ((rec->kind != M3_REC_SEND && rec->kind != M3_REC_SENDREC) ||
	    !rec->transfer || d == M3_NIL)
		return;
	c = m3_slot(r, d);
	if (!(c->rts & M3_RTS_REMOTE) || m3_generation_of(c->binding) !=
					 m3_generation_of(rec->dst_binding) ||
	    c->call != rec->transfer ||
	    c->rts & (M3_RTS_SENDING | M3_RTS_RECEIVING))
		return;
	m3_set32(r, &c->rts, c->rts | M3_RTS_RECEIVING);
	m3_seti(r, &c->getfrom, m3_endpoint_of(r, self));
}

/* Whom a process waits for, as far as this core knows; M3_NIL: nobody. */
static uint32_t waits_for(const struct m3_region *r, const struct m3_slot *s)
{
	if (!(s->rts & M3_RTS_REMOTE) &&
	    ((s->op != M3_OP_SEND && s->op != M3_OP_SENDREC) ||
	     s->rts & M3_RTS_RMTOPER))
		return M3_NIL;
	if (s->rts & M3_RTS_SENDING)
		return m3_slot_of(r, s->sendto);
	return s->rts & M3_RTS_RECEIVING ? m3_slot_of(r, s->getfrom) : M3_NIL;
}

int m3_closes_circle(struct m3_region *r, uint32_t self, uint32_t d,
		     uint32_t op)
{
	uint32_t steps = 0;

	if (m3_willing(m3_slot(r, d), m3_endpoint_of(r, self), op))
		return 0;
	while (d < r->slots && d != self && steps++ < r->slots)
		d = waits_for(r, m3_slot(r, d));
	return d == self;
}

int m3_msg_send(struct m3_txn *t, uint32_t self, int dst,
		const struct m3_message *m, int wait)
{
	struct m3_region *r = t->r;
	struct m3_slot *s, *d;
	uint32_t to;
	int e = m3_aim(t, self, M3_CALL_SEND, dst, -M3_EDSTDIED, &to);

	if (e)
		return e;
	s = m3_slot(r, self);
	d = m3_slot(r, to);
	if (wait && m3_closes_circle(r, self, to, M3_OP_SEND))
		return -M3_ELOCKED;
	if (d->rts & M3_RTS_MIGRATE)
		return wait ? m3_migration_wait(t, self, M3_OP_SEND, to, m) :
			      -M3_EAGAIN;
	if (d->rts & M3_RTS_REMOTE) {
		if (!wait)
			return -M3_EAGAIN;
		call_open_d(t, self, M3_OP_SEND, to);
		e = m3_call_queue_d(t, self, to, M3_REC_SEND, m);
		if (e) {
			m3_undo(r);
			return e;
		}
		s->remote_sent++;
		m3_commit(r);
		return M3_BLOCK;
	}
	if (m3_willing(d, m3_endpoint_of(r, self), M3_OP_SEND)) {
		d->partner = self;
		s->partner = to;
		m3_deliver_d(t, to, m3_endpoint_of(r, self), m);
		s->local_sent++;
		m3_commit(r);
		return 0;
	}
	if (!wait)
		return -M3_EAGAIN;
	s->message = *m;
	s->message.source = m3_endpoint_of(r, self);
	call_open_d(t, self, M3_OP_SEND, to);
	m3_enqueue_d(t, to, self);
	s->local_sent++;
	m3_commit(r);
	return M3_BLOCK;
}

int m3_request_aim_d(struct m3_txn *t, uint32_t self, uint32_t to,
		     const struct m3_message *m)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, self), *d = m3_slot(r, to);
	int e;

	s->partner = to;
	if (d->rts & M3_RTS_MIGRATE) {
		m3_migration_aim_d(t, self, to, m);
		return 0;
	}
	m3_set32(r, &s->rts, s->rts | M3_RTS_RECEIVING);
	m3_seti(r, &s->getfrom, m3_endpoint_of(r, to));
	if (d->rts & M3_RTS_REMOTE) {
		e = m3_call_queue_d(t, self, to, M3_REC_SENDREC, m);
		if (e)
			return e;
		s->remote_sent++;
		return 0;
	}
	if (m3_willing(d, m3_endpoint_of(r, self), M3_OP_SENDREC)) {
		d->partner = self;
		m3_deliver_d(t, to, m3_endpoint_of(r, self), m);
	} else {
		s->message = *m;
		s->message.source = m3_endpoint_of(r, self);
		m3_enqueue_d(t, to, self);
	}
	s->local_sent++;
	return 0;
}

int m3_msg_sendrec(struct m3_txn *t, uint32_t self, int dst,
		   const struct m3_message *m, int wait)
{
	struct m3_region *r = t->r;
	uint32_t to;
	int e = m3_aim(t, self, M3_CALL_SENDREC, dst, -M3_EDEADSRCDST, &to);

	if (!e && !wait)
		e = -M3_EAGAIN;
	if (e)
		return e;
	if (m3_closes_circle(r, self, to, M3_OP_SENDREC))
		return -M3_ELOCKED;
	call_open_d(t, self, M3_OP_SENDREC, to);
	e = m3_request_aim_d(t, self, to, m);
	if (e) {
		m3_undo(r);
		return e;
	}
	m3_commit(r);
	return M3_BLOCK;
}

/* Takes the message of queued sender `q`; a sendrec waits on for its reply. */
static void take_message(struct m3_txn *t, uint32_t self, uint32_t q,
			 struct m3_message *m)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, q);

	*m = s->message;
	m3_unqueue_d(t, self, q);
	if (s->rts & M3_RTS_RECEIVING) {
		m3_set32(r, &s->rts, s->rts & ~M3_RTS_SENDING);
		m3_seti(r, &s->sendto, M3_NONE);
	} else if (s->rts & M3_RTS_REMOTE) {
		m3_answer_d(t, self, q, M3_REC_SEND_ACK, 0, NULL);
	} else {
		m3_finish_d(t, q, 0);
	}
	m3_slot(r, self)->partner = q;
	m3_commit(r);
}

static int source_check(struct m3_txn *t, uint32_t self, int src,
			uint32_t *only)
{
	struct m3_slot *s;
	int e;

	*only = M3_NIL;
	if (src == M3_ANY)
		return 0;
	e = destination(t, self, src, -M3_ESRCDIED, only);
	s = e == -M3_ESRCDIED ? m3_slot(t->r, *only) : NULL;
	/* The notice of a death is a message of the dead. */
	return s && s->misc & M3_MF_KILLED &&
	       s->sendto == m3_endpoint_of(t->r, self) ? 0 : e;
}

/* The first queued sender whose message the call takes, or M3_NIL. */
static uint32_t first_sender(struct m3_region *r, uint32_t self, uint32_t op,
			     uint32_t only)
{
	uint32_t q, steps = 0;

	for (q = m3_slot(r, self)->qhead; q < r->slots && steps++ < r->slots;
	     q = m3_slot(r, q)->qnext) {
		if (op == M3_OP_RCVRQST &&
		    !(m3_slot(r, q)->rts & M3_RTS_RECEIVING))
			continue;
		if (only == M3_NIL || only == q)
			return q;
	}
	return M3_NIL;
}

/* Can a message of slot `i` come? Of who is frozen nobody knows from where. */
static int source_reachable(struct m3_region *r, uint32_t i)
{
	const struct m3_slot *s = m3_slot(r, i);

	if (!(s->rts & M3_RTS_REMOTE) || s->rts & M3_RTS_MIGRATE)
		return 0;
	return m3_peer_reachable(r, s->node);
}

static int receive(struct m3_txn *t, uint32_t self, uint32_t op, int src,
		   struct m3_message *m, int wait)
{
	struct m3_region *r = t->r;
	struct m3_slot *s;
	uint32_t only, q;
	int e = m3_caller(t, self, op == M3_OP_RCVRQST ? M3_CALL_RCVRQST :
							 M3_CALL_RECEIVE);

	if (!e)
		e = source_check(t, self, src, &only);
	if (e)
		return e;
	s = m3_slot(r, self);
	if (src == M3_ANY && s->misc & M3_MF_WOKENUP) {
		m3_set32(r, &s->misc, s->misc & ~M3_MF_WOKENUP);
		m3_commit(r);
		return -M3_EWOKENUP;
	}
	if (op == M3_OP_RECEIVE && s->notifies &&
	    m3_notification_take(t, self, only, m))
		return 0;
	q = first_sender(r, self, op, only);
	if (q != M3_NIL) {
		take_message(t, self, q, m);
		return 0;
	}
	if (!wait)
		return -M3_EAGAIN;
	e = only == M3_NIL ? 0 : source_reachable(r, only);
	if (e)
		return e;
	call_open_d(t, self, op, only == M3_NIL ? s->partner : only);
	m3_seti(r, &s->getfrom, src);
	m3_set32(r, &s->rts, M3_RTS_RECEIVING);
	m3_commit(r);
	return M3_BLOCK;
}

int m3_msg_receive(struct m3_txn *t, uint32_t self, int src,
		   struct m3_message *m, int wait)
{
	return receive(t, self, M3_OP_RECEIVE, src, m, wait);
}

int m3_msg_rcvrqst(struct m3_txn *t, uint32_t self, struct m3_message *m,
		   int wait)
{
	return receive(t, self, M3_OP_RCVRQST, M3_ANY, m, wait);
}

int m3_msg_waiting(struct m3_region *r, uint32_t self)
{
	struct m3_slot *s = m3_slot(r, self);

	return s->notifies || s->qhead != M3_NIL || s->misc & M3_MF_WOKENUP;
}

/* A numbered call that ends early: its entry is void, a CANCEL follows. */
static void cancel_numbered_d(struct m3_txn *t, uint32_t self)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, self);
	struct m3_record *call = &m3_block(r, self)->record;
	uint32_t node = call->dst_node, b = r->slots + self;
	uint32_t lane = s->call_lane;
	struct m3_peer *p;
	struct m3_entry *e;

	m3_set32(r, &s->block_state, M3_BLOCK_FREE);
	if (node >= r->nodes || !*m3_spans(r, node) ||
	    lane <= M3_LANE_CONTROL || lane >= M3_LANE_BULK)
		return;
	p = m3_peer(r, node);
	e = m3_entry(p, lane, s->call_number);
	if (s->call_number >= p->lane[lane].acked &&
	    s->call_number < p->lane[lane].next) {
		/* Kind and flags share a word; length and number stay. */
		m3_set32(r, (uint32_t *)(void *)&e->record.kind, M3_REC_VOID);
		r->counts.voided++;
	}
	/* A CANCEL to a node that is cut off still waits: the call's block. */
	if (*m3_block_state(r, b) != M3_BLOCK_FREE) {
		b = self;
		m3_block_note_d(t, b);
	}
	m3_block(r, b)->record = *call;
	m3_block(r, b)->record.kind = M3_REC_CANCEL;
	m3_block(r, b)->record.call = s->call;
	m3_block(r, b)->record.length = sizeof(struct m3_record);
	m3_block_queue_d(t, b, node);
}

void m3_call_abort_d(struct m3_txn *t, uint32_t self, int result)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, self);
	uint32_t to;

	if (s->op == M3_OP_NONE)
		return;
	/* What the far core has applied of a push is not known. */
	if (m3_transfer(r, self)->kind == M3_TRANSFER_PUSH)
		m3_set64(r, &m3_transfer(r, self)->done, 0);
	m3_transfer_abort_d(t, self, result == -M3_ESHUTDOWN ? -M3_ESRCDIED :
							       -M3_EPROCSTS);
	if (s->rts & M3_RTS_WAITMIGR) {
		m3_migration_leave_d(t, self);
		m3_finish_d(t, self, result);
		return;
	}
	if (s->rts & M3_RTS_RMTOPER) {
		if (s->op != M3_OP_VCOPY)
			m3_restore_debt_d(t, self);
		if ((s->block_state == M3_BLOCK_QUEUED ||
		     s->block_state == M3_BLOCK_PARKED) &&
		    m3_block(t->r, self)->record.kind != M3_REC_CANCEL)
			m3_block_unqueue_d(t, self);
		else if (s->block_state == M3_BLOCK_NUMBERED)
			cancel_numbered_d(t, self);
	} else if (s->rts & M3_RTS_SENDING) {
		to = m3_slot_of(r, s->sendto);
		if (to != M3_NIL)
			m3_unqueue_d(t, to, self);
	}
	m3_migration_retract_d(t, self);
	m3_finish_d(t, self, result);
}

int m3_call_cancel(struct m3_txn *t, uint32_t self, int error)
{
	struct m3_slot *s = m3_slot(t->r, self);

	if (s->op == M3_OP_NONE)
		return s->result;
	if (s->rts & M3_RTS_ONCOPY)
		return M3_BLOCK;
	/* The deadlines of who is frozen wait, but for what it copies. */
	if (s->rts & M3_RTS_MIGRATE &&
	    (s->op != M3_OP_VCOPY || s->rts & M3_RTS_WAITMIGR))
		return M3_BLOCK;
	m3_call_abort_d(t, self, -error);
	m3_commit(t->r);
	return -error;
}
