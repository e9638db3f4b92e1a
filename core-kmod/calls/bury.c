// SPDX-License-Identifier: MIT OR GPL-2.0
/* What follows from the end of a process, and of who was killed at it. */
#include "calls.h"
#include "event.h"

void m3_rouse(struct m3_txn *t)
{
	struct m3_region *r = t->r;
	uint32_t i;

	for (i = 0; i < m3_high(r); i++) {
		struct m3_slot *s = m3_slot(r, i);

		if (s->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE))
			continue;
		if (s->op == M3_OP_NONE && s->waits != M3_WAITS_NONE &&
		    !m3_is_done(r, i, (uint32_t)(s->call << 2)))
			m3_wake_later(t, i);
		if (m3_serve_wanted(r, i))
			m3_serve_later(t, i);
		if (m3_msg_waiting(r, i))
			m3_input_later(t, i);
	}
	m3_bind_settle(t);
	t->ring_all = 1;
}

/* `lives`: a thread may still be in the middle of a copy that it has begun. */
static int unbind_all(struct m3_txn *t, uint32_t handle, int lives,
		      uint32_t *pinned)
{
	struct m3_region *r = t->r;
	uint32_t left = m3_handle(r, handle)->left, i, copier;
	int n = 0;

	*pinned = M3_NIL;
	for (i = 0; i < m3_high(r); i++) {
		struct m3_slot *slot = m3_slot(r, i);

		if (slot->rts & M3_RTS_SLOT_FREE || slot->handle != handle ||
		    (lives && slot->copier == i))
			continue;
		if (slot->rts & M3_RTS_REMOTE) {
			m3_backup_end_d(t, i);
			m3_commit(r);
			continue;
		}
		copier = m3_pinned_by(r, i);
		if ((left ? m3_slot_unbind : m3_slot_died)(t, i) == 0)
			n++;
		else if (copier < r->slots)
			*pinned = m3_slot(r, copier)->handle;
	}
	return n;
}

int m3_bury_endpoints(struct m3_txn *t, uint32_t handle)
{
	uint32_t pinned;
	int n = unbind_all(t, handle, 1, &pinned);

	m3_rouse(t);
	return n;
}

int m3_bury(struct m3_txn *t, uint32_t handle, uint32_t *pinned)
{
	struct m3_region *r = t->r;
	int n = unbind_all(t, handle, 0, pinned);
	uint32_t h;

	if (*pinned == M3_NIL) {
		m3_set32(r, &m3_handle(r, handle)->pid, 0);
		for (h = m3_joined(r); h && !m3_handle(r, h - 1)->pid;)
			h--;
		m3_set32(r, &r->joined, h);
		m3_commit(r);
	}
	m3_rouse(t);
	return n;
}
