// SPDX-License-Identifier: MIT
/*
 * A second call on an endpoint that has one in progress gets EPROCRUN,
 * whatever the two are; threads with endpoints of their own talk.
 */
#include <pthread.h>
#include "check.h"

static struct m3_member *member;

static void *blocked_in_receive(void *unused)
{
	struct m3_message message;

	(void)unused;
	IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
	return NULL;
}

static void *blocked_in_send(void *unused)
{
	struct m3_message message = message_of(1, "");

	(void)unused;
	IS(m3_send(member, 1, 2, &message, DEADLINE_MS), 0);
	return NULL;
}

static void *blocked_in_sendrec(void *unused)
{
	struct m3_message message = message_of(1, "");

	(void)unused;
	IS(m3_sendrec(member, 1, 2, &message, DEADLINE_MS), 0);
	return NULL;
}

static void *blocked_in_wait(void *unused)
{
	(void)unused;
	IS(m3_wait4unbind(member, 1, 3, DEADLINE_MS), 0);
	return NULL;
}

/* No call of endpoint 1 is made while another thread's waits. */
static void refused(void)
{
	struct m3_message message = message_of(1, "");
	uint8_t byte = 0;

	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), -M3_EPROCRUN);
	IS(m3_rcvrqst(member, 1, &message, M3_NOWAIT), -M3_EPROCRUN);
	IS(m3_send(member, 1, 2, &message, M3_NOWAIT), -M3_EPROCRUN);
	IS(m3_sendrec(member, 1, 2, &message, 50), -M3_EPROCRUN);
	IS(m3_reply(member, 1, 2, &message), -M3_EPROCRUN);
	IS(m3_notify(member, 1, 2), -M3_EPROCRUN);
	IS(m3_vcopy(member, 1, 2, 0, M3_SELF, (uintptr_t)&byte, 1, M3_NOWAIT,
		    NULL),
	   -M3_EPROCRUN);
}

static pthread_t start(void *(*body)(void *), uint32_t flags)
{
	pthread_t thread;

	IS(pthread_create(&thread, NULL, body, NULL), 0);
	wait_flags(1, flags);
	return thread;
}

int main(int argc, char **argv)
{
	struct m3_message message = message_of(1, "");
	pthread_t thread;

	begin(argc, argv);
	member = join_as(1);
	IS(m3_bind(member, 2), 0);

	thread = start(blocked_in_receive, M3_RTS_RECEIVING);
	refused();
	IS(m3_send(member, 2, 1, &message, M3_FOREVER), 0);
	IS(pthread_join(thread, NULL), 0);
	ok("while one receives");

	thread = start(blocked_in_send, M3_RTS_SENDING);
	refused();
	IS(m3_receive(member, 2, M3_ANY, &message, M3_NOWAIT), 0);
	IS(pthread_join(thread, NULL), 0);
	ok("while one sends");

	thread = start(blocked_in_sendrec, M3_RTS_SENDING | M3_RTS_RECEIVING);
	refused();
	IS(m3_receive(member, 2, M3_ANY, &message, M3_NOWAIT), 0);
	refused();
	IS(m3_reply(member, 2, 1, &message), 0);
	IS(pthread_join(thread, NULL), 0);
	ok("while one asks");

	IS(m3_bind(member, 3), 0);
	thread = start(blocked_in_wait, M3_RTS_WAITUNBIND);
	refused();
	IS(m3_unbind(member, 3), 0);
	IS(pthread_join(thread, NULL), 0);
	ok("while one waits for an unbind");
	m3_leave(member);
	return 0;
}
