// SPDX-License-Identifier: MIT
/* The end of a DC ends the calls of its members; the id can be used again. */
#include "check.h"

static void waiter(void)
{
	struct m3_member *member = join_as(1);
	struct m3_message message;

	IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS),
	   -M3_EDCNOTRUN);
	IS(m3_bind(member, 2), -M3_EDCNOTRUN);
	m3_leave(member);
}

int main(int argc, char **argv)
{
	struct m3_dc_info info;
	struct m3_node *node;
	pid_t child;

	begin(argc, argv);
	child = spawn(waiter);
	wait_flags(1, M3_RTS_RECEIVING);
	IS(m3_node_open(dir, &node), 0);
	IS(m3_getdcinfo(node, dc, &info), 0);
	IS(m3_dc_end(node, dc), 0);
	reap(child);
	IS(m3_dc_end(node, dc), -M3_EDCNOTRUN);
	IS(m3_dc_init(node, &info.params), 0);
	m3_leave(join_as(1));
	m3_node_close(node);
	return 0;
}
