// SPDX-License-Identifier: MIT
/*
 * Every way in which two cores can lose sight of each other: all sequences of
 * restarts, of a peer taken out of the DC and put in again, and of openings
 * that reached one side only. Whatever came before, a whole opening must work
 * at once, and a call over it too.
 */
#include "rig.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum action { RESTART_A, RESTART_B, FORGET_A, FORGET_B, OPEN_A, OPEN_B, CALL };
#define ACTIONS 7

struct side {
	struct rig_node node;
	struct m3_member *member;
};

/* The DC ends and starts again: another incarnation. */
static void restart(struct side *s, int peer)
{
	struct m3_dc_params dc = {
		.dc = RIG_DC, .tasks = RIG_TASKS, .procs = RIG_PROCS,
		.gid = (uint32_t)-1, .name = "rig",
	};
	uint16_t dcs[2];

	m3_leave(s->member);
	SAME(m3_dc_end(s->node.core, RIG_DC), 0);
	SAME(m3_dc_init(s->node.core, &dc), 0);
	SAME(m3_add_node(s->node.core, RIG_DC, peer), 0);
	SAME(m3_proxy_dcs(s->node.proxy, dcs, 2), 1);
	s->member = rig_join(&s->node, s->node.id + 1);
}

/* The admin takes the peer out and puts it in: its space is forgotten. */
static void forget(struct side *s, int peer)
{
	SAME(m3_del_node(s->node.core, RIG_DC, peer), 0);
	SAME(m3_add_node(s->node.core, RIG_DC, peer), 0);
}

/* `to` hears what `from` says; the other way, the link is cut. */
static void half_open(struct side *from, struct side *to)
{
	struct m3_dc_open open;

	SAME(m3_proxy_open(from->node.proxy, RIG_DC, &open), 0);
	SAME(m3_proxy_opened(to->node.proxy, &open), 0);
}

/* A call from A to B, as far as the link is open; 1: it was answered. */
static int call(struct side *a, struct side *b, int must)
{
	static char frame[M3_FRAME_BYTES];
	struct m3_message message;
	struct m3_call c;
	unsigned int bytes;
	int e;

	m3_rmtbind(a->node.core, RIG_DC, "far", 2, 1);
	rig_start_call(a->member, &c, M3_OP_SENDREC, 1, 2, 7, M3_PENDING);
	while ((bytes = rig_take(&a->node, M3_LANE_NORMAL, frame,
				 sizeof(frame)))) {
		e = m3_proxy_put(b->node.proxy, frame, bytes);
		/* On a half-open link the other side may know better. */
		MUST(e >= 0 || (!must && e == -M3_EPROTO));
		if (e < 0)
			break;
	}
	while (m3_receive(b->member, 2, M3_ANY, &message, 0) == 0)
		m3_reply(b->member, 2, message.source, &message);
	if (must)
		rig_settle(&a->node, &b->node);
	e = m3_finish(a->member, &c);
	if (e == M3_PENDING)
		e = m3_cancel(a->member, &c, M3_ECANCELED);
	return e == 0;
}

static void act(struct side *a, struct side *b, enum action action)
{
	switch (action) {
	case RESTART_A:
		restart(a, 1);
		break;
	case RESTART_B:
		restart(b, 0);
		break;
	case FORGET_A:
		forget(a, 1);
		break;
	case FORGET_B:
		forget(b, 0);
		break;
	case OPEN_A:
		half_open(b, a);
		break;
	case OPEN_B:
		half_open(a, b);
		break;
	case CALL:
		call(a, b, 0);
		break;
	}
}

static void sequence(struct side *a, struct side *b, unsigned int code,
		     int length)
{
	unsigned int rest = code;
	int i;

	for (i = 0; i < length; i++, rest /= ACTIONS)
		act(a, b, (enum action)(rest % ACTIONS));
	m3_proxy_disconnected(a->node.proxy);
	m3_proxy_disconnected(b->node.proxy);
	rig_open(&a->node, &b->node);
	rig_settle(&a->node, &b->node);
	/* The first call may meet a binding of the former life. */
	if (!call(a, b, 1) && !call(a, b, 1)) {
		fprintf(stderr, "sequence %u of %d: no answer\n", code, length);
		exit(1);
	}
	SOUND(&a->node);
	SOUND(&b->node);
}

int main(int argc, char **argv)
{
	int length, longest = rig_rounds(argc, argv, 4);
	unsigned int code, codes = 1;
	struct side a, b;

	rig_start(&a.node, 0);
	rig_start(&b.node, 1);
	rig_pair(&a.node, &b.node);
	a.member = rig_join(&a.node, 1);
	b.member = rig_join(&b.node, 2);
	for (length = 1; length <= longest; length++) {
		codes *= ACTIONS;
		for (code = 0; code < codes; code++)
			sequence(&a, &b, code, length);
	}
	m3_leave(a.member);
	m3_leave(b.member);
	rig_stop(&a.node);
	rig_stop(&b.node);
	return 0;
}
