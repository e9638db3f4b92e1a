// SPDX-License-Identifier: MIT
/* Four processes that wait for the victim: each must get a code soon. */
#include "scene.h"
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MS 100 /* an event loop looks around, like a sleeper */

static pid_t pids[SURVIVORS];

const char *survivor_name(int i)
{
	static const char *const names[] = {
		"sleeping", "spinning", "asynchronous", "polling",
	};

	return names[i];
}

int survivor_code_wrong(int i, int code)
{
	switch (i) {
	case SPINNING:
		return code != -M3_EDSTDIED;
	case POLLING:
		return code != -M3_ESRCDIED;
	default:
		return code != -M3_EDSTDIED && code != -M3_ESRCDIED &&
		       code != -M3_EDEADSRCDST;
	}
}

static struct m3_call call_of(int op, int self)
{
	struct m3_call c = {
		.op = (uint32_t)op, .self = self, .peer = EP_VICTIM,
	};

	c.message = rig_message(ASK_PLAIN, 0, 0);
	return c;
}

/* A process that does nothing else. */
static int spin(struct m3_member *m, int self)
{
	struct m3_call c = call_of(M3_OP_SEND, self);
	int e = m3_start(m, &c);

	while (e == M3_PENDING) {
		sched_yield();
		e = m3_finish(m, &c);
	}
	return e;
}

/* An event loop. */
static int watch(struct m3_member *m, int self)
{
	struct pollfd p = { .fd = m3_bell(m), .events = POLLIN };
	struct m3_call c = call_of(M3_OP_SENDREC, self);
	int e = m3_start(m, &c);
	int32_t eps[4];

	while (e == M3_PENDING) {
		m3_bell_serve(m, eps, 4);
		e = m3_finish(m, &c);
		if (e != M3_PENDING)
			break;
		poll(&p, 1, LOOK_MS);
		e = m3_finish(m, &c);
	}
	return e;
}

static int once(int i, struct m3_member *m, int self)
{
	struct m3_message q = rig_message(ASK_PLAIN, 0, 0);
	int e;

	switch (i) {
	case SLEEPING:
		return m3_sendrec(m, self, EP_VICTIM, &q, 20000);
	case SPINNING:
		return spin(m, self);
	case ASYNCHRONOUS:
		return watch(m, self);
	default:
		e = m3_receive(m, self, EP_VICTIM, &q, M3_NOWAIT);
		if (e == -M3_EAGAIN)
			rig_sleep(300);
		return e == -M3_EAGAIN ? 0 : e;
	}
}

static void survive(int i, const char *dir)
{
	struct survivor_report *report = &board->survivors[i];
	struct m3_member *m;
	uint32_t round = 0;
	int e;

	SAME(m3_join(dir, RIG_DC, &m), 0);
	SAME(m3_bind(m, EP_SURVIVOR + i), 0);
	while (!board->stop) {
		syscall(SYS_futex, &board->round, FUTEX_WAIT, round, NULL,
			NULL, 0);
		if (board->round == round)
			continue;
		round = board->round;
		if (!(board->taking_part >> i & 1))
			continue;
		report->entered = round;
		do {
			e = once(i, m, EP_SURVIVOR + i);
		} while (e == 0 && !board->stop);
		report->code = e;
		report->at = now_ns();
		report->left = round;
	}
	m3_leave(m);
	_exit(0);
}

void survivors_start(const char *dir)
{
	int i;

	for (i = 0; i < SURVIVORS; i++) {
		fflush(NULL);
		pids[i] = fork();
		MUST(pids[i] >= 0);
		if (pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			survive(i, dir);
		}
	}
}

void survivors_stop(void)
{
	int i, status;

	board->stop = 1;
	board->round++;
	syscall(SYS_futex, &board->round, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	for (i = 0; i < SURVIVORS; i++) {
		MUST(waitpid(pids[i], &status, 0) == pids[i]);
		SAME(status, 0);
	}
}
