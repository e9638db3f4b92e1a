// SPDX-License-Identifier: MIT
/* A DC that one group may join: its members do, and reach its processes. */
#include "rig.h"
#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int join_as_another(void *arg)
{
	gid_t gid = 4711;
	struct rig_node *n = arg;
	struct m3_member *m;

	MUST(setgroups(1, &gid) == 0);
	MUST(setgid(4712) == 0 && setuid(4713) == 0);
	m = rig_join(n, 5);
	SAME(m3_notify(m, 5, 1), 0);
	m3_leave(m);
	return 0;
}

/* Who is in the DC's group can join it; nobody else can. */
static void group_may_join(void)
{
	struct m3_dc_params dc = {
		.dc = 2, .procs = 8, .gid = 4711, .name = "group",
	};
	struct m3_message message;
	struct m3_member *m;
	struct rig_node n;
	int32_t eps[4];

	rig_start(&n, 0);
	MUST(rig_is_kernel() || chmod(n.dir, 0755) == 0);
	SAME(m3_dc_end(n.core, RIG_DC), 0);
	dc.dc = RIG_DC;
	SAME(m3_dc_init(n.core, &dc), 0);
	m = rig_join(&n, 1);
	SAME(m3_watch(m, 1, 1), 0);
	SAME(m3_bell_serve(m, eps, 4), 0);
	SAME(rig_in_child(join_as_another, &n), 0);
	SAME(rig_readable(m3_bell(m), 0), 1);
	SAME(m3_receive(m, 1, M3_ANY, &message, 0), -M3_EAGAIN);
	m3_leave(m);
	rig_stop(&n);
}

int main(void)
{
	if (geteuid() != 0) {
		fprintf(stderr, "not root: it cannot join as another user\n");
		return RIG_SKIP;
	}
	group_may_join();
	rig_ok("who is in the group of a DC");
	return 0;
}
