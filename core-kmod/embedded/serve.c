// SPDX-License-Identifier: MIT
/*
 * The owner's side of a served copy: memory of this process, which somebody
 * else named. It may be anything, so it is looked at before it is touched.
 */
#include "embedded.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

/*
 * What this thread has found to be memory in its present call: it is blocked
 * in it, so that it stays memory until then.
 */
static __thread struct {
	const struct m3_map *map;
	uint32_t slot;
	int fill;
	uint64_t incarnation, binding, call, from, to;
} seen;

/* Another map may be where one was that has been closed. */
static int is_seen(const struct m3_map *map, uint32_t i,
		   const struct m3_served *job)
{
	const struct m3_slot *s = m3_slot(map->r, i);

	return seen.map == map && seen.slot == i &&
	       seen.incarnation == map->r->incarnation &&
	       seen.binding == s->binding && seen.call == s->call &&
	       seen.fill == job->fill && job->address >= seen.from &&
	       job->address <= seen.to && job->bytes <= seen.to - job->address;
}

/* 1: all of it can be read or written; 0: the kernel has to say. */
static int is_memory(const struct m3_served *job)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t from = job->address & ~(page - 1);
	uint64_t end = (job->address + job->bytes + page - 1) & ~(page - 1);

	if (end < from)
		return 0;
	return madvise((void *)(uintptr_t)from, end - from, job->fill ?
		       MADV_POPULATE_READ : MADV_POPULATE_WRITE) == 0;
}

/* The same copy by the kernel, which minds what it touches. */
static int careful(struct m3_map *map, const struct m3_served *job)
{
	struct iovec mine = { (void *)(uintptr_t)job->address, job->bytes };
	struct iovec staging = { m3_at(map->r, job->staging), job->bytes };
	ssize_t n;

	n = job->fill ?
		process_vm_readv(getpid(), &staging, 1, &mine, 1, 0) :
		process_vm_writev(getpid(), &staging, 1, &mine, 1, 0);
	return n == (ssize_t)job->bytes ? 0 : -M3_EFAULT;
}

int m3_serve_copy(struct m3_map *map, uint32_t i, const struct m3_served *job)
{
	void *mine = (void *)(uintptr_t)job->address;

	if (!is_seen(map, i, job)) {
		if (!is_memory(job))
			return careful(map, job);
		seen.map = map;
		seen.slot = i;
		seen.incarnation = map->r->incarnation;
		seen.binding = m3_slot(map->r, i)->binding;
		seen.call = m3_slot(map->r, i)->call;
		seen.fill = job->fill;
		seen.from = job->address;
		seen.to = job->address + job->bytes;
	}
	if (job->fill)
		memcpy(m3_at(map->r, job->staging), mine, job->bytes);
	else
		memcpy(mine, m3_at(map->r, job->staging), job->bytes);
	return 0;
}

static char *own_memory(struct m3_map *map, const struct m3_own *own)
{
	return own->offset ? m3_at(map->r, own->offset) :
			     (char *)(uintptr_t)own->address;
}

int m3_copy_own(struct m3_map *map, const struct m3_own *own, int push,
		uint64_t offset, uint64_t bytes)
{
	char *mine = own_memory(map, own), *arena = m3_at(map->r, offset);

	memcpy(push ? arena : mine, push ? mine : arena, bytes);
	return 0;
}
