// SPDX-License-Identifier: MIT
/*
 * The node of a primary dies and a backup takes its place (protocol 21): what
 * becomes of each caller, with and without a retry, and of the primary if it
 * was not dead after all.
 */
#include "forge.h"
#include "mesh.h"
#include <string.h>
#include <unistd.h>

#define OLD 0
#define NEW 1
#define THIRD 2
#define E 10
#define P 11
#define Q 12

static struct mesh m;
static struct m3_call of_p, of_q;

static void begin(int node_of_p)
{
	mesh_begin(&m);
	SAME(m3_bind(m.member[OLD], E), 0);
	SAME(m3_bkupbind(m.node[NEW].core, RIG_DC, getpid(), E, OLD), 0);
	SAME(m3_rmtbind(m.node[THIRD].core, RIG_DC, "far", E, OLD), 0);
	mesh_bind(&m, P, node_of_p);
	mesh_bind(&m, Q, node_of_p);
}

static void dead(int node)
{
	int a;

	for (a = 0; a < MESH; a++)
		if (a != node)
			mesh_cut(&m, a, node);
}

static void promote(int first, uint32_t flags)
{
	int second = first == NEW ? THIRD : NEW, i;

	/* Each may be repeated. */
	for (i = 0; i < 2; i++)
		SAME(m3_promote(m.node[first].core, RIG_DC, E, NEW, 0, flags),
		     0);
	mesh_settle(&m);
	mesh_sound(&m);
	for (i = 0; i < 2; i++)
		SAME(m3_promote(m.node[second].core, RIG_DC, E, NEW, 0, flags),
		     0);
	mesh_settle(&m);
	mesh_sound(&m);
}

static void serve(int type)
{
	struct m3_message in, out = rig_message(type + 1, 0, 0);

	SAME(m3_receive(m.member[NEW], E, M3_ANY, &in, 0), 0);
	SAME(in.type, type);
	SAME(m3_reply(m.member[NEW], E, in.source, &out), 0);
	mesh_settle(&m);
}

enum when { UNSENT, SENT, TAKEN, WHENS };

/* P has called the primary; Q calls the promoted backup. */
static void caller(int node, enum when when, uint32_t flags, int first)
{
	struct m3_message in;
	uint64_t call;

	begin(node);
	if (when == UNSENT)
		dead(OLD);
	mesh_ask(&m, &of_p, node, M3_OP_SENDREC, P, E, 4);
	mesh_settle(&m);
	if (when == TAKEN)
		SAME(m3_receive(m.member[OLD], E, M3_ANY, &in, 0), 0);
	if (when != UNSENT)
		dead(OLD);
	promote(first, flags);
	if (when == UNSENT || flags) {
		SAME(mesh_ended(&m, &of_p, node), M3_PENDING);
		SAME(m3_receive(m.member[NEW], E, M3_ANY, &in, 0), 0);
		SAME(in.type, 4);
		/* The same call: the server can tell. */
		SAME(m3_request(m.member[NEW], E, P, &call), 0);
		SAME((long)call, (long)(of_p.scratch >> 2 & 0x3fffffff));
		in.type = 5;
		SAME(m3_reply(m.member[NEW], E, P, &in), 0);
		mesh_settle(&m);
		SAME(mesh_ended(&m, &of_p, node), 0);
		SAME(of_p.message.type, 5);
	} else {
		SAME(mesh_ended(&m, &of_p, node), -M3_EUNKNOWN);
	}
	mesh_ask(&m, &of_q, node, M3_OP_SENDREC, Q, E, 6);
	mesh_settle(&m);
	serve(6);
	SAME(mesh_ended(&m, &of_q, node), 0);
	mesh_end(&m);
}

/* The primary comes back: nobody but its own node listens to it. */
static void returns(uint32_t flags)
{
	struct m3_message in, out = rig_message(9, 0, 0);
	struct m3_dc_counters before, after;
	struct m3_call of_e;

	begin(THIRD);
	/* By which the others know its life. */
	SAME(m3_notify(m.member[OLD], E, Q), 0);
	mesh_ask(&m, &of_p, THIRD, M3_OP_SENDREC, P, E, 4);
	mesh_settle(&m);
	SAME(m3_receive(m.member[THIRD], Q, M3_ANY, &in, 0), 0);
	SAME(m3_receive(m.member[OLD], E, M3_ANY, &in, 0), 0);
	dead(OLD);
	promote(NEW, flags);
	SAME(m3_dc_counters(m.node[THIRD].core, RIG_DC, &before), 0);
	/* Its late reply, and a call of its own. */
	SAME(m3_reply(m.member[OLD], E, P, &out), 0);
	mesh_ask(&m, &of_e, OLD, M3_OP_SENDREC, E, Q, 7);
	mesh_open(&m, OLD, NEW);
	mesh_open(&m, OLD, THIRD);
	mesh_settle(&m);
	SAME(mesh_ended(&m, &of_p, THIRD), flags ? M3_PENDING : -M3_EUNKNOWN);
	SAME(m3_dc_counters(m.node[THIRD].core, RIG_DC, &after), 0);
	SAME((long)(after.bad_binding - before.bad_binding), 2);
	SAME(mesh_ended(&m, &of_e, OLD), -M3_ENONODE);
	SAME(m3_receive(m.member[THIRD], Q, M3_ANY, &in, 0), -M3_EAGAIN);
	/* Its death is not the promoted one's. */
	SAME(m3_unbind(m.member[OLD], E), 0);
	mesh_settle(&m);
	mesh_ask(&m, &of_q, THIRD, M3_OP_SENDREC, Q, E, 6);
	mesh_settle(&m);
	if (flags)
		serve(4);
	serve(6);
	SAME(mesh_ended(&m, &of_q, THIRD), 0);
	mesh_end(&m);
}

/* Notifications, waits and the primary's own requests. */
static void the_rest(int node)
{
	struct m3_message in, out = rig_message(9, 0, 0);
	struct m3_call of_e;

	begin(node);
	mesh_ask(&m, &of_e, OLD, M3_OP_SEND, E, P, 7);
	mesh_settle(&m);
	dead(OLD);
	SAME(m3_notify(m.member[node], Q, E), 0);
	mesh_ask(&m, &of_q, node, M3_OP_RECEIVE, Q, E, 0);
	promote(THIRD, 0);
	/* The primary's request died with it. */
	SAME(m3_receive(m.member[node], P, M3_ANY, &in, 0), -M3_EAGAIN);
	SAME(m3_receive(m.member[NEW], E, M3_ANY, &in, 0), 0);
	SAME(in.source, Q);
	rig_start_call(m.member[NEW], &of_p, M3_OP_SEND, E, Q, 9,
		       node == NEW ? 0 : M3_PENDING);
	mesh_settle(&m);
	SAME(mesh_ended(&m, &of_q, node), 0);
	SAME(of_q.message.type, out.type);
	mesh_end(&m);
}

static void refused(void)
{
	begin(THIRD);
	SAME(m3_promote(m.node[OLD].core, RIG_DC, E, NEW, 0, 0),
	     -M3_ELCLPROC);
	SAME(m3_promote(m.node[THIRD].core, RIG_DC, E, 9, 0, 0),
	     -M3_EBADNODEID);
	SAME(m3_promote(m.node[THIRD].core, RIG_DC, E, NEW, 0, 4),
	     -M3_EINVAL);
	SAME(m3_promote(m.node[THIRD].core, RIG_DC, 15, NEW, 0, 0),
	     -M3_EDSTDIED);
	SAME(m3_promote(m.node[NEW].core, RIG_DC, E, NEW, 1, 0),
	     -M3_EBADPID);
	/* Not its backup's node: somebody has to be named. */
	SAME(m3_promote(m.node[THIRD].core, RIG_DC, E, THIRD, 0, 0),
	     -M3_EBADPID);
	mesh_end(&m);
}

int main(void)
{
	int when, first;

	for (when = UNSENT; when < WHENS; when++)
		for (first = NEW; first <= THIRD; first++) {
			caller(THIRD, when, 0, first);
			caller(NEW, when, 0, first);
			caller(THIRD, when, M3_PROMOTE_RETRY, first);
			caller(NEW, when, M3_PROMOTE_RETRY, first);
		}
	rig_ok("callers in each phase");
	returns(0);
	returns(M3_PROMOTE_RETRY);
	rig_ok("the primary returns");
	the_rest(NEW);
	the_rest(THIRD);
	refused();
	return 0;
}
