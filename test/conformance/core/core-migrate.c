// SPDX-License-Identifier: MIT
/*
 * Migration, state by state, on three nodes: E leaves node OLD for NEW, with
 * callers on OLD, NEW and THIRD. The scenarios M1-M3 of the reference's 7.1
 * keep their names.
 */
#include "mesh.h"
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#define OLD 0
#define NEW 1
#define THIRD 2
#define E 10
#define P 11 /* its callers, and whom it calls */
#define Q 12
#define TXN 77

static struct mesh m;
static struct m3_call of_e, of_p;

/* E takes a message of that type from P, at once. */
static void taken(int node, int type)
{
	struct m3_message in;

	SAME(m3_receive(m.member[node], E, M3_ANY, &in, 0), 0);
	SAME(in.source, P);
	SAME(in.type, type);
}

static void answered(int node, int type)
{
	struct m3_message out = rig_message(type, 0, 0);

	SAME(m3_reply(m.member[node], E, P, &out), 0);
}

/* ------------------------------------------------- the reference's own */

static void m1(void)
{
	mesh_begin_two(&m, E, P, OLD);
	mesh_ask(&m, &of_e, OLD, M3_OP_RECEIVE, E, M3_ANY, 0);
	mesh_start(&m, E, -1, TXN);
	MUST(mesh_info(&m, OLD, E).rts_flags & M3_RTS_MIGRATE);
	mesh_ask(&m, &of_p, OLD, M3_OP_SEND, P, E, 1);
	SAME(mesh_info(&m, OLD, P).rts_flags, M3_RTS_WAITMIGR);
	SAME(mesh_info(&m, OLD, P).waitmigr, E);
	mesh_sound(&m);
	SAME(mesh_ended(&m, &of_p, OLD), M3_PENDING);
	mesh_rollback(&m, E, TXN);
	SAME(mesh_ended(&m, &of_p, OLD), 0);
	SAME(mesh_ended(&m, &of_e, OLD), 0);
	SAME(of_e.message.type, 1);
	mesh_end(&m);
}

static void m2(void)
{
	mesh_begin_two(&m, E, P, NEW);
	mesh_start(&m, E, -1, TXN);
	mesh_ask(&m, &of_p, NEW, M3_OP_SEND, P, E, 2);
	SAME(mesh_info(&m, NEW, P).rts_flags, M3_RTS_WAITMIGR);
	SAME(mesh_settle(&m), 0);
	mesh_rollback(&m, E, TXN);
	mesh_settle(&m);
	taken(OLD, 2);
	mesh_settle(&m);
	SAME(mesh_ended(&m, &of_p, NEW), 0);
	mesh_end(&m);
}

static void m3(void)
{
	mesh_begin_two(&m, E, P, OLD);
	mesh_start(&m, E, NEW, TXN);
	mesh_ask(&m, &of_p, OLD, M3_OP_SEND, P, E, 3);
	mesh_export(&m, E, OLD, TXN);
	mesh_commit(&m, E, OLD, NEW, TXN);
	mesh_settle(&m);
	taken(NEW, 3);
	mesh_settle(&m);
	SAME(mesh_ended(&m, &of_p, OLD), 0);
	mesh_end(&m);
}

/* ------------------------------------------------------- callers of E */

enum when { FROZEN, QUEUED, TAKEN, WHENS };

/* P calls E in one phase of the migration, and sees nothing of it. */
static void caller(int node, int op, enum when when, int back)
{
	mesh_begin_two(&m, E, P, node);
	if (when != FROZEN) {
		mesh_ask(&m, &of_p, node, op, P, E, 4);
		mesh_settle(&m);
		if (when == TAKEN)
			taken(OLD, 4);
	}
	mesh_start(&m, E, NEW, TXN);
	if (when == FROZEN)
		mesh_ask(&m, &of_p, node, op, P, E, 4);
	mesh_settle(&m);
	mesh_sound(&m);
	mesh_export(&m, E, OLD, TXN);
	if (back)
		mesh_rollback(&m, E, TXN);
	else
		mesh_commit(&m, E, OLD, NEW, TXN);
	mesh_sound(&m);
	mesh_settle(&m);
	back = back ? OLD : NEW;
	if (when != TAKEN)
		taken(back, 4);
	if (op == M3_OP_SENDREC)
		answered(back, 5);
	mesh_settle(&m);
	SAME(mesh_ended(&m, &of_p, node), 0);
	if (op == M3_OP_SENDREC)
		SAME(of_p.message.type, 5);
	/* Nothing is left of it: it can be called again. */
	mesh_ask(&m, &of_p, node, M3_OP_SENDREC, P, E, 6);
	mesh_settle(&m);
	taken(back, 6);
	answered(back, 7);
	mesh_settle(&m);
	SAME(mesh_ended(&m, &of_p, node), 0);
	mesh_end(&m);
}

static void callers(void)
{
	int node, when, back;

	for (node = 0; node < MESH; node++)
		for (when = FROZEN; when < WHENS; when++)
			for (back = 0; back < 2; back++) {
				caller(node, M3_OP_SENDREC, when, back);
				if (when != TAKEN)
					caller(node, M3_OP_SEND, when, back);
			}
}

/* ---------------------------------------------------- E's own calls */

static void peer_takes(int node)
{
	struct m3_message in;

	SAME(m3_receive(m.member[node], P, E, &in, 0), 0);
	SAME(in.source, E);
	SAME(in.type, 8);
}

static void peer_answers(int node)
{
	struct m3_message out = rig_message(9, 0, 0);

	SAME(m3_reply(m.member[node], P, E, &out), 0);
}

/* What P has done of E's call when E is frozen, and before the commit. */
static void own(int node, int op, int before, int during, int back)
{
	struct m3_message in = rig_message(0, 0, 0);
	int done = before + during, e;

	mesh_begin_two(&m, E, P, node);
	mesh_ask(&m, &of_e, OLD, op, E, P, 8);
	mesh_settle(&m);
	if (before)
		peer_takes(node);
	mesh_start(&m, E, NEW, TXN);
	if (during && !before)
		peer_takes(node);
	if (op == M3_OP_SENDREC && done == 2)
		peer_answers(node);
	mesh_settle(&m);
	/* Its process is not told while it is frozen. */
	if (op == M3_OP_SENDREC || !before)
		SAME(mesh_ended(&m, &of_e, OLD), M3_PENDING);
	mesh_sound(&m);
	mesh_export(&m, E, OLD, TXN);
	if (back)
		mesh_rollback(&m, E, TXN);
	else
		mesh_commit(&m, E, OLD, NEW, TXN);
	mesh_sound(&m);
	mesh_settle(&m);
	if (!done)
		peer_takes(node);
	if (op == M3_OP_SENDREC && done < 2)
		peer_answers(node);
	mesh_settle(&m);
	if (back) {
		SAME(mesh_ended(&m, &of_e, OLD), 0);
		in = of_e.message;
	} else {
		SAME(mesh_ended(&m, &of_e, OLD), -M3_EMIGRATE);
		e = m3_receive(m.member[NEW], E, M3_ANY, &in, 0);
		SAME(e, -M3_EPROCRUN);
		SAME(m3_resume(m.member[NEW], E, &in, 1000), 0);
		SAME(m3_resume(m.member[NEW], E, &in, 0), -M3_EPROCSTS);
	}
	if (op == M3_OP_SENDREC)
		SAME(in.type, 9);
	mesh_end(&m);
}

static void own_calls(void)
{
	int node, before, during, back;

	for (node = 0; node < MESH; node++)
		for (back = 0; back < 2; back++) {
			for (before = 0; before < 2; before++)
				for (during = 0; during < 2; during++)
					own(node, M3_OP_SENDREC, before,
					    during, back);
			own(node, M3_OP_SEND, 0, 0, back);
			own(node, M3_OP_SEND, 0, 1, back);
		}
}

/* What becomes of E's call and of E after its state was exported. */
static void exported(int op, int back)
{
	struct m3_message in;

	mesh_begin_two(&m, E, P, OLD);
	mesh_bind(&m, Q, OLD);
	mesh_ask(&m, &of_e, OLD, op, E, P, 8);
	mesh_start(&m, E, NEW, TXN);
	mesh_export(&m, E, OLD, TXN);
	peer_takes(OLD);
	if (op == M3_OP_SENDREC)
		peer_answers(OLD);
	SAME(m3_notify(m.member[OLD], Q, E), 0);
	SAME(m3_notify(m.member[OLD], Q, E), 0);
	mesh_sound(&m);
	SAME(mesh_ended(&m, &of_e, OLD), M3_PENDING);
	if (back) {
		mesh_rollback(&m, E, TXN);
		SAME(mesh_ended(&m, &of_e, OLD), 0);
		in = of_e.message;
	} else {
		mesh_commit(&m, E, OLD, NEW, TXN);
		mesh_settle(&m);
		SAME(mesh_ended(&m, &of_e, OLD), -M3_EMIGRATE);
		SAME(m3_resume(m.member[NEW], E, &in, 1000), 0);
	}
	if (op == M3_OP_SENDREC)
		SAME(in.type, 9);
	back = back ? OLD : NEW;
	SAME(m3_receive(m.member[back], E, M3_ANY, &in, 0), 0);
	SAME(in.source, Q);
	SAME(m3_receive(m.member[back], E, M3_ANY, &in, 0), -M3_EAGAIN);
	mesh_end(&m);
}

/* E waits in receive and goes on waiting there. */
static void receiving(int src, int node, int back)
{
	struct m3_message in;

	mesh_begin_two(&m, E, P, node);
	mesh_ask(&m, &of_e, OLD, M3_OP_RECEIVE, E, src, 0);
	if (back) {
		mesh_start(&m, E, NEW, TXN);
		mesh_ask(&m, &of_p, node, M3_OP_SEND, P, E, 20);
		mesh_export(&m, E, OLD, TXN);
		mesh_rollback(&m, E, TXN);
		mesh_settle(&m);
		SAME(mesh_ended(&m, &of_e, OLD), 0);
		in = of_e.message;
	} else {
		mesh_start(&m, E, NEW, TXN);
		mesh_ask(&m, &of_p, node, M3_OP_SEND, P, E, 20);
		mesh_export(&m, E, OLD, TXN);
		mesh_commit(&m, E, OLD, NEW, TXN);
		mesh_settle(&m);
		SAME(mesh_ended(&m, &of_e, OLD), -M3_EMIGRATE);
		SAME(m3_resume(m.member[NEW], E, &in, 1000), 0);
	}
	SAME(in.type, 20);
	SAME(in.source, P);
	mesh_settle(&m);
	SAME(mesh_ended(&m, &of_p, node), 0);
	mesh_end(&m);
}

/* The resumed call waits like any other: it ends when it is served. */
static void *resume(void *out)
{
	MUST(m3_resume(m.member[NEW], E, out, 5000) == 0);
	return out;
}

static void resumed(void)
{
	struct m3_message in, out = rig_message(21, 0, 0);
	pthread_t thread;

	mesh_begin_two(&m, E, P, NEW);
	mesh_ask(&m, &of_e, OLD, M3_OP_RECEIVE, E, P, 0);
	mesh_migrate(&m, E, OLD, NEW, TXN);
	SAME(mesh_ended(&m, &of_e, OLD), -M3_EMIGRATE);
	SAME(m3_resume(m.member[NEW], E, &in, 10), -M3_ETIMEDOUT);
	SAME(m3_resume(m.member[NEW], E, &in, 10), -M3_EPROCSTS);
	mesh_end(&m);

	mesh_begin_two(&m, E, P, NEW);
	mesh_ask(&m, &of_e, OLD, M3_OP_RECEIVE, E, P, 0);
	mesh_migrate(&m, E, OLD, NEW, TXN);
	MUST(!pthread_create(&thread, NULL, resume, &in));
	SAME(m3_send(m.member[NEW], P, E, &out, 5000), 0);
	pthread_join(thread, NULL);
	SAME(in.type, 21);
	mesh_end(&m);
}

/* ---------------------------------------------- notifications, copies */

static void notifications(int node, int back)
{
	struct m3_message in;
	int at = back ? OLD : NEW;

	mesh_begin_two(&m, E, P, node);
	mesh_bind(&m, Q, node);
	SAME(m3_notify(m.member[node], P, E), 0);
	mesh_settle(&m);
	mesh_start(&m, E, NEW, TXN);
	SAME(m3_notify(m.member[node], P, E), 0);
	SAME(m3_notify(m.member[node], Q, E), 0);
	SAME(m3_notify(m.member[node], Q, E), 0);
	mesh_sound(&m);
	mesh_export(&m, E, OLD, TXN);
	if (back)
		mesh_rollback(&m, E, TXN);
	else
		mesh_commit(&m, E, OLD, NEW, TXN);
	mesh_settle(&m);
	SAME(m3_receive(m.member[at], E, M3_ANY, &in, 0), 0);
	SAME(in.source, P);
	SAME(m3_receive(m.member[at], E, M3_ANY, &in, 0), 0);
	SAME(in.source, Q);
	SAME(m3_receive(m.member[at], E, M3_ANY, &in, 0), -M3_EAGAIN);
	mesh_end(&m);
}

/* P, who serves E, copies from it while it is frozen. */
static void copies(int node)
{
	struct m3_buffer theirs, mine;
	int i;

	mesh_begin_two(&m, E, P, node);
	SAME(m3_alloc(m.member[OLD], E, 4096, &theirs), 0);
	SAME(m3_alloc(m.member[node], P, 4096, &mine), 0);
	memset(theirs.data, 0x31, 4096);
	mesh_ask(&m, &of_e, OLD, M3_OP_SENDREC, E, P, 8);
	mesh_settle(&m);
	peer_takes(node);
	mesh_start(&m, E, NEW, TXN);
	memset(&of_p, 0, sizeof(of_p));
	of_p.op = M3_OP_VCOPY;
	of_p.self = of_p.dst = P;
	of_p.peer = E;
	of_p.src_address = theirs.address;
	of_p.dst_address = mine.address;
	of_p.bytes = 4096;
	SAME(m3_start(m.member[node], &of_p), M3_PENDING);
	SAME(mesh_info(&m, node, P).rts_flags, M3_RTS_WAITMIGR);
	mesh_rollback(&m, E, TXN);
	for (i = 0; i < 2 && mesh_ended(&m, &of_p, node) == M3_PENDING; i++)
		mesh_settle(&m);
	SAME((long)of_p.copied, 4096);
	MUST(!memcmp(mine.data, theirs.data, 4096));
	peer_answers(node);
	mesh_settle(&m);
	SAME(mesh_ended(&m, &of_e, OLD), 0);
	mesh_end(&m);
}

int main(void)
{
	int node;

	m1();
	rig_ok("M1");
	m2();
	rig_ok("M2");
	m3();
	rig_ok("M3");
	callers();
	rig_ok("callers in each phase");
	own_calls();
	rig_ok("its own calls in each phase");
	for (node = 0; node < MESH; node++) {
		receiving(M3_ANY, node, 0);
		receiving(P, node, 0);
		receiving(M3_ANY, node, 1);
		notifications(node, 0);
		notifications(node, 1);
		copies(node);
	}
	for (node = 0; node < 2; node++) {
		exported(M3_OP_SENDREC, node);
		exported(M3_OP_SEND, node);
	}
	rig_ok("receive, notifications, copies");
	resumed();
	rig_ok("a call that is resumed");
	return 0;
}
