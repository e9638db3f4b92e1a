// SPDX-License-Identifier: MIT
/*
 * What goes wrong, or comes at the wrong moment, while an endpoint migrates:
 * deadlines, deaths, cut links, repeated and missing steps.
 */
#include "mesh.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OLD 0
#define NEW 1
#define THIRD 2
#define E 10
#define P 11
#define Q 12
#define TXN 78

static struct mesh m;
static struct m3_call of_e, of_p;

static int take(int node, struct m3_message *in)
{
	return m3_receive(m.member[node], E, M3_ANY, in, 0);
}

/* ------------------------------------------------- steps, repeated */

static void repeated(void)
{
	uint32_t room = 8;
	int a;

	mesh_begin_two(&m, E, P, THIRD);
	for (a = 0; a < MESH; a++) {
		SAME(m3_migr_rollback(m.node[a].core, RIG_DC, E, TXN), 0);
		SAME(m3_migr_start(m.node[a].core, RIG_DC, E, 9, TXN, 0),
		     -M3_EBADNODEID);
		SAME(m3_migr_start(m.node[a].core, RIG_DC, 13, NEW, TXN, 0),
		     -M3_EDSTDIED);
		SAME(m3_migr_start(m.node[a].core, RIG_DC, 99, NEW, TXN, 0),
		     -M3_ERANGE);
		SAME(m3_migr_commit(m.node[a].core, RIG_DC, E, THIRD - a, 0,
				    TXN, NULL, 0),
		     a == NEW ? -M3_EBADVALUE : -M3_EPROCSTS);
	}
	SAME(m3_migr_export(m.node[OLD].core, RIG_DC, E, TXN, m.state, &room),
	     -M3_EPROCSTS);
	mesh_start(&m, E, NEW, TXN);
	mesh_start(&m, E, NEW, TXN);
	for (a = 0; a < MESH; a++)
		SAME(m3_migr_start(m.node[a].core, RIG_DC, E, NEW, TXN + 1, 0),
		     -M3_EMIGRATE);
	SAME(m3_migr_export(m.node[NEW].core, RIG_DC, E, TXN, m.state, &room),
	     -M3_ERMTPROC);
	SAME(m3_migr_export(m.node[OLD].core, RIG_DC, E, TXN, m.state, &room),
	     -M3_EMSGSIZE);
	MUST(room > 8);
	/* Nothing was given away yet: the old node cannot lose it. */
	SAME(m3_migr_commit(m.node[OLD].core, RIG_DC, E, NEW, 0, TXN, NULL, 0),
	     -M3_EPROCSTS);
	mesh_export(&m, E, OLD, TXN);
	mesh_export(&m, E, OLD, TXN);
	SAME(m3_migr_commit(m.node[NEW].core, RIG_DC, E, NEW, 1, TXN, m.state,
			    m.bytes), -M3_EBADPID);
	SAME(m3_migr_commit(m.node[NEW].core, RIG_DC, E, NEW, getpid(),
			    TXN + 1, m.state, m.bytes), -M3_EPROCSTS);
	for (a = 0; a < 2; a++)
		mesh_commit(&m, E, OLD, NEW, TXN);
	for (a = 0; a < MESH; a++) {
		SAME(m3_migr_rollback(m.node[a].core, RIG_DC, E, TXN),
		     -M3_EPROCSTS);
		SAME(m3_migr_start(m.node[a].core, RIG_DC, E, NEW, TXN, 0),
		     -M3_EPROCSTS);
	}
	SAME((long)(mesh_info(&m, NEW, E).binding >> 32), 1);
	SAME((long)mesh_info(&m, OLD, E).binding,
	     (long)mesh_info(&m, NEW, E).binding);
	/* There, and back again. */
	mesh_migrate(&m, E, NEW, OLD, TXN + 1);
	SAME((long)(mesh_info(&m, OLD, E).binding >> 32), 2);
	mesh_end(&m);
}

/* A call goes from node to node with its callee, and is not lost. */
static void round_trip(int node)
{
	struct m3_message in, out = rig_message(6, 0, 0);
	int i;

	mesh_begin_two(&m, E, P, node);
	mesh_bind(&m, Q, node);
	mesh_ask(&m, &of_p, node, M3_OP_SENDREC, P, E, 5);
	mesh_ask(&m, &of_e, node, M3_OP_SENDREC, Q, E, 7);
	mesh_settle(&m);
	SAME(take(OLD, &in), 0);
	for (i = 0; i < 6; i++) {
		mesh_migrate(&m, E, i % MESH, (i + 1) % MESH, TXN + i);
		mesh_settle(&m);
		mesh_sound(&m);
	}
	SAME(m3_reply(m.member[OLD], E, in.source, &out), 0);
	SAME(take(OLD, &in), 0);
	SAME(m3_reply(m.member[OLD], E, in.source, &out), 0);
	mesh_settle(&m);
	SAME(mesh_ended(&m, &of_p, node), 0);
	SAME(mesh_ended(&m, &of_e, node), 0);
	mesh_end(&m);
}

/* ------------------------------------------------ deadlines and deaths */

enum when { FROZEN, QUEUED, TAKEN, EXPORTED, WHENS };

/* P gives up in one phase; E must not get its message for good after that. */
static void given_up(int node, enum when when, int back, int dies)
{
	struct m3_message in;
	int e;

	mesh_begin_two(&m, E, P, node);
	if (when != FROZEN)
		mesh_ask(&m, &of_p, node, M3_OP_SENDREC, P, E, 4);
	mesh_settle(&m);
	if (when == TAKEN)
		SAME(take(OLD, &in), 0);
	mesh_start(&m, E, NEW, TXN);
	if (when == FROZEN)
		mesh_ask(&m, &of_p, node, M3_OP_SENDREC, P, E, 4);
	if (when == EXPORTED)
		mesh_export(&m, E, OLD, TXN);
	if (dies)
		SAME(m3_unbind_any(m.node[node].core, RIG_DC, P), 0);
	else
		SAME(m3_cancel(m.member[node], &of_p, M3_ETIMEDOUT),
		     -M3_ETIMEDOUT);
	mesh_sound(&m);
	if (when != EXPORTED)
		mesh_export(&m, E, OLD, TXN);
	if (back)
		mesh_rollback(&m, E, TXN);
	else
		mesh_commit(&m, E, OLD, NEW, TXN);
	mesh_settle(&m);
	mesh_sound(&m);
	e = take(back ? OLD : NEW, &in);
	SAME(e, -M3_EAGAIN);
	if (when == TAKEN) {
		in = rig_message(5, 0, 0);
		e = m3_reply(m.member[back ? OLD : NEW], E, P, &in);
		MUST(e == -M3_EPROCSTS || e == -M3_EDSTDIED || e == 0);
	}
	/* Its next call is like any other. */
	if (dies)
		SAME(m3_bind(m.member[node], P), 0);
	mesh_ask(&m, &of_p, node, M3_OP_SENDREC, P, E, 6);
	mesh_settle(&m);
	SAME(take(back ? OLD : NEW, &in), 0);
	SAME(in.type, 6);
	SAME(m3_reply(m.member[back ? OLD : NEW], E, P, &in), 0);
	mesh_settle(&m);
	SAME(mesh_ended(&m, &of_p, node), 0);
	mesh_end(&m);
}

/* E dies frozen: who waits for it is told. */
static void killed(int node)
{
	mesh_begin_two(&m, E, P, node);
	mesh_bind(&m, Q, OLD);
	mesh_ask(&m, &of_e, OLD, M3_OP_SENDREC, E, P, 4);
	mesh_settle(&m);
	mesh_start(&m, E, NEW, TXN);
	mesh_ask(&m, &of_p, OLD, M3_OP_SEND, Q, E, 5);
	SAME(m3_unbind_any(m.node[OLD].core, RIG_DC, E), 0);
	mesh_sound(&m);
	SAME(mesh_ended(&m, &of_p, OLD), -M3_EDSTDIED);
	SAME(mesh_ended(&m, &of_e, OLD), -M3_ESHUTDOWN);
	SAME(m3_migr_export(m.node[OLD].core, RIG_DC, E, TXN, m.state,
			    &m.bytes), -M3_EPROCSTS);
	mesh_rollback(&m, E, TXN);
	mesh_settle(&m);
	SAME(m3_bind(m.member[OLD], E), 0);
	mesh_end(&m);
}

/* E's own deadline waits; then it gets what came first. */
static void own_deadline(void)
{
	struct m3_message out = rig_message(9, 0, 0);

	mesh_begin_two(&m, E, P, OLD);
	mesh_ask(&m, &of_e, OLD, M3_OP_SENDREC, E, P, 4);
	SAME(m3_receive(m.member[OLD], P, E, &out, 0), 0);
	mesh_start(&m, E, NEW, TXN);
	SAME(m3_cancel(m.member[OLD], &of_e, M3_ETIMEDOUT), M3_PENDING);
	SAME(m3_reply(m.member[OLD], P, E, &out), 0);
	SAME(m3_cancel(m.member[OLD], &of_e, M3_ETIMEDOUT), M3_PENDING);
	mesh_rollback(&m, E, TXN);
	SAME(m3_cancel(m.member[OLD], &of_e, M3_ETIMEDOUT), 0);
	mesh_end(&m);
}

/* -------------------------------------------- calls of the frozen one */

struct worker {
	int result;
	pthread_t thread;
};

static void *replies(void *arg)
{
	struct worker *w = arg;
	struct m3_message out = rig_message(5, 0, 0);

	w->result = m3_reply(m.member[OLD], E, P, &out);
	return NULL;
}

static void *receives(void *arg)
{
	struct worker *w = arg;
	struct m3_message in;

	w->result = m3_receive(m.member[OLD], E, P, &in, 5000);
	return NULL;
}

static void paused(void *(*body)(void *), int back)
{
	struct m3_message in;
	struct worker w;

	mesh_begin_two(&m, E, P, OLD);
	mesh_ask(&m, &of_p, OLD, M3_OP_SENDREC, P, E, 4);
	if (body == replies)
		SAME(take(OLD, &in), 0);
	mesh_start(&m, E, NEW, TXN);
	MUST(!pthread_create(&w.thread, NULL, body, &w));
	rig_until(&m.node[OLD], E, M3_RTS_MIGRATE | M3_RTS_WAITMIGR);
	mesh_sound(&m);
	mesh_export(&m, E, OLD, TXN);
	if (back)
		mesh_rollback(&m, E, TXN);
	else
		mesh_commit(&m, E, OLD, NEW, TXN);
	pthread_join(w.thread, NULL);
	SAME(w.result, back ? 0 : -M3_EMIGRATE);
	if (!back) {
		/* That call has never been made: nothing to resume. */
		SAME(m3_resume(m.member[NEW], E, &in, 0), -M3_EPROCSTS);
		mesh_settle(&m);
		if (body == receives)
			SAME(take(NEW, &in), 0);
	}
	in = rig_message(5, 0, 0);
	if (!back || body == receives)
		SAME(m3_reply(m.member[back ? OLD : NEW], E, P, &in), 0);
	mesh_settle(&m);
	SAME(mesh_ended(&m, &of_p, OLD), 0);
	mesh_end(&m);
}

/* ------------------------------------------------- cuts and races */

/* E's call from its new node arrives where the commit has not been made. */
static void claimed(int node)
{
	struct m3_message in, out = rig_message(5, 0, 0);

	mesh_begin_two(&m, E, P, node);
	mesh_bind(&m, Q, node);
	mesh_ask(&m, &of_p, node, M3_OP_SENDREC, P, E, 4);
	mesh_settle(&m);
	SAME(take(OLD, &in), 0);
	mesh_start(&m, E, NEW, TXN);
	mesh_ask(&m, &of_e, node, M3_OP_SEND, Q, E, 6);
	mesh_export(&m, E, OLD, TXN);
	mesh_take(&m, E, NEW, TXN);
	SAME(m3_reply(m.member[NEW], E, P, &out), 0);
	mesh_settle(&m);
	mesh_sound(&m);
	/* The answer was the commit, and who waited goes on. */
	SAME(mesh_ended(&m, &of_p, node), 0);
	SAME(of_p.message.type, 5);
	SAME(mesh_info(&m, node, E).node, NEW);
	SAME(take(NEW, &in), 0);
	mesh_commit(&m, E, OLD, NEW, TXN);
	mesh_settle(&m);
	SAME(mesh_ended(&m, &of_e, node), 0);
	mesh_end(&m);
}

/* A cut link: start waits, and the rest needs no link. */
static void cut(void)
{
	struct m3_message in;

	mesh_begin_two(&m, E, P, THIRD);
	mesh_cut(&m, OLD, THIRD);
	mesh_ask(&m, &of_p, THIRD, M3_OP_SEND, P, E, 4);
	SAME(m3_migr_start(m.node[THIRD].core, RIG_DC, E, NEW, TXN, 5),
	     -M3_ETIMEDOUT);
	SAME(m3_migr_start(m.node[OLD].core, RIG_DC, E, NEW, TXN, 0), 0);
	mesh_open(&m, OLD, THIRD);
	/* Taken, but the acknowledgement is lost. */
	MUST(mesh_move(&m, THIRD, OLD, M3_LANE_NORMAL));
	mesh_cut(&m, OLD, THIRD);
	SAME(m3_migr_start(m.node[THIRD].core, RIG_DC, E, NEW, TXN, 5),
	     -M3_ETIMEDOUT);
	mesh_open(&m, OLD, THIRD);
	mesh_start(&m, E, NEW, TXN);
	mesh_export(&m, E, OLD, TXN);
	mesh_cut(&m, OLD, THIRD);
	mesh_cut(&m, NEW, THIRD);
	mesh_cut(&m, OLD, NEW);
	mesh_commit(&m, E, OLD, NEW, TXN);
	SAME(take(NEW, &in), 0);
	mesh_open(&m, NEW, THIRD);
	mesh_settle(&m);
	SAME(mesh_ended(&m, &of_p, THIRD), 0);
	mesh_end(&m);
}

/* A client that only its first record has bound at THIRD moves, and dies. */
static void moving_client(void)
{
	struct m3_message q;

	mesh_begin(&m);
	mesh_bind(&m, P, THIRD);
	SAME(m3_bind(m.member[OLD], E), 0);
	SAME(m3_rmtbind(m.node[NEW].core, RIG_DC, "moves", E, OLD), 0);
	SAME(m3_notify(m.member[OLD], E, P), 0);
	mesh_settle(&m);
	SAME(m3_receive(m.member[THIRD], P, M3_ANY, &q, 0), 0);
	mesh_migrate(&m, E, OLD, NEW, TXN);
	mesh_sound(&m);
	SAME(mesh_info(&m, THIRD, E).node, NEW);
	SAME(m3_unbind_any(m.node[NEW].core, RIG_DC, E), 0);
	mesh_settle(&m);
	mesh_sound(&m);
	SAME(mesh_info(&m, THIRD, E).rts_flags, M3_RTS_SLOT_FREE);
	mesh_end(&m);
}

/* The core of a node is lost while E is frozen: see `at` and `gone`. */
static void lost(int at, int gone, int back)
{
	struct m3_dc_open open;
	int i, e;

	mesh_begin_two(&m, E, P, at);
	mesh_bind(&m, Q, at);
	mesh_ask(&m, &of_p, at, M3_OP_SENDREC, P, E, 4);
	mesh_settle(&m);
	mesh_start(&m, E, NEW, TXN);
	mesh_ask(&m, &of_e, at, M3_OP_SEND, Q, E, 5);
	mesh_export(&m, E, OLD, TXN);
	if (!back)
		mesh_take(&m, E, NEW, TXN);
	/* Another incarnation of that node's DC. */
	SAME(m3_proxy_open(m.proxy[gone][at], RIG_DC, &open), 0);
	open.incarnation += 1ull << 32;
	open.peer_incarnation = 0;
	for (i = 0; i < M3_LANES; i++)
		open.expected[i] = 1;
	SAME(m3_proxy_opened(m.proxy[at][gone], &open), 0);
	mesh_sound(&m);
	SAME(mesh_ended(&m, &of_p, at), M3_PENDING);
	m.cut[at][gone] = m.cut[gone][at] = 1;
	if (back) {
		mesh_rollback(&m, E, TXN);
		SAME(mesh_ended(&m, &of_p, at), -M3_EUNKNOWN);
		/* Never sent: it may still reach the next life. */
		SAME(m3_cancel(m.member[at], &of_e, M3_ETIMEDOUT),
		     -M3_ETIMEDOUT);
		mesh_end(&m);
		return;
	}
	mesh_commit(&m, E, OLD, NEW, TXN);
	mesh_settle(&m);
	/* It lives on: its callers were not wronged. */
	e = m3_receive(m.member[NEW], E, M3_ANY, &of_p.message, 0);
	SAME(e, 0);
	SAME(m3_reply(m.member[NEW], E, P, &of_p.message), 0);
	mesh_settle(&m);
	SAME(mesh_ended(&m, &of_p, at), 0);
	mesh_end(&m);
}

int main(int argc, char **argv)
{
	int node, when, back;

	rig_seed(argc, argv);
	repeated();
	rig_ok("steps, repeated and missing");
	for (node = 0; node < MESH; node++)
		round_trip(node);
	moving_client();
	rig_ok("round trips");
	for (node = 0; node < MESH; node++)
		for (when = FROZEN; when < WHENS; when++)
			for (back = 0; back < 2; back++) {
				given_up(node, when, back, 0);
				given_up(node, when, back, 1);
			}
	rig_ok("callers that give up or die");
	for (node = 0; node < MESH; node++)
		killed(node);
	rig_ok("its death");
	own_deadline();
	for (back = 0; back < 2; back++) {
		paused(replies, back);
		paused(receives, back);
	}
	claimed(OLD);
	claimed(THIRD);
	cut();
	rig_ok("cut links");
	lost(THIRD, OLD, 0);
	lost(THIRD, OLD, 1);
	rig_ok("a lost core");
	return 0;
}
