// SPDX-License-Identifier: MIT OR GPL-2.0
/* The call in progress that an endpoint brings along when it migrates here. */
#include "state.h"

static void ended_d(struct m3_txn *t, uint32_t e, int result,
		    const struct m3_message *m)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, e);

	if (m)
		s->message = *m;
	m3_seti(r, &s->result, result);
	m3_set64(r, &m3_more(r, e)->resume, s->call);
}

/* Does it wait for a callee on this node? */
static int is_here(struct m3_region *r, int far, const struct m3_state *in)
{
	uint32_t peer = m3_slot_of(r, in->peer);

	return in->phase == M3_PHASE_WAITING && !far && peer != M3_NIL &&
	       (in->peer_node == r->node ||
		!(m3_slot(r, peer)->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE)));
}

/* Its call is made when it is thawed. */
static void unsent_d(struct m3_txn *t, uint32_t e, const struct m3_state *in)
{
	uint32_t peer = m3_slot_of(t->r, in->peer);

	/* Nobody was ever bound to it here: there is no queue. */
	if (!m3_is_backed(t->r, peer)) {
		ended_d(t, e, in->op == M3_OP_SEND ? -M3_EDSTDIED :
						     -M3_EDEADSRCDST, NULL);
		return;
	}
	m3_slot(t->r, e)->message = in->message;
	m3_migration_queue_d(t, e, peer);
}

/* Was an answer to it parked here? Then it goes on with that. */
static int answered_d(struct m3_txn *t, uint32_t e, const struct m3_state *in)
{
	const struct m3_block *b = m3_block(t->r, e);

	if (m3_slot(t->r, e)->block_state != M3_BLOCK_PARKED)
		return 0;
	m3_migration_unpark_d(t, e);
	if (b->record.call != in->call) {
		/* wait_far_d() writes it again. */
		m3_block_note_d(t, e);
		return 0;
	}
	if (b->record.kind == M3_REC_REPLY)
		ended_d(t, e, 0, &b->body.message);
	else if (b->record.kind != M3_REC_ERROR)
		ended_d(t, e, 0, NULL);
	/* Its callee had left: the call is to be made again. */
	else if (b->record.status == -M3_EMIGRATE)
		unsent_d(t, e, in);
	else
		ended_d(t, e, b->record.status, NULL);
	return 1;
}

/* Its descriptor waited there. */
static void wait_here_d(struct m3_txn *t, uint32_t e, uint32_t was,
			const struct m3_state *in)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, e);

	was &= M3_RTS_SENDING | M3_RTS_RECEIVING;
	if (!was) {
		ended_d(t, e, -M3_EUNKNOWN, NULL);
		return;
	}
	m3_set32(r, &s->rts, s->rts | was);
	if (was & M3_RTS_RECEIVING)
		m3_seti(r, &s->getfrom, in->peer);
}

/* Its callee's node has the call, and sends the answer here. */
static void wait_far_d(struct m3_txn *t, uint32_t e, uint32_t peer,
		       const struct m3_state *in)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, e);
	struct m3_block *b = m3_block(r, e);
	uint32_t rpc = in->op == M3_OP_SENDREC;

	m3_record_fill(r, &b->record, rpc ? M3_REC_SENDREC : M3_REC_SEND, e,
		       peer);
	b->record.call = in->call;
	b->record.length = sizeof(b->record) + sizeof(in->message);
	b->body.message = in->message;
	b->former = 0;
	m3_set32(r, &s->block_state, M3_BLOCK_NUMBERED);
	m3_set32(r, &s->call_lane, M3_LANE_NORMAL);
	m3_set64(r, &s->call_number, 0);
	m3_set32(r, &s->rts, s->rts | M3_RTS_RMTOPER |
				     (rpc ? M3_RTS_RECEIVING :
					    M3_RTS_SENDING));
	m3_seti(r, &s->sendto, in->peer);
	if (rpc)
		m3_seti(r, &s->getfrom, in->peer);
}

void m3_import_call_d(struct m3_txn *t, uint32_t e, uint32_t was, int far,
		      const struct m3_state *in)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, e);
	uint32_t peer = m3_slot_of(r, in->peer);

	if (in->phase == M3_PHASE_NONE)
		return;
	m3_set32(r, &s->op, in->op);
	m3_set32(r, &s->misc, s->misc | M3_MF_RESUME);
	if (in->phase == M3_PHASE_RECEIVING) {
		m3_set32(r, &s->rts, s->rts | M3_RTS_RECEIVING);
		m3_seti(r, &s->getfrom, in->peer);
	} else if (in->phase == M3_PHASE_ENDED) {
		ended_d(t, e, in->result, &in->message);
	} else if (in->phase == M3_PHASE_UNSENT) {
		unsent_d(t, e, in);
	} else if (answered_d(t, e, in)) {
		;
	} else if (far) {
		wait_far_d(t, e, peer, in);
	} else if (is_here(r, far, in)) {
		wait_here_d(t, e, was, in);
	} else {
		ended_d(t, e, -M3_EUNKNOWN, NULL);
	}
}

uint32_t m3_import_waited_d(struct m3_txn *t, uint32_t e, int far,
			    const struct m3_state *in)
{
	struct m3_slot *s = m3_slot(t->r, e);
	uint32_t owner = m3_slot_of(t->r, s->sendto);
	int queued = s->rts & M3_RTS_SENDING;

	if (s->call == in->call && is_here(t->r, far, in) &&
	    (!queued || s->sendto == in->peer))
		return s->rts;
	if (queued && owner != M3_NIL)
		m3_unqueue_d(t, owner, e);
	return 0;
}
