// SPDX-License-Identifier: MIT
/* A receiver that comes first waits; the sender does not. */
#include "check.h"

static void receiver(void)
{
	struct m3_member *member = join_as(1);
	struct m3_message message;

	IS(m3_receive(member, 1, M3_ANY, &message, M3_FOREVER), 0);
	IS(message.source, 2);
	IS(message.type, 7);
	m3_leave(member);
}

int main(int argc, char **argv)
{
	struct m3_message message = message_of(7, "");
	struct m3_member *member;
	pid_t child;

	begin(argc, argv);
	member = join_as(2);
	child = spawn(receiver);
	wait_flags(1, M3_RTS_RECEIVING);
	IS(m3_send(member, 2, 1, &message, M3_NOWAIT), 0);
	reap(child);
	m3_leave(member);
	return 0;
}
