// SPDX-License-Identifier: MIT
/*
 * A backup: its endpoint is shown remote, it cannot call, and its end leaves
 * the endpoint of the primary, by unbind, leave and kill.
 */
#include "check.h"

#define PRIMARY 2
#define FLAGS (M3_MF_RMTBACKUP)

static struct m3_node *node;

static void is_backup(pid_t pid)
{
	struct m3_proc_info info = info_of(5);

	IS(info.rts_flags, M3_RTS_REMOTE);
	IS(info.misc_flags, FLAGS);
	IS(info.pid, pid);
	IS(info.node, PRIMARY);
}

static void is_plain(void)
{
	struct m3_proc_info info = info_of(5);

	IS(info.rts_flags, M3_RTS_REMOTE);
	IS(info.misc_flags, 0);
	IS(info.pid, 0);
}

static void killed(void)
{
	struct m3_member *member = join_as(6);
	struct m3_message message;

	m3_receive(member, 6, M3_ANY, &message, M3_FOREVER);
}

/* What a backup may not do, and how it ends. */
static void own_backup(void)
{
	struct m3_member *member = join();
	struct m3_message message = message_of(1, "");
	int ep;

	IS(m3_bkupbind(node, dc, getpid(), 5, PRIMARY), 0);
	is_backup(getpid());
	IS(m3_send(member, 5, 1, &message, DEADLINE_MS), -M3_ERMTPROC);
	IS(m3_receive(member, 5, M3_ANY, &message, 0), -M3_ERMTPROC);
	IS(m3_notify(member, 5, 1), -M3_ERMTPROC);
	IS(m3_getep(member, -1, &ep), -M3_ENOTBIND);
	IS(m3_wait4bind(member, &ep, 20), -M3_ETIMEDOUT);
	IS(m3_bkupbind(node, dc, getpid(), 5, PRIMARY), -M3_ESLOTUSED);
	IS(m3_unbind(member, 5), 0);
	is_plain();
	IS(m3_unbind(member, 5), -M3_ENOTBIND);
	/* Over a slot that is remote already. */
	IS(m3_bkupbind(node, dc, getpid(), 5, PRIMARY), 0);
	is_backup(getpid());
	IS(m3_unbind_any(node, dc, 5), 0);
	is_plain();
	IS(m3_bkupbind(node, dc, getpid(), 5, PRIMARY), 0);
	m3_leave(member);
	is_plain();
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	pid_t child;

	begin(argc, argv);
	IS(m3_node_open(dir, &node), 0);
	IS(m3_node_up(node, PRIMARY, "primary"), 0);
	IS(m3_node_up(node, 3, "other"), 0);
	member = join();
	IS(m3_bkupbind(node, dc, getpid(), 5, PRIMARY), -M3_ENODCNODE);
	IS(m3_add_node(node, dc, PRIMARY), 0);
	IS(m3_add_node(node, dc, 3), 0);
	IS(m3_bkupbind(node, dc, getpid(), 5, 1), -M3_EBADNODEID);
	IS(m3_bkupbind(node, dc, getpid(), 5, -1), -M3_EBADNODEID);
	IS(m3_bkupbind(node, dc, getpid(), 10000, PRIMARY), -M3_ERANGE);
	IS(m3_bkupbind(node, dc, 0, 5, PRIMARY), -M3_EBADPID);
	m3_leave(member);
	own_backup();
	member = join();
	IS(m3_bkupbind(node, dc, getpid(), 5, 3), -M3_ESLOTUSED);

	child = spawn(killed);
	wait_flags(6, M3_RTS_RECEIVING);
	IS(m3_bkupbind(node, dc, child, 5, PRIMARY), 0);
	is_backup(child);
	reap_killed(child);
	IS(m3_sweep(node), left(1));
	is_plain();
	/* Its node goes, and with it the endpoint. */
	IS(m3_bkupbind(node, dc, getpid(), 5, PRIMARY), 0);
	IS(m3_del_node(node, dc, PRIMARY), 0);
	IS(info_of(5).rts_flags, M3_RTS_SLOT_FREE);
	m3_leave(member);
	m3_node_close(node);
	return 0;
}
