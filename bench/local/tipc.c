// SPDX-License-Identifier: MIT
/* TIPC between two sockets of one node: a pair of streams. */
#include "local.h"
#include <sys/socket.h>

/* Who connects to a service of its own process would wait for its accept(). */
static int prepare(struct pair *p)
{
	int fd[2];

	if (socketpair(AF_TIPC, SOCK_STREAM, 0, fd))
		return fails("TIPC");
	use_both_ways(p, CLIENT_SIDE, fd[0]);
	use_both_ways(p, SERVER_SIDE, fd[1]);
	return 0;
}

const struct mechanism tipc = { .name = "tipc",
				.about = "TIPC within one node, a stream",
				.prepare = prepare,
				.send = send_all, .receive = receive_all };
