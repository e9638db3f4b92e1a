// SPDX-License-Identifier: MIT
/* The endpoint of a process: its own, another's, a dead one's, nobody's. */
#include "check.h"

static void other(void)
{
	struct m3_member *member = join_as(3);
	struct m3_message message;

	IS(m3_bind(member, 7), 0);
	IS(m3_receive(member, 3, M3_ANY, &message, M3_FOREVER), 0);
	m3_leave(member);
}

static void unbound(void)
{
	struct m3_member *member = join();
	int ep;

	IS(m3_getep(member, -1, &ep), -M3_ENOTBIND);
	m3_leave(member);
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	struct m3_message message = message_of(1, "");
	pid_t child;
	int ep = 0;

	begin(argc, argv);
	reap(spawn(unbound));
	member = join_as(-2);
	IS(m3_getep(member, -1, &ep), 0);
	IS(ep, -2);
	IS(m3_getep(member, getpid(), &ep), 0);
	IS(ep, -2);
	child = spawn(other);
	wait_flags(3, M3_RTS_RECEIVING);
	IS(m3_getep(member, child, &ep), 0);
	IS(ep, 3);
	IS(m3_getep(member, getppid(), &ep), -M3_ENOTBIND);
	IS(m3_getep(member, 0, &ep), -M3_EBADPID);
	IS(m3_getep(member, -2, &ep), -M3_EBADPID);
	IS(m3_send(member, -2, 3, &message, DEADLINE_MS), 0);
	reap(child);
	IS(m3_getep(member, child, &ep), -M3_EBADPID);
	/* Killed, and not waited for yet. */
	child = spawn(other);
	wait_flags(3, M3_RTS_RECEIVING);
	IS(kill(child, SIGKILL), 0);
	IS(waitid(P_PID, (id_t)child, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	IS(m3_getep(member, child, &ep), -M3_EBADPID);
	IS(waitpid(child, NULL, 0), child);
	m3_leave(member);
	return 0;
}
