/* SPDX-License-Identifier: MIT */
/*
 * fresh.h - cores made for one kill, two or three: the victim is all of their
 * processes and the runtime of each at once. No result of it matters but that
 * all regions are whole when it dies.
 */
#ifndef FRESH_H
#define FRESH_H

#include "scene.h"

#define FRESH_CALLS 12
#define FRESH_DC 2 /* a second one at node 0 */

extern struct fresh {
	struct rig_node a, b;
	struct rig_node third; /* only of acts with three nodes */
	struct m3_member *ma, *mb;
	struct m3_call calls[FRESH_CALLS];
	/* Of 1..3 at node 0 and of 11..13 at node 1. */
	struct m3_buffer near_memory[3], far_memory[3];
} fresh;

/* In the driver: before and after the kill. */
void fresh_cores(struct scene *s);
void fresh_end_cores(struct scene *s);
/* The same for three. */
void fresh_mesh(struct scene *s);
void fresh_end_mesh(struct scene *s);
/* In the victim: opens the cores; puts endpoints on them. */
void fresh_reopen(struct scene *s);
void fresh_populate(void);
void fresh_populated(struct scene *s);
/* Starts call `n`; a copy is of 11 + i, from or to 1 + i. */
int fresh_start(struct m3_member *m, int n, int op, int self, int peer);
int fresh_start_copy(int n, int i, int push);
/* Collects it or gives it up. */
void fresh_end(struct m3_member *m, int n);
/* The link: all crosses; messages cross one way; all of `from` is lost. */
void fresh_settle(void);
void fresh_step(struct rig_node *from, struct rig_node *to);
void fresh_lose(struct rig_node *from);
void fresh_cut(void);

#define FRESH_ACT(name, act) \
	{ name, fresh_cores, fresh_populated, act, fresh_end_cores, 0 }

#endif
