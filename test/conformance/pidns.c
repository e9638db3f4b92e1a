// SPDX-License-Identifier: MIT
/* Pids are those of the core's pid namespace: from another it is not opened. */
#include <sched.h>
#include "check.h"

static void elsewhere(void)
{
	struct m3_member *member;
	struct m3_node *node;

	IS(m3_join(dir, dc, &member), -M3_EPIDNS);
	IS(m3_node_open(dir, &node), -M3_EPIDNS);
}

int main(int argc, char **argv)
{
	begin(argc, argv);
	if (unshare(CLONE_NEWPID) && unshare(CLONE_NEWUSER | CLONE_NEWPID)) {
		fprintf(stderr, "no new pid namespace: %s\n", strerror(errno));
		return 77;
	}
	reap(spawn(elsewhere));
	return 0;
}
