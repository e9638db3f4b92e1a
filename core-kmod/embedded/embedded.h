/* SPDX-License-Identifier: MIT */
/*
 * embedded.h - the user-space platform of the core: region files, the lock,
 * waiting and waking, bells, liveness.
 */
#ifndef M3_EMBEDDED_H
#define M3_EMBEDDED_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <limits.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include "../core/core.h"

#define M3_PATH_BYTES (PATH_MAX + 32)
#define M3_SLICE_NS 100000000ull /* a sleeper looks around: build 15 */

/* The node's file: written by its owner only, read by everybody. */
struct m3_node_row {
	uint32_t flags; /* M3_NODE_ATTACHED */
	uint32_t proxy_pid;
	char name[M3_NAME_BYTES];
	uint32_t pair; /* of mnx.h: id + 1 of the pair that serves it, or 0 */
	uint32_t hellos; /* atomic: how often it asked to open DCs again */
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

/* A bell of somebody else that this process has rung before. */
struct m3_bell_cache {
	uint32_t generation;
	int fd; /* -1: not open */
};

/* One DC's region, mapped into this process. */
struct m3_map {
	struct m3_region *r;
	int fd; /* also holds the life lock of `handle` */
	uint64_t bytes; /* mapped */
	uint32_t handle; /* M3_RUNTIME, or this member's */
	uint32_t forks; /* value of m3_forks when it was opened */
	uint32_t spin_ns;
	char dir[PATH_MAX];
	pthread_mutex_t bells_lock;
	struct m3_bell_cache *bells; /* of handles, then of peers */
	uint32_t bells_count; /* known without the region (fork) */
};

/* A critical section: the core's transaction and whose region it is. */
struct m3_section {
	struct m3_txn t;
	struct m3_map *map;
};

/* -------------------------------------------------- files: file.c */

extern uint32_t m3_forks; /* forks between this process and the first */

/* The region is not mapped in a forked child: ask before touching it. */
static inline int m3_map_forked(const struct m3_map *map)
{
	return map->forks != m3_forks;
}


int m3_errno(int e); /* -M3_E... for an errno */
uint64_t m3_pid_namespace(void);
uint64_t m3_new_incarnation(void);
/* Creates a file of that size whose first `backed` bytes have memory. */
int m3_file_create(const char *path, uint64_t bytes, uint64_t backed,
		   uint32_t mode, uint32_t gid, int *fd);
int m3_node_file_open(const char *dir, int write, int *fd,
		      struct m3_node_region **region);
void m3_node_file_close(int fd, struct m3_node_region *region);
void m3_dc_path(char *path, const char *dir, uint32_t dc, const char *suffix);
int m3_dc_create(const char *dir, const struct m3_node_region *node,
		 const struct m3_dc_params *params);
/* The DC's file, its bells, and what a killed creator may have left. */
void m3_dc_remove(const char *dir, uint32_t dc);
int m3_map_open(const char *dir, uint32_t dc, uint32_t spin_ns,
		struct m3_map **map);
void m3_map_close(struct m3_map *map);
/* Gives [offset, +bytes) memory; -ENOSPC rather than SIGBUS later. */
int m3_map_back(struct m3_map *map, uint64_t offset, uint64_t bytes);
/* The same for what the DC needs to span a node. */
int m3_map_back_peer(struct m3_map *map, uint32_t node);

/* --------------------------------------------------- lock: lock.c */

#define M3_LOCK_FOREVER 0u
#define M3_LOCK_PROXY_MS 1000u /* protocol 14 */

/*
 * Opens a critical section. EFORKED; ESUSPENDED after `bound_ms`. A dead
 * holder's changes are undone first.
 */
int m3_begin(struct m3_map *map, struct m3_section *s, uint32_t bound_ms);
/* Releases the lock, then wakes and rings. */
void m3_end(struct m3_section *s);
uint32_t m3_tid(void);
/* In a forked child: its thread id is another one. */
void m3_thread_forget(void);

/* ------------------------------------------------ waiting: wait.c */

uint64_t m3_clock_ns(void); /* CLOCK_MONOTONIC */
void m3_futex_wake(uint32_t *word, int count);
int m3_futex_wait(uint32_t *word, uint32_t value, uint64_t ns);
/* Makes slot i's new call one that is waited for in this way. */
void m3_arm(struct m3_region *r, uint32_t i, uint32_t waits);
int m3_is_done(struct m3_region *r, uint32_t i, uint32_t tag);
/* The same without a wake-up, for who knows that the call has ended. */
void m3_mark_done(struct m3_region *r, uint32_t i, uint32_t tag);
/*
 * Waits for the end of slot i's call. 0: it ended; M3_SERVE: its memory is
 * asked for, m3_serve(); -M3_EAGAIN: a slice has passed, look around;
 * -M3_EINTR; -M3_ETIMEDOUT at `deadline` (ns, 0: never).
 */
#define M3_SERVE 1
int m3_wait(struct m3_map *map, uint32_t i, uint32_t tag, uint64_t deadline);
void m3_wake(struct m3_map *map, uint32_t i, uint32_t tag);
uint32_t m3_calibrate(void);

static inline void m3_cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#else
	__asm__ volatile("yield" ::: "memory");
#endif
}

/* ----------------------- private memory: serve.c, process-vm.c */

/* Copies what slot i, of this process, is asked for, if it is. */
void m3_serve(struct m3_map *map, uint32_t i);
/*
 * Copies by process_vm_readv(2) or writev, to `theirs` if `push`, in a process
 * that has joined. EPERM: not allowed here; EFAULT: no such memory; ESRCDIED:
 * it has ended. `*copied` gets the bytes copied.
 */
int m3_process_copy(struct m3_map *map, uint32_t handle, int push, void *mine,
		    uint64_t theirs, uint64_t bytes, uint64_t *copied);

/* --------------------------------------------------- bells: bell.c */

/* Whose bell: a handle's or, of the node's runtime, a peer's. */
enum m3_bell_kind { M3_BELL_HANDLE, M3_BELL_PEER };

/*
 * Bells lie in a directory of the DC's present life that its members may write
 * to, and each life of a bell has a name of its own: nobody removes another's.
 */
void m3_bell_dir(char *path, const char *dir, const struct m3_layout *l);
int m3_bell_create(struct m3_map *map, enum m3_bell_kind kind, uint32_t index,
		   uint32_t generation, int *fd);
void m3_bell_remove(struct m3_map *map, enum m3_bell_kind kind, uint32_t index,
		    uint32_t generation);
void m3_ring_handle(struct m3_map *map, uint32_t handle);
void m3_ring_peer(struct m3_map *map, uint32_t node);
void m3_bell_drain(int fd);
/*
 * Asks for one ring, of whatever happens from now on; look again afterwards.
 * `ticket` is the owner's own, different each time.
 */
void m3_bell_arm(uint32_t *armed, uint32_t *ticket);
/* The first ticket of life `generation` of a bell. */
static inline uint32_t m3_bell_ticket(uint32_t generation)
{
	return generation << 16 | 1;
}

/* -------------------------------------------- CPUs: affinity.c */

/*
 * The calling thread has bound slot `i`: it keeps to the CPUs of the DC, as far
 * as it may run there at all (reference 1.2, cpumask).
 */
void m3_affinity_bind(struct m3_map *map, uint32_t i);
/* It waits in a call of slot `i` for who runs on `cpu`: it moves there. */
void m3_affinity_follow(struct m3_map *map, uint32_t i, uint32_t cpu);
/* Threads get back what they had before slot `i`; before this member. */
void m3_affinity_unbind(struct m3_map *map, uint32_t i);
void m3_affinity_leave(struct m3_map *map);
/* In a forked child: those threads are its parent's. */
void m3_affinity_forget(void);

/* ---------------------------------------------------- life: life.c */

/* Takes a free handle for this process and its bell. */
int m3_life_begin(struct m3_map *map);
void m3_life_end(struct m3_map *map);
int m3_life_alive(struct m3_map *map, uint32_t handle);
/* Unbinds what a dead process left; returns how many endpoints. */
int m3_life_bury(struct m3_map *map, uint32_t handle);
/* Looks at the process that slot i's call depends on. */
void m3_life_look(struct m3_map *map, uint32_t i);
/* Buries the owner of slot `p`, if it has died. */
void m3_life_look_at(struct m3_map *map, uint32_t p);
int m3_life_sweep(struct m3_map *map);
/*
 * Repeats every wake-up that may be owed: a process can be killed between its
 * commit and its wake-ups. Inside a critical section.
 */
void m3_life_rouse(struct m3_txn *t);

#endif
