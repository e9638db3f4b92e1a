// SPDX-License-Identifier: MIT
/* Notifications of HARDWARE, from no process: pending, merged, awaited. */
#include "check.h"

static void receiver(void)
{
	struct m3_member *member = join_as(1);
	struct m3_message message;

	IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
	IS(message.source, M3_HARDWARE);
	IS(message.type, M3_NOTIFY_MESSAGE | M3_HARDWARE);
	m3_leave(member);
}

static void server(void)
{
	struct m3_member *member = join_as(1);
	struct m3_message message = message_of(1, "");

	IS(m3_sendrec(member, 1, 2, &message, DEADLINE_MS), 0);
	IS(message.source, 2);
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), 0);
	IS(message.source, M3_HARDWARE);
	m3_leave(member);
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	struct m3_message message;
	struct m3_node *node;
	pid_t child;

	begin(argc, argv);
	IS(m3_node_open(dir, &node), 0);
	IS(m3_hdw_notify(node, dc, 1), -M3_EDSTDIED);
	IS(m3_hdw_notify(node, dc, 30000), -M3_ERANGE);
	child = spawn(receiver);
	wait_flags(1, M3_RTS_RECEIVING);
	IS(m3_hdw_notify(node, dc, 1), 0);
	reap(child);
	/* It does not end a sendrec. */
	member = join_as(2);
	child = spawn(server);
	wait_flags(1, M3_RTS_SENDING | M3_RTS_RECEIVING);
	IS(m3_hdw_notify(node, dc, 1), 0);
	IS(m3_hdw_notify(node, dc, 1), -M3_EOVERRUN);
	IS(m3_receive(member, 2, M3_ANY, &message, DEADLINE_MS), 0);
	IS(m3_reply(member, 2, 1, &message), 0);
	reap(child);
	/* Pending ones leave with their target. */
	IS(m3_hdw_notify(node, dc, 2), 0);
	IS(m3_unbind(member, 2), 0);
	IS(m3_bind(member, 2), 0);
	IS(m3_receive(member, 2, M3_ANY, &message, M3_NOWAIT), -M3_EAGAIN);
	m3_leave(member);
	m3_node_close(node);
	return 0;
}
