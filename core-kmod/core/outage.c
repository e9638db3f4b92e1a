// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * A node that has been out of reach for longer than its proxy wants to wait
 * (protocol 16). Its core may live: what it has accepted stays accepted, and
 * what ends here is cancelled there, as by a deadline.
 *
 * m3_peer.given_up is the error of calls of which nothing has left: ENODEDOWN
 * once the node is taken for dead, ENOTCONN where nobody waits for a link.
 */
#include "core.h"

int m3_peer_callable(struct m3_region *r, uint32_t node)
{
	int e = m3_peer_reachable(r, node);

	return e ? e : -(int)m3_peer(r, node)->given_up;
}

/* Whom the call of slot `i` has a record for, on that node, or M3_NIL. */
static uint32_t callee_on(struct m3_region *r, uint32_t i, uint32_t node)
{
	const struct m3_slot *s = m3_slot(r, i);
	uint32_t d;

	if (s->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE | M3_RTS_WAITMIGR) ||
	    s->op == M3_OP_NONE || !(s->rts & M3_RTS_RMTOPER))
		return M3_NIL;
	d = m3_slot_of(r, s->sendto);
	if (d == M3_NIL || !(m3_slot(r, d)->rts & M3_RTS_REMOTE) ||
	    m3_slot(r, d)->node != node)
		return M3_NIL;
	return d;
}

void m3_peer_give_up(struct m3_txn *t, uint32_t node, uint32_t error)
{
	struct m3_region *r = t->r;
	uint32_t i, d;

	if (!*m3_spans(r, node) || m3_peer(r, node)->open)
		return;
	if (m3_peer(r, node)->given_up != error) {
		m3_set32(r, &m3_peer(r, node)->given_up, error);
		m3_commit(r);
	}
	for (i = 0; i < m3_high(r); i++) {
		d = callee_on(r, i, node);
		if (d == M3_NIL || m3_migration_undecided(r, i, d))
			continue;
		m3_call_abort_d(t, i, m3_call_left(r, i) ? -M3_EUNKNOWN :
							    -(int)error);
		m3_commit(r);
	}
}
