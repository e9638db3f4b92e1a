// SPDX-License-Identifier: MIT
/*
 * Waiting for an endpoint to be bound, by its own process, by a manager and
 * from another node; with a deadline, without waiting, and in the background.
 */
#include "check.h"
#include <poll.h>

static void waiter(void)
{
	struct m3_member *member = join_as(1);

	IS(m3_wait4bindep(member, 1, 2, DEADLINE_MS), 0);
	m3_leave(member);
}

static void interrupted(int signal)
{
	(void)signal;
}

static void waits_in_vain(void)
{
	struct sigaction action = { .sa_handler = interrupted };
	struct m3_member *member = join_as(3);
	int ep;

	sigaction(SIGUSR1, &action, NULL);
	IS(m3_wait4bindep(member, 3, 7, M3_FOREVER), -M3_EINTR);
	IS(m3_wait4bindep(member, 3, 8, M3_FOREVER), -M3_ESHUTDOWN);
	/* Not bound at all: that too is interrupted. */
	IS(m3_wait4bind(member, &ep, M3_FOREVER), -M3_EINTR);
	m3_leave(member);
}

static void wait_sendto(struct m3_node *node, int ep)
{
	struct m3_proc_info info = { .sendto = M3_NONE };
	int i;

	for (i = 0; i < DEADLINE_MS && info.sendto != ep; i++) {
		pause_1ms();
		IS(m3_getprocinfo(node, dc, 3, &info), 0);
	}
	IS(info.sendto, ep);
}

static void in_background(struct m3_member *member)
{
	struct m3_call call = { .op = M3_OP_WAITBIND, .self = 1, .peer = 4 };
	struct pollfd bell = { .fd = m3_bell(member), .events = POLLIN };
	int32_t eps[4];

	IS(m3_bell_serve(member, eps, 4), 0);
	IS(m3_start(member, &call), M3_PENDING);
	IS(m3_finish(member, &call), M3_PENDING);
	IS(m3_bind(member, 4), 0);
	IS(poll(&bell, 1, DEADLINE_MS), 1);
	IS(m3_bell_serve(member, eps, 4), 1);
	IS(eps[0], 1);
	IS(m3_finish(member, &call), 0);
	IS(m3_start(member, &call), 0);
	IS(m3_unbind(member, 4), 0);
	IS(m3_start(member, &call), M3_PENDING);
	IS(m3_cancel(member, &call, M3_ECANCELED), -M3_ECANCELED);
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	struct m3_node *node;
	pid_t child;
	int status;

	begin(argc, argv);
	IS(m3_node_open(dir, &node), 0);
	child = spawn(waiter);
	wait_flags(1, M3_RTS_WAITBIND);
	member = join_as(2);
	reap(child);
	/* Bound already. */
	reap(spawn(waiter));
	IS(m3_unbind(member, 2), 0);
	/* Bound on another node counts. */
	child = spawn(waiter);
	wait_flags(1, M3_RTS_WAITBIND);
	IS(m3_node_up(node, 2, "far"), 0);
	IS(m3_add_node(node, dc, 2), 0);
	IS(m3_rmtbind(node, dc, "far", 2, 2), 0);
	reap(child);
	IS(m3_unbind_any(node, dc, 2), 0);

	IS(m3_bind(member, 1), 0);
	IS(m3_wait4bindep(member, 1, 1, DEADLINE_MS), -M3_EENDPOINT);
	IS(m3_wait4bindep(member, 1, 10000, DEADLINE_MS), -M3_ERANGE);
	IS(m3_wait4bindep(member, 1, 2, M3_NOWAIT), -M3_EAGAIN);
	IS(m3_wait4bindep(member, 1, 2, 20), -M3_ETIMEDOUT);
	IS(m3_wait4bindep(member, 2, 1, M3_NOWAIT), -M3_ENOTBIND);
	in_background(member);

	child = spawn(waits_in_vain);
	wait_sendto(node, 7);
	IS(kill(child, SIGUSR1), 0);
	wait_sendto(node, 8);
	IS(m3_unbind_any(node, dc, 3), 0);
	/* When it waits for good cannot be seen: it has no slot. */
	while (waitpid(child, &status, WNOHANG) == 0) {
		kill(child, SIGUSR1);
		pause_1ms();
	}
	IS(status, 0);
	m3_leave(member);
	m3_node_close(node);
	return 0;
}
