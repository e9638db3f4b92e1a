// SPDX-License-Identifier: MIT
/* M3_NOWAIT: done at once, or EAGAIN and nothing changed. */
#include "check.h"

static void receiver(void)
{
	struct m3_member *member = join_as(3);
	struct m3_message message;

	IS(m3_receive(member, 3, M3_ANY, &message, DEADLINE_MS), 0);
	IS(message.type, 5);
	m3_leave(member);
}

static void sender(void)
{
	struct m3_member *member = join_as(4);
	struct m3_message message = message_of(6, "");

	IS(m3_send(member, 4, 1, &message, DEADLINE_MS), 0);
	m3_leave(member);
}

static void client(void)
{
	struct m3_member *member = join_as(5);
	struct m3_message message = message_of(7, "");

	IS(m3_sendrec(member, 5, 1, &message, DEADLINE_MS), 0);
	IS(message.type, 7);
	m3_leave(member);
}

int main(int argc, char **argv)
{
	struct m3_message message = message_of(5, "");
	struct m3_member *member, *unbound;
	pid_t child;
	int ep;

	begin(argc, argv);
	member = join_as(1);
	IS(m3_bind(member, 2), 0);
	IS(m3_send(member, 1, 2, &message, M3_NOWAIT), -M3_EAGAIN);
	child = spawn(receiver);
	wait_flags(3, M3_RTS_RECEIVING);
	IS(m3_send(member, 1, 3, &message, M3_NOWAIT), 0);
	reap(child);
	ok("send");
	/* It would have to wait for the reply even of a willing server. */
	IS(m3_sendrec(member, 1, 2, &message, M3_NOWAIT), -M3_EAGAIN);
	ok("sendrec");
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), -M3_EAGAIN);
	IS(m3_receive(member, 1, 2, &message, M3_NOWAIT), -M3_EAGAIN);
	child = spawn(sender);
	wait_flags(4, M3_RTS_SENDING);
	IS(m3_receive(member, 1, 2, &message, M3_NOWAIT), -M3_EAGAIN);
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), 0);
	IS(message.type, 6);
	reap(child);
	IS(m3_notify(member, 2, 1), 0);
	IS(m3_receive(member, 1, 2, &message, M3_NOWAIT), 0);
	ok("receive");
	IS(m3_rcvrqst(member, 1, &message, M3_NOWAIT), -M3_EAGAIN);
	child = spawn(client);
	wait_flags(5, M3_RTS_SENDING | M3_RTS_RECEIVING);
	IS(m3_rcvrqst(member, 1, &message, M3_NOWAIT), 0);
	ok("rcvrqst");
	IS(m3_reply_receive(member, 1, 5, &message, M3_NOWAIT), -M3_EAGAIN);
	reap(child);
	ok("reply_receive");
	IS(m3_wait4bindep(member, 1, 6, M3_NOWAIT), -M3_EAGAIN);
	IS(m3_wait4bindep(member, 1, 2, M3_NOWAIT), 0);
	IS(m3_wait4unbind(member, 1, 2, M3_NOWAIT), -M3_EAGAIN);
	IS(m3_wait4unbind(member, 1, 6, M3_NOWAIT), 0);
	unbound = join();
	IS(m3_wait4bind(unbound, &ep, M3_NOWAIT), -M3_EAGAIN);
	m3_leave(unbound);
	ok("wait4bind, wait4bindep, wait4unbind");
	wait_flags(1, 0);
	wait_flags(2, 0);
	IS(m3_receive(member, 2, M3_ANY, &message, M3_NOWAIT), -M3_EAGAIN);
	m3_leave(member);
	return 0;
}
