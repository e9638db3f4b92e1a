// SPDX-License-Identifier: MIT OR GPL-2.0
/* Backups, and waiting for an endpoint to be bound or free (reference 1.3). */
#include "core.h"

void m3_bound_d(struct m3_txn *t, uint32_t i)
{
	uint32_t h = m3_slot(t->r, i)->handle;

	if (h >= t->r->handles)
		return;
	m3_set32(t->r, &m3_more(t->r, i)->told, 0);
	m3_set32(t->r, &m3_handle(t->r, h)->bound,
		 m3_handle(t->r, h)->bound + 1);
}

/* Its process, if it has one, is to be this one; the slot stays remote. */
static int backup_d(struct m3_txn *t, uint32_t i, uint32_t node,
		    const struct m3_binder *who)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i);
	int e = 0;

	if (s->rts & M3_RTS_SLOT_FREE)
		e = m3_slot_rmtbind_d(t, i, node, who->name);
	else if (!(s->rts & M3_RTS_REMOTE) || s->node != node ||
		 s->misc & M3_MF_RMTBACKUP)
		e = -M3_ESLOTUSED;
	else if (s->automatic)
		m3_slot_adopt_d(t, i, who->name);
	if (e)
		return e;
	s->pid = who->pid;
	m3_set32(r, &s->misc, s->misc | who->misc | M3_MF_RMTBACKUP);
	m3_set32(r, &s->handle, who->handle);
	return 0;
}

int m3_slot_bkupbind(struct m3_txn *t, int ep, uint32_t node,
		     const struct m3_binder *who)
{
	struct m3_region *r = t->r;
	uint32_t i = m3_slot_of(r, ep);
	int e;

	if (i == M3_NIL)
		return -M3_ERANGE;
	if (node >= r->nodes || node == r->node)
		return -M3_EBADNODEID;
	if (!*m3_spans(r, node))
		return -M3_ENODCNODE;
	e = backup_d(t, i, node, who);
	m3_commit(r);
	return e;
}

void m3_backup_end_d(struct m3_txn *t, uint32_t i)
{
	struct m3_slot *s = m3_slot(t->r, i);

	s->pid = 0;
	m3_set32(t->r, &s->misc, 0);
	m3_set32(t->r, &s->handle, M3_NIL);
}

/* Is what slot `j` waits for true of the slot that it names? */
static int has_come(struct m3_region *r, const struct m3_slot *w)
{
	uint32_t i = m3_slot_of(r, w->sendto);
	int is_free = i == M3_NIL || m3_slot(r, i)->rts & M3_RTS_SLOT_FREE;

	return (w->rts & M3_RTS_WAITBIND && !is_free) ||
	       (w->rts & M3_RTS_WAITUNBIND && is_free);
}

void m3_bind_look(struct m3_txn *t, uint32_t self)
{
	struct m3_slot *s = m3_slot(t->r, self);

	if (s->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE) ||
	    !has_come(t->r, s))
		return;
	m3_finish_d(t, self, 0);
	m3_commit(t->r);
}

void m3_bind_settle(struct m3_txn *t)
{
	uint32_t j;

	t->waits = 0;
	for (j = 0; t->r->bind_waiters && j < m3_high(t->r); j++)
		m3_bind_look(t, j);
}

void m3_bind_over(struct m3_txn *t, uint32_t i)
{
	struct m3_region *r = t->r;
	int ep = m3_endpoint_of(r, i);
	uint32_t j;

	for (j = 0; r->bind_waiters && j < m3_high(r); j++) {
		const struct m3_slot *w = m3_slot(r, j);

		if (w->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE) ||
		    !(w->rts & M3_RTS_WAITUNBIND) || w->sendto != ep)
			continue;
		m3_finish_d(t, j, 0);
		m3_commit(r);
	}
}

int m3_bind_wait(struct m3_txn *t, uint32_t self, uint32_t op, int ep, int wait)
{
	struct m3_region *r = t->r;
	uint32_t i = m3_slot_of(r, ep);
	int e = m3_caller(t, self, M3_CALL_WAIT4BIND), is_free;
	struct m3_slot *s;

	if (e)
		return e;
	if (i == M3_NIL)
		return -M3_ERANGE;
	if (i == self)
		return -M3_EENDPOINT;
	is_free = !!(m3_slot(r, i)->rts & M3_RTS_SLOT_FREE);
	if (is_free == (op == M3_OP_WAITUNBIND))
		return 0;
	if (!wait)
		return -M3_EAGAIN;
	s = m3_slot(r, self);
	s->partner = M3_NIL;
	m3_set64(r, &s->call, s->call + 1);
	m3_set32(r, &s->op, op);
	m3_seti(r, &s->sendto, ep);
	m3_set32(r, &s->rts, op == M3_OP_WAITBIND ? M3_RTS_WAITBIND :
						    M3_RTS_WAITUNBIND);
	m3_set32(r, &r->bind_waiters, r->bind_waiters + 1);
	m3_commit(r);
	return M3_BLOCK;
}
