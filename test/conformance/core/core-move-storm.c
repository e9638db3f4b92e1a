// SPDX-License-Identifier: MIT
/*
 * Clients and servers on three cores call each other while they migrate, two
 * at a time, back and forth, and links are cut with frames in flight. Every
 * call has its effect once, in order; every notification is seen; every copy
 * is whole; and nobody notices that anybody has moved.
 */
#include "mesh.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLIENTS 8
#define ANCHORED 2 /* of them: their memory is copied from, so they stay */
#define SERVERS 4
#define PARTIES (CLIENTS + SERVERS)
#define DEBTS 4
#define COPY_BYTES 70000u
#define MOVES 2

struct party {
	int ep, node, frozen;
	struct m3_call call;
	int op; /* in progress, or 0 */
	/* of a client */
	unsigned long serial, taken[SERVERS];
	int asked; /* which server */
	int pending[SERVERS]; /* notifications not seen yet */
	struct m3_buffer buffer;
	/* of a server */
	struct m3_message debt[DEBTS];
	uint64_t owed[DEBTS]; /* their calls */
	int debts, copying;
	unsigned char copy[COPY_BYTES];
};

enum step { STARTING, EXPORTED, TAKEN, LEFT, ROLLING };

/* A migration under way. */
struct move {
	struct party *who; /* or NULL */
	int to, done; /* nodes of the present step */
	enum step step;
	uint64_t txn;
	unsigned int had_call;
	uint32_t bytes;
	_Alignas(8) unsigned char state[MESH_STATE];
};

static struct mesh m;
static struct party party[PARTIES];
static struct move moves[MOVES];
static unsigned long calls, cancels, cuts, moved, rolled, copied, notified;
static uint64_t last_txn;

#define client(i) (&party[i])
#define server(i) (&party[CLIENTS + (i)])
#define at(p) (m.member[(p)->node])

/* ---------------------------------------------------------- clients */

static void begin(struct party *c)
{
	struct m3_call *call = &c->call;

	c->op = rig_random(3) ? M3_OP_SENDREC : M3_OP_SEND;
	memset(call, 0, sizeof(*call));
	call->op = (uint32_t)c->op;
	call->self = c->ep;
	c->asked = (int)rig_random(SERVERS);
	call->peer = server(c->asked)->ep;
	call->message = rig_message((int)rig_random(4), ++c->serial,
				    c->buffer.address);
	if (c->buffer.data)
		memset(c->buffer.data, (int)(c->serial & 0xff), COPY_BYTES);
	calls++;
	if (m3_start(at(c), call) == M3_PENDING)
		return;
	/* A send that was taken at once. */
	SAME(c->op, M3_OP_SEND);
	c->op = 0;
}

static void client_ended(struct party *c, int e)
{
	SAME(e, 0);
	/* A send is over when it was taken: its server may still look. */
	if (c->op == M3_OP_SENDREC)
		SAME((long)c->taken[c->asked], (long)c->serial);
	if (c->op == M3_OP_SENDREC)
		SAME((long)rig_word(&c->call.message, 0), (long)c->serial);
	c->op = 0;
}

static void notify(struct party *c)
{
	int s = (int)rig_random(SERVERS);
	int e = m3_notify(at(c), c->ep, server(s)->ep);

	MUST(e == 0 || e == -M3_EAGAIN);
	if (e)
		return;
	c->pending[s] = 1;
	notified++;
}

static void client_step(struct party *c, int starting)
{
	int e;

	if (c->frozen)
		return;
	if (c->op) {
		if (starting && rig_random(300) == 0) {
			e = m3_cancel(at(c), &c->call, M3_ECANCELED);
			MUST(e == 0 || e == -M3_ECANCELED);
			cancels++;
			c->op = 0;
			return;
		}
		e = m3_finish(at(c), &c->call);
		if (e != M3_PENDING)
			client_ended(c, e);
	} else if (starting && rig_random(3) == 0) {
		if (rig_random(4))
			begin(c);
		else
			notify(c);
	}
}

/* ---------------------------------------------------------- servers */

static void got(struct party *s, struct m3_message *in)
{
	struct party *c = NULL;
	unsigned long serial = rig_word(in, 0);
	int i, e;

	for (i = 0; i < CLIENTS; i++)
		if (client(i)->ep == in->source)
			c = client(i);
	MUST(c);
	if (in->type == (M3_NOTIFY_MESSAGE | c->ep)) {
		c->pending[s - server(0)] = 0;
		return;
	}
	/* In order, once; what was cancelled may be missing. */
	MUST(serial > c->taken[s - server(0)] && serial <= c->serial);
	c->taken[s - server(0)] = serial;
	MUST(s->debts < DEBTS);
	e = m3_request(at(s), s->ep, c->ep, &s->owed[s->debts]);
	MUST(e == 0 || e == -M3_EPROCSTS);
	if (e == 0)
		s->debt[s->debts++] = *in;
}

static void answer(struct party *s)
{
	struct m3_message *out = &s->debt[0];
	int e;

	out->type = 1000;
	e = m3_reply_to(at(s), s->ep, out->source, s->owed[0], out);
	/* It may have given up. */
	MUST(e == 0 || e == -M3_EPROCSTS);
	memmove(s->owed, s->owed + 1, sizeof(s->owed[0]) * (DEBTS - 1));
	memmove(s->debt, s->debt + 1, sizeof(s->debt[0]) * (DEBTS - 1));
	s->debts--;
}

static void copy_ended(struct party *s, int e)
{
	unsigned long serial = rig_word(&s->debt[0], 0);

	s->op = s->copying = 0;
	if (e == 0) {
		SAME(s->copy[0], (long)(serial & 0xff));
		MUST(!memcmp(s->copy, s->copy + 1, COPY_BYTES - 1));
		copied++;
	} else {
		/* The client gave up. */
		MUST(e == -M3_EPROCSTS || e == -M3_EFAULT);
	}
	answer(s);
}

static void copy_begin(struct party *s)
{
	struct m3_call *call = &s->call;
	uint64_t id = 0;
	int e;

	m3_request(at(s), s->ep, s->debt[0].source, &id);
	if (id != s->owed[0]) {
		answer(s);
		return;
	}
	memset(call, 0, sizeof(*call));
	call->op = M3_OP_VCOPY;
	call->self = call->dst = s->ep;
	call->peer = s->debt[0].source;
	call->src_address = rig_word(&s->debt[0], 1);
	call->dst_address = (uint64_t)(uintptr_t)s->copy;
	call->bytes = COPY_BYTES;
	s->copying = 1;
	s->op = M3_OP_VCOPY;
	e = m3_start(at(s), call);
	if (e != M3_PENDING)
		copy_ended(s, e);
}

static void receive(struct party *s)
{
	struct m3_message in;
	int e;

	/* Who owes answers does not wait for more. */
	if (s->debts) {
		e = m3_receive(at(s), s->ep, M3_ANY, &in, M3_NOWAIT);
		MUST(e == 0 || e == -M3_EAGAIN);
		if (e == 0)
			got(s, &in);
		return;
	}
	memset(&s->call, 0, sizeof(s->call));
	s->call.op = M3_OP_RECEIVE;
	s->call.self = s->ep;
	s->call.peer = M3_ANY;
	e = m3_start(at(s), &s->call);
	if (e == M3_PENDING) {
		s->op = M3_OP_RECEIVE;
		return;
	}
	SAME(e, 0);
	got(s, &s->call.message);
}

static void server_step(struct party *s)
{
	int e;

	if (s->op && (!s->frozen || s->copying)) {
		e = m3_finish(at(s), &s->call);
		if (e == M3_PENDING)
			return;
		if (s->copying) {
			if (s->frozen) {
				/* It may look, but not act. */
				s->copying = s->op = 0;
				return;
			}
			copy_ended(s, e);
		} else {
			SAME(e, 0);
			s->op = 0;
			got(s, &s->call.message);
		}
	} else if (!s->frozen && !s->op) {
		if (s->debts == DEBTS || (s->debts && rig_random(3) == 0)) {
			if (rig_word(&s->debt[0], 1) && rig_random(2))
				copy_begin(s);
			else
				answer(s);
		} else if (rig_random(2)) {
			receive(s);
		}
	}
}

/* ------------------------------------------------------- migrations */

/* Its process goes on at the new node, in the call that it had. */
static void arrive(struct move *v)
{
	struct party *p = v->who;
	int e;

	p->node = v->to;
	p->frozen = 0;
	if (!p->op)
		return;
	p->call.op = M3_OP_RESUME;
	e = m3_start(at(p), &p->call);
	if (e == M3_PENDING)
		return;
	if (p >= server(0)) {
		SAME(e, 0);
		p->op = 0;
		got(p, &p->call.message);
	} else {
		client_ended(p, e);
	}
}

/* The former process sees the end of its call there. */
static void left(struct move *v)
{
	struct m3_call old = v->who->call;

	if (v->had_call)
		SAME(m3_finish(m.member[v->who->node], &old), -M3_EMIGRATE);
}

static void move_start(struct move *v)
{
	int a, quiet = 0, e;

	for (a = 0; a < MESH; a++) {
		e = m3_migr_start(m.node[a].core, RIG_DC, v->who->ep, v->to,
				  v->txn, 0);
		MUST(e == 0 || e == -M3_ETIMEDOUT);
		quiet += e == 0;
	}
	if (rig_random(200) == 0) {
		v->step = ROLLING;
		v->done = 0;
	} else if (quiet == MESH && !v->who->copying) {
		v->bytes = sizeof(v->state);
		SAME(m3_migr_export(m.node[v->who->node].core, RIG_DC,
				    v->who->ep, v->txn, v->state, &v->bytes),
		     0);
		v->step = rig_random(4) ? EXPORTED : ROLLING;
		v->done = 0;
	}
}

static void commit(struct move *v, int node)
{
	int times = 1 + (rig_random(4) == 0);

	while (times--)
		SAME(m3_migr_commit(m.node[node].core, RIG_DC, v->who->ep,
				    v->to, getpid(), v->txn, v->state,
				    v->bytes), 0);
}

static void move_step(struct move *v)
{
	struct party *p = v->who;
	int old = p->node;

	switch (v->step) {
	case STARTING:
		move_start(v);
		break;
	case EXPORTED:
		commit(v, v->to);
		v->step = TAKEN;
		v->done = old;
		v->had_call = p->op != 0;
		break;
	case TAKEN:
		commit(v, old);
		left(v);
		v->step = LEFT;
		arrive(v);
		break;
	case LEFT:
		commit(v, MESH - v->done - v->to);
		v->who = NULL;
		moved++;
		break;
	case ROLLING:
		SAME(m3_migr_rollback(m.node[v->done].core, RIG_DC, p->ep,
				      v->txn), 0);
		if (v->done++ == p->node)
			p->frozen = 0;
		if (v->done == MESH) {
			v->who = NULL;
			rolled++;
		}
	}
}

static void migrate(int starting)
{
	struct party *p;
	int i, j;

	for (i = 0; i < MOVES; i++) {
		struct move *v = &moves[i];

		if (v->who) {
			if (rig_random(3) == 0)
				move_step(v);
			continue;
		}
		if (!starting || rig_random(20))
			continue;
		p = &party[ANCHORED + rig_random(PARTIES - ANCHORED)];
		for (j = 0; j < MOVES; j++)
			if (moves[j].who == p)
				p = NULL;
		if (!p || p->frozen)
			continue;
		v->who = p;
		v->to = (p->node + 1 + (int)rig_random(2)) % MESH;
		v->txn = ++last_txn;
		v->step = STARTING;
		p->frozen = 1;
	}
}

static int idle(void)
{
	int i, s;

	for (i = 0; i < MOVES; i++)
		if (moves[i].who)
			return 0;
	for (i = 0; i < CLIENTS; i++) {
		if (client(i)->op)
			return 0;
		for (s = 0; s < SERVERS; s++)
			if (client(i)->pending[s])
				return 0;
	}
	return 1;
}

/* Who is left, and in which state each core has it. */
static void report(void)
{
	int i;

	for (i = 0; i < PARTIES; i++) {
		fprintf(stderr, "%d at %d op %d frozen %d debts %d\n", i,
			party[i].node, party[i].op, party[i].frozen,
			party[i].debts);
		mesh_report(&m, i);
	}
	for (i = 0; i < CLIENTS * SERVERS; i++)
		if (client(i / SERVERS)->pending[i % SERVERS])
			fprintf(stderr, "%d's notification of %d is lost\n",
				i / SERVERS, server(i % SERVERS)->ep);
	for (i = 0; i < MOVES; i++)
		if (moves[i].who)
			fprintf(stderr, "%d moves to %d, step %d\n",
				moves[i].who->ep, moves[i].to, moves[i].step);
}

static void step(int starting)
{
	int i;

	for (i = 0; i < CLIENTS; i++)
		client_step(client(i), starting);
	for (i = 0; i < SERVERS; i++)
		server_step(server(i));
	cuts += mesh_step(&m, starting);
	migrate(starting);
}

static void setup(void)
{
	int i;

	mesh_begin(&m);
	for (i = 0; i < PARTIES; i++) {
		party[i].ep = i;
		party[i].node = (int)rig_random(MESH);
		mesh_bind(&m, i, party[i].node);
		if (i < ANCHORED)
			SAME(m3_alloc(at(&party[i]), i, COPY_BYTES,
				      &party[i].buffer), 0);
	}
}

int main(int argc, char **argv)
{
	int i, rounds;

	rig_seed(argc, argv);
	rounds = rig_rounds(argc, argv, 20000);
	setup();
	for (i = 0; i < rounds; i++) {
		step(1);
		if (i % 64 == 0)
			mesh_sound(&m);
	}
	/* Left alone, everything comes to its end. */
	for (i = 0; i < 20000 && !idle(); i++)
		step(0);
	if (!idle())
		report();
	MUST(idle());
	for (i = 0; i < MESH * MESH; i++)
		mesh_drop(&m, i / MESH, i % MESH);
	printf("%lu calls, %lu cancelled, %lu notifications, %lu copies, "
	       "%lu moves, %lu rolled back, %lu cuts\n", calls, cancels,
	       notified, copied, moved, rolled, cuts);
	mesh_end(&m);
	return 0;
}
