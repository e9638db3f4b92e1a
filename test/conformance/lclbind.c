// SPDX-License-Identifier: MIT
/*
 * A manager binds another process, which waits for it or learns it later; the
 * endpoint is that process's in every respect, also when it is killed.
 */
#include "check.h"

static void bound(void)
{
	struct m3_member *member = join();
	struct m3_message message = message_of(5, "bound");
	int ep = 0, again = 0;

	IS(m3_wait4bind(member, &ep, DEADLINE_MS), 0);
	/* Nothing new: any that it has, at once. */
	IS(m3_wait4bind(member, &again, DEADLINE_MS), 0);
	IS(again, ep);
	IS(m3_send(member, ep, 1, &message, DEADLINE_MS), 0);
	/* Until it is bound a second time. */
	IS(m3_receive(member, ep, 1, &message, DEADLINE_MS), 0);
	IS(m3_wait4bind(member, &again, DEADLINE_MS), 0);
	IS(again, 6);
	IS(m3_getep(member, -1, &again), 0);
	IS(again, ep);
	IS(m3_unbind(member, 6), 0);
	m3_leave(member);
}

static void killed(void)
{
	struct m3_member *member = join();
	struct m3_message message;
	int ep;

	IS(m3_wait4bind(member, &ep, DEADLINE_MS), 0);
	m3_receive(member, ep, M3_ANY, &message, M3_FOREVER);
}

/* Until the process has joined. */
static void bind_to(struct m3_node *node, pid_t pid, int ep)
{
	int i, e;

	for (i = 0; i < DEADLINE_MS; i++) {
		e = m3_lclbind(node, dc, pid, ep);
		if (e != -M3_EBADPID)
			break;
		pause_1ms();
	}
	IS(e, 0);
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	struct m3_message message;
	struct m3_proc_info info;
	struct m3_node *node;
	pid_t child;
	int ep;

	begin(argc, argv);
	IS(m3_node_open(dir, &node), 0);
	member = join();
	IS(m3_wait4bind(member, &ep, M3_NOWAIT), -M3_EAGAIN);
	IS(m3_wait4bind(member, &ep, 20), -M3_ETIMEDOUT);
	IS(m3_bind(member, 1), 0);
	child = spawn(bound);
	bind_to(node, child, 5);
	IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
	IS(message.source, 5);
	IS(m3_getprocinfo(node, dc, 5, &info), 0);
	IS(info.pid, child);
	IS(info.misc_flags, M3_MF_GRPLEADER);
	IS(strcmp(info.name, "lclbind"), 0);
	IS(m3_lclbind(node, dc, child, 5), -M3_ESLOTUSED);
	IS(m3_lclbind(node, dc, child, 1), -M3_ESLOTUSED);
	IS(m3_lclbind(node, dc, child, 10000), -M3_ERANGE);
	IS(m3_lclbind(node, dc, child, 6), 0);
	IS(m3_send(member, 1, 5, &message, DEADLINE_MS), 0);
	reap(child);
	/* Neither it, nor who never joined, nor nobody. */
	IS(m3_lclbind(node, dc, child, 5), -M3_EBADPID);
	IS(m3_lclbind(node, dc, getppid(), 5), -M3_EBADPID);
	IS(m3_lclbind(node, dc, 0, 5), -M3_EBADPID);
	IS(m3_lclbind(node, dc, -1, 5), -M3_EBADPID);
	IS(m3_lclbind(node, dc + 1, getpid(), 5), -M3_EDCNOTRUN);

	child = spawn(killed);
	bind_to(node, child, 5);
	wait_flags(5, M3_RTS_RECEIVING);
	reap_killed(child);
	IS(m3_receive(member, 1, 5, &message, DEADLINE_MS), -M3_ESRCDIED);
	wait_flags(5, M3_RTS_SLOT_FREE);
	m3_leave(member);
	m3_node_close(node);
	return 0;
}
