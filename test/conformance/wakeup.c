// SPDX-License-Identifier: MIT
/*
 * A process is woken out of receive(ANY) or rcvrqst; one that does not wait so
 * is marked, and its next such call ends at once, only that one.
 */
#include "check.h"

static void receiving(void)
{
	struct m3_member *member = join_as(1);
	struct m3_message message;

	IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), -M3_EWOKENUP);
	m3_leave(member);
}

static void serving(void)
{
	struct m3_member *member = join_as(1);
	struct m3_message message;

	IS(m3_rcvrqst(member, 1, &message, DEADLINE_MS), -M3_EWOKENUP);
	m3_leave(member);
}

/* What names its source is not woken, but marked. */
static void naming(void)
{
	struct m3_member *member = join_as(1);
	struct m3_message message;

	IS(m3_receive(member, 1, 2, &message, DEADLINE_MS), 0);
	IS(message.source, 2);
	IS(m3_receive(member, 1, 2, &message, M3_NOWAIT), -M3_EAGAIN);
	IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), -M3_EWOKENUP);
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), -M3_EAGAIN);
	m3_leave(member);
}

static void woken(struct m3_node *node, void (*body)(void))
{
	pid_t child = spawn(body);

	wait_flags(1, M3_RTS_RECEIVING);
	IS(m3_wakeup(node, dc, 1), 0);
	reap(child);
}

static void marked(struct m3_node *node, struct m3_member *member)
{
	struct m3_proc_info info;
	struct m3_message message;

	IS(m3_notify(member, 3, 2), 0);
	IS(m3_wakeup(node, dc, 2), -M3_EPROCRUN);
	IS(m3_wakeup(node, dc, 2), -M3_EPROCRUN);
	IS(m3_getprocinfo(node, dc, 2, &info), 0);
	IS(info.misc_flags & M3_MF_WOKENUP, M3_MF_WOKENUP);
	/* Before what is pending, and once. */
	IS(m3_rcvrqst(member, 2, &message, M3_NOWAIT), -M3_EWOKENUP);
	IS(m3_rcvrqst(member, 2, &message, M3_NOWAIT), -M3_EAGAIN);
	IS(m3_receive(member, 2, M3_ANY, &message, M3_NOWAIT), 0);
	IS(m3_getprocinfo(node, dc, 2, &info), 0);
	IS(info.misc_flags & M3_MF_WOKENUP, 0);
	/* The mark leaves with the binding. */
	IS(m3_wakeup(node, dc, 2), -M3_EPROCRUN);
	IS(m3_unbind(member, 2), 0);
	IS(m3_bind(member, 2), 0);
	IS(m3_receive(member, 2, M3_ANY, &message, M3_NOWAIT), -M3_EAGAIN);
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	struct m3_node *node;
	pid_t child;

	begin(argc, argv);
	IS(m3_node_open(dir, &node), 0);
	IS(m3_wakeup(node, dc, 1), -M3_EDSTDIED);
	IS(m3_wakeup(node, dc, 30000), -M3_ERANGE);
	woken(node, receiving);
	woken(node, serving);
	member = join_as(2);
	IS(m3_bind(member, 3), 0);
	child = spawn(naming);
	wait_flags(1, M3_RTS_RECEIVING);
	IS(m3_wakeup(node, dc, 1), -M3_EPROCRUN);
	wait_flags(1, M3_RTS_RECEIVING);
	IS(m3_notify(member, 2, 1), 0);
	reap(child);
	marked(node, member);
	m3_leave(member);
	m3_node_close(node);
	return 0;
}
