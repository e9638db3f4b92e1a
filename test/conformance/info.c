// SPDX-License-Identifier: MIT
/* What getprocinfo shows of a local, a free and a remote slot, and getdcinfo. */
#include "check.h"

static void local_slot(void)
{
	struct m3_member *member = join_as(1);
	struct m3_proc_info info = info_of(1);

	IS(info.p_nr, 1);
	IS(info.endpoint, 1);
	IS(info.pid, getpid());
	IS(info.node, 1);
	IS(info.rts_flags, 0);
	IS(info.misc_flags, M3_MF_GRPLEADER);
	IS(info.getfrom, M3_NONE);
	IS(info.sendto, M3_NONE);
	IS(info.waitmigr, M3_NONE);
	IS(info.proxy, M3_NONE);
	IS(strcmp(info.name, "info"), 0);
	m3_leave(member);
	ok("a local slot");
}

/* What the original's -1 says: the caller's DC, the local node. */
static void own(struct m3_node *node)
{
	struct m3_member *member = join_as(1);
	struct m3_dc_info dc_info, same;
	struct m3_node_info node_info;
	struct m3_proc_info info;

	IS(m3_member_dcinfo(member, &dc_info), 0);
	IS(m3_getdcinfo(node, dc, &same), 0);
	IS(memcmp(&dc_info, &same, sizeof(same)), 0);
	IS(m3_member_procinfo(member, 1, &info), 0);
	IS(info.pid, getpid());
	IS(m3_member_procinfo(member, 2, &info), 0);
	IS(info.rts_flags, M3_RTS_SLOT_FREE);
	IS(m3_member_procinfo(member, 100000, &info), -M3_EBADPROC);
	IS(m3_getnodeinfo(node, -1, &node_info), 0);
	IS(node_info.node, 1);
	IS(m3_getnodeinfo(node, -2, &node_info), -M3_EBADNODEID);
	m3_leave(member);
	ok("the caller's own");
}

int main(int argc, char **argv)
{
	struct m3_dvs_info dvs;
	struct m3_proc_info info;
	struct m3_dc_info dc_info;
	struct m3_node_info node_info;
	struct m3_member *member;
	struct m3_node *node;

	begin(argc, argv);
	local_slot();
	IS(info_of(1).rts_flags, M3_RTS_SLOT_FREE);
	ok("a free slot");
	IS(m3_node_open(dir, &node), 0);
	IS(m3_getprocinfo(node, dc, 100000, &info), -M3_EBADPROC);
	IS(m3_getprocinfo(node, dc, -100000, &info), -M3_EBADPROC);
	IS(m3_getprocinfo(node, dc + 1, 1, &info), -M3_EDCNOTRUN);
	ok("no such slot");
	IS(m3_getdvsinfo(node, &dvs), 0);
	IS(dvs.params.node, 1);
	IS(dvs.dcs, 1);
	member = join_as(1);
	IS(m3_getdcinfo(node, dc, &dc_info), 0);
	IS(dc_info.params.dc, dc);
	IS(dc_info.bound, 1);
	IS(dc_info.members, 1);
	IS(m3_getdcinfo(node, dc + 1, &dc_info), -M3_EDCNOTRUN);
	m3_leave(member);
	ok("the DC");
	IS(m3_getnodeinfo(node, 1, &node_info), 0);
	IS(node_info.flags, M3_NODE_ATTACHED | M3_NODE_SCONNECTED);
	IS(m3_getnodeinfo(node, 7, &node_info), 0);
	IS(node_info.flags, 0);
	ok("the nodes");
	own(node);
	m3_node_close(node);
	return 0;
}
