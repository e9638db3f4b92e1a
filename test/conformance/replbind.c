// SPDX-License-Identifier: MIT
/*
 * A replica is a local process like any other, marked as one. What comes from
 * its namesakes on other nodes: core/core-deaths.c.
 */
#include "check.h"

int main(int argc, char **argv)
{
	struct m3_member *member;
	struct m3_message message = message_of(3, "");
	struct m3_proc_info info;
	struct m3_node *node;
	int ep;

	begin(argc, argv);
	IS(m3_node_open(dir, &node), 0);
	member = join_as(1);
	IS(m3_replbind(node, dc, getpid(), 5), 0);
	IS(m3_getprocinfo(node, dc, 5, &info), 0);
	IS(info.rts_flags, 0);
	IS(info.misc_flags, M3_MF_GRPLEADER | M3_MF_REPLICATED);
	IS(info.node, 1);
	IS(m3_wait4bind(member, &ep, M3_NOWAIT), 0);
	IS(ep, 5);
	IS(m3_notify(member, 5, 1), 0);
	IS(m3_receive(member, 1, 5, &message, DEADLINE_MS), 0);
	IS(m3_replbind(node, dc, getpid(), 5), -M3_ESLOTUSED);
	IS(m3_replbind(node, dc, getpid(), 10000), -M3_ERANGE);
	IS(m3_replbind(node, dc, 0, 6), -M3_EBADPID);
	IS(m3_unbind(member, 5), 0);
	m3_leave(member);
	m3_node_close(node);
	return 0;
}
