// SPDX-License-Identifier: MIT
/*
 * Notifications in other names, and the bits that they collect until one is
 * taken.
 */
#include "check.h"

static uint64_t argument(const struct m3_message *message)
{
	uint64_t bits;

	memcpy(&bits, message->data + 8, sizeof(bits));
	return bits;
}

static void takes(struct m3_member *member, int source, long bits)
{
	struct m3_message message;

	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), 0);
	IS(message.source, source);
	IS(message.type, M3_NOTIFY_MESSAGE | source);
	IS(argument(&message), bits);
}

static void names(struct m3_member *member)
{
	struct m3_message message;

	IS(m3_src_notify(member, 2, 3, 1), 0);
	IS(m3_src_notify(member, 2, M3_SELF, 1), 0);
	takes(member, 2, 0);
	takes(member, 3, 0);
	IS(m3_src_notify(member, 2, 2, 1), 0);
	takes(member, 2, 0);
	/* HARDWARE is nobody's slot: it may be asked for by its number. */
	IS(m3_src_notify(member, 2, M3_HARDWARE, 1), 0);
	IS(m3_receive(member, 1, 2, &message, M3_NOWAIT), -M3_EAGAIN);
	takes(member, M3_HARDWARE, 0);
	IS(m3_src_notify(member, 2, 1, 1), -M3_EENDPOINT);
	IS(m3_src_notify(member, 2, 3, 2), -M3_EENDPOINT);
	IS(m3_src_notify(member, 2, 5, 1), -M3_ESRCDIED);
	IS(m3_src_notify(member, 2, 30000, 1), -M3_ERANGE);
	IS(m3_src_notify(member, 2, 3, 5), -M3_EDSTDIED);
	IS(m3_src_notify(member, 5, 3, 1), -M3_ENOTBIND);
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), -M3_EAGAIN);
}

static void values(struct m3_member *member)
{
	IS(m3_ntfy_value(member, 2, M3_SELF, 1, 0), 0);
	IS(m3_ntfy_value(member, 2, M3_SELF, 1, 31), 0);
	IS(m3_ntfy_value(member, 2, 3, 1, 5), 0);
	IS(m3_ntfy_value(member, 2, 3, 1, 32), -M3_EBADVALUE);
	IS(m3_ntfy_value(member, 2, 3, 1, -1), -M3_EBADVALUE);
	/* The next one that is taken carries all of them. */
	takes(member, 2, 1l << 31 | 1 << 5 | 1);
	takes(member, 3, 0);
	/* Those of an unbound source stay; those of a former life do not. */
	IS(m3_ntfy_value(member, 2, 3, 1, 7), 0);
	IS(m3_unbind(member, 1), 0);
	IS(m3_bind(member, 1), 0);
	IS(m3_notify(member, 2, 1), 0);
	takes(member, 2, 0);
}

static void receiver(void)
{
	struct m3_member *member = join_as(1);
	struct m3_message message;

	IS(m3_wait4bindep(member, 1, 3, DEADLINE_MS), 0);
	IS(m3_receive(member, 1, 3, &message, DEADLINE_MS), 0);
	IS(message.source, 3);
	IS(argument(&message), 1 << 4 | 1 << 6);
	IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
	IS(message.source, 2);
	IS(argument(&message), 0);
	m3_leave(member);
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	pid_t child;

	begin(argc, argv);
	child = spawn(receiver);
	member = join_as(2);
	IS(m3_bind(member, 3), 0);
	wait_flags(1, M3_RTS_RECEIVING);
	/* Of another source: it stays pending, its bits are collected. */
	IS(m3_ntfy_value(member, 2, M3_SELF, 1, 4), 0);
	IS(m3_ntfy_value(member, 2, 3, 1, 6), 0);
	reap(child);
	IS(m3_bind(member, 1), 0);
	names(member);
	values(member);
	m3_leave(member);
	return 0;
}
