// SPDX-License-Identifier: MIT
/*
 * Calls of an endpoint. Those on a message's path go to the core's function
 * itself: of a request they need one field or two.
 */
#include "lib.h"

/*
 * Whose call a handler has interrupted has to end it; the kernel would go on
 * with it otherwise.
 */
static int device_run(struct m3_member *m, struct m3_call *c, int timeout)
{
	struct m3_request q = { .timeout = timeout, .data = m3_data(c) };
	int e = m3_device_ask(m->device, M3_REQ_run, &q);

	if (e != -M3_EINTR)
		return e;
	q.flags = M3_EINTR;
	while ((e = m3_device_ask(m->device, M3_REQ_cancel, &q)) == M3_PENDING)
		m3_nap(1000000);
	/* Nothing goes on. */
	return e == -M3_ESHUTDOWN ? -M3_EINTR : e;
}

static int run(struct m3_member *m, struct m3_call *c, int timeout)
{
	return m->device < 0 ? m3_call_run(m, c, timeout != M3_NOWAIT,
					   m3_deadline(timeout)) :
			       device_run(m, c, timeout);
}

static int run_message(struct m3_member *m, uint32_t op, int self, int peer,
		       struct m3_message *message, int timeout)
{
	struct m3_call c;
	int e;

	c.op = op;
	c.self = self;
	c.peer = peer;
	c.message = *message;
	e = run(m, &c, timeout);
	if (e == 0)
		*message = c.message;
	return e;
}

static int run_wait(struct m3_member *m, uint32_t op, int self, int ep,
		    int timeout)
{
	struct m3_call c = { .op = op, .self = self, .peer = ep };

	return run(m, &c, timeout);
}

int m3_send(struct m3_member *m, int self, int dst, struct m3_message *message,
	    int timeout)
{
	return run_message(m, M3_OP_SEND, self, dst, message, timeout);
}

int m3_receive(struct m3_member *m, int self, int src,
	       struct m3_message *message, int timeout)
{
	return run_message(m, M3_OP_RECEIVE, self, src, message, timeout);
}

int m3_sendrec(struct m3_member *m, int self, int dst,
	       struct m3_message *message, int timeout)
{
	return run_message(m, M3_OP_SENDREC, self, dst, message, timeout);
}

int m3_rcvrqst(struct m3_member *m, int self, struct m3_message *message,
	       int timeout)
{
	return run_message(m, M3_OP_RCVRQST, self, M3_ANY, message, timeout);
}

int m3_reply_receive(struct m3_member *m, int self, int dst,
		     struct m3_message *message, int timeout)
{
	return run_message(m, M3_OP_REPLY_RECEIVE, self, dst, message, timeout);
}

int m3_resume(struct m3_member *m, int self, struct m3_message *message,
	      int timeout)
{
	return run_message(m, M3_OP_RESUME, self, M3_NONE, message, timeout);
}

int m3_wait4bindep(struct m3_member *m, int self, int ep, int timeout)
{
	return run_wait(m, M3_OP_WAITBIND, self, ep, timeout);
}

int m3_wait4unbind(struct m3_member *m, int self, int ep, int timeout)
{
	return run_wait(m, M3_OP_WAITUNBIND, self, ep, timeout);
}

int m3_vcopy(struct m3_member *m, int self, int src, uint64_t src_address,
	     int dst, uint64_t dst_address, uint64_t bytes, int timeout,
	     uint64_t *copied)
{
	struct m3_call c = { 0 };
	int e;

	c.op = M3_OP_VCOPY;
	c.self = self;
	c.peer = src;
	c.dst = dst;
	c.src_address = src_address;
	c.dst_address = dst_address;
	c.bytes = bytes;
	e = run(m, &c, timeout);
	if (copied)
		*copied = c.copied;
	return e;
}

/* ------------------------------------------------------- asynchronous */

int m3_start(struct m3_member *m, struct m3_call *c)
{
	struct m3_request q = { .data = m3_data(c) };

	return M3_ASK(m, start, &q);
}

int m3_finish(struct m3_member *m, struct m3_call *c)
{
	struct m3_request q = { .data = m3_data(c) };

	return M3_ASK(m, finish, &q);
}

int m3_cancel(struct m3_member *m, struct m3_call *c, int error)
{
	struct m3_request q = { .flags = (uint32_t)error, .data = m3_data(c) };

	return M3_ASK(m, cancel, &q);
}

/* ---------------------------------------------------- that never wait */

/* Of the kernel's core. */
static int ask(struct m3_member *m, uint32_t number, struct m3_request *q,
	       const struct m3_message *message)
{
	q->data = m3_data(message);
	return m3_device_ask(m->device, number, q);
}

int m3_reply(struct m3_member *m, int self, int dst, struct m3_message *message)
{
	struct m3_request q = { .ep = self, .peer = dst };

	return m->device < 0 ? m3_instant_reply(m, self, dst, message) :
			       ask(m, M3_REQ_reply, &q, message);
}

int m3_reply_to(struct m3_member *m, int self, int dst, uint64_t call,
		struct m3_message *message)
{
	struct m3_request q = { .ep = self, .peer = dst, .value = call };

	return m->device < 0 ?
		       m3_instant_reply_to(m, self, dst, call, message) :
		       ask(m, M3_REQ_reply_to, &q, message);
}

int m3_request(struct m3_member *m, int self, int client, uint64_t *call)
{
	struct m3_request q = { .ep = self, .peer = client };
	int e;

	if (m->device < 0)
		return m3_instant_owed(m, self, client, call);
	e = ask(m, M3_REQ_owed, &q, NULL);
	if (!e)
		*call = q.value;
	return e;
}

int m3_relay(struct m3_member *m, int self, int dst, struct m3_message *message)
{
	struct m3_request q = { .ep = self, .peer = dst };

	return m->device < 0 ? m3_instant_relay(m, self, dst, message) :
			       ask(m, M3_REQ_relay, &q, message);
}

static int notify(struct m3_member *m, int self, int src, int dst,
		  uint32_t updates)
{
	struct m3_request q = { .ep = self, .id = src, .peer = dst,
				.flags = updates };

	return m->device < 0 ? m3_instant_notify(m, self, src, dst, updates) :
			       ask(m, M3_REQ_notify, &q, NULL);
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
