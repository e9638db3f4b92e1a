// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Copies that cross a link, in chunks of the bulk lane. Every chunk names the
 * transfer and the call that grants the access; it is applied only while that
 * very call lasts (protocol 2), under the DC's lock, so a wake-up or deadline
 * waits for at most one memcpy of 64 KiB.
 */
#include "core.h"

void m3_transfer_queue_d(struct m3_txn *t, uint32_t i, uint32_t peer)
{
	struct m3_region *r = t->r;
	struct m3_transfer *x = m3_transfer(r, i);
	struct m3_lane *l;
	uint32_t tail;

	if (peer >= r->nodes || !*m3_spans(r, peer))
		return;
	l = &m3_peer(r, peer)->lane[M3_LANE_BULK];
	tail = l->qtail;
	m3_set32(r, &x->peer, peer);
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

/* Returns how many chunks were numbered and not acknowledged. */
static uint32_t stop_d(struct m3_txn *t, uint32_t i)
{
	struct m3_transfer *x = m3_transfer(t->r, i);
	uint32_t voided = 0, peer = x->peer;

	if (x->kind == M3_TRANSFER_NONE)
		return 0;
	if (x->kind != M3_TRANSFER_SINK && peer < t->r->nodes &&
	    *m3_spans(t->r, peer)) {
		m3_transfer_unqueue_d(t, i);
		voided = void_chunks_d(t, i, peer);
	}
	m3_set32(t->r, &x->kind, M3_TRANSFER_NONE);
	return voided;
}

void m3_transfer_stop_d(struct m3_txn *t, uint32_t i)
{
	stop_d(t, i);
}

void m3_transfer_abort_d(struct m3_txn *t, uint32_t i, int error)
{
	struct m3_region *r = t->r;
	struct m3_transfer *x = m3_transfer(r, i);
	uint32_t kind = x->kind, p = m3_slot_of(r, x->party);
	uint32_t voided = stop_d(t, i);
	struct m3_slot *party;

	if (kind != M3_TRANSFER_SOURCE || p == M3_NIL ||
	    (!voided && x->done == x->bytes))
		return;
	/* Its chunks will not come any more: that call must end too. */
	party = m3_slot(r, p);
	if (party->rts & M3_RTS_REMOTE && party->call == x->id &&
	    party->binding == x->party_binding)
		m3_answer_d(t, i, p, M3_REC_ERROR, error, 0);
}

static void chunk_record(struct m3_region *r, uint32_t i, uint32_t bytes,
			 struct m3_entry *e)
{
	struct m3_transfer *x = m3_transfer(r, i);
	uint32_t party = m3_slot_of(r, x->party);

	m3_record_fill(r, &e->record, M3_REC_COPY_DATA, i,
		       party == M3_NIL ? i : party);
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
	e->body.chunk.copy.address = x->far_address + x->done;
	e->body.chunk.copy.bytes = bytes;
	e->body.chunk.local = x->address + x->done;
	e->body.chunk.owner = i;
}

uint32_t m3_chunk_number_d(struct m3_txn *t, uint32_t peer, uint32_t room)
{
	struct m3_region *r = t->r;
	struct m3_peer *p = m3_peer(r, peer);
	struct m3_lane *l = &p->lane[M3_LANE_BULK];
	uint32_t i = l->qhead, bytes;
	struct m3_transfer *x;

	if (i >= r->slots)
		return 0;
	x = m3_transfer(r, i);
	bytes = x->bytes - x->done > M3_CHUNK_BYTES ?
			M3_CHUNK_BYTES : (uint32_t)(x->bytes - x->done);
	if (sizeof(struct m3_record) + sizeof(struct m3_copy_body) +
	    ((bytes + 7) & ~7u) > room)
		return 0;
	chunk_record(r, i, bytes, m3_entry(p, M3_LANE_BULK, l->next));
	m3_set64(r, &x->done, x->done + bytes);
	/* One chunk each in turn: transfers share the lane. */
	m3_transfer_unqueue_d(t, i);
	if (x->done < x->bytes)
		m3_transfer_queue_d(t, i, peer);
	return bytes;
}

void m3_put_pull_d(struct m3_txn *t, uint32_t s, uint32_t c,
		   const struct m3_incoming *in)
{
	struct m3_region *r = t->r;
	const struct m3_record *rec = &in->rec;
	const struct m3_copy_body *body = &in->body.copy;
	struct m3_transfer *x = m3_transfer(r, c);
	uint64_t at;
	int e = m3_grants(m3_slot(r, c), rec->src, rec->call) ?
			0 : -M3_EPROCSTS;

	if (!e && (body->bytes == 0 || body->bytes > M3_MAX_COPY))
		e = -M3_ERANGE;
	if (!e)
		e = m3_arena_range(r, c, body->address, body->bytes, &at);
	if (e) {
		r->counts.rejected++;
		m3_answer_d(t, c, s, M3_REC_ERROR, e, 0);
		return;
	}
	m3_transfer_stop_d(t, c);
	m3_set32(r, &x->kind, M3_TRANSFER_SOURCE);
	m3_seti(r, &x->party, rec->src);
	m3_set64(r, &x->id, rec->transfer);
	m3_set64(r, &x->call, rec->call);
	m3_set64(r, &x->party_binding, rec->src_binding);
	m3_set64(r, &x->address, at);
	m3_set64(r, &x->far_address, 0);
	m3_set64(r, &x->bytes, body->bytes);
	m3_set64(r, &x->done, 0);
	m3_transfer_queue_d(t, c, m3_slot(r, s)->node);
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
	__builtin_memcpy(m3_at(r, at), in->data, body->bytes);
	m3_set64(r, &x->done, done + body->bytes);
	if (x->done == x->bytes) {
		m3_transfer_stop_d(t, c);
		m3_finish_d(t, c, 0);
	}
}

void m3_put_chunk_d(struct m3_txn *t, uint32_t s, uint32_t c,
		    const struct m3_incoming *in)
{
	struct m3_region *r = t->r;
	const struct m3_record *rec = &in->rec;
	const struct m3_copy_body *body = &in->body.copy;
	struct m3_slot *from = m3_slot(r, s);
	uint64_t at;
	int e;

	if (rec->flags & M3_RF_PULL) {
		put_pulled_d(t, c, in);
		return;
	}
	e = m3_grants(m3_slot(r, c), rec->src, rec->call) ? 0 : -M3_EPROCSTS;
	if (!e)
		e = m3_arena_range(r, c, body->address, body->bytes, &at);
	if (e) {
		r->counts.rejected++;
		m3_set64(r, &from->refused_transfer, rec->transfer);
		m3_answer_d(t, c, s, M3_REC_ERROR, e, 0);
		m3_block(r, s)->record.offset = rec->offset;
		return;
	}
	__builtin_memcpy(m3_at(r, at), in->data, body->bytes);
	if (!(rec->flags & M3_RF_LAST))
		return;
	m3_slot(r, c)->remote_copies++;
	m3_answer_d(t, c, s, M3_REC_COPY_ACK, 0, 0);
	m3_block(r, s)->record.offset = rec->offset + body->bytes;
}
