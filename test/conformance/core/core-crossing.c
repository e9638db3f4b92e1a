// SPDX-License-Identifier: MIT
/*
 * A caller comes to the node of its callee, in whose queue it stands there
 * already, while something else happens: the callee leaves, has left, or is
 * still to come, or the call has ended without that node being told.
 */
#include "mesh.h"
#include <unistd.h>

enum { THIRD, OLD, NEW };
enum { E = 1, CALLEE };

#define TXN 81

static struct mesh m;
static _Alignas(8) unsigned char callees[MESH_STATE];

/* The callee gets E's call at `node`, and E what comes of it at NEW. */
static void goes_on(int node, int op)
{
	struct m3_message in;

	SAME(m3_receive(m.member[node], CALLEE, M3_ANY, &in, 0), 0);
	SAME(in.source, E);
	SAME(in.type, 4);
	if (op == M3_OP_SENDREC)
		SAME(m3_reply(m.member[node], CALLEE, E, &in), 0);
	mesh_settle(&m);
	SAME(m3_resume(m.member[NEW], E, &in, M3_NOWAIT), 0);
	mesh_sound(&m);
}

/* E's call waits in the queue of who goes from NEW to OLD, E the other way. */
static void change_places(int op)
{
	struct m3_call call;
	struct m3_message in;
	uint32_t bytes;
	int i;

	mesh_begin(&m);
	mesh_bind(&m, E, OLD);
	mesh_bind(&m, CALLEE, NEW);
	mesh_ask(&m, &call, OLD, op, E, CALLEE, 4);
	mesh_settle(&m);
	mesh_start(&m, CALLEE, OLD, TXN);
	mesh_start(&m, E, NEW, TXN + 1);
	bytes = sizeof(callees);
	SAME(m3_migr_export(m.node[NEW].core, RIG_DC, CALLEE, TXN, callees,
			    &bytes), 0);
	SAME(m3_migr_commit(m.node[OLD].core, RIG_DC, CALLEE, OLD, getpid(),
			    TXN, callees, bytes), 0);
	mesh_export(&m, E, OLD, TXN + 1);
	mesh_take(&m, E, NEW, TXN + 1);
	mesh_sound(&m);
	SAME(m3_resume(m.member[NEW], E, &in, M3_NOWAIT), -M3_EAGAIN);
	for (i = NEW; i >= THIRD; i -= NEW)
		SAME(m3_migr_commit(m.node[i].core, RIG_DC, CALLEE, OLD, 0,
				    TXN, NULL, 0), 0);
	mesh_commit(&m, E, OLD, NEW, TXN + 1);
	mesh_settle(&m);
	mesh_sound(&m);
	goes_on(OLD, op);
	SAME(m3_resume(m.member[NEW], E, &in, M3_NOWAIT), -M3_EPROCSTS);
	mesh_end(&m);
}

/* The third node was told first, and sends what it has for E's callee. */
static void callee_to_come(int op)
{
	struct m3_call call;
	uint32_t bytes = sizeof(callees);

	mesh_begin(&m);
	mesh_bind(&m, E, OLD);
	mesh_bind(&m, CALLEE, THIRD);
	mesh_start(&m, CALLEE, NEW, TXN);
	SAME(m3_migr_export(m.node[THIRD].core, RIG_DC, CALLEE, TXN, callees,
			    &bytes), 0);
	SAME(m3_migr_commit(m.node[OLD].core, RIG_DC, CALLEE, NEW, 0, TXN,
			    NULL, 0), 0);
	mesh_ask(&m, &call, OLD, op, E, CALLEE, 4);
	mesh_settle(&m);
	mesh_migrate(&m, E, OLD, NEW, TXN + 1);
	mesh_sound(&m);
	SAME(m3_migr_commit(m.node[NEW].core, RIG_DC, CALLEE, NEW, getpid(),
			    TXN, callees, bytes), 0);
	SAME(m3_migr_commit(m.node[THIRD].core, RIG_DC, CALLEE, NEW, 0, TXN,
			    NULL, 0), 0);
	mesh_settle(&m);
	mesh_sound(&m);
	goes_on(NEW, op);
	mesh_end(&m);
}

/*
 * The new node has handed the call on with its callee, or, if it comes `late`,
 * refuses it while its caller is on the way there. E's node has `heard` of the
 * callee, or has only been told where it is.
 */
static void callee_left(int op, int late, int heard)
{
	struct m3_call call;
	struct m3_message in;
	uint32_t bytes = sizeof(callees);
	int i;

	mesh_begin(&m);
	mesh_bind(&m, E, OLD);
	mesh_bind(&m, CALLEE, NEW);
	/* E's node may know its callee's binding, but not of this move. */
	if (heard) {
		SAME(m3_notify(m.member[NEW], CALLEE, E), 0);
		mesh_settle(&m);
		SAME(m3_receive(m.member[OLD], E, CALLEE, &in, 0), 0);
	}
	if (!late) {
		mesh_ask(&m, &call, OLD, op, E, CALLEE, 4);
		mesh_settle(&m);
	}
	for (i = NEW; i >= THIRD; i -= NEW)
		SAME(m3_migr_start(m.node[i].core, RIG_DC, CALLEE, THIRD, TXN,
				   0), 0);
	SAME(m3_migr_export(m.node[NEW].core, RIG_DC, CALLEE, TXN, callees,
			    &bytes), 0);
	SAME(m3_migr_commit(m.node[THIRD].core, RIG_DC, CALLEE, THIRD,
			    getpid(), TXN, callees, bytes), 0);
	SAME(m3_migr_commit(m.node[NEW].core, RIG_DC, CALLEE, THIRD, 0, TXN,
			    NULL, 0), 0);
	if (late)
		mesh_ask(&m, &call, OLD, op, E, CALLEE, 4);
	mesh_migrate(&m, E, OLD, NEW, TXN + 1);
	mesh_sound(&m);
	mesh_settle(&m);
	goes_on(THIRD, op);
	mesh_end(&m);
}

/* The old node has given the new one up, which has not heard of that. */
static void ended_unheard(int op)
{
	struct m3_call call;
	struct m3_message in;
	uint16_t dcs[2];

	mesh_begin(&m);
	mesh_bind(&m, E, OLD);
	mesh_bind(&m, CALLEE, NEW);
	mesh_ask(&m, &call, OLD, op, E, CALLEE, 4);
	mesh_settle(&m);
	mesh_cut(&m, OLD, NEW);
	SAME(m3_del_node(m.node[OLD].core, RIG_DC, NEW), 0);
	SAME(m3_add_node(m.node[OLD].core, RIG_DC, NEW), 0);
	SAME(m3_proxy_dcs(m.proxy[OLD][NEW], dcs, 2), 1);
	SAME(mesh_ended(&m, &call, OLD), -M3_EUNKNOWN);
	mesh_migrate(&m, E, OLD, NEW, TXN);
	mesh_sound(&m);
	SAME(m3_resume(m.member[NEW], E, &in, M3_NOWAIT), -M3_EPROCSTS);
	mesh_open(&m, OLD, NEW);
	mesh_settle(&m);
	SAME(m3_receive(m.member[NEW], CALLEE, M3_ANY, &in, 0), -M3_EAGAIN);
	mesh_end(&m);
}

/* It is answered once it is exported, by one that then goes its way too. */
static void answer_follows(int op)
{
	struct m3_call call;
	struct m3_message in;
	int i;

	mesh_begin(&m);
	mesh_bind(&m, E, OLD);
	mesh_bind(&m, CALLEE, OLD);
	mesh_ask(&m, &call, OLD, op, E, CALLEE, 4);
	mesh_start(&m, E, NEW, TXN);
	mesh_export(&m, E, OLD, TXN);
	mesh_take(&m, E, NEW, TXN);
	SAME(m3_receive(m.member[OLD], CALLEE, M3_ANY, &in, 0), 0);
	if (op == M3_OP_SENDREC)
		SAME(m3_reply(m.member[OLD], CALLEE, E, &in), 0);
	for (i = THIRD; i <= NEW; i++)
		SAME(m3_migr_start(m.node[i].core, RIG_DC, CALLEE, NEW,
				   TXN + 1, 0),
		     i == OLD ? -M3_ETIMEDOUT : 0);
	mesh_commit(&m, E, OLD, NEW, TXN);
	mesh_settle(&m);
	mesh_migrate(&m, CALLEE, OLD, NEW, TXN + 1);
	mesh_settle(&m);
	SAME(m3_resume(m.member[NEW], E, &in, M3_NOWAIT), 0);
	if (op == M3_OP_SENDREC)
		SAME(in.source, CALLEE);
	mesh_end(&m);
}

int main(void)
{
	int i;

	alarm(100);
	change_places(M3_OP_SEND);
	change_places(M3_OP_SENDREC);
	rig_ok("caller and callee change places");
	rig_ok("resume without waiting");
	callee_to_come(M3_OP_SEND);
	callee_to_come(M3_OP_SENDREC);
	rig_ok("a callee that is still to come");
	for (i = 0; i < 2; i++) {
		callee_left(M3_OP_SEND, 0, i);
		callee_left(M3_OP_SENDREC, 0, i);
		callee_left(i ? M3_OP_SEND : M3_OP_SENDREC, 1, 1);
	}
	rig_ok("a callee that has left");
	ended_unheard(M3_OP_SEND);
	ended_unheard(M3_OP_SENDREC);
	rig_ok("an end that was not heard of");
	answer_follows(M3_OP_SEND);
	answer_follows(M3_OP_SENDREC);
	rig_ok("an answer of one that goes too");
	return 0;
}
