/* SPDX-License-Identifier: MIT */
/* mesh.h - three cores in one process, and the links between them. */
#ifndef MESH_H
#define MESH_H

#include "rig.h"

#define MESH 3
#define MESH_STATE 65536u
#define MESH_DEPTH 6 /* frames in flight per direction */

struct mesh_frame {
	unsigned int bytes;
	unsigned char data[M3_FRAME_BYTES];
};

struct mesh_wire {
	struct mesh_frame *frame[MESH_DEPTH];
	int first, count;
};

struct mesh {
	struct rig_node node[MESH];
	struct m3_member *member[MESH];
	struct m3_proxy *proxy[MESH][MESH]; /* [i][j]: at i, of j */
	int cut[MESH][MESH];
	struct mesh_wire wire[MESH][MESH];
	/* What was exported last. */
	_Alignas(8) unsigned char state[MESH_STATE];
	uint32_t bytes;
};

void mesh_begin(struct mesh *m);
/* The same of three cores that are there, in m->node. */
void mesh_link(struct mesh *m);
void mesh_end(struct mesh *m);
/* All three regions are sound. */
void mesh_sound(struct mesh *m);
/* Cuts a link; what is in flight is lost. */
void mesh_cut(struct mesh *m, int a, int b);
/* Opens it again, or for the first time. */
void mesh_open(struct mesh *m, int a, int b);
/* One frame of a lane from a to b, if there is one; 1: it moved. */
int mesh_move(struct mesh *m, int a, int b, int lane);
/* Moves frames until nothing is left; how many. */
int mesh_settle(struct mesh *m);
/* The same bit by bit: a frame of some lane and size starts, or arrives. */
void mesh_load(struct mesh *m, int a, int b);
void mesh_unload(struct mesh *m, int a, int b);
/* What is in flight is lost. */
void mesh_drop(struct mesh *m, int a, int b);
/* Some of that on every link; cuts and mends some of them. How many. */
unsigned int mesh_step(struct mesh *m, int cutting);
/* Binds `ep` at a node, and declares it at the others. */
void mesh_bind(struct mesh *m, int ep, int node);
/* mesh_begin(), with `ep` bound at node 0 and `peer` at `node`. */
void mesh_begin_two(struct mesh *m, int ep, int peer, int node);
/* Starts a call at a node, which must wait. */
void mesh_ask(struct mesh *m, struct m3_call *c, int node, int op, int self,
	      int peer, int type);
/* The result of a call at a node, M3_PENDING while it waits. */
int mesh_ended(struct mesh *m, struct m3_call *c, int node);

/* The steps of a migration, on all nodes as it must be. */
void mesh_start(struct mesh *m, int ep, int target, uint64_t txn);
void mesh_export(struct mesh *m, int ep, int from, uint64_t txn);
void mesh_take(struct mesh *m, int ep, int to, uint64_t txn);
void mesh_commit(struct mesh *m, int ep, int from, int to, uint64_t txn);
void mesh_rollback(struct mesh *m, int ep, uint64_t txn);
/* All of them. */
void mesh_migrate(struct mesh *m, int ep, int from, int to, uint64_t txn);

struct m3_proc_info mesh_info(struct mesh *m, int node, int ep);
/* What each core says of it, to stderr. */
void mesh_report(struct mesh *m, int ep);

#endif
