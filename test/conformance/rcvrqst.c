// SPDX-License-Identifier: MIT
/*
 * A server that takes requests takes sendrecs only: plain sends stay queued,
 * in their order, and notifications stay pending and do not wake it.
 */
#include "check.h"

static void sender(void)
{
	struct m3_member *member = join_as(2);
	struct m3_message message = message_of(12, "");

	IS(m3_send(member, 2, 1, &message, DEADLINE_MS), 0);
	m3_leave(member);
}

static void client(void)
{
	struct m3_member *member = join_as(3);
	struct m3_message message = message_of(13, "");

	IS(m3_sendrec(member, 3, 1, &message, DEADLINE_MS), 0);
	IS(message.type, 23);
	m3_leave(member);
}

/* It waits already when the three come, the request last. */
static void waiting(void)
{
	struct m3_member *member = join_as(1);
	struct m3_message message;

	IS(m3_rcvrqst(member, 1, &message, DEADLINE_MS), 0);
	IS(message.source, 3);
	IS(message.type, 13);
	message.type = 23;
	IS(m3_reply(member, 1, 3, &message), 0);
	IS(m3_rcvrqst(member, 1, &message, M3_NOWAIT), -M3_EAGAIN);
	IS(m3_rcvrqst(member, 1, &message, 20), -M3_ETIMEDOUT);
	/* Both others are still there, the notification first. */
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), 0);
	IS(message.type, M3_NOTIFY_MESSAGE | 4);
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), 0);
	IS(message.type, 12);
	m3_leave(member);
}

/* The send is queued before the request: it is passed over. */
static void queued(void)
{
	struct m3_member *member = join_as(1);
	struct m3_message message;
	pid_t children[2];

	children[0] = spawn(sender);
	wait_flags(2, M3_RTS_SENDING);
	children[1] = spawn(client);
	wait_flags(3, M3_RTS_SENDING | M3_RTS_RECEIVING);
	IS(m3_rcvrqst(member, 1, &message, M3_NOWAIT), 0);
	IS(message.source, 3);
	message.type = 23;
	IS(m3_reply(member, 1, 3, &message), 0);
	IS(m3_rcvrqst(member, 1, &message, M3_NOWAIT), -M3_EAGAIN);
	wait_flags(2, M3_RTS_SENDING);
	IS(m3_receive(member, 1, 2, &message, M3_NOWAIT), 0);
	IS(message.type, 12);
	reap(children[0]);
	reap(children[1]);
	m3_leave(member);
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	pid_t server, children[2];

	begin(argc, argv);
	reap(spawn(queued));
	server = spawn(waiting);
	wait_flags(1, M3_RTS_RECEIVING);
	member = join_as(4);
	IS(m3_notify(member, 4, 1), 0);
	children[0] = spawn(sender);
	wait_flags(2, M3_RTS_SENDING);
	wait_flags(1, M3_RTS_RECEIVING);
	children[1] = spawn(client);
	reap(children[1]);
	reap(children[0]);
	reap(server);
	m3_leave(member);
	return 0;
}
