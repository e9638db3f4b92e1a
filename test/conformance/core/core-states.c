// SPDX-License-Identifier: MIT
/*
 * An endpoint migrates, or is to, while it waits for a request, or for another
 * to be bound or unbound: the wait goes on, here or there.
 */
#include "mesh.h"
#include <string.h>

#define OLD 0
#define NEW 1
#define E 10
#define P 11
#define Q 12
#define TXN 78

static struct mesh m;
static struct m3_call of_e, of_p;

/* E waits in `op` for `peer` when it is frozen; it comes back, or not. */
static void begin(int op, int peer, int back)
{
	mesh_begin(&m);
	mesh_bind(&m, E, OLD);
	mesh_bind(&m, P, NEW);
	if (op == M3_OP_WAITUNBIND)
		mesh_bind(&m, Q, OLD);
	rig_start_call(m.member[OLD], &of_e, op, E, peer, 0, M3_PENDING);
	mesh_start(&m, E, NEW, TXN);
	SAME(m3_finish(m.member[OLD], &of_e), M3_PENDING);
	mesh_export(&m, E, OLD, TXN);
	if (back)
		mesh_rollback(&m, E, TXN);
	else
		mesh_commit(&m, E, OLD, NEW, TXN);
	mesh_settle(&m);
	mesh_sound(&m);
	if (!back)
		SAME(m3_finish(m.member[OLD], &of_e), -M3_EMIGRATE);
}

/* Sends and notifications do not end it there either. */
static void waits_for_a_request(int back)
{
	int at = back ? OLD : NEW;
	struct m3_message in;
	struct m3_call first;

	begin(M3_OP_RCVRQST, M3_ANY, back);
	SAME(m3_notify(m.member[NEW], P, E), 0);
	SAME(m3_bind(m.member[at], Q + 1), 0);
	rig_start_call(m.member[at], &first, M3_OP_SEND, Q + 1, E, 3,
		       M3_PENDING);
	mesh_settle(&m);
	if (back)
		SAME(m3_finish(m.member[OLD], &of_e), M3_PENDING);
	rig_start_call(m.member[NEW], &of_p, M3_OP_SENDREC, P, E, 4,
		       M3_PENDING);
	mesh_settle(&m);
	if (back) {
		SAME(m3_finish(m.member[OLD], &of_e), 0);
		in = of_e.message;
	} else {
		SAME(m3_resume(m.member[NEW], E, &in, 1000), 0);
	}
	SAME(in.source, P);
	SAME(in.type, 4);
	SAME(m3_reply(m.member[at], E, P, &in), 0);
	mesh_settle(&m);
	SAME(m3_finish(m.member[NEW], &of_p), 0);
	SAME(m3_receive(m.member[at], E, M3_ANY, &in, 0), 0);
	SAME(in.source, P);
	SAME(m3_receive(m.member[at], E, M3_ANY, &in, 0), 0);
	SAME(in.type, 3);
	SAME(m3_finish(m.member[at], &first), 0);
	mesh_end(&m);
}

static void waits_for_a_binding(int op, int back)
{
	begin(op, Q, back);
	if (back) {
		SAME(m3_finish(m.member[OLD], &of_e), M3_PENDING);
		if (op == M3_OP_WAITBIND)
			SAME(m3_bind(m.member[OLD], Q), 0);
		else
			SAME(m3_unbind(m.member[OLD], Q), 0);
		SAME(m3_finish(m.member[OLD], &of_e), 0);
	}
	mesh_end(&m);
}

int main(void)
{
	waits_for_a_request(1);
	waits_for_a_request(0);
	rig_ok("rcvrqst");
	waits_for_a_binding(M3_OP_WAITBIND, 1);
	waits_for_a_binding(M3_OP_WAITBIND, 0);
	rig_ok("wait4bindep");
	waits_for_a_binding(M3_OP_WAITUNBIND, 1);
	waits_for_a_binding(M3_OP_WAITUNBIND, 0);
	rig_ok("wait4unbind");
	return 0;
}
