// SPDX-License-Identifier: MIT
/*
 * A server hands a request on: the next server sees the client as its source,
 * and its reply goes there. Whoever handed it on owes nothing any more.
 */
#include "check.h"

/* Its sendrec ends with `result`; what came is of endpoint 3. */
static void client(int result)
{
	struct m3_member *member = join_as(2);
	struct m3_message message = message_of(12, "request");

	IS(m3_sendrec(member, 2, 1, &message, DEADLINE_MS), result);
	if (result == 0) {
		IS(message.source, 3);
		IS(message.type, 128);
	}
	m3_leave(member);
}

static void client_answered(void)
{
	client(0);
}

static void client_of_the_dead(void)
{
	client(-M3_ESRCDIED);
}

static void client_of_the_deaf(void)
{
	client(-M3_EDSTDIED);
}

/* Waits until the client's request is queued on endpoint 3. */
static void wait_queued(void)
{
	struct m3_proc_info info = { .sendto = M3_NONE };
	struct m3_node *node;
	int i;

	IS(m3_node_open(dir, &node), 0);
	for (i = 0; i < DEADLINE_MS && info.sendto != 3; i++) {
		pause_1ms();
		IS(m3_getprocinfo(node, dc, 2, &info), 0);
	}
	IS(info.sendto, 3);
	m3_node_close(node);
}

/* The second server waits, or comes later; it answers by reply or by send. */
static void second(int later, int send)
{
	struct m3_member *member = join_as(3);
	struct m3_message message;

	if (later)
		wait_queued();
	IS(m3_receive(member, 3, M3_ANY, &message, DEADLINE_MS), 0);
	IS(message.source, 2);
	IS(message.type, 13);
	IS(strcmp((char *)message.data, "request"), 0);
	message.type = 128;
	if (send)
		IS(m3_send(member, 3, 2, &message, DEADLINE_MS), 0);
	else
		IS(m3_reply(member, 3, 2, &message), 0);
	m3_leave(member);
}

static void second_waiting(void)
{
	second(0, 0);
}

static void second_later(void)
{
	second(1, 1);
}

static void dies_with_the_request(void)
{
	struct m3_member *member = join_as(3);
	struct m3_message message;

	IS(m3_receive(member, 3, M3_ANY, &message, DEADLINE_MS), 0);
	m3_leave(member);
}

static void dies_without(void)
{
	struct m3_member *member = join_as(3);

	wait_queued();
	m3_leave(member);
}

/* One request, handed on when endpoint 3 is in state `flags`. */
static void hand_on(struct m3_member *member, void (*from)(void),
		    void (*to)(void), uint32_t flags)
{
	pid_t asking = spawn(from), serving = spawn(to);
	struct m3_message message;

	IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
	wait_flags(3, flags);
	message.type++;
	IS(m3_relay(member, 1, 3, &message), 0);
	IS(m3_relay(member, 1, 3, &message) < 0, 1);
	IS(m3_reply(member, 1, 2, &message) < 0, 1);
	reap(asking);
	reap(serving);
}

static void errors(struct m3_member *member)
{
	struct m3_message message = message_of(1, "");
	pid_t child;

	message.source = 2;
	IS(m3_bind(member, 4), 0);
	IS(m3_relay(member, 1, 4, &message), -M3_EPROCSTS);
	message.source = 30000;
	IS(m3_relay(member, 1, 4, &message), -M3_EPROCSTS);
	IS(m3_relay(member, 1, 30000, &message), -M3_ERANGE);
	IS(m3_relay(member, 1, 1, &message), -M3_EENDPOINT);
	IS(m3_relay(member, 1, 5, &message), -M3_EDEADSRCDST);
	child = spawn(client_of_the_dead);
	IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
	/* To the client itself; and the client still waits. */
	IS(m3_relay(member, 1, 2, &message), -M3_EENDPOINT);
	IS(m3_relay(member, 1, 5, &message), -M3_EDEADSRCDST);
	wait_flags(2, M3_RTS_RECEIVING);
	IS(m3_unbind(member, 1), 0);
	reap(child);
	IS(m3_unbind(member, 4), 0);
	IS(m3_bind(member, 1), 0);
}

/* Endpoint 3 waits for the client: neither would ever be served. */
static void asks_the_client(void)
{
	struct m3_member *member = join_as(3);
	struct m3_message message = message_of(1, "");

	wait_flags(2, M3_RTS_RECEIVING);
	IS(m3_sendrec(member, 3, 2, &message, DEADLINE_MS), -M3_EDSTDIED);
	m3_leave(member);
}

static void circle(struct m3_member *member)
{
	pid_t asking = spawn(client_of_the_dead), other;
	struct m3_message message;

	IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
	other = spawn(asks_the_client);
	wait_flags(3, M3_RTS_SENDING | M3_RTS_RECEIVING);
	IS(m3_relay(member, 1, 3, &message), -M3_ELOCKED);
	IS(m3_unbind(member, 1), 0);
	reap(asking);
	reap(other);
	IS(m3_bind(member, 1), 0);
}

int main(int argc, char **argv)
{
	struct m3_member *member;

	begin(argc, argv);
	member = join_as(1);
	hand_on(member, client_answered, second_waiting, M3_RTS_RECEIVING);
	hand_on(member, client_answered, second_later, 0);
	hand_on(member, client_of_the_dead, dies_with_the_request,
		M3_RTS_RECEIVING);
	hand_on(member, client_of_the_deaf, dies_without, 0);
	errors(member);
	circle(member);
	m3_leave(member);
	return 0;
}
