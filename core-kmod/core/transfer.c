// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Copies that cross a link, in chunks of the bulk lane. Every chunk names the
 * transfer and the call that grants the access; it is applied only while that
 * very call lasts (protocol 2), under the DC's lock, so a wake-up or deadline
 * waits for at most one memcpy of 64 KiB.
 */
#include "core.h"

void m3_transfer_queue_d(struct m3_txn *t, uint32_t i)
{
	struct m3_region *r = t->r;
	struct m3_transfer *x = m3_transfer(r, i);
	uint32_t peer = x->peer, tail;
	struct m3_lane *l;

	if (peer >= r->nodes || !*m3_spans(r, peer))
		return;
	l = &m3_peer(r, peer)->lane[M3_LANE_BULK];
	tail = l->qtail;
	m3_set32(r, &x->next, M3_NIL);
	m3_set32(r, &x->queued, 1);
	if (l->qhead == M3_NIL)
		m3_set32(r, &l->qhead, i);
	else if (tail < r->slots)
		m3_set32(r, &m3_transfer(r, tail)->next, i);
	m3_set32(r, &l->qtail, i);
	m3_set32(r, &l->queued, l->queued + 1);
	m3_ring_later(t, peer);
}

void m3_transfer_unqueue_d(struct m3_txn *t, uint32_t i)
{
	struct m3_region *r = t->r;
	struct m3_transfer *x = m3_transfer(r, i);
	uint32_t at, before = M3_NIL, steps = 0, peer = x->peer;
	struct m3_lane *l;

	if (!x->queued)
		return;
	m3_set32(r, &x->queued, 0);
	if (peer >= r->nodes || !*m3_spans(r, peer))
		return;
	l = &m3_peer(r, peer)->lane[M3_LANE_BULK];
	for (at = l->qhead; at < r->slots && at != i && steps++ < r->slots;
	     at = m3_transfer(r, at)->next)
		before = at;
	if (at != i)
		return;
	if (before == M3_NIL)
		m3_set32(r, &l->qhead, x->next);
	else
		m3_set32(r, &m3_transfer(r, before)->next, x->next);
	if (l->qtail == i)
		m3_set32(r, &l->qtail, before);
	m3_set32(r, &l->queued, l->queued - 1);
}

/*
 * Numbered chunks of a transfer that ended: sent again as VOID (protocol 4).
 * Returns how many there were.
 */
static uint32_t void_chunks_d(struct m3_txn *t, uint32_t i, uint32_t peer)
{
	struct m3_region *r = t->r;
	struct m3_peer *p = m3_peer(r, peer);
	struct m3_lane *l = &p->lane[M3_LANE_BULK];
	uint32_t voided = 0;
	uint64_t n;

	for (n = l->acked; n < l->next && n < l->acked + M3_BULK_WINDOW; n++) {
		struct m3_entry *e = m3_entry(p, M3_LANE_BULK, n);

		if (e->record.kind != M3_REC_COPY_DATA ||
		    e->body.chunk.owner != i)
			continue;
		m3_set32(r, (uint32_t *)(void *)&e->record.kind, M3_REC_VOID);
		r->counts.voided++;
		voided++;
	}
	return voided;
}

/* Ends it. Returns how many chunks were numbered and not acknowledged. */
static uint32_t stop_d(struct m3_txn *t, uint32_t i)
{
	struct m3_region *r = t->r;
	struct m3_transfer *x = m3_transfer(r, i);
	uint32_t voided = 0, kind = x->kind, peer = x->peer;

	if ((kind == M3_TRANSFER_PUSH || kind == M3_TRANSFER_SOURCE) &&
	    peer < r->nodes && *m3_spans(r, peer)) {
		m3_transfer_unqueue_d(t, i);
		voided = void_chunks_d(t, i, peer);
	}
	if (kind != M3_TRANSFER_NONE)
		m3_set32(r, &x->grant, 0);
	m3_set32(r, &x->kind, M3_TRANSFER_NONE);
	if (kind == M3_TRANSFER_SERVED)
		m3_serve_leave_d(t, i, m3_slot_of(r, x->party));
	/* What was handed to a requester is for its call to free. */
	else if (kind != M3_TRANSFER_NONE || x->serve != M3_SERVE_NONE)
		m3_serve_drop_d(t, i);
	return voided;
}

void m3_transfer_stop_d(struct m3_txn *t, uint32_t i)
{
	if (m3_transfer(t->r, i)->server != M3_NIL)
		m3_transfer_abort_d(t, i, -M3_EPROCSTS);
	else
		stop_d(t, i);
}

/* Ends the call of the remote requester of a transfer of that kind. */
static void answer_d(struct m3_txn *t, uint32_t i, uint32_t kind,
		     uint32_t answer, int status)
{
	struct m3_region *r = t->r;
	struct m3_transfer *x = m3_transfer(r, i);
	uint32_t p = m3_slot_of(r, x->party), from = i;
	struct m3_slot *party;

	if (p == M3_NIL)
		return;
	party = m3_slot(r, p);
	if (!(party->rts & M3_RTS_REMOTE) || party->call != x->id ||
	    party->binding != x->party_binding)
		return;
	/* Of a push that has failed, more chunks may come. */
	if (kind == M3_TRANSFER_STAGED && answer == M3_REC_ERROR)
		m3_set64(r, &party->refused_transfer, x->id);
	if (kind == M3_TRANSFER_SOURCE && x->owner < r->slots)
		from = x->owner;
	m3_answer_d(t, from, p, answer, status, NULL);
	if (answer == M3_REC_COPY_ACK)
		m3_block(r, p)->record.offset = x->bytes;
}

void m3_transfer_answer_d(struct m3_txn *t, uint32_t i, int status)
{
	answer_d(t, i, m3_transfer(t->r, i)->kind,
		 status ? M3_REC_ERROR : M3_REC_COPY_ACK, status);
}

/* The local requester that slot i was to serve. */
static void server_abort_d(struct m3_txn *t, uint32_t i, int error)
{
	struct m3_region *r = t->r;
	struct m3_transfer *x = m3_transfer(r, i), *xs;
	uint32_t server = x->server;

	if (server >= r->slots)
		return;
	if (error == -M3_ESRCDIED && (x->serve == M3_SERVE_DRAIN ||
				      x->serve == M3_SERVE_DRAINING))
		error = -M3_EDSTDIED;
	m3_set32(r, &x->server, M3_NIL);
	xs = m3_transfer(r, server);
	if (xs->kind != M3_TRANSFER_SERVED || xs->party != m3_endpoint_of(r, i))
		return;
	m3_set32(r, &xs->kind, M3_TRANSFER_NONE);
	m3_finish_d(t, server, error);
}

void m3_transfer_abort_d(struct m3_txn *t, uint32_t i, int error)
{
	struct m3_transfer *x = m3_transfer(t->r, i);
	uint32_t kind = x->kind, voided;

	server_abort_d(t, i, error);
	voided = stop_d(t, i);
	/* Its chunks will not come any more, or what has come will not be
	 * drained: that call must end too. */
	if (kind == M3_TRANSFER_SOURCE && (voided || x->done < x->bytes))
		answer_d(t, i, kind, M3_REC_ERROR, error);
	else if (kind == M3_TRANSFER_STAGED)
		answer_d(t, i, kind, M3_REC_ERROR, error == -M3_ESRCDIED ?
			 -M3_EDSTDIED : error);
}

void m3_transfer_cancel_d(struct m3_txn *t, uint32_t s, uint32_t c, uint64_t id)
{
	struct m3_transfer *x = NULL;

	if (!(m3_slot(t->r, c)->rts & M3_RTS_SLOT_FREE))
		x = m3_transfer(t->r, c);
	if (x && x->party == m3_endpoint_of(t->r, s) && x->id <= id &&
	    (x->kind == M3_TRANSFER_SOURCE || x->kind == M3_TRANSFER_STAGED))
		m3_transfer_stop_d(t, c);
	/* By a grant. */
	if (m3_transfer(t->r, s)->id <= id)
		m3_transfer_stop_d(t, s);
}

static void chunk_record(struct m3_region *r, uint32_t i, uint32_t bytes,
			 struct m3_entry *e)
{
	struct m3_transfer *x = m3_transfer(r, i);
	uint32_t party = m3_slot_of(r, x->party), self = i;

	if (x->kind == M3_TRANSFER_SOURCE && x->owner < r->slots)
		self = x->owner;
	m3_record_fill(r, &e->record, M3_REC_COPY_DATA, self,
		       party == M3_NIL ? self : party);
	e->record.length = (uint32_t)(sizeof(struct m3_record) +
				      sizeof(struct m3_copy_body)) +
			   ((bytes + 7) & ~7u);
	e->record.dst_binding = x->party_binding;
	e->record.dst_node = (uint16_t)x->peer;
	e->record.call = x->call;
	e->record.transfer = x->id;
	e->record.offset = x->done;
	if (x->kind == M3_TRANSFER_SOURCE)
		e->record.flags |= M3_RF_PULL;
	if (x->done + bytes == x->bytes)
		e->record.flags |= M3_RF_LAST;
	if (x->kind == M3_TRANSFER_PUSH && x->done == 0 &&
	    m3_is_private(x->far_address)) {
		e->record.flags |= M3_RF_STAGED;
		e->record.status = (int32_t)x->bytes;
	}
	e->body.chunk.copy.address = x->far_address + x->done;
	e->body.chunk.copy.bytes = bytes;
	e->body.chunk.local = x->address + x->done;
	e->body.chunk.owner = i;
}

uint32_t m3_chunk_number_d(struct m3_txn *t, uint32_t peer, uint32_t room,
			   uint32_t most)
{
	struct m3_region *r = t->r;
	struct m3_peer *p = m3_peer(r, peer);
	struct m3_lane *l = &p->lane[M3_LANE_BULK];
	uint32_t i = l->qhead, bytes;
	struct m3_transfer *x;

	if (i >= r->slots)
		return 0;
	x = m3_transfer(r, i);
	bytes = x->bytes - x->done > most ? most :
					    (uint32_t)(x->bytes - x->done);
	if (sizeof(struct m3_record) + sizeof(struct m3_copy_body) +
	    ((bytes + 7) & ~7u) > room)
		return 0;
	chunk_record(r, i, bytes, m3_entry(p, M3_LANE_BULK, l->next));
	m3_set64(r, &x->done, x->done + bytes);
	/* One chunk each in turn: transfers share the lane. */
	m3_transfer_unqueue_d(t, i);
	if (x->done < x->bytes)
		m3_transfer_queue_d(t, i);
	return bytes;
}

/* May remote slot `s` copy from or to memory of slot `c`, in that call? */
static int implicit(struct m3_region *r, uint32_t c,
		    const struct m3_record *rec)
{
	if (r->flags & M3_DC_NO_IMPLICIT_GRANTS ||
	    !m3_grants(m3_slot(r, c), rec->src, rec->call))
		return -M3_EPROCSTS;
	return 0;
}

/* A call that came by migration left its private memory behind. */
static int has_memory(struct m3_region *r, uint32_t c)
{
	return m3_more(r, c)->resume != m3_slot(r, c)->call;
}

/* Where the bytes are, or that slot c has to be asked for them. */
static int locate_d(struct m3_txn *t, uint32_t s, uint32_t c,
		    const struct m3_incoming *in, uint32_t rights,
		    uint64_t *at, uint32_t *grant)
{
	const struct m3_copy_body *body = &in->body.copy;
	int e;

	*at = 0;
	*grant = 0;
	if (!(body->address & M3_ARENA_BIT) && body->address & M3_GRANT_BIT)
		return m3_grant_range_d(t, c, s, body, rights, at, grant);
	e = implicit(t->r, c, &in->rec);
	if (!e && m3_is_private(body->address))
		return has_memory(t->r, c) ? 0 : -M3_EPROCSTS;
	return e ? e : m3_arena_range(t->r, c, body->address, body->bytes, at);
}

/* The transfer of slot i becomes one with the sender of the record. */
static void with_d(struct m3_txn *t, uint32_t i, uint32_t kind, uint32_t s,
		   const struct m3_record *rec)
{
	struct m3_region *r = t->r;
	struct m3_transfer *x = m3_transfer(r, i);

	m3_set32(r, &x->kind, kind);
	m3_set32(r, &x->peer, m3_slot(r, s)->node);
	m3_seti(r, &x->party, rec->src);
	m3_set64(r, &x->id, rec->transfer);
	m3_set64(r, &x->call, rec->call);
	m3_set64(r, &x->party_binding, m3_slot(r, s)->binding);
	m3_set64(r, &x->far_address, 0);
	m3_set64(r, &x->done, 0);
}

/* 0: it is in `staging`, or its owner is asked for it. */
static int pull_d(struct m3_txn *t, uint32_t s, uint32_t c,
		  const struct m3_incoming *in)
{
	const struct m3_copy_body *body = &in->body.copy;
	struct m3_region *r = t->r;
	struct m3_transfer *x;
	uint32_t grant, i;
	uint64_t at;
	int e;

	if (body->bytes == 0 || body->bytes > M3_MAX_COPY)
		return -M3_ERANGE;
	e = locate_d(t, s, c, in, M3_GRANT_READ, &at, &grant);
	if (e)
		return e;
	/* By a grant, several may read at once, whatever the owner does. */
	i = grant ? s : c;
	x = m3_transfer(r, i);
	m3_transfer_stop_d(t, i);
	if (!at) {
		e = m3_serve_stage_d(t, i, body->address, body->bytes);
		at = x->staging;
	}
	if (e)
		return e;
	with_d(t, i, M3_TRANSFER_SOURCE, s, &in->rec);
	m3_set32(r, &x->grant, grant);
	m3_set32(r, &x->owner, c);
	m3_set64(r, &x->address, at);
	m3_set64(r, &x->bytes, body->bytes);
	if (x->staging)
		m3_serve_ask_d(t, i, M3_SERVE_FILL);
	else
		m3_transfer_queue_d(t, i);
	return 0;
}

void m3_put_pull_d(struct m3_txn *t, uint32_t s, uint32_t c,
		   const struct m3_incoming *in)
{
	int e = pull_d(t, s, c, in);

	if (!e)
		return;
	t->r->counts.rejected++;
	m3_answer_d(t, c, s, M3_REC_ERROR, e, NULL);
}

static void put_pulled_d(struct m3_txn *t, uint32_t c,
			 const struct m3_incoming *in)
{
	struct m3_region *r = t->r;
	const struct m3_record *rec = &in->rec;
	const struct m3_copy_body *body = &in->body.copy;
	struct m3_transfer *x = m3_transfer(r, c);
	struct m3_slot *s = m3_slot(r, c);
	uint64_t done = x->done, at;

	if (s->op != M3_OP_VCOPY || x->kind != M3_TRANSFER_SINK ||
	    x->id != rec->transfer || x->party != rec->src ||
	    rec->offset != done || body->bytes > x->bytes - done) {
		r->counts.stale_answers++;
		return;
	}
	at = x->address + done;
	if (!m3_in_arena(r, at, body->bytes)) {
		r->counts.dropped++;
		return;
	}
	m3_arena_write(r, at, in->data, body->bytes);
	m3_set64(r, &x->done, done + body->bytes);
	if (x->done == x->bytes) {
		m3_transfer_stop_d(t, c);
		m3_finish_d(t, c, 0);
	}
}

/*
 * A chunk for private memory: it gathers in a staging buffer, for all of the
 * transfer at once, whose size the first chunk tells.
 */
static int stage_d(struct m3_txn *t, uint32_t s, uint32_t c,
		   const struct m3_incoming *in)
{
	const struct m3_copy_body *body = &in->body.copy;
	const struct m3_record *rec = &in->rec;
	struct m3_region *r = t->r;
	struct m3_transfer *x = m3_transfer(r, c);
	int e;

	if (rec->offset == 0) {
		if (!(rec->flags & M3_RF_STAGED) || rec->status <= 0 ||
		    (uint32_t)rec->status > M3_MAX_COPY)
			return -M3_ERANGE;
		m3_transfer_stop_d(t, c);
		e = m3_serve_stage_d(t, c, body->address,
				     (uint64_t)rec->status);
		if (e)
			return e;
		with_d(t, c, M3_TRANSFER_STAGED, s, rec);
	}
	if (x->kind != M3_TRANSFER_STAGED || x->party != rec->src ||
	    x->id != rec->transfer || x->serve != M3_SERVE_NONE ||
	    rec->offset != x->done || body->bytes > x->bytes - x->done ||
	    body->address != x->private_address + x->done ||
	    !(rec->flags & M3_RF_LAST) != (x->done + body->bytes < x->bytes))
		return -M3_ERANGE;
	if (!m3_in_arena(r, x->staging + x->done, body->bytes))
		return -M3_ERANGE;
	m3_arena_write(r, x->staging + x->done, in->data, body->bytes);
	m3_set64(r, &x->done, x->done + body->bytes);
	if (x->done == x->bytes)
		m3_serve_ask_d(t, c, M3_SERVE_DRAIN);
	return 0;
}

/* A chunk that cannot be applied: the copy fails, once. */
static void refuse_chunk_d(struct m3_txn *t, uint32_t s, uint32_t c,
			   const struct m3_incoming *in, int e)
{
	const struct m3_record *rec = &in->rec;
	struct m3_region *r = t->r;
	struct m3_transfer *x = m3_transfer(r, c);

	if (x->kind == M3_TRANSFER_STAGED && x->party == rec->src)
		m3_transfer_stop_d(t, c);
	r->counts.rejected++;
	m3_set64(r, &m3_slot(r, s)->refused_transfer, rec->transfer);
	m3_answer_d(t, c, s, M3_REC_ERROR, e, NULL);
	/* What was staged has not been applied. */
	if (!m3_is_private(in->body.copy.address))
		m3_block(r, s)->record.offset = rec->offset;
}

void m3_put_chunk_d(struct m3_txn *t, uint32_t s, uint32_t c,
		    const struct m3_incoming *in)
{
	const struct m3_copy_body *body = &in->body.copy;
	const struct m3_record *rec = &in->rec;
	struct m3_region *r = t->r;
	uint32_t grant;
	uint64_t at;
	int e;

	if (rec->flags & M3_RF_PULL) {
		put_pulled_d(t, c, in);
		return;
	}
	e = locate_d(t, s, c, in, M3_GRANT_WRITE, &at, &grant);
	if (!e && !at) {
		e = stage_d(t, s, c, in);
		if (!e)
			return;
	}
	if (e) {
		refuse_chunk_d(t, s, c, in, e);
		return;
	}
	m3_arena_write(r, at, in->data, body->bytes);
	if (!(rec->flags & M3_RF_LAST))
		return;
	m3_slot(r, c)->remote_copies++;
	m3_answer_d(t, c, s, M3_REC_COPY_ACK, 0, NULL);
	m3_block(r, s)->record.offset = rec->offset + body->bytes;
}
