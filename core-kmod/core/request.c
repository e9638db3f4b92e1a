// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * What servers do with requests: reply, reply to one call of several, hand on
 * to another server (reference 1.1); and what wakes a waiting one (1.3).
 */
#include "core.h"

/* Slot `d`, which waits for exactly slot `self`, gets its message. */
static void answer_d(struct m3_txn *t, uint32_t self, uint32_t d,
		     const struct m3_message *m)
{
	struct m3_region *r = t->r;

	if (m3_slot(r, d)->rts & M3_RTS_REMOTE) {
		m3_answer_d(t, self, d, M3_REC_REPLY, 0, m);
		m3_slot(r, self)->remote_sent++;
	} else {
		m3_deliver_d(t, d, m3_endpoint_of(r, self), m);
		m3_slot(r, self)->local_sent++;
	}
}

int m3_msg_reply(struct m3_txn *t, uint32_t self, int dst,
		 const struct m3_message *m)
{
	struct m3_region *r = t->r;
	uint32_t to;
	int e = m3_aim(t, self, M3_CALL_REPLY, dst, -M3_EDSTDIED, &to);

	if (e)
		return e;
	if (!m3_awaits(m3_slot(r, to), m3_endpoint_of(r, self)))
		return -M3_EPROCSTS;
	answer_d(t, self, to, m);
	m3_commit(r);
	return 0;
}

int m3_msg_reply_receive(struct m3_txn *t, uint32_t self, int dst,
			 struct m3_message *m, int wait)
{
	int e = m3_caller(t, self, M3_CALL_RECEIVE);

	if (!e)
		e = m3_msg_reply(t, self, dst, m);
	return e ? e : m3_msg_receive(t, self, M3_ANY, m, wait);
}

/* Is slot `c` in a sendrec that slot `self` has taken and not answered? */
static int owes(struct m3_region *r, uint32_t self, uint32_t c)
{
	const struct m3_slot *client = m3_slot(r, c);

	return m3_awaits(client, m3_endpoint_of(r, self)) &&
	       (client->rts & M3_RTS_REMOTE || client->op == M3_OP_SENDREC);
}

int m3_msg_request(struct m3_txn *t, uint32_t self, int client, uint64_t *call)
{
	uint32_t c;
	int e = m3_aim(t, self, M3_CALL_REPLY, client, -M3_EDSTDIED, &c);

	if (e)
		return e;
	if (!owes(t->r, self, c))
		return -M3_EPROCSTS;
	*call = m3_slot(t->r, c)->call;
	return 0;
}

int m3_msg_reply_to(struct m3_txn *t, uint32_t self, int dst, uint64_t call,
		    const struct m3_message *m)
{
	uint32_t c;
	int e = m3_aim(t, self, M3_CALL_REPLY, dst, -M3_EDSTDIED, &c);

	if (e)
		return e;
	if (!owes(t->r, self, c) || m3_slot(t->r, c)->call != call)
		return -M3_EPROCSTS;
	answer_d(t, self, c, m);
	m3_commit(t->r);
	return 0;
}

/*
 * The client is on another node: its core makes its call again, aimed at `dst`
 * (protocol 23). That may be a process of this node, which is then asked by a
 * call that this node has seen: it counts as not seen.
 */
static void relay_back_d(struct m3_txn *t, uint32_t self, uint32_t c, int dst,
			 const struct m3_message *m)
{
	struct m3_region *r = t->r;
	struct m3_slot *client = m3_slot(r, c);

	m3_answer_d(t, self, c, M3_REC_RELAY, 0, m);
	m3_block(r, c)->record.transfer = (uint64_t)(int64_t)dst;
	m3_set64(r, &client->call, client->call - 1);
	m3_slot(r, self)->remote_sent++;
}

int m3_msg_relay(struct m3_txn *t, uint32_t self, int dst,
		 const struct m3_message *m)
{
	struct m3_region *r = t->r;
	uint32_t c = m3_slot_of(r, m->source), to;
	int remote = c != M3_NIL && m3_slot(r, c)->rts & M3_RTS_REMOTE;
	int e = m3_aim(t, self, M3_CALL_RELAY, dst, -M3_EDEADSRCDST, &to);

	/* The client's core may know it although this one does not. */
	if (e && !(remote && e == -M3_EDEADSRCDST))
		return e;
	if (c == to)
		return -M3_EENDPOINT;
	if (c == M3_NIL || !owes(r, self, c))
		return -M3_EPROCSTS;
	if (remote) {
		relay_back_d(t, self, c, dst, m);
		m3_commit(r);
		return 0;
	}
	/* Where it waits now has been told already. */
	if (m3_slot(r, c)->rts & M3_RTS_MIGRATE && m3_more(r, c)->exported)
		return -M3_EAGAIN;
	if (m3_closes_circle(r, c, to, M3_OP_SENDREC))
		return -M3_ELOCKED;
	m3_transfer_stop_d(t, c);
	e = m3_request_aim_d(t, c, to, m);
	if (e) {
		m3_undo(r);
		return e;
	}
	m3_commit(r);
	return 0;
}

void m3_put_relay_d(struct m3_txn *t, uint32_t c, int dst,
		    const struct m3_message *m)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, c);
	uint32_t to = m3_slot_of(r, dst);
	int e = 0;

	if (to == M3_NIL || to == c || m3_is_gone(m3_slot(r, to)))
		e = -M3_EDEADSRCDST;
	else if (m3_closes_circle(r, c, to, M3_OP_SENDREC))
		e = -M3_ELOCKED;
	else if (m3_slot(r, to)->rts & M3_RTS_REMOTE)
		e = m3_peer_callable(r, m3_slot(r, to)->node);
	m3_transfer_stop_d(t, c);
	if (!e) {
		/* Its request was taken: the block is free for the next. */
		m3_block_note_d(t, c);
		m3_set32(r, &s->block_state, M3_BLOCK_FREE);
		m3_set32(r, &s->rts, s->rts & ~M3_RTS_RMTOPER);
		m3_seti(r, &s->sendto, M3_NONE);
		e = m3_request_aim_d(t, c, to, m);
	}
	if (e)
		m3_finish_d(t, c, e);
}

int m3_msg_wakeup(struct m3_txn *t, int ep)
{
	struct m3_region *r = t->r;
	uint32_t i = m3_slot_of(r, ep);
	struct m3_slot *s;

	if (i == M3_NIL)
		return -M3_ERANGE;
	s = m3_slot(r, i);
	if (m3_is_gone(s))
		return -M3_EDSTDIED;
	if (s->rts & M3_RTS_REMOTE)
		return -M3_ERMTPROC;
	if (s->rts & M3_RTS_MIGRATE)
		return -M3_EMIGRATE;
	if ((s->op == M3_OP_RECEIVE || s->op == M3_OP_RCVRQST) &&
	    s->getfrom == M3_ANY) {
		m3_finish_d(t, i, -M3_EWOKENUP);
		m3_commit(r);
		return 0;
	}
	m3_set32(r, &s->misc, s->misc | M3_MF_WOKENUP);
	m3_input_later(t, i);
	m3_commit(r);
	return -M3_EPROCRUN;
}
