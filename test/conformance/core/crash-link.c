// SPDX-License-Identifier: MIT
/*
 * The runtime of two nodes, killed at every crash point it passes while it
 * moves every kind of record between them, opens links, forgets peers and
 * buries the dead. Its successor must find sound regions, and after it every
 * record has had its effect exactly once.
 */
#include "crash.h"
#include <stdlib.h>
#include <string.h>

#define COPY_BYTES 150000u /* three chunks */

/*
 * Endpoints at both nodes: 1 asks 11, 2 sends to 12, 3 notifies 13, 4 asks 14,
 * who copies in 4's memory. 20 + n at one node is n at the other's: client n of
 * node a is bound at a, its server n + 10 at b, and for b's the numbers + 15.
 */
struct side {
	struct rig_node node;
	struct m3_member *member;
	struct m3_call calls[16]; /* by endpoint, without the shift */
	struct m3_buffer buffer, own;
};

struct scene {
	struct side a, b;
};

static int shift_of(const struct side *client)
{
	return client->node.id ? 15 : 0;
}

static void begin_call(struct side *s, int op, int shift, int self, int peer)
{
	struct m3_call *c = &s->calls[self];

	memset(c, 0, sizeof(*c));
	c->op = (uint32_t)op;
	c->self = self + shift;
	c->peer = peer == M3_ANY ? M3_ANY : peer + shift;
	c->message = rig_message(100 + self, s->buffer.address, COPY_BYTES);
	SAME(m3_start(s->member, c), M3_PENDING);
}

static void clients(struct side *c, struct side *s)
{
	int shift = shift_of(c), ep;

	for (ep = 1; ep <= 4; ep++) {
		SAME(m3_bind(c->member, ep + shift), 0);
		SAME(m3_bind(s->member, ep + 10 + shift), 0);
	}
	for (ep = 11; ep <= 14; ep++)
		SAME(m3_rmtbind(c->node.core, RIG_DC, "far", ep + shift,
				s->node.id), 0);
	SAME(m3_alloc(c->member, 4 + shift, COPY_BYTES, &c->buffer), 0);
	SAME(m3_alloc(s->member, 14 + shift, COPY_BYTES, &s->own), 0);
	memset(c->buffer.data, 0x40 + c->node.id, COPY_BYTES);
	memset(s->own.data, 0, COPY_BYTES);
	begin_call(c, M3_OP_SENDREC, shift, 1, 11);
	begin_call(c, M3_OP_SEND, shift, 2, 12);
	SAME(m3_notify(c->member, 3 + shift, 13 + shift), 0);
	begin_call(c, M3_OP_SENDREC, shift, 4, 14);
	begin_call(s, M3_OP_RECEIVE, shift, 11, M3_ANY);
	begin_call(s, M3_OP_RECEIVE, shift, 14, M3_ANY);
}

/* The servers' next steps, as far as they can go; 1 if one was made. */
static int servers(struct side *c, struct side *s, int *copies)
{
	struct m3_call *call = &s->calls[14];
	int shift = shift_of(c), e, moved = 0;

	if (s->calls[11].op && m3_finish(s->member, &s->calls[11]) == 0) {
		s->calls[11].op = 0;
		SAME(s->calls[11].message.type, 101);
		s->calls[11].message.type = 201;
		SAME(m3_reply(s->member, 11 + shift, 1 + shift,
			      &s->calls[11].message), 0);
		moved = 1;
	}
	if (!call->op || (e = m3_finish(s->member, call)) == M3_PENDING)
		return moved;
	SAME(e, 0);
	if (*copies == 2) {
		call->op = 0;
		call->message.type = 204;
		SAME(m3_reply(s->member, 14 + shift, 4 + shift,
			      &call->message), 0);
		return 1;
	}
	if (*copies == 0)
		SAME(call->message.type, 104);
	/* First a pull, then a push of something else. */
	memset(call, 0, sizeof(*call));
	call->op = M3_OP_VCOPY;
	call->self = 14 + shift;
	call->peer = *copies ? 14 + shift : 4 + shift;
	call->dst = *copies ? 4 + shift : 14 + shift;
	if (*copies)
		memset(s->own.data, 0x50 + c->node.id, COPY_BYTES);
	call->src_address = *copies ? s->own.address : c->buffer.address;
	call->dst_address = *copies ? c->buffer.address : s->own.address;
	call->bytes = COPY_BYTES;
	++*copies;
	SAME(m3_start(s->member, call), M3_PENDING);
	return 1;
}

static int all(const struct m3_buffer *b, int byte)
{
	const unsigned char *p = b->data;
	unsigned int i;

	for (i = 0; i < COPY_BYTES; i++)
		if (p[i] != byte)
			return 0;
	return 1;
}

/* Everything has happened, once. */
static void complete(struct side *c, struct side *s)
{
	int shift = shift_of(c);
	struct m3_message m;

	SAME(m3_finish(c->member, &c->calls[1]), 0);
	SAME(c->calls[1].message.type, 201);
	SAME(m3_finish(c->member, &c->calls[4]), 0);
	SAME(c->calls[4].message.type, 204);
	MUST(all(&c->buffer, 0x50 + c->node.id));
	/* The notification is there, and no second one. */
	SAME(m3_receive(s->member, 13 + shift, M3_ANY, &m, 0), 0);
	SAME(m.type, M3_NOTIFY_MESSAGE | (3 + shift));
	/* The send waits until it is taken: here. */
	SAME(m3_receive(s->member, 12 + shift, M3_ANY, &m, 0), 0);
	SAME(m.type, 102);
	for (int ep = 11; ep <= 14; ep++)
		SAME(m3_receive(s->member, ep + shift, M3_ANY, &m, 0),
		     -M3_EAGAIN);
}

/* The runtime of both: moves records and lets the servers work. */
static void settle(struct scene *s, int copies[2])
{
	int moved;

	do {
		moved = rig_settle(&s->a.node, &s->b.node);
		moved += servers(&s->a, &s->b, &copies[0]);
		moved += servers(&s->b, &s->a, &copies[1]);
	} while (moved);
}

static void scene_begin(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	rig_start(&s->a.node, 0);
	rig_start(&s->b.node, 1);
	rig_pair(&s->a.node, &s->b.node);
	s->a.member = rig_join(&s->a.node, M3_NONE);
	s->b.member = rig_join(&s->b.node, M3_NONE);
	clients(&s->a, &s->b);
	clients(&s->b, &s->a);
}

static void scene_end(struct scene *s)
{
	SOUND(&s->a.node);
	SOUND(&s->b.node);
	m3_leave(s->a.member);
	m3_leave(s->b.member);
	rig_stop(&s->a.node);
	rig_stop(&s->b.node);
}

/* A process of its own becomes the runtime of both nodes. */
static void take_over(struct scene *s)
{
	SAME(m3_node_open(s->a.node.dir, &s->a.node.core), 0);
	SAME(m3_node_open(s->b.node.dir, &s->b.node.core), 0);
	rig_attach(&s->a.node, 1);
	rig_attach(&s->b.node, 0);
	rig_open(&s->a.node, &s->b.node);
}

static void take_back(struct scene *s)
{
	SOUND(&s->a.node);
	SOUND(&s->b.node);
	m3_detach(s->a.node.proxy);
	m3_detach(s->b.node.proxy);
	rig_attach(&s->a.node, 1);
	rig_attach(&s->b.node, 0);
	rig_open(&s->a.node, &s->b.node);
}

/* Points passed while the child attaches, opens and moves a whole phase. */
static unsigned long relay_phase(struct scene *s, unsigned long n, int *killed)
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0) {
		alarm(20);
		crash_arm(n);
		take_over(s);
		rig_settle(&s->a.node, &s->b.node);
		crash_arm(0);
		_exit(0);
	}
	*killed = crash_wait(pid);
	take_back(s);
	return n;
}

/*
 * One whole exchange in which the runtime is killed at its n-th point of phase
 * `phase`: what moves between two steps of the servers. 1: it was killed.
 */
static int exchange(unsigned long n, int phase)
{
	int copies[2] = { 0, 0 }, killed = 0, i;
	struct scene s;

	scene_begin(&s);
	for (i = 0; i < phase; i++) {
		rig_settle(&s.a.node, &s.b.node);
		servers(&s.a, &s.b, &copies[0]);
		servers(&s.b, &s.a, &copies[1]);
	}
	relay_phase(&s, n, &killed);
	settle(&s, copies);
	complete(&s.a, &s.b);
	complete(&s.b, &s.a);
	rig_settle(&s.a.node, &s.b.node);
	SAME(m3_finish(s.a.member, &s.a.calls[2]), 0);
	SAME(m3_finish(s.b.member, &s.b.calls[2]), 0);
	scene_end(&s);
	return killed;
}

/* -------------------------------------------------- loss and burial */

enum loss { LOST, FORGOTTEN, UNBOUND, LOSSES };

static void lose(struct scene *s, enum loss loss)
{
	struct m3_dc_open open;
	int ep;

	switch (loss) {
	case LOST:
		/* b's DC has another incarnation. */
		SAME(m3_proxy_open(s->b.node.proxy, RIG_DC, &open), 0);
		open.incarnation += 1ull << 32;
		open.peer_incarnation = 0;
		for (ep = 0; ep < M3_LANES; ep++)
			open.expected[ep] = 1;
		SAME(m3_proxy_opened(s->a.node.proxy, &open), 0);
		break;
	case FORGOTTEN:
		m3_del_node(s->a.node.core, RIG_DC, 1);
		m3_add_node(s->a.node.core, RIG_DC, 1);
		break;
	default:
		for (ep = 1; ep < 30; ep++)
			m3_unbind_any(s->a.node.core, RIG_DC, ep);
	}
}

/* The same on one side: every call of it ends with a code that says why. */
static int loss(unsigned long n, enum loss which)
{
	static const int ends[] = { 1, 2, 4 };
	struct scene s;
	int killed, e;
	unsigned int i;
	pid_t pid;

	scene_begin(&s);
	rig_settle(&s.a.node, &s.b.node);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		alarm(20);
		take_over(&s);
		crash_arm(n);
		lose(&s, which);
		crash_arm(0);
		_exit(0);
	}
	killed = crash_wait(pid);
	SOUND(&s.a.node);
	m3_detach(s.a.node.proxy);
	m3_detach(s.b.node.proxy);
	m3_add_node(s.a.node.core, RIG_DC, 1);
	rig_attach(&s.a.node, 1);
	rig_attach(&s.b.node, 0);
	lose(&s, which);
	SOUND(&s.a.node);
	for (i = 0; i < 3; i++) {
		e = m3_finish(s.a.member, &s.a.calls[ends[i]]);
		MUST(e == -M3_EUNKNOWN || e == -M3_ENODEDOWN ||
		     e == -M3_ESHUTDOWN || e == -M3_ESRCDIED ||
		     e == -M3_EDSTDIED);
	}
	rig_open(&s.a.node, &s.b.node);
	rig_settle(&s.a.node, &s.b.node);
	scene_end(&s);
	return killed;
}

int main(int argc, char **argv)
{
	unsigned long n, step, total = 0;
	int i;

	rig_seed(argc, argv);
	/* All points in a long run, every `step`-th in a short one. */
	step = (unsigned long)rig_rounds(argc, argv, 7);
	for (i = 0; i < 4; i++, total += n)
		for (n = 1 + rig_random((unsigned int)step); exchange(n, i);
		     n += step)
			alarm(30);
	printf("%lu points of exchanges\n", total);
	for (i = 0; i < LOSSES; i++, total += n)
		for (n = 1 + rig_random((unsigned int)step);
		     loss(n, (enum loss)i); n += step)
			alarm(30);
	printf("%lu points, each %lu-th\n", total, step);
	return 0;
}
