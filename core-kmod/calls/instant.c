// SPDX-License-Identifier: MIT OR GPL-2.0
/* Calls that never wait. */
#include "calls.h"

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

int m3_instant_reply(struct m3_member *m, int self, int dst,
		     struct m3_message *message)
{
	struct instant a = { .self = self, .dst = dst, .message = message };

	return at_once(m, act_reply, &a);
}

static int act_request(struct m3_txn *t, uint32_t i, const struct instant *a)
{
	return m3_msg_request(t, i, a->dst, a->owed);
}

int m3_instant_owed(struct m3_member *m, int self, int client, uint64_t *call)
{
	struct instant a = { .self = self, .dst = client, .owed = call };

	return at_once(m, act_request, &a);
}

static int act_reply_to(struct m3_txn *t, uint32_t i, const struct instant *a)
{
	a->message->source = a->self;
	return m3_msg_reply_to(t, i, a->dst, a->call, a->message);
}

int m3_instant_reply_to(struct m3_member *m, int self, int dst, uint64_t call,
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

int m3_instant_relay(struct m3_member *m, int self, int dst,
		     struct m3_message *message)
{
	struct instant a = { .self = self, .dst = dst, .message = message };

	return at_once(m, act_relay, &a);
}

static int act_notify(struct m3_txn *t, uint32_t i, const struct instant *a)
{
	return m3_msg_notify(t, i, a->src, a->dst, a->updates);
}

int m3_instant_notify(struct m3_member *m, int self, int src, int dst,
		      uint32_t updates)
{
	struct instant a = { .self = self, .src = src, .dst = dst,
			     .updates = updates };

	return at_once(m, act_notify, &a);
}

int m3_do_reply(struct m3_member *m, struct m3_request *q, void *message)
{
	return m3_instant_reply(m, q->ep, q->peer, message);
}

int m3_do_reply_to(struct m3_member *m, struct m3_request *q, void *message)
{
	return m3_instant_reply_to(m, q->ep, q->peer, q->value, message);
}

int m3_do_owed(struct m3_member *m, struct m3_request *q, void *data)
{
	(void)data;
	return m3_instant_owed(m, q->ep, q->peer, &q->value);
}

int m3_do_relay(struct m3_member *m, struct m3_request *q, void *message)
{
	return m3_instant_relay(m, q->ep, q->peer, message);
}

int m3_do_notify(struct m3_member *m, struct m3_request *q, void *data)
{
	(void)data;
	return m3_instant_notify(m, q->ep, q->id, q->peer, q->flags);
}
