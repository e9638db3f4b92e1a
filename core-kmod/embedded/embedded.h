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
#include "../calls/event.h"
#include "../calls/platform.h"

#define M3_PATH_BYTES (PATH_MAX + 32)
/* A signal ends a call: what comes back from futex(2) is a handler's. */
#define M3_CALLS_PAUSE 0
#define M3_SLICE_NS 100000000ull /* a sleeper looks around: build 15 */

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

/* How this process has opened a node's core. */
struct m3_node_platform {
	char dir[PATH_MAX];
	int fd;
	int epoll; /* of all bells of its proxies */
	struct m3_proxy *proxies[M3_MAX_NODES]; /* of each peer, newest first */
};

/*
 * A core in a directory: m3_dvs_init(), m3_dvs_end(), m3_node_open() and
 * m3_node_close() of it. node.c
 */
int m3_embedded_init(const char *dir, const struct m3_dvs_params *params);
int m3_embedded_end(const char *dir);
int m3_embedded_open(const char *dir, struct m3_node **node);
void m3_embedded_close(struct m3_node *node);
/* m3_join() and m3_leave(). member.c */
int m3_embedded_join(const char *dir, int dc, struct m3_member **member);
void m3_embedded_leave(struct m3_member *member);

/* -------------------------------------------------- files: file.c */

extern uint32_t m3_forks; /* forks between this process and the first */

/* The region is not mapped in a forked child: ask before touching it. */
static inline int m3_map_forked(const struct m3_map *map)
{
	return map->forks != m3_forks;
}

/*
 * Looking needs no lock: who was stopped with it in hand must not hide the
 * state, and a member can lie about that in any case.
 */
static inline void m3_look_begin(struct m3_map *map)
{
	(void)map;
}

static inline void m3_look_end(struct m3_map *map)
{
	(void)map;
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

/* --------------------------------------------------- lock: lock.c */

/* In a forked child: its thread id is another one. */
void m3_thread_forget(void);

/* ------------------------------------------------ waiting: wait.c */

void m3_futex_wake(uint32_t *word, int count);
int m3_futex_wait(uint32_t *word, uint32_t value, uint64_t ns);
uint32_t m3_calibrate(void);

static inline void m3_cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#else
	__asm__ volatile("yield" ::: "memory");
#endif
}

/* --------------------------------------------------- bells: bell.c */

/*
 * Ends what slot i sleeps in, or makes it ready; the handle whose bell is to be
 * rung for that, or M3_NIL.
 */
uint32_t m3_wake(struct m3_map *map, uint32_t i, uint32_t tag);

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
/* Drains the bell of a hold, which rang. */
void m3_hold_serve(struct m3_hold *hold);

/* -------------------------------------------- CPUs: affinity.c */

/* It waits in a call of slot `i` for who runs on `cpu`: it moves there. */
void m3_affinity_follow(struct m3_map *map, uint32_t i, uint32_t cpu);
/* Threads get back what they had before this member. */
void m3_affinity_leave(struct m3_map *map);
/* In a forked child: those threads are its parent's. */
void m3_affinity_forget(void);

/* ---------------------------------------------------- life: life.c */

/* Takes a free handle for this process. */
int m3_life_begin(struct m3_map *map);
void m3_life_end(struct m3_map *map);

#endif
