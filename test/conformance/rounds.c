// SPDX-License-Identifier: MIT
/*
 * A message each way, twice, by send and receive: whoever waits first. What
 * was sent is counted in the descriptor, of sendrec too.
 */
#include "check.h"

static void child_body(void)
{
	struct m3_member *member = join_as(2);
	struct m3_message message;
	int i;

	for (i = 0; i < 2; i++) {
		/* In the first round the parent waits, in the second we. */
		if (i == 0)
			wait_flags(1, M3_RTS_RECEIVING);
		message = message_of(10 + i, "there");
		IS(m3_send(member, 2, 1, &message, DEADLINE_MS), 0);
		IS(m3_receive(member, 2, 1, &message, DEADLINE_MS), 0);
		IS(message.type, 20 + i);
	}
	IS(info_of(2).local_sent, 2);
	m3_leave(member);
}

static void client(void)
{
	struct m3_member *member = join_as(3);
	struct m3_message message = message_of(1, "");
	int i;

	for (i = 0; i < 2; i++)
		IS(m3_sendrec(member, 3, 1, &message, DEADLINE_MS), 0);
	IS(info_of(3).local_sent, 2);
	IS(info_of(1).local_sent, 4);
	m3_leave(member);
}

/* Asks twice: before the server waits, and after. */
static void asker(void)
{
	struct m3_member *member = join_as(4);
	struct m3_message message;
	int i;

	for (i = 0; i < 2; i++) {
		if (i == 1)
			wait_flags(1, M3_RTS_RECEIVING);
		message = message_of(30 + i, "");
		IS(m3_sendrec(member, 4, 1, &message, DEADLINE_MS), 0);
		IS(message.source, 1);
		IS(message.type, 40 + i);
	}
	m3_leave(member);
}

/* The first is answered by a reply, the second by a send. */
static void serve_requests(struct m3_member *member)
{
	struct m3_message message;
	pid_t child = spawn(asker);

	wait_flags(4, M3_RTS_SENDING | M3_RTS_RECEIVING);
	IS(m3_rcvrqst(member, 1, &message, DEADLINE_MS), 0);
	IS(message.type, 30);
	message.type = 40;
	IS(m3_reply(member, 1, 4, &message), 0);
	IS(m3_rcvrqst(member, 1, &message, DEADLINE_MS), 0);
	IS(message.type, 31);
	message.type = 41;
	IS(m3_send(member, 1, 4, &message, M3_NOWAIT), 0);
	reap(child);
	ok("rcvrqst, both orders");
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	struct m3_message message;
	pid_t child;
	int i;

	begin(argc, argv);
	member = join_as(1);
	child = spawn(child_body);
	for (i = 0; i < 2; i++) {
		if (i == 1)
			wait_flags(2, M3_RTS_SENDING);
		IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
		IS(message.type, 10 + i);
		if (i == 0)
			wait_flags(2, M3_RTS_RECEIVING);
		message.type = 20 + i;
		IS(m3_send(member, 1, 2, &message, DEADLINE_MS), 0);
	}
	reap(child);
	ok("send and receive, both orders");
	child = spawn(client);
	for (i = 0; i < 2; i++) {
		IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
		IS(m3_reply(member, 1, 3, &message), 0);
	}
	reap(child);
	ok("sent messages are counted");
	serve_requests(member);
	m3_leave(member);
	return 0;
}
