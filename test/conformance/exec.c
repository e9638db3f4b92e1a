// SPDX-License-Identifier: MIT
/*
 * exec ends a process's membership, as its end would: its endpoint is free for
 * what it executes, and the descriptor then shows that program's name.
 */
#include <sys/prctl.h>
#include "check.h"

static char **arguments_of;

static void executed(void)
{
	struct m3_member *member = join_as(3);

	IS(strcmp(info_of(3).name, "exec"), 0);
	IS(info_of(3).pid, getpid());
	m3_leave(member);
}

static void binder(void)
{
	char *arguments[] = { arguments_of[0], arguments_of[1],
			      arguments_of[2], "executed", NULL };

	IS(prctl(PR_SET_NAME, "before"), 0);
	join_as(3);
	IS(strcmp(info_of(3).name, "before"), 0);
	execv(arguments[0], arguments);
	exit(1);
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	struct m3_message message;
	pid_t child;

	begin(argc, argv);
	arguments_of = argv;
	if (argc > 3) {
		executed();
		return 0;
	}
	member = join_as(1);
	child = spawn(binder);
	reap(child);
	IS(m3_receive(member, 1, 3, &message, M3_NOWAIT), -M3_ESRCDIED);
	ok("the name follows exec");
	m3_leave(member);
	return 0;
}
