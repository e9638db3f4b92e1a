/* SPDX-License-Identifier: MIT */
/*
 * For conformance programs: `program <dir> <dc>`, one behaviour each, exit 0
 * (holds), 1 (does not: the line is on stderr) or 77 (cannot be tried here).
 * A program's processes join the DC after fork(), each for itself. They wait
 * for states of the core, never for time.
 */
#ifndef M3IPC_CHECK_H
#define M3IPC_CHECK_H

#include <m3ipc/m3ipc.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE_MS 5000
#define OTHER_DEVICES 32 /* from this one on: other_core() */

static const char *dir;
static int dc;

static inline void fail_at(int line, const char *text, long got, long want)
{
	fprintf(stderr, "%s:%d: %s is %ld (%s), not %ld\n",
		program_invocation_short_name, line, text, got,
		got < 0 ? m3_strerror((int)got) : "", want);
	exit(1);
}

/* Ends the program unless both numbers are equal. */
#define IS(expression, wanted)                                         \
	do {                                                           \
		long got_ = (long)(expression), want_ = (long)(wanted); \
		if (got_ != want_)                                     \
			fail_at(__LINE__, #expression, got_, want_);   \
	} while (0)

/* Says that a case of the conformance table holds; in any process. */
static inline void ok(const char *name)
{
	dprintf(1, "ok %s\n", name);
}

static inline int is_kernel(void)
{
	return !strncmp(dir, "kernel:", 7);
}

/* Another core beside `dir`: its name, or a device behind that one's. */
static inline void other_core(char *path, size_t size, const char *name)
{
	int device, length = 0;

	if (!is_kernel()) {
		snprintf(path, size, "%s%s", dir, name);
		return;
	}
	IS(sscanf(dir, "kernel:/dev/m3ipc%d%n", &device, &length), 1);
	IS(dir[length], 0);
	snprintf(path, size, "kernel:/dev/m3ipc%d", OTHER_DEVICES + device);
}

/* What m3_sweep() finds of `n` endpoints of dead processes: the kernel's core
 * has buried them as they died. */
static inline int left(int n)
{
	return is_kernel() ? 0 : n;
}

static inline void pause_1ms(void)
{
	struct timespec time = { 0, 1000000 };

	nanosleep(&time, NULL);
}

static inline void begin(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: %s <dir> <dc>\n", argv[0]);
		exit(1);
	}
	dir = argv[1];
	dc = atoi(argv[2]);
}

static inline struct m3_member *join(void)
{
	struct m3_member *member;

	IS(m3_join(dir, dc, &member), 0);
	return member;
}

static inline struct m3_member *join_as(int ep)
{
	struct m3_member *member = join();

	IS(m3_bind(member, ep), 0);
	return member;
}

/* Waits until the flags of a slot are these. */
static inline void wait_flags(int ep, uint32_t flags)
{
	struct m3_proc_info info = { .rts_flags = 0 };
	struct m3_node *node;
	int i;

	IS(m3_node_open(dir, &node), 0);
	for (i = 0; i < DEADLINE_MS; i++) {
		IS(m3_getprocinfo(node, dc, ep, &info), 0);
		if (info.rts_flags == flags)
			break;
		pause_1ms();
	}
	IS(info.rts_flags, flags);
	m3_node_close(node);
}

/* Waits until an endpoint is bound. */
static inline void wait_bound(int ep)
{
	struct m3_proc_info info = { .rts_flags = M3_RTS_SLOT_FREE };
	struct m3_node *node;
	int i;

	IS(m3_node_open(dir, &node), 0);
	for (i = 0; i < DEADLINE_MS && info.rts_flags & M3_RTS_SLOT_FREE; i++) {
		pause_1ms();
		IS(m3_getprocinfo(node, dc, ep, &info), 0);
	}
	IS(info.rts_flags & M3_RTS_SLOT_FREE, 0);
	m3_node_close(node);
}

static inline struct m3_proc_info info_of(int ep)
{
	struct m3_proc_info info;
	struct m3_node *node;

	IS(m3_node_open(dir, &node), 0);
	IS(m3_getprocinfo(node, dc, ep, &info), 0);
	m3_node_close(node);
	return info;
}

/* A process that runs `body` and must end well; see reap(). */
static inline pid_t spawn(void (*body)(void))
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		body();
		exit(0);
	}
	IS(pid > 0, 1);
	return pid;
}

static inline void reap(pid_t pid)
{
	int status;

	IS(waitpid(pid, &status, 0), pid);
	IS(status, 0);
}

/*
 * Ends a call of a process by SIGUSR1, and the process must end well then. The
 * signal is repeated: one that comes before the call sleeps is not seen.
 */
static inline void interrupt(pid_t child)
{
	int status, i;

	for (i = 0; waitpid(child, &status, WNOHANG) == 0; i++) {
		IS(i < DEADLINE_MS, 1);
		IS(kill(child, SIGUSR1), 0);
		pause_1ms();
	}
	IS(status, 0);
}

static inline void reap_killed(pid_t pid)
{
	int status;

	IS(kill(pid, SIGKILL), 0);
	IS(waitpid(pid, &status, 0), pid);
	IS(WIFSIGNALED(status), 1);
}

static inline struct m3_message message_of(int type, const char *text)
{
	struct m3_message message = { .type = type };

	strncpy((char *)message.data, text, sizeof(message.data) - 1);
	return message;
}

#endif
