// SPDX-License-Identifier: MIT
/*
 * A DC with a warn-on-death endpoint: of a process that is killed, or exits
 * without leaving, it gets one message in the name of each of its endpoints;
 * of one that unbinds or leaves it gets none. Partners get their codes first,
 * and the endpoint is used until the message was taken.
 */
#include "check.h"

#define WARNED 0
#define WARNMSG 77

static struct m3_node *node;

static void victim(void)
{
	struct m3_member *member = join_as(3);
	struct m3_message message;

	IS(m3_bind(member, 4), 0);
	m3_receive(member, 3, M3_ANY, &message, M3_FOREVER);
}

static void exits(void)
{
	join_as(3);
}

static void leaves(void)
{
	m3_leave(join_as(3));
}

static void unbinds(void)
{
	IS(m3_unbind(join_as(3), 3), 0);
}

/* Waits for a sender that is killed while it waits. */
static void client(void)
{
	struct m3_member *member = join_as(5);
	struct m3_message message = message_of(1, "");

	IS(m3_receive(member, 5, 3, &message, DEADLINE_MS), -M3_ESRCDIED);
	m3_leave(member);
}

static uint32_t misc_of(int ep)
{
	struct m3_proc_info info;

	IS(m3_getprocinfo(node, dc, ep, &info), 0);
	return info.misc_flags;
}

static void is_notice(const struct m3_message *message, int ep)
{
	int32_t words[2];

	memcpy(words, message->data, sizeof(words));
	IS(message->source, ep);
	IS(message->type, WARNMSG);
	IS(words[0], -1);
	IS(words[1], -1);
}

static void kill_victim(void)
{
	pid_t child = spawn(victim);

	wait_flags(3, M3_RTS_RECEIVING);
	reap_killed(child);
}

static void two_notices(struct m3_member *member)
{
	struct m3_message message;

	kill_victim();
	IS(m3_sweep(node), left(2));
	IS(misc_of(3), M3_MF_KILLED);
	IS(misc_of(4), M3_MF_KILLED);
	wait_flags(3, M3_RTS_SENDING);
	/* Used, and nobody any more. */
	IS(m3_bind(member, 3), -M3_ESLOTUSED);
	message = message_of(1, "");
	IS(m3_send(member, WARNED, 3, &message, 0), -M3_EDSTDIED);
	IS(m3_sendrec(member, WARNED, 4, &message, 10), -M3_EDEADSRCDST);
	IS(m3_notify(member, WARNED, 3), -M3_EDSTDIED);
	IS(m3_check(node, dc), 0);
	/* By its name, and in the order of the queue. */
	IS(m3_receive(member, WARNED, 4, &message, 0), 0);
	is_notice(&message, 4);
	IS(m3_receive(member, WARNED, M3_ANY, &message, 0), 0);
	is_notice(&message, 3);
	IS(m3_receive(member, WARNED, 3, &message, 0), -M3_ESRCDIED);
	IS(m3_reply(member, WARNED, 3, &message), -M3_EDSTDIED);
	IS(m3_receive(member, WARNED, M3_ANY, &message, 0), -M3_EAGAIN);
	IS(m3_bind(member, 3), 0);
	IS(m3_unbind(member, 3), 0);
}

/* The watcher waits: it looks about for the dead by itself. */
static void waiting_watcher(struct m3_member *member)
{
	struct m3_message message;
	pid_t waiter, child = spawn(victim);

	wait_flags(3, M3_RTS_RECEIVING);
	waiter = spawn(client);
	wait_flags(5, M3_RTS_RECEIVING);
	IS(kill(child, SIGKILL), 0);
	IS(m3_receive(member, WARNED, M3_ANY, &message, DEADLINE_MS), 0);
	is_notice(&message, 3);
	IS(m3_receive(member, WARNED, M3_ANY, &message, DEADLINE_MS), 0);
	is_notice(&message, 4);
	IS(waitpid(child, NULL, 0), child);
	reap(waiter);
}

static void no_notice(struct m3_member *member, void (*body)(void))
{
	struct m3_message message;

	reap(spawn(body));
	m3_sweep(node);
	IS(m3_receive(member, WARNED, M3_ANY, &message, 0), -M3_EAGAIN);
	wait_flags(3, M3_RTS_SLOT_FREE);
}

/* It ends with its notices un-taken; who dies now is told to nobody. */
static void watcher_ends(struct m3_member *member)
{
	kill_victim();
	IS(m3_sweep(node), left(2));
	IS(m3_unbind(member, WARNED), 0);
	wait_flags(3, M3_RTS_SLOT_FREE);
	wait_flags(4, M3_RTS_SLOT_FREE);
	kill_victim();
	IS(m3_sweep(node), left(2));
	wait_flags(3, M3_RTS_SLOT_FREE);
	IS(m3_bind(member, WARNED), 0);
	kill_victim();
	IS(m3_sweep(node), left(2));
	IS(m3_unbind_any(node, dc, 3), 0);
	wait_flags(3, M3_RTS_SLOT_FREE);
}

int main(int argc, char **argv)
{
	struct m3_dc_params params = {
		.procs = 8, .gid = (uint32_t)-1, .name = "warn",
		.warn2proc = WARNED, .warnmsg = WARNMSG,
	};
	struct m3_message message;
	struct m3_member *member;

	begin(argc, argv);
	IS(m3_node_open(dir, &node), 0);
	params.dc = (uint32_t)++dc;
	IS(m3_dc_init(node, &params), 0);
	member = join_as(WARNED);
	two_notices(member);
	waiting_watcher(member);
	reap(spawn(exits));
	IS(m3_sweep(node), left(1));
	IS(m3_receive(member, WARNED, M3_ANY, &message, 0), 0);
	is_notice(&message, 3);
	no_notice(member, leaves);
	no_notice(member, unbinds);
	watcher_ends(member);
	IS(m3_check(node, dc), 0);
	m3_leave(member);
	IS(m3_dc_end(node, dc), 0);
	m3_node_close(node);
	return 0;
}
