// SPDX-License-Identifier: MIT
/*
 * Private memory that its owner copies itself: every state of it, and what may
 * end it meanwhile. The owner is stopped between two steps by taking them one
 * by one, as m3_serve() does.
 */
#include "rig.h"
#include <embedded/embedded.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES 10000u

/* Endpoint 1 waits for 2, who copies. */
struct scene {
	struct rig_node node;
	struct m3_member *owner, *copier;
	struct m3_map *map; /* for the owner's steps */
	struct m3_call asks, copies;
	unsigned char *theirs, *mine;
};

static void begin(struct scene *s)
{
	struct m3_message m;

	memset(s, 0, sizeof(*s));
	rig_start(&s->node, 0);
	s->owner = rig_join(&s->node, 1);
	s->copier = rig_join(&s->node, 2);
	s->theirs = malloc(BYTES);
	s->mine = malloc(BYTES);
	MUST(s->theirs && s->mine);
	memset(s->theirs, 1, BYTES);
	memset(s->mine, 2, BYTES);
	SAME(m3_copy_mode(s->copier, M3_COPY_BOUNCE), 0);
	SAME(m3_map_open(s->node.dir, RIG_DC, 0, &s->map), 0);
	s->map->handle = m3_slot(s->map->r, m3_slot_of(s->map->r, 1))->handle;
	rig_start_call(s->owner, &s->asks, M3_OP_SENDREC, 1, 2, 7, M3_PENDING);
	SAME(m3_receive(s->copier, 2, 1, &m, 0), 0);
}

static long staged(struct scene *s)
{
	struct m3_dc_info info;

	SOUND(&s->node);
	SAME(m3_getdcinfo(s->node.core, RIG_DC, &info), 0);
	return info.arena_used;
}

static void end(struct scene *s)
{
	SAME(staged(s), 0);
	s->map->handle = M3_RUNTIME;
	m3_map_close(s->map);
	m3_leave(s->owner);
	m3_leave(s->copier);
	SAME(staged(s), 0);
	rig_stop(&s->node);
	free(s->theirs);
	free(s->mine);
}

static void start_at(struct scene *s, int push, void *theirs, int expected)
{
	uint64_t a = (uintptr_t)s->mine, b = (uintptr_t)theirs;

	memset(&s->copies, 0, sizeof(s->copies));
	s->copies.op = M3_OP_VCOPY;
	s->copies.self = 2;
	s->copies.peer = push ? 2 : 1;
	s->copies.dst = push ? 1 : 2;
	s->copies.src_address = push ? a : b;
	s->copies.dst_address = push ? b : a;
	s->copies.bytes = BYTES;
	SAME(m3_start(s->copier, &s->copies), expected);
}

static void start(struct scene *s, int push)
{
	start_at(s, push, s->theirs, M3_PENDING);
	SAME(staged(s), 12288);
}

static int take(struct scene *s, struct m3_served *job)
{
	struct m3_section section;
	int taken;

	SAME(m3_begin(s->map, &section, M3_LOCK_FOREVER), 0);
	taken = m3_serve_take(&section.t, m3_slot_of(s->map->r, 1), job);
	m3_end(&section);
	SOUND(&s->node);
	return taken;
}

static void done(struct scene *s, const struct m3_served *job, int error)
{
	struct m3_section section;

	SAME(m3_begin(s->map, &section, M3_LOCK_FOREVER), 0);
	m3_serve_done(&section.t, m3_slot_of(s->map->r, 1), job, error);
	m3_end(&section);
	SOUND(&s->node);
}

static void serve(struct scene *s)
{
	int32_t eps[4];

	MUST(m3_bell_serve(s->owner, eps, 4) > 0);
	SAME(m3_finish(s->owner, &s->asks), M3_PENDING);
}

/* All is well again: the next copy works. */
static void works(struct scene *s)
{
	memset(s->theirs, 3, BYTES);
	memset(s->mine, 4, BYTES);
	start(s, 0);
	serve(s);
	SAME(m3_finish(s->copier, &s->copies), 0);
	SAME((long)s->copies.copied, BYTES);
	MUST(s->mine[0] == 3 && s->mine[BYTES - 1] == 3);
	SAME(staged(s), 0);
}

/* The copier gives up: asked only, or while the owner is at it. */
static void copier_leaves(int push, int working)
{
	struct m3_served job;
	struct scene s;

	begin(&s);
	start(&s, push);
	if (working)
		SAME(take(&s, &job), 1);
	SAME(m3_cancel(s.copier, &s.copies, M3_ETIMEDOUT), -M3_ETIMEDOUT);
	SAME((long)s.copies.copied, 0);
	SAME(staged(&s), working ? 12288 : 0);
	if (working) {
		start_at(&s, push, s.theirs, -M3_EBUSY);
		SAME(m3_cancel(s.owner, &s.asks, M3_ECANCELED), M3_PENDING);
		SAME(m3_unbind(s.owner, 1), -M3_EONCOPY);
		SAME(m3_unbind_any(s.node.core, RIG_DC, 1), -M3_EONCOPY);
		done(&s, &job, 0);
		done(&s, &job, 0);
	} else {
		SAME(take(&s, &job), 0);
	}
	SAME(staged(&s), 0);
	works(&s);
	end(&s);
}

/* The owner's call ends before it was served: the copier is told. */
static void owner_leaves(int push)
{
	struct scene s;

	begin(&s);
	start(&s, push);
	SAME(m3_cancel(s.owner, &s.asks, M3_ETIMEDOUT), -M3_ETIMEDOUT);
	SAME(m3_finish(s.copier, &s.copies), -M3_EPROCSTS);
	SAME((long)s.copies.copied, 0);
	end(&s);
	begin(&s);
	start(&s, push);
	SAME(m3_unbind(s.owner, 1), 0);
	SAME(m3_finish(s.copier, &s.copies),
	     push ? -M3_EDSTDIED : -M3_ESRCDIED);
	end(&s);
}

/* The copier gives up, and answers; the owner is still at the old copy. */
static void answered_meanwhile(void)
{
	struct m3_message m = rig_message(8, 0, 0);
	struct m3_served job;
	struct scene s;

	begin(&s);
	start(&s, 1);
	SAME(take(&s, &job), 1);
	SAME(m3_cancel(s.copier, &s.copies, M3_ETIMEDOUT), -M3_ETIMEDOUT);
	SAME(m3_reply(s.copier, 2, 1, &m), 0);
	SAME(m3_finish(s.owner, &s.asks), M3_PENDING);
	SAME(staged(&s), 12288);
	done(&s, &job, 0);
	SAME(m3_finish(s.owner, &s.asks), 0);
	SAME(s.asks.message.type, 8);
	end(&s);
}

/* Addresses that are none, none to write to, or end too early. */
static void bad_addresses(int mode)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *at = mmap(NULL, 8 * page, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct { void *at; int push, error; } cases[] = {
		{ (void *)8, 0, M3_EFAULT },
		{ (void *)8, 1, M3_EFAULT },
		{ (void *)0x3fffffffffff0000, 1, M3_EFAULT },
		{ at, 1, M3_EFAULT }, /* read only */
		{ at, 0, 0 },
		{ at + 4 * page, 0, M3_EFAULT }, /* no access */
		{ at + 3 * page, 0, M3_EFAULT }, /* runs into that */
	};
	struct scene s;
	unsigned int i;
	int e;

	MUST(at != MAP_FAILED);
	memset(at, 5, 8 * page);
	SAME(mprotect(at, 4 * page, PROT_READ), 0);
	SAME(mprotect(at + 4 * page, 4 * page, PROT_NONE), 0);
	begin(&s);
	SAME(m3_copy_mode(s.copier, (enum m3_copy_mode)mode), 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (mode == M3_COPY_BOUNCE) {
			start_at(&s, cases[i].push, cases[i].at, M3_PENDING);
			serve(&s);
			e = m3_finish(s.copier, &s.copies);
		} else {
			start_at(&s, cases[i].push, cases[i].at,
				 -cases[i].error);
			e = -cases[i].error;
		}
		SAME(e, -cases[i].error);
		SAME(staged(&s), 0);
	}
	SAME(m3_copy_mode(s.copier, M3_COPY_BOUNCE), 0);
	works(&s);
	end(&s);
	munmap(at, 8 * page);
}

/* Rules of who may copy from whom, and when. */
static void rules(void)
{
	struct m3_buffer all;
	struct scene s;
	uint64_t n;

	begin(&s);
	SAME(m3_bind(s.copier, 3), 0);
	/* Not the one that is waited for; not one that waits; nobody. */
	SAME(m3_vcopy(s.copier, 3, 1, (uintptr_t)s.theirs, 3,
		      (uintptr_t)s.mine, 1, 1000, &n), -M3_EPROCSTS);
	SAME(m3_vcopy(s.copier, 2, 3, (uintptr_t)s.theirs, 2,
		      (uintptr_t)s.mine, 1, 1000, &n), -M3_EPROCSTS);
	SAME(m3_vcopy(s.copier, 2, 4, (uintptr_t)s.theirs, 2,
		      (uintptr_t)s.mine, 1, 1000, &n), -M3_ESRCDIED);
	SAME(m3_vcopy(s.copier, 2, 2, (uintptr_t)s.mine, 4,
		      (uintptr_t)s.theirs, 1, 1000, &n), -M3_EDSTDIED);
	SAME(m3_vcopy(s.copier, 2, 1, (uintptr_t)s.theirs, 1,
		      (uintptr_t)s.mine, 1, 1000, &n), -M3_EENDPOINT);
	SAME(m3_vcopy(s.copier, 2, M3_SELF, (uintptr_t)s.mine, 2,
		      (uintptr_t)s.mine, 1, 1000, &n), -M3_EENDPOINT);
	SAME(m3_vcopy(s.copier, 2, 99, 8, 2, (uintptr_t)s.mine, 1, 1000, &n),
	     -M3_ERANGE);
	SAME(m3_vcopy(s.copier, 2, 1, 8, 99, 8, 1, 1000, &n), -M3_ERANGE);
	SAME(m3_vcopy(s.copier, 2, 1, 8, 3, 8, M3_MAX_COPY + 1, 1000, &n),
	     -M3_ERANGE);
	SAME(m3_vcopy(s.copier, 9, 1, 8, 9, 8, 1, 1000, &n), -M3_ENOTBIND);
	/* Own memory that is none. */
	SAME(m3_vcopy(s.copier, 2, 1, (uintptr_t)s.theirs, 2, 0, 1, 1000, &n),
	     -M3_EFAULT);
	SAME(m3_vcopy(s.copier, 2, 1, (uintptr_t)s.theirs, 2,
		      M3_GRANT_BIT | 8, 1, 1000, &n), -M3_EFAULT);
	/* The third party does not wait. */
	SAME(m3_vcopy(s.copier, 2, 1, (uintptr_t)s.theirs, 3,
		      (uintptr_t)s.mine, 1, 1000, &n), -M3_EPROCSTS);
	SAME(m3_vcopy(s.copier, 2, 1, (uintptr_t)s.theirs, 3,
		      (uintptr_t)s.mine, 0, 1000, &n), -M3_EPROCSTS);
	SAME(m3_vcopy(s.copier, 2, 1, (uintptr_t)s.theirs, 2,
		      (uintptr_t)s.mine, 1, M3_NOWAIT, &n), -M3_EAGAIN);
	SAME(staged(&s), 0);
	/* No room for the staging. */
	SAME(m3_alloc(s.copier, 2, (8u << 20) - 8192, &all), 0);
	start_at(&s, 0, s.theirs, -M3_EALLOCMEM);
	start_at(&s, 1, s.theirs, -M3_EALLOCMEM);
	SAME(m3_free(s.copier, 2, &all), 0);
	works(&s);
	end(&s);
}

/* ------------------------------------------------ owners that are killed */

static void owner_that_stops(struct rig_node *n, int working)
{
	struct m3_member *m = rig_join(n, 3);
	struct m3_served job;
	struct m3_section s;
	struct m3_call call;
	struct m3_map *map;

	rig_start_call(m, &call, M3_OP_SENDREC, 3, 2, 7, M3_PENDING);
	SAME(m3_map_open(n->dir, RIG_DC, 0, &map), 0);
	while (!m3_serve_wanted(map->r, m3_slot_of(map->r, 3)))
		rig_sleep(500);
	map->handle = m3_slot(map->r, m3_slot_of(map->r, 3))->handle;
	if (working) {
		SAME(m3_begin(map, &s, M3_LOCK_FOREVER), 0);
		SAME(m3_serve_take(&s.t, m3_slot_of(map->r, 3), &job), 1);
		m3_end(&s);
	}
	kill(getpid(), SIGKILL);
}

/* Its copier learns of it within 250 ms, whether it sleeps or polls. */
static void owner_killed(int push, int working, int asynchronous)
{
	unsigned long before;
	struct m3_message m;
	struct scene s;
	int e, status;
	pid_t pid;

	begin(&s);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		owner_that_stops(&s.node, working);
		_exit(1);
	}
	SAME(m3_receive(s.copier, 2, M3_ANY, &m, 5000), 0);
	SAME(m.source, 3);
	s.copies = (struct m3_call){ .op = M3_OP_VCOPY, .self = 2 };
	s.copies.peer = push ? 2 : 3;
	s.copies.dst = push ? 3 : 2;
	s.copies.src_address = (uintptr_t)(push ? s.mine : s.theirs);
	s.copies.dst_address = (uintptr_t)(push ? s.theirs : s.mine);
	s.copies.bytes = BYTES;
	before = rig_now();
	if (asynchronous) {
		SAME(m3_start(s.copier, &s.copies), M3_PENDING);
		while ((e = m3_finish(s.copier, &s.copies)) == M3_PENDING)
			rig_sleep(500);
	} else {
		e = m3_vcopy(s.copier, 2, s.copies.peer, s.copies.src_address,
			     s.copies.dst, s.copies.dst_address, BYTES, 5000,
			     NULL);
	}
	SAME(e, push ? -M3_EDSTDIED : -M3_ESRCDIED);
	MUST(rig_now() - before < 2000);
	SAME(waitpid(pid, &status, 0), pid);
	MUST(WIFSIGNALED(status));
	works(&s);
	end(&s);
}

/* ------------------------------------------- copiers that are killed */

static void copier_that_stops(struct scene *s, int push)
{
	struct m3_member *m = rig_join(&s->node, 4);
	struct m3_message request;
	struct m3_call call = { .op = M3_OP_VCOPY, .self = 4 };

	SAME(m3_receive(m, 4, M3_ANY, &request, 5000), 0);
	SAME(m3_copy_mode(m, M3_COPY_BOUNCE), 0);
	call.peer = push ? 4 : 5;
	call.dst = push ? 5 : 4;
	call.src_address = (uintptr_t)s->theirs;
	call.dst_address = (uintptr_t)s->theirs;
	call.bytes = BYTES;
	SAME(m3_start(m, &call), M3_PENDING);
	raise(SIGSTOP);
}

/* The owner goes on: its call has failed, its memory is its own. */
static void copier_killed(int push, int working)
{
	struct m3_served job;
	struct m3_call call;
	struct scene s;
	int status, e;
	pid_t pid;

	begin(&s);
	SAME(m3_bind(s.owner, 5), 0);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		copier_that_stops(&s, push);
		_exit(1);
	}
	do {
		call = (struct m3_call){ .op = M3_OP_SENDREC, .self = 5,
					 .peer = 4 };
		e = m3_start(s.owner, &call);
	} while (e == -M3_EDEADSRCDST);
	SAME(e, M3_PENDING);
	SAME(waitpid(pid, &status, WUNTRACED), pid);
	MUST(WIFSTOPPED(status));
	if (working) {
		struct m3_section section;

		SAME(m3_begin(s.map, &section, M3_LOCK_FOREVER), 0);
		SAME(m3_serve_take(&section.t, m3_slot_of(s.map->r, 5), &job),
		     1);
		m3_end(&section);
	}
	SAME(kill(pid, SIGKILL), 0);
	SAME(waitpid(pid, &status, 0), pid);
	SAME(m3_sweep(s.node.core), 1);
	SAME(staged(&s), working ? 12288 : 0);
	if (working) {
		struct m3_section section;

		SAME(m3_begin(s.map, &section, M3_LOCK_FOREVER), 0);
		m3_serve_done(&section.t, m3_slot_of(s.map->r, 5), &job, 0);
		m3_end(&section);
	}
	SAME(staged(&s), 0);
	SAME(m3_finish(s.owner, &call), -M3_ESRCDIED);
	works(&s);
	end(&s);
}

int main(void)
{
	int i;

	rig_embedded_only("it takes the steps of an owner one by one, in "
			  "a region that it maps");
	for (i = 0; i < 4; i++)
		copier_leaves(i & 1, i >> 1);
	rig_ok("a second copy, an unbind");
	owner_leaves(0);
	owner_leaves(1);
	answered_meanwhile();
	bad_addresses(M3_COPY_BOUNCE);
	bad_addresses(M3_COPY_PROCESS_VM);
	rules();
	for (i = 0; i < 8; i++)
		owner_killed(i & 1, i >> 1 & 1, i >> 2);
	for (i = 0; i < 4; i++)
		copier_killed(i & 1, i >> 1);
	rig_ok("killed, asked and at it");
	return 0;
}
