// SPDX-License-Identifier: MIT
/* ZeroMQ's REQ and REP over its ipc transport. */
#include "local.h"

#define ABOUT .name = "zeromq", .about = "ZeroMQ in C, REQ/REP over ipc"

#ifdef HAVE_ZEROMQ
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <zmq.h>

/* Of this process. */
static void *sock;

/* An abstract name: nothing to remove. */
static int name_it(struct pair *p)
{
	snprintf(p->name, sizeof(p->name), "ipc://@m3ipc-bench-%d-%d",
		 (int)getpid(), p->index);
	return 0;
}

static int open_socket(struct pair *p, enum side side)
{
	void *context = zmq_ctx_new();

	if (context)
		sock = zmq_socket(context, side == SERVER_SIDE ? ZMQ_REP :
								 ZMQ_REQ);
	if (!sock)
		return fails("zmq_socket");
	if (side == SERVER_SIDE ? zmq_bind(sock, p->name) :
			     zmq_connect(sock, p->name))
		return fails("zmq_bind or zmq_connect");
	return 0;
}

static int out(struct pair *p, enum side from, void *data, uint32_t bytes)
{
	(void)p;
	(void)from;
	return zmq_send(sock, data, bytes, 0) < 0 ? fails("zmq_send") : 0;
}

static int in(struct pair *p, enum side to, void *data, uint32_t bytes)
{
	(void)p;
	(void)to;
	return zmq_recv(sock, data, bytes, 0) < 0 ? fails("zmq_recv") : 0;
}

const struct mechanism zeromq = { ABOUT, .prepare = name_it,
				  .open = open_socket, .send = out,
				  .receive = in };
#else
const struct mechanism zeromq = {
	ABOUT, .missing = "zmq.h was not found; install libzmq3-dev"
};
#endif
