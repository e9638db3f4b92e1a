// SPDX-License-Identifier: MIT
/*
 * Servers at negative endpoints serve like others; a bind of one returns no
 * number that could be mistaken for an error. Of notifications the lowest
 * slot's comes first.
 */
#include "check.h"

static void client(void)
{
	struct m3_member *member = join_as(5);
	struct m3_message message = message_of(7, "times");

	IS(m3_sendrec(member, 5, -2, &message, DEADLINE_MS), 0);
	IS(message.source, -2);
	IS(message.type, 8);
	m3_leave(member);
}

int main(int argc, char **argv)
{
	static const int sources[] = { 3, -1, 0, -8 };
	static const int order[] = { -8, -1, 0, 3 };
	struct m3_message message;
	struct m3_member *member;
	pid_t child;
	int i;

	begin(argc, argv);
	member = join_as(-2);
	child = spawn(client);
	IS(m3_receive(member, -2, M3_ANY, &message, DEADLINE_MS), 0);
	IS(message.source, 5);
	message.type++;
	IS(m3_reply(member, -2, 5, &message), 0);
	reap(child);
	IS(info_of(-2).p_nr, -2);
	ok("a server at a negative endpoint");
	for (i = 0; i < 4; i++) {
		IS(m3_bind(member, sources[i]), 0);
		IS(m3_notify(member, sources[i], -2), 0);
	}
	for (i = 0; i < 4; i++) {
		IS(m3_receive(member, -2, M3_ANY, &message, M3_NOWAIT), 0);
		IS(message.source, order[i]);
		IS(message.type, M3_NOTIFY_MESSAGE | order[i]);
	}
	ok("notifications in the order of slots");
	m3_leave(member);
	return 0;
}
