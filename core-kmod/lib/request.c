// SPDX-License-Identifier: MIT
/*
 * Calls that never wait, and those of servers; what management does to a
 * process: notify it, wake it, restrict it.
 */
#include "lib.h"

/* Opens a critical section for a call of `self`, which is slot *i. */
static int begin(struct m3_member *m, int self, struct m3_section *s,
		 uint32_t *i)
{
	int e = m3_self_slot(m, self, i);

	return e ? e : m3_begin(m->map, s, M3_LOCK_FOREVER);
}

int m3_reply(struct m3_member *m, int self, int dst, struct m3_message *message)
{
	struct m3_section s;
	uint32_t i;
	int e;

	do {
		e = begin(m, self, &s, &i);
		if (e)
			return e;
		message->source = self;
		e = m3_msg_reply(&s.t, i, dst, message);
		m3_end(&s);
	} while (m3_migration_sleep(m, self, &e));
	return e;
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

int m3_request(struct m3_member *m, int self, int client, uint64_t *call)
{
	struct m3_section s;
	uint32_t i;
	int e;

	do {
		e = begin(m, self, &s, &i);
		if (e)
			return e;
		e = m3_msg_request(&s.t, i, client, call);
		m3_end(&s);
	} while (m3_migration_sleep(m, self, &e));
	return e;
}

int m3_reply_to(struct m3_member *m, int self, int dst, uint64_t call,
		struct m3_message *message)
{
	struct m3_section s;
	uint32_t i;
	int e;

	do {
		e = begin(m, self, &s, &i);
		if (e)
			return e;
		message->source = self;
		e = m3_msg_reply_to(&s.t, i, dst, call, message);
		m3_end(&s);
	} while (m3_migration_sleep(m, self, &e));
	return e;
}

int m3_relay(struct m3_member *m, int self, int dst, struct m3_message *message)
{
	struct m3_section s;
	uint32_t i;
	int e;

	do {
		e = begin(m, self, &s, &i);
		if (e)
			return e;
		e = m3_msg_relay(&s.t, i, dst, message);
		m3_end(&s);
	} while (m3_migration_sleep(m, self, &e));
	return e;
}

static int notify(struct m3_member *m, int self, int src, int dst,
		  uint32_t updates)
{
	struct m3_section s;
	uint32_t i;
	int e;

	do {
		e = begin(m, self, &s, &i);
		if (e)
			return e;
		e = m3_msg_notify(&s.t, i, src, dst, updates);
		m3_end(&s);
	} while (m3_migration_sleep(m, self, &e));
	return e;
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

int m3_setpriv(struct m3_node *node, int dc, int ep,
	       const struct m3_priv *priv)
{
	struct m3_section s;
	struct m3_map *map;
	uint32_t row, i;
	int e = m3_node_dc(node, dc, &map);

	if (e)
		return e;
	i = m3_slot_of(map->r, ep);
	if (i == M3_NIL)
		return -M3_EBADPROC;
	row = map->r->bits_words * 4;
	e = m3_map_back(map, map->r->allowed_at + (uint64_t)i * row, row);
	if (!e)
		e = m3_begin(map, &s, M3_LOCK_PROXY_MS);
	if (e)
		return e;
	e = m3_priv_set(&s.t, ep, priv);
	m3_end(&s);
	return e;
}
