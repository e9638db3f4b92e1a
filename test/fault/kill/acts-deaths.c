// SPDX-License-Identifier: MIT
/* On cores of its own: members that end before the victim does. */
#include "fresh.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD 6 /* a child's endpoint, at node 0 */
/*
 * Of a child that asks: among these are those of its serving a copy. Were they
 * elsewhere, a full run would name those of m3_serve() as not hit.
 */
#define FIRST_POINT 44
#define POINTS 62

static unsigned char memory[COPY_BYTES];

/* A child of the victim, and no longer than that lives. */
static pid_t fork_child(void)
{
	pid_t victim_pid = getpid(), pid;

	fflush(NULL);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		crash_die_quietly(0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != victim_pid)
			_exit(0);
	}
	return pid;
}

/* Ends a child by its pid, unburied. */
static void end(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

/* A child that has joined node 0's DC, and does nothing. */
static pid_t idle_member(void)
{
	struct m3_member *m;
	int ready[2];
	char byte;
	pid_t pid;

	MUST(pipe(ready) == 0);
	pid = fork_child();
	if (pid == 0) {
		if (m3_join(fresh.a.dir, RIG_DC, &m) ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	MUST(read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	return pid;
}

/* Nobody has buried the backup when another process takes over. */
static void do_dead_backup(struct scene *s)
{
	pid_t pid = idle_member();

	(void)s;
	m3_bkupbind(fresh.a.core, RIG_DC, (int)pid, 11, 1);
	end(pid);
	m3_promote(fresh.a.core, RIG_DC, 11, 0, (int)getpid(), 0);
}

/* The core's answer to a namesake is still here when that is promoted. */
static void do_promote_answered(struct scene *s)
{
	(void)s;
	m3_unbind_any(fresh.b.core, RIG_DC, 1);
	m3_bind(fresh.mb, 1);
	fresh_start(fresh.mb, 0, M3_OP_SEND, 1, 2);
	fresh_step(&fresh.b, &fresh.a);
	m3_unbind(fresh.ma, 1);
	m3_bkupbind(fresh.a.core, RIG_DC, (int)getpid(), 1, 1);
	m3_promote(fresh.a.core, RIG_DC, 1, 0, 0, 0);
}

/* Who leaves has told so: the next with its handle has not. */
static void do_come_back(struct scene *s)
{
	struct m3_member *m;
	int i;

	(void)s;
	for (i = 0; i < 2; i++)
		if (m3_join(fresh.a.dir, RIG_DC, &m) == 0)
			m3_leave(m);
}

/* A child asks 1, and dies at its n-th point from then on. */
static pid_t asks(unsigned long n)
{
	struct m3_message q = rig_message(
		ASK_COPY, (unsigned long)(uintptr_t)memory, COPY_BYTES);
	struct m3_member *m;
	pid_t pid;

	pid = fork_child();
	if (pid)
		return pid;
	if (m3_join(fresh.a.dir, RIG_DC, &m) || m3_bind(m, CHILD))
		_exit(1);
	crash_die_quietly(n);
	m3_sendrec(m, CHILD, 1, &q, 1000);
	pause();
	_exit(0);
}

/* It has asked, or is dead. */
static int has_asked(struct m3_message *q, pid_t pid)
{
	unsigned long until = rig_now() + 1000;
	int status;

	while (rig_now() < until) {
		if (m3_rcvrqst(fresh.ma, 1, q, 1) == 0)
			return 1;
		if (waitpid(pid, &status, WNOHANG) == pid)
			return 0;
	}
	return 0;
}

/* Its memory is copied by itself, while it dies at one of its points. */
static void serve_dying(unsigned long n, int push)
{
	uint64_t mine = fresh.near_memory[0].address;
	uint64_t theirs = (uint64_t)(uintptr_t)memory;
	pid_t pid = asks(n);
	struct m3_message q;

	if (has_asked(&q, pid)) {
		m3_vcopy(fresh.ma, 1, push ? 1 : CHILD, push ? mine : theirs,
			 push ? CHILD : 1, push ? theirs : mine, COPY_BYTES,
			 100, NULL);
	}
	end(pid);
	m3_sweep(fresh.a.core);
}

static void do_serve_dying(struct scene *s)
{
	m3_copy_mode(fresh.ma, M3_COPY_BOUNCE);
	serve_dying(FIRST_POINT + s->variant / 2, (int)s->variant % 2);
}

const struct act death_acts[] = {
	FRESH_ACT("promote another than the dead backup", do_dead_backup),
	FRESH_ACT("promote who is owed an answer", do_promote_answered),
	FRESH_ACT("leave and come back", do_come_back),
	{ "die while serving a copy", fresh_cores, fresh_populated,
	  do_serve_dying, fresh_end_cores,
	  ACT_VARIANTS(2 * (POINTS - FIRST_POINT)) },
};

const unsigned int death_act_count = sizeof(death_acts) / sizeof(*death_acts);
