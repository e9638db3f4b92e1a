// SPDX-License-Identifier: MIT
/* The driver's endpoints: servers, clients, and the runtime of both nodes. */
#include "scene.h"
#include <string.h>

enum { IDLE, RECEIVING, PULLING, PUSHING };

void driver_call(struct m3_member *m, struct m3_call *c, int op, int self,
		 int peer, int type, const struct m3_buffer *memory)
{
	memset(c, 0, sizeof(*c));
	c->op = (uint32_t)op;
	c->self = self;
	c->peer = peer;
	c->message = rig_message(type, memory ? memory->address : 0,
				 COPY_BYTES);
	SAME(m3_start(m, c), M3_PENDING);
}

void driver_ask(struct scene *s, int far, int type)
{
	if (far)
		driver_call(s->there, &s->far_client, M3_OP_SENDREC,
			    EP_FAR_CLIENT, EP_VICTIM, type, &s->far_buffer);
	else
		driver_call(s->here, &s->client, M3_OP_SENDREC, EP_CLIENT,
			    EP_VICTIM, type, &s->client_buffer);
}

static void answer(struct server *v)
{
	int e;

	v->request.type = ANSWERED;
	e = m3_reply(v->member, v->ep, v->request.source, &v->request);
	/* It has died since, or given up. */
	MUST(e == 0 || e == -M3_EPROCSTS || e == -M3_EDSTDIED);
	v->state = IDLE;
}

static void copy(struct server *v, int push)
{
	int e;

	memset(&v->call, 0, sizeof(v->call));
	v->call.op = M3_OP_VCOPY;
	v->call.self = v->ep;
	v->call.peer = push ? v->ep : v->request.source;
	v->call.dst = push ? v->request.source : v->ep;
	v->call.src_address = push ? v->own.address :
				     rig_word(&v->request, 0);
	v->call.dst_address = push ? rig_word(&v->request, 0) :
				     v->own.address;
	v->call.bytes = COPY_BYTES;
	v->state = push ? PUSHING : PULLING;
	e = m3_start(v->member, &v->call);
	if (e == M3_PENDING)
		return;
	if (e == 0 && !push)
		copy(v, 1);
	else
		answer(v);
}

static void receive(struct server *v, int slow)
{
	int e;

	memset(&v->call, 0, sizeof(v->call));
	v->call.op = M3_OP_RECEIVE;
	v->call.self = v->ep;
	v->call.peer = M3_ANY;
	if (slow)
		e = m3_receive(v->member, v->ep, M3_ANY, &v->call.message, 0);
	else
		e = m3_start(v->member, &v->call);
	if (e == M3_PENDING)
		v->state = RECEIVING;
	MUST(e == M3_PENDING || e == 0 || e == -M3_EAGAIN);
	if (e)
		return;
	v->request = v->call.message;
	if (v->request.type == ASK_COPY)
		copy(v, 0);
	else if (!(v->request.type & M3_NOTIFY_MESSAGE))
		answer(v);
}

/* 1 if it got any further. */
static int serve(struct server *v, int slow)
{
	int e, state = v->state;

	if (state == IDLE) {
		receive(v, slow);
		return v->state != state;
	}
	e = m3_finish(v->member, &v->call);
	if (e == M3_PENDING)
		return 0;
	v->state = IDLE;
	if (state == RECEIVING && e == 0) {
		v->request = v->call.message;
		if (v->request.type == ASK_COPY)
			copy(v, 0);
		else if (!(v->request.type & M3_NOTIFY_MESSAGE))
			answer(v);
	} else if (state == PULLING && e == 0) {
		copy(v, 1);
	} else if (state != RECEIVING) {
		answer(v);
	}
	return 1;
}

int driver_step(struct scene *s)
{
	int moved = 0;

	if (!s->runtime_away)
		moved += rig_settle(&s->near, &s->far);
	moved += serve(&s->servers[0], s->slow);
	moved += serve(&s->servers[1], s->slow);
	return moved;
}

int driver_await(struct scene *s, struct m3_member *m, struct m3_call *c)
{
	unsigned long end = rig_now() + 5000;
	int e;

	while ((e = m3_finish(m, c)) == M3_PENDING) {
		driver_step(s);
		MUST(rig_now() < end);
	}
	c->op = 0;
	return e;
}

static void give_up(struct m3_member *m, struct m3_call *c)
{
	if (c->op && m3_finish(m, c) == M3_PENDING)
		MUST(m3_cancel(m, c, M3_ECANCELED) != M3_PENDING);
	c->op = 0;
}

void driver_rest(struct scene *s)
{
	give_up(s->here, &s->client);
	give_up(s->here, &s->sender);
	give_up(s->there, &s->far_client);
	give_up(s->there, &s->far_sender);
	while (driver_step(s))
		;
}

void driver_take_back(struct scene *s)
{
	m3_detach(s->near.proxy);
	m3_detach(s->far.proxy);
	rig_attach(&s->near, 1);
	rig_attach(&s->far, 0);
	rig_open(&s->near, &s->far);
	s->runtime_away = 0;
}

static void server_begin(struct server *v, struct m3_member *m, int ep)
{
	v->member = m;
	v->ep = ep;
	v->state = IDLE;
	SAME(m3_bind(m, ep), 0);
	SAME(m3_alloc(m, ep, COPY_BYTES, &v->own), 0);
}

void driver_begin(struct scene *s)
{
	int ep;

	memset(s, 0, sizeof(*s));
	rig_start(&s->near, 0);
	rig_start(&s->far, 1);
	rig_pair(&s->near, &s->far);
	for (ep = EP_SERVER; ep <= EP_SENDER; ep++)
		SAME(m3_rmtbind(s->far.core, RIG_DC, "near", ep, 0), 0);
	for (ep = EP_FAR_SERVER; ep <= EP_FAR_SENDER; ep++)
		SAME(m3_rmtbind(s->near.core, RIG_DC, "far", ep, 1), 0);
	s->here = rig_join(&s->near, EP_CLIENT);
	s->there = rig_join(&s->far, EP_FAR_CLIENT);
	SAME(m3_bind(s->here, EP_SENDER), 0);
	SAME(m3_bind(s->there, EP_FAR_SENDER), 0);
	SAME(m3_alloc(s->here, EP_CLIENT, COPY_BYTES, &s->client_buffer), 0);
	SAME(m3_alloc(s->there, EP_FAR_CLIENT, COPY_BYTES, &s->far_buffer), 0);
	server_begin(&s->servers[0], s->here, EP_SERVER);
	server_begin(&s->servers[1], s->there, EP_FAR_SERVER);
}

void driver_end(struct scene *s)
{
	driver_rest(s);
	m3_leave(s->here);
	m3_leave(s->there);
	rig_stop(&s->near);
	rig_stop(&s->far);
}
