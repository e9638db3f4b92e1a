// SPDX-License-Identifier: MIT
/*
 * Pids are those of the pid namespace that a core was made in: processes are
 * named by them there, and from another namespace an embedded one is not opened;
 * the kernel's shows everybody the pids of his own namespace.
 */
#include <limits.h>
#include <sched.h>
#include "check.h"

static void elsewhere(void)
{
	struct m3_member *member;
	struct m3_proc_info info;
	struct m3_node *node;

	if (!is_kernel()) {
		IS(m3_join(dir, dc, &member), -M3_EPIDNS);
		IS(m3_node_open(dir, &node), -M3_EPIDNS);
		return;
	}
	/* The kernel knows what a pid is where. */
	IS(m3_join(dir, dc, &member), 0);
	IS(m3_bind(member, 1), 0);
	IS(m3_member_procinfo(member, 1, &info), 0);
	IS(info.pid, getpid());
	m3_leave(member);
}

/* A core of this namespace, whose first process this is. */
static void inside(void)
{
	struct m3_dvs_params dvs = { .node = 1, .max_nodes = 2, .max_dcs = 2,
				     .cluster = "inside" };
	struct m3_dc_params params = { .tasks = 4, .procs = 8,
				       .arena_bytes = 65536,
				       .gid = (uint32_t)-1, .name = "inside" };
	struct m3_member *member;
	struct m3_proc_info info;
	struct m3_node *node;
	char own[PATH_MAX];
	int ep, ready[2];
	pid_t child;
	char byte;

	other_core(own, sizeof(own), ".inside");
	IS(m3_dvs_init(own, &dvs), 0);
	IS(m3_node_open(own, &node), 0);
	IS(m3_dc_init(node, &params), 0);
	IS(m3_join(own, 0, &member), 0);
	IS(m3_bind(member, 1), 0);
	IS(getpid(), 1);
	IS(m3_getprocinfo(node, 0, 1, &info), 0);
	IS(info.pid, 1);
	IS(m3_getep(member, 1, &ep), 0);
	IS(ep, 1);
	IS(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		IS(m3_join(own, 0, &member), 0);
		IS(write(ready[1], "", 1), 1);
		IS(m3_wait4bind(member, &ep, DEADLINE_MS), 0);
		IS(ep, 2);
		m3_leave(member);
		_exit(0);
	}
	/* Threads have had numbers too, but not many. */
	IS(child > 1 && child < 16, 1);
	IS(read(ready[0], &byte, 1), 1);
	IS(m3_lclbind(node, 0, child, 2), 0);
	reap(child);
	m3_leave(member);
	m3_node_close(node);
	IS(m3_dvs_end(own), 0);
}

static void first(void)
{
	elsewhere();
	inside();
}

int main(int argc, char **argv)
{
	begin(argc, argv);
	if (unshare(CLONE_NEWPID) && unshare(CLONE_NEWUSER | CLONE_NEWPID)) {
		fprintf(stderr, "no new pid namespace: %s\n", strerror(errno));
		return 77;
	}
	reap(spawn(first));
	ok("from another namespace");
	ok("pids of its own namespace");
	return 0;
}
