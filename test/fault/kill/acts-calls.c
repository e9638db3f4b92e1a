// SPDX-License-Identifier: MIT
/* On cores of its own: calls of servers, notifications, kinds of binding. */
#include "fresh.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WARN_TYPE 99

/* Two clients ask server `s` of member `m`, which takes both requests. */
static void asked(struct m3_member *m, int s)
{
	struct m3_message q;
	int i;

	fresh_start(fresh.ma, 0, M3_OP_SENDREC, 1, s);
	fresh_start(fresh.mb, 1, M3_OP_SENDREC, 11, s);
	fresh_settle();
	for (i = 0; i < 2; i++)
		m3_rcvrqst(m, s, &q, M3_NOWAIT);
}

static void both_end(void)
{
	fresh_settle();
	fresh_end(fresh.ma, 0);
	fresh_end(fresh.mb, 1);
	fresh_settle();
}

/* Replies that name their call, and requests that are handed on. */
static void do_servers(struct scene *s)
{
	static const int server[] = { 2, 12 };
	int i, to;

	(void)s;
	for (i = 0; i < 2; i++) {
		struct m3_member *m = i ? fresh.mb : fresh.ma;
		struct m3_message q = rig_message(ASK_PLAIN, 0, 0);
		uint64_t call = 0;

		asked(m, server[i]);
		m3_request(m, server[i], 1, &call);
		m3_reply_to(m, server[i], 1, call, &q);
		m3_request(m, server[i], 11, &call);
		m3_reply_to(m, server[i], 11, call, &q);
		both_end();
		/* To a local server and to a far one, and to nobody. */
		for (to = 0; to < 3; to++) {
			asked(m, server[i]);
			q.source = 1;
			m3_relay(m, server[i], to == 2 ? 14 : 3 + 10 * to, &q);
			q.source = 11;
			m3_relay(m, server[i], to == 2 ? 14 : 3 + 10 * to, &q);
			both_end();
		}
		/* To a server that waits for it, and back in one call. */
		asked(m, server[i]);
		fresh_start(fresh.ma, 2, M3_OP_RCVRQST, 3, M3_ANY);
		q.source = 1;
		m3_relay(m, server[i], 3, &q);
		m3_reply_receive(m, server[i], 11, &q, M3_NOWAIT);
		both_end();
		fresh_end(fresh.ma, 2);
		m3_reply_receive(fresh.ma, 3, 1, &q, M3_NOWAIT);
	}
}

/* Notifications in every name, with arguments, and wake-ups. */
static void do_notify(struct scene *s)
{
	struct m3_message q;
	int i;

	(void)s;
	for (i = 0; i < 2; i++) {
		m3_ntfy_value(fresh.ma, 1, M3_SELF, 2, 3);
		m3_ntfy_value(fresh.ma, 1, M3_HARDWARE, 2, 4);
		m3_src_notify(fresh.ma, 1, 3, 2);
		m3_hdw_notify(fresh.a.core, RIG_DC, 2);
		m3_wakeup(fresh.a.core, RIG_DC, 2);
		while (m3_receive(fresh.ma, 2, M3_ANY, &q, M3_NOWAIT) !=
		       -M3_EAGAIN)
			;
		fresh_start(fresh.ma, 0, M3_OP_RECEIVE, 2, M3_ANY);
		m3_ntfy_value(fresh.ma, 1, M3_SELF, 2, 5);
		fresh_end(fresh.ma, 0);
		fresh_start(fresh.ma, 0, M3_OP_RCVRQST, 2, M3_ANY);
		m3_ntfy_value(fresh.ma, 1, M3_SELF, 2, 6);
		m3_wakeup(fresh.a.core, RIG_DC, 2);
		fresh_end(fresh.ma, 0);
		/* The argument of one that waits for its number grows. */
		m3_ntfy_value(fresh.ma, 1, M3_SELF, 12, 7);
		m3_ntfy_value(fresh.ma, 1, M3_SELF, 12, 8);
		fresh_settle();
		m3_ntfy_value(fresh.ma, 1, M3_SELF, 3, 9);
		while (m3_receive(fresh.ma, 2, M3_ANY, &q, M3_NOWAIT) !=
		       -M3_EAGAIN)
			;
		m3_ntfy_value(fresh.ma, 3, M3_SELF, 2, 9);
		m3_unbind(fresh.ma, 3);
		m3_bind(fresh.ma, 3);
		/* Who notified it is gone, and its argument is not. */
		fresh_start(fresh.ma, 0, M3_OP_RECEIVE, 2, M3_ANY);
		m3_notify(fresh.ma, 1, 2);
		fresh_end(fresh.ma, 0);
	}
}

static void do_privileges(struct scene *s)
{
	struct m3_priv p;

	(void)s;
	if (m3_getpriv(fresh.a.core, RIG_DC, 1, &p))
		return;
	p.level = M3_LEVEL_SERVER;
	p.calls &= ~(1ull << M3_CALL_NOTIFY);
	p.to[0] = 0;
	m3_setpriv(fresh.a.core, RIG_DC, 1, &p);
	m3_notify(fresh.ma, 1, 2);
	p.to[0] = ~0ull;
	p.calls = M3_CALLS_ALL;
	p.warn = 2;
	m3_setpriv(fresh.a.core, RIG_DC, 1, &p);
	p.to[0] = 1;
	m3_setpriv(fresh.a.core, RIG_DC, 1, &p);
	m3_unbind(fresh.ma, 1);
	m3_bind(fresh.ma, 1);
}

/* The QoS table changes while records wait, are on their way, and are there. */
static void do_lanes(struct scene *s)
{
	struct m3_lanes lanes;
	int i;

	(void)s;
	memset(&lanes, 0, sizeof(lanes));
	for (i = 0; i < 4; i++) {
		m3_notify(fresh.ma, 1, 11);
		m3_notify(fresh.ma, 2, 11);
		if (i & 1)
			fresh_lose(&fresh.a);
		lanes.urgent[0] = ~lanes.urgent[0];
		m3_setlanes(fresh.a.core, RIG_DC, &lanes);
		fresh_start(fresh.ma, 0, M3_OP_SEND, 1, 12);
		fresh_end(fresh.ma, 0);
		m3_unbind(fresh.ma, 2);
		fresh_cut();
		rig_open(&fresh.a, &fresh.b);
		fresh_settle();
		m3_bind(fresh.ma, 2);
		m3_notify(fresh.ma, 2, 11);
		m3_notify(fresh.ma, 1, 11);
		fresh_settle();
	}
}

/* Bound by management, as a backup, as a replica; and who waits for that. */
static void do_bindings(struct scene *s)
{
	int pid = (int)getpid(), ep, i;

	(void)s;
	for (i = 0; i < 2; i++) {
		fresh_start(fresh.ma, 0, M3_OP_WAITBIND, 1, 5);
		m3_lclbind(fresh.a.core, RIG_DC, pid, 5);
		fresh_end(fresh.ma, 0);
		m3_wait4bind(fresh.ma, &ep, M3_NOWAIT);
		fresh_start(fresh.ma, 0, M3_OP_WAITUNBIND, 1, 5);
		m3_unbind(fresh.ma, 5);
		fresh_end(fresh.ma, 0);
		fresh_start(fresh.ma, 0, M3_OP_WAITBIND, 1, 6);
		fresh_end(fresh.ma, 0);
		m3_bkupbind(fresh.a.core, RIG_DC, pid, 6, 1);
		m3_unbind_any(fresh.a.core, RIG_DC, 6);
		m3_bkupbind(fresh.a.core, RIG_DC, pid, 12, 1);
		m3_unbind_any(fresh.a.core, RIG_DC, 12);
		m3_replbind(fresh.a.core, RIG_DC, pid, 7);
		m3_bind(fresh.mb, 7);
		/* Its namesake asks here, and is told no. */
		fresh_start(fresh.mb, 1, M3_OP_SEND, 7, 2);
		fresh_settle();
		fresh_end(fresh.mb, 1);
		m3_unbind(fresh.mb, 7);
		m3_unbind(fresh.ma, 7);
		m3_tbind(fresh.ma, 7);
		m3_unbind(fresh.ma, 7);
	}
	m3_bkupbind(fresh.a.core, RIG_DC, pid, 13, 1);
	m3_leave(fresh.ma);
}

/* Endpoints bound by their first record: adopted, ended, forgotten. */
static void do_automatic(struct scene *s)
{
	struct m3_message q;
	int i;

	(void)s;
	for (i = 0; i < 3; i++) {
		m3_bind(fresh.mb, 15);
		m3_bind(fresh.mb, 16);
		fresh_start(fresh.mb, 0, M3_OP_SENDREC, 15, 1);
		m3_notify(fresh.mb, 16, 2);
		fresh_settle();
		m3_receive(fresh.ma, 1, 15, &q, M3_NOWAIT);
		fresh_start(fresh.ma, 1, M3_OP_RECEIVE, 3, 16);
		if (i == 1) {
			m3_rmtbind(fresh.a.core, RIG_DC, "mine", 15, 1);
			fresh_start(fresh.ma, 2, M3_OP_RECEIVE, 2, 15);
		}
		fresh_end(fresh.mb, 0);
		m3_unbind(fresh.mb, 15);
		m3_unbind(fresh.mb, 16);
		fresh_settle();
		fresh_end(fresh.ma, 1);
		if (i == 1)
			fresh_end(fresh.ma, 2);
		/* Nobody is there: the core says so, and forgets it. */
		fresh_start(fresh.ma, 1, M3_OP_SEND, 3, 15);
		fresh_settle();
		fresh_end(fresh.ma, 1);
		m3_unbind_any(fresh.a.core, RIG_DC, 15);
	}
	/* It dies while a request to it and a word of it are on the way. */
	fresh_start(fresh.ma, 0, M3_OP_SENDREC, 1, 13);
	m3_notify(fresh.ma, 1, 12);
	fresh_settle();
	fresh_start(fresh.ma, 1, M3_OP_SEND, 2, 13);
	m3_unbind(fresh.mb, 13);
	m3_unbind(fresh.mb, 12);
	fresh_settle();
	m3_unbind(fresh.ma, 3);
	m3_del_node(fresh.a.core, RIG_DC, 1);
}

/* A member of the second DC with these endpoints; it dies, unburied. */
static void dies(int ep)
{
	struct m3_member *m;
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		crash_die_quietly(0);
		if (m3_join(fresh.a.dir, FRESH_DC, &m) == 0)
			m3_bind(m, ep);
		crash_die_quietly(1);
		m3_bind(m, ep + 1);
		_exit(0);
	}
	waitpid(pid, &status, 0);
}

/* A DC in which an endpoint is told of deaths. */
static void do_notice(struct scene *s)
{
	struct m3_dc_params dc = {
		.dc = FRESH_DC, .tasks = RIG_TASKS, .procs = RIG_PROCS,
		.arena_bytes = 1u << 20, .gid = (uint32_t)-1, .name = "two",
		.warn2proc = 1, .warnmsg = WARN_TYPE,
	};
	struct m3_member *m;
	struct m3_message q;
	int i;

	(void)s;
	if (m3_dc_init(fresh.a.core, &dc) ||
	    m3_join(fresh.a.dir, FRESH_DC, &m))
		return;
	m3_bind(m, 1);
	for (i = 0; i < 2; i++) {
		dies(5);
		m3_sweep(fresh.a.core);
		m3_receive(m, 1, M3_ANY, &q, M3_NOWAIT);
		fresh_start(m, 0, M3_OP_RECEIVE, 1, M3_ANY);
		dies(5);
		m3_sweep(fresh.a.core);
		fresh_end(m, 0);
		/* Its notice is still queued when it is unbound. */
		dies(5);
		m3_sweep(fresh.a.core);
		m3_unbind_any(fresh.a.core, FRESH_DC, 5);
	}
	dies(5);
	m3_sweep(fresh.a.core);
	m3_leave(m);
}

const struct act call_acts[] = {
	FRESH_ACT("calls of servers", do_servers),
	FRESH_ACT("notifications and wake-ups", do_notify),
	FRESH_ACT("privileges", do_privileges),
	FRESH_ACT("lanes", do_lanes),
	FRESH_ACT("kinds of binding", do_bindings),
	FRESH_ACT("automatic bindings and deaths", do_automatic),
	FRESH_ACT("notices of death", do_notice),
};

const unsigned int call_act_count = sizeof(call_acts) / sizeof(*call_acts);
