// SPDX-License-Identifier: MIT
/*
 * A receiver that waits shows it in its descriptor; it gets the sender's
 * endpoint, type and bytes. From one source it takes nobody else's.
 */
#include "check.h"

static void sender(void)
{
	struct m3_member *member = join_as(2);
	struct m3_message message = { .type = 255 };
	int words[3] = { 1, 2, 3 };

	memcpy(message.data, words, sizeof(words));
	IS(m3_send(member, 2, 1, &message, DEADLINE_MS), 0);
	m3_leave(member);
}

static void receiver(void)
{
	struct m3_member *member = join_as(1);
	struct m3_message message;
	int words[3];

	IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
	memcpy(words, message.data, sizeof(words));
	IS(message.source, 2);
	IS(message.type, 255);
	IS(words[0] == 1 && words[1] == 2 && words[2] == 3, 1);
	m3_leave(member);
}

/* Its endpoint is known before it sends. */
static void late_sender(void)
{
	struct m3_member *member = join_as(2);
	struct m3_message message = message_of(7, "");

	wait_flags(1, M3_RTS_RECEIVING);
	IS(info_of(1).getfrom, 2);
	IS(m3_bind(member, 3), 0);
	IS(m3_send(member, 3, 1, &message, M3_NOWAIT), -M3_EAGAIN);
	IS(m3_send(member, 2, 1, &message, M3_NOWAIT), 0);
	m3_leave(member);
}

static void receive_from_one(void)
{
	struct m3_member *member = join_as(1);
	pid_t child = spawn(late_sender);
	struct m3_message message;

	wait_flags(2, 0);
	IS(m3_receive(member, 1, 2, &message, DEADLINE_MS), 0);
	IS(message.source, 2);
	IS(message.type, 7);
	reap(child);
	m3_leave(member);
}

int main(int argc, char **argv)
{
	pid_t child;

	begin(argc, argv);
	child = spawn(receiver);
	wait_flags(1, M3_RTS_RECEIVING);
	IS(info_of(1).getfrom, M3_ANY);
	IS(info_of(1).sendto, M3_NONE);
	reap(spawn(sender));
	reap(child);
	ok("from any source");
	receive_from_one();
	ok("from one source");
	return 0;
}
