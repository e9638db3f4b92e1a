// SPDX-License-Identifier: MIT
/*
 * CPUs: a DC's mask holds while a thread has an endpoint in it, a waiter moves
 * to its partner with M3_DC_AFFINITY, and the mask from before comes back with
 * unbind and leave. Threads move themselves only.
 */
#include "check.h"
#include <sched.h>

static struct m3_node *node;
static int first, second; /* two CPUs that this process may use */

static cpu_set_t mask_of(pid_t pid)
{
	cpu_set_t set;

	IS(sched_getaffinity(pid, sizeof(set), &set), 0);
	return set;
}

static void is_only(int cpu)
{
	cpu_set_t set = mask_of(0);

	IS(CPU_COUNT(&set), 1);
	IS(CPU_ISSET(cpu, &set), 1);
}

static void is_same(const cpu_set_t *before)
{
	cpu_set_t set = mask_of(0);

	IS(CPU_EQUAL(&set, before), 1);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	IS(sched_setaffinity(0, sizeof(set), &set), 0);
}

static void start(uint32_t flags, int cpu)
{
	struct m3_dc_params params = {
		.dc = (uint32_t)dc, .procs = 8, .gid = (uint32_t)-1,
		.flags = flags, .name = "cpus",
	};
	struct m3_dc_info info;

	if (cpu >= 0)
		params.cpus[cpu / 64] = 1ull << cpu % 64;
	IS(m3_dc_init(node, &params), 0);
	IS(m3_getdcinfo(node, dc, &info), 0);
	IS(memcmp(info.params.cpus, params.cpus, sizeof(params.cpus)), 0);
}

static void lclbound(void)
{
	struct m3_member *member = join();
	int ep;

	IS(m3_wait4bind(member, &ep, DEADLINE_MS), 0);
	is_only(second);
	IS(m3_unbind(member, ep), 0);
	m3_leave(member);
}

static void mask(void)
{
	cpu_set_t before = mask_of(0);
	struct m3_member *member;
	pid_t child;

	start(0, second);
	member = join_as(1);
	is_only(second);
	IS(m3_bind(member, 2), 0);
	IS(m3_unbind(member, 1), 0);
	is_only(second);
	IS(m3_unbind(member, 2), 0);
	is_same(&before);
	IS(m3_tbind(member, 1), 0);
	is_only(second);
	m3_leave(member);
	is_same(&before);
	/* The kernel gives back only what it has taken. */
	if (is_kernel()) {
		member = join_as(1);
		pin(first);
		IS(m3_unbind(member, 1), 0);
		m3_leave(member);
		is_only(first);
		IS(sched_setaffinity(0, sizeof(before), &before), 0);
	}
	/* Nobody's CPUs are changed but by itself. */
	child = spawn(lclbound);
	while (m3_lclbind(node, dc, child, 3) == -M3_EBADPID)
		pause_1ms();
	reap(child);
	is_same(&before);
	IS(m3_dc_end(node, dc), 0);

	/* A mask without a CPU that the thread may use is none. */
	pin(first);
	start(0, second);
	member = join_as(1);
	is_only(first);
	m3_leave(member);
	is_only(first);
	IS(sched_setaffinity(0, sizeof(before), &before), 0);
	IS(m3_dc_end(node, dc), 0);
}

/* On the second CPU, until it is told to end. */
static void server(void)
{
	struct m3_member *member;
	struct m3_message message;

	pin(second);
	member = join_as(1);
	do {
		IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
		IS(m3_reply(member, 1, 2, &message), 0);
	} while (message.type);
	is_only(second);
	m3_leave(member);
}

static void call(struct m3_member *member, int type)
{
	struct m3_message message = message_of(type, "");

	IS(m3_sendrec(member, 2, 1, &message, DEADLINE_MS), 0);
}

/* A client that may run on these CPUs is on the first, and calls. */
static void inheritance(uint32_t flags, const cpu_set_t *may, int moves)
{
	cpu_set_t before = mask_of(0), set;
	struct m3_member *member;
	pid_t child;
	int i, rounds = moves ? 1000 : 20;

	start(flags, -1);
	child = spawn(server);
	wait_flags(1, M3_RTS_RECEIVING);
	member = join_as(2);
	/* The scheduler may move it to its server before it can do so. */
	for (i = 0; i < rounds; i++) {
		pin(first);
		IS(sched_setaffinity(0, sizeof(*may), may), 0);
		call(member, 1);
		set = mask_of(0);
		if (CPU_COUNT(&set) == 1 && CPU_ISSET(second, &set))
			break;
		IS(CPU_EQUAL(&set, may), 1);
	}
	IS(i < rounds, moves);
	call(member, 0);
	reap(child);
	IS(m3_unbind(member, 2), 0);
	is_same(may);
	m3_leave(member);
	IS(m3_dc_end(node, dc), 0);
	IS(sched_setaffinity(0, sizeof(before), &before), 0);
}

int main(int argc, char **argv)
{
	cpu_set_t set = mask_of(0);
	int cpu, n = 0;

	begin(argc, argv);
	for (cpu = 0; cpu < CPU_SETSIZE && cpu < 256 && n < 2; cpu++)
		if (CPU_ISSET(cpu, &set)) {
			first = n++ ? first : cpu;
			second = cpu;
		}
	if (n < 2) {
		fprintf(stderr, "one CPU: affinity cannot be tried\n");
		return 77;
	}
	IS(m3_node_open(dir, &node), 0);
	dc++;
	mask();
	inheritance(0, &set, 0);
	/* In the kernel's core the waker asks for it; masks stay. */
	inheritance(M3_DC_AFFINITY, &set, !is_kernel());
	/* It goes nowhere where it may not. */
	CPU_ZERO(&set);
	CPU_SET(first, &set);
	inheritance(M3_DC_AFFINITY, &set, 0);
	m3_node_close(node);
	return 0;
}
