// SPDX-License-Identifier: MIT
/*
 * A handled signal ends a waiting call with EINTR, in each phase, even if its
 * handler asks for restarts, and leaves nothing. An ignored one does not.
 */
#include "waits.h"

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
	(void)number;
	signals++;
}

static int do_receive_one(struct m3_member *member, struct m3_message *message)
{
	return m3_receive(member, 1, 2, message, DEADLINE_MS);
}

static const struct row {
	const char *name;
	int (*call)(struct m3_member *member, struct m3_message *message);
	uint32_t flags;
	int takes; /* endpoint 2 takes its message first */
} rows[] = {
	{ "send", do_send, M3_RTS_SENDING, 0 },
	{ "sendrec, queued", do_sendrec, M3_RTS_SENDING | M3_RTS_RECEIVING,
	  0 },
	{ "sendrec, taken", do_sendrec, M3_RTS_RECEIVING, 1 },
	{ "receive", do_receive, M3_RTS_RECEIVING, 0 },
	{ "rcvrqst", do_rcvrqst, M3_RTS_RECEIVING, 0 },
	{ "wait4bindep", do_wait4bindep, M3_RTS_WAITBIND, 0 },
	{ "wait4unbind", do_wait4unbind, M3_RTS_WAITUNBIND, 0 },
	{ "receive of one source", do_receive_one, M3_RTS_RECEIVING, 0 },
};

static const struct row *row;
static int ready[2];

static void waiter(void)
{
	struct sigaction action = { .sa_handler = on_signal,
				    .sa_flags = SA_RESTART };
	struct m3_member *member = join_as(1);
	struct m3_message message = message_of(1, "");

	IS(sigaction(SIGUSR1, &action, NULL), 0);
	IS(signal(SIGUSR2, SIG_IGN) != SIG_ERR, 1);
	IS(row->call(member, &message), -M3_EINTR);
	IS(signals > 0, 1);
	wait_flags(1, 0);
	m3_leave(member);
}

static void try_row(struct m3_member *member)
{
	struct m3_message message;
	pid_t child = spawn(waiter);

	if (row->takes)
		IS(m3_receive(member, 2, M3_ANY, &message, DEADLINE_MS), 0);
	wait_flags(1, row->flags);
	IS(kill(child, SIGUSR2), 0);
	wait_flags(1, row->flags);
	interrupt(child);
	IS(m3_receive(member, 2, M3_ANY, &message, M3_NOWAIT), -M3_EAGAIN);
	ok(row->name);
}

static void waits_to_be_bound(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct m3_member *member = join();
	int ep;

	IS(sigaction(SIGUSR1, &action, NULL), 0);
	dprintf(ready[1], "x");
	IS(m3_wait4bind(member, &ep, DEADLINE_MS), -M3_EINTR);
	m3_leave(member);
}

static void try_wait4bind(void)
{
	pid_t child;
	char byte;

	IS(pipe(ready), 0);
	child = spawn(waits_to_be_bound);
	IS(read(ready[0], &byte, 1), 1);
	interrupt(child);
	ok("wait4bind");
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	size_t i;

	begin(argc, argv);
	member = join_as(2);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		row = &rows[i];
		try_row(member);
	}
	m3_leave(member);
	try_wait4bind();
	return 0;
}
