// SPDX-License-Identifier: MIT OR GPL-2.0
/* The requester's side of a copy (reference 1.1, vcopy). */
#include "core.h"

int m3_grants(const struct m3_slot *c, int32_t s, uint64_t call)
{
	return !(c->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE)) &&
	       c->op == M3_OP_SENDREC && !(c->rts & M3_RTS_SENDING) &&
	       c->rts & M3_RTS_RECEIVING && c->getfrom == s && c->call == call;
}

/* Memory that the other granted to `self`: blocked or not, it is not told. */
static int copy_granted(struct m3_txn *t, uint32_t self, uint32_t other,
			struct m3_copy *copy)
{
	struct m3_copy_body at = { copy->other_address, copy->bytes };
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, self);
	uint32_t grant;
	int e;

	e = m3_grant_range_d(t, other, self, &at, copy->push ?
			     M3_GRANT_WRITE : M3_GRANT_READ,
			     &copy->other_at, &grant);
	if (e) {
		m3_undo(r);
		return e;
	}
	m3_set32(r, &m3_transfer(r, self)->grant, grant);
	m3_set32(r, &s->rts, s->rts | M3_RTS_ONCOPY);
	m3_set32(r, &s->copier, self);
	m3_commit(r);
	return 0;
}

static void pin(struct m3_txn *t, uint32_t self, uint32_t other)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, self), *o = m3_slot(r, other);

	m3_set32(r, &o->rts, o->rts | M3_RTS_ONCOPY);
	m3_set32(r, &o->copier, self);
	m3_set32(r, &s->rts, s->rts | M3_RTS_ONCOPY);
	m3_set32(r, &s->copier, self);
	m3_commit(r);
}

static int is_granted(const struct m3_copy *copy)
{
	return !m3_is_private(copy->other_address) &&
	       !(copy->other_address & M3_ARENA_BIT);
}

/* The local party must be blocked in a sendrec to the requester. */
static int local_may(struct m3_region *r, const struct m3_slot *o, int self,
		     uint32_t other, const struct m3_copy *copy)
{
	if (r->flags & M3_DC_NO_IMPLICIT_GRANTS || !m3_grants(o, self, o->call))
		return -M3_EPROCSTS;
	/* A call that came by migration left its private memory behind. */
	if (m3_is_private(copy->other_address) &&
	    m3_more(r, other)->resume == o->call)
		return -M3_EPROCSTS;
	return o->rts & M3_RTS_ONCOPY ? -M3_EBUSY : 0;
}

static int copy_local(struct m3_txn *t, uint32_t self, uint32_t other,
		      struct m3_copy *copy)
{
	struct m3_region *r = t->r;
	int private = m3_is_private(copy->other_address), e = 0;

	if (is_granted(copy))
		return copy_granted(t, self, other, copy);
	if (private && copy->served) {
		e = m3_serve_post_d(t, self, other, copy);
		if (e) {
			m3_undo(r);
			return e;
		}
		m3_commit(r);
		return M3_BLOCK;
	}
	copy->other_at = 0;
	if (!private)
		e = m3_arena_range(r, other, copy->other_address, copy->bytes,
				   &copy->other_at);
	if (e)
		return e;
	pin(t, self, other);
	return 0;
}

static void unpin_d(struct m3_txn *t, uint32_t self, uint32_t i)
{
	struct m3_slot *s = m3_slot(t->r, i);

	if (s->copier != self)
		return;
	m3_set32(t->r, &s->rts, s->rts & ~M3_RTS_ONCOPY);
	m3_set32(t->r, &s->copier, M3_NIL);
}

void m3_copy_end(struct m3_txn *t, uint32_t self, uint32_t other)
{
	struct m3_region *r = t->r;

	unpin_d(t, self, other);
	unpin_d(t, self, self);
	m3_set32(r, &m3_transfer(r, self)->grant, 0);
	m3_slot(r, self)->local_copies++;
	m3_commit(r);
}

int m3_copy_hold(struct m3_txn *t, uint32_t self)
{
	struct m3_slot *s = m3_slot(t->r, self);

	if (s->rts & M3_RTS_ONCOPY)
		return -M3_EBUSY;
	m3_set32(t->r, &s->rts, s->rts | M3_RTS_ONCOPY);
	m3_set32(t->r, &s->copier, self);
	m3_commit(t->r);
	return 0;
}

void m3_copy_let_go(struct m3_txn *t, uint32_t self)
{
	unpin_d(t, self, self);
	m3_commit(t->r);
}

/* The remote party, as far as its descriptor knows. */
static int remote_may(struct m3_region *r, const struct m3_slot *o, int self)
{
	int e = m3_peer_callable(r, o->node);

	if (e)
		return e;
	return r->flags & M3_DC_NO_IMPLICIT_GRANTS || !m3_awaits(o, self) ?
		       -M3_EPROCSTS : 0;
}

int m3_copy_check(struct m3_txn *t, uint32_t self, const struct m3_copy *copy)
{
	struct m3_region *r = t->r;
	uint32_t other = m3_slot_of(r, copy->other);
	int e = m3_caller(t, self, M3_CALL_VCOPY);
	int me = m3_endpoint_of(r, self);
	const struct m3_slot *o;

	if (e)
		return e;
	if (copy->bytes > M3_MAX_COPY || other == M3_NIL)
		return -M3_ERANGE;
	if (other == self)
		return -M3_EENDPOINT;
	if (!m3_may_aim(r, self, other))
		return -M3_ETRAPDENIED;
	o = m3_slot(r, other);
	if (m3_is_gone(o))
		return copy->push ? -M3_EDSTDIED : -M3_ESRCDIED;
	if (o->rts & M3_RTS_REMOTE)
		return is_granted(copy) ? m3_peer_callable(r, o->node) :
					  remote_may(r, o, me);
	return is_granted(copy) ? 0 : local_may(r, o, me, other, copy);
}

/* The requester's end of a copy with a party on another node. */
static int copy_remote(struct m3_txn *t, uint32_t self, uint32_t other,
		       const struct m3_copy *copy)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, self), *o = m3_slot(r, other);
	struct m3_transfer *x = m3_transfer(r, self);
	/* Of an explicit grant its core knows. */
	uint64_t call = is_granted(copy) ? 0 : o->call;

	m3_set64(r, &s->call, s->call + 1);
	m3_set32(r, &s->op, M3_OP_VCOPY);
	m3_set32(r, &x->kind, copy->push ? M3_TRANSFER_PUSH : M3_TRANSFER_SINK);
	m3_set32(r, &x->peer, o->node);
	m3_seti(r, &x->party, copy->other);
	m3_set64(r, &x->id, s->call);
	m3_set64(r, &x->call, call);
	m3_set64(r, &x->party_binding, o->binding);
	m3_set64(r, &x->address, copy->self_at);
	m3_set64(r, &x->far_address, copy->other_address);
	m3_set64(r, &x->bytes, copy->bytes);
	m3_set64(r, &x->done, 0);
	s->remote_copies++;
	if (copy->push) {
		m3_more(r, self)->called_at = m3_platform_now();
		m3_set32(r, &s->rts, s->rts | M3_RTS_SENDING | M3_RTS_RMTOPER);
		m3_seti(r, &s->sendto, copy->other);
		m3_transfer_queue_d(t, self);
		return 0;
	}
	return m3_call_queue_d(t, self, other, M3_REC_COPY_PULL, NULL);
}

int m3_copy_begin(struct m3_txn *t, uint32_t self, struct m3_copy *copy)
{
	struct m3_region *r = t->r;
	uint32_t other = m3_slot_of(r, copy->other);
	int e = m3_copy_check(t, self, copy);

	if (e)
		return e;
	if (m3_slot(r, other)->rts & M3_RTS_MIGRATE)
		return m3_migration_wait(t, self, M3_OP_VCOPY, other, NULL);
	if (!(m3_slot(r, other)->rts & M3_RTS_REMOTE))
		return copy_local(t, self, other, copy);
	e = copy_remote(t, self, other, copy);
	if (e) {
		m3_undo(r);
		return e;
	}
	m3_commit(r);
	return M3_BLOCK;
}
