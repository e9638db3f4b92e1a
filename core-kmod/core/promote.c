// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * A backup takes the place of a primary whose node is dead: a migration
 * without the old node (protocol 21). What was on its way to it is taken back
 * first; then the endpoint is frozen and goes on elsewhere like any other.
 */
#include "core.h"

#define PROMOTION (~0ull) /* its txn */

/* Numbered records to the dead: their numbers are left (protocol 4). */
static void void_numbered(struct m3_txn *t, uint32_t e)
{
	struct m3_region *r = t->r;
	uint32_t lane, node = m3_slot(r, e)->node;
	int ep = m3_endpoint_of(r, e);
	struct m3_entry *entry;
	struct m3_peer *p;
	uint64_t n;

	if (node >= r->nodes || !*m3_spans(r, node))
		return;
	p = m3_peer(r, node);
	for (lane = M3_LANE_URGENT; lane < M3_LANES; lane++)
		for (n = p->lane[lane].acked;
		     n < p->lane[lane].next &&
		     n < p->lane[lane].acked + m3_window(lane); n++) {
			entry = m3_entry(p, lane, n);
			if (entry->record.dst != ep ||
			    entry->record.kind == M3_REC_VOID)
				continue;
			m3_set32(r, (uint32_t *)(void *)&entry->record.kind,
				 M3_REC_VOID);
			r->counts.voided++;
			m3_commit(r);
		}
}

/* A record that has no number yet. */
static void take_back(struct m3_txn *t, uint32_t block, uint32_t e)
{
	struct m3_region *r = t->r;
	const struct m3_record *rec = &m3_block(r, block)->record;
	struct m3_peer *p = m3_peer(r, m3_slot(r, e)->node);
	uint32_t kind = rec->kind;

	m3_block_unqueue_d(t, block);
	if (kind == M3_REC_NOTIFY) {
		m3_migration_park_d(t, block);
	} else if (kind == M3_REC_SEND || kind == M3_REC_SENDREC) {
		m3_migration_unsend_d(t, block, e);
	} else if (kind == M3_REC_COPY_PULL) {
		m3_transfer_stop_d(t, block);
		m3_finish_d(t, block, -M3_ENODEDOWN);
	} else if (kind == M3_REC_CANCEL) {
		m3_block_freed_d(t, block);
	} else if (block >= 2 * r->slots && p->notifies) {
		m3_set32(r, &p->notifies, p->notifies - 1);
	}
	/* The others answer calls that ended with their caller. */
	m3_commit(r);
}

static void take_back_all(struct m3_txn *t, uint32_t e)
{
	struct m3_region *r = t->r;
	uint32_t lane, at, next, steps, node = m3_slot(r, e)->node;

	if (node >= r->nodes || !*m3_spans(r, node))
		return;
	for (lane = M3_LANE_URGENT; lane < M3_LANE_BULK; lane++) {
		at = m3_peer(r, node)->lane[lane].qhead;
		for (steps = 0; at < m3_blocks(r) && steps++ < m3_blocks(r);
		     at = next) {
			next = m3_block(r, at)->next;
			if (m3_block(r, at)->record.dst ==
			    m3_endpoint_of(r, e))
				take_back(t, at, e);
		}
	}
}

/* A call that its node's core may have accepted. */
static void numbered_call(struct m3_txn *t, uint32_t i, uint32_t e,
			  uint32_t flags)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i);
	struct m3_transfer *x;
	int ep = m3_endpoint_of(r, e);

	if (s->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE))
		return;
	x = m3_transfer(r, i);
	if (x->kind != M3_TRANSFER_NONE && x->party == ep) {
		m3_transfer_stop_d(t, i);
		if (s->op == M3_OP_VCOPY) {
			m3_set64(r, &x->done, 0);
			m3_finish_d(t, i, -M3_EUNKNOWN);
		}
	} else if (s->rts & M3_RTS_RMTOPER && s->sendto == ep &&
		   s->block_state == M3_BLOCK_NUMBERED) {
		if (flags & M3_PROMOTE_RETRY && s->op != M3_OP_VCOPY)
			m3_migration_unsend_d(t, i, e);
		else
			m3_finish_d(t, i, -M3_EUNKNOWN);
	}
	m3_commit(r);
}

/* The primary's own calls ended with it. */
static void forget_primary(struct m3_txn *t, uint32_t e)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, e);
	uint32_t owner = m3_slot_of(r, s->sendto);

	if (s->rts & M3_RTS_SENDING && owner != M3_NIL)
		m3_unqueue_d(t, owner, e);
	if (s->block_state != M3_BLOCK_FREE)
		m3_block_unqueue_d(t, e);
	m3_set32(r, &s->rts, M3_RTS_REMOTE | M3_RTS_MIGRATE);
	m3_seti(r, &s->getfrom, M3_NONE);
	m3_seti(r, &s->sendto, M3_NONE);
	m3_set64(r, &s->call, 0);
	m3_set64(r, &s->refused_transfer, 0);
	m3_commit(r);
}

static void freeze(struct m3_txn *t, uint32_t e, uint32_t node)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, e);
	struct m3_more *x = m3_more(r, e);

	if (!(s->rts & M3_RTS_MIGRATE))
		m3_set32(r, &r->migrations, r->migrations + 1);
	m3_set32(r, &s->rts, s->rts | M3_RTS_MIGRATE);
	m3_set64(r, &x->migration, PROMOTION);
	m3_seti(r, &x->target, (int32_t)node);
	m3_set64(r, &x->migrated, 0);
	m3_commit(r);
}

static void turn_over(struct m3_txn *t, uint32_t e, uint32_t node,
		      uint32_t handle)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, e);
	struct m3_more *x = m3_more(r, e);
	uint64_t binding = s->binding;

	/* Nobody here has heard of the primary: its life's number is not
	 * known, so that whoever knows it is believed. */
	if (!m3_generation_of(binding) && node == r->node)
		binding += m3_mint_d(t);
	binding += 1ull << 32;
	m3_migration_owned_d(t, e);
	m3_set64(r, &s->binding, binding);
	m3_set32(r, &x->adopt, 1);
	m3_set32(r, &s->node, node);
	m3_set64(r, &x->migrated, PROMOTION);
	m3_set32(r, &x->lost, 0);
	if (node == r->node) {
		m3_set32(r, &s->rts, M3_RTS_MIGRATE);
		m3_set32(r, &s->misc, M3_MF_GRPLEADER);
		m3_set32(r, &s->handle, handle);
		m3_bound_d(t, e);
		m3_set64(r, &s->call, s->own_call);
		s->pid = m3_handle(r, handle)->pid;
		m3_store32(&s->waits, M3_WAITS_NONE);
	}
	m3_commit(r);
}

/* 0, 1 if it is done already, or an error. */
static int promotable(struct m3_region *r, int ep, uint32_t node,
		      uint32_t handle)
{
	uint32_t e = m3_slot_of(r, ep);
	const struct m3_slot *s;

	if (e == M3_NIL)
		return -M3_ERANGE;
	if (node >= r->nodes)
		return -M3_EBADNODEID;
	if (node != r->node && !*m3_spans(r, node))
		return -M3_ENODCNODE;
	s = m3_slot(r, e);
	if (m3_is_gone(s))
		return -M3_EDSTDIED;
	if (m3_more(r, e)->migration == PROMOTION)
		return 0;
	if (!(s->rts & M3_RTS_REMOTE))
		return node == r->node && s->handle == handle ? 1 :
								-M3_ELCLPROC;
	return s->node == node && !(s->rts & M3_RTS_MIGRATE);
}

int m3_migration_promote(struct m3_txn *t, int ep, uint32_t node,
			 uint32_t handle, uint32_t flags)
{
	struct m3_region *r = t->r;
	uint32_t e = m3_slot_of(r, ep), i;
	int done = promotable(r, ep, node, handle);

	if (done < 0)
		return done;
	if (!done && (m3_more(r, e)->migration != PROMOTION ||
		      m3_more(r, e)->migrated != PROMOTION)) {
		freeze(t, e, node);
		void_numbered(t, e);
		take_back_all(t, e);
		for (i = 0; i < m3_high(r); i++)
			numbered_call(t, i, e, flags);
		forget_primary(t, e);
		turn_over(t, e, node, handle);
	}
	if (node == r->node)
		m3_migration_announce(t, e);
	m3_migration_thaw(t, e);
	return 0;
}
