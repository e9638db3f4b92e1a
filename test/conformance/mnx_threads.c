// SPDX-License-Identifier: MIT
/*
 * Threads in the paper's names: one without a binding has that of its process,
 * tbind gives it one of its own, which ends with it.
 */
#include "mnx_check.h"
#include <pthread.h>

enum { SERVER = 1, THREAD = 4 };

static void *bound_thread(void *argument)
{
	message m = { .m_type = 20 };

	(void)argument;
	IS(mnx_getep(-1), SERVER);
	IS(mnx_tbind(dcid, THREAD), THREAD);
	IS(mnx_getep(-1), THREAD);
	IS(mnx_sendrec_T(SERVER, &m, DEADLINE_MS), OK);
	IS(m.m_type, 200);
	return NULL;
}

/* The binding of a thread ends with it. */
static void threads(void)
{
	pthread_t thread;
	message m;

	IS(pthread_create(&thread, NULL, bound_thread, NULL), 0);
	IS(mnx_receive_T(ANY, &m, DEADLINE_MS), OK);
	IS(m.m_source, THREAD);
	m.m_type = 200;
	IS(mnx_reply(THREAD, &m), OK);
	pthread_join(thread, NULL);
	wait_flags(THREAD, SLOT_FREE);
}

int main(int argc, char **argv)
{
	begin(argc, argv);
	IS(mnx_bind(dcid, SERVER), SERVER);
	threads();
	IS(mnx_unbind(dcid, SERVER), OK);
	return 0;
}
