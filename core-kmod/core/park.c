// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Records for a frozen endpoint: complete in their blocks, in the order in
 * which they were made, until it is known where it goes on.
 */
#include "core.h"

int m3_migration_park_d(struct m3_txn *t, uint32_t block)
{
	struct m3_region *r = t->r;
	struct m3_block *b = m3_block(r, block);
	uint32_t e, tail;
	struct m3_more *x;

	if (!r->migrations)
		return 0;
	e = m3_slot_of(r, b->record.dst);
	/* Not what answers a namesake on another node. */
	if (e == M3_NIL || !(m3_slot(r, e)->rts & M3_RTS_MIGRATE) ||
	    b->record.dst_node != m3_slot(r, e)->node)
		return 0;
	x = m3_more(r, e);
	tail = x->parked_tail - 1;
	m3_set32(r, &b->next, M3_NIL);
	if (!x->parked)
		m3_set32(r, &x->parked, block + 1);
	else if (tail < m3_blocks(r))
		m3_set32(r, &m3_block(r, tail)->next, block);
	m3_set32(r, &x->parked_tail, block + 1);
	m3_set32(r, m3_block_state(r, block), M3_BLOCK_PARKED);
	m3_pool_used_d(t, block);
	return 1;
}

void m3_migration_unpark_d(struct m3_txn *t, uint32_t block)
{
	struct m3_region *r = t->r;
	struct m3_block *b = m3_block(r, block);
	uint32_t e = m3_slot_of(r, b->record.dst), at, before = M3_NIL;
	uint32_t steps = 0, blocks = m3_blocks(r), node = b->record.dst_node;
	struct m3_more *x;

	m3_set32(r, m3_block_state(r, block), M3_BLOCK_FREE);
	m3_pool_freed_d(t, block);
	if (block >= 2 * r->slots && node < r->nodes && *m3_spans(r, node) &&
	    m3_peer(r, node)->notifies)
		m3_set32(r, &m3_peer(r, node)->notifies,
			 m3_peer(r, node)->notifies - 1);
	if (e == M3_NIL)
		return;
	x = m3_more(r, e);
	for (at = x->parked - 1; at < blocks && at != block &&
				 steps++ < blocks;
	     at = m3_block(r, at)->next)
		before = at;
	if (at != block)
		return;
	if (before == M3_NIL)
		m3_set32(r, &x->parked, b->next + 1);
	else
		m3_set32(r, &m3_block(r, before)->next, b->next);
	if (x->parked_tail == block + 1)
		m3_set32(r, &x->parked_tail, before + 1);
}

void m3_migration_retract_d(struct m3_txn *t, uint32_t self)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, self);
	uint32_t e, b = r->slots + self;

	if (!r->migrations || s->rts & (M3_RTS_RMTOPER | M3_RTS_WAITMIGR) ||
	    (s->op != M3_OP_SEND && s->op != M3_OP_SENDREC))
		return;
	e = m3_slot_of(r, s->rts & M3_RTS_SENDING ? s->sendto : s->getfrom);
	if (e == M3_NIL || m3_slot(r, e)->rts & M3_RTS_REMOTE ||
	    !m3_more(r, e)->exported)
		return;
	if (*m3_block_state(r, b) != M3_BLOCK_FREE)
		b = self;
	if (*m3_block_state(r, b) != M3_BLOCK_FREE)
		return;
	m3_record_fill(r, &m3_block(r, b)->record, M3_REC_CANCEL, self, e);
	m3_block(r, b)->record.call = s->call;
	m3_migration_park_d(t, b);
}

void m3_migration_ends_d(struct m3_txn *t, uint32_t i)
{
	struct m3_region *r = t->r;
	const struct m3_slot *s = m3_slot(r, i);
	struct m3_more *x = m3_more(r, i);

	m3_seti(r, &x->resume_peer,
		s->rts & M3_RTS_SENDING ? s->sendto : s->getfrom);
	if (x->exported && (s->op == M3_OP_SEND || s->op == M3_OP_SENDREC))
		m3_set32(r, &x->exported, 2);
}

/* The parked notification of that source, or a free block, or M3_NIL. */
static uint32_t parked_notification(struct m3_region *r, int source, int ep)
{
	uint32_t i, first = 2 * r->slots;

	for (i = first; i < first + r->pool && i < m3_blocks(r); i++) {
		const struct m3_block *b = m3_block(r, i);

		if (b->state == M3_BLOCK_PARKED &&
		    b->record.kind == M3_REC_NOTIFY &&
		    b->record.src == source && b->record.dst == ep)
			return i;
	}
	return m3_pool_free(r);
}

int m3_migration_notify_d(struct m3_txn *t, uint32_t source, uint32_t e,
			  uint32_t updates)
{
	struct m3_region *r = t->r;
	int src = m3_endpoint_of(r, source);
	struct m3_block *b;
	uint64_t bits = 0;
	uint32_t i;

	if (!(m3_slot(r, e)->rts & M3_RTS_MIGRATE) || !m3_more(r, e)->exported)
		return 1;
	i = parked_notification(r, src, m3_endpoint_of(r, e));
	if (i == M3_NIL)
		return -M3_EAGAIN;
	b = m3_block(r, i);
	if (b->state == M3_BLOCK_PARKED) {
		m3_block_note_d(t, i);
		__builtin_memcpy(&bits, b->body.message.data + 8, sizeof(bits));
		r->counts.merged_notifies++;
	} else {
		m3_record_fill(r, &b->record, M3_REC_NOTIFY, source, e);
		b->record.length += sizeof(b->body.message);
		__builtin_memset(&b->body, 0, sizeof(b->body));
		b->body.message.source = src;
		b->body.message.type = M3_NOTIFY_MESSAGE | src;
		m3_migration_park_d(t, i);
	}
	bits |= updates;
	__builtin_memcpy(b->body.message.data + 8, &bits, sizeof(bits));
	return 0;
}

/* A parked record meets its destination on this node. */
static void release_here_d(struct m3_txn *t, uint32_t e, uint32_t block)
{
	struct m3_region *r = t->r;
	const struct m3_block *b = m3_block(r, block);
	uint32_t source = m3_slot_of(r, b->record.src), kind = b->record.kind;
	uint32_t updates;

	m3_migration_unpark_d(t, block);
	__builtin_memcpy(&updates, b->body.message.data + 8, sizeof(updates));
	if (kind == M3_REC_NOTIFY && source != M3_NIL)
		m3_notify_d(t, e, source, updates);
	else if (kind == M3_REC_SEND || kind == M3_REC_SENDREC)
		m3_migration_unsend_d(t, block, e);
	else if (kind == M3_REC_COPY_PULL)
		m3_finish_d(t, block, -M3_EMIGRATE);
	else if (kind == M3_REC_CANCEL)
		m3_block_freed_d(t, block);
	/* An answer has been looked at before: import.c. */
}

static void release_there_d(struct m3_txn *t, uint32_t e, uint32_t block)
{
	struct m3_region *r = t->r;
	struct m3_block *b = m3_block(r, block);
	const struct m3_slot *s = m3_slot(r, e);
	struct m3_peer *p;

	m3_migration_unpark_d(t, block);
	if (s->node >= r->nodes || !*m3_spans(r, s->node))
		return;
	p = m3_peer(r, s->node);
	m3_note_range(r, &b->record, sizeof(b->record));
	b->record.dst_node = (uint16_t)s->node;
	b->record.dst_binding = s->binding;
	if (block >= 2 * r->slots)
		m3_set32(r, &p->notifies, p->notifies + 1);
	m3_block_send_d(t, block, s->node);
}

void m3_migration_release(struct m3_txn *t, uint32_t e)
{
	struct m3_region *r = t->r;
	struct m3_more *x = m3_more(r, e);
	uint32_t steps = 0, block;

	while (x->parked && steps++ < m3_blocks(r)) {
		block = x->parked - 1;
		if (block >= m3_blocks(r))
			return;
		if (m3_slot(r, e)->rts & M3_RTS_REMOTE)
			release_there_d(t, e, block);
		else
			release_here_d(t, e, block);
		m3_commit(r);
	}
}

/* Is a call that it answered held back until its caller's move is decided? */
static int holds_answer(const struct m3_more *x, int ep)
{
	return x->exported == 2 && x->resume_peer == ep;
}

int m3_migration_has_parked(struct m3_region *r, int ep)
{
	uint32_t i, at, steps = 0;

	for (i = 0; i < m3_high(r); i++) {
		if (!m3_is_backed(r, i))
			continue;
		if (holds_answer(m3_more(r, i), ep))
			return 1;
		for (at = m3_more(r, i)->parked - 1;
		     at < m3_blocks(r) && steps++ < m3_blocks(r);
		     at = m3_block(r, at)->next)
			if (m3_block(r, at)->record.src == ep)
				return 1;
	}
	return 0;
}

void m3_migration_drop_d(struct m3_txn *t, uint32_t block)
{
	struct m3_region *r = t->r;
	uint32_t kind = m3_block(r, block)->record.kind;

	if (kind == M3_REC_SEND || kind == M3_REC_SENDREC ||
	    kind == M3_REC_COPY_PULL)
		m3_call_abort_d(t, block, -M3_EDSTDIED);
	else
		m3_migration_unpark_d(t, block);
	if (kind == M3_REC_CANCEL)
		m3_block_freed_d(t, block);
}
