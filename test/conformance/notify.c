// SPDX-License-Identifier: MIT
/*
 * A notification waits for its target, merged; it comes before messages, and
 * wakes a receiver. It never answers a receive of another source.
 */
#include "check.h"

static void waiting(void)
{
	struct m3_member *member = join_as(1);
	struct m3_message message;

	IS(m3_receive(member, 1, M3_ANY, &message, M3_FOREVER), 0);
	IS(message.source, 2);
	IS(message.type, M3_NOTIFY_MESSAGE | 2);
	m3_leave(member);
}

static void pending(void)
{
	struct m3_member *member = join();
	struct m3_message message;
	int i;

	for (i = 1; i <= 3; i++)
		IS(m3_bind(member, i), 0);
	for (i = 0; i < 3; i++)
		IS(m3_notify(member, 2, 1), 0);
	IS(m3_notify(member, 3, 1), 0);
	IS(m3_receive(member, 1, 3, &message, M3_NOWAIT), 0);
	IS(message.source, 3);
	IS(m3_receive(member, 1, 3, &message, M3_NOWAIT), -M3_EAGAIN);
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), 0);
	IS(message.source, 2);
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), -M3_EAGAIN);
	m3_leave(member);
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	pid_t child;

	begin(argc, argv);
	reap(spawn(pending));
	member = join_as(2);
	child = spawn(waiting);
	wait_flags(1, M3_RTS_RECEIVING);
	IS(m3_notify(member, 2, 1), 0);
	reap(child);
	m3_leave(member);
	return 0;
}
