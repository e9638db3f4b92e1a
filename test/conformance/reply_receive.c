// SPDX-License-Identifier: MIT
/*
 * Reply and receive in one call, synchronous and started: the message is the
 * reply and then what came. Where the reply fails nothing is received.
 */
#include "check.h"
#include <poll.h>

#define ROUNDS 3

static void client(void)
{
	struct m3_member *member = join_as(2);
	struct m3_message message;
	int i;

	for (i = 0; i < 2 * ROUNDS; i++) {
		message = message_of(10 + i, "request");
		IS(m3_sendrec(member, 2, 1, &message, DEADLINE_MS), 0);
		IS(message.source, 1);
		IS(message.type, 20 + i);
	}
	message = message_of(99, "last");
	IS(m3_send(member, 2, 1, &message, DEADLINE_MS), 0);
	m3_leave(member);
}

static void wait_bell(struct m3_member *member)
{
	struct pollfd bell = { .fd = m3_bell(member), .events = POLLIN };
	int32_t eps[4];

	IS(poll(&bell, 1, DEADLINE_MS), 1);
	m3_bell_serve(member, eps, 4);
}

/* The same started: the bell says when it has ended. */
static void started(struct m3_member *member, struct m3_message *message)
{
	struct m3_call call = { .op = M3_OP_REPLY_RECEIVE, .self = 1,
				.peer = 2, .message = *message };
	int32_t eps[4];
	int e;

	m3_bell_serve(member, eps, 4);
	e = m3_start(member, &call);
	while (e == M3_PENDING) {
		wait_bell(member);
		e = m3_finish(member, &call);
	}
	IS(e, 0);
	*message = call.message;
}

static void failing(struct m3_member *member)
{
	struct m3_message message = message_of(1, "");

	IS(m3_bind(member, 3), 0);
	IS(m3_notify(member, 3, 1), 0);
	IS(m3_reply_receive(member, 1, 3, &message, M3_NOWAIT), -M3_EPROCSTS);
	IS(m3_reply_receive(member, 1, 4, &message, M3_NOWAIT), -M3_EDSTDIED);
	IS(m3_reply_receive(member, 1, 1, &message, M3_NOWAIT), -M3_EENDPOINT);
	/* Nothing was taken. */
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), 0);
	IS(message.source, 3);
	IS(m3_unbind(member, 3), 0);
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	struct m3_message message;
	pid_t child;
	int i;

	begin(argc, argv);
	member = join_as(1);
	failing(member);
	child = spawn(client);
	IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
	for (i = 0; i < 2 * ROUNDS; i++) {
		IS(message.source, 2);
		IS(message.type, 10 + i);
		message.type = 20 + i;
		if (i < ROUNDS)
			IS(m3_reply_receive(member, 1, 2, &message,
					    DEADLINE_MS), 0);
		else
			started(member, &message);
	}
	IS(message.type, 99);
	reap(child);
	/* Both are one step: the client cannot have asked again meanwhile. */
	child = spawn(client);
	IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
	message.type = 20;
	IS(m3_reply_receive(member, 1, 2, &message, M3_NOWAIT), -M3_EAGAIN);
	IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
	IS(message.type, 11);
	reap_killed(child);
	m3_leave(member);
	return 0;
}
