// SPDX-License-Identifier: MIT
/*
 * What a round trip costs that no emulation distorts: system calls, by the
 * kernel's tracepoint; context switches; and bytes that the kernel's core moves
 * for copies, by its own count.
 */
#include "local.h"
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRACEPOINT "/sys/kernel/tracing/events/raw_syscalls/sys_enter/id"

/* The tracepoint's number; 0: who we are may not count, or cannot. */
static uint64_t tracepoint(void)
{
	FILE *file = fopen(TRACEPOINT, "re");
	uint64_t id = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%lu", &id) != 1)
		id = 0;
	fclose(file);
	return id;
}

static int open_counter(pid_t pid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr),
		.config = tracepoint(),
	};

	return attr.config ? (int)syscall(SYS_perf_event_open, &attr, pid, -1,
					  -1, PERF_FLAG_FD_CLOEXEC) : -1;
}

static int64_t calls_of(int fd)
{
	uint64_t count;

	return fd >= 0 && read(fd, &count, sizeof(count)) == sizeof(count) ?
		       (int64_t)count : -1;
}

/* Of its own will and not: a line each of proc_pid_status(5). */
static int64_t switches_of(pid_t pid)
{
	char path[64], line[128];
	int64_t sum = 0, n;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %ld", &n) == 1)
			sum += n;
	fclose(file);
	return sum;
}

/* Of the DC of `p`, if it is the kernel's. */
static int64_t moved_by(const struct pair *p)
{
	char path[64], line[512], *at;
	int64_t moved = -1;
	FILE *file;
	int device, dc;

	if (!p->dir || strncmp(p->mechanism->name, "m3ipc", 5) ||
	    sscanf(p->dir, "kernel:/dev/m3ipc%d", &device) != 1)
		return -1;
	snprintf(path, sizeof(path), "/proc/m3ipc/%d/dcs", device);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		at = strstr(line, " moved=");
		if (at && sscanf(line, "dcid=%d", &dc) == 1 && dc == p->dc)
			moved = strtoll(at + strlen(" moved="), NULL, 10);
	}
	if (file)
		fclose(file);
	return moved;
}

static int64_t sum(int64_t a, int64_t b)
{
	return a < 0 || b < 0 ? -1 : a + b;
}

static int64_t all_calls(const struct counter *c)
{
	return sum(calls_of(c->fd[0]), calls_of(c->fd[1]));
}

static void look(const struct counter *c, struct counts *at)
{
	at->switches = sum(switches_of(getpid()), switches_of(c->server));
	at->moved = moved_by(c->pair);
}

void count_begin(struct counter *c, const struct pair *p, pid_t server)
{
	c->pair = p;
	c->server = server;
	c->fd[0] = open_counter(getpid());
	c->fd[1] = open_counter(server);
	look(c, &c->before);
	/* Last, and first afterwards: what looks makes system calls too. */
	c->before.system_calls = all_calls(c);
}

static int64_t difference(int64_t after, int64_t before)
{
	return after < 0 || before < 0 ? -1 : after - before;
}

void count_end(struct counter *c, struct counts *counts)
{
	struct counts after;

	after.system_calls = all_calls(c);
	look(c, &after);
	counts->system_calls = difference(after.system_calls,
					  c->before.system_calls);
	counts->switches = difference(after.switches, c->before.switches);
	counts->moved = difference(after.moved, c->before.moved);
	if (c->fd[0] >= 0)
		close(c->fd[0]);
	if (c->fd[1] >= 0)
		close(c->fd[1]);
}
