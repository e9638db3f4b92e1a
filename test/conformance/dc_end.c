// SPDX-License-Identifier: MIT
/*
 * The end of a DC ends the calls of its members, whatever they wait in; the id
 * can be used again, and the old members' handles stay dead.
 */
#include "waits.h"

static const struct row {
	const char *name;
	int (*call)(struct m3_member *member, struct m3_message *message);
	uint32_t flags;
	int takes; /* endpoint 2 takes its message first */
} rows[] = {
	{ "receive", do_receive, M3_RTS_RECEIVING, 0 },
	{ "rcvrqst", do_rcvrqst, M3_RTS_RECEIVING, 0 },
	{ "wait4bindep", do_wait4bindep, M3_RTS_WAITBIND, 0 },
	{ "wait4unbind", do_wait4unbind, M3_RTS_WAITUNBIND, 0 },
	{ "send", do_send, M3_RTS_SENDING, 0 },
	{ "sendrec, queued", do_sendrec, M3_RTS_SENDING | M3_RTS_RECEIVING,
	  0 },
	{ "sendrec, taken", do_sendrec, M3_RTS_RECEIVING, 1 },
};

static const struct row *row;

static void waiter(void)
{
	struct m3_member *member = join_as(1);
	struct m3_message message = message_of(1, "");

	IS(row->call(member, &message), -M3_EDCNOTRUN);
	IS(row->call(member, &message), -M3_EDCNOTRUN);
	IS(m3_bind(member, 3), -M3_EDCNOTRUN);
	m3_leave(member);
}

static void try_row(struct m3_node *node)
{
	struct m3_member *member = join_as(2);
	pid_t child = spawn(waiter);
	struct m3_message message;
	struct m3_dc_info info;

	if (row->takes)
		IS(m3_receive(member, 2, M3_ANY, &message, DEADLINE_MS), 0);
	wait_flags(1, row->flags);
	IS(m3_getdcinfo(node, dc, &info), 0);
	IS(m3_dc_end(node, dc), 0);
	reap(child);
	IS(m3_dc_end(node, dc), -M3_EDCNOTRUN);
	IS(m3_getdcinfo(node, dc, &info), -M3_EDCNOTRUN);
	IS(m3_dc_init(node, &info.params), 0);
	m3_leave(member);
	m3_leave(join_as(1));
	ok(row->name);
}

int main(int argc, char **argv)
{
	struct m3_node *node;
	size_t i;

	begin(argc, argv);
	IS(m3_node_open(dir, &node), 0);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		row = &rows[i];
		try_row(node);
	}
	m3_node_close(node);
	return 0;
}
