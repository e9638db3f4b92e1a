/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * platform.h - what the calls of M3-IPC want of the platform that they run on:
 * embedded/ in user space, linux/ in the kernel. What core/ wants of it itself
 * is in journal.h.
 *
 * A platform's own header (embedded.h, kernel.h) defines struct m3_map, whose
 * fields `r` and `handle` the calls use, m3_map_forked(), and m3_look_begin()
 * with m3_look_end(): what lies between looks at the state of a DC, and changes
 * none of it but words that are atomic anyway.
 */
#ifndef M3_PLATFORM_H
#define M3_PLATFORM_H

#include "../core/core.h"

struct m3_map;
struct m3_node;
struct m3_member;
struct m3_proxy;
struct m3_hold;
struct m3_call;

/* What is known of a node; of the embedded core: its file. */
struct m3_node_row {
	uint32_t flags; /* M3_NODE_ATTACHED */
	uint32_t proxy_pid;
	char name[M3_NAME_BYTES];
	uint32_t pair; /* of mnx.h: id + 1 of the pair that serves it, or 0 */
	uint32_t hellos; /* atomic: how often it asked to open DCs again */
	uint32_t attachments; /* atomic: proxies that it has had */
};

/* A pair of proxies of mnx.h. */
struct m3_pair_row {
	uint32_t flags; /* PROXIES_* */
	uint32_t sender, receiver; /* process or thread ids */
	uint32_t max_bytes;
	uint32_t connects; /* atomic: of its sender */
	uint32_t reserved;
	char name[M3_NAME_BYTES];
};

struct m3_dc_row {
	uint32_t running;
	uint32_t reserved;
	char name[M3_NAME_BYTES];
};

struct m3_node_region {
	uint64_t magic;
	uint32_t abi_version;
	uint32_t node;
	uint64_t bytes;
	uint64_t incarnation;
	uint64_t pid_namespace;
	uint32_t max_nodes, max_dcs;
	char cluster[M3_NAME_BYTES];
	uint32_t runtime_pid;
	uint32_t spin_ns; /* one sleep and wake, calibrated at creation */
	struct m3_node_row nodes[M3_MAX_NODES];
	struct m3_dc_row dcs[M3_MAX_DCS];
	struct m3_pair_row pairs[M3_MAX_NODES];
};

/* ------------------------------------------------- critical sections */

/* The core's transaction, and whose region it is. */
struct m3_section {
	struct m3_txn t;
	struct m3_map *map;
};

#define M3_LOCK_FOREVER 0u
#define M3_LOCK_PROXY_MS 1000u /* protocol 14 */

/*
 * Opens a critical section. EFORKED; ESUSPENDED after `bound_ms`. A dead
 * holder's changes are undone first.
 */
int m3_begin(struct m3_map *map, struct m3_section *s, uint32_t bound_ms);
/* Releases the lock; wakes and rings. */
void m3_end(struct m3_section *s);

/* ------------------------------------------------------- nodes and DCs */

/* The DC's map, opened if need be. EBADDCID, EDCNOTRUN, ... */
int m3_node_dc(struct m3_node *node, int dc, struct m3_map **map);
void m3_node_dc_close(struct m3_node *node, int dc);
/* One process at a time starts or ends DCs of a node. */
void m3_node_lock(struct m3_node *node);
void m3_node_unlock(struct m3_node *node);
/* Makes, and removes, what a DC consists of. EBADRANGE, ENOSPC, ... */
int m3_dc_make(struct m3_node *node, const struct m3_dc_params *params);
void m3_dc_unmake(struct m3_node *node, uint32_t dc);
/* Gives what the DC needs to span a node memory. ENOSPC. */
int m3_map_back_peer(struct m3_map *map, uint32_t node);
/* The same for the privileges of slot `i`. */
int m3_map_back_allowed(struct m3_map *map, uint32_t i);

/* --------------------------------------------------- time and waiting */

uint64_t m3_clock_ns(void); /* CLOCK_MONOTONIC */
void m3_nap(uint64_t ns);
/*
 * Waits for the end of slot i's call. 0: it ended; M3_SERVE: its memory is
 * asked for, m3_serve(); -M3_EAGAIN: a slice has passed, look around;
 * -M3_EINTR; -M3_ETIMEDOUT at `deadline` (ns, 0: never).
 */
#define M3_SERVE 1
int m3_wait(struct m3_map *map, uint32_t i, uint32_t tag, uint64_t deadline);
/* The same for a millisecond at most, and whatever signals there are. */
void m3_wait_briefly(struct m3_map *map, uint32_t i, uint32_t tag);
/* Has this thread been killed, so that it must not wait for anything? */
int m3_is_dying(void);
/*
 * Endpoints that others bind to a handle: how often that was; waits until it is
 * not `seen` any more, or for a slice (-M3_EAGAIN); -M3_EINTR.
 */
uint32_t m3_bound_seen(struct m3_map *map);
int m3_bound_wait(struct m3_map *map, uint32_t seen, uint64_t deadline);
void m3_bound_wake(struct m3_map *map, uint32_t handle);

/* ------------------------------------------------------------- memory */

/* Memory of the calling process. */
struct m3_own {
	uint64_t offset; /* in the region, if it is a buffer; else 0 */
	uint64_t address; /* in its address space */
};

/*
 * Copies between it and the arena, to `offset` there if `push`. EFAULT: no such
 * memory.
 */
int m3_copy_own(struct m3_map *map, const struct m3_own *own, int push,
		uint64_t offset, uint64_t bytes);
/*
 * Copies between it and private memory of a process that has joined, to
 * `theirs` if `push`. EPERM: not allowed here; EFAULT: no such memory;
 * ESRCDIED: it has ended. `*copied` gets the bytes copied.
 */
int m3_process_copy(struct m3_map *map, uint32_t handle, int push,
		    const struct m3_own *own, uint64_t theirs, uint64_t bytes,
		    uint64_t *copied);
/*
 * The copy `c` of slot `self` between two others, in one piece. M3_COPY_LEGS:
 * not this one, or not here: it goes through memory of the caller.
 */
#define M3_COPY_LEGS 1
int m3_copy_between(struct m3_map *map, uint32_t self, struct m3_call *c);
/* What m3_serve_take() asked slot i's process, the caller, for. EFAULT. */
int m3_serve_copy(struct m3_map *map, uint32_t i, const struct m3_served *job);

/* -------------------------------------------------------------- bells */

/* What was rung so far is forgotten. */
void m3_member_hush(struct m3_member *m);
/* Asks for one ring, of whatever happens from now on; look again afterwards.
 * `ticket` is the owner's own, different each time. */
void m3_bell_arm(uint32_t *armed, uint32_t *ticket);
/* The first ticket of life `generation` of a bell. */
static inline uint32_t m3_bell_ticket(uint32_t generation)
{
	return generation << 16 | 1;
}
/* The bell of a proxy's hold on a DC: hold->bell is -1 if there is none. */
int m3_hold_open(struct m3_proxy *p, struct m3_map *map, struct m3_hold *hold);
void m3_hold_close(struct m3_hold *hold);
/*
 * The bell, whose word is `armed`, is armed, and there is nothing to take:
 * `quiet`, if the platform knows when the bell is served.
 */
void m3_hold_rest(struct m3_hold *hold, const uint32_t *armed);
/* Is it still so? Asked for every DC at every turn: it looks at that word only. */
int m3_hold_is_quiet(const struct m3_hold *hold);

/* ---------------------------------------------------------- processes */

uint32_t m3_pid(void); /* of the calling process */
uint32_t m3_tid(void); /* of the calling thread */
/* Is, or was lately, a process; what the core knows it as, or 0. */
uint32_t m3_pid_known(int pid);
/* What the caller knows it as. */
int32_t m3_pid_shown(uint32_t pid);
void m3_thread_name(char name[M3_NAME_BYTES]);
void m3_process_name(uint32_t pid, char name[M3_NAME_BYTES]);

/* Is the process of that handle alive? */
int m3_life_alive(struct m3_map *map, uint32_t handle);
/* Unbinds what a dead process left; returns how many endpoints. */
int m3_life_bury(struct m3_map *map, uint32_t handle);
/* Looks at the process that slot i's call depends on. */
void m3_life_look(struct m3_map *map, uint32_t i);
/* Buries the owner of slot `p`, if it has died. */
void m3_life_look_at(struct m3_map *map, uint32_t p);
int m3_life_sweep(struct m3_map *map);
/* A copy has ended that kept slot `i`, which may be a dead process's. */
void m3_life_unpinned(struct m3_map *map, uint32_t i);

/* -------------------------------------------------------------- CPUs */

/*
 * The calling thread has bound slot `i`: it keeps to the CPUs of the DC, as far
 * as it may run there at all (reference 1.2, cpumask).
 */
void m3_affinity_bind(struct m3_map *map, uint32_t i);
/* Threads get back what they had before slot `i`. */
void m3_affinity_unbind(struct m3_map *map, uint32_t i);

#endif
