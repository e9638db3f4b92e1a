// SPDX-License-Identifier: MIT
/*
 * CPU masks of threads: narrowed by a DC while they have an endpoint in it, and
 * by affinity inheritance (reference 2.7). The mask that a thread had before
 * the first of these is given back with the last.
 */
#include "embedded.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Thread `tid` has been narrowed for slot `slot` of that map. */
struct hold {
	struct hold *next;
	const struct m3_map *map;
	uint32_t slot;
	uint32_t tid;
	cpu_set_t original; /* of the thread: the same in all its holds */
};

/* One table for the process: a thread may be a member of several DCs. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct hold *holds;

static struct hold *find(uint32_t tid)
{
	struct hold *h;

	for (h = holds; h && h->tid != tid; h = h->next)
		;
	return h;
}

/* The calling thread's hold for that slot, made if need be. */
static struct hold *hold(const struct m3_map *map, uint32_t slot)
{
	struct hold *h, *other = find(m3_tid());

	for (h = other; h; h = h->next)
		if (h->tid == m3_tid() && h->map == map && h->slot == slot)
			return h;
	h = calloc(1, sizeof(*h));
	if (!h)
		return NULL;
	if (other)
		h->original = other->original;
	else if (sched_getaffinity(0, sizeof(h->original), &h->original)) {
		free(h);
		return NULL;
	}
	h->map = map;
	h->slot = slot;
	h->tid = m3_tid();
	h->next = holds;
	holds = h;
	return h;
}

/* The DC's CPUs that the thread may use; all of its own if there are none. */
static void allowed(const struct m3_region *r, const cpu_set_t *original,
		    cpu_set_t *set)
{
	uint32_t cpu;

	CPU_ZERO(set);
	for (cpu = 0; cpu < 64 * M3_CPU_WORDS; cpu++)
		if (r->cpus[cpu / 64] >> cpu % 64 & 1 &&
		    CPU_ISSET(cpu, original))
			CPU_SET(cpu, set);
	if (CPU_COUNT(set) == 0)
		*set = *original;
}

static int has_mask(const struct m3_region *r)
{
	uint32_t i;

	for (i = 0; i < M3_CPU_WORDS; i++)
		if (r->cpus[i])
			return 1;
	return 0;
}

void m3_affinity_bind(struct m3_map *map, uint32_t i)
{
	struct hold *h;
	cpu_set_t set;

	if (!has_mask(map->r))
		return;
	pthread_mutex_lock(&lock);
	h = hold(map, i);
	if (h) {
		allowed(map->r, &h->original, &set);
		sched_setaffinity(0, sizeof(set), &set);
	}
	pthread_mutex_unlock(&lock);
}

void m3_affinity_follow(struct m3_map *map, uint32_t i, uint32_t cpu)
{
	struct hold *h;
	cpu_set_t set;

	if (cpu >= CPU_SETSIZE)
		return;
	pthread_mutex_lock(&lock);
	h = hold(map, i);
	if (h) {
		allowed(map->r, &h->original, &set);
		if (CPU_ISSET(cpu, &set)) {
			CPU_ZERO(&set);
			CPU_SET(cpu, &set);
			sched_setaffinity(0, sizeof(set), &set);
		}
	}
	pthread_mutex_unlock(&lock);
}

/* Is it still a thread of this process, and not another's with its number? */
static int is_ours(uint32_t tid)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/self/task/%u", tid);
	return access(path, F_OK) == 0;
}

/* Ends the holds of one slot of a map, or of all if it is M3_NIL. */
static void release(const struct m3_map *map, uint32_t slot)
{
	struct hold **at = &holds, *h;

	pthread_mutex_lock(&lock);
	while ((h = *at)) {
		if (h->map != map || (slot != M3_NIL && h->slot != slot)) {
			at = &h->next;
			continue;
		}
		*at = h->next;
		if (!find(h->tid) && is_ours(h->tid))
			sched_setaffinity((pid_t)h->tid, sizeof(h->original),
					  &h->original);
		free(h);
	}
	pthread_mutex_unlock(&lock);
}

void m3_affinity_unbind(struct m3_map *map, uint32_t i)
{
	release(map, i);
}

void m3_affinity_leave(struct m3_map *map)
{
	release(map, M3_NIL);
}

void m3_affinity_forget(void)
{
	struct hold *h;

	/* Another thread of the parent may have been at it. */
	pthread_mutex_init(&lock, NULL);
	while ((h = holds)) {
		holds = h->next;
		free(h);
	}
}
