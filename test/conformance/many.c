// SPDX-License-Identifier: MIT
/* Every message of several senders arrives, once, each sender's in order. */
#include "check.h"

enum { SENDERS = 5, LOOPS = 2, ROUNDS = 10 };

static int id;

static void sender(void)
{
	struct m3_member *member = join_as(id);
	struct m3_message message;
	int i;

	for (i = 0; i < LOOPS; i++) {
		message = message_of(i, "");
		IS(m3_send(member, id, 1, &message, DEADLINE_MS), 0);
	}
	m3_leave(member);
}

static void one_sender(void)
{
	struct m3_member *member = join_as(2);
	struct m3_message message;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		message = message_of(i, "");
		IS(m3_send(member, 2, 1, &message, DEADLINE_MS), 0);
	}
	m3_leave(member);
}

int main(int argc, char **argv)
{
	int next[SENDERS + 2] = { 0 }, i;
	struct m3_message message;
	struct m3_member *member;
	pid_t children[SENDERS];

	begin(argc, argv);
	member = join_as(1);
	children[0] = spawn(one_sender);
	for (i = 0; i < ROUNDS; i++) {
		IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
		IS(message.type, i);
	}
	reap(children[0]);
	ok("one sender");
	for (i = 0; i < SENDERS; i++) {
		id = i + 2;
		children[i] = spawn(sender);
	}
	for (i = 0; i < SENDERS * LOOPS; i++) {
		IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
		IS(message.type, next[message.source]++);
	}
	for (i = 0; i < SENDERS; i++)
		reap(children[i]);
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), -M3_EAGAIN);
	ok("five senders");
	m3_leave(member);
	return 0;
}
