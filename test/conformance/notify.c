// SPDX-License-Identifier: MIT
/*
 * A notification waits for its target, merged; it comes before messages, and
 * wakes a receiver. It never answers a receive of another source, nor ends a
 * sendrec.
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

static int sender_id;

static void sender(void)
{
	struct m3_member *member = join_as(sender_id);
	struct m3_message message = message_of(7, "");

	IS(m3_send(member, sender_id, 1, &message, DEADLINE_MS), 0);
	m3_leave(member);
}

static void before_messages(void)
{
	struct m3_member *member = join_as(1);
	struct m3_message message;
	pid_t child;

	IS(m3_bind(member, 3), 0);
	sender_id = 2;
	child = spawn(sender);
	wait_flags(2, M3_RTS_SENDING);
	IS(m3_notify(member, 3, 1), 0);
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), 0);
	IS(message.type, M3_NOTIFY_MESSAGE | 3);
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), 0);
	IS(message.type, 7);
	reap(child);
	m3_leave(member);
	ok("before messages");
}

/* The server notifies its client before it replies. */
static void server(void)
{
	struct m3_member *member = join_as(2);
	struct m3_message message;

	IS(m3_receive(member, 2, M3_ANY, &message, DEADLINE_MS), 0);
	IS(m3_notify(member, 2, 1), 0);
	wait_flags(1, M3_RTS_RECEIVING);
	IS(m3_reply(member, 2, 1, &message), 0);
	m3_leave(member);
}

static void during_a_request(void)
{
	struct m3_member *member = join_as(1);
	struct m3_message message = message_of(9, "");
	pid_t child = spawn(server);

	wait_flags(2, M3_RTS_RECEIVING);
	IS(m3_sendrec(member, 1, 2, &message, DEADLINE_MS), 0);
	IS(message.type, 9);
	reap(child);
	m3_leave(member);
	ok("ends no sendrec");
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	pid_t child;

	begin(argc, argv);
	reap(spawn(pending));
	ok("pending, merged");
	before_messages();
	during_a_request();
	member = join_as(2);
	child = spawn(waiting);
	wait_flags(1, M3_RTS_RECEIVING);
	IS(m3_notify(member, 2, 1), 0);
	reap(child);
	m3_leave(member);
	ok("wakes a receiver");
	return 0;
}
