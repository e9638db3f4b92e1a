// SPDX-License-Identifier: MIT
/*
 * What others get when an endpoint ends, by unbind as by SIGKILL: a queued
 * send or sendrec EDSTDIED; a receive that names it, and a sendrec that it
 * has taken, ESRCDIED.
 */
#include "check.h"

/* What the survivor does, what it waits in, what it must get. */
struct row {
	const char *unbound, *killed; /* the case, by how endpoint 1 ends */
	int (*call)(struct m3_member *member, struct m3_message *message);
	uint32_t flags;
	int takes; /* the victim takes the message first */
	int error;
};

static int do_send(struct m3_member *member, struct m3_message *message)
{
	return m3_send(member, 2, 1, message, DEADLINE_MS);
}

static int do_receive(struct m3_member *member, struct m3_message *message)
{
	return m3_receive(member, 2, 1, message, DEADLINE_MS);
}

static int do_sendrec(struct m3_member *member, struct m3_message *message)
{
	return m3_sendrec(member, 2, 1, message, DEADLINE_MS);
}

static const struct row rows[] = {
	{ "send queued, unbound", "send queued, killed", do_send,
	  M3_RTS_SENDING, 0, -M3_EDSTDIED },
	{ "receive of it, unbound", "receive of it, killed", do_receive,
	  M3_RTS_RECEIVING, 0, -M3_ESRCDIED },
	{ "sendrec queued, unbound", "sendrec queued, killed", do_sendrec,
	  M3_RTS_SENDING | M3_RTS_RECEIVING, 0, -M3_EDSTDIED },
	{ "sendrec taken, unbound", "sendrec taken, killed", do_sendrec,
	  M3_RTS_RECEIVING, 1, -M3_ESRCDIED },
};

static const struct row *row;
static int is_killed;

static void victim(void)
{
	struct m3_member *member = join_as(1);
	struct m3_message message;

	if (row->takes)
		IS(m3_receive(member, 1, 2, &message, M3_FOREVER), 0);
	wait_flags(2, row->flags);
	if (is_killed)
		raise(SIGKILL);
	IS(m3_unbind(member, 1), 0);
	m3_leave(member);
}

static void try_row(void)
{
	struct m3_message message = message_of(1, "");
	struct m3_member *member = join_as(2);
	pid_t child = spawn(victim);
	int status;

	wait_flags(1, row->takes ? M3_RTS_RECEIVING : 0);
	IS(row->call(member, &message), row->error);
	IS(waitpid(child, &status, 0), child);
	IS(is_killed ? WTERMSIG(status) : status, is_killed ? SIGKILL : 0);
	m3_leave(member);
}

/* A notification that its source's end made void (test_unbind3). */
static void notifier(void)
{
	struct m3_member *member = join_as(2);

	IS(m3_notify(member, 2, 1), 0);
	if (is_killed)
		raise(SIGKILL);
	IS(m3_unbind(member, 2), 0);
	m3_leave(member);
}

static void try_notification(void)
{
	struct m3_member *member = join_as(1);
	struct m3_message message;
	pid_t child = spawn(notifier);
	struct m3_node *node;
	int status;

	IS(waitpid(child, &status, 0), child);
	IS(is_killed ? WTERMSIG(status) : status, is_killed ? SIGKILL : 0);
	IS(m3_node_open(dir, &node), 0);
	IS(m3_sweep(node), left(is_killed));
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), -M3_EAGAIN);
	IS(m3_receive(member, 1, 2, &message, M3_NOWAIT), -M3_ESRCDIED);
	m3_node_close(node);
	m3_leave(member);
	ok(is_killed ? "notification pending, killed" :
		       "notification pending, unbound");
}

int main(int argc, char **argv)
{
	size_t i;

	begin(argc, argv);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		row = &rows[i];
		for (is_killed = 0; is_killed < 2; is_killed++)
			reap(spawn(try_row));
		ok(row->unbound);
		ok(row->killed);
	}
	for (is_killed = 0; is_killed < 2; is_killed++)
		try_notification();
	return 0;
}
