// SPDX-License-Identifier: MIT
/*
 * Waiting for the end of an endpoint: unbind, leave, and kill, which nobody
 * reports; with a deadline, without waiting, and in the background.
 */
#include "check.h"
#include <poll.h>

enum end { UNBIND, LEAVE, EXIT, KILL, ENDS };

static enum end end;

static void victim(void)
{
	struct m3_member *member = join_as(1);

	wait_flags(2, M3_RTS_WAITUNBIND);
	if (end == KILL)
		raise(SIGKILL);
	if (end == UNBIND)
		IS(m3_unbind(member, 1), 0);
	if (end == LEAVE)
		m3_leave(member);
	if (end == UNBIND)
		m3_leave(member);
}

static void in_background(struct m3_member *member)
{
	struct m3_call call = { .op = M3_OP_WAITUNBIND, .self = 2, .peer = 1 };
	pid_t child = spawn(victim);
	int status, i;

	wait_flags(1, 0);
	IS(m3_start(member, &call), M3_PENDING);
	IS(waitpid(child, &status, 0), child);
	/* Who is killed rings no bell: finish looks after it. */
	for (i = 0; i < DEADLINE_MS; i++) {
		status = m3_finish(member, &call);
		if (status != M3_PENDING)
			break;
		pause_1ms();
	}
	IS(status, 0);
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	int status;
	pid_t child;

	begin(argc, argv);
	member = join_as(2);
	for (end = UNBIND; end < ENDS; end++) {
		child = spawn(victim);
		wait_flags(1, 0);
		IS(m3_wait4unbind(member, 2, 1, DEADLINE_MS), 0);
		IS(m3_wait4unbind(member, 2, 1, M3_NOWAIT), 0);
		IS(waitpid(child, &status, 0), child);
		IS(end == KILL ? WTERMSIG(status) : status,
		   end == KILL ? SIGKILL : 0);
		in_background(member);
	}
	IS(m3_bind(member, 1), 0);
	IS(m3_wait4unbind(member, 2, 1, M3_NOWAIT), -M3_EAGAIN);
	IS(m3_wait4unbind(member, 2, 1, 20), -M3_ETIMEDOUT);
	IS(m3_wait4unbind(member, 2, 2, 20), -M3_EENDPOINT);
	IS(m3_wait4unbind(member, 2, 10000, 20), -M3_ERANGE);
	m3_leave(member);
	return 0;
}
