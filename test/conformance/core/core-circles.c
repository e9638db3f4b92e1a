// SPDX-License-Identifier: MIT
/* Circles of processes that wait for each other: none is ever closed. */
#include "rig.h"
#include <string.h>

/*
 * A circle of processes that wait for each other: the one that would close it
 * gets ELOCKED. An answer closes none, and neither does a receive.
 */
static void circles(void)
{
	struct m3_call one, two, three;
	struct m3_message message;
	struct m3_member *m;
	struct rig_node n;

	rig_start(&n, 0);
	m = rig_join(&n, 1);
	SAME(m3_bind(m, 2), 0);
	SAME(m3_bind(m, 3), 0);
	/* Two that send to each other; and a third, through the second. */
	rig_start_call(m, &one, M3_OP_SEND, 1, 2, 7, M3_PENDING);
	rig_start_call(m, &two, M3_OP_SEND, 2, 1, 7, -M3_ELOCKED);
	rig_start_call(m, &two, M3_OP_SENDREC, 2, 1, 7, -M3_ELOCKED);
	rig_start_call(m, &two, M3_OP_SENDREC, 2, 3, 7, M3_PENDING);
	rig_start_call(m, &three, M3_OP_SENDREC, 3, 1, 7, -M3_ELOCKED);
	/* 2's request was taken: 3 may answer it by a send, not ask 1. */
	SAME(m3_receive(m, 3, M3_ANY, &message, 0), 0);
	rig_start_call(m, &three, M3_OP_SEND, 3, 1, 7, -M3_ELOCKED);
	rig_start_call(m, &three, M3_OP_SEND, 3, 2, 7, 0);
	SAME(m3_finish(m, &two), 0);
	SAME(m3_cancel(m, &one, M3_ECANCELED), -M3_ECANCELED);
	/* Who receives may be served by anybody. */
	rig_start_call(m, &one, M3_OP_RECEIVE, 1, 2, 7, M3_PENDING);
	rig_start_call(m, &three, M3_OP_SEND, 3, 1, 7, M3_PENDING);
	rig_start_call(m, &two, M3_OP_SEND, 2, 3, 7, M3_PENDING);
	SAME(m3_cancel(m, &one, M3_ECANCELED), -M3_ECANCELED);
	SAME(m3_cancel(m, &two, M3_ECANCELED), -M3_ECANCELED);
	SAME(m3_cancel(m, &three, M3_ECANCELED), -M3_ECANCELED);
	SOUND(&n);
	m3_leave(m);
	rig_stop(&n);
	rig_ok("circles of two and three");
}

/* Two on two nodes: exactly one of the two fails, whatever crosses what. */
static void circle_of_two_nodes(void)
{
	struct m3_member *a, *b;
	struct rig_node na, nb;
	struct m3_call one, two;
	int op, first, e1, e2;

	rig_start(&na, 0);
	rig_start(&nb, 1);
	rig_pair(&na, &nb);
	a = rig_join(&na, 1);
	b = rig_join(&nb, 2);
	SAME(m3_rmtbind(na.core, RIG_DC, "far", 2, 1), 0);
	SAME(m3_rmtbind(nb.core, RIG_DC, "far", 1, 0), 0);
	for (op = 0; op < 4; op++)
		for (first = 0; first < 3; first++) {
			int ask = op & 1 ? M3_OP_SEND : M3_OP_SENDREC;
			int back = op & 2 ? M3_OP_SEND : M3_OP_SENDREC;

			memset(&one, 0, sizeof(one));
			memset(&two, 0, sizeof(two));
			one.op = (uint32_t)ask;
			one.self = 1;
			one.peer = 2;
			two.op = (uint32_t)back;
			two.self = 2;
			two.peer = 1;
			e1 = first == 1 ? 1 : m3_start(a, &one);
			if (first == 0)
				rig_settle(&na, &nb);
			e2 = m3_start(b, &two);
			if (first == 1) {
				rig_settle(&na, &nb);
				e1 = m3_start(a, &one);
			}
			rig_settle(&na, &nb);
			if (e1 == M3_PENDING)
				e1 = m3_finish(a, &one);
			if (e2 == M3_PENDING)
				e2 = m3_finish(b, &two);
			MUST((e1 == -M3_ELOCKED) + (e2 == -M3_ELOCKED) == 1);
			MUST((e1 == M3_PENDING) + (e2 == M3_PENDING) == 1);
			if (e1 == M3_PENDING)
				m3_cancel(a, &one, M3_ECANCELED);
			else
				m3_cancel(b, &two, M3_ECANCELED);
			rig_settle(&na, &nb);
			SOUND(&na);
			SOUND(&nb);
		}
	m3_leave(a);
	m3_leave(b);
	rig_stop(&na);
	rig_stop(&nb);
	rig_ok("circles of two nodes");
}

int main(void)
{
	circles();
	circle_of_two_nodes();
	return 0;
}
