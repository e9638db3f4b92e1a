// SPDX-License-Identifier: MIT
/* A second call on an endpoint that has one in progress gets EPROCRUN. */
#include <pthread.h>
#include "check.h"

static struct m3_member *member;

static void *receiver(void *unused)
{
	struct m3_message message;

	(void)unused;
	IS(m3_receive(member, 1, M3_ANY, &message, M3_FOREVER), 0);
	return NULL;
}

int main(int argc, char **argv)
{
	struct m3_message message = message_of(1, "");
	pthread_t thread;

	begin(argc, argv);
	member = join_as(1);
	IS(m3_bind(member, 2), 0);
	IS(pthread_create(&thread, NULL, receiver, NULL), 0);
	wait_flags(1, M3_RTS_RECEIVING);
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), -M3_EPROCRUN);
	IS(m3_send(member, 1, 2, &message, M3_NOWAIT), -M3_EPROCRUN);
	IS(m3_send(member, 2, 1, &message, M3_FOREVER), 0);
	IS(pthread_join(thread, NULL), 0);
	m3_leave(member);
	return 0;
}
