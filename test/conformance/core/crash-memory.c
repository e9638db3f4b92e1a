// SPDX-License-Identifier: MIT
/*
 * Copies of private and granted memory, killed at every crash point that the
 * owner, the requester or the runtime passes: the copy has been made or it
 * ends with a death code, and no staging buffer is left behind.
 */
#include "crash.h"
#include <embedded/embedded.h>
#include <stdlib.h>
#include <string.h>

#define BYTES 70000u

/* The parent is endpoints 1 and 3, the child that dies is endpoint 2. */
struct scene {
	struct rig_node node;
	struct m3_member *parent, *child;
	struct m3_call calls[4]; /* by endpoint */
	struct m3_message request; /* that the child has received */
	struct m3_buffer buffer; /* of endpoint 1 */
};

static unsigned char memory[2][BYTES];

static void arena_is(struct rig_node *n, long bytes)
{
	struct m3_dc_info info;

	SOUND(n);
	SAME(m3_getdcinfo(n->core, RIG_DC, &info), 0);
	SAME((long)info.arena_used, bytes);
}

static void start_copy(struct m3_member *m, struct m3_call *c, int self,
		       int src, uint64_t from, int dst, uint64_t to)
{
	*c = (struct m3_call){ .op = M3_OP_VCOPY, .self = self, .peer = src,
			       .dst = dst };
	c->src_address = from;
	c->dst_address = to;
	c->bytes = BYTES;
	SAME(m3_start(m, c), M3_PENDING);
}

static int all(const unsigned char *p, int byte)
{
	unsigned int i;

	for (i = 0; i < BYTES; i++)
		if (p[i] != byte)
			return 0;
	return 1;
}

/* -------------------------------------------------- the owner is killed */

static void owner_child(struct scene *s, unsigned long n)
{
	struct m3_map *map;
	int32_t eps[4];

	alarm(20);
	s->child = rig_join(&s->node, 2);
	memset(memory[1], 6, BYTES);
	rig_start_call(s->child, &s->calls[2], M3_OP_SENDREC, 2, 1, 7,
		       M3_PENDING);
	SAME(m3_map_open(s->node.dir, RIG_DC, 0, &map), 0);
	while (!m3_serve_wanted(map->r, m3_slot_of(map->r, 2)))
		rig_sleep(100);
	crash_arm(n);
	/* The bell is rung a little later than that. */
	while (m3_serve_wanted(map->r, m3_slot_of(map->r, 2)))
		m3_bell_serve(s->child, eps, 4);
	crash_arm(0);
	_exit(0);
}

/* 1: killed at point `n`; 0: serving has fewer. */
static int owner(unsigned long n, int push)
{
	uint64_t own = (uintptr_t)memory[0], theirs = (uintptr_t)memory[1];
	struct scene s = { .parent = NULL };
	int killed, e;
	pid_t pid;

	rig_start(&s.node, 0);
	s.parent = rig_join(&s.node, 1);
	SAME(m3_copy_mode(s.parent, M3_COPY_BOUNCE), 0);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0)
		owner_child(&s, n);
	SAME(m3_receive(s.parent, 1, M3_ANY, &s.request, 5000), 0);
	memset(memory[0], 5, BYTES);
	start_copy(s.parent, &s.calls[1], 1, push ? 1 : 2, push ? own : theirs,
		   push ? 2 : 1, push ? theirs : own);
	killed = crash_wait(pid);
	e = m3_finish(s.parent, &s.calls[1]);
	if (e)
		SAME(e, push ? -M3_EDSTDIED : -M3_ESRCDIED);
	else if (!push)
		MUST(all(memory[0], 6));
	MUST(killed || e == 0);
	m3_sweep(s.node.core);
	arena_is(&s.node, 0);
	m3_leave(s.parent);
	rig_stop(&s.node);
	return killed;
}

/* ---------------------------------------------- the requester is killed */

enum way { PULL, PUSH, KERNEL, THIRD, BY_GRANT, GRANTS, WAYS };

static void copy(struct scene *s, enum way way)
{
	uint64_t theirs = rig_word(&s->request, 0), granted;
	uint64_t mine = (uintptr_t)memory[1];
	struct m3_buffer own;

	switch (way) {
	case PULL:
	case KERNEL:
		SAME(m3_vcopy(s->child, 2, 1, theirs, 2, mine, BYTES, 5000,
			      NULL), 0);
		break;
	case PUSH:
		SAME(m3_vcopy(s->child, 2, 2, mine, 1, theirs, BYTES, 5000,
			      NULL), 0);
		break;
	case THIRD:
		SAME(m3_vcopy(s->child, 2, 1, theirs, 3, mine, BYTES, 5000,
			      NULL), 0);
		break;
	case BY_GRANT:
		SAME(m3_vcopy(s->child, 2, 1, rig_word(&s->request, 1), 2,
			      mine, BYTES, 5000, NULL), 0);
		break;
	default:
		SAME(m3_alloc(s->child, 2, BYTES, &own), 0);
		SAME(m3_grant(s->child, 2, 1, own.address, 8, M3_GRANT_READ,
			      &granted), 0);
		SAME(m3_grant(s->child, 2, 1, own.address, 9, M3_GRANT_WRITE,
			      &granted), 0);
		SAME(m3_revoke(s->child, 2, granted), 0);
		SAME(m3_free(s->child, 2, &own), 0);
		SAME(m3_alloc(s->child, 2, BYTES, &own), 0);
		SAME(m3_grant(s->child, 2, 1, own.address, 9, M3_GRANT_WRITE,
			      &granted), 0);
		SAME(m3_unbind(s->child, 2), 0);
	}
}

static void requester_child(struct scene *s, enum way way, unsigned long n)
{
	alarm(20);
	s->child = rig_join(&s->node, 2);
	SAME(m3_copy_mode(s->child, way == KERNEL ? M3_COPY_PROCESS_VM :
						    M3_COPY_BOUNCE), 0);
	SAME(m3_receive(s->child, 2, 3, &s->request, 5000), 0);
	SAME(m3_receive(s->child, 2, 1, &s->request, 5000), 0);
	crash_arm(n);
	copy(s, way);
	crash_arm(0);
	_exit(0);
}

/* Both endpoints of the parent ask the child, once it is there. */
static void ask(struct scene *s, int ep)
{
	struct m3_call *c = &s->calls[ep];
	uint64_t granted = 0;
	int e;

	do {
		*c = (struct m3_call){ .op = M3_OP_SENDREC, .self = ep,
				       .peer = 2 };
		if (ep == 1)
			m3_grant(s->parent, 1, 2, s->buffer.address, BYTES,
				 M3_GRANT_READ, &granted);
		c->message = rig_message(7, (uintptr_t)memory[0], granted);
		e = m3_start(s->parent, c);
	} while (e == -M3_EDEADSRCDST);
	SAME(e, M3_PENDING);
}

static int requester(unsigned long n, enum way way)
{
	struct scene s = { .parent = NULL };
	struct m3_buffer again;
	int status, e, ep;
	int32_t eps[4];
	pid_t pid;

	rig_start(&s.node, 0);
	s.parent = rig_join(&s.node, 1);
	SAME(m3_bind(s.parent, 3), 0);
	SAME(m3_alloc(s.parent, 1, BYTES, &s.buffer), 0);
	memset(memory[1], 6, BYTES);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0)
		requester_child(&s, way, n);
	memset(memory[0], 5, BYTES);
	ask(&s, 3);
	ask(&s, 1);
	while ((e = waitpid(pid, &status, WNOHANG)) == 0)
		m3_bell_serve(s.parent, eps, 4);
	SAME(e, pid);
	MUST(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	SOUND(&s.node);
	m3_bell_serve(s.parent, eps, 4);
	m3_sweep(s.node.core);
	for (ep = 1; ep <= 3; ep += 2)
		SAME(m3_finish(s.parent, &s.calls[ep]), -M3_ESRCDIED);
	arena_is(&s.node, 73728);
	/* Nothing of the dead refers to the buffer any more. */
	SAME(m3_free(s.parent, 1, &s.buffer), 0);
	SAME(m3_alloc(s.parent, 1, 8u << 20, &again), 0);
	if (!WIFSIGNALED(status) && way == THIRD)
		MUST(all(memory[1], 5));
	m3_leave(s.parent);
	rig_stop(&s.node);
	return WIFSIGNALED(status);
}

/* ------------------------------------------------ the runtime is killed */

struct link {
	struct rig_node a, b; /* the owner is at a, the requester at b */
	struct m3_member *owner, *copier;
	struct m3_call asks, copies;
};

static void runtime_child(struct link *l, unsigned long n)
{
	alarm(20);
	crash_arm(n);
	SAME(m3_node_open(l->a.dir, &l->a.core), 0);
	SAME(m3_node_open(l->b.dir, &l->b.core), 0);
	rig_attach(&l->a, 1);
	rig_attach(&l->b, 0);
	rig_open(&l->a, &l->b);
	rig_settle(&l->a, &l->b);
	crash_arm(0);
	_exit(0);
}

static void link_begin(struct link *l, int push)
{
	uint64_t own = (uintptr_t)memory[0], theirs = (uintptr_t)memory[1];
	struct m3_message m;

	memset(l, 0, sizeof(*l));
	rig_start(&l->a, 0);
	rig_start(&l->b, 1);
	rig_pair(&l->a, &l->b);
	l->owner = rig_join(&l->a, 1);
	l->copier = rig_join(&l->b, 2);
	SAME(m3_rmtbind(l->a.core, RIG_DC, "far", 2, 1), 0);
	rig_start_call(l->owner, &l->asks, M3_OP_SENDREC, 1, 2, 7, M3_PENDING);
	rig_settle(&l->a, &l->b);
	SAME(m3_receive(l->copier, 2, 1, &m, 0), 0);
	memset(memory[0], 5, BYTES);
	memset(memory[1], 6, BYTES);
	start_copy(l->copier, &l->copies, 2, push ? 2 : 1, push ? own : theirs,
		   push ? 1 : 2, push ? theirs : own);
}

static void link_end(struct link *l)
{
	arena_is(&l->a, 0);
	arena_is(&l->b, 0);
	m3_leave(l->owner);
	m3_leave(l->copier);
	rig_stop(&l->a);
	rig_stop(&l->b);
}

/* Killed before the owner has served, or (`late`) after that. */
static int runtime(unsigned long n, int push, int late)
{
	struct m3_message m = rig_message(8, 0, 0);
	int32_t eps[4];
	struct link l;
	int killed, e;
	pid_t pid;

	link_begin(&l, push);
	if (late) {
		rig_settle(&l.a, &l.b);
		m3_bell_serve(l.owner, eps, 4);
	}
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0)
		runtime_child(&l, n);
	killed = crash_wait(pid);
	SOUND(&l.a);
	SOUND(&l.b);
	m3_detach(l.a.proxy);
	m3_detach(l.b.proxy);
	rig_attach(&l.a, 1);
	rig_attach(&l.b, 0);
	rig_open(&l.a, &l.b);
	do {
		e = rig_settle(&l.a, &l.b);
		m3_bell_serve(l.owner, eps, 4);
		SAME(m3_finish(l.owner, &l.asks), M3_PENDING);
		e += rig_settle(&l.a, &l.b);
	} while (e);
	SAME(m3_finish(l.copier, &l.copies), 0);
	SAME((long)l.copies.copied, BYTES);
	MUST(all(memory[push], push ? 5 : 6));
	SAME(m3_reply(l.copier, 2, 1, &m), 0);
	rig_settle(&l.a, &l.b);
	SAME(m3_finish(l.owner, &l.asks), 0);
	link_end(&l);
	return killed;
}

int main(int argc, char **argv)
{
	static const char *const ways[] = { "pull", "push", "by the kernel",
					    "third party", "by grant",
					    "grants" };
	unsigned long n, step, total = 0;
	int i;

	rig_seed(argc, argv);
	/* All points in a long run, every `step`-th of the link's in a short
	 * one. */
	step = (unsigned long)rig_rounds(argc, argv, 3);
	for (i = 0; i < 2; i++) {
		for (n = 1; alarm(30), owner(n, i); n++)
			;
		printf("owner, %s: %lu points\n", i ? "push" : "pull", n - 1);
		total += n - 1;
	}
	for (i = 0; i < WAYS; i++) {
		for (n = 1; alarm(30), requester(n, (enum way)i); n++)
			;
		printf("requester, %s: %lu points\n", ways[i], n - 1);
		total += n - 1;
	}
	for (i = 0; i < 4; i++) {
		for (n = 1 + rig_random((unsigned int)step);
		     alarm(30), runtime(n, i & 1, i >> 1); n += step)
			;
		printf("runtime: %lu points, each %lu-th\n", n - 1, step);
		total += n - 1;
	}
	printf("%lu points\n", total);
	return 0;
}
