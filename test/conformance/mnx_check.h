/* SPDX-License-Identifier: MIT */
/*
 * For programs in the paper's names: `program <dir> <dc>`, exit 0, 1 or 77, as
 * check.h says. They include nothing of m3ipc but mnx.h.
 */
#ifndef M3IPC_MNX_CHECK_H
#define M3IPC_MNX_CHECK_H

#include <m3ipc/mnx.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE_MS 5000

static int dcid;

#define IS(expression, wanted)                                            \
	do {                                                              \
		long got_ = (long)(expression), want_ = (long)(wanted);   \
		if (got_ != want_) {                                      \
			fprintf(stderr, "%s:%d: %s is %ld, not %ld\n",    \
				program_invocation_short_name, __LINE__,  \
				#expression, got_, want_);                \
			exit(1);                                          \
		}                                                         \
	} while (0)

static inline void begin(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: %s <dir> <dc>\n", argv[0]);
		exit(1);
	}
	setenv("M3IPC_DIR", argv[1], 1);
	dcid = atoi(argv[2]);
}

/*
 * A core of the program's own, of PATH_MAX bytes: in the folder that it is
 * given, or on a device behind that one (check.h). The suite uses none that is
 * half as far away.
 */
static inline void name_core(char *name, const char *dir, int id)
{
	int device;

	if (sscanf(dir, "kernel:/dev/m3ipc%d", &device) == 1)
		snprintf(name, PATH_MAX, "kernel:/dev/m3ipc%d",
			 32 + (device + 16 * id) % 32);
	else
		snprintf(name, PATH_MAX, "%s/node%d", dir, id);
}

static inline void pause_1ms(void)
{
	struct timespec time = { 0, 1000000 };

	nanosleep(&time, NULL);
}

/* Waits until the flags of a slot are these. */
static inline void wait_flags(int p_nr, unsigned int flags)
{
	proc_usr_t proc = { .p_rts_flags = 0 };
	int i;

	for (i = 0; i < DEADLINE_MS; i++) {
		IS(mnx_getprocinfo(dcid, p_nr, &proc), OK);
		if (proc.p_rts_flags == flags)
			break;
		pause_1ms();
	}
	IS(proc.p_rts_flags, flags);
}

/* fork(); the child does not outlive a program that fails. */
static inline pid_t fork_here(void)
{
	pid_t parent = getpid(), pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Died before it was asked for: no signal comes. */
		if (getppid() != parent)
			exit(1);
	}
	IS(pid >= 0, 1);
	return pid;
}

static inline pid_t spawn(void (*body)(void))
{
	pid_t pid = fork_here();

	if (pid == 0) {
		body();
		exit(0);
	}
	return pid;
}

static inline void reap(pid_t pid)
{
	int status;

	IS(waitpid(pid, &status, 0), pid);
	IS(status, 0);
}

#endif
