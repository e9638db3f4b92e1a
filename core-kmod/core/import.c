// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * A frozen endpoint goes on here. The slot is turned over, with its own call,
 * in one transition: the migration is decided. Then each of its parties is
 * looked at; one that is here already is left alone, so that a repeated commit
 * completes a broken one.
 */
#include "state.h"

static int call_sane(const struct m3_region *r, const struct m3_state *s)
{
	if (s->phase >= M3_PHASES || s->result > 0)
		return 0;
	switch (s->phase) {
	case M3_PHASE_NONE:
		return 1;
	case M3_PHASE_ENDED:
		return s->op != M3_OP_NONE && s->op <= M3_OP_RESUME &&
		       s->result != -M3_EMIGRATE;
	case M3_PHASE_RECEIVING:
		return (s->op == M3_OP_RECEIVE || s->op == M3_OP_RCVRQST ||
			s->op == M3_OP_REPLY_RECEIVE) &&
		       (s->peer == M3_ANY ||
			m3_slot_of(r, s->peer) != M3_NIL);
	default:
		return (s->op == M3_OP_SEND || s->op == M3_OP_SENDREC) &&
		       s->peer_node < r->nodes &&
		       m3_slot_of(r, s->peer) != M3_NIL &&
		       s->peer != s->endpoint;
	}
}

int m3_migration_verify(const struct m3_region *r, int ep, const void *state,
			uint32_t size)
{
	const struct m3_state *s = state;
	const struct m3_party *p;
	uint32_t i;

	if (size < sizeof(*s) || s->magic != M3_STATE_MAGIC ||
	    s->version != M3_STATE_VERSION || s->bytes != size ||
	    s->endpoint != ep || s->words != r->bits_words ||
	    s->parties > 2 * r->slots || m3_state_bytes(s) != size ||
	    m3_generation_of(s->binding) == 0 || !call_sane(r, s))
		return -M3_EBADVALUE;
	p = m3_state_parties(s);
	for (i = 0; i < s->parties; i++)
		if (m3_slot_of(r, p[i].endpoint) == M3_NIL ||
		    p[i].endpoint == ep || p[i].node >= r->nodes ||
		    p[i].kind >= M3_PARTY_KINDS)
			return -M3_EBADVALUE;
	return 0;
}

/* -------------------------------------------------- who comes with it */

/* It waits in e's queue, or e gets its message at once. */
static void offer_d(struct m3_txn *t, uint32_t e, uint32_t i)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i), *to = m3_slot(r, e);
	int ep = m3_endpoint_of(r, i);

	uint32_t op = s->rts & M3_RTS_RECEIVING ? M3_OP_SENDREC : M3_OP_SEND;

	if (to->op == M3_OP_SENDREC || !m3_willing(to, ep, op)) {
		m3_enqueue_d(t, e, i);
		return;
	}
	m3_deliver_d(t, e, ep, &s->message);
	m3_seti(r, &s->sendto, M3_NONE);
	if (s->rts & M3_RTS_RECEIVING)
		return;
	if (s->rts & M3_RTS_REMOTE)
		m3_answer_d(t, e, i, M3_REC_SEND_ACK, 0, NULL);
	else
		m3_finish_d(t, i, 0);
}

void m3_migration_inward_d(struct m3_txn *t, uint32_t i, uint32_t e, int queued)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i);
	uint32_t rpc = s->op == M3_OP_SENDREC;

	s->message = m3_block(r, i)->body.message;
	m3_set32(r, &s->block_state, M3_BLOCK_FREE);
	m3_set32(r, &s->rts, (s->rts & ~(M3_RTS_SENDING | M3_RTS_RMTOPER |
					 M3_RTS_RECEIVING)) |
				     (rpc ? M3_RTS_RECEIVING : 0));
	m3_seti(r, &s->sendto, M3_NONE);
	if (queued)
		offer_d(t, e, i);
}

/* Does local slot `i` wait for the far process `e` in a call that is out? */
static int waits_far(struct m3_region *r, uint32_t i, uint32_t e)
{
	const struct m3_slot *s = m3_slot(r, i);

	return !(s->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE)) &&
	       s->rts & M3_RTS_RMTOPER &&
	       (s->op == M3_OP_SEND || s->op == M3_OP_SENDREC) &&
	       s->block_state == M3_BLOCK_NUMBERED &&
	       s->sendto == m3_endpoint_of(r, e);
}

static void local_party(struct m3_txn *t, uint32_t i, uint32_t e,
			const struct m3_party *p)
{
	if (waits_far(t->r, i, e) && m3_slot(t->r, i)->call == p->call) {
		m3_migration_inward_d(t, i, e, p->kind != M3_PARTY_DEBT);
		m3_commit(t->r);
	}
}

/*
 * A descriptor for that process, on that node unless this core knows better;
 * 0: there cannot be one.
 */
static int describe(struct m3_txn *t, uint32_t i, uint32_t node,
		    uint64_t binding)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i);

	if (s->rts & M3_RTS_SLOT_FREE) {
		if (node == r->node || node >= r->nodes ||
		    !*m3_spans(r, node))
			return 0;
		if (m3_slot_rmtbind_d(t, i, node, "remote")) {
			m3_undo(r);
			return 0;
		}
		m3_set32(r, &s->automatic, 1);
		m3_set32(r, &m3_peer(r, node)->automatic,
			 m3_peer(r, node)->automatic + 1);
		m3_set64(r, &s->binding, binding);
		m3_commit(r);
	}
	if (!(s->rts & M3_RTS_REMOTE))
		return 0;
	if (!m3_generation_of(s->binding) && s->node == node) {
		m3_set64(r, &s->binding, binding);
		m3_commit(r);
	}
	return !m3_generation_of(binding) || !m3_generation_of(s->binding) ||
	       m3_generation_of(s->binding) == m3_generation_of(binding);
}

static void remote_party(struct m3_txn *t, uint32_t i, uint32_t e,
			 const struct m3_party *p)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i);
	uint32_t owner;

	/* An equal id: it was imported before; a newer one: it gave this up. */
	if (!describe(t, i, p->node, p->binding) || s->call >= p->call)
		return;
	owner = m3_slot_of(r, s->sendto);
	if (s->rts & M3_RTS_SENDING && owner != M3_NIL)
		m3_unqueue_d(t, owner, i);
	m3_set32(r, &s->rts, s->rts & ~(M3_RTS_SENDING | M3_RTS_RECEIVING));
	m3_seti(r, &s->getfrom, M3_NONE);
	m3_seti(r, &s->sendto, M3_NONE);
	m3_commit(r);
	m3_set64(r, &s->call, p->call);
	s->message = p->message;
	s->message.source = p->endpoint;
	if (p->kind != M3_PARTY_SEND) {
		m3_set32(r, &s->rts, s->rts | M3_RTS_RECEIVING);
		m3_seti(r, &s->getfrom, m3_endpoint_of(r, e));
	}
	if (p->kind != M3_PARTY_DEBT)
		offer_d(t, e, i);
	m3_commit(r);
}

/*
 * The state may know of another migration what this core is still to be told:
 * that process has left, so that its slot here is no more than a descriptor.
 */
static void learn(struct m3_txn *t, uint32_t i, uint32_t node, uint64_t binding)
{
	if (i != M3_NIL && node < t->r->nodes && node != t->r->node &&
	    *m3_spans(t->r, node))
		m3_migration_claim(t, node, binding, i, 0);
}

static void parties(struct m3_txn *t, uint32_t e, const struct m3_state *in)
{
	const struct m3_party *p = m3_state_parties(in);
	uint32_t i, slot;

	for (i = 0; i < in->parties; i++, p++) {
		slot = m3_slot_of(t->r, p->endpoint);
		learn(t, slot, p->node, p->binding);
		/* It may have migrated to here since. */
		if (m3_slot(t->r, slot)->rts &
		    (M3_RTS_SLOT_FREE | M3_RTS_REMOTE))
			remote_party(t, slot, e, p);
		else
			local_party(t, slot, e, p);
	}
	/* What the old node did not have is known to nobody. */
	for (i = 0; i < m3_high(t->r); i++)
		if (waits_far(t->r, i, e)) {
			m3_finish_d(t, i, -M3_EUNKNOWN);
			m3_commit(t->r);
		}
}

/* ------------------------------------------------------- the decision */

/* The slot is a local process's: no peer's share is used by it. */
void m3_migration_owned_d(struct m3_txn *t, uint32_t e)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, e);

	if (s->automatic && s->node < r->nodes && *m3_spans(r, s->node))
		m3_slot_adopt_d(t, e, s->name);
}

/* All nodes that the DC spans have heard of it: they will of its end. */
void m3_migration_announce(struct m3_txn *t, uint32_t e)
{
	uint32_t n;

	for (n = 0; n < m3_spanned(t->r); n++)
		if (n != t->r->node && *m3_spans(t->r, n)) {
			m3_moved_here_d(t, n, e);
			m3_commit(t->r);
		}
}

static void turn_over(struct m3_txn *t, uint32_t e, uint32_t handle, int far,
		      const struct m3_state *in)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, e);
	struct m3_more *x = m3_more(r, e);
	uint32_t was = m3_import_waited_d(t, e, far, in);

	m3_set32(r, &s->rts, M3_RTS_MIGRATE);
	m3_set32(r, &s->misc, M3_MF_GRPLEADER |
					    (in->misc & M3_MF_WOKENUP));
	m3_seti(r, &s->getfrom, M3_NONE);
	/* It may stand in the queue of its callee. */
	if (!(was & M3_RTS_SENDING))
		m3_seti(r, &s->sendto, M3_NONE);
	m3_migration_owned_d(t, e);
	m3_set64(r, &s->binding, in->binding + (1ull << 32));
	m3_set64(r, &s->call, in->call);
	m3_set32(r, &s->node, r->node);
	m3_set32(r, &s->handle, handle);
	m3_bound_d(t, e);
	s->pid = m3_handle(r, handle)->pid;
	m3_store32(&s->waits, M3_WAITS_NONE);
	s->watch = 0;
	__builtin_memcpy(s->name, in->name, sizeof(s->name));
	s->name[sizeof(s->name) - 1] = 0;
	m3_set32(r, &s->restricted, in->restricted != 0);
	m3_seti(r, &x->level, in->level);
	m3_seti(r, &x->warn, in->warn);
	m3_set64(r, &x->calls, in->calls);
	m3_set64(r, &x->migrated, x->migration);
	m3_set32(r, &x->lost, 0);
	m3_import_call_d(t, e, was, far, in);
	m3_commit(r);
}

static void notifications(struct m3_txn *t, uint32_t e,
			  const struct m3_state *in)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, e);
	const uint32_t *from = m3_state_bits(in);
	uint32_t w, *bits = m3_bits(r, e), fresh;

	for (w = 0; w < r->bits_words; w++) {
		fresh = from[w] & ~bits[w];
		if (w == r->slots / 32)
			fresh &= (1u << (r->slots & 31)) - 1;
		if (!fresh)
			continue;
		m3_set32(r, &bits[w], bits[w] | fresh);
		m3_set32(r, &s->notifies, s->notifies +
				m3_bits_set(fresh));
		m3_commit(r);
	}
	if (in->restricted)
		for (w = 0; w < r->bits_words; w++)
			m3_allowed(r, e)[w] = m3_state_allowed(in)[w];
	m3_set32(r, &s->updates, s->updates | in->updates);
	m3_commit(r);
}

/* The first of those who came before it that it would take now. */
static void early(struct m3_txn *t, uint32_t e)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, e);
	uint32_t i, steps = 0;

	if (s->op == M3_OP_NONE || s->op == M3_OP_SENDREC)
		return;
	for (i = s->qhead; i < r->slots && steps++ < r->slots;
	     i = m3_slot(r, i)->qnext)
		if (m3_willing(s, m3_endpoint_of(r, i),
			       m3_slot(r, i)->rts & M3_RTS_RECEIVING ?
				       M3_OP_SENDREC : M3_OP_SEND)) {
			m3_unqueue_d(t, e, i);
			m3_set32(r, &m3_slot(r, i)->rts,
				 m3_slot(r, i)->rts & ~M3_RTS_SENDING);
			offer_d(t, e, i);
			m3_commit(r);
			return;
		}
}

/* Does the call that slot `e` brings along wait on this node already? */
static int waits_here(struct m3_region *r, uint32_t e, const struct m3_state *in)
{
	const struct m3_slot *s = m3_slot(r, e);

	return s->call == in->call &&
	       (s->rts & M3_RTS_SENDING ? s->sendto == in->peer :
		s->rts & M3_RTS_RECEIVING && s->getfrom == in->peer);
}

/*
 * Is the callee on another node, or in the state that comes from there? It has
 * left this one since; who is still to come here, and was not asked where it
 * was before, has the call here.
 */
static int is_away(struct m3_region *r, uint32_t e, uint32_t peer,
		   const struct m3_state *in)
{
	return in->peer_node != r->node ||
	       m3_is_former_owner(m3_slot(r, peer)->binding,
				  in->peer_binding) ||
	       !waits_here(r, e, in);
}

int m3_migration_import(struct m3_txn *t, int ep, uint32_t handle, uint64_t txn,
			const void *state)
{
	const struct m3_state *in = state;
	struct m3_region *r = t->r;
	uint32_t e = m3_slot_of(r, ep), peer;
	struct m3_more *x;
	int far = 0;

	if (!m3_is_backed(r, e))
		return -M3_EPROCSTS;
	x = m3_more(r, e);
	if (!(m3_slot(r, e)->rts & M3_RTS_MIGRATE)) {
		if (x->migrated != txn)
			return -M3_EPROCSTS;
		m3_migration_thaw(t, e);
		return 0;
	}
	if (x->migration != txn)
		return -M3_EPROCSTS;
	if (x->migrated != txn) {
		if (!(m3_slot(r, e)->rts & M3_RTS_REMOTE))
			return -M3_ELCLPROC;
		if (!m3_migration_quiet(r, e))
			return -M3_EBUSY;
		if (in->phase == M3_PHASE_WAITING) {
			peer = m3_slot_of(r, in->peer);
			learn(t, peer, in->peer_node, in->peer_binding);
			far = describe(t, peer, in->peer_node,
				       in->peer_binding) &&
			      is_away(r, e, peer, in);
		}
		turn_over(t, e, handle, far, in);
	}
	m3_migration_announce(t, e);
	notifications(t, e, in);
	early(t, e);
	parties(t, e, in);
	m3_migration_thaw(t, e);
	return 0;
}
