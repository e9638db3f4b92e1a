// SPDX-License-Identifier: MIT
/* A server that keeps several requests answers each by its call. */
#include "check.h"

static void client(int ep)
{
	struct m3_member *member = join_as(ep);
	struct m3_message message = message_of(10 + ep, "request");

	IS(m3_sendrec(member, ep, 1, &message, DEADLINE_MS), 0);
	IS(message.type, 20 + ep);
	m3_leave(member);
}

static void client_2(void)
{
	client(2);
}

static void client_3(void)
{
	client(3);
}

/* It gives its first call up and makes another. */
static void impatient(void)
{
	struct m3_member *member = join_as(4);
	struct m3_message message = message_of(1, "");

	IS(m3_sendrec(member, 4, 1, &message, 50), -M3_ETIMEDOUT);
	message = message_of(2, "");
	IS(m3_sendrec(member, 4, 1, &message, DEADLINE_MS), 0);
	IS(message.type, 22);
	m3_leave(member);
}

static void several(struct m3_member *member)
{
	uint64_t calls[4];
	struct m3_message message;
	pid_t children[2] = { spawn(client_2), spawn(client_3) };
	int i, ep;

	for (i = 0; i < 2; i++) {
		IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
		ep = message.source;
		IS(m3_request(member, 1, ep, &calls[ep]), 0);
	}
	message = message_of(0, "");
	for (ep = 3; ep >= 2; ep--) {
		message.type = 20 + ep;
		IS(m3_reply_to(member, 1, ep, calls[ep] + 1, &message),
		   -M3_EPROCSTS);
		IS(m3_reply_to(member, 1, ep, calls[ep], &message), 0);
		IS(m3_reply_to(member, 1, ep, calls[ep], &message) < 0, 1);
	}
	reap(children[0]);
	reap(children[1]);
}

static void superseded(struct m3_member *member)
{
	struct m3_message message;
	uint64_t first, second;
	pid_t child = spawn(impatient);

	IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
	IS(message.type, 1);
	IS(m3_request(member, 1, 4, &first), 0);
	wait_flags(4, M3_RTS_SENDING | M3_RTS_RECEIVING);
	/* Queued, not taken: nothing is owed. */
	IS(m3_request(member, 1, 4, &second), -M3_EPROCSTS);
	IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
	IS(m3_request(member, 1, 4, &second), 0);
	IS(first != second, 1);
	message = message_of(21, "");
	IS(m3_reply_to(member, 1, 4, first, &message), -M3_EPROCSTS);
	message.type = 22;
	IS(m3_reply_to(member, 1, 4, second, &message), 0);
	reap(child);
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	uint64_t call;

	begin(argc, argv);
	member = join_as(1);
	IS(m3_request(member, 1, 2, &call), -M3_EDSTDIED);
	IS(m3_request(member, 1, 1, &call), -M3_EENDPOINT);
	several(member);
	superseded(member);
	m3_leave(member);
	return 0;
}
