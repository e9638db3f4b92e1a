// SPDX-License-Identifier: MIT
/*
 * Relays across a link and calls that wait for a block, with the runtime or
 * the server killed at every crash point it passes. The peer is forged: it says
 * again what it does not know to have arrived, and sees every record once.
 */
#include "crash.h"
#include "forge.h"
#include <string.h>

static struct forge_record rec;

/* Endpoint 20 is at forged node 1, 21 at forged node 2. */
struct scene {
	struct rig_node n, second;
	struct forge f, g;
	struct m3_member *m; /* of the parent: endpoints 1 and 2 */
	struct m3_call call;
};

struct act {
	const char *name;
	void (*before)(struct scene *s);
	void (*act)(struct scene *s); /* in the child, armed */
	void (*after)(struct scene *s, int killed);
};

/* A process becomes the runtime: whoever was it is fenced. */
static void take_over(struct scene *s)
{
	rig_attach(&s->n, 1);
	rig_attach(&s->second, 2);
	SAME(forge_open(&s->f), 0);
	SAME(forge_open(&s->g), 0);
}

static void take_back(struct scene *s)
{
	SOUND(&s->n);
	m3_detach(s->n.proxy);
	m3_detach(s->second.proxy);
	take_over(s);
}

/* What leaves is lost on the way: it is sent again on the next link. */
static void lose_all(struct rig_node *n)
{
	static char frame[M3_FRAME_BYTES];

	while (rig_take(n, M3_LANE_NORMAL, frame, sizeof(frame)))
		;
}

/* --------------------------------------------------- relay to a client */

static void asking(struct scene *s)
{
	rig_start_call(s->m, &s->call, M3_OP_SENDREC, 1, 20, 7, M3_PENDING);
	forge_expect(&s->f, &rec, M3_REC_SENDREC, 1, 20, 1);
}

/* 1 if the core had it not yet. */
static int put_relay(struct scene *s, int dst)
{
	static unsigned char frame[M3_FRAME_BYTES];
	unsigned int bytes;
	int e;

	forge_fill(&s->f, &rec, M3_REC_RELAY, 20, 1, 1, 64);
	rec.head.transfer = (uint64_t)dst;
	rec.body.message = rig_message(8, 0, 0);
	bytes = forge_frame(&s->f, M3_LANE_NORMAL, &rec, frame);
	e = m3_proxy_put(s->n.proxy, frame, bytes);
	MUST(e == 0 || e == 1);
	return e;
}

static void relay_here(struct scene *s)
{
	SAME(put_relay(s, 2), 1);
}

static void relay_there(struct scene *s)
{
	SAME(put_relay(s, 21), 1);
	lose_all(&s->second);
}

static void served_here(struct scene *s, int killed)
{
	struct m3_message m;

	MUST(put_relay(s, 2) == 0 || killed);
	SOUND(&s->n);
	SAME(m3_rcvrqst(s->m, 2, &m, 0), 0);
	SAME(m.source, 1);
	SAME(m.type, 8);
	SAME(m3_rcvrqst(s->m, 2, &m, 0), -M3_EAGAIN);
	SAME(m3_reply(s->m, 2, 1, &m), 0);
	SAME(m3_finish(s->m, &s->call), 0);
	SAME(s->call.message.source, 2);
}

static void served_there(struct scene *s, int killed)
{
	MUST(put_relay(s, 21) == 0 || killed);
	SOUND(&s->n);
	forge_expect(&s->g, &rec, M3_REC_SENDREC, 1, 21, 1);
	SAME(rec.body.message.type, 8);
	SAME(forge_take(&s->g, M3_LANE_NORMAL, &rec), 0);
	SAME(forge_take(&s->f, M3_LANE_NORMAL, &rec), 0);
	SAME(forge_message(&s->g, M3_REC_REPLY, 21, 1, 1, 9), 1);
	SAME(m3_finish(s->m, &s->call), 0);
	SAME(s->call.message.type, 9);
}

/* ------------------------------------------------- calls and their blocks */

static void waiting(struct scene *s)
{
	forge_give_up(s->m, &s->f, 20, 1);
	forge_give_up(s->m, &s->g, 21, 2);
	rig_start_call(s->m, &s->call, M3_OP_SENDREC, 1, 20, 9, M3_PENDING);
}

static void take_first(struct scene *s)
{
	lose_all(&s->n);
	lose_all(&s->second);
}

static void take_second(struct scene *s)
{
	lose_all(&s->second);
	lose_all(&s->n);
}

static void lose_second(struct scene *s)
{
	m3_del_node(s->n.core, RIG_DC, 2);
	lose_all(&s->n);
}

static void asked_once(struct scene *s)
{
	forge_expect(&s->f, &rec, M3_REC_CANCEL, 1, 20, 1);
	forge_expect(&s->f, &rec, M3_REC_SENDREC, 1, 20, 3);
	SAME(rec.body.message.type, 9);
	SAME(forge_take(&s->f, M3_LANE_NORMAL, &rec), 0);
	SAME(forge_message(&s->f, M3_REC_REPLY, 20, 1, 3, 10), 1);
	SAME(m3_finish(s->m, &s->call), 0);
}

static void all_left(struct scene *s, int killed)
{
	(void)killed;
	asked_once(s);
	forge_expect(&s->g, &rec, M3_REC_CANCEL, 1, 21, 2);
	SAME(forge_take(&s->g, M3_LANE_NORMAL, &rec), 0);
}

static void first_left(struct scene *s, int killed)
{
	(void)killed;
	asked_once(s);
}

static const struct act acts[] = {
	{ "a relay to this node", asking, relay_here, served_here },
	{ "a relay to a third node", asking, relay_there, served_there },
	{ "the first block", waiting, take_first, all_left },
	{ "the second block", waiting, take_second, all_left },
	{ "the block of a lost node", waiting, lose_second, first_left },
};

static void scene_begin(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	s->m = forge_core(&s->n, &s->f);
	SAME(m3_bind(s->m, 2), 0);
	s->second = s->n;
	forge_begin(&s->g, &s->second, 2);
	SAME(m3_rmtbind(s->n.core, RIG_DC, "third", 21, 2), 0);
}

static void scene_end(struct scene *s)
{
	SOUND(&s->n);
	m3_detach(s->second.proxy);
	m3_leave(s->m);
	rig_stop(&s->n);
}

/* 1: killed at point `n`; 0: the act has fewer. */
static int run(const struct act *act, unsigned long n)
{
	struct scene s;
	int killed;
	pid_t pid;

	scene_begin(&s);
	act->before(&s);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		alarm(20);
		SAME(m3_node_open(s.n.dir, &s.n.core), 0);
		s.second.core = s.n.core;
		take_over(&s);
		crash_arm(n);
		act->act(&s);
		crash_arm(0);
		_exit(0);
	}
	killed = crash_wait(pid);
	if (act->act == lose_second) {
		SOUND(&s.n);
		m3_del_node(s.n.core, RIG_DC, 2);
		rig_attach(&s.n, 1);
		SAME(forge_open(&s.f), 0);
	} else {
		take_back(&s);
	}
	act->after(&s, killed);
	scene_end(&s);
	return killed;
}

/* ------------------------------------------- relay of a remote client */

static void relaying(struct scene *s, unsigned long n)
{
	struct m3_member *m = rig_join(&s->n, 3);
	struct m3_message message;

	SAME(m3_receive(m, 3, 20, &message, 5000), 0);
	message.type = 8;
	crash_arm(n);
	SAME(m3_relay(m, 3, 5, &message), 0);
	crash_arm(0);
	_exit(0);
}

/* The client's core is told of the relay, or that the server has died. */
static int relay_back(unsigned long n)
{
	struct scene s;
	int killed;
	pid_t pid;

	scene_begin(&s);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		alarm(20);
		relaying(&s, n);
	}
	rig_until(&s.n, 3, M3_RTS_RECEIVING);
	SAME(forge_message(&s.f, M3_REC_SENDREC, 20, 3, 5, 7), 1);
	killed = crash_wait(pid);
	SOUND(&s.n);
	m3_sweep(s.n.core);
	SOUND(&s.n);
	SAME(forge_take(&s.f, M3_LANE_NORMAL, &rec), 1);
	SAME((long)rec.head.call, 5);
	if (rec.head.kind == M3_REC_RELAY) {
		SAME((long)rec.head.transfer, 5);
		SAME(rec.body.message.type, 8);
	} else {
		MUST(killed);
		SAME(rec.head.kind, M3_REC_ERROR);
		SAME(rec.head.status, -M3_ESRCDIED);
	}
	/* The server has ended either way. */
	FORGE_NEXT(&s.f, &rec, M3_REC_DEATH, 3);
	SAME(forge_take(&s.f, M3_LANE_NORMAL, &rec), 0);
	scene_end(&s);
	return killed;
}

int main(void)
{
	unsigned long n, total = 0;
	unsigned int i;

	for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		for (n = 1; alarm(30), run(&acts[i], n); n++)
			;
		printf("%s: %lu points\n", acts[i].name, n - 1);
		total += n - 1;
	}
	for (n = 1; alarm(30), relay_back(n); n++)
		;
	printf("a relay of a remote client: %lu points\n", n - 1);
	printf("%lu kills\n", total + n - 1);
	return 0;
}
