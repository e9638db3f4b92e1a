// SPDX-License-Identifier: MIT OR GPL-2.0
#include "core.h"

static void copy_name(char *to, const char *from)
{
	uint32_t i = 0;

	for (; i + 1 < M3_NAME_BYTES && from[i]; i++)
		to[i] = from[i];
	for (; i < M3_NAME_BYTES; i++)
		to[i] = 0;
}

/* A new life of an endpoint: node in the top 10 bits, never 0 (protocol 17). */
static uint64_t mint(struct m3_txn *t)
{
	struct m3_region *r = t->r;
	uint32_t n = (r->generation + 1) & 0x3fffffu;

	m3_set32(r, &r->generation, n ? n : 1);
	return (uint64_t)r->node << 22 | r->generation;
}

/* What every new binding starts from; `call` only ever grows. */
static void slot_open_d(struct m3_txn *t, uint32_t i, uint32_t rts,
			uint64_t binding, const char *name)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i);

	copy_name(s->name, name);
	s->local_sent = s->remote_sent = 0;
	s->local_copies = s->remote_copies = 0;
	s->watch = 0;
	s->partner = M3_NIL;
	m3_set32(r, &s->misc, 0);
	m3_seti(r, &s->getfrom, M3_NONE);
	m3_seti(r, &s->sendto, M3_NONE);
	m3_set32(r, &s->qhead, M3_NIL);
	m3_set32(r, &s->qtail, M3_NIL);
	m3_set32(r, &s->qnext, M3_NIL);
	m3_set64(r, &s->binding, binding);
	m3_set64(r, &s->refused_transfer, 0);
	m3_set32(r, &s->op, M3_OP_NONE);
	m3_set32(r, &s->copier, M3_NIL);
	m3_set32(r, &s->updates, 0);
	m3_priv_reset_d(t, i);
	m3_set32(r, &s->rts, rts);
	m3_set32(r, &r->bound, r->bound + 1);
}

int m3_slot_bind(struct m3_txn *t, int ep, uint32_t pid, const char *name)
{
	struct m3_region *r = t->r;
	uint32_t i = m3_slot_of(r, ep);
	struct m3_slot *s;

	if (i == M3_NIL)
		return -M3_ERANGE;
	s = m3_slot(r, i);
	if (!(s->rts & M3_RTS_SLOT_FREE))
		return -M3_ESLOTUSED;
	slot_open_d(t, i, 0, mint(t), name);
	s->pid = pid;
	m3_set32(r, &s->misc, M3_MF_GRPLEADER);
	m3_set32(r, &s->node, r->node);
	m3_set64(r, &s->call, s->own_call);
	m3_set32(r, &s->handle, t->handle);
	m3_commit(r);
	return 0;
}

void m3_slot_rmtbind_d(struct m3_txn *t, uint32_t i, uint32_t node,
		       const char *name)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i);

	slot_open_d(t, i, M3_RTS_REMOTE, 0, name);
	s->pid = 0;
	/* A remote slot's call id is the peer's: learned, not given here. */
	m3_set64(r, &s->call, 0);
	m3_set32(r, &s->node, node);
	m3_set32(r, &s->handle, M3_NIL);
}

int m3_slot_rmtbind(struct m3_txn *t, int ep, uint32_t node, const char *name)
{
	struct m3_region *r = t->r;
	uint32_t i = m3_slot_of(r, ep);

	if (i == M3_NIL)
		return -M3_ERANGE;
	if (node >= r->nodes || node == r->node)
		return -M3_EBADNODEID;
	if (!*m3_spans(r, node))
		return -M3_ENODCNODE;
	if (!(m3_slot(r, i)->rts & M3_RTS_SLOT_FREE))
		return -M3_ESLOTUSED;
	m3_slot_rmtbind_d(t, i, node, name);
	m3_commit(r);
	return 0;
}

void m3_finish_d(struct m3_txn *t, uint32_t i, int result)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i);

	m3_set32(r, &s->rts, s->rts & ~(M3_RTS_SENDING | M3_RTS_RECEIVING |
					M3_RTS_RMTOPER));
	m3_seti(r, &s->getfrom, M3_NONE);
	m3_seti(r, &s->sendto, M3_NONE);
	m3_seti(r, &s->result, result);
	m3_set32(r, &s->op, M3_OP_NONE);
	/* A block still queued here is an old CANCEL of this endpoint. */
	if (s->block_state == M3_BLOCK_NUMBERED)
		m3_set32(r, &s->block_state, M3_BLOCK_FREE);
	m3_wake_later(t, i);
}

void m3_unqueue_d(struct m3_txn *t, uint32_t owner, uint32_t i)
{
	struct m3_region *r = t->r;
	struct m3_slot *o = m3_slot(r, owner), *s = m3_slot(r, i);
	uint32_t at = o->qhead, before = M3_NIL, steps = 0;

	while (at < r->slots && at != i && steps++ < r->slots) {
		before = at;
		at = m3_slot(r, at)->qnext;
	}
	if (at != i)
		return;
	if (before == M3_NIL)
		m3_set32(r, &o->qhead, s->qnext);
	else
		m3_set32(r, &m3_slot(r, before)->qnext, s->qnext);
	if (o->qtail == i)
		m3_set32(r, &o->qtail, before);
	m3_set32(r, &s->qnext, M3_NIL);
}

int m3_slot_ready(struct m3_txn *t, uint32_t i)
{
	struct m3_region *r = t->r;
	struct m3_slot *s;

	if (!r->running)
		return -M3_EDCNOTRUN;
	if (i >= r->slots)
		return -M3_ERANGE;
	s = m3_slot(r, i);
	if (s->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE))
		return -M3_ENOTBIND;
	if (s->handle != t->handle)
		return -M3_ENOTBIND;
	return s->op != M3_OP_NONE || s->rts ? -M3_EPROCRUN : 0;
}

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
			    queued ? -M3_EDSTDIED : -M3_ESRCDIED, 0);
	} else {
		m3_call_abort_d(t, j, queued ? -M3_EDSTDIED : -M3_ESRCDIED);
	}
	m3_commit(r);
}

/* Forget that slot `i` notified anybody (reference 1.3, unbind, 2). */
static void notifications_die(struct m3_txn *t, uint32_t i)
{
	struct m3_region *r = t->r;
	uint32_t j, bit = 1u << (i & 31);

	for (j = 0; j < r->slots; j++) {
		struct m3_slot *s = m3_slot(r, j);
		uint32_t *word = m3_bits(r, j) + i / 32;

		if (s->notifies && *word & bit) {
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

int m3_slot_unbind(struct m3_txn *t, uint32_t i)
{
	struct m3_region *r = t->r;
	struct m3_slot *s;
	uint32_t j;

	if (i >= r->slots)
		return -M3_ERANGE;
	s = m3_slot(r, i);
	if (s->rts & M3_RTS_SLOT_FREE)
		return -M3_ENOTBIND;
	if (s->rts & M3_RTS_ONCOPY && s->copier != i)
		return -M3_EONCOPY;
	/* A copier that dies leaves its other party pinned. */
	for (j = 0; j < r->slots; j++)
		if (m3_slot(r, j)->copier == i && j != i)
			m3_copy_end(t, i, j);
	/* Its own call first: that may give back a debt to a client. */
	if (!(s->rts & M3_RTS_REMOTE)) {
		m3_call_abort_d(t, i, -M3_ESHUTDOWN);
		m3_commit(r);
	}
	for (j = 0; j < r->slots; j++)
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
	m3_set32(r, &s->rts, M3_RTS_SLOT_FREE);
	m3_set32(r, &s->handle, M3_NIL);
	m3_set32(r, &s->misc, 0);
	m3_set64(r, &s->binding, 0);
	m3_set32(r, &r->bound, r->bound - 1);
	m3_commit(r);
	return 0;
}

static int32_t queue_of(const struct m3_slot *s)
{
	return s->rts & M3_RTS_RMTOPER ? (int32_t)s->node : M3_NONE;
}

void m3_slot_info(struct m3_region *r, uint32_t i, struct m3_proc_info *info)
{
	const struct m3_slot *s = m3_slot(r, i);
	uint32_t c;

	info->p_nr = info->endpoint = m3_endpoint_of(r, i);
	info->pid = (int32_t)s->pid;
	info->node = (int32_t)s->node;
	info->rts_flags = s->rts;
	info->misc_flags = s->misc;
	info->getfrom = s->getfrom;
	info->sendto = s->sendto;
	info->waitmigr = M3_NONE;
	info->proxy = queue_of(s);
	info->binding = s->binding;
	info->local_sent = s->local_sent;
	info->remote_sent = s->remote_sent;
	info->local_copies = s->local_copies;
	info->remote_copies = s->remote_copies;
	for (c = 0; c + 1 < M3_NAME_BYTES; c++)
		info->name[c] = s->name[c];
	info->name[c] = 0;
}
