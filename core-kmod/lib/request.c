// SPDX-License-Identifier: MIT
/*
 * Calls that never wait, and those of servers; what management does to a
 * process: notify it, wake it, restrict it.
 */
#include "lib.h"

/* What a call that never waits is about; each uses what it needs. */
struct instant {
	int self, src, dst;
	uint32_t updates;
	uint64_t call;
	uint64_t *owed; /* where the id of a request goes */
	struct m3_message *message;
};

typedef int act_fn(struct m3_txn *t, uint32_t i, const struct instant *a);

/*
 * Makes the call `act` of a->self, again after each migration that it met its
 * endpoint frozen by. Inlined: these are on the path of every request.
 */
static inline __attribute__((always_inline)) int
at_once(struct m3_member *m, act_fn *act, const struct instant *a)
{
	struct m3_section s;
	uint32_t i;
	int e;

	do {
		e = m3_self_slot(m, a->self, &i);
		if (!e)
			e = m3_begin(m->map, &s, M3_LOCK_FOREVER);
		if (e)
			return e;
		e = act(&s.t, i, a);
		m3_end(&s);
	} while (m3_migration_sleep(m, a->self, &e));
	return e;
}

static int act_reply(struct m3_txn *t, uint32_t i, const struct instant *a)
{
	a->message->source = a->self;
	return m3_msg_reply(t, i, a->dst, a->message);
}

int m3_reply(struct m3_member *m, int self, int dst, struct m3_message *message)
{
	struct instant a = { .self = self, .dst = dst, .message = message };

	return at_once(m, act_reply, &a);
}

int m3_resume(struct m3_member *m, int self, struct m3_message *message,
	      int timeout)
{
	return m3_run_message(m, M3_OP_RESUME, self, M3_NONE, message,
			      timeout);
}

int m3_rcvrqst(struct m3_member *m, int self, struct m3_message *message,
	       int timeout)
{
	return m3_run_message(m, M3_OP_RCVRQST, self, M3_ANY, message, timeout);
}

int m3_reply_receive(struct m3_member *m, int self, int dst,
		     struct m3_message *message, int timeout)
{
	return m3_run_message(m, M3_OP_REPLY_RECEIVE, self, dst, message,
			      timeout);
}

static int act_request(struct m3_txn *t, uint32_t i, const struct instant *a)
{
	return m3_msg_request(t, i, a->dst, a->owed);
}

int m3_request(struct m3_member *m, int self, int client, uint64_t *call)
{
	struct instant a = { .self = self, .dst = client, .owed = call };

	return at_once(m, act_request, &a);
}

static int act_reply_to(struct m3_txn *t, uint32_t i, const struct instant *a)
{
	a->message->source = a->self;
	return m3_msg_reply_to(t, i, a->dst, a->call, a->message);
}

int m3_reply_to(struct m3_member *m, int self, int dst, uint64_t call,
		struct m3_message *message)
{
	struct instant a = { .self = self, .dst = dst, .call = call,
			     .message = message };

	return at_once(m, act_reply_to, &a);
}

static int act_relay(struct m3_txn *t, uint32_t i, const struct instant *a)
{
	return m3_msg_relay(t, i, a->dst, a->message);
}

int m3_relay(struct m3_member *m, int self, int dst, struct m3_message *message)
{
	struct instant a = { .self = self, .dst = dst, .message = message };

	return at_once(m, act_relay, &a);
}

static int act_notify(struct m3_txn *t, uint32_t i, const struct instant *a)
{
	return m3_msg_notify(t, i, a->src, a->dst, a->updates);
}

static int notify(struct m3_member *m, int self, int src, int dst,
		  uint32_t updates)
{
	struct instant a = { .self = self, .src = src, .dst = dst,
			     .updates = updates };

	return at_once(m, act_notify, &a);
}

int m3_notify(struct m3_member *m, int self, int dst)
{
	return notify(m, self, M3_SELF, dst, 0);
}

int m3_src_notify(struct m3_member *m, int self, int src, int dst)
{
	return notify(m, self, src, dst, 0);
}

int m3_ntfy_value(struct m3_member *m, int self, int src, int dst, int value)
{
	if (value < 0 || value > 31)
		return -M3_EBADVALUE;
	return notify(m, self, src, dst, 1u << value);
}

int m3_wakeup(struct m3_node *node, int dc, int ep)
{
	struct m3_section s;
	int e = m3_dc_begin(node, dc, &s);

	if (e)
		return e;
	e = m3_msg_wakeup(&s.t, ep);
	m3_end(&s);
	return e;
}

int m3_hdw_notify(struct m3_node *node, int dc, int dst)
{
	struct m3_section s;
	int e = m3_dc_begin(node, dc, &s);

	if (e)
		return e;
	e = m3_msg_hdw_notify(&s.t, dst);
	m3_end(&s);
	return e;
}

int m3_getpriv(struct m3_node *node, int dc, int ep, struct m3_priv *priv)
{
	struct m3_section s;
	int e = m3_dc_begin(node, dc, &s);

	if (e)
		return e;
	e = m3_priv_get(&s.t, ep, priv);
	m3_end(&s);
	return e;
}

int m3_priv_begin(struct m3_node *node, int dc, int ep, int absent,
		  struct m3_section *s)
{
	struct m3_map *map;
	uint32_t row, i;
	int e = m3_node_dc(node, dc, &map);

	if (e)
		return e;
	i = m3_slot_of(map->r, ep);
	if (i == M3_NIL)
		return absent;
	row = map->r->bits_words * 4;
	e = m3_map_back(map, map->r->allowed_at + (uint64_t)i * row, row);
	return e ? e : m3_begin(map, s, M3_LOCK_PROXY_MS);
}

int m3_setpriv(struct m3_node *node, int dc, int ep,
	       const struct m3_priv *priv)
{
	struct m3_section s;
	int e = m3_priv_begin(node, dc, ep, -M3_EBADPROC, &s);

	if (e)
		return e;
	e = m3_priv_set(&s.t, ep, priv);
	m3_end(&s);
	return e;
}

int m3_setlanes(struct m3_node *node, int dc, const struct m3_lanes *lanes)
{
	struct m3_section s;
	int e = m3_dc_begin(node, dc, &s);

	if (e)
		return e;
	m3_lanes_set(&s.t, lanes);
	m3_end(&s);
	return 0;
}
