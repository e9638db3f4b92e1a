// SPDX-License-Identifier: MIT
/*
 * Who migrates or promotes an endpoint is killed at every crash point that it
 * passes, on each node. The steps are repeated by somebody else, and nobody
 * has lost anything.
 */
#include "crash.h"
#include "mesh.h"
#include <string.h>

#define OLD 0
#define NEW 1
#define THIRD 2
#define E 10
#define TXN 79
#define CALLERS 6 /* two on each node: one queued, one taken */
#define LATE 3 /* one on each node, while E is frozen */
#define FIRST 11
#define S 25 /* whom E asks */

static struct mesh m;
static struct m3_call call[CALLERS + LATE], own;

static int node_of(int i)
{
	return i % MESH;
}

static void ask(int i, int type)
{
	rig_start_call(m.member[node_of(i)], &call[i], M3_OP_SENDREC,
		       FIRST + i, E, type, M3_PENDING);
}

static void serve(int node, int count, int answering)
{
	struct m3_message in;

	while (count--) {
		SAME(m3_receive(m.member[node], E, M3_ANY, &in, 0), 0);
		in.type += 100;
		if (answering)
			SAME(m3_reply(m.member[node], E, in.source, &in), 0);
	}
}

static void scene(void)
{
	int i;

	mesh_begin(&m);
	mesh_bind(&m, E, OLD);
	mesh_bind(&m, S, THIRD);
	for (i = 0; i < CALLERS + LATE; i++)
		mesh_bind(&m, FIRST + i, node_of(i));
	for (i = 0; i < CALLERS / 2; i++)
		ask(i, i);
	mesh_settle(&m);
	serve(OLD, CALLERS / 2, 0);
	for (; i < CALLERS; i++)
		ask(i, i);
	SAME(m3_notify(m.member[NEW], FIRST + 1, E) +
	     m3_notify(m.member[NEW], FIRST + 4, E), -2 * M3_EPROCRUN);
	rig_start_call(m.member[OLD], &own, M3_OP_SENDREC, E, S, 50,
		       M3_PENDING);
	mesh_settle(&m);
	mesh_start(&m, E, NEW, TXN);
	SAME(m3_notify(m.member[THIRD], S, E), 0);
	for (; i < CALLERS + LATE; i++)
		ask(i, i);
	mesh_export(&m, E, OLD, TXN);
}

enum step { ROLLBACK, IMPORT, LEAVE, FOLLOW, STEPS };

/* The process that makes the step is not this one: no member, no proxy. */
static void make(enum step step, struct m3_node *core)
{
	switch (step) {
	case ROLLBACK:
		SAME(m3_migr_rollback(core, RIG_DC, E, TXN), 0);
		break;
	case IMPORT:
		SAME(m3_migr_commit(core, RIG_DC, E, NEW, (int)getppid(), TXN,
				    m.state, m.bytes), 0);
		break;
	default:
		SAME(m3_migr_commit(core, RIG_DC, E, NEW, 0, TXN, NULL, 0), 0);
	}
}

static int in_child(enum step step, int node, unsigned long n)
{
	struct m3_node *core;
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0) {
		alarm(20);
		SAME(m3_node_open(m.node[node].dir, &core), 0);
		crash_arm(n);
		make(step, core);
		crash_arm(0);
		_exit(0);
	}
	return crash_wait(pid);
}

/* Everybody is answered, by whoever has E. */
static void complete(int node)
{
	struct m3_message in = rig_message(60, 0, 0), got;
	int i;

	mesh_settle(&m);
	SAME(m3_receive(m.member[THIRD], S, E, &got, 0), 0);
	SAME(got.type, 50);
	SAME(m3_reply(m.member[THIRD], S, E, &in), 0);
	mesh_settle(&m);
	if (node == OLD) {
		SAME(m3_finish(m.member[OLD], &own), 0);
		got = own.message;
	} else {
		SAME(m3_finish(m.member[OLD], &own), -M3_EMIGRATE);
		SAME(m3_resume(m.member[NEW], E, &got, 1000), 0);
	}
	SAME(got.type, 60);
	SAME(m3_receive(m.member[node], E, M3_ANY, &got, 0), 0);
	SAME(got.type, M3_NOTIFY_MESSAGE | S);
	for (i = 0; i < CALLERS / 2; i++) {
		in.type = 100 + i;
		SAME(m3_reply(m.member[node], E, FIRST + i, &in), 0);
	}
	serve(node, CALLERS / 2 + LATE, 1);
	SAME(m3_receive(m.member[node], E, M3_ANY, &got, 0), -M3_EAGAIN);
	mesh_settle(&m);
	for (i = 0; i < CALLERS + LATE; i++) {
		SAME(m3_finish(m.member[node_of(i)], &call[i]), 0);
		SAME(call[i].message.type, 100 + i);
	}
}

/* The step is broken at its n-th point, on that node; 1: it was. */
static int broken(enum step step, int node, unsigned long n)
{
	enum step each;
	int killed;

	scene();
	for (each = IMPORT; step != ROLLBACK && each < step; each++)
		if (each == IMPORT)
			mesh_take(&m, E, NEW, TXN);
		else
			SAME(m3_migr_commit(m.node[OLD].core, RIG_DC, E, NEW,
					    0, TXN, NULL, 0), 0);
	killed = in_child(step, node, n);
	mesh_sound(&m);
	if (step == ROLLBACK)
		mesh_rollback(&m, E, TXN);
	else
		mesh_commit(&m, E, OLD, NEW, TXN);
	mesh_sound(&m);
	complete(step == ROLLBACK ? OLD : NEW);
	mesh_end(&m);
	return killed;
}

int main(int argc, char **argv)
{
	static const struct {
		enum step step;
		int node;
	} walks[] = {
		{ ROLLBACK, OLD }, { ROLLBACK, NEW }, { ROLLBACK, THIRD },
		{ IMPORT, NEW }, { LEAVE, OLD }, { FOLLOW, THIRD },
	};
	unsigned long n, step, total = 0;
	unsigned int i;

	rig_seed(argc, argv);
	/* All points in a long run, every `step`-th in a short one. */
	step = (unsigned long)rig_rounds(argc, argv, 7);
	for (i = 0; i < sizeof(walks) / sizeof(walks[0]); i++, total += n)
		for (n = 1 + rig_random((unsigned int)step);
		     broken(walks[i].step, walks[i].node, n); n += step)
			alarm(60);
	printf("%lu points, each %lu-th\n", total, step);
	return 0;
}
