// SPDX-License-Identifier: MIT
/*
 * The core that is measured: a DC like any other, one with affinity
 * inheritance, and three that are configured alike, of which one is empty, one
 * has idle endpoints, and one spans idle nodes with a proxy each.
 */
#include "local.h"
#include <m3ipc/m3ipc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#define NODE 1
#define IDLE_NODES 64
#define IDLE_ENDPOINTS 4000
#define FIRST_IDLE 64 /* those below are for the pairs */

/* contender.ts knows them by number. */
static const struct m3_dc_params dcs[] = {
	{ .dc = 1, .name = "plain", .tasks = 32, .procs = 256,
	  .arena_bytes = 16 << 20, .gid = (uint32_t)-1 },
	{ .dc = 2, .name = "affinity", .tasks = 32, .procs = 256,
	  .arena_bytes = 16 << 20, .gid = (uint32_t)-1,
	  .flags = M3_DC_AFFINITY },
	{ .dc = 3, .name = "empty", .tasks = 32, .procs = 4064,
	  .arena_bytes = 16 << 20, .gid = (uint32_t)-1 },
	{ .dc = 4, .name = "endpoints", .tasks = 32, .procs = 4064,
	  .arena_bytes = 16 << 20, .gid = (uint32_t)-1 },
	{ .dc = 5, .name = "nodes", .tasks = 32, .procs = 4064,
	  .arena_bytes = 16 << 20, .gid = (uint32_t)-1 },
};
#define DCS (sizeof(dcs) / sizeof(*dcs))
#define DC_ENDPOINTS 4
#define DC_NODES 5

static int bind_idle(const char *dir)
{
	struct m3_member *m;
	int e = m3_join(dir, DC_ENDPOINTS, &m), i;

	for (i = 0; !e && i < IDLE_ENDPOINTS; i++)
		e = m3_bind(m, FIRST_IDLE + i);
	return e;
}

static int attach_idle(struct m3_node *node)
{
	struct m3_proxy *proxy;
	char name[M3_NAME_BYTES];
	int e = 0, i;

	for (i = NODE + 1; !e && i <= NODE + IDLE_NODES; i++) {
		snprintf(name, sizeof(name), "node%d", i);
		e = m3_node_up(node, i, name);
		if (!e)
			e = m3_add_node(node, DC_NODES, i);
		if (!e)
			e = m3_attach(node, i, &proxy);
	}
	return e;
}

static int make(const char *dir)
{
	struct m3_dvs_params params = {
		.node = NODE,
		.max_nodes = NODE + IDLE_NODES + 1,
		.max_dcs = 32,
		.cluster = "bench",
	};
	struct m3_node *node;
	size_t i;
	int e = m3_dvs_init(dir, &params);

	if (!e)
		e = m3_node_open(dir, &node);
	for (i = 0; !e && i < DCS; i++)
		e = m3_dc_init(node, &dcs[i]);
	if (!e)
		e = bind_idle(dir);
	return e ? e : attach_idle(node);
}

int stage(const char *dir)
{
	int e;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	e = make(dir);
	if (e) {
		fprintf(stderr, "stage: %s: %s\n", m3_strerror(e), m3_cause(e));
		return 1;
	}
	printf("{\"endpoints\":%d,\"nodes\":%d}\n", IDLE_ENDPOINTS, IDLE_NODES);
	fflush(stdout);
	for (;;)
		pause();
}
