// SPDX-License-Identifier: MIT
/*
 * The new node's core is lost between its commit and those of the others: what
 * it had of the endpoint is gone, and who waits for it must learn that.
 */
#include "mesh.h"
#include <unistd.h>

enum { OLD, NEW, THIRD };
enum { E = 1, ASKS, WAITS, LATER };

#define TXN 77

static struct mesh m;

/* Node `at` hears that the core of NEW is another one. */
static void lose(int at)
{
	struct m3_dc_open open;
	int i;

	SAME(m3_proxy_open(m.proxy[NEW][at], RIG_DC, &open), 0);
	open.incarnation += 1ull << 32;
	open.peer_incarnation = 0;
	for (i = 0; i < M3_LANES; i++)
		open.expected[i] = 1;
	SAME(m3_proxy_opened(m.proxy[at][NEW], &open), 0);
	m.cut[at][NEW] = m.cut[NEW][at] = 1;
	mesh_sound(&m);
}

/* Its callers are at `at`; `taken`: their request was taken before. */
static void lost_heir(int at, int taken)
{
	struct m3_call asks, waits, later, in;
	int i;

	mesh_begin_two(&m, E, ASKS, at);
	mesh_bind(&m, WAITS, at);
	mesh_bind(&m, LATER, at);
	mesh_ask(&m, &asks, at, M3_OP_SENDREC, ASKS, E, 4);
	mesh_settle(&m);
	if (taken)
		SAME(m3_receive(m.member[OLD], E, ASKS, &in.message, 0), 0);
	mesh_ask(&m, &waits, at, M3_OP_RECEIVE, WAITS, E, 0);
	mesh_start(&m, E, NEW, TXN);
	mesh_ask(&m, &later, at, M3_OP_SEND, LATER, E, 5);
	mesh_export(&m, E, OLD, TXN);
	mesh_take(&m, E, NEW, TXN);
	lose(at);
	SAME(mesh_ended(&m, &asks, at), M3_PENDING);
	SAME(m3_migr_commit(m.node[OLD].core, RIG_DC, E, NEW, 0, TXN, NULL, 0),
	     0);
	SAME(m3_migr_commit(m.node[THIRD].core, RIG_DC, E, NEW, 0, TXN, NULL,
			    0), 0);
	mesh_sound(&m);
	SAME(mesh_ended(&m, &asks, at), -M3_EUNKNOWN);
	SAME(mesh_ended(&m, &waits, at), -M3_ENODEDOWN);
	/* It was never sent: it may reach whoever comes. */
	SAME(mesh_ended(&m, &later, at), M3_PENDING);
	SAME(m3_cancel(m.member[at], &later, M3_ETIMEDOUT), -M3_ETIMEDOUT);
	/* And again: the commit may be repeated. */
	for (i = OLD; i < MESH; i++)
		if (i != NEW)
			SAME(m3_migr_commit(m.node[i].core, RIG_DC, E, NEW, 0,
					    TXN, NULL, 0), 0);
	SAME((long)(mesh_info(&m, at, E).rts_flags & M3_RTS_MIGRATE), 0);
	mesh_end(&m);
}

/* Who is heard after the loss has the endpoint: nobody is wronged. */
static void heard_after_the_loss(void)
{
	struct m3_call asks;
	struct m3_message message = { 0 };

	mesh_begin_two(&m, E, ASKS, THIRD);
	mesh_ask(&m, &asks, THIRD, M3_OP_SENDREC, ASKS, E, 4);
	mesh_settle(&m);
	mesh_cut(&m, NEW, THIRD);
	mesh_start(&m, E, NEW, TXN);
	/* Lost while E is frozen, but before it moves there. */
	SAME(m3_del_node(m.node[NEW].core, RIG_DC, THIRD), 0);
	SAME(m3_add_node(m.node[NEW].core, RIG_DC, THIRD), 0);
	mesh_open(&m, NEW, THIRD);
	mesh_export(&m, E, OLD, TXN);
	mesh_take(&m, E, NEW, TXN);
	SAME(m3_notify(m.member[NEW], E, ASKS), 0);
	mesh_settle(&m);
	mesh_commit(&m, E, OLD, NEW, TXN);
	mesh_settle(&m);
	SAME(m3_receive(m.member[NEW], E, M3_ANY, &message, 0), 0);
	SAME(m3_reply(m.member[NEW], E, ASKS, &message), 0);
	mesh_settle(&m);
	SAME(mesh_ended(&m, &asks, THIRD), 0);
	mesh_end(&m);
}

int main(void)
{
	alarm(100);
	lost_heir(OLD, 0);
	lost_heir(OLD, 1);
	lost_heir(THIRD, 0);
	lost_heir(THIRD, 1);
	rig_ok("a lost heir");
	heard_after_the_loss();
	rig_ok("an heir that is heard");
	return 0;
}
