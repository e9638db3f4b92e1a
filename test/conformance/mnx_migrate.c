// SPDX-License-Identifier: MIT
/*
 * Scenarios M1 and M3 of the reference in the paper's names: a message that was
 * sent to a migrating endpoint is delivered where it was, after a rollback, or
 * on the new node, after a commit.
 */
#include "mnx_nodes.h"

enum { SENDER = 1, MOVED = 2 };

/* What it sends waits until the other is where it is going to be. */
static void sending(int type)
{
	message m = { .m_type = type };

	node_is(0);
	IS(mnx_bind(1, SENDER), SENDER);
	IS(mnx_send_T(MOVED, &m, DEADLINE_MS), OK);
	IS(mnx_unbind(1, SELF), OK);
}

static void sending_first(void)
{
	sending(7);
}

static void sending_second(void)
{
	sending(8);
}

/* Waits in its receive while it is frozen, and until it has gone. */
static void staying(void)
{
	message m;

	node_is(0);
	IS(mnx_bind(1, MOVED), MOVED);
	IS(mnx_receive(ANY, &m), OK);
	IS(m.m_type, 7);
	IS(mnx_receive(ANY, &m), EMOLMIGRATE);
}

/* Takes the endpoint over, and makes the call again that it was in. */
static void arriving(void)
{
	message m;

	node_is(1);
	IS(mnx_migr_commit(-1, 1, MOVED, 1), OK);
	IS(mnx_getep(-1), MOVED);
	IS(mnx_receive_T(ANY, &m, DEADLINE_MS), OK);
	IS(m.m_type, 8);
	IS(m.m_source, SENDER);
	IS(mnx_unbind(1, SELF), OK);
}

int main(int argc, char **argv)
{
	pid_t pids[4], stays, sends, arrives;

	begin(argc, argv);
	/* Else where it is for devices. */
	if (strncmp(argv[1], "kernel:", 7))
		setenv("M3IPC_MIGRATION", argv[1], 1);
	start_nodes(argv[1], pids);
	stays = spawn(staying);
	node_is(1);
	IS(mnx_rmtbind(1, "moved", MOVED, 0), MOVED);
	node_is(0);
	wait_flags(MOVED, RECEIVING);
	IS(mnx_migr_start(1, MOVED), OK);
	sends = spawn(sending_first);
	wait_flags(SENDER, WAITMIGR);
	IS(mnx_migr_rollback(1, MOVED), OK);
	reap(sends);

	wait_flags(MOVED, RECEIVING);
	node_is(1);
	IS(mnx_migr_start(1, MOVED), OK);
	node_is(0);
	IS(mnx_migr_start(1, MOVED), OK);
	sends = spawn(sending_second);
	wait_flags(SENDER, WAITMIGR);
	arrives = spawn(arriving);
	node_is(1);
	wait_flags(MOVED, RECEIVING);
	node_is(0);
	IS(mnx_migr_commit(-1, 1, MOVED, 1), OK);
	reap(sends);
	reap(arrives);
	reap(stays);
	stop_nodes(pids);
	return 0;
}
