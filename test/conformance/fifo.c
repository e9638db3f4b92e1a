// SPDX-License-Identifier: MIT
/*
 * Senders are served in the order in which they queued, be it by send or
 * sendrec; one that gives up leaves the others in theirs.
 */
#include "check.h"

enum { FIRST = 2, LAST = 7, LEAVER = 4 };

static int id;

static void on_signal(int number)
{
	(void)number;
}

static void sender(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct m3_member *member = join_as(id);
	struct m3_message message = message_of(id, "");

	IS(sigaction(SIGUSR1, &action, NULL), 0);
	if (id == LEAVER)
		IS(m3_sendrec(member, id, 1, &message, DEADLINE_MS),
		   -M3_EINTR);
	else if (id & 1)
		IS(m3_send(member, id, 1, &message, DEADLINE_MS), 0);
	else
		IS(m3_sendrec(member, id, 1, &message, DEADLINE_MS), 0);
	m3_leave(member);
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	struct m3_message message;
	pid_t children[LAST + 1];

	begin(argc, argv);
	member = join_as(1);
	for (id = FIRST; id <= LAST; id++) {
		children[id] = spawn(sender);
		wait_flags(id, id & 1 ? M3_RTS_SENDING :
				       M3_RTS_SENDING | M3_RTS_RECEIVING);
	}
	interrupt(children[LEAVER]);
	for (id = FIRST; id <= LAST; id++) {
		if (id == LEAVER)
			continue;
		IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), 0);
		IS(message.source, id);
		IS(message.type, id);
		if (!(id & 1))
			IS(m3_reply(member, 1, id, &message), 0);
		reap(children[id]);
	}
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), -M3_EAGAIN);
	m3_leave(member);
	ok("senders of both kinds");
	return 0;
}
