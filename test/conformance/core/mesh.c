// SPDX-License-Identifier: MIT
#include "mesh.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void mesh_open(struct mesh *m, int a, int b)
{
	struct m3_dc_open mine, theirs;

	SAME(m3_proxy_open(m->proxy[a][b], RIG_DC, &mine), 0);
	SAME(m3_proxy_open(m->proxy[b][a], RIG_DC, &theirs), 0);
	SAME(m3_proxy_opened(m->proxy[b][a], &mine), 0);
	SAME(m3_proxy_opened(m->proxy[a][b], &theirs), 0);
	m->cut[a][b] = m->cut[b][a] = 0;
}

void mesh_cut(struct mesh *m, int a, int b)
{
	SAME(m3_proxy_disconnected(m->proxy[a][b]), 0);
	SAME(m3_proxy_disconnected(m->proxy[b][a]), 0);
	m->cut[a][b] = m->cut[b][a] = 1;
}

void mesh_begin(struct mesh *m)
{
	int a;

	memset(m, 0, sizeof(*m));
	for (a = 0; a < MESH; a++)
		rig_start(&m->node[a], a);
	mesh_link(m);
}

void mesh_link(struct mesh *m)
{
	int a, b;

	for (a = 0; a < MESH; a++) {
		for (b = 0; b < MESH; b++) {
			if (a == b)
				continue;
			SAME(m3_node_up(m->node[a].core, b, "peer"), 0);
			SAME(m3_add_node(m->node[a].core, RIG_DC, b), 0);
			SAME(m3_attach(m->node[a].core, b, &m->proxy[a][b]), 0);
		}
		m->member[a] = rig_join(&m->node[a], M3_NONE);
	}
	for (a = 0; a < MESH; a++)
		for (b = a + 1; b < MESH; b++)
			mesh_open(m, a, b);
}

void mesh_sound(struct mesh *m)
{
	int a;

	for (a = 0; a < MESH; a++)
		SOUND(&m->node[a]);
}

void mesh_end(struct mesh *m)
{
	int a, b;

	mesh_sound(m);
	for (a = 0; a < MESH; a++)
		m3_leave(m->member[a]);
	mesh_sound(m);
	for (a = 0; a < MESH; a++) {
		for (b = 0; b < MESH; b++)
			if (a != b)
				m3_detach(m->proxy[a][b]);
		rig_stop(&m->node[a]);
	}
}

int mesh_move(struct mesh *m, int a, int b, int lane)
{
	static char frame[M3_FRAME_BYTES];
	uint32_t count;
	int bytes;

	if (m->cut[a][b])
		return 0;
	bytes = m3_proxy_take(m->proxy[a][b], RIG_DC, lane, frame,
			      sizeof(frame), &count);
	MUST(bytes >= 0);
	if (bytes)
		MUST(m3_proxy_put(m->proxy[b][a], frame, (uint32_t)bytes) >= 0);
	return bytes > 0;
}

static void acknowledge(struct mesh *m, int a, int b)
{
	char frame[256];
	int bytes;

	if (m->cut[a][b])
		return;
	bytes = m3_proxy_acknowledge(m->proxy[a][b], RIG_DC, frame,
				     sizeof(frame));
	if (bytes > 0)
		SAME(m3_proxy_put(m->proxy[b][a], frame, (uint32_t)bytes), 0);
}

int mesh_settle(struct mesh *m)
{
	int a, b, lane, moved, n = 0;

	do {
		moved = 0;
		for (a = 0; a < MESH; a++)
			for (b = 0; b < MESH; b++) {
				if (a == b)
					continue;
				for (lane = 1; lane < M3_LANES; lane++)
					while (mesh_move(m, a, b, lane))
						moved++;
				acknowledge(m, a, b);
			}
		n += moved;
	} while (moved);
	return n;
}

void mesh_drop(struct mesh *m, int a, int b)
{
	struct mesh_wire *w = &m->wire[a][b];

	while (w->count) {
		free(w->frame[w->first]);
		w->first = (w->first + 1) % MESH_DEPTH;
		w->count--;
	}
}

void mesh_load(struct mesh *m, int a, int b)
{
	struct mesh_wire *w = &m->wire[a][b];
	struct mesh_frame *f;
	uint32_t count;
	int e;

	if (w->count == MESH_DEPTH || m->cut[a][b])
		return;
	f = malloc(sizeof(*f));
	e = m3_proxy_take(m->proxy[a][b], RIG_DC, 1 + (int)rig_random(3),
			  f->data, rig_random(3) ? M3_FRAME_BYTES :
						   128 + rig_random(2000),
			  &count);
	if (!e)
		e = m3_proxy_acknowledge(m->proxy[a][b], RIG_DC, f->data,
					 sizeof(f->data));
	MUST(e >= 0);
	if (!e) {
		free(f);
		return;
	}
	f->bytes = (unsigned int)e;
	w->frame[(w->first + w->count++) % MESH_DEPTH] = f;
}

void mesh_unload(struct mesh *m, int a, int b)
{
	struct mesh_wire *w = &m->wire[a][b];
	struct mesh_frame *f;

	if (!w->count || m->cut[a][b])
		return;
	f = w->frame[w->first];
	MUST(m3_proxy_put(m->proxy[b][a], f->data, f->bytes) >= 0);
	free(f);
	w->first = (w->first + 1) % MESH_DEPTH;
	w->count--;
}

unsigned int mesh_step(struct mesh *m, int cutting)
{
	unsigned int cuts = 0;
	int a, b;

	for (a = 0; a < MESH; a++)
		for (b = 0; b < MESH; b++) {
			if (a == b)
				continue;
			mesh_load(m, a, b);
			if (rig_random(2))
				mesh_unload(m, a, b);
			if (a > b)
				continue;
			if (m->cut[a][b] ? !cutting || rig_random(8) == 0 :
					  cutting && rig_random(150) == 0) {
				mesh_drop(m, a, b);
				mesh_drop(m, b, a);
				if (m->cut[a][b])
					mesh_open(m, a, b);
				else
					mesh_cut(m, a, b);
				cuts++;
			}
		}
	return cuts;
}

void mesh_bind(struct mesh *m, int ep, int node)
{
	int a;

	for (a = 0; a < MESH; a++) {
		if (a == node)
			SAME(m3_bind(m->member[a], ep), 0);
		else
			SAME(m3_rmtbind(m->node[a].core, RIG_DC, "far", ep,
					node), 0);
	}
}

void mesh_begin_two(struct mesh *m, int ep, int peer, int node)
{
	mesh_begin(m);
	mesh_bind(m, ep, 0);
	mesh_bind(m, peer, node);
}

void mesh_ask(struct mesh *m, struct m3_call *c, int node, int op, int self,
	      int peer, int type)
{
	rig_start_call(m->member[node], c, op, self, peer, type, M3_PENDING);
}

int mesh_ended(struct mesh *m, struct m3_call *c, int node)
{
	return m3_finish(m->member[node], c);
}

void mesh_start(struct mesh *m, int ep, int target, uint64_t txn)
{
	int a, e;

	for (a = 0; a < MESH; a++) {
		e = m3_migr_start(m->node[a].core, RIG_DC, ep, target, txn, 0);
		MUST(e == 0 || e == -M3_ETIMEDOUT);
	}
	mesh_settle(m);
	for (a = 0; a < MESH; a++)
		SAME(m3_migr_start(m->node[a].core, RIG_DC, ep, target, txn,
				   0), 0);
}

void mesh_export(struct mesh *m, int ep, int from, uint64_t txn)
{
	m->bytes = sizeof(m->state);
	SAME(m3_migr_export(m->node[from].core, RIG_DC, ep, txn, m->state,
			    &m->bytes), 0);
}

void mesh_take(struct mesh *m, int ep, int to, uint64_t txn)
{
	SAME(m3_migr_commit(m->node[to].core, RIG_DC, ep, to, getpid(), txn,
			    m->state, m->bytes), 0);
}

void mesh_commit(struct mesh *m, int ep, int from, int to, uint64_t txn)
{
	int third = MESH - from - to;

	mesh_take(m, ep, to, txn);
	SAME(m3_migr_commit(m->node[from].core, RIG_DC, ep, to, 0, txn, NULL,
			    0), 0);
	SAME(m3_migr_commit(m->node[third].core, RIG_DC, ep, to, 0, txn, NULL,
			    0), 0);
}

void mesh_rollback(struct mesh *m, int ep, uint64_t txn)
{
	int a;

	for (a = 0; a < MESH; a++)
		SAME(m3_migr_rollback(m->node[a].core, RIG_DC, ep, txn), 0);
}

void mesh_migrate(struct mesh *m, int ep, int from, int to, uint64_t txn)
{
	mesh_start(m, ep, to, txn);
	mesh_export(m, ep, from, txn);
	mesh_commit(m, ep, from, to, txn);
}

struct m3_proc_info mesh_info(struct mesh *m, int node, int ep)
{
	struct m3_proc_info info;

	SAME(m3_getprocinfo(m->node[node].core, RIG_DC, ep, &info), 0);
	return info;
}

void mesh_report(struct mesh *m, int ep)
{
	struct m3_proc_info info;
	int a;

	for (a = 0; a < MESH; a++) {
		info = mesh_info(m, a, ep);
		fprintf(stderr, "  on %d: node %d rts %x misc %x getfrom %d "
			"sendto %d waitmigr %d binding %lx\n", a, info.node,
			info.rts_flags, info.misc_flags, info.getfrom,
			info.sendto, info.waitmigr,
			(unsigned long)info.binding);
	}
}
