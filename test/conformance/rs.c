// SPDX-License-Identifier: MIT
/* A sender that comes first waits; the receiver takes what it sent. */
#include "check.h"

static void sender(void)
{
	struct m3_member *member = join_as(2);
	struct m3_message message = message_of(255, "first");

	IS(m3_send(member, 2, 1, &message, M3_FOREVER), 0);
	m3_leave(member);
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	struct m3_message message;
	pid_t child;

	begin(argc, argv);
	member = join_as(1);
	child = spawn(sender);
	wait_flags(2, M3_RTS_SENDING);
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), 0);
	IS(message.source, 2);
	IS(message.type, 255);
	IS(strcmp((char *)message.data, "first"), 0);
	reap(child);
	m3_leave(member);
	return 0;
}
