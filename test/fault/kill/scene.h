/* SPDX-License-Identifier: MIT */
/*
 * scene.h - the processes of the kill test. Two nodes in one driver, which is
 * also their runtime; four survivors on node 0, each of which waits in its own
 * way for the victim; and the victim, a new process for each kill, that dies
 * at a numbered crash point or at a random instant while it is active.
 */
#ifndef SCENE_H
#define SCENE_H

#include "rig.h"
#include <stdint.h>

/* Endpoints of node 0, but for those at node 1. */
#define EP_SERVER 1 /* the driver: answers requests */
#define EP_VICTIM 2
#define EP_SECOND 3 /* the victim's, where an act binds another one */
#define EP_CLIENT 4 /* the driver: asks the victim or node 1 */
#define EP_SENDER 5 /* the driver: sends to node 1 */
#define EP_SURVIVOR 6 /* and the next three */
#define EP_EXTRA 10 /* of who dies before the victim */
#define EP_FAR_SERVER 11 /* the driver, at node 1 */
#define EP_FAR_CLIENT 12
#define EP_FAR_SENDER 13

#define SURVIVORS 4
#define COPY_BYTES 70000u /* two chunks */
#define LOG_MAX 32768u

/* Types of requests. */
enum { ASK_PLAIN = 1, ASK_COPY = 2, ANSWERED = 100 };

enum survivor { SLEEPING, SPINNING, ASYNCHRONOUS, POLLING };

struct survivor_report {
	volatile uint32_t entered, left; /* rounds */
	int code;
	uint64_t at; /* ns, when it had the code */
};

/* Shared by all processes. */
struct board {
	volatile uint32_t round; /* survivors start when it grows */
	const char *act;
	volatile uint32_t taking_part; /* survivors, a bit each */
	volatile int stop;
	volatile int ready, go, over; /* of the victim */
	volatile uint64_t killed_at; /* ns */
	volatile uintptr_t site; /* where it killed itself, or 0 */
	volatile uint32_t passed; /* crash points */
	uint32_t log[LOG_MAX]; /* their addresses */
	struct survivor_report survivors[SURVIVORS];
};

/* A server of the driver, and its copy in progress. */
struct server {
	struct m3_member *member;
	int ep, state;
	struct m3_call call;
	struct m3_message request;
	struct m3_buffer own;
};

struct scene {
	struct rig_node near, far;
	struct m3_member *here, *there; /* the driver's */
	struct server servers[2];
	struct m3_call client, far_client, sender, far_sender;
	struct m3_buffer client_buffer, far_buffer;
	int runtime_away; /* the victim is the runtime */
	int slow; /* servers let messages queue */
	unsigned int variant; /* of the present act */
};

/* What a victim does. */
struct act {
	const char *name;
	/* In the driver, before the victim is born. */
	void (*before)(struct scene *s);
	/* In the victim, not armed; endpoint 2 is bound. */
	void (*prepare)(struct scene *s);
	void (*act)(struct scene *s); /* armed */
	void (*after)(struct scene *s); /* in the driver */
	unsigned int flags;
};

#define ACT_ASK 0x1u /* endpoint 4 asks the victim, with memory */
#define ACT_FAR_ASK 0x2u /* endpoint 12 of node 1 does */
#define ACT_RUNTIME 0x4u /* the victim moves the records */
#define ACT_SLOW 0x8u /* servers poll: messages queue */
/* It comes in so many variants: scene.variant is below that. */
#define ACT_VARIANTS(n) ((n) << 8)
#define act_variants(act) ((act)->flags >> 8 ? (act)->flags >> 8 : 1)

extern struct board *board;
extern struct m3_member *victim; /* in the victim */

uint64_t now_ns(void);
/* In the victim: from here on it may die; `n` 0: at no numbered point. */
void crash_arm(unsigned long n);
/* In a child of it: it dies at its n-th point, or at none, untold. */
void crash_die_quietly(unsigned long n);

/* acts-*.c; all but local and link have cores of their own. */
extern const struct act local_acts[], link_acts[], fresh_acts[], call_acts[],
	memory_acts[], migrate_acts[], death_acts[],
	mesh_acts[];
extern const unsigned int local_act_count, link_act_count, fresh_act_count,
	call_act_count, memory_act_count, migrate_act_count, death_act_count,
	mesh_act_count;

/* survivors.c: forks them; they serve rounds until board->stop. */
void survivors_start(const char *dir);
void survivors_stop(void);
/* 0, or the code is none that is documented for what it waited for. */
int survivor_code_wrong(int i, int code);
const char *survivor_name(int i);

/* fresh.c: ends the cores that were made for kills. */
void fresh_stop(void);

/* driver.c: the driver's endpoints. */
void driver_begin(struct scene *s);
void driver_end(struct scene *s);
/* Moves records and lets the servers work; how much there was to do. */
int driver_step(struct scene *s);
void driver_ask(struct scene *s, int far, int type);
/* Cancels what is left of its calls. */
void driver_rest(struct scene *s);
/* Is the runtime of both nodes again, after a victim was. */
void driver_take_back(struct scene *s);
/* Starts a call of the driver; it must be pending. */
void driver_call(struct m3_member *m, struct m3_call *c, int op, int self,
		 int peer, int type, const struct m3_buffer *memory);
/* Steps until the call has ended: its result. */
int driver_await(struct scene *s, struct m3_member *m, struct m3_call *c);

#endif
