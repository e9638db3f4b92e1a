// SPDX-License-Identifier: MIT
/* On cores of its own: endpoints that migrate, come back, or take over. */
#include "fresh.h"
#include <string.h>
#include <unistd.h>

#define E 1 /* the endpoint that moves */
#define FROZEN_A 4 /* who calls it while it is frozen, and the like */
#define FROZEN_B 14
#define NOTE_A 5
#define NOTE_B 15
#define STRANGER_A 7
#define STRANGER_B 17

/* Its own call when it is frozen. */
enum own { OWN_NONE, OWN_FAR, OWN_NEAR, OWN_QUEUED, OWN_RECEIVE, OWN_RCVRQST,
	   OWN_WAITBIND, OWNS };

#define STRANGE 8 /* calls of the two; the last is of who is paused */

static _Alignas(8) unsigned char state[65536];
static uint32_t state_bytes;
static uint64_t txn;

static void more_endpoints(void)
{
	static const int near[] = { FROZEN_A, NOTE_A };
	static const int far[] = { FROZEN_B, NOTE_B };
	int i;

	/* Clients that the other node has never heard of. */
	m3_bind(fresh.ma, STRANGER_A);
	m3_bind(fresh.mb, STRANGER_B);
	for (i = 0; i < 2; i++) {
		m3_bind(fresh.ma, near[i]);
		m3_rmtbind(fresh.b.core, RIG_DC, "near", near[i], 0);
		m3_bind(fresh.mb, far[i]);
		m3_rmtbind(fresh.a.core, RIG_DC, "far", far[i], 1);
	}
}

static struct m3_node *core_of(int node)
{
	return node ? fresh.b.core : fresh.a.core;
}

static struct m3_member *member_of(int node)
{
	return node ? fresh.mb : fresh.ma;
}

static void freeze(int to)
{
	int i;

	txn++;
	for (i = 0; i < 2; i++) {
		m3_migr_start(fresh.a.core, RIG_DC, E, to, txn, 0);
		m3_migr_start(fresh.b.core, RIG_DC, E, to, txn, 0);
		fresh_settle();
	}
}

static void export_state(int from)
{
	state_bytes = sizeof(state);
	m3_migr_export(core_of(from), RIG_DC, E, txn, state, &state_bytes);
}

static void commit(int from, int to)
{
	m3_migr_commit(core_of(to), RIG_DC, E, to, (int)getpid(), txn, state,
		       state_bytes);
	m3_migr_commit(core_of(from), RIG_DC, E, to, 0, txn, NULL, 0);
	fresh_settle();
}

static void roll_back(void)
{
	m3_migr_rollback(fresh.a.core, RIG_DC, E, txn);
	m3_migr_rollback(fresh.b.core, RIG_DC, E, txn);
	fresh_settle();
}

/* Who has asked, who waits, who has notified; and what it does itself. */
static void busy(int at, enum own own)
{
	struct m3_message q;
	int i;

	fresh_start(fresh.ma, 2, M3_OP_SENDREC, 3, E);
	fresh_start(fresh.mb, 3, M3_OP_SENDREC, 13, E);
	fresh_settle();
	for (i = 0; i < 2; i++)
		m3_rcvrqst(member_of(at), E, &q, M3_NOWAIT);
	if (own != OWN_RECEIVE && own != OWN_RCVRQST) {
		fresh_start(fresh.ma, 4, M3_OP_SEND, 2, E);
		fresh_start(fresh.mb, 5, M3_OP_SENDREC, 12, E);
		m3_ntfy_value(fresh.ma, NOTE_A, M3_SELF, E, 3);
		m3_notify(fresh.mb, NOTE_B, E);
		fresh_start(fresh.ma, STRANGE, M3_OP_SENDREC, STRANGER_A, E);
		fresh_start(fresh.mb, STRANGE + 1, M3_OP_SEND, STRANGER_B, E);
	}
	switch (own) {
	case OWN_FAR:
	case OWN_NEAR:
		fresh_start(member_of(at), 0, M3_OP_SENDREC, E,
			    (own == OWN_FAR) == (at == 0) ? NOTE_B : NOTE_A);
		break;
	case OWN_QUEUED:
		fresh_start(member_of(at), 0, M3_OP_SEND, E, FROZEN_B);
		break;
	case OWN_RECEIVE:
	case OWN_RCVRQST:
		fresh_start(member_of(at), 0, own == OWN_RECEIVE ?
				    M3_OP_RECEIVE : M3_OP_RCVRQST, E, M3_ANY);
		break;
	case OWN_WAITBIND:
		fresh_start(member_of(at), 0, M3_OP_WAITBIND, E, 9);
		break;
	default:
		break;
	}
	fresh_settle();
}

/* What is aimed at it while it is frozen, before the export or after. */
static void meanwhile(int given_up)
{
	struct m3_message q;

	fresh_start(fresh.ma, 6, given_up ? M3_OP_SENDREC : M3_OP_SEND,
		    FROZEN_A, E);
	fresh_start(fresh.mb, 7, M3_OP_SENDREC, FROZEN_B, E);
	m3_ntfy_value(fresh.ma, NOTE_A, M3_SELF, E, 5);
	m3_notify(fresh.mb, NOTE_B, E);
	m3_notify(fresh.mb, NOTE_B, E);
	/* Whom it waits for takes its request, and answers. */
	if (m3_receive(fresh.mb, NOTE_B, E, &q, M3_NOWAIT) == 0)
		m3_reply(fresh.mb, NOTE_B, E, &q);
	if (m3_receive(fresh.ma, NOTE_A, E, &q, M3_NOWAIT) == 0)
		m3_reply(fresh.ma, NOTE_A, E, &q);
	/* A second one waits here; the first gives up, or is handed on. */
	fresh_start(fresh.ma, STRANGE + 2, M3_OP_SENDREC, NOTE_A, E);
	/* Its own process makes a call, which waits too. */
	fresh_start(fresh.ma, STRANGE + 3, M3_OP_SEND, E, FROZEN_B);
	fresh_start(fresh.mb, STRANGE + 3, M3_OP_SEND, E, FROZEN_B);
	if (given_up) {
		fresh_end(fresh.ma, STRANGE + 2);
		fresh_end(fresh.ma, 6);
		fresh_end(fresh.mb, 7);
		fresh_end(fresh.ma, 4);
		fresh_end(fresh.mb, 3);
	}
	fresh_settle();
}

/* It goes on where it is: all calls come to their end. */
static void go_on(int at)
{
	struct m3_message q = rig_message(ANSWERED, 0, 0);
	struct m3_member *m = member_of(at);
	int i;

	if (m3_resume(m, E, &q, M3_NOWAIT) == -M3_EAGAIN)
		m3_resume(m, E, &q, 1);
	fresh_end(fresh.ma, 0);
	fresh_end(fresh.mb, 0);
	q.type = ANSWERED;
	m3_reply(m, E, 3, &q);
	m3_reply(m, E, 13, &q);
	for (i = 0; i < 12; i++) {
		if (m3_receive(m, E, M3_ANY, &q, M3_NOWAIT))
			break;
		m3_reply(m, E, q.source, &q);
		fresh_settle();
	}
	for (i = 2; i < STRANGE + 2; i++)
		fresh_end(i % 2 ? fresh.mb : fresh.ma, i);
	fresh_end(fresh.ma, STRANGE + 2);
	fresh_end(fresh.ma, STRANGE + 3);
	fresh_end(fresh.mb, STRANGE + 3);
	fresh_settle();
}

static void moves(enum own from, enum own below)
{
	enum own own;
	int at = 0;

	more_endpoints();
	for (own = from; own < below; own++, at = !at) {
		busy(at, own);
		freeze(!at);
		meanwhile(own & 1);
		export_state(at);
		if (!(own & 1))
			m3_ntfy_value(fresh.ma, NOTE_A, M3_SELF, E, 6);
		commit(at, !at);
		go_on(!at);
	}
}

static void do_move(struct scene *s)
{
	(void)s;
	moves(OWN_NONE, OWN_QUEUED);
}

static void do_move_waiting(struct scene *s)
{
	(void)s;
	moves(OWN_QUEUED, OWNS);
}

/* It receives, or waits, and nothing comes; it may do little. */
static void do_move_quietly(struct scene *s)
{
	static const enum own owns[] = {
		OWN_RECEIVE, OWN_RCVRQST, OWN_WAITBIND,
	};
	struct m3_priv p;
	int i, at = 0;

	(void)s;
	more_endpoints();
	for (i = 0; i < 3; i++, at = !at) {
		if (m3_getpriv(core_of(at), RIG_DC, E, &p) == 0) {
			p.level = M3_LEVEL_SERVER - i;
			p.warn = 2;
			p.calls = ~(1ull << (20 + i));
			p.to[0] = ~0ull << i;
			m3_setpriv(core_of(at), RIG_DC, E, &p);
		}
		busy(at, owns[i]);
		freeze(!at);
		export_state(at);
		fresh_start(fresh.ma, 6, M3_OP_SEND, FROZEN_A, E);
		fresh_start(fresh.mb, 7, M3_OP_SEND, FROZEN_B, E);
		if (i == 1)
			roll_back();
		else
			commit(at, !at);
		if (i == 1)
			at = !at;
		go_on(!at);
	}
}

/* A request is handed on to who is frozen. */
static void do_relay_frozen(struct scene *s)
{
	struct m3_message q;
	int i;

	(void)s;
	more_endpoints();
	for (i = 0; i < 2; i++) {
		fresh_start(fresh.ma, 2, M3_OP_SENDREC, 3, 2);
		fresh_start(fresh.mb, 3, M3_OP_SENDREC, 13, 2);
		fresh_settle();
		freeze(1);
		while (m3_rcvrqst(fresh.ma, 2, &q, M3_NOWAIT) == 0)
			m3_relay(fresh.ma, 2, E, &q);
		fresh_settle();
		export_state(0);
		if (!i)
			roll_back();
		else
			commit(0, 1);
		go_on(i);
	}
}

/* Calls that end after what they were was exported. */
static void do_move_late(struct scene *s)
{
	int i, at = 0;

	(void)s;
	more_endpoints();
	for (i = 0; i < 4; i++, at = !at) {
		busy(at, i & 2 ? OWN_NEAR : OWN_FAR);
		freeze(!at);
		export_state(at);
		meanwhile(i & 1);
		commit(at, !at);
		go_on(!at);
	}
}

static void do_stay(struct scene *s)
{
	static const enum own owns[] = { OWN_NEAR, OWN_FAR, OWN_RECEIVE };
	int i;

	(void)s;
	more_endpoints();
	for (i = 0; i < 3; i++) {
		busy(0, owns[i]);
		freeze(i ? 1 : -1);
		meanwhile(i & 1);
		if (i)
			export_state(0);
		m3_notify(fresh.ma, NOTE_A, E);
		roll_back();
		go_on(0);
	}
}

/* Node `at` hears that the core of the other one is another. */
static void lose_core(struct rig_node *at, struct rig_node *gone)
{
	struct m3_dc_open open;
	int lane;

	m3_proxy_open(gone->proxy, RIG_DC, &open);
	open.incarnation += 1ull << 32;
	open.peer_incarnation = 0;
	for (lane = 0; lane < M3_LANES; lane++)
		open.expected[lane] = 1;
	m3_proxy_opened(at->proxy, &open);
}

/* The new node is lost when it has the endpoint, and the old one not yet. */
static void do_lose_heir(struct scene *s)
{
	(void)s;
	more_endpoints();
	/* A client that only its first record has bound here moves on. */
	m3_notify(fresh.mb, STRANGER_B, NOTE_A);
	fresh_settle();
	m3_node_up(fresh.a.core, 2, "third");
	m3_add_node(fresh.a.core, RIG_DC, 2);
	m3_migr_start(fresh.a.core, RIG_DC, STRANGER_B, 2, 1, 0);
	m3_migr_commit(fresh.a.core, RIG_DC, STRANGER_B, 2, 0, 1, NULL, 0);
	busy(0, OWN_NONE);
	freeze(1);
	meanwhile(0);
	export_state(0);
	m3_migr_commit(fresh.b.core, RIG_DC, E, 1, (int)getpid(), txn, state,
		       state_bytes);
	lose_core(&fresh.a, &fresh.b);
	m3_migr_commit(fresh.a.core, RIG_DC, E, 1, 0, txn, NULL, 0);
	/* Who is frozen from now on does not care. */
	m3_migr_start(fresh.a.core, RIG_DC, NOTE_A, 1, txn, 0);
}

/* It dies, or its node is lost, while it is frozen. */
static void do_end_frozen(struct scene *s)
{
	int i;

	(void)s;
	more_endpoints();
	for (i = 0; i < 2; i++) {
		busy(0, i ? OWN_QUEUED : OWN_FAR);
		freeze(1);
		meanwhile(0);
		if (i)
			export_state(0);
		m3_unbind(fresh.ma, E);
		fresh_settle();
		roll_back();
		m3_bind(fresh.ma, E);
		go_on(0);
	}
	busy(0, OWN_NONE);
	freeze(1);
	meanwhile(0);
	lose_core(&fresh.b, &fresh.a);
	m3_migr_rollback(fresh.b.core, RIG_DC, E, txn);
	m3_migr_rollback(fresh.a.core, RIG_DC, E, txn);
}

/* A backup takes over; calls that were out are made again, or end. */
static void do_promote(struct scene *s)
{
	int pid = (int)getpid(), retry;

	(void)s;
	more_endpoints();
	for (retry = 0; retry < 3; retry++) {
		int at = retry & 1, to = !at;
		struct m3_node *there = core_of(to);

		m3_bkupbind(there, RIG_DC, pid, E, at);
		busy(at, at ? OWN_NEAR : OWN_FAR);
		/* What node 1 has sent to it is lost with its node. */
		fresh_start(member_of(to), 6, M3_OP_SENDREC,
			    to ? FROZEN_B : FROZEN_A, E);
		fresh_lose(to ? &fresh.b : &fresh.a);
		fresh_start(member_of(to), 1, M3_OP_SEND, to ? 11 : 2, E);
		fresh_cut();
		m3_promote(there, RIG_DC, E, to, 0,
			   at ? M3_PROMOTE_RETRY : 0);
		rig_open(&fresh.a, &fresh.b);
		m3_unbind_any(core_of(at), RIG_DC, E);
		fresh_settle();
		m3_rmtbind(core_of(at), RIG_DC, "heir", E, to);
		go_on(to);
		fresh_end(member_of(to), 1);
		fresh_settle();
	}
}

const struct act migrate_acts[] = {
	FRESH_ACT("migrate", do_move),
	FRESH_ACT("migrate while it waits", do_move_waiting),
	FRESH_ACT("migrate quietly", do_move_quietly),
	FRESH_ACT("hand on to the frozen", do_relay_frozen),
	FRESH_ACT("migrate, with ends after the export", do_move_late),
	FRESH_ACT("roll back", do_stay),
	FRESH_ACT("end while frozen", do_end_frozen),
	FRESH_ACT("lose the new node", do_lose_heir),
	FRESH_ACT("promote", do_promote),
};

const unsigned int migrate_act_count =
	sizeof(migrate_acts) / sizeof(*migrate_acts);
