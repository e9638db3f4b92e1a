// SPDX-License-Identifier: MIT
/*
 * The largest node: 1,024 DCs and nodes, a DC of 4,096 endpoints. Memory is
 * what is used of it, not what could be; so is the time to bind, unbind and
 * bury.
 */
#include "check.h"
#include <sys/stat.h>
#include <sys/statvfs.h>

#define TASKS ((int)M3_MAX_TASKS)
#define PROCS ((int)M3_MAX_ENDPOINTS - TASKS)
#define KIB 1024l
#define ROUNDS 300

static char core[4096];

/* Bytes of memory behind a DC's region; of the kernel's core: not known. */
static long memory(int id)
{
	char path[4200];
	struct stat st;

	if (is_kernel())
		return 0;
	snprintf(path, sizeof(path), "%s/dc%d", core, id);
	IS(stat(path, &st), 0);
	return (long)st.st_blocks * 512;
}

/* `bytes` is at most `limit`. */
static void at_most(const char *what, long bytes, long limit)
{
	if (bytes <= limit)
		return;
	fprintf(stderr, "limits: %s: %ld KiB, more than %ld\n", what,
		bytes / KIB, limit / KIB);
	exit(1);
}

static void start(struct m3_node *node, int id, uint32_t tasks, uint32_t procs)
{
	struct m3_dc_params params = {
		.dc = (uint32_t)id, .tasks = tasks, .procs = procs,
		.arena_bytes = 1 << 20, .gid = (uint32_t)-1,
	};

	snprintf(params.name, sizeof(params.name), "dc%d", id);
	IS(m3_dc_init(node, &params), 0);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The shortest time of a bind and an unbind. */
static double bind_time(struct m3_member *member)
{
	double best = 1e9, from;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		from = seconds();
		IS(m3_bind(member, 1), 0);
		IS(m3_unbind(member, 1), 0);
		from = seconds() - from;
		best = from < best ? from : best;
	}
	return best;
}

static void endpoints(struct m3_node *node)
{
	struct m3_member *member, *small;
	long empty, one, all;
	double large_time, small_time;
	int ep;

	start(node, 0, 2, 14);
	start(node, 1, TASKS, PROCS);
	empty = memory(1);
	/* 256 bytes for each that may come, and a little. */
	at_most("a DC without endpoints", empty, 1200 * KIB);
	IS(m3_join(core, 0, &small), 0);
	IS(m3_join(core, 1, &member), 0);
	IS(m3_bind(member, -TASKS), 0);
	at_most("one endpoint", memory(1) - empty, 160 * KIB);
	IS(m3_unbind(member, -TASKS), 0);
	IS(m3_bind(member, PROCS), -M3_ERANGE);
	IS(m3_bind(member, -TASKS - 1), -M3_ERANGE);

	IS(m3_bind(member, 0), 0);
	IS(m3_bind(small, 0), 0);
	large_time = bind_time(member);
	small_time = bind_time(small);
	/* It has looked at 258 slots, not at 4,096 and their tables. */
	IS(large_time < 8 * small_time + 5e-6, 1);
	IS(m3_unbind(member, 0), 0);
	one = memory(1);
	for (ep = -TASKS; ep < PROCS; ep++)
		IS(m3_bind(member, ep), 0);
	all = memory(1);
	at_most("4,096 endpoints", all - one, 5200 * KIB);
	IS(m3_check(node, 1), 0);
	m3_leave(member);
	m3_leave(small);
	IS(m3_check(node, 1), 0);
	IS(m3_dc_end(node, 0), 0);
	IS(m3_dc_end(node, 1), 0);
}

static void nodes(struct m3_node *node)
{
	struct m3_member *member;
	long none, two;
	int id;

	start(node, 2, 0, 16);
	none = memory(2);
	for (id = 1; id < (int)M3_MAX_NODES; id++)
		IS(m3_node_up(node, id, "far"), 0);
	IS(m3_node_up(node, M3_MAX_NODES, "far"), -M3_EBADNODEID);
	at_most("1,023 nodes that no DC spans", memory(2) - none, 0);
	IS(m3_add_node(node, 2, 1), 0);
	IS(m3_add_node(node, 2, M3_MAX_NODES - 1), 0);
	two = memory(2) - none;
	at_most("two nodes", two, 700 * KIB);
	for (id = 2; id < (int)M3_MAX_NODES - 1; id++)
		IS(m3_add_node(node, 2, id), 0);
	at_most("1,023 nodes", memory(2) - none, two * 512);
	IS(m3_rmtbind(node, 2, "far", 5, M3_MAX_NODES - 1), 0);
	IS(m3_join(core, 2, &member), 0);
	IS(m3_bind(member, 1), 0);
	IS(m3_check(node, 2), 0);
	m3_leave(member);
	IS(m3_dc_end(node, 2), 0);
}

static void dcs(struct m3_node *node)
{
	struct m3_dc_params over = { .dc = M3_MAX_DCS, .procs = 1 };
	struct m3_dvs_info info;
	struct m3_member *member;
	int id;

	for (id = 0; id < (int)M3_MAX_DCS; id++) {
		start(node, id, 0, 4);
		at_most("a small DC", memory(id), 128 * KIB);
	}
	IS(m3_dc_init(node, &over), -M3_EBADDCID);
	IS(m3_getdvsinfo(node, &info), 0);
	IS(info.dcs, M3_MAX_DCS);
	IS(m3_join(core, M3_MAX_DCS - 1, &member), 0);
	IS(m3_bind(member, 3), 0);
	m3_leave(member);
}

static int has_room(void)
{
	struct statvfs space;

	if (is_kernel())
		return sysconf(_SC_AVPHYS_PAGES) * sysconf(_SC_PAGESIZE) >
		       600l << 20;
	IS(statvfs(dir, &space), 0);
	return space.f_bavail * space.f_frsize >= 400ul << 20;
}

int main(int argc, char **argv)
{
	struct m3_dvs_params params = {
		.node = 0, .max_nodes = M3_MAX_NODES, .max_dcs = M3_MAX_DCS,
		.cluster = "limits",
	};
	struct m3_node *node;

	begin(argc, argv);
	if (!has_room()) {
		fprintf(stderr, "no room for a DC of 1,024 nodes\n");
		return 77;
	}
	other_core(core, sizeof(core), "/limits");
	IS(m3_dvs_init(core, &params), 0);
	IS(m3_node_open(core, &node), 0);
	endpoints(node);
	nodes(node);
	dcs(node);
	m3_node_close(node);
	IS(m3_dvs_end(core), 0);
	return 0;
}
