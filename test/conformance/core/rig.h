/* SPDX-License-Identifier: MIT */
/*
 * rig.h - what the core's C tests share: cores in temporary directories, a
 * hand-moved link between two of them, checks that say where they failed, a
 * seeded random. Exit codes: 0 passed, 1 failed, 77 cannot run here.
 */
#ifndef RIG_H
#define RIG_H

#include <m3ipc/m3ipc.h>

#define RIG_DC 1
#define RIG_PROCS 32
#define RIG_TASKS 4
#define RIG_SKIP 77

/* Ends the program with 1 unless the condition holds. */
#define MUST(condition) \
	rig_must(!!(condition), #condition, __FILE__, __LINE__)
/* The same for a result; both values are printed by name. */
#define SAME(actual, expected) \
	rig_same((actual), (expected), #actual, __FILE__, __LINE__)
/* The region's invariants hold. */
#define SOUND(node) \
	rig_same(m3_check((node)->core, RIG_DC), 0, "m3_check", __FILE__, \
		 __LINE__)

struct rig_node {
	char dir[64];
	int id;
	struct m3_node *core;
	struct m3_proxy *proxy; /* of the other node, once paired */
};

void rig_must(int ok, const char *what, const char *file, int line);
void rig_same(long actual, long expected, const char *what, const char *file,
	      int line);

/* Is it the kernel's core that is under test? */
int rig_is_kernel(void);
/* Ends the program with 77 and the reason where it is. */
void rig_embedded_only(const char *why);
/* What m3_sweep() finds of `n` endpoints of dead processes: the kernel's core
 * has buried them as they died. */
int rig_left(int n);

/* Where the memory of its regions is may be a lie from now on. */
void rig_ruin(void);

/* Says that a case of the conformance table holds. */
void rig_ok(const char *name);

/* A core with one DC in a new directory under $RIG_DIR or /dev/shm; of the
 * kernel, a device that is free. */
void rig_start(struct rig_node *n, int id);
/* Ends it; its directory must have become empty and gone. */
void rig_stop(struct rig_node *n);
/* Ends a sound one and its last member. */
void rig_close(struct rig_node *n, struct m3_member *m);
/* Makes two cores peers, attaches their proxies and opens the DC. */
void rig_pair(struct rig_node *a, struct rig_node *b);
void rig_attach(struct rig_node *n, int peer);
/* The DC-open exchange of a new link. */
void rig_open(struct rig_node *a, struct rig_node *b);
/* A member of the node's DC, bound to `ep` unless that is M3_NONE. */
struct m3_member *rig_join(struct rig_node *n, int ep);

/* Takes one frame of a lane; its bytes, 0 if there is none. */
unsigned int rig_take(struct rig_node *n, int lane, void *frame,
		      unsigned int size);
/* Moves frames both ways until nothing is left; how many. */
int rig_settle(struct rig_node *a, struct rig_node *b);

/* A call in a message that names itself: type and first words. */
struct m3_message rig_message(int type, unsigned long a, unsigned long b);
unsigned long rig_word(const struct m3_message *m, int word);
/* Starts a call; must return `expected`. */
void rig_start_call(struct m3_member *m, struct m3_call *c, int op, int self,
		    int peer, int type, int expected);

/* Waits until an endpoint's state is exactly `rts` (M3_RTS_*). */
void rig_until(struct rig_node *n, int ep, unsigned int rts);

/* Does a bell ring, within that time? */
int rig_readable(int fd, int ms);
/* The exit status of a child that runs `body`; 200: it was killed. */
int rig_in_child(int (*body)(void *), void *arg);

/* What an endpoint is. */
struct m3_proc_info rig_info(struct rig_node *n, int ep);
/* Its state: M3_RTS_*. */
unsigned int rig_rts(struct rig_node *n, int ep);

unsigned long rig_now(void); /* ms */
void rig_sleep(unsigned int us);
/* Seed: argument 1 of the program, or chance. Printed. */
void rig_seed(int argc, char **argv);
/*
 * Argument 2, or `usual`: how long the run is. Where machines are emulated,
 * $RIG_SHARE: one part in so many of the usual.
 */
int rig_rounds(int argc, char **argv, int usual);
unsigned int rig_random(unsigned int below);
/* From here on the sequence is that of `seed`; it is not printed. */
void rig_reseed(unsigned long seed);
/* Another sequence of the same seed, for child `n`. */
void rig_branch(unsigned int n);

#endif
