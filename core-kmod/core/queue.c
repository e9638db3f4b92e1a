// SPDX-License-Identifier: MIT OR GPL-2.0
/* Records that wait for their number: one FIFO per (peer, lane). */
#include "core.h"

uint32_t *m3_block_state(struct m3_region *r, uint32_t block)
{
	return block < r->slots ? &m3_slot(r, block)->block_state :
				  &m3_block(r, block)->state;
}

int m3_peer_reachable(struct m3_region *r, uint32_t node)
{
	if (node >= r->nodes)
		return -M3_EBADNODEID;
	if (!*m3_spans(r, node))
		return -M3_ENODCNODE;
	return m3_peer(r, node)->served ? 0 : -M3_ENOPROXY;
}

void m3_block_note_d(struct m3_txn *t, uint32_t block)
{
	struct m3_block *b = m3_block(t->r, block);

	m3_note_range(t->r, &b->record, sizeof(b->record));
	m3_note_range(t->r, &b->body, sizeof(b->body));
}

void m3_block_send_d(struct m3_txn *t, uint32_t block, uint32_t peer)
{
	struct m3_region *r = t->r;
	struct m3_block *b = m3_block(r, block);
	uint32_t lane, tail;
	struct m3_lane *l;

	if (peer >= r->nodes || !*m3_spans(r, peer))
		return;
	lane = m3_lane_d(t, peer, b->record.src);
	l = &m3_peer(r, peer)->lane[lane];
	tail = l->qtail;
	m3_set32(r, &b->lane, lane);
	m3_set32(r, &b->next, M3_NIL);
	m3_set32(r, &b->peer, peer);
	if (l->qhead == M3_NIL)
		m3_set32(r, &l->qhead, block);
	else if (tail < m3_blocks(r))
		m3_set32(r, &m3_block(r, tail)->next, block);
	m3_set32(r, &l->qtail, block);
	m3_set32(r, &l->queued, l->queued + 1);
	m3_set32(r, m3_block_state(r, block), M3_BLOCK_QUEUED);
	m3_pool_used_d(t, block);
	m3_ring_later(t, peer);
}

void m3_block_queue_d(struct m3_txn *t, uint32_t block, uint32_t peer)
{
	m3_set32(t->r, &m3_block(t->r, block)->peer, peer);
	if (!m3_migration_park_d(t, block))
		m3_block_send_d(t, block, peer);
}

/* The block before this one in the lane, or M3_NIL. */
static uint32_t before_block(struct m3_region *r, const struct m3_lane *l,
			     uint32_t block)
{
	uint32_t at, before = M3_NIL, steps = 0;

	for (at = l->qhead; at < m3_blocks(r) && steps++ < m3_blocks(r);
	     at = m3_block(r, at)->next) {
		if (at == block)
			return before;
		before = at;
	}
	return M3_NIL;
}

void m3_block_unqueue_d(struct m3_txn *t, uint32_t block)
{
	struct m3_region *r = t->r;
	struct m3_block *b = m3_block(r, block);
	uint32_t before;
	uint32_t peer = b->peer, lane = b->lane;
	struct m3_lane *l;

	if (*m3_block_state(r, block) == M3_BLOCK_PARKED)
		m3_migration_unpark_d(t, block);
	if (*m3_block_state(r, block) != M3_BLOCK_QUEUED)
		return;
	m3_set32(r, m3_block_state(r, block), M3_BLOCK_FREE);
	m3_pool_freed_d(t, block);
	if (peer >= r->nodes || !*m3_spans(r, peer) || lane >= M3_LANE_BULK)
		return;
	l = &m3_peer(r, peer)->lane[lane];
	before = before_block(r, l, block);
	if (before == M3_NIL && l->qhead != block)
		return;
	if (before == M3_NIL)
		m3_set32(r, &l->qhead, b->next);
	else
		m3_set32(r, &m3_block(r, before)->next, b->next);
	if (l->qtail == block)
		m3_set32(r, &l->qtail, before);
	m3_set32(r, &l->queued, l->queued - 1);
}

void m3_record_fill(struct m3_region *r, struct m3_record *rec, uint32_t kind,
		    uint32_t s, uint32_t d)
{
	__builtin_memset(rec, 0, sizeof(*rec));
	rec->length = sizeof(*rec);
	rec->kind = (uint16_t)kind;
	rec->src = m3_endpoint_of(r, s);
	rec->dst = m3_endpoint_of(r, d);
	rec->src_binding = m3_slot(r, s)->binding;
	rec->dst_binding = m3_slot(r, d)->binding;
	rec->src_node = (uint16_t)r->node;
	rec->dst_node = (uint16_t)m3_slot(r, d)->node;
}

static void block_message(struct m3_block *b, int src,
			  const struct m3_message *m)
{
	b->body.message = *m;
	b->body.message.source = src;
	b->record.length = sizeof(struct m3_record) + sizeof(struct m3_message);
}

void m3_answer_d(struct m3_txn *t, uint32_t s, uint32_t i, uint32_t kind,
		 int status, const struct m3_message *m)
{
	struct m3_region *r = t->r;
	struct m3_slot *c = m3_slot(r, i);
	struct m3_block *b = m3_block(r, i);
	uint32_t owner = m3_slot_of(r, c->sendto);

	/* An answer that was not taken yet is to an older call: superseded. */
	if (c->block_state != M3_BLOCK_FREE) {
		m3_block_note_d(t, i);
		m3_block_unqueue_d(t, i);
	}
	/* What a peer has queued and answers itself (REFUSED) waits no more. */
	if (c->rts & M3_RTS_SENDING && owner != M3_NIL)
		m3_unqueue_d(t, owner, i);
	m3_set32(r, &c->rts, c->rts & ~(M3_RTS_SENDING | M3_RTS_RECEIVING));
	m3_seti(r, &c->getfrom, M3_NONE);
	m3_seti(r, &c->sendto, M3_NONE);
	if (c->node >= r->nodes || !*m3_spans(r, c->node))
		return;
	m3_record_fill(r, &b->record, kind, s, i);
	b->record.call = c->call;
	b->record.status = status;
	if (m)
		block_message(b, m3_endpoint_of(r, s), m);
	m3_block_queue_d(t, i, c->node);
}

/* The CANCEL in queued block `from` moves to free block `to`, in its place. */
static void move_cancel_d(struct m3_txn *t, uint32_t from, uint32_t to)
{
	struct m3_region *r = t->r;
	struct m3_block *b = m3_block(r, from), *n = m3_block(r, to);
	uint32_t before;
	struct m3_lane *l;

	if (b->peer >= r->nodes || !*m3_spans(r, b->peer) ||
	    b->lane >= M3_LANE_BULK)
		return;
	l = &m3_peer(r, b->peer)->lane[b->lane];
	m3_block_note_d(t, from);
	m3_block_note_d(t, to);
	n->record = b->record;
	if (*m3_block_state(r, from) == M3_BLOCK_PARKED) {
		m3_migration_unpark_d(t, from);
		m3_block_queue_d(t, to, b->peer);
		return;
	}
	m3_note_range(r, &n->peer, sizeof(n->peer) + sizeof(n->lane));
	n->peer = b->peer;
	n->lane = b->lane;
	m3_set32(r, &n->next, b->next);
	before = before_block(r, l, from);
	if (l->qhead == from)
		m3_set32(r, &l->qhead, to);
	else if (before != M3_NIL)
		m3_set32(r, &m3_block(r, before)->next, to);
	if (l->qtail == from)
		m3_set32(r, &l->qtail, to);
	m3_set32(r, m3_block_state(r, to), M3_BLOCK_QUEUED);
	m3_set32(r, m3_block_state(r, from), M3_BLOCK_FREE);
}

int m3_block_clear_d(struct m3_txn *t, uint32_t s)
{
	struct m3_region *r = t->r;
	uint32_t *own = m3_block_state(r, s);

	if (*own != M3_BLOCK_FREE &&
	    *m3_block_state(r, r->slots + s) == M3_BLOCK_FREE)
		move_cancel_d(t, s, r->slots + s);
	return *own == M3_BLOCK_FREE;
}

/* Slot `s` has its own block: its request to slot `d` joins the queue. */
static void request_queue_d(struct m3_txn *t, uint32_t s, uint32_t d,
			    uint32_t kind, const struct m3_message *m)
{
	struct m3_region *r = t->r;
	const struct m3_transfer *x = m3_transfer(r, s);
	struct m3_block *b = m3_block(r, s);

	m3_record_fill(r, &b->record, kind, s, d);
	b->record.call = m3_slot(r, s)->call;
	b->former = 0;
	if (kind == M3_REC_COPY_PULL) {
		b->record.length += sizeof(b->body.copy);
		b->record.call = x->call;
		b->record.transfer = x->id;
		b->body.copy.address = x->far_address;
		b->body.copy.bytes = x->bytes;
	} else {
		block_message(b, m3_endpoint_of(r, s), m);
		m3_settle_debt_d(t, s, d);
	}
	m3_block_queue_d(t, s, b->record.dst_node);
}

int m3_call_queue_d(struct m3_txn *t, uint32_t s, uint32_t d, uint32_t kind,
		    const struct m3_message *m)
{
	struct m3_region *r = t->r;
	struct m3_slot *self = m3_slot(r, s);
	int e = m3_peer_callable(r, m3_slot(r, d)->node);

	if (e)
		return e;
	m3_more(r, s)->called_at = m3_platform_now();
	m3_set32(r, &self->rts, self->rts | M3_RTS_SENDING | M3_RTS_RMTOPER);
	m3_seti(r, &self->sendto, m3_endpoint_of(r, d));
	if (m3_block_clear_d(t, s)) {
		request_queue_d(t, s, d, kind, m);
		return 0;
	}
	/* Both blocks hold CANCELs: m3_block_freed_d() goes on. */
	if (m)
		self->message = *m;
	return 0;
}

int m3_waits_for_block(struct m3_region *r, uint32_t i)
{
	const struct m3_slot *s = m3_slot(r, i);
	uint32_t both = M3_RTS_SENDING | M3_RTS_RMTOPER;

	return !(s->rts & M3_RTS_REMOTE) && (s->rts & both) == both &&
	       s->block_state != M3_BLOCK_NUMBERED &&
	       m3_transfer(r, i)->kind != M3_TRANSFER_PUSH &&
	       m3_block(r, i)->record.kind == M3_REC_CANCEL;
}

void m3_block_freed_d(struct m3_txn *t, uint32_t block)
{
	struct m3_region *r = t->r;
	uint32_t i = block % r->slots, d, kind;
	struct m3_slot *s = m3_slot(r, i);

	if (!m3_waits_for_block(r, i))
		return;
	d = m3_slot_of(r, s->sendto);
	if (d == M3_NIL)
		return;
	kind = s->op == M3_OP_SEND ? M3_REC_SEND :
	       s->op == M3_OP_SENDREC ? M3_REC_SENDREC : M3_REC_COPY_PULL;
	if (block == i)
		m3_block_note_d(t, i);
	else
		move_cancel_d(t, i, block);
	if (s->block_state == M3_BLOCK_FREE)
		request_queue_d(t, i, d, kind, &s->message);
}

/* The un-taken notification of this pair, a free block, or M3_NIL. */
static uint32_t notify_block(struct m3_region *r, uint32_t s, uint32_t d,
			     int *merged)
{
	uint32_t first = 2 * r->slots, i;

	for (i = first; i < first + r->pool && i < m3_blocks(r); i++) {
		struct m3_block *b = m3_block(r, i);

		if (b->state == M3_BLOCK_FREE ||
		    b->record.kind != M3_REC_NOTIFY)
			continue;
		if (b->record.src == m3_endpoint_of(r, s) &&
		    b->record.dst == m3_endpoint_of(r, d) &&
		    b->record.src_binding == m3_slot(r, s)->binding &&
		    b->record.dst_node == m3_slot(r, d)->node) {
			*merged = 1;
			return i;
		}
	}
	return m3_pool_free(r);
}

/* Bits of its argument, which the record carries where the message has it. */
static void set_updates_d(struct m3_txn *t, struct m3_block *b,
			  uint32_t updates)
{
	void *at = b->body.message.data + 8;
	uint64_t bits;

	__builtin_memcpy(&bits, at, sizeof(bits));
	bits |= updates;
	m3_note_range(t->r, at, sizeof(bits));
	__builtin_memcpy(at, &bits, sizeof(bits));
	m3_crash_point();
}

int m3_notify_queue_d(struct m3_txn *t, uint32_t s, uint32_t d,
		      uint32_t updates)
{
	struct m3_region *r = t->r;
	uint32_t node = m3_slot(r, d)->node, i;
	struct m3_message m = { 0, 0, { 0 } };
	uint64_t bits = updates;
	int merged = 0, e = m3_peer_callable(r, node);
	struct m3_peer *p;

	if (e)
		return e;
	p = m3_peer(r, node);
	i = notify_block(r, s, d, &merged);
	if (merged) {
		r->counts.merged_notifies++;
		if (updates)
			set_updates_d(t, m3_block(r, i), updates);
		return 0;
	}
	if (i == M3_NIL || p->notifies >= M3_NOTIFY_QUOTA)
		return -M3_EAGAIN;
	m3_record_fill(r, &m3_block(r, i)->record, M3_REC_NOTIFY, s, d);
	m.type = M3_NOTIFY_MESSAGE | m3_endpoint_of(r, s);
	__builtin_memcpy(m.data + 8, &bits, sizeof(bits));
	block_message(m3_block(r, i), m3_endpoint_of(r, s), &m);
	m3_set32(r, &p->notifies, p->notifies + 1);
	m3_block_queue_d(t, i, node);
	m3_slot(r, s)->remote_sent++;
	return 0;
}
