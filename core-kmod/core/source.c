// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Who a record comes from, and who it is for. A peer speaks for its own
 * endpoints only, and binds no more of them here than its share (protocol 18,
 * 9).
 */
#include "core.h"

/*
 * A new client: a peer cannot use up the table (protocol 9, 18). A quarter is
 * left, as most peers are honest and may have many clients.
 */
static int autobind_d(struct m3_txn *t, uint32_t node, uint32_t s)
{
	struct m3_peer *p = m3_peer(t->r, node);
	int e;

	if (p->automatic >= t->r->procs - t->r->procs / 4)
		return -M3_EAGAIN;
	e = m3_slot_rmtbind_d(t, s, node, "remote");
	if (e)
		return e;
	m3_set32(t->r, &m3_slot(t->r, s)->automatic, 1);
	m3_set32(t->r, &p->automatic, p->automatic + 1);
	return 0;
}

/*
 * 0 if the peer may speak for a slot that is bound. Of a replica's namesakes
 * only notifications are accepted: whom would an answer go to? Deaths are told
 * to every node: one of somebody else's endpoint is no lie, and nothing.
 */
static int stranger(struct m3_txn *t, uint32_t node,
		    const struct m3_record *rec, uint32_t s)
{
	struct m3_region *r = t->r;
	const struct m3_slot *from = m3_slot(r, s);

	if (from->rts & M3_RTS_REMOTE && from->node == node)
		return 0;
	if (m3_migration_claim(t, node, rec->src_binding, s, 1))
		return 0;
	if (m3_is_former_owner(from->binding, rec->src_binding)) {
		r->counts.bad_binding++;
		return -M3_ENONODE;
	}
	if (rec->kind == M3_REC_DEATH)
		return 1;
	if (from->rts & M3_RTS_REMOTE) {
		r->counts.bad_node++;
		return -M3_ENONODE;
	}
	if (from->misc & M3_MF_REPLICATED && rec->kind == M3_REC_NOTIFY &&
	    rec->dst != rec->src)
		return 0;
	r->counts.bad_node++;
	return -M3_ELCLPROC;
}

int m3_source_slot(struct m3_txn *t, uint32_t node, const struct m3_record *rec,
		   int opens, uint32_t *s)
{
	struct m3_region *r = t->r;
	struct m3_slot *from;
	int e;

	if (rec->src_node != node || rec->dst_node != r->node) {
		r->counts.bad_node++;
		return -1;
	}
	*s = m3_slot_of(r, rec->src);
	if (*s == M3_NIL) {
		r->counts.bad_endpoint++;
		return -1;
	}
	from = m3_slot(r, *s);
	if (from->rts & M3_RTS_SLOT_FREE && rec->kind == M3_REC_DEATH)
		return 1;
	if (from->rts & M3_RTS_SLOT_FREE && !opens) {
		/* Who copies has been given access, so it would be known. */
		if (!m3_pool_answer_d(t, node, rec, -M3_EPROCSTS))
			r->counts.stale_answers++;
		return -1;
	}
	if (from->rts & M3_RTS_SLOT_FREE)
		e = autobind_d(t, node, *s);
	else
		e = stranger(t, node, rec, *s);
	if (e < 0)
		m3_pool_answer_d(t, node, rec, e);
	return e;
}

/*
 * It is for a process that is not here. It has migrated from here, or the
 * sender knows that it migrates, perhaps to here, before this core does: its
 * message waits in the descriptor's queue, until the commit.
 */
static int elsewhere(const struct m3_slot *to, const struct m3_record *rec)
{
	uint64_t known = to->binding, said = rec->dst_binding;

	if (!said)
		return -M3_ERMTPROC;
	/* All that its sender knows is that it moved: perhaps to here. */
	if (!m3_generation_of(said))
		return 0;
	if (m3_generation_of(known) &&
	    m3_generation_of(known) != m3_generation_of(said))
		return -M3_ERMTPROC;
	if (m3_epoch_of(said) < m3_epoch_of(known))
		return -M3_EMIGRATE;
	return m3_epoch_of(said) > m3_epoch_of(known) ? 0 : -M3_ERMTPROC;
}

int m3_target(struct m3_region *r, const struct m3_record *rec, int gone,
	      uint32_t *d)
{
	struct m3_slot *to;

	*d = m3_slot_of(r, rec->dst);
	if (*d == M3_NIL)
		return -M3_ERANGE;
	to = m3_slot(r, *d);
	if (m3_is_gone(to))
		return gone;
	if (to->rts & M3_RTS_REMOTE)
		return elsewhere(to, rec);
	if (!m3_generation_of(rec->dst_binding) ||
	    rec->dst_binding == to->binding)
		return 0;
	if (m3_generation_of(rec->dst_binding) ==
	    m3_generation_of(to->binding))
		return -M3_EMIGRATE;
	if (m3_more(r, *d)->adopt &&
	    m3_epoch_of(rec->dst_binding) == m3_epoch_of(to->binding))
		return 0;
	r->counts.bad_binding++;
	return -M3_EDSTDIED;
}
