// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * A frozen endpoint goes on at another node: what this node does, be it the
 * one that it left or one that only knows it. The slot is turned over first,
 * in one transition that also notes the txn; what follows looks at each slot
 * for what is left to do, so that a repeated commit completes a broken one.
 */
#include "core.h"

/*
 * Of an endpoint that nobody here has heard of, all that is known now is that
 * it has moved: generation 0.
 */
static uint64_t next_epoch(uint64_t binding)
{
	return binding + (1ull << 32);
}

/*
 * The local process's slot becomes the descriptor of its heir. A call that a
 * process of this node has stays with that one, as the heir's. Its former
 * process is a backup from now on.
 */
static void leave_d(struct m3_txn *t, uint32_t e)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, e);
	uint32_t keep = 0;

	if (s->rts & M3_RTS_WAITMIGR)
		m3_migration_leave_d(t, e);
	else if (!m3_more(r, e)->resume && !(s->rts & M3_RTS_RMTOPER) &&
		 (s->op == M3_OP_SEND || s->op == M3_OP_SENDREC))
		keep = s->rts & (M3_RTS_SENDING | M3_RTS_RECEIVING);
	if (m3_waits_for_binding(s))
		m3_set32(r, &r->bind_waiters, r->bind_waiters - 1);
	m3_set32(r, &s->rts, M3_RTS_REMOTE | M3_RTS_MIGRATE | keep);
	m3_set32(r, &s->misc, M3_MF_RMTBACKUP);
	if (!(keep & M3_RTS_RECEIVING))
		m3_seti(r, &s->getfrom, M3_NONE);
	if (!(keep & M3_RTS_SENDING))
		m3_seti(r, &s->sendto, M3_NONE);
	if (s->block_state == M3_BLOCK_NUMBERED)
		m3_set32(r, &s->block_state, M3_BLOCK_FREE);
	m3_set64(r, &s->own_call, s->call);
	m3_set64(r, &m3_more(r, e)->resume, 0);
	m3_set64(r, &s->refused_transfer, 0);
	if (s->op != M3_OP_NONE) {
		m3_seti(r, &s->result, -M3_EMIGRATE);
		m3_set32(r, &s->op, M3_OP_NONE);
		m3_wake_later(t, e);
	}
	/* What no process of this node was asked may still come here. */
	if (!keep && s->call)
		m3_set64(r, &s->call, s->call - 1);
}

/*
 * A process of this node ended its call after the state was exported: its heir,
 * which waits, gets that end as an answer.
 */
static void answer_heir_d(struct m3_txn *t, uint32_t e, uint32_t op, int result)
{
	struct m3_region *r = t->r;
	const struct m3_slot *s = m3_slot(r, e);
	uint32_t peer = m3_slot_of(r, m3_more(r, e)->resume_peer);
	struct m3_block *b = m3_block(r, e);

	if (peer == M3_NIL || !m3_block_clear_d(t, e))
		return;
	m3_record_fill(r, &b->record, result ? M3_REC_ERROR :
				      op == M3_OP_SEND ? M3_REC_SEND_ACK :
							 M3_REC_REPLY, peer, e);
	b->record.call = s->own_call;
	b->record.status = result;
	if (b->record.kind == M3_REC_REPLY) {
		b->body.message = s->message;
		b->record.length += sizeof(s->message);
	}
	m3_block_queue_d(t, e, s->node);
}

/* What was its process's own is no more: it moved, or it is explained. */
static void drop_own(struct m3_txn *t, uint32_t e)
{
	struct m3_region *r = t->r;
	uint32_t *bits = m3_bits(r, e), w;

	for (w = 0; w < r->bits_words; w++)
		m3_set32(r, &bits[w], 0);
	m3_set32(r, &m3_slot(r, e)->notifies, 0);
	m3_set32(r, &m3_slot(r, e)->updates, 0);
	m3_commit(r);
	m3_arena_free_all(t, e);
}

/* A local caller's call, which the old node's core had, is the new one's. */
static void call_out_d(struct m3_txn *t, uint32_t i, uint32_t e)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i);
	struct m3_block *b = m3_block(r, i);
	uint32_t rpc = s->op == M3_OP_SENDREC;

	if (s->rts & M3_RTS_SENDING)
		m3_unqueue_d(t, e, i);
	m3_known_d(t, m3_slot(r, e)->node, i);
	/* Both its blocks hold CANCELs to nodes that are cut off: rare, so
	 * that it ends with what is true of it in any case. */
	if (!m3_block_clear_d(t, i)) {
		m3_finish_d(t, i, -M3_EUNKNOWN);
		return;
	}
	m3_record_fill(r, &b->record, rpc ? M3_REC_SENDREC : M3_REC_SEND, i, e);
	b->record.call = s->call;
	b->record.length = sizeof(b->record) + sizeof(s->message);
	b->body.message = s->message;
	b->former = r->node + 1;
	m3_set32(r, &s->block_state, M3_BLOCK_NUMBERED);
	m3_set32(r, &s->call_lane, M3_LANE_NORMAL);
	m3_set64(r, &s->call_number, 0);
	m3_set32(r, &s->rts, (s->rts & ~(M3_RTS_SENDING | M3_RTS_RECEIVING)) |
				     M3_RTS_RMTOPER |
				     (rpc ? M3_RTS_RECEIVING : M3_RTS_SENDING));
	m3_seti(r, &s->sendto, m3_endpoint_of(r, e));
}

/* A call that is out: what follows it (CANCEL) goes to the new node. */
static void call_aim_d(struct m3_txn *t, uint32_t i, uint32_t e)
{
	struct m3_region *r = t->r;
	struct m3_block *b = m3_block(r, i);
	const struct m3_slot *to = m3_slot(r, e);

	m3_known_d(t, to->node, i);
	m3_note_range(r, &b->record, sizeof(b->record));
	m3_set32(r, &b->former, b->record.dst_node + 1u);
	b->record.dst_node = (uint16_t)to->node;
	b->record.dst_binding = to->binding;
	/* It is in no ring any more. */
	m3_set64(r, &m3_slot(r, i)->call_number, 0);
}

/* A remote process's request to who is not here: that moved along. */
static void forget_d(struct m3_txn *t, uint32_t i, uint32_t e)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i);

	if (s->rts & M3_RTS_SENDING)
		m3_unqueue_d(t, e, i);
	if (!m3_more(r, e)->exported) {
		/* It came too early, and this is not the node it meant. */
		m3_answer_d(t, e, i, M3_REC_ERROR, -M3_EDSTDIED, NULL);
		return;
	}
	m3_set32(r, &s->rts, s->rts & ~(M3_RTS_SENDING | M3_RTS_RECEIVING));
	m3_seti(r, &s->getfrom, M3_NONE);
	m3_seti(r, &s->sendto, M3_NONE);
	/* The same call may come back one day, with who has it. */
	if (s->call)
		m3_set64(r, &s->call, s->call - 1);
}

static void follow(struct m3_txn *t, uint32_t i, uint32_t e)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i);
	int ep = m3_endpoint_of(r, e);
	int queued = s->rts & M3_RTS_SENDING && s->sendto == ep;
	int debt = s->rts & M3_RTS_RECEIVING && s->getfrom == ep &&
		   !(s->rts & M3_RTS_SENDING);

	if (s->rts & (M3_RTS_SLOT_FREE | M3_RTS_WAITMIGR))
		return;
	if (s->rts & M3_RTS_REMOTE) {
		if (queued || debt)
			forget_d(t, i, e);
	} else if (s->op == M3_OP_SEND || s->op == M3_OP_SENDREC) {
		if (!(s->rts & M3_RTS_RMTOPER)) {
			if (queued || debt)
				call_out_d(t, i, e);
		} else if (s->sendto == ep &&
			   s->block_state == M3_BLOCK_NUMBERED &&
			   m3_block(r, i)->record.dst_node !=
				   m3_slot(r, e)->node) {
			call_aim_d(t, i, e);
		}
	}
	m3_commit(r);
}

static void follow_all(struct m3_txn *t, uint32_t e)
{
	uint32_t i;

	for (i = 0; i < m3_high(t->r); i++)
		if (i != e)
			follow(t, i, e);
}

/* A client that its first record has bound is of its new node's share now. */
static void share_d(struct m3_txn *t, const struct m3_slot *s, uint32_t node)
{
	struct m3_region *r = t->r;
	struct m3_peer *p = m3_peer(r, s->node), *to = m3_peer(r, node);

	if (!s->automatic)
		return;
	if (s->node < r->nodes && *m3_spans(r, s->node))
		m3_set32(r, &p->automatic, p->automatic - 1);
	m3_set32(r, &to->automatic, to->automatic + 1);
}

static int is_partner(struct m3_region *r, uint32_t i, uint32_t e)
{
	const struct m3_slot *s = m3_slot(r, i), *own = m3_slot(r, e);

	if (s->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE))
		return 0;
	return own->rts & M3_RTS_REMOTE ?
		       m3_knows(r, own->node, i) :
		       own->getfrom == m3_endpoint_of(r, i);
}

/*
 * Slot `e` is frozen by `txn`: it is on `node` from now on. `lost`: what that
 * node's core had of it is lost.
 */
static void turn_over(struct m3_txn *t, uint32_t e, uint32_t node, uint64_t txn,
		      int lost)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, e);
	struct m3_more *x = m3_more(r, e);
	uint32_t i;

	/* Whom it may wait for: its new node hears of their deaths. */
	for (i = 0; i < m3_high(r); i++)
		if (i != e && is_partner(r, i, e)) {
			m3_known_d(t, node, i);
			m3_commit(r);
		}
	if (x->migrated != txn) {
		uint32_t op = x->exported == 2 ? s->op : M3_OP_NONE;
		int result = s->result;

		if (!(s->rts & M3_RTS_REMOTE))
			leave_d(t, e);
		share_d(t, s, node);
		m3_set32(r, &s->node, node);
		m3_set64(r, &s->binding, next_epoch(s->binding));
		if (op != M3_OP_NONE)
			answer_heir_d(t, e, op, result);
		m3_set64(r, &x->migrated, txn);
		m3_set32(r, &x->lost, lost != 0);
		m3_commit(r);
	}
	/* A grant names memory of the old process, or was given to it. */
	m3_memory_end(t, e);
	if (x->exported)
		drop_own(t, e);
	follow_all(t, e);
	if (x->lost)
		m3_migration_strand(t, e);
	else
		m3_migration_thaw(t, e);
}

/*
 * Was the core of `node` lost since slot `e` was frozen? Then it may have had
 * the endpoint, and calls to it that are aimed there now end with EUNKNOWN.
 */
static int lost_since(struct m3_region *r, uint32_t e, uint32_t node)
{
	return m3_peer(r, node)->lost_at > m3_more(r, e)->frozen_at;
}

int m3_migration_commit(struct m3_txn *t, int ep, uint32_t node, uint64_t txn)
{
	struct m3_region *r = t->r;
	uint32_t e = m3_slot_of(r, ep);
	struct m3_slot *s;
	struct m3_more *x;

	if (e == M3_NIL)
		return -M3_ERANGE;
	if (!m3_is_backed(r, e))
		return -M3_EPROCSTS;
	s = m3_slot(r, e);
	x = m3_more(r, e);
	if (!(s->rts & M3_RTS_MIGRATE)) {
		if (x->migrated != txn)
			return -M3_EPROCSTS;
		m3_migration_thaw(t, e);
		return 0;
	}
	if (x->migration != txn ||
	    (!(s->rts & M3_RTS_REMOTE) && !x->exported))
		return -M3_EPROCSTS;
	if (node >= r->nodes || node == r->node)
		return -M3_EBADNODEID;
	if (!*m3_spans(r, node))
		return -M3_ENODCNODE;
	turn_over(t, e, node, txn, lost_since(r, e, node));
	return 0;
}

int m3_migration_claim(struct m3_txn *t, uint32_t node, uint64_t binding,
		       uint32_t e, int speaks)
{
	struct m3_region *r = t->r;
	const struct m3_more *x;
	struct m3_slot *s = m3_slot(r, e);

	if (!(s->rts & M3_RTS_MIGRATE) || node == s->node)
		return 0;
	x = m3_more(r, e);
	if (x->migrated == x->migration)
		return 0;
	if (x->target >= 0 && (uint32_t)x->target != node)
		return 0;
	/* Who has never heard of it believes the named target only. */
	if (m3_generation_of(s->binding) ?
		    binding != next_epoch(s->binding) :
		    x->target < 0 || m3_epoch_of(binding) == 0)
		return 0;
	if (!(s->rts & M3_RTS_REMOTE) && !x->exported)
		return 0;
	if (!m3_generation_of(s->binding))
		m3_set64(r, &s->binding, binding - (1ull << 32));
	turn_over(t, e, node, x->migration,
		  !speaks && lost_since(r, e, node));
	return 1;
}

/* Who sent that call knows a newer owner, or learns of it some day. */
static void again_d(struct m3_txn *t, uint32_t i, uint32_t e)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i), *to = m3_slot(r, e);
	struct m3_block *b = m3_block(r, i);

	m3_note_range(r, &b->record, sizeof(b->record));
	b->record.dst_node = (uint16_t)to->node;
	b->record.dst_binding = to->binding;
	m3_set32(r, &b->former, 0);
	m3_set32(r, &s->block_state, M3_BLOCK_FREE);
	m3_set32(r, &s->rts, s->rts | M3_RTS_SENDING);
	m3_block_queue_d(t, i, to->node);
}

void m3_migration_bounced_d(struct m3_txn *t, uint32_t node,
			    const struct m3_record *rec)
{
	struct m3_region *r = t->r;
	uint32_t i = m3_slot_of(r, rec->dst), e = m3_slot_of(r, rec->src);
	struct m3_slot *s = i == M3_NIL ? NULL : m3_slot(r, i);
	struct m3_block *b = NULL;

	if (s && !(s->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE)))
		b = m3_block(r, i);
	if (!b || e == M3_NIL || rec->src_node != node ||
	    rec->dst_node != r->node ||
	    !(s->rts & M3_RTS_RMTOPER) || s->call != rec->call ||
	    s->sendto != rec->src || s->block_state != M3_BLOCK_NUMBERED ||
	    (b->record.dst_node != node && b->former != node + 1)) {
		r->counts.stale_answers++;
		return;
	}
	r->counts.delivered++;
	if (s->op == M3_OP_VCOPY) {
		m3_transfer_stop_d(t, i);
		m3_finish_d(t, i, -M3_EPROCSTS);
	} else if (m3_slot(r, e)->rts & M3_RTS_REMOTE &&
		   m3_slot(r, e)->node != node) {
		again_d(t, i, e);
	} else if (m3_slot(r, e)->rts & M3_RTS_REMOTE) {
		m3_migration_unsend_d(t, i, e);
	} else {
		m3_migration_inward_d(t, i, e, 1);
	}
}

int m3_migration_undecided(struct m3_region *r, uint32_t self, uint32_t e)
{
	const struct m3_slot *s = m3_slot(r, self), *to = m3_slot(r, e);

	if (!(to->rts & M3_RTS_MIGRATE) || s->op == M3_OP_VCOPY)
		return 0;
	if (!(s->rts & M3_RTS_RMTOPER))
		return 1;
	/* What its core has not accepted is lost in any case. */
	return s->block_state == M3_BLOCK_NUMBERED && to->node < r->nodes &&
	       s->call_number < m3_peer(r, to->node)
					->lane[s->call_lane % M3_LANES].acked;
}
