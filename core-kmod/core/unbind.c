// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * The end of an endpoint, and what everybody on this node gets for it
 * (reference 1.3, unbind). Each partner is a transition of its own, and who
 * finds the slot half unbound goes on with it; the slot goes last.
 */
#include "core.h"

/* Partner `j` of dying slot `i`: queued on it, or waiting for it. */
static void partner_dies(struct m3_txn *t, uint32_t i, uint32_t j)
{
	struct m3_region *r = t->r;
	struct m3_slot *p = m3_slot(r, j);
	int queued, waiting, ep = m3_endpoint_of(r, i);

	if (p->rts & M3_RTS_SLOT_FREE)
		return;
	queued = p->rts & M3_RTS_SENDING && p->sendto == ep;
	waiting = p->rts & M3_RTS_RECEIVING && !(p->rts & M3_RTS_SENDING) &&
		  p->getfrom == ep;
	if (!queued && !waiting)
		return;
	if (p->rts & M3_RTS_REMOTE) {
		if (queued)
			m3_unqueue_d(t, i, j);
		m3_answer_d(t, i, j, M3_REC_ERROR,
			    queued ? -M3_EDSTDIED : -M3_ESRCDIED, NULL);
	} else {
		m3_call_abort_d(t, j, queued ? -M3_EDSTDIED : -M3_ESRCDIED);
	}
	m3_commit(r);
}

/* Forget that slot `i` notified anybody (reference 1.3, unbind, 2). */
static void notifications_die(struct m3_txn *t, uint32_t i)
{
	struct m3_region *r = t->r;
	uint32_t j, bit = 1u << (i & 31), *word;
	struct m3_slot *s;

	for (j = 0; j < m3_high(r); j++) {
		s = m3_slot(r, j);
		if (j == i || !s->notifies)
			continue;
		word = m3_bits(r, j) + i / 32;
		if (*word & bit) {
			m3_set32(r, word, *word & ~bit);
			m3_set32(r, &s->notifies, s->notifies - 1);
			m3_commit(r);
		}
	}
}

static void notifications_clear(struct m3_txn *t, uint32_t i)
{
	struct m3_region *r = t->r;
	uint32_t *bits = m3_bits(r, i), w;

	if (!m3_slot(r, i)->notifies)
		return;
	for (w = 0; w < r->bits_words; w++)
		m3_set32(r, &bits[w], 0);
	m3_set32(r, &m3_slot(r, i)->notifies, 0);
	m3_commit(r);
}

static void forget_sender(struct m3_txn *t, uint32_t i)
{
	uint32_t owner = m3_slot_of(t->r, m3_slot(t->r, i)->sendto);

	if (owner != M3_NIL)
		m3_unqueue_d(t, owner, i);
}

/*
 * Where the notice of slot i's death goes, or M3_NIL: nobody is to be told, or
 * it is the process itself, or a dead one.
 */
static uint32_t notice_to(struct m3_region *r, uint32_t i)
{
	uint32_t d = r->warnmsg ? m3_slot_of(r, r->warn2proc) : M3_NIL;

	if (d == M3_NIL || d == i || m3_is_gone(m3_slot(r, d)) || !r->running)
		return M3_NIL;
	return d;
}

static void notice_fill(struct m3_region *r, uint32_t i, struct m3_message *m)
{
	int32_t unknown[2] = { -1, -1 }; /* exit code; reference 1.3 */

	__builtin_memset(m, 0, sizeof(*m));
	m->source = m3_endpoint_of(r, i);
	m->type = r->warnmsg;
	__builtin_memcpy(m->data, unknown, sizeof(unknown));
}

/*
 * The dead slot sends its notice: a SEND that nobody waits for. It is free
 * once that has ended, however it ends. 1: the slot is still needed.
 */
static int notice_send_d(struct m3_txn *t, uint32_t i, uint32_t d)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i), *to = m3_slot(r, d);
	struct m3_message m;

	notice_fill(r, i, &m);
	if (!(to->rts & (M3_RTS_REMOTE | M3_RTS_MIGRATE)) &&
	    to->op != M3_OP_SENDREC &&
	    m3_willing(to, m.source, M3_OP_SEND)) {
		m3_deliver_d(t, d, m.source, &m);
		return 0;
	}
	m3_set64(r, &s->call, s->call + 1);
	if (to->rts & M3_RTS_MIGRATE) {
		s->message = m;
		m3_migration_queue_d(t, i, d);
	} else if (to->rts & M3_RTS_REMOTE) {
		if (m3_call_queue_d(t, i, d, M3_REC_SEND, &m))
			return 0;
	} else {
		s->message = m;
		m3_enqueue_d(t, d, i);
	}
	m3_set64(r, &s->own_call, s->call);
	m3_set32(r, &s->op, M3_OP_SEND);
	m3_set32(r, &s->misc, M3_MF_KILLED);
	m3_set32(r, &s->handle, M3_NIL);
	return 1;
}

/* Its partners and its own call: what is left is the slot alone. */
static void slot_empty(struct m3_txn *t, uint32_t i)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i);
	uint32_t j;

	/* Its own call first: that may give back a debt to a client. */
	if (!(s->rts & M3_RTS_REMOTE)) {
		m3_call_abort_d(t, i, -M3_ESHUTDOWN);
		m3_commit(r);
	}
	for (j = 0; j < m3_high(r); j++)
		if (j != i)
			partner_dies(t, i, j);
	notifications_die(t, i);
	notifications_clear(t, i);
	if (s->rts & M3_RTS_REMOTE) {
		m3_block_unqueue_d(t, i);
		if (s->rts & M3_RTS_SENDING)
			forget_sender(t, i);
	} else {
		m3_set64(r, &s->own_call, s->call);
	}
	m3_commit(r);
	m3_arena_free_all(t, i);
}

static int slot_end(struct m3_txn *t, uint32_t i, uint32_t notice)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i);
	uint32_t j, last = notice == M3_NIL ? M3_NIL : m3_slot(r, notice)->node;

	if (m3_pinned_by(r, i) != M3_NIL)
		return -M3_EONCOPY;
	m3_migration_die(t, i);
	/* A copier that dies leaves its other party pinned. */
	for (j = 0; j < m3_high(r); j++)
		if (m3_slot(r, j)->copier == i && j != i)
			m3_copy_end(t, i, j);
	m3_memory_end(t, i);
	slot_empty(t, i);
	/* Where the notice goes its sender is needed until it has come. */
	if (!(s->rts & M3_RTS_REMOTE))
		m3_death_mark(t, i, last);
	if (notice == M3_NIL || !notice_send_d(t, i, notice)) {
		if (!(s->rts & M3_RTS_REMOTE))
			m3_death_mark_d(t, i, last);
		m3_slot_free_d(t, i);
	}
	m3_commit(r);
	return 0;
}

static int unbind(struct m3_txn *t, uint32_t i, int died)
{
	struct m3_region *r = t->r;
	struct m3_slot *s;

	if (i >= r->slots)
		return -M3_ERANGE;
	s = m3_slot(r, i);
	if (s->rts & M3_RTS_SLOT_FREE)
		return -M3_ENOTBIND;
	if (s->misc & M3_MF_KILLED) {
		m3_call_abort_d(t, i, -M3_ESHUTDOWN);
		m3_commit(r);
		return 0;
	}
	return slot_end(t, i, died ? notice_to(r, i) : M3_NIL);
}

int m3_slot_unbind(struct m3_txn *t, uint32_t i)
{
	return unbind(t, i, 0);
}

int m3_slot_died(struct m3_txn *t, uint32_t i)
{
	return unbind(t, i, 1);
}

/*
 * What has left for it is answered by its own core, which lives: only who
 * waits for a message of it, or has not been sent yet, is ended here.
 */
void m3_remote_ended(struct m3_txn *t, uint32_t s)
{
	struct m3_region *r = t->r;
	int ep = m3_endpoint_of(r, s);
	uint32_t j;

	m3_migration_die(t, s);
	for (j = 0; j < m3_high(r); j++) {
		struct m3_slot *p = m3_slot(r, j);

		if (p->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE) ||
		    p->op == M3_OP_NONE)
			continue;
		if (p->rts & M3_RTS_RMTOPER) {
			if (p->sendto != ep ||
			    p->block_state != M3_BLOCK_QUEUED)
				continue;
			m3_call_abort_d(t, j, -M3_EDSTDIED);
		} else if ((p->rts & (M3_RTS_RECEIVING | M3_RTS_SENDING)) ==
				   M3_RTS_RECEIVING && p->getfrom == ep) {
			m3_call_abort_d(t, j, -M3_ESRCDIED);
		}
		m3_commit(r);
	}
	notifications_die(t, s);
}
