// SPDX-License-Identifier: MIT
/*
 * Deadlines of the calls of one core, in each phase; a call that gave up
 * leaves nothing behind.
 */
#include "check.h"

static long now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

#define TAKES_50_MS(call)                                 \
	do {                                              \
		long start_ = now_ms();                   \
		IS(call, -M3_ETIMEDOUT);                  \
		IS(now_ms() - start_ >= 50, 1);           \
		IS(now_ms() - start_ < DEADLINE_MS, 1);   \
	} while (0)

/* The request is taken, the reply never comes; a late one gets EPROCSTS. */
static void server(void)
{
	struct m3_member *member = join_as(3);
	struct m3_message message;

	IS(m3_receive(member, 3, M3_ANY, &message, DEADLINE_MS), 0);
	wait_flags(1, 0);
	IS(m3_reply(member, 3, 1, &message), -M3_EPROCSTS);
	m3_leave(member);
}

static void reply_phase(struct m3_member *member)
{
	struct m3_message message = message_of(1, "");
	pid_t child = spawn(server);

	wait_flags(3, M3_RTS_RECEIVING);
	TAKES_50_MS(m3_sendrec(member, 1, 3, &message, 50));
	reap(child);
	ok("sendrec, taken");
}

static void client(void)
{
	struct m3_member *member = join_as(4);
	struct m3_message message = message_of(1, "");

	IS(m3_sendrec(member, 4, 1, &message, DEADLINE_MS), 0);
	IS(message.type, 9);
	m3_leave(member);
}

/* The reply is given all the same. */
static void reply_and_receive(struct m3_member *member)
{
	struct m3_message message;
	pid_t child = spawn(client);

	IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
	message.type = 9;
	TAKES_50_MS(m3_reply_receive(member, 1, 4, &message, 50));
	reap(child);
	ok("reply_receive");
}

int main(int argc, char **argv)
{
	struct m3_message message = message_of(1, "");
	struct m3_member *member, *unbound;
	int ep;

	begin(argc, argv);
	member = join_as(1);
	IS(m3_bind(member, 2), 0);
	TAKES_50_MS(m3_send(member, 1, 2, &message, 50));
	ok("send, queued");
	TAKES_50_MS(m3_sendrec(member, 1, 2, &message, 50));
	ok("sendrec, queued");
	TAKES_50_MS(m3_receive(member, 1, M3_ANY, &message, 50));
	TAKES_50_MS(m3_receive(member, 1, 2, &message, 50));
	ok("receive");
	TAKES_50_MS(m3_rcvrqst(member, 1, &message, 50));
	ok("rcvrqst");
	reply_and_receive(member);
	reply_phase(member);
	TAKES_50_MS(m3_wait4bindep(member, 1, 5, 50));
	ok("wait4bindep");
	TAKES_50_MS(m3_wait4unbind(member, 1, 2, 50));
	ok("wait4unbind");
	unbound = join();
	TAKES_50_MS(m3_wait4bind(unbound, &ep, 50));
	m3_leave(unbound);
	ok("wait4bind");
	/* Nothing of them is left. */
	IS(m3_receive(member, 2, M3_ANY, &message, M3_NOWAIT), -M3_EAGAIN);
	wait_flags(1, 0);
	wait_flags(2, 0);
	m3_leave(member);
	return 0;
}
