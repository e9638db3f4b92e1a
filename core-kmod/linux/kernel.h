/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * kernel.h - the platform of the core in Linux: what a device, a node's core,
 * a DC and an open file are made of.
 *
 * Nothing that comes from user space is trusted: requests, and what they point
 * at, are copied before they are looked at; the state of the core is in memory
 * that no process has mapped, but for the pages of its own buffers.
 *
 * Locks, in this order: file (of a node or proxy: one request at a time), then
 * core.manage (one request of management at a time), core.lock (which DCs there
 * are), a DC's lock (its state), the arena's lock (which page is where). Under
 * a DC's lock nothing touches user memory or waits.
 */
#ifndef M3_KERNEL_H
#define M3_KERNEL_H

#include <linux/cred.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uidgid.h>
#include <linux/version.h>
#include <linux/wait.h>
#include "../calls/event.h"
#include "../calls/platform.h"

struct cgroup;

/*
 * The lock of a DC is a choice of the build, as in the original: make
 * M3IPC_LOCK=mutex, spin or rw.
 */
#if defined(M3_LOCK_SPIN)
typedef spinlock_t m3_lock_t;
#define M3_LOCK_NAME "spinlock"
#define m3_lock_init(l) spin_lock_init(l)
#define m3_lock(l) spin_lock(l)
#define m3_unlock(l) spin_unlock(l)
#define M3_GFP_LOCKED (GFP_NOWAIT | __GFP_ACCOUNT)
#elif defined(M3_LOCK_RW)
typedef rwlock_t m3_lock_t;
#define M3_LOCK_NAME "rwlock"
#define m3_lock_init(l) rwlock_init(l)
#define m3_lock(l) write_lock(l)
#define m3_unlock(l) write_unlock(l)
#define M3_GFP_LOCKED (GFP_NOWAIT | __GFP_ACCOUNT)
#else
typedef struct mutex m3_lock_t;
#define M3_LOCK_NAME "mutex"
#define m3_lock_init(l) mutex_init(l)
#define m3_lock(l) mutex_lock(l)
#define m3_unlock(l) mutex_unlock(l)
#define M3_GFP_LOCKED GFP_KERNEL_ACCOUNT
#endif

/* Rung: whoever polls its file, or waits here, has something to look at. */
struct m3_bell {
	wait_queue_head_t wait;
	atomic_t rung;
};

/* For sparse, which does not follow mutexes, nor RT's locks before 6.12. */
#if (defined(M3_LOCK_SPIN) || defined(M3_LOCK_RW)) && \
	(!defined(CONFIG_PREEMPT_RT) || \
	 LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0))
#define M3_ACQUIRES(l) __acquires(l)
#define M3_RELEASES(l) __releases(l)
#else
#define M3_ACQUIRES(l)
#define M3_RELEASES(l)
#endif

/* What the kernel knows of a process that has joined a DC. */
struct m3_joined {
	struct m3_bell bell; /* also of who waits to be bound */
	struct mm_struct *mm; /* a reference to the struct, not to the memory */
	bool ended; /* its process has: unbound as soon as no copy needs it */
	bool released; /* and so is its file: the handle can be another's */
};

struct m3_dc {
	struct kref ref;
	struct m3_core *core; /* a reference */
	struct m3_region *r;
	m3_lock_t lock;
	kuid_t owner;
	kgid_t group;
	umode_t mode;
	struct cgroup *cgroup; /* a reference, or NULL: access.c */
	spinlock_t pages_lock;
	struct page **pages; /* of the arena, one for each unit, or NULL */
	atomic64_t moved; /* bytes that copies have moved, each time they were */
	wait_queue_head_t *calls; /* one for each slot: who waits in a call */
	struct m3_joined *joined; /* one for each handle */
};

/* One life of a node's core: from m3_dvs_init() to m3_dvs_end(). */
struct m3_core {
	struct kref ref;
	struct mutex manage;
	struct mutex lock;
	struct user_namespace *owner;
	bool ended;
	struct m3_bell *peers; /* bells of the proxies of each node */
	struct m3_dc *dcs[M3_MAX_DCS];
	struct m3_node_region region;
};

/* /dev/m3ipc<index>: one node. */
struct m3_device {
	struct miscdevice misc;
	char name[16];
	struct mutex lock;
	struct m3_core *core; /* a reference, or NULL */
};

/* A process's, node's or proxy's view of a DC. */
struct m3_map {
	struct m3_region *r;
	uint32_t handle;
	struct m3_dc *dc; /* a reference */
	struct list_head holds; /* on the CPUs of its threads: affinity.c */
	struct mutex holds_lock;
};

/*
 * A call goes on when the signal that interrupts it is no handler's, or stops
 * the process only: file.c.
 */
#define M3_CALLS_PAUSE 1

/* A process that holds an open file has not lost what is behind it. */
static inline int m3_map_forked(const struct m3_map *map)
{
	(void)map;
	return 0;
}

/* Nobody can be stopped with the lock in hand: looking waits for it. */
static inline void m3_look_begin(struct m3_map *map)
	M3_ACQUIRES(&map->dc->lock)
{
	m3_lock(&map->dc->lock);
}

static inline void m3_look_end(struct m3_map *map)
	M3_RELEASES(&map->dc->lock)
{
	m3_unlock(&map->dc->lock);
}

struct m3_node_platform {
	struct m3_core *core; /* a reference */
};

static inline struct m3_dc *m3_dc_of(struct m3_region *r)
{
	return r->platform;
}

/* ------------------------------------------------------- core.c, dc.c */

int m3_core_make(struct m3_device *device, const struct m3_dvs_params *params);
int m3_core_unmake(struct m3_device *device);
/* A reference to the device's core, or NULL. */
struct m3_core *m3_core_get(struct m3_device *device);
void m3_core_put(struct m3_core *core);

/* A reference to a running DC. EBADDCID, EDCNOTRUN. */
int m3_dc_get(struct m3_core *core, int dc, struct m3_dc **out);
void m3_dc_put(struct m3_dc *dc);
/* Whose DC it is: access.c. EINVAL: no such group, or cgroup. */
int m3_dc_access(struct m3_dc *dc, const struct m3_dc_params *params);
void m3_dc_access_end(struct m3_dc *dc);
/* May the caller join? 0, EACCES, EPERM. */
int m3_dc_may_join(const struct m3_dc *dc);
/* May it bind, if it has joined? 0, EPERM. */
int m3_dc_may_bind(const struct m3_dc *dc);
struct m3_map *m3_map_new(struct m3_dc *dc, uint32_t handle);
void m3_map_free(struct m3_map *map);

void m3_bell_init(struct m3_bell *bell);
void m3_bell_ring(struct m3_bell *bell);

void m3_wake(struct m3_map *map, uint32_t i, uint32_t tag);

/* ------------------------------------------------------------ memory.c */

void m3_arena_release(struct m3_dc *dc, uint32_t units);
int m3_arena_map(struct m3_map *map, struct vm_area_struct *vma);
/* A reference to the page at an offset in the region, or NULL. */
struct page *m3_arena_page(struct m3_dc *dc, uint64_t offset);
/*
 * Pins at most `most` of the pages that [at, +bytes) of `mm` is in, to be
 * written if `push`; how many: 0 or less is none.
 */
long m3_pin(struct mm_struct *mm, uint64_t at, uint64_t bytes, int push,
	    struct page **pages, long most);
/* Counts what a copy has moved. */
void m3_moved(struct m3_dc *dc, uint64_t bytes);

/* ----------------------------------------------------------- process.c */

/* Takes a handle for the calling process. EBUSY: there is none. */
int m3_life_begin(struct m3_map *map);
/* Its process ends, or execs, or closes the file: nothing is bound any more. */
void m3_life_close(struct m3_map *map);
/* The file is gone: the handle can be another's. */
void m3_life_end(struct m3_map *map);
/* Threads get back the CPUs that they had before this member. */
void m3_affinity_leave(struct m3_map *map);

/* -------------------------------------------------------------- file.c */

extern const struct file_operations m3_file_operations;

/* A view of the core for management; it is not opened. NULL: no memory. */
struct m3_node *m3_node_new(struct m3_core *core);
void m3_node_free(struct m3_node *node);

/* -------------------------------------------------------------- proc.c */

int m3_proc_begin(void);
int m3_proc_add(struct m3_device *device);
void m3_proc_end(void);

#endif
