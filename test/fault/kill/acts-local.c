// SPDX-License-Identifier: MIT
/* What a victim does on its own node. */
#include "scene.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct m3_buffer own;
static struct m3_message request;

/* An act never fails: its partners may be dead, or it was too slow. */
static void nothing(struct scene *s)
{
	(void)s;
}

static void owning(struct scene *s)
{
	(void)s;
	SAME(m3_alloc(victim, EP_VICTIM, COPY_BYTES, &own), 0);
	memset(own.data, 7, COPY_BYTES);
}

static void do_send(struct scene *s)
{
	struct m3_message q = rig_message(ASK_PLAIN, 0, 0);
	int i;

	(void)s;
	for (i = 0; i < 3; i++)
		m3_send(victim, EP_VICTIM, EP_SERVER, &q, 1000);
	m3_send(victim, EP_VICTIM, EP_SERVER, &q, M3_NOWAIT);
}

static void do_sendrec(struct scene *s)
{
	struct m3_message q;
	int i;

	(void)s;
	for (i = 0; i < 3; i++) {
		q = rig_message(i == 1 ? ASK_COPY : ASK_PLAIN, own.address, 0);
		m3_sendrec(victim, EP_VICTIM, EP_SERVER, &q, 1000);
	}
}

static void start_and_cancel(int peer, int second)
{
	struct m3_call c[2];
	int i, e[2];

	memset(c, 0, sizeof(c));
	for (i = 0; i < 2; i++) {
		c[i].op = i ? M3_OP_SENDREC : M3_OP_SEND;
		c[i].self = i ? second : EP_VICTIM;
		c[i].peer = peer;
		c[i].message = rig_message(ASK_PLAIN, 0, 0);
		e[i] = m3_start(victim, &c[i]);
	}
	for (i = 1; i >= 0; i--)
		if (e[i] == M3_PENDING)
			m3_cancel(victim, &c[i], M3_ECANCELED);
}

static void do_cancel(struct scene *s)
{
	static const int ops[] = {
		M3_OP_SEND, M3_OP_SENDREC, M3_OP_RECEIVE,
	};
	struct m3_call c;
	unsigned int i;

	(void)s;
	for (i = 0; i < 3; i++) {
		memset(&c, 0, sizeof(c));
		c.op = (uint32_t)ops[i];
		c.self = EP_VICTIM;
		c.peer = ops[i] == M3_OP_RECEIVE ? EP_CLIENT : EP_SERVER;
		c.message = rig_message(ASK_PLAIN, 0, 0);
		if (m3_start(victim, &c) == M3_PENDING)
			m3_cancel(victim, &c, M3_ECANCELED);
	}
}

/* Takes what the survivors send and ask, and answers. */
static void do_serve(struct scene *s)
{
	int i;

	(void)s;
	for (i = 0; i < 8; i++) {
		if (m3_receive(victim, EP_VICTIM, M3_ANY, &request, 50))
			continue;
		m3_reply(victim, EP_VICTIM, request.source, &request);
	}
}

static void do_receive_one(struct scene *s)
{
	(void)s;
	m3_receive(victim, EP_VICTIM, EP_SURVIVOR + 2, &request, 50);
	m3_receive(victim, EP_VICTIM, EP_SERVER, &request, 2);
}

static void do_notify(struct scene *s)
{
	(void)s;
	m3_notify(victim, EP_VICTIM, EP_SERVER);
	m3_notify(victim, EP_VICTIM, EP_SERVER);
	m3_notify(victim, EP_VICTIM, EP_CLIENT);
	m3_notify(victim, EP_VICTIM, EP_CLIENT);
	m3_notify(victim, EP_VICTIM, EP_SENDER);
}

static void second(struct scene *s)
{
	(void)s;
	SAME(m3_bind(victim, EP_SECOND), 0);
}

static void do_take_notifications(struct scene *s)
{
	int i;

	(void)s;
	for (i = 0; i < 2; i++) {
		m3_notify(victim, EP_SECOND, EP_VICTIM);
		m3_receive(victim, EP_VICTIM, i ? M3_ANY : EP_SECOND, &request,
			   M3_NOWAIT);
	}
}

/* The driver watches endpoint 5 for input: bells ring. */
static void watched(struct scene *s)
{
	int32_t eps[4];

	SAME(m3_watch(s->here, EP_SENDER, 1), 0);
	m3_bell_serve(s->here, eps, 4);
}

static void unwatched(struct scene *s)
{
	struct m3_message m;

	SAME(m3_watch(s->here, EP_SENDER, 0), 0);
	while (m3_receive(s->here, EP_SENDER, M3_ANY, &m, 0) == 0)
		;
}

static void do_bind(struct scene *s)
{
	(void)s;
	m3_bind(victim, EP_SECOND);
	m3_notify(victim, EP_VICTIM, EP_SECOND);
	m3_unbind(victim, EP_SECOND);
	m3_bind(victim, EP_SECOND);
}

static void do_memory(struct scene *s)
{
	struct m3_buffer a, b;

	(void)s;
	m3_alloc(victim, EP_VICTIM, 5000, &a);
	m3_alloc(victim, EP_VICTIM, 200000, &b);
	m3_free(victim, EP_VICTIM, &a);
	m3_alloc(victim, EP_VICTIM, 3000, &a);
	m3_free(victim, EP_VICTIM, &b);
	m3_free(victim, EP_VICTIM, &a);
}

static void do_unbind(struct scene *s)
{
	(void)s;
	m3_unbind(victim, EP_VICTIM);
}

static void do_join(struct scene *s)
{
	struct m3_member *m;

	if (m3_join(s->near.dir, RIG_DC, &m) == 0) {
		m3_bind(m, EP_SECOND);
		m3_leave(m);
	}
}

static void do_leave(struct scene *s)
{
	(void)s;
	m3_leave(victim);
}

/* Its client waits with memory; a survivor may come first. */
static void asked(struct scene *s)
{
	owning(s);
	SAME(m3_receive(victim, EP_VICTIM, EP_CLIENT, &request, 5000), 0);
}

static void do_copy(struct scene *s)
{
	(void)s;
	m3_vcopy(victim, EP_VICTIM, EP_CLIENT, rig_word(&request, 0),
		 EP_VICTIM, own.address, COPY_BYTES, 1000, NULL);
	m3_vcopy(victim, EP_VICTIM, EP_VICTIM, own.address, EP_CLIENT,
		 rig_word(&request, 0), COPY_BYTES, 1000, NULL);
	m3_reply(victim, EP_VICTIM, EP_CLIENT, &request);
}

/* A process with everything it can have, dead and unburied. */
static void corpse(struct scene *s)
{
	int pipe_end[2], status;
	struct m3_call c;
	pid_t pid;
	char byte;

	MUST(pipe(pipe_end) == 0);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		struct m3_member *m = rig_join(&s->near, EP_SECOND);

		m3_alloc(m, EP_SECOND, 9000, &own);
		m3_notify(m, EP_SECOND, EP_CLIENT);
		memset(&c, 0, sizeof(c));
		c.op = M3_OP_SENDREC;
		c.self = EP_SECOND;
		c.peer = EP_VICTIM;
		m3_start(m, &c);
		MUST(write(pipe_end[1], "", 1) == 1);
		for (;;)
			pause();
	}
	MUST(read(pipe_end[0], &byte, 1) == 1);
	kill(pid, SIGKILL);
	MUST(waitpid(pid, &status, 0) == pid);
}

static void do_sweep(struct scene *s)
{
	struct m3_node *core;

	if (m3_node_open(s->near.dir, &core))
		return;
	m3_sweep(core);
	m3_node_close(core);
}

/* Behind another sender, in the queue of one that does nothing. */
static void do_queue(struct scene *s)
{
	struct m3_message q = rig_message(ASK_PLAIN, 0, 0);
	int i;

	(void)s;
	m3_bind(victim, EP_SECOND);
	for (i = 0; i < 2; i++) {
		m3_send(victim, EP_SECOND, EP_SENDER, &q, 1);
		start_and_cancel(EP_SENDER, EP_SECOND);
	}
}

/*
 * A member dies inside of the lock, at any point; the victim is the next to
 * take it and puts back what the other has changed.
 */
static void died_inside(struct scene *s)
{
	int status;
	pid_t pid;

	(void)s;
	m3_bind(victim, EP_SECOND);
	fflush(NULL);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		struct m3_member *m = rig_join(&s->near, M3_NONE);

		crash_die_quietly(1 + rig_random(40));
		m3_bind(m, EP_EXTRA);
		m3_notify(m, EP_EXTRA, EP_SECOND);
		m3_unbind(m, EP_EXTRA);
		_exit(0);
	}
	MUST(waitpid(pid, &status, 0) == pid);
}

const struct act local_acts[] = {
	{ "send", NULL, nothing, do_send, NULL, 0 },
	{ "send to a queue", NULL, nothing, do_send, NULL, ACT_SLOW },
	{ "sendrec", NULL, owning, do_sendrec, NULL, 0 },
	{ "sendrec to a queue", NULL, owning, do_sendrec, NULL, ACT_SLOW },
	{ "cancel", NULL, nothing, do_cancel, NULL, ACT_SLOW },
	{ "receive and reply", NULL, nothing, do_serve, NULL, 0 },
	{ "receive from one", NULL, nothing, do_receive_one, NULL, 0 },
	{ "notify", watched, nothing, do_notify, unwatched, 0 },
	{ "take notifications", NULL, second, do_take_notifications, NULL, 0 },
	{ "bind", NULL, nothing, do_bind, NULL, 0 },
	{ "alloc and free", NULL, nothing, do_memory, NULL, 0 },
	{ "unbind", NULL, asked, do_unbind, NULL, ACT_ASK },
	{ "join and leave", NULL, nothing, do_join, NULL, 0 },
	{ "leave", NULL, asked, do_leave, NULL, ACT_ASK },
	{ "copy", NULL, asked, do_copy, NULL, ACT_ASK },
	{ "sweep", NULL, corpse, do_sweep, NULL, 0 },
	{ "queue", NULL, nothing, do_queue, NULL, 0 },
	{ "repair", NULL, died_inside, do_bind, NULL, 0 },
};

const unsigned int local_act_count = sizeof(local_acts) / sizeof(*local_acts);
