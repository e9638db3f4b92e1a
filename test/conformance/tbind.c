// SPDX-License-Identifier: MIT
/*
 * A thread binds an endpoint of its own: it is shown under the thread's id and
 * not as the group's leader, and both endpoints call at the same time.
 */
#include "check.h"
#include <pthread.h>
#include <sys/syscall.h>

static void *thread(void *arg)
{
	struct m3_member *member = arg;
	struct m3_message message = message_of(7, "");
	int ep = 0;

	IS(m3_tbind(member, 2), 0);
	IS(m3_tbind(member, 2), -M3_ESLOTUSED);
	IS(m3_getep(member, (int)syscall(SYS_gettid), &ep), 0);
	IS(ep, 2);
	IS(m3_send(member, 2, 1, &message, DEADLINE_MS), 0);
	return (void *)syscall(SYS_gettid);
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	struct m3_message message;
	pthread_t other;
	void *tid;

	begin(argc, argv);
	member = join();
	IS(m3_tbind(member, 1), 0);
	IS(pthread_create(&other, NULL, thread, member), 0);
	IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
	IS(pthread_join(other, &tid), 0);
	/* The main thread's id is the process's. */
	IS(info_of(1).pid, getpid());
	IS(info_of(1).misc_flags, M3_MF_GRPLEADER);
	IS(info_of(2).pid, (long)tid);
	IS(info_of(2).misc_flags, 0);
	/* It ends with its process, not with its thread. */
	m3_leave(member);
	IS(info_of(2).rts_flags, M3_RTS_SLOT_FREE);
	return 0;
}
