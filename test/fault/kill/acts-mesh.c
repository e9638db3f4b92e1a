// SPDX-License-Identifier: MIT
/*
 * Three cores: what needs a third node, or two migrations at once. Each variant
 * is a storm with a seed of its own, so that it is the same each time and a
 * point that it has passed can be aimed at. Calls, moves, promotions and losses
 * cross as they like, and each may fail.
 */
#include "fresh.h"
#include "mesh.h"
#include <string.h>
#include <unistd.h>

#define PARTIES 9 /* endpoints 0..8, at node ep % MESH to begin with */
#define MOVES 3
#define STEPS 1200
#define STORMS 200

struct party {
	int node;
	int busy; /* its call has not ended */
	int owes; /* to whom, or M3_NONE */
	struct m3_call call;
	struct m3_buffer buffer;
};

/* Of one migration: which nodes have made the present step. */
struct move {
	int ep; /* or M3_NONE */
	int from, to, done, early;
	enum { FREEZE, EXPORT, COMMIT, ROLL_BACK } step;
	uint64_t txn;
	uint32_t bytes;
	_Alignas(8) unsigned char state[MESH_STATE];
};

static struct mesh m;
static struct party party[PARTIES];
static struct move moves[MOVES];
static uint64_t last_txn;

static struct m3_member *at(int ep)
{
	return m.member[party[ep].node];
}

static struct m3_node *core(int node)
{
	return m.node[node].core;
}

/* All nodes but its own take it for remote, if they will. */
static void declare(int ep)
{
	int a;

	for (a = 0; a < MESH; a++)
		if (a != party[ep].node)
			m3_rmtbind(core(a), RIG_DC, "far", ep, party[ep].node);
}

static void prepare(struct scene *s)
{
	int i;

	(void)s;
	memset(&m, 0, sizeof(m));
	m.node[0] = fresh.a;
	m.node[1] = fresh.b;
	m.node[2] = fresh.third;
	for (i = 0; i < MESH; i++)
		SAME(m3_node_open(m.node[i].dir, &m.node[i].core), 0);
	mesh_link(&m);
	/* All parties are of one process: it copies as if they were not. */
	for (i = 0; i < MESH; i++)
		SAME(m3_copy_mode(m.member[i], M3_COPY_BOUNCE), 0);
	for (i = 0; i < MOVES; i++)
		moves[i].ep = M3_NONE;
	for (i = 0; i < PARTIES; i++) {
		party[i].node = i % MESH;
		party[i].owes = M3_NONE;
		mesh_bind(&m, i, party[i].node);
		SAME(m3_alloc(at(i), i, COPY_BYTES, &party[i].buffer), 0);
	}
}

/* ------------------------------------------------------------ calls */

static void start(int ep, int op, int peer)
{
	struct party *p = &party[ep];

	memset(&p->call, 0, sizeof(p->call));
	p->call.op = (uint32_t)op;
	p->call.self = ep;
	p->call.peer = peer;
	p->call.message = rig_message(ASK_PLAIN, p->buffer.address, 0);
	p->busy = m3_start(at(ep), &p->call) == M3_PENDING;
}

/* From or to the memory of who waits for an answer: its own, or a buffer. */
static void start_copy(int ep, int push)
{
	struct party *p = &party[ep];
	static char own[COPY_BYTES];
	int other = p->owes;
	uint64_t mine = rig_random(2) ? p->buffer.address :
					(uint64_t)(uintptr_t)own;
	uint64_t theirs = rig_random(2) ? party[other].buffer.address :
					  (uint64_t)(uintptr_t)own;

	memset(&p->call, 0, sizeof(p->call));
	p->call.op = M3_OP_VCOPY;
	p->call.self = ep;
	p->call.peer = push ? ep : other;
	p->call.dst = push ? other : ep;
	p->call.src_address = push ? mine : theirs;
	p->call.dst_address = push ? theirs : mine;
	p->call.bytes = COPY_BYTES;
	p->busy = m3_start(at(ep), &p->call) == M3_PENDING;
}

static void got(int ep, const struct m3_message *q)
{
	if (!(q->type & M3_NOTIFY_MESSAGE) && q->source >= 0 &&
	    q->source < PARTIES)
		party[ep].owes = q->source;
}

static void look(int ep)
{
	struct party *p = &party[ep];
	int e = m3_finish(at(ep), &p->call);

	p->busy = e == M3_PENDING;
	if (e == 0 && p->call.op != M3_OP_VCOPY)
		got(ep, &p->call.message);
}

static void answer(int ep)
{
	struct m3_message q = rig_message(ANSWERED, 0, 0);
	int to = party[ep].owes;

	q.source = to;
	if (rig_random(4) == 0)
		m3_relay(at(ep), ep, (int)rig_random(PARTIES), &q);
	else
		m3_reply(at(ep), ep, to, &q);
	party[ep].owes = M3_NONE;
}

static void idle_step(int ep, int peer)
{
	struct m3_message q;

	switch (rig_random(8)) {
	case 0:
		start(ep, M3_OP_SEND, peer);
		break;
	case 1:
	case 2:
		start(ep, M3_OP_SENDREC, peer);
		break;
	case 3:
		start(ep, rig_random(2) ? M3_OP_RECEIVE : M3_OP_RCVRQST,
		      M3_ANY);
		break;
	case 4:
		m3_ntfy_value(at(ep), ep, M3_SELF, peer, 3);
		break;
	case 5:
		if (m3_resume(at(ep), ep, &q, M3_NOWAIT) == 0)
			got(ep, &q);
		break;
	default:
		if (m3_receive(at(ep), ep, M3_ANY, &q, M3_NOWAIT) == 0)
			got(ep, &q);
	}
}

static int is_moving(int ep)
{
	int i;

	for (i = 0; i < MOVES; i++)
		if (moves[i].ep == ep)
			return 1;
	return 0;
}

static int is_frozen(int ep)
{
	struct m3_proc_info info;

	return m3_getprocinfo(core(party[ep].node), RIG_DC, ep, &info) == 0 &&
	       info.rts_flags & M3_RTS_MIGRATE;
}

/* A new life, here or elsewhere. */
static void reborn(int ep)
{
	m3_unbind(at(ep), ep);
	if (rig_random(2))
		party[ep].node = (int)rig_random(MESH);
	m3_bind(at(ep), ep);
	m3_alloc(at(ep), ep, COPY_BYTES, &party[ep].buffer);
	party[ep].busy = 0;
	declare(ep);
}

static void call_step(void)
{
	int ep = (int)rig_random(PARTIES);
	struct party *p = &party[ep];

	/* A call that never waits would wait for the end of a migration. */
	if (is_frozen(ep) && !p->busy) {
		if (p->owes != M3_NONE && rig_random(4) == 0)
			start_copy(ep, (int)rig_random(2));
		else if (rig_random(8) == 0)
			start(ep, M3_OP_SENDREC, (int)rig_random(PARTIES));
		return;
	}
	if (p->busy && rig_random(12) == 0)
		p->busy = m3_cancel(at(ep), &p->call, M3_ECANCELED) ==
			  M3_PENDING;
	else if (p->busy)
		look(ep);
	else if (rig_random(120) == 0)
		reborn(ep);
	else if (p->owes == M3_NONE)
		idle_step(ep, (int)rig_random(PARTIES));
	else if (rig_random(2))
		start_copy(ep, (int)rig_random(2));
	else
		answer(ep);
}

/* ------------------------------------------------- moves, promotions */

static void moved(int ep, int to)
{
	struct party *p = &party[ep];

	p->node = to;
	m3_alloc(at(ep), ep, COPY_BYTES, &p->buffer);
	if (p->busy)
		start(ep, M3_OP_RESUME, M3_NONE);
}

/* The next node makes the step; the last one ends it. */
static void commit(struct move *v)
{
	int order[MESH] = { v->to, v->from, MESH - v->from - v->to };
	/* The third node may be told too early. */
	int node = order[v->early ? (v->done + 2) % MESH : v->done];

	m3_migr_commit(core(node), RIG_DC, v->ep, v->to,
		       node == v->to ? (int)getpid() : 0, v->txn, v->state,
		       v->bytes);
	v->done++;
	if (node == v->from)
		moved(v->ep, v->to);
	if (v->done == MESH)
		v->ep = M3_NONE;
}

static void move_step(struct move *v)
{
	int a;

	switch (v->step) {
	case FREEZE:
		for (a = 0; a < MESH; a++)
			m3_migr_start(core(a), RIG_DC, v->ep,
				      rig_random(3) ? v->to : -1, v->txn, 0);
		if (++v->done == 3) {
			v->done = 0;
			v->step = rig_random(5) ? EXPORT : ROLL_BACK;
		}
		break;
	case EXPORT:
		v->bytes = sizeof(v->state);
		v->step = m3_migr_export(core(v->from), RIG_DC, v->ep, v->txn,
					 v->state, &v->bytes) ||
			  !rig_random(8) ? ROLL_BACK : COMMIT;
		break;
	case COMMIT:
		commit(v);
		break;
	case ROLL_BACK:
		m3_migr_rollback(core(v->done), RIG_DC, v->ep, v->txn);
		if (++v->done == MESH)
			v->ep = M3_NONE;
	}
}

static void move_some(void)
{
	struct move *v = &moves[rig_random(MOVES)];
	int ep = (int)rig_random(PARTIES);

	if (v->ep != M3_NONE) {
		move_step(v);
		return;
	}
	if (rig_random(4) || is_moving(ep))
		return;
	v->ep = ep;
	v->from = party[ep].node;
	v->to = (v->from + 1 + (int)rig_random(2)) % MESH;
	v->done = 0;
	v->early = rig_random(4) == 0;
	v->step = FREEZE;
	v->txn = ++last_txn;
}

static void promote(int ep)
{
	int old = party[ep].node, to = (old + 1 + (int)rig_random(2)) % MESH;
	uint32_t flags = rig_random(2) ? M3_PROMOTE_RETRY : 0;

	m3_bkupbind(core(to), RIG_DC, (int)getpid(), ep, old);
	m3_promote(core(to), RIG_DC, ep, to, 0, flags);
	m3_promote(core(MESH - old - to), RIG_DC, ep, to, 0, flags);
	m3_unbind_any(core(old), RIG_DC, ep);
	party[ep].busy = 0;
	moved(ep, to);
	declare(ep);
}

/* -------------------------------------------------------------- links */

static void open_link(int a, int b)
{
	struct m3_dc_open mine, theirs;

	if (m3_proxy_open(m.proxy[a][b], RIG_DC, &mine) ||
	    m3_proxy_open(m.proxy[b][a], RIG_DC, &theirs))
		return;
	m3_proxy_opened(m.proxy[b][a], &mine);
	m3_proxy_opened(m.proxy[a][b], &theirs);
	m.cut[a][b] = m.cut[b][a] = 0;
}

/* Node b forgets node a, and node a takes it for a new core. */
static void lose(int a, int b)
{
	uint16_t dcs[4];
	int ep;

	m3_del_node(core(b), RIG_DC, a);
	m3_add_node(core(b), RIG_DC, a);
	m3_proxy_dcs(m.proxy[b][a], dcs, 4);
	open_link(a, b);
	for (ep = 0; ep < PARTIES; ep++)
		declare(ep);
}

/* What a link may carry moves on; frames are whole, and some are lost. */
static void link_step(void)
{
	static unsigned char frame[M3_FRAME_BYTES];
	int a = (int)rig_random(MESH);
	int b = (a + 1 + (int)rig_random(2)) % MESH;
	int lane = 1 + (int)rig_random(3), bytes;
	uint32_t count;

	if (m.cut[a][b]) {
		if (rig_random(6) == 0)
			open_link(a, b);
		return;
	}
	bytes = m3_proxy_take(m.proxy[a][b], RIG_DC, lane, frame,
			      sizeof(frame), &count);
	if (bytes <= 0)
		bytes = m3_proxy_acknowledge(m.proxy[a][b], RIG_DC, frame,
					     sizeof(frame));
	if (rig_random(60) == 0) {
		mesh_cut(&m, a, b);
		if (rig_random(2))
			lose(a, b);
	} else if (bytes > 0) {
		m3_proxy_put(m.proxy[b][a], frame, (uint32_t)bytes);
	}
}

static void storm(struct scene *s)
{
	int i;

	rig_reseed(s->variant);
	for (i = 0; i < STEPS; i++) {
		call_step();
		link_step();
		link_step();
		move_some();
		if (rig_random(100) == 0)
			promote((int)rig_random(PARTIES));
	}
}

const struct act mesh_acts[] = {
	{ "a storm on three cores", fresh_mesh, prepare, storm, fresh_end_mesh,
	  ACT_VARIANTS(STORMS) },
};

const unsigned int mesh_act_count = sizeof(mesh_acts) / sizeof(*mesh_acts);
