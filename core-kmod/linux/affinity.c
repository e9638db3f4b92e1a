// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * CPUs of threads: narrowed by a DC while they have an endpoint in it. The mask
 * that a thread had before the first of these is given back with the last,
 * unless somebody has given it another meanwhile: a cpuset that has become
 * smaller would be left again.
 * Affinity inheritance (reference 2.7) is a matter of waking: wake_call().
 */
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include "../calls/calls.h"

/* A thread has been narrowed for a slot. */
struct hold {
	struct list_head list;
	uint32_t slot;
	struct task_struct *thread; /* a reference */
	struct cpumask original; /* the same in all holds of the thread */
	struct cpumask narrowed; /* what it has now */
};

static struct hold *find(struct m3_map *map, const struct task_struct *thread)
{
	struct hold *h;

	list_for_each_entry(h, &map->holds, list)
		if (h->thread == thread)
			return h;
	return NULL;
}

/* The DC's CPUs that the thread may use; 0: there are none. */
static int allowed(const struct m3_region *r, const struct cpumask *original,
		   struct cpumask *set)
{
	unsigned int cpu;

	cpumask_clear(set);
	for_each_cpu(cpu, original)
		if (cpu < 64 * M3_CPU_WORDS &&
		    r->cpus[cpu / 64] >> cpu % 64 & 1)
			cpumask_set_cpu(cpu, set);
	return !cpumask_empty(set);
}

static void hold(struct m3_map *map, uint32_t slot, struct hold *h,
		 struct cpumask *set)
{
	struct hold *other = find(map, current);

	cpumask_copy(&h->original, other ? &other->original :
					   current->cpus_ptr);
	h->slot = slot;
	h->thread = get_task_struct(current);
	list_add(&h->list, &map->holds);
	if (allowed(map->r, &h->original, set))
		set_cpus_allowed_ptr(current, set);
	cpumask_copy(&h->narrowed, current->cpus_ptr);
}

void m3_affinity_bind(struct m3_map *map, uint32_t i)
{
	cpumask_var_t set;
	struct hold *h;

	if (!memchr_inv(map->r->cpus, 0, sizeof(map->r->cpus)) ||
	    !zalloc_cpumask_var(&set, GFP_KERNEL))
		return;
	h = kzalloc(sizeof(*h), GFP_KERNEL_ACCOUNT);
	if (h) {
		mutex_lock(&map->holds_lock);
		hold(map, i, h, set);
		mutex_unlock(&map->holds_lock);
	}
	free_cpumask_var(set);
}

/* Ends the holds of one slot, or of all if it is M3_NIL. */
static void release(struct m3_map *map, uint32_t slot)
{
	struct hold *h, *next;

	mutex_lock(&map->holds_lock);
	list_for_each_entry_safe(h, next, &map->holds, list) {
		if (slot != M3_NIL && h->slot != slot)
			continue;
		list_del(&h->list);
		if (!find(map, h->thread) &&
		    cpumask_equal(h->thread->cpus_ptr, &h->narrowed))
			set_cpus_allowed_ptr(h->thread, &h->original);
		put_task_struct(h->thread);
		kfree(h);
	}
	mutex_unlock(&map->holds_lock);
}

void m3_affinity_unbind(struct m3_map *map, uint32_t i)
{
	release(map, i);
}

void m3_affinity_leave(struct m3_map *map)
{
	release(map, M3_NIL);
}
