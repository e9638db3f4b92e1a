// SPDX-License-Identifier: MIT
/*
 * Two cores and a link that is cut at random: frames in flight are lost, the
 * proxies and lanes change, openings are repeated, and all is sent again. Each
 * call must have its effect exactly once, in order, with its bytes intact.
 */
#include "rig.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS 6
#define DEPTH 8 /* frames in flight per direction */
#define COPY_BYTES 140000u

struct frame {
	unsigned int bytes;
	unsigned char data[M3_FRAME_BYTES];
};

struct wire {
	struct frame *frame[DEPTH];
	int first, count;
};

/* What a client does now, and what its server knows of it. */
struct client {
	struct m3_call call;
	int op; /* 0: idle */
	unsigned long serial; /* of its last call */
	unsigned long taken; /* by the server */
	unsigned long answered; /* serial of the last reply that came back */
	int cancelled;
	struct m3_buffer buffer;
};

struct side {
	struct rig_node node;
	struct m3_member *member;
	struct client client[CLIENTS];
	struct wire out;
	/* The server's copy in progress, for client `busy`, or -1. */
	struct m3_call copy;
	int busy, pushing;
	struct m3_message request;
	struct m3_buffer scratch;
};

static unsigned long cuts, calls, cancels;

static int client_ep(const struct side *s, int i)
{
	return s->node.id * CLIENTS + i;
}

/* One server a side, which all the other's clients ask. */
static int server_ep(const struct side *s)
{
	return 20 + s->node.id;
}

static unsigned char byte_of(unsigned long serial)
{
	return (unsigned char)(serial * 37 + 11);
}

static void begin(struct side *s, const struct side *o, struct client *c, int i)
{
	static const int ops[] = { M3_OP_SEND, M3_OP_SENDREC, M3_OP_SENDREC };

	c->op = ops[rig_random(3)];
	c->cancelled = 0;
	c->serial++;
	memset(&c->call, 0, sizeof(c->call));
	c->call.op = (uint32_t)c->op;
	c->call.self = client_ep(s, i);
	c->call.peer = server_ep(o);
	/* One in four asks for a copy there and back. */
	c->call.message = rig_message((int)rig_random(4), c->serial,
				      c->buffer.address);
	memset(c->buffer.data, byte_of(c->serial), COPY_BYTES);
	SAME(m3_start(s->member, &c->call), M3_PENDING);
	calls++;
}

static void end(struct side *s, struct client *c)
{
	int e = m3_finish(s->member, &c->call);
	const unsigned char *p = c->buffer.data;

	if (e == M3_PENDING)
		return;
	SAME(e, 0);
	/* A send returns when it was taken; a sendrec with its own answer. */
	SAME((long)c->taken, (long)c->serial);
	if (c->op == M3_OP_SENDREC) {
		SAME((long)rig_word(&c->call.message, 0), (long)c->serial);
		MUST(c->answered < c->serial);
		c->answered = c->serial;
		if (c->call.message.type == 1000)
			MUST(p[0] == (unsigned char)~byte_of(c->serial) &&
			     p[COPY_BYTES - 1] == p[0]);
	}
	c->op = 0;
}

static void clients(struct side *s, const struct side *o)
{
	int i;

	for (i = 0; i < CLIENTS; i++) {
		struct client *c = &s->client[i];

		if (!c->op) {
			if (rig_random(4) == 0)
				begin(s, o, c, i);
		} else if (rig_random(400) == 0) {
			int e = m3_cancel(s->member, &c->call, M3_ECANCELED);

			MUST(e == 0 || e == -M3_ECANCELED);
			cancels++;
			c->op = 0;
		} else {
			end(s, c);
		}
	}
}

static void answer(struct side *s, int type)
{
	struct m3_message *m = &s->request;
	int e;

	m->type = type;
	e = m3_reply(s->member, server_ep(s), m->source, m);
	/* It may have given up. */
	MUST(e == 0 || e == -M3_EPROCSTS);
}

static void copy_step(struct side *s)
{
	unsigned char *p = s->scratch.data;
	int e = m3_finish(s->member, &s->copy);

	if (e == M3_PENDING)
		return;
	/* The client gave up, before or while it was copied. */
	if (e) {
		MUST(e == -M3_EPROCSTS || e == -M3_EFAULT);
		s->busy = -1;
		return;
	}
	if (s->pushing) {
		s->busy = -1;
		answer(s, 1000);
		return;
	}
	MUST(p[0] == byte_of(rig_word(&s->request, 0)));
	MUST(!memcmp(p, p + 1, COPY_BYTES - 1));
	s->pushing = 1;
	memset(p, ~p[0], COPY_BYTES);
	s->copy.src_address = s->scratch.address;
	s->copy.dst_address = rig_word(&s->request, 1);
	s->copy.peer = server_ep(s);
	s->copy.dst = s->request.source;
	e = m3_start(s->member, &s->copy);
	MUST(e == M3_PENDING || e == -M3_EPROCSTS);
	if (e != M3_PENDING)
		s->busy = -1;
}

static void copy_begin(struct side *s, int client)
{
	int e;

	memset(&s->copy, 0, sizeof(s->copy));
	s->copy.op = M3_OP_VCOPY;
	s->copy.self = server_ep(s);
	s->copy.peer = s->request.source;
	s->copy.dst = server_ep(s);
	s->copy.src_address = rig_word(&s->request, 1);
	s->copy.dst_address = s->scratch.address;
	s->copy.bytes = COPY_BYTES;
	s->pushing = 0;
	e = m3_start(s->member, &s->copy);
	MUST(e == M3_PENDING || e == -M3_EPROCSTS);
	s->busy = e == M3_PENDING ? client : -1;
}

static void serve(struct side *s, struct side *o)
{
	unsigned long serial;
	struct client *c;
	int i;

	if (s->busy >= 0) {
		copy_step(s);
		return;
	}
	if (rig_random(3) == 0 ||
	    m3_receive(s->member, server_ep(s), M3_ANY, &s->request, 0))
		return;
	i = s->request.source - client_ep(o, 0);
	MUST(i >= 0 && i < CLIENTS);
	c = &o->client[i];
	serial = rig_word(&s->request, 0);
	/* In order, once; what was cancelled may be missing. */
	MUST(serial > c->taken && serial <= c->serial);
	c->taken = serial;
	if (s->request.type == 0)
		copy_begin(s, i);
	else
		answer(s, 1);
}

/* -------------------------------------------------------- the link */

static void drop(struct wire *w)
{
	while (w->count) {
		free(w->frame[w->first]);
		w->first = (w->first + 1) % DEPTH;
		w->count--;
	}
}

static void load(struct side *s)
{
	struct wire *w = &s->out;
	struct frame *f;
	unsigned int room;

	if (w->count == DEPTH)
		return;
	f = malloc(sizeof(*f));
	room = rig_random(3) ? M3_FRAME_BYTES : 128 + rig_random(2000);
	f->bytes = rig_take(&s->node, 1 + (int)rig_random(3), f->data, room);
	if (!f->bytes)
		f->bytes = (unsigned int)m3_proxy_acknowledge(
			s->node.proxy, RIG_DC, f->data, sizeof(f->data));
	if (!f->bytes) {
		free(f);
		return;
	}
	w->frame[(w->first + w->count++) % DEPTH] = f;
}

static void unload(struct side *from, struct side *to)
{
	struct wire *w = &from->out;
	struct frame *f;

	if (!w->count)
		return;
	f = w->frame[w->first];
	MUST(m3_proxy_put(to->node.proxy, f->data, f->bytes) >= 0);
	free(f);
	w->first = (w->first + 1) % DEPTH;
	w->count--;
}

/* Frames in flight are lost; now and then the proxies are new ones. */
static void cut(struct side *a, struct side *b)
{
	struct m3_dc_open open;

	cuts++;
	drop(&a->out);
	drop(&b->out);
	if (rig_random(3) == 0) {
		m3_detach(a->node.proxy);
		rig_attach(&a->node, 1);
	}
	if (rig_random(3) == 0) {
		m3_proxy_disconnected(b->node.proxy);
	}
	/* An opening that reached one side only comes before. */
	if (rig_random(4) == 0) {
		SAME(m3_proxy_open(a->node.proxy, RIG_DC, &open), 0);
		SAME(m3_proxy_opened(b->node.proxy, &open), 0);
		load(b);
		drop(&b->out);
	}
	rig_open(&a->node, &b->node);
}

/* Other endpoints are urgent from now on. */
static void change_lanes(struct side *s)
{
	struct m3_lanes lanes;

	memset(&lanes, 0, sizeof(lanes));
	lanes.urgent[0] = (uint64_t)rig_random(1u << 31) << RIG_TASKS;
	SAME(m3_setlanes(s->node.core, RIG_DC, &lanes), 0);
}

static void side_begin(struct side *s, struct side *o)
{
	int i;

	s->member = rig_join(&s->node, server_ep(s));
	s->busy = -1;
	for (i = 0; i < CLIENTS; i++) {
		SAME(m3_bind(s->member, client_ep(s, i)), 0);
		SAME(m3_alloc(s->member, client_ep(s, i), COPY_BYTES,
			      &s->client[i].buffer), 0);
	}
	SAME(m3_alloc(s->member, server_ep(s), COPY_BYTES, &s->scratch), 0);
	SAME(m3_rmtbind(s->node.core, RIG_DC, "far", server_ep(o),
			o->node.id), 0);
}

static int idle(const struct side *s)
{
	int i;

	for (i = 0; i < CLIENTS; i++)
		if (s->client[i].op)
			return 0;
	return s->busy < 0 && !s->out.count;
}

static void step(struct side *a, struct side *b, int starting)
{
	if (starting) {
		clients(a, b);
		clients(b, a);
	} else {
		for (int i = 0; i < CLIENTS; i++) {
			if (a->client[i].op)
				end(a, &a->client[i]);
			if (b->client[i].op)
				end(b, &b->client[i]);
		}
	}
	serve(a, b);
	serve(b, a);
	load(a);
	load(b);
	if (rig_random(2))
		unload(a, b);
	if (rig_random(2))
		unload(b, a);
}

int main(int argc, char **argv)
{
	static struct side a, b;
	struct m3_dc_counters c;
	int i, rounds;

	rig_seed(argc, argv);
	rounds = rig_rounds(argc, argv, 15000);
	rig_start(&a.node, 0);
	rig_start(&b.node, 1);
	rig_pair(&a.node, &b.node);
	side_begin(&a, &b);
	side_begin(&b, &a);
	for (i = 0; i < rounds; i++) {
		step(&a, &b, 1);
		if (rig_random(60) == 0)
			cut(&a, &b);
		if (rig_random(40) == 0)
			change_lanes(rig_random(2) ? &a : &b);
		if (i % 256 == 0) {
			SOUND(&a.node);
			SOUND(&b.node);
		}
	}
	/* Left alone, everything comes to its end. */
	for (i = 0; i < 20000 && !(idle(&a) && idle(&b)); i++)
		step(&a, &b, 0);
	MUST(idle(&a) && idle(&b));
	SOUND(&a.node);
	SOUND(&b.node);
	SAME(m3_dc_counters(a.node.core, RIG_DC, &c), 0);
	MUST(c.replayed > 0 && c.voided > 0);
	printf("%lu calls, %lu cancelled, %lu cuts\n", calls, cancels, cuts);
	m3_leave(a.member);
	m3_leave(b.member);
	rig_stop(&a.node);
	rig_stop(&b.node);
	return 0;
}
