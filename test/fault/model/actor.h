/* SPDX-License-Identifier: MIT */
/*
 * actor.h - a process of the model test: it makes the calls it is told to make
 * and reports what becomes of them. Orders and answers are packets of a socket.
 */
#ifndef ACTOR_H
#define ACTOR_H

#include "rig.h"

#define NODES 2
#define ACTORS_PER_NODE 3
#define ACTORS (NODES * ACTORS_PER_NODE)
#define EPS_PER_NODE 4
#define EPS (NODES * EPS_PER_NODE)
#define BUFFER_BYTES 70000u /* two chunks */

enum order_kind {
	ORDER_BIND,
	ORDER_UNBIND,
	ORDER_CALL, /* op, self, peer, tag, wait */
	ORDER_REPLY,
	ORDER_NOTIFY, /* op: source, tag: bit of the argument or -1 */
	ORDER_CANCEL,
	ORDER_REQUEST, /* remembers the call in which peer waits for self */
	ORDER_REPLY_TO, /* answers that call only */
	ORDER_RELAY, /* wait: the client */
	ORDER_COPY, /* self, peer, tag: value, wait: push */
	ORDER_ADOPT, /* self has migrated here: goes on with its call */
	ORDER_DROP, /* self has migrated away */
	ORDER_COLLECT,
};

struct order {
	int kind, op, self, peer, tag, wait;
};

/* How a call ended. */
struct ended {
	int ep, op, result;
	int source, type; /* of a message that was received, or 0 */
	int updates; /* argument of a notification */
	int unrung; /* its end did not ring the bell */
};

struct answer {
	int result, source, type, updates;
	int count;
	struct ended ended[EPS];
	int value[EPS]; /* of its endpoints' buffers; -1: not uniform */
};

/* Shared by all processes: where each endpoint's buffer is, or 0. */
extern volatile unsigned long *actor_buffers;

/* Serves orders until the socket is closed. */
void actor_run(struct rig_node *node, int fd);

#endif
