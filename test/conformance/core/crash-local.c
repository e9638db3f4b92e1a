// SPDX-License-Identifier: MIT
/*
 * Each call within one core, killed at every crash point it passes. Whoever
 * takes the lock next must find a sound region in which the call has happened
 * or has not; partners get an answer or a documented code.
 */
#include "crash.h"
#include <stdlib.h>
#include <string.h>

/* The parent is endpoint 1, the child that dies is endpoint 2. */
struct scene {
	struct rig_node node;
	struct m3_member *parent;
	struct m3_call call; /* the parent's, if it has one */
	struct m3_buffer buffer;
	struct m3_member *child; /* in the child */
	struct m3_message request; /* that the child has received */
	struct m3_buffer own;
};

struct act {
	const char *name;
	void (*before)(struct scene *s); /* in the parent */
	void (*ready)(struct scene *s); /* in the child, not yet armed */
	void (*act)(struct scene *s); /* in the child, armed */
	void (*after)(struct scene *s, int killed); /* in the parent */
};

/* ------------------------------------------------------------- before */

static void receiving(struct scene *s)
{
	rig_start_call(s->parent, &s->call, M3_OP_RECEIVE, 1, M3_ANY, 0,
		       M3_PENDING);
}

static void watching(struct scene *s)
{
	int32_t eps[4];

	SAME(m3_watch(s->parent, 1, 1), 0);
	m3_bell_serve(s->parent, eps, 4);
}

/* ------------------------------------------------------ in the child */

static void bound(struct scene *s)
{
	s->child = rig_join(&s->node, 2);
}

static void joined(struct scene *s)
{
	s->child = rig_join(&s->node, M3_NONE);
}

static void asked(struct scene *s)
{
	bound(s);
	SAME(m3_receive(s->child, 2, 1, &s->request, 5000), 0);
}

static void asked_with_another(struct scene *s)
{
	asked(s);
	SAME(m3_bind(s->child, 3), 0);
}

static void asked_with_memory(struct scene *s)
{
	asked(s);
	SAME(m3_alloc(s->child, 2, 10000, &s->own), 0);
}

static void owning(struct scene *s)
{
	bound(s);
	SAME(m3_alloc(s->child, 2, 10000, &s->own), 0);
	SAME(m3_alloc(s->child, 2, 70000, &s->own), 0);
}

static void do_send(struct scene *s)
{
	struct m3_message m = rig_message(7, 70, 71);

	m3_send(s->child, 2, 1, &m, 0);
}

static void do_start_send(struct scene *s)
{
	rig_start_call(s->child, &s->call, M3_OP_SEND, 2, 1, 7, M3_PENDING);
}

static void do_start_sendrec(struct scene *s)
{
	rig_start_call(s->child, &s->call, M3_OP_SENDREC, 2, 1, 7, M3_PENDING);
	SAME(m3_cancel(s->child, &s->call, M3_ECANCELED), -M3_ECANCELED);
}

static void do_receive(struct scene *s)
{
	m3_receive(s->child, 2, M3_ANY, &s->request, 3000);
}

static void do_reply(struct scene *s)
{
	s->request.type = 8;
	SAME(m3_reply(s->child, 2, 1, &s->request), 0);
}

static void do_rcvrqst(struct scene *s)
{
	m3_rcvrqst(s->child, 2, &s->request, 3000);
}

static void do_reply_to(struct scene *s)
{
	uint64_t call;

	s->request.type = 8;
	SAME(m3_request(s->child, 2, 1, &call), 0);
	SAME(m3_reply_to(s->child, 2, 1, call, &s->request), 0);
}

static void do_reply_receive(struct scene *s)
{
	s->request.type = 8;
	SAME(m3_reply_receive(s->child, 2, 1, &s->request, 0), -M3_EAGAIN);
}

/* To one that comes later, and back to one that waits. */
static void do_relay(struct scene *s)
{
	struct m3_call call;

	SAME(m3_relay(s->child, 2, 3, &s->request), 0);
	rig_start_call(s->child, &call, M3_OP_RCVRQST, 2, 0, 0, M3_PENDING);
	SAME(m3_rcvrqst(s->child, 3, &s->request, 0), 0);
	SAME(m3_relay(s->child, 3, 2, &s->request), 0);
	SAME(m3_finish(s->child, &call), 0);
	call.message.type = 8;
	SAME(m3_reply(s->child, 2, 1, &call.message), 0);
}

static void do_values(struct scene *s)
{
	SAME(m3_ntfy_value(s->child, 2, M3_SELF, 1, 3), 0);
	SAME(m3_ntfy_value(s->child, 2, M3_SELF, 1, 4), 0);
	SAME(m3_ntfy_value(s->child, 2, M3_SELF, 1, 3), 0);
}

/* Twice, so that the second one meets a parent that does not wait. */
static void do_hardware(struct scene *s)
{
	struct m3_node *core;

	SAME(m3_node_open(s->node.dir, &core), 0);
	SAME(m3_hdw_notify(core, RIG_DC, 1), 0);
	SAME(m3_hdw_notify(core, RIG_DC, 1), 0);
	SAME(m3_hdw_notify(core, RIG_DC, 1), -M3_EOVERRUN);
	m3_node_close(core);
}

static void do_wakeup(struct scene *s)
{
	struct m3_node *core;

	SAME(m3_node_open(s->node.dir, &core), 0);
	SAME(m3_wakeup(core, RIG_DC, 1), 0);
	SAME(m3_wakeup(core, RIG_DC, 1), -M3_EPROCRUN);
	m3_node_close(core);
}

static void do_setpriv(struct scene *s)
{
	struct m3_priv priv;
	struct m3_node *core;

	SAME(m3_node_open(s->node.dir, &core), 0);
	SAME(m3_getpriv(core, RIG_DC, 1, &priv), 0);
	priv.level = M3_LEVEL_SERVER;
	priv.calls = 1ull << M3_CALL_RECEIVE;
	priv.to[0] = 0;
	SAME(m3_setpriv(core, RIG_DC, 1, &priv), 0);
	m3_node_close(core);
}

static void do_notify(struct scene *s)
{
	SAME(m3_notify(s->child, 2, 1), 0);
	SAME(m3_notify(s->child, 2, 1), 0);
}

static void do_bind(struct scene *s)
{
	SAME(m3_bind(s->child, 2), 0);
	SAME(m3_bind(s->child, 3), 0);
}

static void do_unbind(struct scene *s)
{
	SAME(m3_unbind(s->child, 2), 0);
}

static void do_memory(struct scene *s)
{
	struct m3_buffer a, b;

	SAME(m3_alloc(s->child, 2, 5000, &a), 0);
	SAME(m3_alloc(s->child, 2, 200000, &b), 0);
	SAME(m3_free(s->child, 2, &a), 0);
	SAME(m3_alloc(s->child, 2, 3000, &a), 0);
	SAME(m3_free(s->child, 2, &b), 0);
	SAME(m3_free(s->child, 2, &a), 0);
}

static void do_vcopy(struct scene *s)
{
	SAME(m3_vcopy(s->child, 2, 1, rig_word(&s->request, 0), 2,
		      s->own.address, 10000, 1000, NULL), 0);
	SAME(m3_vcopy(s->child, 2, 2, s->own.address, 1,
		      rig_word(&s->request, 0), 10000, 1000, NULL), 0);
}

static void do_join(struct scene *s)
{
	struct m3_member *m = rig_join(&s->node, 5);

	m3_leave(m);
}

static void do_leave(struct scene *s)
{
	m3_leave(s->child);
	s->child = NULL;
}

/* A grandchild with everything a process can have, dead and unburied. */
static void corpse(struct scene *s)
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0) {
		asked_with_memory(s);
		SAME(m3_bind(s->child, 3), 0);
		SAME(m3_notify(s->child, 3, 1), 0);
		rig_start_call(s->child, &s->call, M3_OP_SEND, 3, 1, 7,
			       M3_PENDING);
		kill(getpid(), SIGKILL);
	}
	SAME(crash_wait(pid), 1);
}

static void do_sweep(struct scene *s)
{
	struct m3_node *core;

	SAME(m3_node_open(s->node.dir, &core), 0);
	m3_sweep(core);
	m3_node_close(core);
}

static void do_dc_end(struct scene *s)
{
	struct m3_node *core;

	SAME(m3_node_open(s->node.dir, &core), 0);
	SAME(m3_dc_end(core, RIG_DC), 0);
	m3_node_close(core);
}

/* -------------------------------------------------------------- after */

static void buried(struct scene *s)
{
	struct m3_dc_info info;

	SOUND(&s->node);
	m3_sweep(s->node.core);
	SOUND(&s->node);
	SAME(m3_getdcinfo(s->node.core, RIG_DC, &info), 0);
	SAME((long)info.bound, 1);
	SAME((long)info.members, 1);
	SAME((long)info.arena_used, s->buffer.bytes ? 12288 : 0);
}

static void nothing_left(struct scene *s, int killed)
{
	struct m3_message m;

	(void)killed;
	buried(s);
	SAME(m3_receive(s->parent, 1, M3_ANY, &m, 0), -M3_EAGAIN);
}

/* The message or the notification is there whole, or not at all. */
static void received_or_not(struct scene *s, int killed)
{
	int e;

	buried(s);
	e = m3_finish(s->parent, &s->call);
	if (e == M3_PENDING) {
		MUST(killed);
		SAME(m3_cancel(s->parent, &s->call, M3_ECANCELED),
		     -M3_ECANCELED);
		return;
	}
	SAME(e, 0);
	SAME(s->call.message.source, 2);
	if (s->call.message.type == 7)
		SAME((long)rig_word(&s->call.message, 1), 71);
	else
		SAME(s->call.message.type, M3_NOTIFY_MESSAGE | 2);
}

/* The parent's sendrec: answered, or the code says how far it came. */
static void answered_or_died(struct scene *s, int killed)
{
	int e;

	(void)killed;
	buried(s);
	e = m3_finish(s->parent, &s->call);
	MUST(e == 0 || e == -M3_ESRCDIED || e == -M3_EDSTDIED);
	if (e == 0)
		SAME(s->call.message.type, 8);
}

/* HARDWARE is nobody who could die: what it said stays. */
static void told_or_not(struct scene *s, int killed)
{
	struct m3_message m;
	int e;

	buried(s);
	e = m3_finish(s->parent, &s->call);
	if (e == M3_PENDING) {
		MUST(killed);
		SAME(m3_cancel(s->parent, &s->call, M3_ECANCELED),
		     -M3_ECANCELED);
		return;
	}
	SAME(e, 0);
	SAME(s->call.message.source, M3_HARDWARE);
	e = m3_receive(s->parent, 1, M3_ANY, &m, 0);
	MUST(e == 0 || (killed && e == -M3_EAGAIN));
	SAME(m3_receive(s->parent, 1, M3_ANY, &m, 0), -M3_EAGAIN);
}

static void woken_or_not(struct scene *s, int killed)
{
	struct m3_message m;
	int e;

	buried(s);
	e = m3_finish(s->parent, &s->call);
	if (e == M3_PENDING) {
		MUST(killed);
		SAME(m3_cancel(s->parent, &s->call, M3_ECANCELED),
		     -M3_ECANCELED);
		return;
	}
	SAME(e, -M3_EWOKENUP);
	e = m3_receive(s->parent, 1, M3_ANY, &m, 0);
	MUST(e == -M3_EWOKENUP || (killed && e == -M3_EAGAIN));
	SAME(m3_receive(s->parent, 1, M3_ANY, &m, 0), -M3_EAGAIN);
}

/* All of it or nothing: the level, the calls and the destinations. */
static void denied_or_not(struct scene *s, int killed)
{
	struct m3_message m = rig_message(7, 0, 0);
	struct m3_priv priv;

	buried(s);
	SAME(m3_getpriv(s->node.core, RIG_DC, 1, &priv), 0);
	if (priv.level == M3_LEVEL_SERVER) {
		SAME((long)priv.calls, 1l << M3_CALL_RECEIVE);
		SAME((long)priv.to[0], 0);
		SAME(m3_send(s->parent, 1, 2, &m, 0), -M3_EBADCALL);
		return;
	}
	MUST(killed && priv.calls == M3_CALLS_ALL);
	MUST(priv.to[0] == (1ull << (RIG_PROCS + RIG_TASKS)) - 1);
	SAME(m3_send(s->parent, 1, 2, &m, 0), -M3_EDSTDIED);
}

static void ended(struct scene *s, int killed)
{
	int e = m3_getdcinfo(s->node.core, RIG_DC, &(struct m3_dc_info){ 0 });

	if (e == 0) {
		MUST(killed);
		SOUND(&s->node);
		SAME(m3_dc_end(s->node.core, RIG_DC), 0);
	} else {
		SAME(e, -M3_EDCNOTRUN);
	}
	SAME(m3_finish(s->parent, &s->call), -M3_EDCNOTRUN);
}

static const struct act acts[] = {
	{ "send to a receiver", receiving, bound, do_send, received_or_not },
	{ "send", NULL, bound, do_start_send, nothing_left },
	{ "send to a watcher", watching, bound, do_start_send, nothing_left },
	{ "sendrec and cancel", NULL, bound, do_start_sendrec, nothing_left },
	{ "notify a receiver", receiving, bound, do_notify, received_or_not },
	{ "notify", watching, bound, do_notify, nothing_left },
	{ "bind", NULL, joined, do_bind, nothing_left },
	{ "alloc and free", NULL, bound, do_memory, nothing_left },
	{ "unbind with buffers", NULL, owning, do_unbind, nothing_left },
	{ "join and leave", NULL, joined, do_join, nothing_left },
	{ "leave with buffers", NULL, owning, do_leave, nothing_left },
	{ "receive a request", NULL, bound, do_receive, answered_or_died },
	{ "reply", NULL, asked, do_reply, answered_or_died },
	{ "receive requests", NULL, bound, do_rcvrqst, answered_or_died },
	{ "reply to a call", NULL, asked, do_reply_to, answered_or_died },
	{ "reply and receive", NULL, asked, do_reply_receive,
	  answered_or_died },
	{ "relay", NULL, asked_with_another, do_relay, answered_or_died },
	{ "values to a receiver", receiving, bound, do_values,
	  received_or_not },
	{ "values", watching, bound, do_values, nothing_left },
	{ "hdw_notify", receiving, joined, do_hardware, told_or_not },
	{ "wakeup", receiving, joined, do_wakeup, woken_or_not },
	{ "setpriv", NULL, joined, do_setpriv, denied_or_not },
	{ "unbind with a debt", NULL, asked, do_unbind, answered_or_died },
	{ "vcopy", NULL, asked_with_memory, do_vcopy, answered_or_died },
	{ "sweep", NULL, corpse, do_sweep, answered_or_died },
	{ "dc_end", receiving, joined, do_dc_end, ended },
};

/* Asks the child, which binds endpoint 2 first. */
static void ask(struct scene *s)
{
	int e;

	SAME(m3_alloc(s->parent, 1, 10000, &s->buffer), 0);
	do {
		memset(&s->call, 0, sizeof(s->call));
		s->call.op = M3_OP_SENDREC;
		s->call.self = 1;
		s->call.peer = 2;
		s->call.message = rig_message(7, s->buffer.address, 10000);
		e = m3_start(s->parent, &s->call);
	} while (e == -M3_EDEADSRCDST);
	SAME(e, M3_PENDING);
}

/* 1: killed at point `n`; 0: the act has fewer. */
static int run(const struct act *act, unsigned long n)
{
	struct scene s = { .call = { 0 } };
	int killed;
	pid_t pid;

	rig_start(&s.node, 0);
	s.parent = rig_join(&s.node, 1);
	if (act->before)
		act->before(&s);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		alarm(20);
		act->ready(&s);
		crash_arm(n);
		act->act(&s);
		crash_arm(0);
		_exit(0);
	}
	if (act->after == answered_or_died)
		ask(&s);
	killed = crash_wait(pid);
	act->after(&s, killed);
	m3_leave(s.parent);
	rig_stop(&s.node);
	return killed;
}

int main(int argc, char **argv)
{
	unsigned long n, total = 0;
	unsigned int i;

	(void)argc;
	(void)argv;
	for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		for (n = 1; alarm(30), run(&acts[i], n); n++)
			;
		printf("%s: %lu points\n", acts[i].name, n - 1);
		fflush(stdout);
		total += n - 1;
	}
	printf("%lu kills\n", total);
	return 0;
}
