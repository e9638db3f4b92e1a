/* SPDX-License-Identifier: MIT */
/*
 * crash.h - numbered crash points: the process dies at the n-th one it passes.
 * Included by one file of a program whose library has them compiled in.
 */
#ifndef CRASH_H
#define CRASH_H

#include "rig.h"
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

void m3_crash_point(void);

static unsigned long crash_at, crash_passed;

void m3_crash_point(void)
{
	if (crash_at && ++crash_passed == crash_at)
		kill(getpid(), SIGKILL);
}

/* From here on the points are numbered from 1; dies at `n`. */
static inline void crash_arm(unsigned long n)
{
	crash_passed = 0;
	crash_at = n;
}

/* 1: the child was killed at its point; 0: it passed them all. */
static inline int crash_wait(pid_t pid)
{
	int status;

	MUST(waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status)) {
		SAME(WTERMSIG(status), SIGKILL);
		return 1;
	}
	SAME(WEXITSTATUS(status), 0);
	return 0;
}

#endif
