// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * What a record from a peer does. A peer can speak for its own endpoints only
 * (protocol 18); whatever it says, the region stays sound.
 */
#include "core.h"

/*
 * Drops what remote slot `s` had asked before: its caller gave it up. A queued
 * request goes in a transition of its own: the next one's message takes its
 * place, and a kill must not leave the old request with the new message.
 */
static void forget_request(struct m3_txn *t, uint32_t s)
{
	struct m3_region *r = t->r;
	struct m3_slot *from = m3_slot(r, s);
	uint32_t owner = m3_slot_of(r, from->sendto);
	int queued = from->rts & M3_RTS_SENDING && owner != M3_NIL;

	if (queued)
		m3_unqueue_d(t, owner, s);
	m3_set32(r, &from->rts,
		 from->rts & ~(M3_RTS_SENDING | M3_RTS_RECEIVING));
	m3_seti(r, &from->getfrom, M3_NONE);
	m3_seti(r, &from->sendto, M3_NONE);
	if (queued)
		m3_commit(r);
}

/*
 * Is it an earlier life of the same owner's endpoint? Lanes overtake each
 * other: a chunk of the dead may come behind the first words of the heir.
 */
static int is_former_life(uint64_t known, uint64_t binding)
{
	uint32_t counter = 1u << 22, old = m3_generation_of(known);
	uint32_t new = m3_generation_of(binding);

	if (!old || !new || old >> 22 != new >> 22)
		return 0;
	return ((new - old) & (counter - 1)) > counter / 2;
}

/*
 * A new life of the source ends all of the old one, as its DEATH does. Of a
 * replica's namesakes nothing is learned.
 */
static void learn_binding_d(struct m3_txn *t, uint32_t s, uint64_t binding)
{
	struct m3_region *r = t->r;
	struct m3_slot *from = m3_slot(r, s);

	if (from->binding == binding || binding == 0 ||
	    !(from->rts & M3_RTS_REMOTE))
		return;
	/* A migration changes the epoch: the same life goes on. */
	if (m3_generation_of(from->binding) != 0 &&
	    m3_generation_of(from->binding) != m3_generation_of(binding) &&
	    !(m3_more(r, s)->adopt &&
	      m3_epoch_of(from->binding) == m3_epoch_of(binding))) {
		forget_request(t, s);
		m3_remote_ended(t, s);
		m3_bind_over(t, s);
		m3_set64(r, &from->call, 0);
		m3_set64(r, &from->refused_transfer, 0);
	}
	m3_set64(r, &from->binding, binding);
	m3_set32(r, &m3_more(r, s)->adopt, 0);
}

/* -1: an old call of that source; else the call is its newest. */
static int newest_call_d(struct m3_txn *t, uint32_t s, uint64_t id, int again)
{
	struct m3_region *r = t->r;
	struct m3_slot *from = m3_slot(r, s);

	if (id < from->call || (id == from->call && !again)) {
		r->counts.dropped++;
		return -1;
	}
	if (id > from->call) {
		forget_request(t, s);
		m3_set64(r, &from->call, id);
	}
	return 0;
}

/* Answers even in the name of a slot that is free or out of the table. */
static void reject_d(struct m3_txn *t, uint32_t s, const struct m3_record *rec,
		     int error)
{
	uint32_t d = m3_slot_of(t->r, rec->dst);
	struct m3_record *answer = &m3_block(t->r, s)->record;

	t->r->counts.rejected++;
	m3_answer_d(t, d == M3_NIL ? s : d, s, M3_REC_ERROR, error, NULL);
	answer->src = rec->dst;
	if (d == M3_NIL)
		answer->src_binding = 0;
	/* In the name of whom it was meant for: of the owner it had then. */
	if (error == -M3_EMIGRATE)
		answer->src_binding = rec->dst_binding;
}

/*
 * Two processes on two nodes that ask each other: both requests are on their
 * way when this one arrives. One of them has to fail, and both cores must mean
 * the same one: that of the smaller node.
 */
static int is_crossed(const struct m3_region *r, const struct m3_slot *to,
		      const struct m3_record *rec)
{
	if ((to->op != M3_OP_SEND && to->op != M3_OP_SENDREC) ||
	    !(to->rts & M3_RTS_RMTOPER) || to->sendto != rec->src)
		return 0;
	return rec->src_node < r->node;
}

static void put_request(struct m3_txn *t, uint32_t s,
			const struct m3_incoming *in)
{
	struct m3_region *r = t->r;
	const struct m3_record *rec = &in->rec;
	int sendrec = rec->kind == M3_REC_SENDREC, e;
	struct m3_slot *from = m3_slot(r, s), *to;
	uint32_t d;

	if (newest_call_d(t, s, rec->call, 0))
		return;
	e = m3_target(r, rec, sendrec ? -M3_EDEADSRCDST : -M3_EDSTDIED, &d);
	if (e) {
		reject_d(t, s, rec, e);
		/* It may come again under the same id. */
		if (e == -M3_EMIGRATE && rec->call)
			m3_set64(r, &from->call, rec->call - 1);
		return;
	}
	to = m3_slot(r, d);
	if (sendrec) {
		m3_set32(r, &from->rts, from->rts | M3_RTS_RECEIVING);
		m3_seti(r, &from->getfrom, rec->dst);
	}
	/* A send completes a sendrec only if it answers that very call. */
	if (!(to->rts & M3_RTS_REMOTE) &&
	    m3_willing(to, rec->src, sendrec ? M3_OP_SENDREC : M3_OP_SEND) &&
	    (to->op != M3_OP_SENDREC || rec->transfer == to->call)) {
		to->partner = s;
		m3_deliver_d(t, d, rec->src, &in->body.message);
		if (!sendrec)
			m3_answer_d(t, d, s, M3_REC_SEND_ACK, 0, NULL);
		return;
	}
	if (is_crossed(r, to, rec)) {
		reject_d(t, s, rec, -M3_ELOCKED);
		return;
	}
	from->message = in->body.message;
	from->message.source = rec->src;
	m3_enqueue_d(t, d, s);
}

/* Can a record of this kind answer a call of that operation? */
static int answers(uint32_t kind, uint32_t op)
{
	switch (kind) {
	case M3_REC_REPLY:
	case M3_REC_RELAY:
		return op == M3_OP_SENDREC;
	case M3_REC_SEND_ACK:
		return op == M3_OP_SEND;
	case M3_REC_COPY_ACK:
		return op == M3_OP_VCOPY;
	default:
		return op == M3_OP_SEND || op == M3_OP_SENDREC ||
		       op == M3_OP_VCOPY;
	}
}

/*
 * The local slot whose call this record answers, or M3_NIL: the call has
 * ended, or its request has never left.
 */
static uint32_t answered_slot(struct m3_region *r, const struct m3_record *rec)
{
	uint32_t d = m3_slot_of(r, rec->dst);
	struct m3_slot *to = d == M3_NIL ? NULL : m3_slot(r, d);

	if (!to || (m3_generation_of(rec->dst_binding) &&
		    m3_generation_of(rec->dst_binding) !=
			    m3_generation_of(to->binding)) ||
	    to->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE) ||
	    to->call != rec->call || to->sendto != rec->src ||
	    !answers(rec->kind, to->op) ||
	    (to->block_state != M3_BLOCK_NUMBERED &&
	     m3_transfer(r, d)->kind != M3_TRANSFER_PUSH)) {
		r->counts.stale_answers++;
		return M3_NIL;
	}
	return d;
}

/* A reply, an acknowledgement or an error: completes the call it names. */
static void put_answer(struct m3_txn *t, uint32_t s,
		       const struct m3_incoming *in)
{
	struct m3_region *r = t->r;
	const struct m3_record *rec = &in->rec;
	struct m3_transfer *x;
	struct m3_slot *to;
	uint32_t d;

	/* The endpoint is unbound: its next life is not known yet. */
	if (rec->kind == M3_REC_ERROR && rec->src_binding == 0) {
		forget_request(t, s);
		m3_set64(r, &m3_slot(r, s)->binding, 0);
		m3_set64(r, &m3_slot(r, s)->call, 0);
	}
	d = answered_slot(r, rec);
	if (d == M3_NIL)
		return;
	to = m3_slot(r, d);
	if (rec->kind == M3_REC_REPLY) {
		m3_deliver_d(t, d, rec->src, &in->body.message);
		return;
	}
	x = m3_transfer(r, d);
	if (x->kind == M3_TRANSFER_PUSH)
		m3_set64(r, &x->done, rec->offset > x->bytes ? 0 : rec->offset);
	m3_transfer_stop_d(t, d);
	if (rec->kind == M3_REC_ERROR && to->op != M3_OP_VCOPY)
		m3_restore_debt_d(t, d);
	if (rec->kind == M3_REC_ERROR)
		m3_finish_d(t, d, rec->status < 0 ? rec->status : -M3_EPROTO);
	else
		m3_finish_d(t, d, 0);
}

/* The server hands the request on: this core makes the call again. */
static void put_relay(struct m3_txn *t, uint32_t s,
		      const struct m3_incoming *in)
{
	uint32_t c = answered_slot(t->r, &in->rec);
	int32_t dst = (int32_t)in->rec.transfer;

	(void)s;
	if (c == M3_NIL)
		return;
	/* What is no endpoint at all is none of the DC's either. */
	if ((uint64_t)(int64_t)dst != in->rec.transfer)
		dst = M3_NONE;
	m3_put_relay_d(t, c, dst, &in->body.message);
}

static void put_notify(struct m3_txn *t, uint32_t s,
		       const struct m3_incoming *in)
{
	uint64_t updates;
	uint32_t d;

	if (m3_target(t->r, &in->rec, -M3_EDSTDIED, &d)) {
		t->r->counts.dropped++;
		return;
	}
	__builtin_memcpy(&updates, in->body.message.data + 8, sizeof(updates));
	m3_notify_d(t, d, s, (uint32_t)updates);
}

/* `call` and all older calls of the source have ended (protocol 5). */
static void put_cancel(struct m3_txn *t, uint32_t s,
		       const struct m3_incoming *in)
{
	struct m3_region *r = t->r;
	struct m3_slot *from = m3_slot(r, s);
	uint32_t d = m3_slot_of(r, in->rec.dst);

	if (from->call <= in->rec.call) {
		forget_request(t, s);
		m3_set64(r, &from->call, in->rec.call);
	}
	if (d != M3_NIL)
		m3_transfer_cancel_d(t, s, d, in->rec.call);
}

/* A chunk of a copy that has failed: one answer is enough, and no success. */
static int is_failed_copy(struct m3_txn *t, uint32_t s, uint64_t transfer)
{
	if (m3_slot(t->r, s)->refused_transfer != transfer)
		return 0;
	t->r->counts.dropped++;
	return 1;
}

static void put_copy(struct m3_txn *t, uint32_t s, const struct m3_incoming *in)
{
	struct m3_region *r = t->r;
	const struct m3_record *rec = &in->rec;
	int data = rec->kind == M3_REC_COPY_DATA, e;
	uint32_t d;

	if (data && !(rec->flags & M3_RF_PULL) &&
	    is_failed_copy(t, s, rec->transfer))
		return;
	if (data && rec->flags & M3_RF_PULL) {
		if (m3_target(r, rec, -M3_EDSTDIED, &d))
			r->counts.stale_answers++;
		else
			m3_put_chunk_d(t, s, d, in);
		return;
	}
	if (newest_call_d(t, s, rec->transfer, data))
		return;
	e = m3_target(r, rec, data ? -M3_EDSTDIED : -M3_ESRCDIED, &d);
	if (e && data)
		m3_set64(r, &m3_slot(r, s)->refused_transfer, rec->transfer);
	if (e)
		reject_d(t, s, rec, e);
	else if (data)
		m3_put_chunk_d(t, s, d, in);
	else
		m3_put_pull_d(t, s, d, in);
}

static void refuse_request(struct m3_txn *t, uint32_t s,
			   const struct m3_record *rec, int copy)
{
	uint64_t id = copy ? rec->transfer : rec->call;

	if (copy && is_failed_copy(t, s, id))
		return;
	if (newest_call_d(t, s, id, copy))
		return;
	if (copy)
		m3_set64(t->r, &m3_slot(t->r, s)->refused_transfer, id);
	reject_d(t, s, rec, rec->status < 0 ? rec->status : -M3_ETRAPDENIED);
}

/*
 * A codec of the peer refused it: who waits for its effect gets the errno. That
 * is its source or, of an answer, the caller here.
 */
static void put_refused(struct m3_txn *t, uint32_t s,
			const struct m3_incoming *in)
{
	const struct m3_record *rec = &in->rec;
	struct m3_incoming answer;

	t->r->counts.refused++;
	switch (rec->flags >> M3_RF_KIND) {
	case M3_REC_SEND:
	case M3_REC_SENDREC:
		refuse_request(t, s, rec, 0);
		return;
	case M3_REC_CANCEL:
		put_cancel(t, s, in);
		return;
	case M3_REC_COPY_PULL:
	case M3_REC_COPY_DATA:
		if (!(rec->flags & M3_RF_PULL)) {
			refuse_request(t, s, rec, 1);
			return;
		}
		break;
	case M3_REC_REPLY:
	case M3_REC_SEND_ACK:
	case M3_REC_ERROR:
	case M3_REC_COPY_ACK:
	case M3_REC_RELAY:
		break;
	default:
		return;
	}
	answer.rec = *rec;
	answer.rec.kind = M3_REC_ERROR;
	if (rec->flags & M3_RF_PULL)
		answer.rec.call = rec->transfer;
	if (rec->status >= 0)
		answer.rec.status = -M3_ETRAPDENIED;
	put_answer(t, s, &answer);
}

static void put_death(struct m3_txn *t, uint32_t s,
		      const struct m3_incoming *in)
{
	(void)in;
	if (m3_slot(t->r, s)->rts & M3_RTS_REMOTE)
		m3_death_put(t, s);
}

/* One row per kind: its handler, and the body it must have. */
static const struct {
	void (*put)(struct m3_txn *t, uint32_t s, const struct m3_incoming *in);
	uint32_t body; /* bytes; at least, for COPY_DATA */
	uint32_t lane_bulk; /* it travels in the bulk lane */
	uint32_t opens; /* it may come from a client not known yet */
} kinds[M3_REC_KINDS] = {
	[M3_REC_REFUSED] = { put_refused, 0, 0, 1 },
	[M3_REC_SEND] = { put_request, sizeof(struct m3_message), 0, 1 },
	[M3_REC_SENDREC] = { put_request, sizeof(struct m3_message), 0, 1 },
	[M3_REC_REPLY] = { put_answer, sizeof(struct m3_message), 0, 0 },
	[M3_REC_NOTIFY] = { put_notify, sizeof(struct m3_message), 0, 1 },
	[M3_REC_SEND_ACK] = { put_answer, 0, 0, 0 },
	[M3_REC_ERROR] = { put_answer, 0, 0, 0 },
	[M3_REC_CANCEL] = { put_cancel, 0, 0, 0 },
	[M3_REC_DEATH] = { put_death, 0, 0, 0 },
	[M3_REC_COPY_PULL] = { put_copy, sizeof(struct m3_copy_body), 0, 0 },
	[M3_REC_COPY_DATA] = { put_copy, sizeof(struct m3_copy_body), 1, 0 },
	[M3_REC_COPY_ACK] = { put_answer, 0, 0, 0 },
	[M3_REC_RELAY] = { put_relay, sizeof(struct m3_message), 0, 0 },
};

/* Is the body what the kind needs, and inside the record? */
static int well_formed(struct m3_region *r, const struct m3_incoming *in,
		       uint32_t lane)
{
	uint32_t kind = in->rec.kind, body = in->rec.length -
				      (uint32_t)sizeof(struct m3_record);

	if (kind >= M3_REC_KINDS || !kinds[kind].put) {
		r->counts.bad_kind++;
		return 0;
	}
	if (kind == M3_REC_REFUSED)
		return 1;
	if ((lane == M3_LANE_BULK) != kinds[kind].lane_bulk) {
		r->counts.bad_kind++;
		return 0;
	}
	if (kind == M3_REC_COPY_DATA ?
	    body < kinds[kind].body ||
	    in->body.copy.bytes == 0 ||
	    in->body.copy.bytes > M3_CHUNK_BYTES ||
	    in->body.copy.bytes > body - kinds[kind].body :
	    body != kinds[kind].body) {
		r->counts.bad_length++;
		return 0;
	}
	return 1;
}

/* The peer knows whom it speaks to. */
static void heard_of_d(struct m3_txn *t, uint32_t node, int32_t dst)
{
	uint32_t d = m3_slot_of(t->r, dst);

	if (d != M3_NIL && !m3_is_gone(m3_slot(t->r, d)) &&
	    !(m3_slot(t->r, d)->rts & M3_RTS_REMOTE))
		m3_known_d(t, node, d);
}

void m3_record_put_d(struct m3_txn *t, uint32_t node, uint32_t lane,
		     const struct m3_incoming *in)
{
	struct m3_region *r = t->r;
	uint32_t s;
	int e;

	if (in->rec.kind == M3_REC_ERROR &&
	    in->rec.status == -M3_EMIGRATE && well_formed(r, in, lane)) {
		m3_migration_bounced_d(t, node, &in->rec);
		return;
	}
	/* Of a VOID only the number is left: whose it was means nothing. */
	if (in->rec.kind == M3_REC_VOID || !well_formed(r, in, lane)) {
		r->counts.dropped++;
		return;
	}
	e = m3_source_slot(t, node, &in->rec, (int)kinds[in->rec.kind].opens,
			   &s);
	if (e) {
		if (e < 0)
			r->counts.dropped++;
		else
			r->counts.delivered++;
		return;
	}
	if (is_former_life(m3_slot(r, s)->binding, in->rec.src_binding) ||
	    m3_is_former_owner(m3_slot(r, s)->binding, in->rec.src_binding)) {
		r->counts.bad_binding++;
		r->counts.dropped++;
		return;
	}
	if (in->rec.kind != M3_REC_DEATH)
		learn_binding_d(t, s, in->rec.src_binding);
	heard_of_d(t, node, in->rec.dst);
	kinds[in->rec.kind].put(t, s, in);
	r->counts.delivered++;
}
