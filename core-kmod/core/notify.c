// SPDX-License-Identifier: MIT OR GPL-2.0
/* Notifications: bits that wait at their target (reference 1.1). */
#include "core.h"

/* Whose bit it is at slot `d`: its own one stands for HARDWARE. */
static int source_of(struct m3_region *r, uint32_t d, uint32_t source)
{
	return source == d ? M3_HARDWARE : m3_endpoint_of(r, source);
}

/* Reference 1.1, notify: layout of the message the core builds. */
static void notification(int source, uint32_t updates, struct m3_message *m)
{
	uint64_t now = m3_platform_now(), argument = updates;

	__builtin_memset(m, 0, sizeof(*m));
	m->source = source;
	m->type = M3_NOTIFY_MESSAGE | source;
	__builtin_memcpy(m->data + 8, &argument, sizeof(argument));
	__builtin_memcpy(m->data + 16, &now, sizeof(now));
}

/* The pending bits of word `w` that a receive of slot `only` takes. */
static uint32_t takes(struct m3_region *r, uint32_t self, uint32_t only,
		      uint32_t w)
{
	uint32_t word = m3_bits(r, self)[w], mask = 0;

	if (only == M3_NIL)
		return word;
	if (only / 32 == w)
		mask = 1u << (only & 31);
	if (m3_endpoint_of(r, only) == M3_HARDWARE && self / 32 == w)
		mask |= 1u << (self & 31);
	return word & mask;
}

int m3_notification_take(struct m3_txn *t, uint32_t self, uint32_t only,
			 struct m3_message *m)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, self);
	uint32_t *bits = m3_bits(r, self), w, word, bit;

	for (w = 0; s->notifies && w < r->bits_words; w++) {
		word = takes(r, self, only, w);
		if (!word)
			continue;
		bit = (uint32_t)__builtin_ctz(word);
		m3_set32(r, &bits[w], bits[w] & ~(1u << bit));
		m3_set32(r, &s->notifies, s->notifies - 1);
		notification(source_of(r, self, w * 32 + bit), s->updates, m);
		m3_set32(r, &s->updates, 0);
		m3_commit(r);
		return 1;
	}
	return 0;
}

int m3_notify_d(struct m3_txn *t, uint32_t d, uint32_t source,
		uint32_t updates)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, d);
	uint32_t *word = m3_bits(r, d) + source / 32, bit = 1u << (source & 31);
	int from = source_of(r, d, source);
	struct m3_message m;

	/* It completes a receive, never a sendrec (protocol 1). */
	if (s->op == M3_OP_RECEIVE && m3_willing(s, from, M3_OP_SEND)) {
		notification(from, s->updates | updates, &m);
		m3_set32(r, &s->updates, 0);
		m3_deliver_d(t, d, from, &m);
		return 0;
	}
	if (updates)
		m3_set32(r, &s->updates, s->updates | updates);
	if (*word & bit) {
		r->counts.merged_notifies++;
		return 1;
	}
	m3_set32(r, word, *word | bit);
	m3_set32(r, &s->notifies, s->notifies + 1);
	m3_input_later(t, d);
	return 0;
}

/* The slot in whose name `self` notifies `d`; HARDWARE is slot `d` itself. */
static int source_slot(struct m3_region *r, uint32_t self, int src, uint32_t d,
		       uint32_t *source)
{
	*source = self;
	if (src == M3_SELF || src == m3_endpoint_of(r, self))
		return 0;
	*source = d;
	if (src == M3_HARDWARE)
		return m3_slot(r, d)->rts & M3_RTS_REMOTE ? -M3_ERMTPROC : 0;
	*source = m3_slot_of(r, src);
	if (*source == M3_NIL)
		return -M3_ERANGE;
	if (*source == d)
		return -M3_EENDPOINT;
	if (m3_is_gone(m3_slot(r, *source)))
		return -M3_ESRCDIED;
	return m3_slot(r, *source)->rts & M3_RTS_REMOTE ? -M3_ERMTPROC : 0;
}

int m3_msg_notify(struct m3_txn *t, uint32_t self, int src, int dst,
		  uint32_t updates)
{
	struct m3_region *r = t->r;
	uint32_t to, from;
	int e = m3_aim(t, self, M3_CALL_NOTIFY, dst, -M3_EDSTDIED, &to);

	if (!e)
		e = source_slot(r, self, src, to, &from);
	if (e)
		return e;
	if (m3_slot(r, to)->rts & M3_RTS_REMOTE) {
		e = m3_notify_queue_d(t, from, to, updates);
		if (e) {
			m3_undo(r);
			return e;
		}
	} else {
		e = from == to ? 1 : m3_migration_notify_d(t, from, to, updates);
		if (e < 0)
			return e;
		if (e)
			m3_notify_d(t, to, from, updates);
	}
	m3_commit(r);
	return 0;
}

int m3_msg_hdw_notify(struct m3_txn *t, int dst)
{
	uint32_t d = m3_slot_of(t->r, dst);
	uint32_t rts;
	int merged;

	if (d == M3_NIL)
		return -M3_ERANGE;
	rts = m3_slot(t->r, d)->rts;
	if (m3_is_gone(m3_slot(t->r, d)))
		return -M3_EDSTDIED;
	if (rts & M3_RTS_REMOTE)
		return -M3_ERMTPROC;
	if (rts & M3_RTS_MIGRATE)
		return -M3_EMIGRATE;
	merged = m3_notify_d(t, d, d, 0);
	m3_commit(t->r);
	return merged ? -M3_EOVERRUN : 0;
}
