// SPDX-License-Identifier: MIT
#include "actor.h"
#include <poll.h>
#include <string.h>
#include <unistd.h>

volatile unsigned long *actor_buffers;

struct endpoint {
	struct m3_buffer buffer; /* bytes 0: not bound */
	struct m3_call call;
	int pending;
};

static struct m3_member *member;
static struct endpoint endpoints[EPS];
/* Calls that were asked for: of a client, by a server. */
static uint64_t requests[EPS][EPS];

static void message_of(int tag, struct m3_message *m)
{
	*m = rig_message(tag, (unsigned long)tag * 7, (unsigned long)tag * 11);
}

/* What has come; type 0: its words are not those of its type. */
static void read_message(const struct m3_message *m, int *source, int *type,
			 int *updates)
{
	*source = m->source;
	*type = m->type;
	if (m->type & M3_NOTIFY_MESSAGE)
		*updates = (int)rig_word(m, 1);
	else if (rig_word(m, 0) != (unsigned long)m->type * 7 ||
		 rig_word(m, 1) != (unsigned long)m->type * 11)
		*type = 0;
}

static int is_message(const struct m3_call *c, int result)
{
	return result == 0 &&
	       (c->op == M3_OP_RECEIVE || c->op == M3_OP_SENDREC ||
		c->op == M3_OP_RCVRQST || c->op == M3_OP_REPLY_RECEIVE ||
		c->op == M3_OP_RESUME);
}

static int start(struct m3_call *call, struct answer *a)
{
	struct endpoint *e = &endpoints[call->self];
	int result = m3_start(member, call);

	/* A call in progress must survive the refusal of a second one. */
	if (result == M3_PENDING) {
		e->call = *call;
		e->pending = 1;
	} else if (is_message(call, result)) {
		read_message(&call->message, &a->source, &a->type,
			     &a->updates);
	}
	return result;
}

/* The calls that do not wait go through the synchronous functions. */
static int call_now(const struct order *o, struct m3_message *m)
{
	switch (o->op) {
	case M3_OP_SEND:
		return m3_send(member, o->self, o->peer, m, M3_NOWAIT);
	case M3_OP_SENDREC:
		return m3_sendrec(member, o->self, o->peer, m, M3_NOWAIT);
	case M3_OP_RCVRQST:
		return m3_rcvrqst(member, o->self, m, M3_NOWAIT);
	case M3_OP_REPLY_RECEIVE:
		return m3_reply_receive(member, o->self, o->peer, m,
					M3_NOWAIT);
	case M3_OP_WAITBIND:
		return m3_wait4bindep(member, o->self, o->peer, M3_NOWAIT);
	case M3_OP_WAITUNBIND:
		return m3_wait4unbind(member, o->self, o->peer, M3_NOWAIT);
	default:
		return m3_receive(member, o->self, o->peer, m, M3_NOWAIT);
	}
}

static int call(const struct order *o, struct answer *a)
{
	struct m3_call c = {
		.op = (uint32_t)o->op, .self = o->self, .peer = o->peer,
	};
	int e;

	message_of(o->tag, &c.message);
	if (o->wait)
		return start(&c, a);
	e = call_now(o, &c.message);
	if (is_message(&c, e))
		read_message(&c.message, &a->source, &a->type, &a->updates);
	return e;
}

static void get_buffer(int ep)
{
	struct m3_buffer *b = &endpoints[ep].buffer;

	SAME(m3_alloc(member, ep, BUFFER_BYTES, b), 0);
	memset(b->data, 0, BUFFER_BYTES);
	actor_buffers[ep] = b->address;
}

static int bind_one(int ep)
{
	int e = m3_bind(member, ep);

	if (!e)
		get_buffer(ep);
	return e;
}

/* The endpoint is this process's now: so is its call, if it has one. */
static int adopt(int ep, struct answer *a)
{
	struct m3_call c = { .op = M3_OP_RESUME, .self = ep };

	get_buffer(ep);
	return start(&c, a);
}

static int unbind_one(int ep)
{
	int e = m3_unbind(member, ep);

	if (!e)
		endpoints[ep].buffer.bytes = 0;
	return e;
}

static int copy(const struct order *o, struct answer *a)
{
	struct endpoint *e = &endpoints[o->self];
	struct m3_call c = { .op = M3_OP_VCOPY, .self = o->self };

	if (!e->buffer.bytes)
		return -M3_ENOTBIND;
	if (!e->pending && o->wait)
		memset(e->buffer.data, o->tag, BUFFER_BYTES);
	c.peer = o->wait ? o->self : o->peer;
	c.dst = o->wait ? o->peer : o->self;
	c.src_address = actor_buffers[c.peer];
	c.dst_address = actor_buffers[c.dst];
	c.bytes = BUFFER_BYTES;
	return start(&c, a);
}

static void report(struct answer *a, int ep, int result, int rung)
{
	struct endpoint *e = &endpoints[ep];
	struct ended *d = &a->ended[a->count++];

	memset(d, 0, sizeof(*d));
	d->ep = ep;
	d->op = (int)e->call.op;
	d->result = result;
	/* Who ended it by itself is not told. */
	d->unrung = !rung && result != -M3_ESHUTDOWN;
	if (is_message(&e->call, result))
		read_message(&e->call.message, &d->source, &d->type,
			     &d->updates);
	e->pending = 0;
}

static void collect(struct answer *a)
{
	struct pollfd p = { .fd = m3_bell(member), .events = POLLIN };
	int rung[EPS] = { 0 }, i, n, e;
	int32_t eps[EPS];

	if (poll(&p, 1, 0) > 0) {
		n = m3_bell_serve(member, eps, EPS);
		for (i = 0; i < n; i++)
			if (eps[i] >= 0 && eps[i] < EPS)
				rung[eps[i]] = 1;
	}
	for (i = 0; i < EPS; i++) {
		if (!endpoints[i].pending)
			continue;
		e = m3_finish(member, &endpoints[i].call);
		if (e != M3_PENDING)
			report(a, i, e, rung[i]);
	}
}

static int value_of(const struct m3_buffer *b)
{
	const unsigned char *p = b->data;

	return memcmp(p, p + 1, BUFFER_BYTES - 1) ? -1 : p[0];
}

static int notify(const struct order *o)
{
	if (o->tag >= 0)
		return m3_ntfy_value(member, o->self, o->op, o->peer, o->tag);
	if (o->op == M3_SELF)
		return m3_notify(member, o->self, o->peer);
	return m3_src_notify(member, o->self, o->op, o->peer);
}

/* What servers do with a request. */
static int answer_request(const struct order *o)
{
	uint64_t *request = &requests[o->self][o->peer];
	struct m3_message m;

	message_of(o->tag, &m);
	switch (o->kind) {
	case ORDER_REPLY:
		return m3_reply(member, o->self, o->peer, &m);
	case ORDER_REQUEST:
		return m3_request(member, o->self, o->peer, request);
	case ORDER_REPLY_TO:
		return m3_reply_to(member, o->self, o->peer, *request, &m);
	default:
		m.source = o->wait;
		return m3_relay(member, o->self, o->peer, &m);
	}
}

static void obey(const struct order *o, struct answer *a)
{
	struct endpoint *e = &endpoints[o->self];
	int i;

	switch (o->kind) {
	case ORDER_BIND:
		a->result = bind_one(o->self);
		break;
	case ORDER_UNBIND:
		a->result = unbind_one(o->self);
		break;
	case ORDER_CALL:
		a->result = call(o, a);
		break;
	case ORDER_REPLY:
	case ORDER_REQUEST:
	case ORDER_REPLY_TO:
	case ORDER_RELAY:
		a->result = answer_request(o);
		break;
	case ORDER_NOTIFY:
		a->result = notify(o);
		break;
	case ORDER_CANCEL:
		if (!e->pending)
			break;
		a->result = m3_cancel(member, &e->call, M3_ECANCELED);
		report(a, o->self, a->result, 1);
		break;
	case ORDER_ADOPT:
		a->result = adopt(o->self, a);
		break;
	case ORDER_DROP:
		e->buffer.bytes = 0;
		break;
	case ORDER_COPY:
		a->result = copy(o, a);
		break;
	default:
		collect(a);
		for (i = 0; i < EPS; i++)
			a->value[i] = endpoints[i].buffer.bytes ?
				value_of(&endpoints[i].buffer) : -1;
	}
}

void actor_run(struct rig_node *node, int fd)
{
	int32_t eps[EPS];
	struct answer a;
	struct order o;

	member = rig_join(node, M3_NONE);
	/* Arms the bell. */
	m3_bell_serve(member, eps, EPS);
	while (read(fd, &o, sizeof(o)) == sizeof(o)) {
		memset(&a, 0, sizeof(a));
		obey(&o, &a);
		MUST(write(fd, &a, sizeof(a)) == sizeof(a));
	}
	m3_leave(member);
}
