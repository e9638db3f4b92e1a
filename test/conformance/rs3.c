// SPDX-License-Identifier: MIT
/* receive(specific) passes over other senders, who stay queued in order. */
#include "check.h"

static int id;

static void sender(void)
{
	struct m3_member *member = join_as(id);
	struct m3_message message = message_of(id, "");

	IS(m3_send(member, id, 1, &message, M3_FOREVER), 0);
	m3_leave(member);
}

int main(int argc, char **argv)
{
	static const int order[] = { 4, 2, 3, 5 };
	struct m3_member *member;
	struct m3_message message;
	pid_t children[6];
	int i;

	begin(argc, argv);
	member = join_as(1);
	for (id = 2; id <= 5; id++) {
		children[id] = spawn(sender);
		wait_flags(id, M3_RTS_SENDING);
	}
	for (i = 0; i < 4; i++) {
		IS(m3_receive(member, 1, i ? M3_ANY : 4, &message, M3_NOWAIT),
		   0);
		IS(message.source, order[i]);
		reap(children[order[i]]);
	}
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), -M3_EAGAIN);
	m3_leave(member);
	return 0;
}
