// SPDX-License-Identifier: MIT
#include "fresh.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct fresh fresh;

/* ----------------------------------------------------- in the driver */

/* Making a core takes long: they are kept, and get a new DC each time. */
static void core_begin(struct rig_node *n, int id)
{
	struct m3_dc_params dc = {
		.dc = RIG_DC, .tasks = RIG_TASKS, .procs = RIG_PROCS,
		.arena_bytes = 8u << 20, .gid = (uint32_t)-1, .name = "rig",
	};

	if (!n->core)
		rig_start(n, id);
	else
		SAME(m3_dc_init(n->core, &dc), 0);
}

void fresh_cores(struct scene *s)
{
	(void)s;
	core_begin(&fresh.a, 0);
	core_begin(&fresh.b, 1);
}

static void inconsistent(int node, int dc, int line)
{
	printf("inconsistent check.c:%d of node %d, dc %d, site %lx, after %u "
	       "points of: %s\n", line, node, dc, (unsigned long)board->site,
	       board->passed, board->act);
	fflush(stdout);
	_exit(1);
}

/* 1: the DC has ended, and nothing of it is left. */
static int dc_end(struct rig_node *n, int dc)
{
	int e = m3_check(n->core, dc);

	if (e == -M3_EDCNOTRUN)
		return dc != RIG_DC;
	if (!e) {
		m3_sweep(n->core);
		e = m3_check(n->core, dc);
	}
	if (e)
		inconsistent(n->id, dc, e);
	return m3_dc_end(n->core, dc) == 0;
}

static void core_end(struct rig_node *n)
{
	int whole = dc_end(n, RIG_DC) & dc_end(n, FRESH_DC);

	/* Who ends a DC has died at it: the whole core goes. */
	if (whole && rig_random(64))
		return;
	rig_stop(n);
	n->core = NULL;
}

void fresh_end_cores(struct scene *s)
{
	(void)s;
	core_end(&fresh.a);
	core_end(&fresh.b);
}

void fresh_mesh(struct scene *s)
{
	fresh_cores(s);
	core_begin(&fresh.third, 2);
}

void fresh_end_mesh(struct scene *s)
{
	fresh_end_cores(s);
	core_end(&fresh.third);
}

void fresh_stop(void)
{
	if (fresh.third.core)
		rig_stop(&fresh.third);
	if (fresh.a.core)
		rig_stop(&fresh.a);
	if (fresh.b.core)
		rig_stop(&fresh.b);
}

/* ------------------------------------------------------ in the victim */

void fresh_reopen(struct scene *s)
{
	(void)s;
	SAME(m3_node_open(fresh.a.dir, &fresh.a.core), 0);
	SAME(m3_node_open(fresh.b.dir, &fresh.b.core), 0);
}

/* 1..3 at node 0, 11..13 at node 1, known to each other, with memory. */
void fresh_populate(void)
{
	int i;

	rig_pair(&fresh.a, &fresh.b);
	fresh.ma = rig_join(&fresh.a, M3_NONE);
	fresh.mb = rig_join(&fresh.b, M3_NONE);
	for (i = 0; i < 3; i++) {
		SAME(m3_bind(fresh.ma, 1 + i), 0);
		SAME(m3_bind(fresh.mb, 11 + i), 0);
		SAME(m3_rmtbind(fresh.a.core, RIG_DC, "far", 11 + i, 1), 0);
		SAME(m3_rmtbind(fresh.b.core, RIG_DC, "near", 1 + i, 0), 0);
		SAME(m3_alloc(fresh.ma, 1 + i, COPY_BYTES,
			      &fresh.near_memory[i]), 0);
		SAME(m3_alloc(fresh.mb, 11 + i, COPY_BYTES,
			      &fresh.far_memory[i]), 0);
	}
}

void fresh_populated(struct scene *s)
{
	fresh_reopen(s);
	fresh_populate();
}

void fresh_settle(void)
{
	rig_settle(&fresh.a, &fresh.b);
}

int fresh_start(struct m3_member *m, int n, int op, int self, int peer)
{
	memset(&fresh.calls[n], 0, sizeof(fresh.calls[n]));
	fresh.calls[n].op = (uint32_t)op;
	fresh.calls[n].self = self;
	fresh.calls[n].peer = peer;
	fresh.calls[n].message = rig_message(ASK_PLAIN, 0, 0);
	return m3_start(m, &fresh.calls[n]);
}

/* Between endpoint 11 + i of node 1 and 1 + i of node 0. */
int fresh_start_copy(int n, int i, int push)
{
	uint64_t near = fresh.near_memory[i].address;
	uint64_t far = fresh.far_memory[i].address;
	struct m3_call *c = &fresh.calls[n];

	memset(c, 0, sizeof(*c));
	c->op = M3_OP_VCOPY;
	c->self = 11 + i;
	c->peer = push ? 11 + i : 1 + i;
	c->dst = push ? 1 + i : 11 + i;
	c->src_address = push ? far : near;
	c->dst_address = push ? near : far;
	c->bytes = COPY_BYTES;
	return m3_start(fresh.mb, c);
}

void fresh_end(struct m3_member *m, int n)
{
	if (m3_finish(m, &fresh.calls[n]) == M3_PENDING)
		m3_cancel(m, &fresh.calls[n], M3_ECANCELED);
}

void fresh_cut(void)
{
	m3_proxy_disconnected(fresh.a.proxy);
	m3_proxy_disconnected(fresh.b.proxy);
}

/* All that `from` sends is lost. */
void fresh_lose(struct rig_node *from)
{
	static char frame[M3_FRAME_BYTES];
	int lane;

	for (lane = M3_LANE_URGENT; lane < M3_LANES; lane++)
		while (rig_take(from, lane, frame, sizeof(frame)))
			;
}

/* Messages cross, one way, and nothing comes back. */
void fresh_step(struct rig_node *from, struct rig_node *to)
{
	static char frame[M3_FRAME_BYTES];
	unsigned int bytes;

	while ((bytes = rig_take(from, M3_LANE_NORMAL, frame, sizeof(frame))))
		m3_proxy_put(to->proxy, frame, bytes);
}
