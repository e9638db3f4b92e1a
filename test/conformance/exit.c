// SPDX-License-Identifier: MIT
/* Endpoints of processes that exit, or are killed, become free. */
#include "check.h"

static void binder(void)
{
	join_as(3);
}

static void sleeper(void)
{
	join_as(4);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	pid_t child;

	begin(argc, argv);
	member = join();
	reap(spawn(binder));
	IS(m3_bind(member, 3), 0);
	child = spawn(sleeper);
	wait_flags(4, 0);
	IS(m3_bind(member, 4), -M3_ESLOTUSED);
	reap_killed(child);
	IS(m3_bind(member, 4), 0);
	m3_leave(member);
	return 0;
}
