// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Blocks that no slot owns: un-taken notifications, and answers to callers of
 * other nodes that have no slot of their own here. `pool` is how far they are
 * in use, so that a search costs what is queued, not what could be.
 */
#include "core.h"

void m3_pool_used_d(struct m3_txn *t, uint32_t block)
{
	struct m3_region *r = t->r;

	if (block >= 2 * r->slots && block - 2 * r->slots >= r->pool)
		m3_set32(r, &r->pool, block - 2 * r->slots + 1);
}

void m3_pool_freed_d(struct m3_txn *t, uint32_t block)
{
	struct m3_region *r = t->r;
	uint32_t first = 2 * r->slots, n = r->pool;

	if (block < first || block - first + 1 != n || n > M3_NOTIFY_BLOCKS)
		return;
	while (n && m3_block(r, first + n - 1)->state == M3_BLOCK_FREE)
		n--;
	m3_set32(r, &r->pool, n);
}

uint32_t m3_pool_free(struct m3_region *r)
{
	uint32_t i;

	/* The pool's memory comes with the first peer. */
	for (i = 2 * r->slots; r->spanned && i < m3_blocks(r); i++)
		if (m3_block(r, i)->state == M3_BLOCK_FREE)
			return i;
	return M3_NIL;
}

/* The call of the record's source that waits for an answer, or 0. */
static uint64_t call_opened(const struct m3_record *rec)
{
	switch (rec->kind == M3_REC_REFUSED ? rec->flags >> M3_RF_KIND :
					      rec->kind) {
	case M3_REC_SEND:
	case M3_REC_SENDREC:
		return rec->call;
	case M3_REC_COPY_PULL:
		return rec->transfer;
	case M3_REC_COPY_DATA:
		return rec->flags & M3_RF_PULL ? 0 : rec->transfer;
	default:
		return 0;
	}
}

/* It is queued already: each chunk of a copy asks for the same answer. */
static int is_answered(struct m3_region *r, uint32_t node,
		       const struct m3_record *rec, uint64_t call)
{
	uint32_t first = 2 * r->slots, i;

	for (i = first; i < first + r->pool && i < m3_blocks(r); i++) {
		const struct m3_block *b = m3_block(r, i);

		if (b->state != M3_BLOCK_FREE && b->peer == node &&
		    b->record.kind == M3_REC_ERROR && b->record.call == call &&
		    b->record.dst == rec->src && b->record.src == rec->dst &&
		    b->record.dst_binding == rec->src_binding)
			return 1;
	}
	return 0;
}

int m3_pool_answer_d(struct m3_txn *t, uint32_t node,
		     const struct m3_record *rec, int error)
{
	struct m3_region *r = t->r;
	uint64_t call = call_opened(rec);
	uint32_t d = m3_slot_of(r, rec->dst), i;
	struct m3_record *answer;
	struct m3_peer *p;

	if (!call || m3_peer_reachable(r, node))
		return 0;
	if (is_answered(r, node, rec, call))
		return 1;
	p = m3_peer(r, node);
	i = m3_pool_free(r);
	if (i == M3_NIL || p->notifies >= M3_NOTIFY_QUOTA)
		return 0;
	answer = &m3_block(r, i)->record;
	__builtin_memset(answer, 0, sizeof(*answer));
	answer->length = sizeof(*answer);
	answer->kind = M3_REC_ERROR;
	answer->src = rec->dst;
	answer->dst = rec->src;
	answer->src_binding = d == M3_NIL ? 0 : m3_slot(r, d)->binding;
	answer->dst_binding = rec->src_binding;
	answer->call = call;
	answer->status = error;
	answer->src_node = (uint16_t)r->node;
	answer->dst_node = (uint16_t)node;
	r->counts.rejected++;
	m3_set32(r, &p->notifies, p->notifies + 1);
	m3_block_queue_d(t, i, node);
	return 1;
}
