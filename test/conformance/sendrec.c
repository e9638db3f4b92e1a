// SPDX-License-Identifier: MIT
/* The reply arrives in the request's buffer, whoever waits first. */
#include "check.h"

static void client(void)
{
	struct m3_member *member = join_as(2);
	struct m3_message message;
	int i;

	for (i = 0; i < 2; i++) {
		message = message_of(10 + i, "request");
		if (i == 1)
			wait_flags(1, M3_RTS_RECEIVING);
		IS(m3_sendrec(member, 2, 1, &message, M3_FOREVER), 0);
		IS(message.source, 1);
		IS(message.type, 20 + i);
		IS(strcmp((char *)message.data, "reply"), 0);
	}
	IS(m3_receive(member, 2, M3_ANY, &message, M3_FOREVER), 0);
	m3_leave(member);
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	struct m3_message message;
	pid_t child;
	int i;

	begin(argc, argv);
	member = join_as(1);
	child = spawn(client);
	for (i = 0; i < 2; i++) {
		if (i == 0)
			wait_flags(2, M3_RTS_SENDING | M3_RTS_RECEIVING);
		IS(m3_receive(member, 1, M3_ANY, &message, M3_FOREVER), 0);
		IS(message.type, 10 + i);
		wait_flags(2, M3_RTS_RECEIVING);
		message = message_of(20 + i, "reply");
		IS(m3_reply(member, 1, 2, &message), 0);
	}
	wait_flags(2, M3_RTS_RECEIVING);
	IS(m3_reply(member, 1, 2, &message), -M3_EPROCSTS);
	IS(m3_notify(member, 1, 2), 0);
	reap(child);
	m3_leave(member);
	return 0;
}
