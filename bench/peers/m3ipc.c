// SPDX-License-Identifier: MIT
/* sendrec of libm3ipc: an endpoint for each thread. */
#include "peer.h"
#include <errno.h>
#include <m3ipc/m3ipc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the arguments; the client's has one more. */
enum { CORE, DC, SERVER, CLIENT };

struct caller {
	struct m3_member *member;
	int self, server;
};

static void succeeds(int result, const char *call)
{
	if (result >= 0)
		return;
	fprintf(stderr, "%s: %s\n", call, m3_strerror(result));
	exit(1);
}

static void *join(char **arguments)
{
	struct m3_member *member;

	succeeds(m3_join(arguments[CORE], atoi(arguments[DC]), &member),
		 "join");
	return member;
}

static void *open_caller(void *joined, char **arguments, long thread)
{
	struct caller *c = malloc(sizeof(*c));

	must(c != NULL, "malloc");
	c->member = joined;
	c->self = atoi(arguments[CLIENT]) + (int)thread;
	c->server = atoi(arguments[SERVER]);
	succeeds(m3_bind(c->member, c->self), "bind");
	return c;
}

static void call(void *opened, char bytes[BYTES])
{
	const struct caller *c = opened;
	struct m3_message message = { .type = 1 };

	memcpy(message.data, bytes, sizeof(message.data));
	succeeds(m3_sendrec(c->member, c->self, c->server, &message,
			    M3_FOREVER), "sendrec");
	memcpy(bytes, message.data, sizeof(message.data));
}

static void serve(char **arguments)
{
	struct m3_member *member = join(arguments);
	int self = atoi(arguments[SERVER]);
	struct m3_message message;

	succeeds(m3_bind(member, self), "bind");
	ready(0);
	for (;;) {
		succeeds(m3_receive(member, self, M3_ANY, &message,
				    M3_FOREVER), "receive");
		succeeds(m3_reply(member, self, message.source, &message),
			 "reply");
	}
}

const struct contender m3ipc = {
	.name = "m3ipc",
	.arguments = "<core directory> <dc> <server> [<first client>]",
	.serve = serve,
	.join = join,
	.open = open_caller,
	.call = call,
};
