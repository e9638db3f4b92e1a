// SPDX-License-Identifier: MIT
/* Exported states that were tampered with, and peers that claim an endpoint. */
#include "forge.h"
#include "mesh.h"
#include <core/state.h>
#include <string.h>
#include <unistd.h>

#define OLD 0
#define NEW 1
#define THIRD 2
#define E 10
#define P 11
#define TXN 78

static struct mesh m;

/* -------------------------------------------------- lies about a state */

static void liars(void)
{
	struct m3_state *s = (struct m3_state *)(void *)m.state;
	struct m3_party *p;
	struct m3_call call;
	unsigned char *copy = (unsigned char *)m.state;
	uint32_t i, n;

	mesh_begin(&m);
	mesh_bind(&m, E, OLD);
	mesh_bind(&m, P, THIRD);
	rig_start_call(m.member[THIRD], &call, M3_OP_SENDREC, P, E, 5,
		       M3_PENDING);
	mesh_settle(&m);
	mesh_start(&m, E, NEW, TXN);
	mesh_export(&m, E, OLD, TXN);
	p = (struct m3_party *)(uintptr_t)m3_state_parties(s);
	SAME((long)s->parties, 1);
	SAME(p->endpoint, P);
	for (i = 0; i < m.bytes; i += 7)
		SAME(m3_migr_commit(m.node[NEW].core, RIG_DC, E, NEW, getpid(),
				    TXN, m.state, i), -M3_EBADVALUE);
	/* Any damage: refused, or imported and the region is sound. */
	for (i = 0; i < 400; i++) {
		n = rig_random(m.bytes);
		copy[n] ^= (unsigned char)(1 << rig_random(8));
		if (m3_migr_commit(m.node[NEW].core, RIG_DC, E, NEW, getpid(),
				   TXN, m.state, m.bytes) == 0)
			break;
	}
	mesh_sound(&m);
	m3_migr_commit(m.node[OLD].core, RIG_DC, E, NEW, 0, TXN, NULL, 0);
	m3_migr_commit(m.node[THIRD].core, RIG_DC, E, NEW, 0, TXN, NULL, 0);
	mesh_settle(&m);
	mesh_end(&m);
}

/* ------------------------------------------------- a peer that lies */

struct lie {
	struct rig_node n;
	struct m3_member *member;
	struct m3_call call;
	struct forge f;
	struct forge_record r;
};

static void answers_are(struct lie *l, int status)
{
	while (forge_take(&l->f, M3_LANE_NORMAL, &l->r))
		SAME(l->r.head.status, status);
}

static void say(struct lie *l, int kind, uint64_t call, unsigned int epoch)
{
	unsigned int body = kind == M3_REC_ERROR ? 0 :
						   sizeof(struct m3_message);

	forge_fill(&l->f, &l->r, kind, E, P, call, body);
	l->r.head.src_binding |= (uint64_t)epoch << 32;
	if (kind == M3_REC_ERROR)
		l->r.head.status = -M3_EMIGRATE;
	SAME(forge_put(&l->f, M3_LANE_NORMAL, &l->r), 1);
	SOUND(&l->n);
}

/* E is on node 2, or goes to node 3: node 1 cannot claim it. */
static void thief(struct lie *l)
{
	struct m3_dc_counters c;
	unsigned int epoch;

	for (epoch = 0; epoch < 3; epoch++)
		say(l, M3_REC_SEND, epoch + 1, epoch);
	answers_are(l, -M3_ENONODE);
	SAME(m3_migr_start(l->n.core, RIG_DC, E, 3, TXN, 0), 0);
	say(l, M3_REC_SEND, 9, 1);
	SAME(m3_dc_counters(l->n.core, RIG_DC, &c), 0);
	SAME((long)c.bad_node, 4);
	SAME(m3_migr_rollback(l->n.core, RIG_DC, E, TXN), 0);
	answers_are(l, -M3_ENONODE);
}

/* EMIGRATE of a call that is not that node's does nothing. */
static void bouncer(struct lie *l)
{
	SAME(m3_migr_start(l->n.core, RIG_DC, E, 1, TXN + 1, 0), 0);
	rig_start_call(l->member, &l->call, M3_OP_SEND, P, E, 1, M3_PENDING);
	say(l, M3_REC_ERROR, 1, 0);
	/* The named target with the next epoch is believed. */
	say(l, M3_REC_NOTIFY, 0, 1);
	MUST(forge_take(&l->f, M3_LANE_NORMAL, &l->r));
	SAME(l->r.head.kind, M3_REC_SEND);
	SAME((long)(l->r.head.dst_binding >> 32), 1);
	/* It bounces the call: not known here that it moved again. */
	say(l, M3_REC_ERROR, l->r.head.call, 1);
	SAME(m3_finish(l->member, &l->call), M3_PENDING);
	MUST(!forge_take(&l->f, M3_LANE_NORMAL, &l->r));
	SAME(m3_migr_start(l->n.core, RIG_DC, E, 2, TXN + 2, 0), 0);
	SAME(m3_migr_rollback(l->n.core, RIG_DC, E, TXN + 2), 0);
	MUST(forge_take(&l->f, M3_LANE_NORMAL, &l->r));
	SAME(l->r.head.kind, M3_REC_SEND);
}

static void forged(void)
{
	static struct lie l;

	rig_start(&l.n, 0);
	forge_begin(&l.f, &l.n, 1);
	l.member = rig_join(&l.n, P);
	SAME(m3_node_up(l.n.core, 2, "old"), 0);
	SAME(m3_add_node(l.n.core, RIG_DC, 2), 0);
	SAME(m3_rmtbind(l.n.core, RIG_DC, "e", E, 2), 0);
	thief(&l);
	bouncer(&l);
	SOUND(&l.n);
	SAME(m3_unbind_any(l.n.core, RIG_DC, E), 0);
	SAME(m3_finish(l.member, &l.call), -M3_EDSTDIED);
	m3_leave(l.member);
	rig_stop(&l.n);
}

int main(int argc, char **argv)
{
	int i;

	rig_seed(argc, argv);
	for (i = rig_rounds(argc, argv, 20); i > 0; i--)
		liars();
	rig_ok("lies about a state");
	forged();
	return 0;
}
