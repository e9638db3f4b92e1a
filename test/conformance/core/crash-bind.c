// SPDX-License-Identifier: MIT
/*
 * Binding, waiting for it, and dying, killed at every crash point they pass.
 * Whoever looks next finds a sound region, and after the act was made once
 * more everything has happened once: each wait has ended, each death was told
 * to whom it concerns, and nothing is bound for nobody.
 */
#include "crash.h"
#include "forge.h"
#include <string.h>

#define WAITERS 8
#define WARNMSG 77

static struct forge_record rec;

/* The parent is endpoint 1; what the act is done to is endpoint 2 or 20. */
struct scene {
	struct rig_node n;
	struct m3_member *m;
	struct forge f;
	struct m3_call calls[WAITERS];
	pid_t parent;
};

struct act {
	const char *name;
	int forged; /* a peer at node 1 */
	void (*before)(struct scene *s);
	void (*act)(struct scene *s); /* in the child, armed */
	void (*after)(struct scene *s, int killed);
};

/* ------------------------------------------------------- a process dies */

/* With endpoints 2 and 3, of which one has notified endpoint 1. */
static pid_t live_process(struct scene *s)
{
	struct m3_message message;
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0) {
		struct m3_member *m = rig_join(&s->n, 2);

		SAME(m3_bind(m, 3), 0);
		SAME(m3_notify(m, 3, 1), 0);
		m3_receive(m, 3, M3_ANY, &message, M3_FOREVER);
		_exit(1);
	}
	rig_until(&s->n, 3, M3_RTS_RECEIVING);
	return pid;
}

static void sweep(struct scene *s)
{
	struct m3_node *core;

	SAME(m3_node_open(s->n.dir, &core), 0);
	m3_sweep(core);
	m3_node_close(core);
}

static void a_corpse(struct scene *s)
{
	pid_t pid = live_process(s);

	SAME(kill(pid, SIGKILL), 0);
	SAME(crash_wait(pid), 1);
}

static void a_corpse_and_a_receiver(struct scene *s)
{
	pid_t pid = live_process(s);

	rig_start_call(s->m, &s->calls[0], M3_OP_RECEIVE, 1, 2, 0, M3_PENDING);
	rig_start_call(s->m, &s->calls[1], M3_OP_WAITUNBIND, 9, 3, 0,
		       M3_PENDING);
	SAME(kill(pid, SIGKILL), 0);
	SAME(crash_wait(pid), 1);
}

static void one_notice(struct scene *s, int ep)
{
	struct m3_message m;

	SAME(m3_receive(s->m, 1, ep, &m, 0), 0);
	SAME(m.type, WARNMSG);
	SAME(m.source, ep);
}

static void each_told_once(struct scene *s, int killed)
{
	struct m3_message m;

	(void)killed;
	m3_sweep(s->n.core);
	SOUND(&s->n);
	one_notice(s, 3);
	one_notice(s, 2);
	SAME(m3_receive(s->m, 1, M3_ANY, &m, 0), -M3_EAGAIN);
	SAME((long)rig_info(&s->n, 2).rts_flags, M3_RTS_SLOT_FREE);
	SAME((long)rig_info(&s->n, 3).rts_flags, M3_RTS_SLOT_FREE);
}

static void told_and_waits_end(struct scene *s, int killed)
{
	struct m3_message m;

	(void)killed;
	m3_sweep(s->n.core);
	SOUND(&s->n);
	/* It waited for endpoint 2: that one ended before its notice came. */
	SAME(m3_finish(s->m, &s->calls[0]), -M3_ESRCDIED);
	one_notice(s, 2);
	one_notice(s, 3);
	SAME(m3_receive(s->m, 1, M3_ANY, &m, 0), -M3_EAGAIN);
	SAME(m3_finish(s->m, &s->calls[1]), 0);
}

/* ----------------------------------------------------- waits for a bind */

static void many_wait(struct scene *s, int op)
{
	int i;

	for (i = 0; i < WAITERS; i++) {
		SAME(m3_bind(s->m, 10 + i), 0);
		rig_start_call(s->m, &s->calls[i], op, 10 + i, 2, 0,
			       M3_PENDING);
	}
}

static void wait_for_bind(struct scene *s)
{
	many_wait(s, M3_OP_WAITBIND);
}

static void wait_for_unbind(struct scene *s)
{
	struct m3_node *core;

	SAME(m3_node_open(s->n.dir, &core), 0);
	SAME(m3_lclbind(core, RIG_DC, getpid(), 2), 0);
	m3_node_close(core);
	many_wait(s, M3_OP_WAITUNBIND);
}

static void lclbind(struct scene *s)
{
	struct m3_node *core;
	int e;

	SAME(m3_node_open(s->n.dir, &core), 0);
	e = m3_lclbind(core, RIG_DC, s->parent, 2);
	MUST(e == 0 || e == -M3_ESLOTUSED);
	m3_node_close(core);
}

static void unbind(struct scene *s)
{
	struct m3_node *core;
	int e;

	SAME(m3_node_open(s->n.dir, &core), 0);
	e = m3_unbind_any(core, RIG_DC, 2);
	MUST(e == 0 || e == -M3_ENOTBIND);
	m3_node_close(core);
}

static void all_finished(struct scene *s)
{
	int i;

	for (i = 0; i < WAITERS; i++)
		SAME(m3_finish(s->m, &s->calls[i]), 0);
	SOUND(&s->n);
}

static void bound_once(struct scene *s, int killed)
{
	int ep;

	if (killed)
		lclbind(s);
	all_finished(s);
	SAME((long)rig_info(&s->n, 2).pid, getpid());
	SAME(m3_wait4bind(s->m, &ep, 0), 0);
	SAME(ep, 2);
}

static void unbound_once(struct scene *s, int killed)
{
	if (killed)
		unbind(s);
	all_finished(s);
	SAME((long)rig_info(&s->n, 2).rts_flags, M3_RTS_SLOT_FREE);
}

/* -------------------------------------------------------------- backups */

static void backup(struct scene *s)
{
	struct m3_node *core;
	int e;

	SAME(m3_node_open(s->n.dir, &core), 0);
	e = m3_bkupbind(core, RIG_DC, s->parent, 20, 1);
	MUST(e == 0 || e == -M3_ESLOTUSED);
	m3_node_close(core);
}

static void is_backup(struct scene *s, int killed)
{
	if (killed)
		backup(s);
	SOUND(&s->n);
	SAME((long)rig_info(&s->n, 20).misc_flags, M3_MF_RMTBACKUP);
	SAME((long)rig_info(&s->n, 20).pid, getpid());
	SAME(m3_unbind(s->m, 20), 0);
	SAME((long)rig_info(&s->n, 20).misc_flags, 0);
	SAME((long)rig_info(&s->n, 20).rts_flags, M3_RTS_REMOTE);
}

/* --------------------------------------------------- what peers are told */

/* In a process that takes the forged peer's proxy over. */
static void own_runtime(struct scene *s)
{
	SAME(m3_node_open(s->n.dir, &s->n.core), 0);
	rig_attach(&s->n, 1);
	SAME(forge_open(&s->f), 0);
}

static void known_endpoints(struct scene *s)
{
	int ep;

	for (ep = 2; ep < 6; ep++) {
		SAME(m3_bind(s->m, ep), 0);
		SAME(forge_message(&s->f, M3_REC_NOTIFY, 20, ep, 0, 0), 1);
	}
	for (ep = 2; ep < 5; ep++)
		SAME(m3_unbind(s->m, ep), 0);
	/* The last one says something before it ends. */
	SAME(m3_notify(s->m, 5, 20), 0);
	SAME(m3_unbind(s->m, 5), 0);
}

static void take_all(struct scene *s)
{
	static char frame[M3_FRAME_BYTES];

	own_runtime(s);
	while (rig_take(&s->n, M3_LANE_NORMAL, frame, sizeof(frame)))
		;
}

static void all_taken_once(struct scene *s, int killed)
{
	int told[6] = { 0 }, notified = 0, ep;

	(void)killed;
	rig_attach(&s->n, 1);
	SAME(forge_open(&s->f), 0);
	SOUND(&s->n);
	while (forge_take(&s->f, M3_LANE_NORMAL, &rec)) {
		ep = rec.head.src;
		MUST(ep >= 2 && ep < 6);
		notified += rec.head.kind == M3_REC_NOTIFY;
		MUST(!told[ep]);
		if (rec.head.kind == M3_REC_DEATH)
			told[ep] = 1;
	}
	for (ep = 2; ep < 6; ep++)
		MUST(told[ep]);
	SAME(notified, 1);
}

/* ------------------------------------------------------ what peers tell */

static void clients(struct scene *s)
{
	SAME(forge_message(&s->f, M3_REC_NOTIFY, 20, 1, 0, 0), 1);
	SAME(forge_message(&s->f, M3_REC_SENDREC, 20, 1, 5, 7), 1);
	SAME(m3_rmtbind(s->n.core, RIG_DC, "far", 21, 1), 0);
	SAME(forge_message(&s->f, M3_REC_NOTIFY, 21, 9, 0, 0), 1);
	SAME(m3_bind(s->m, 2), 0);
	SAME(m3_bind(s->m, 3), 0);
	SAME(m3_bind(s->m, 4), 0);
	rig_start_call(s->m, &s->calls[0], M3_OP_RECEIVE, 2, 20, 0, M3_PENDING);
	rig_start_call(s->m, &s->calls[1], M3_OP_RECEIVE, 3, 21, 0, M3_PENDING);
	rig_start_call(s->m, &s->calls[2], M3_OP_SEND, 4, 21, 7, M3_PENDING);
}

/* Both die; a new client comes; one of a namesake is refused. */
static void deaths_come(struct scene *s)
{
	forge_fill(&s->f, &rec, M3_REC_DEATH, 20, M3_NONE, 0, 0);
	rec.head.src_binding = FORGE_BINDING;
	SAME(forge_put(&s->f, M3_LANE_NORMAL, &rec), 1);
	forge_fill(&s->f, &rec, M3_REC_DEATH, 21, M3_NONE, 0, 0);
	rec.head.src_binding = FORGE_BINDING;
	SAME(forge_put(&s->f, M3_LANE_NORMAL, &rec), 1);
	SAME(forge_message(&s->f, M3_REC_NOTIFY, 22, 9, 0, 0), 1);
	SAME(forge_message(&s->f, M3_REC_SENDREC, 1, 9, 4, 7), 1);
}

static void put_all(struct scene *s)
{
	own_runtime(s);
	deaths_come(s);
}

/* What the dead runtime had not accepted comes again. */
static void put_the_rest(struct scene *s)
{
	static unsigned char frame[M3_FRAME_BYTES];
	struct forge again = s->f;
	unsigned int bytes;
	struct m3_dc_open open;
	int kinds[] = { M3_REC_DEATH, M3_REC_DEATH, M3_REC_NOTIFY,
			M3_REC_SENDREC };
	int i;

	rig_attach(&s->n, 1);
	SAME(forge_open(&s->f), 0);
	SOUND(&s->n);
	for (i = 0; i < 4; i++) {
		forge_fill(&again, &rec, kinds[i], i == 3 ? 1 : 20 + i,
			   kinds[i] == M3_REC_DEATH ? M3_NONE : 9,
			   i == 3 ? 4 : 0, kinds[i] == M3_REC_DEATH ? 0 : 64);
		rec.head.src_binding = FORGE_BINDING;
		bytes = forge_frame(&again, M3_LANE_NORMAL, &rec, frame);
		MUST(m3_proxy_put(s->n.proxy, frame, bytes) >= 0);
		again.next[M3_LANE_NORMAL]++;
	}
	SAME(m3_proxy_open(s->n.proxy, RIG_DC, &open), 0);
	SAME((long)open.expected[M3_LANE_NORMAL],
	     (long)again.next[M3_LANE_NORMAL]);
}

static void ended_once(struct scene *s, int killed)
{
	struct m3_message m;

	(void)killed;
	put_the_rest(s);
	SOUND(&s->n);
	SAME(m3_finish(s->m, &s->calls[0]), -M3_ESRCDIED);
	SAME(m3_finish(s->m, &s->calls[1]), -M3_ESRCDIED);
	SAME(m3_finish(s->m, &s->calls[2]), -M3_EDSTDIED);
	SAME(m3_receive(s->m, 1, M3_ANY, &m, 0), -M3_EAGAIN);
	SAME((long)rig_info(&s->n, 20).rts_flags, M3_RTS_SLOT_FREE);
	SAME((long)rig_info(&s->n, 21).rts_flags, M3_RTS_REMOTE);
	SAME((long)rig_info(&s->n, 21).binding, 0);
	/* The new client's is the only notification. */
	SAME(m3_receive(s->m, 9, M3_ANY, &m, 0), 0);
	SAME(m.source, 22);
	SAME(m3_receive(s->m, 9, M3_ANY, &m, 0), -M3_EAGAIN);
	FORGE_NEXT(&s->f, &rec, M3_REC_ERROR, 9);
	SAME(rec.head.status, -M3_ELCLPROC);
	SAME(forge_take(&s->f, M3_LANE_NORMAL, &rec), 0);
}

static const struct act acts[] = {
	{ "death with a notice", 0, a_corpse, sweep, each_told_once },
	{ "death of who is waited for", 0, a_corpse_and_a_receiver, sweep,
	  told_and_waits_end },
	{ "lclbind with waiters", 0, wait_for_bind, lclbind, bound_once },
	{ "unbind with waiters", 0, wait_for_unbind, unbind, unbound_once },
	{ "bkupbind", 1, NULL, backup, is_backup },
	{ "take of deaths", 1, known_endpoints, take_all, all_taken_once },
	{ "put of deaths and strangers", 1, clients, put_all, ended_once },
};

static void scene_begin(struct scene *s, const struct act *act)
{
	struct m3_dc_params dc = {
		.dc = RIG_DC, .tasks = RIG_TASKS, .procs = 64,
		.arena_bytes = 1 << 20, .gid = (uint32_t)-1, .name = "rig",
		.warn2proc = 1, .warnmsg = WARNMSG,
	};

	memset(s, 0, sizeof(*s));
	s->parent = getpid();
	rig_start(&s->n, 0);
	SAME(m3_dc_end(s->n.core, RIG_DC), 0);
	SAME(m3_dc_init(s->n.core, &dc), 0);
	if (act->forged)
		forge_begin(&s->f, &s->n, 1);
	s->m = rig_join(&s->n, 1);
	SAME(m3_bind(s->m, 9), 0);
	if (act->before)
		act->before(s);
}

/* 1: killed at point `n`; 0: the act has fewer. */
static int run(const struct act *act, unsigned long n)
{
	struct scene s;
	int killed;
	pid_t pid;

	scene_begin(&s, act);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		alarm(20);
		crash_arm(n);
		act->act(&s);
		crash_arm(0);
		_exit(0);
	}
	killed = crash_wait(pid);
	SOUND(&s.n);
	act->after(&s, killed);
	SOUND(&s.n);
	m3_leave(s.m);
	SOUND(&s.n);
	rig_stop(&s.n);
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
		fflush(stdout);
		total += n - 1;
	}
	printf("%lu kills\n", total);
	return 0;
}
