// SPDX-License-Identifier: MIT
/* A handled signal ends a waiting call with EINTR and leaves nothing. */
#include "check.h"

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
	(void)number;
	signals++;
}

static void waiter(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct m3_member *member = join_as(1);
	struct m3_message message;

	IS(sigaction(SIGUSR1, &action, NULL), 0);
	IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), -M3_EINTR);
	IS(signals > 0, 1);
	wait_flags(1, 0);
	m3_leave(member);
}

int main(int argc, char **argv)
{
	pid_t child;

	begin(argc, argv);
	child = spawn(waiter);
	wait_flags(1, M3_RTS_RECEIVING);
	IS(kill(child, SIGUSR1), 0);
	reap(child);
	return 0;
}
