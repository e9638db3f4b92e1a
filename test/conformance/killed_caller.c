// SPDX-License-Identifier: MIT
/* Once a killed caller is buried its request is gone; a reply to it fails. */
#include "check.h"

static void client(void)
{
	struct m3_member *member = join_as(2);
	struct m3_message message = message_of(1, "");

	m3_sendrec(member, 2, 1, &message, M3_FOREVER);
	exit(1);
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	struct m3_message message;
	struct m3_node *node;
	pid_t child;

	begin(argc, argv);
	IS(m3_node_open(dir, &node), 0);
	member = join_as(1);
	child = spawn(client);
	wait_flags(2, M3_RTS_SENDING | M3_RTS_RECEIVING);
	reap_killed(child);
	IS(m3_sweep(node), left(1));
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), -M3_EAGAIN);

	child = spawn(client);
	IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
	reap_killed(child);
	IS(m3_sweep(node), left(1));
	IS(m3_reply(member, 1, 2, &message), -M3_EDSTDIED);
	m3_leave(member);
	m3_node_close(node);
	return 0;
}
