// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Copies of private memory that its owner, blocked in the call that grants the
 * access, makes itself: from or to a staging buffer in the arena, outside the
 * lock, woken for it (protocol 13, build 14).
 *
 * The staging belongs to the owner's endpoint while it is filled and drained,
 * so it stays where it is when the requester gives up: who is in the middle of
 * a copy (FILLING, DRAINING) frees it afterwards. When it has been filled for
 * a local requester it is handed over to that one. All of that is noted in the
 * owner's m3_transfer; `server` is the local requester, or NIL.
 */
#include "core.h"

static int is_working(const struct m3_transfer *x)
{
	return x->serve == M3_SERVE_FILLING || x->serve == M3_SERVE_DRAINING;
}

int m3_serve_stage_d(struct m3_txn *t, uint32_t i, uint64_t address,
		     uint64_t bytes)
{
	struct m3_transfer *x = m3_transfer(t->r, i);
	uint64_t staging;
	int e;

	if (x->serve != M3_SERVE_NONE || x->staging)
		return -M3_EBUSY;
	e = m3_arena_alloc_d(t, i, bytes, &staging);
	if (e)
		return e;
	m3_set64(t->r, &x->private_address, address);
	m3_set64(t->r, &x->staging, staging);
	m3_set64(t->r, &x->bytes, bytes);
	return 0;
}

void m3_serve_ask_d(struct m3_txn *t, uint32_t i, uint32_t serve)
{
	m3_set32(t->r, &m3_transfer(t->r, i)->serve, serve);
	m3_serve_later(t, i);
}

void m3_serve_drop_d(struct m3_txn *t, uint32_t i)
{
	struct m3_transfer *x = m3_transfer(t->r, i);

	m3_set32(t->r, &x->server, M3_NIL);
	if (is_working(x))
		return;
	m3_set32(t->r, &x->serve, M3_SERVE_NONE);
	if (x->staging)
		m3_arena_free_d(t, i, x->staging);
	m3_set64(t->r, &x->staging, 0);
}

int m3_serve_post_d(struct m3_txn *t, uint32_t self, uint32_t other,
		    const struct m3_copy *copy)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, self);
	struct m3_transfer *xs = m3_transfer(r, self);
	struct m3_transfer *x = m3_transfer(r, other);
	int e = 0;

	if (x->kind != M3_TRANSFER_NONE || x->serve != M3_SERVE_NONE)
		return -M3_EBUSY;
	if (copy->push) {
		m3_arena_give_d(t, self, copy->self_at, other);
		m3_set64(r, &x->private_address, copy->other_address);
		m3_set64(r, &x->staging, copy->self_at);
		m3_set64(r, &x->bytes, copy->bytes);
	} else {
		e = m3_serve_stage_d(t, other, copy->other_address,
				     copy->bytes);
	}
	if (e)
		return e;
	m3_set64(r, &x->call, m3_slot(r, other)->call);
	m3_set32(r, &x->server, self);
	m3_set64(r, &s->call, s->call + 1);
	m3_set32(r, &s->op, M3_OP_VCOPY);
	m3_set32(r, &s->rts, s->rts | M3_RTS_SENDING);
	m3_seti(r, &s->sendto, copy->other);
	m3_set32(r, &xs->kind, M3_TRANSFER_SERVED);
	m3_set32(r, &xs->peer, r->node);
	m3_seti(r, &xs->party, copy->other);
	m3_set64(r, &xs->id, s->call);
	m3_set64(r, &xs->bytes, copy->bytes);
	m3_set64(r, &xs->address, 0);
	m3_set64(r, &xs->done, 0);
	s->partner = other;
	m3_slot(r, other)->partner = self;
	m3_serve_ask_d(t, other, copy->push ? M3_SERVE_DRAIN : M3_SERVE_FILL);
	return 0;
}

void m3_serve_leave_d(struct m3_txn *t, uint32_t i, uint32_t owner)
{
	if (owner < t->r->slots && m3_transfer(t->r, owner)->server == i)
		m3_serve_drop_d(t, owner);
}

int m3_serve_take(struct m3_txn *t, uint32_t i, struct m3_served *job)
{
	struct m3_region *r = t->r;
	struct m3_transfer *x;
	struct m3_slot *s = m3_slot(r, i);

	if (s->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE) ||
	    s->handle != t->handle || s->op != M3_OP_SENDREC)
		return 0;
	x = m3_transfer(r, i);
	if (x->serve != M3_SERVE_FILL && x->serve != M3_SERVE_DRAIN)
		return 0;
	job->address = x->private_address;
	job->staging = x->staging;
	job->bytes = x->bytes;
	job->fill = x->serve == M3_SERVE_FILL;
	if (!m3_in_arena(r, job->staging, job->bytes))
		return 0;
	m3_set32(r, &x->serve, job->fill ? M3_SERVE_FILLING :
					   M3_SERVE_DRAINING);
	m3_set32(r, &s->rts, s->rts | M3_RTS_ONCOPY);
	m3_set32(r, &s->copier, i);
	m3_commit(r);
	return 1;
}

/* A local requester: its call ends; it gets what was filled for it. */
static void local_done_d(struct m3_txn *t, uint32_t i, int fill, int error)
{
	struct m3_region *r = t->r;
	struct m3_transfer *x = m3_transfer(r, i), *xs;
	uint32_t server = x->server;

	m3_set32(r, &x->server, M3_NIL);
	if (server >= r->slots)
		return;
	xs = m3_transfer(r, server);
	if (xs->kind != M3_TRANSFER_SERVED ||
	    xs->party != m3_endpoint_of(r, i))
		return;
	if (!error && fill) {
		m3_arena_give_d(t, i, x->staging, server);
		m3_set64(r, &xs->staging, x->staging);
		m3_set64(r, &x->staging, 0);
	}
	m3_set64(r, &xs->done, error ? 0 : xs->bytes);
	m3_set32(r, &xs->kind, M3_TRANSFER_NONE);
	m3_slot(r, server)->local_copies++;
	m3_finish_d(t, server, error);
}

/* A remote one: what was filled leaves, what was drained is acknowledged. */
static void remote_done_d(struct m3_txn *t, uint32_t i, int error)
{
	struct m3_region *r = t->r;
	struct m3_transfer *x = m3_transfer(r, i);

	if (x->kind == M3_TRANSFER_SOURCE && !error) {
		m3_transfer_queue_d(t, i);
		return;
	}
	m3_transfer_answer_d(t, i, error);
	m3_slot(r, i)->remote_copies++;
	m3_set32(r, &x->kind, M3_TRANSFER_NONE);
}

void m3_serve_done(struct m3_txn *t, uint32_t i, const struct m3_served *job,
		   int error)
{
	struct m3_region *r = t->r;
	struct m3_transfer *x = m3_transfer(r, i);
	struct m3_slot *s = m3_slot(r, i);

	/* Not what was taken on: the endpoint was unbound meanwhile. */
	if (!is_working(x) || x->staging != job->staging ||
	    s->handle != t->handle)
		return;
	if (s->copier == i) {
		m3_set32(r, &s->rts, s->rts & ~M3_RTS_ONCOPY);
		m3_set32(r, &s->copier, M3_NIL);
	}
	m3_set32(r, &x->serve, M3_SERVE_NONE);
	if (x->server != M3_NIL)
		local_done_d(t, i, job->fill, error);
	else if (x->kind != M3_TRANSFER_NONE)
		remote_done_d(t, i, error);
	/* Chunks are read from the staging until the call of slot i ends. */
	if (x->kind != M3_TRANSFER_SOURCE)
		m3_serve_drop_d(t, i);
	m3_commit(r);
}

void m3_serve_collected(struct m3_txn *t, uint32_t i)
{
	m3_serve_drop_d(t, i);
	m3_commit(t->r);
}

uint32_t m3_pinned_by(struct m3_region *r, uint32_t i)
{
	const struct m3_slot *s = m3_slot(r, i);

	if (s->rts & M3_RTS_ONCOPY && s->copier != i)
		return s->copier;
	return m3_grants_user(r, i);
}

void m3_memory_end(struct m3_txn *t, uint32_t i)
{
	struct m3_region *r = t->r;
	struct m3_transfer *x = m3_transfer(r, i);
	struct m3_slot *s = m3_slot(r, i);

	m3_grants_end(t, i);
	if (s->rts & M3_RTS_REMOTE)
		m3_transfer_stop_d(t, i);
	if (s->copier == i) {
		m3_set32(r, &s->rts, s->rts & ~M3_RTS_ONCOPY);
		m3_set32(r, &s->copier, M3_NIL);
	}
	/* Nobody is at it any more. */
	if (x->serve == M3_SERVE_FILLING)
		m3_set32(r, &x->serve, M3_SERVE_FILL);
	else if (x->serve == M3_SERVE_DRAINING)
		m3_set32(r, &x->serve, M3_SERVE_DRAIN);
	/* A copy that nobody waits for, or one not collected yet. */
	if (x->kind == M3_TRANSFER_NONE && x->server == M3_NIL)
		m3_serve_drop_d(t, i);
	m3_commit(r);
}
