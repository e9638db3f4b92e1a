// SPDX-License-Identifier: MIT
/*
 * A manager binds its children, who wait for it; the server waits until the
 * client is there, then serves it, every call within a deadline.
 */
#include "check.h"

enum { SERVER = 1, CLIENT = 2, LOOPS = 20 };

static void server(void)
{
	struct m3_member *member = join();
	struct m3_message message;
	int ep, i;

	IS(m3_wait4bind(member, &ep, DEADLINE_MS), 0);
	IS(ep, SERVER);
	IS(m3_wait4bindep(member, ep, CLIENT, DEADLINE_MS), 0);
	for (i = 0; i < LOOPS; i++) {
		IS(m3_receive(member, ep, M3_ANY, &message, DEADLINE_MS), 0);
		IS(message.type, i);
		IS(m3_reply(member, ep, message.source, &message), 0);
	}
	IS(m3_wait4unbind(member, ep, CLIENT, DEADLINE_MS), 0);
	m3_leave(member);
}

static void client(void)
{
	struct m3_member *member = join();
	struct m3_message message;
	int ep, i;

	IS(m3_wait4bind(member, &ep, DEADLINE_MS), 0);
	IS(ep, CLIENT);
	for (i = 0; i < LOOPS; i++) {
		message = message_of(i, "");
		IS(m3_sendrec(member, ep, SERVER, &message, DEADLINE_MS), 0);
	}
	m3_leave(member);
}

/* Binds a child as soon as that has joined. */
static void bind_child(struct m3_node *node, pid_t child, int ep)
{
	int i, e = -M3_EBADPID;

	for (i = 0; i < DEADLINE_MS && e == -M3_EBADPID; i++) {
		e = m3_lclbind(node, dc, child, ep);
		pause_1ms();
	}
	IS(e, 0);
}

int main(int argc, char **argv)
{
	pid_t children[2];
	struct m3_node *node;

	begin(argc, argv);
	IS(m3_node_open(dir, &node), 0);
	children[0] = spawn(server);
	children[1] = spawn(client);
	bind_child(node, children[0], SERVER);
	bind_child(node, children[1], CLIENT);
	reap(children[1]);
	reap(children[0]);
	m3_node_close(node);
	return 0;
}
