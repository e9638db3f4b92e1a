// SPDX-License-Identifier: MIT
/* Clients and servers, and the process that carries records between nodes. */
#include <poll.h>
#include <stdlib.h>
#include "storm.h"

#define COPY_BYTES (48u << 10)
#define DEADLINE_MS 60000 /* of a call: a machine may be emulated and busy */

enum { CALL = 1, COPY = 2, HOLD = 3 };

struct body {
	uint32_t number, bytes;
	uint64_t address;
};

/* What a call may get whose partner was killed, or was not there yet. */
static int is_death(int e)
{
	return e == -M3_EDSTDIED || e == -M3_ESRCDIED ||
	       e == -M3_EDEADSRCDST || e == -M3_EPROCSTS;
}

static void judge(int kind, int self, int other, int e)
{
	static const char *const names[] = { "call", "reply", "copy" };

	__atomic_fetch_add(&shared->codes[kind][e < 0 ? -e : 0], 1,
			   __ATOMIC_RELAXED);
	if (e && !(is_mortal(other) && is_death(e)))
		fail(names[kind], self, other, e);
}

/* Its former process may be in a copy that has not ended. */
static struct m3_member *bound(int ep)
{
	struct m3_member *member;
	int e = m3_join(dir[ep & 1], 0, &member), i;

	for (i = 0; !e && i < DEADLINE_MS; i++) {
		e = m3_bind(member, ep);
		if (e != -M3_ESLOTUSED)
			break;
		e = 0;
		poll(NULL, 0, 1);
	}
	if (e || i == DEADLINE_MS)
		fail("bind", ep, ep, e);
	return member;
}

static void fill(char *data, uint32_t bytes, uint32_t number)
{
	uint32_t i;

	for (i = 0; i < bytes; i++)
		data[i] = (char)(number * 7 + i);
}

static int is_filled(const char *data, uint32_t bytes, uint32_t number)
{
	uint32_t i;

	for (i = 0; i < bytes; i++)
		if (data[i] != (char)(number * 7 + i))
			return 0;
	return 1;
}

/* ------------------------------------------------------------- clients */

static void ask(struct m3_member *m, int self, uint32_t number, char *data)
{
	int server = FIRST_SERVER + (int)below(SERVERS), e;
	struct m3_message message = { .type = CALL + (int)below(3) };
	struct body *b = (void *)message.data;

	*b = (struct body){ number, below(COPY_BYTES) + 1,
			    (uintptr_t)data };
	fill(data, b->bytes, number);
	e = m3_sendrec(m, self, server, &message, DEADLINE_MS);
	judge(OF_CALLS, self, server, e);
	if (e)
		return;
	if (message.source != server || b->number != number)
		fail("reply to", self, server, b->number);
	if (message.type == COPY && !is_filled(data, b->bytes, number + 1))
		fail("copied data of", self, server, b->number);
	if (!below(8))
		m3_notify(m, self, server);
	__atomic_fetch_add(&shared->calls, 1, __ATOMIC_RELAXED);
}

void client(int self)
{
	struct m3_member *m = bound(self);
	char *data = malloc(COPY_BYTES);
	uint32_t number = 0;

	while (!__atomic_load_n(&shared->over, __ATOMIC_RELAXED))
		ask(m, self, ++number, data);
	m3_leave(m);
}

/* ------------------------------------------------------------- servers */

struct server {
	struct m3_member *m;
	int self;
	uint32_t last[CLIENTS]; /* numbers of steady clients */
	struct m3_message held; /* a request that waits for another; type 0: none */
	char *data;
};

static void answer(struct server *s, struct m3_message *message)
{
	int client = message->source;

	judge(OF_REPLIES, s->self, client,
	      m3_reply(s->m, s->self, client, message));
}

/* The client's memory to here, other data back. */
static void copy(struct server *s, const struct m3_message *message)
{
	const struct body *b = (const void *)message->data;
	int client = message->source;
	int e = m3_vcopy(s->m, s->self, client, b->address, s->self,
			 (uintptr_t)s->data, b->bytes, DEADLINE_MS, NULL);

	judge(OF_COPIES, s->self, client, e);
	if (e)
		return;
	if (!is_filled(s->data, b->bytes, b->number))
		fail("data of", s->self, client, b->number);
	fill(s->data, b->bytes, b->number + 1);
	judge(OF_COPIES, s->self, client,
	      m3_vcopy(s->m, s->self, s->self, (uintptr_t)s->data, client,
		       b->address, b->bytes, DEADLINE_MS, NULL));
	__atomic_fetch_add(&shared->copied, 2 * b->bytes, __ATOMIC_RELAXED);
}

/* From one client that waits to another one, and both are answered. */
static void cross(struct server *s, struct m3_message *message)
{
	const struct body *from = (const void *)s->held.data;
	const struct body *to = (const void *)message->data;
	uint64_t bytes = from->bytes < to->bytes ? from->bytes : to->bytes;
	int either = is_mortal(s->held.source) ? s->held.source :
						 message->source;

	judge(OF_COPIES, s->self, either,
	      m3_vcopy(s->m, s->self, s->held.source, from->address,
		       message->source, to->address, bytes, DEADLINE_MS, NULL));
	__atomic_fetch_add(&shared->crossed, bytes, __ATOMIC_RELAXED);
	answer(s, &s->held);
	answer(s, message);
	s->held.type = 0;
}

/* Of a steady client each number comes once, and they grow. */
static void count(struct server *s, const struct m3_message *message)
{
	const struct body *b = (const void *)message->data;
	uint32_t *last = &s->last[message->source - FIRST_CLIENT];

	if (is_mortal(message->source))
		return;
	if (b->number <= *last)
		fail("request again", s->self, message->source, b->number);
	*last = b->number;
}

static void serve(struct server *s, struct m3_message *message)
{
	if (message->type != CALL && message->type != COPY &&
	    message->type != HOLD)
		return; /* a notification */
	count(s, message);
	/* Who was killed while it was held may ask again. */
	if (message->type == HOLD && (!s->held.type ||
				      s->held.source == message->source)) {
		s->held = *message;
		return;
	}
	if (message->type == HOLD) {
		cross(s, message);
		return;
	}
	if (message->type == COPY)
		copy(s, message);
	answer(s, message);
}

void server(int self)
{
	struct server s = { .m = bound(self), .self = self,
			    .data = malloc(COPY_BYTES) };
	struct m3_message message;
	int e;

	__atomic_fetch_add(&shared->ready, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&shared->over, __ATOMIC_RELAXED) < 2) {
		e = m3_receive(s.m, self, M3_ANY, &message, LOOK_MS);
		if (!e)
			serve(&s, &message);
		else if (e != -M3_ETIMEDOUT)
			fail("receive", self, self, e);
		else if (s.held.type)
			answer(&s, &s.held), s.held.type = 0;
	}
	m3_leave(s.m);
}

/* ------------------------------------------------------------- carrier */

/* Whatever can leave one node, and what is owed then. */
static void carry(struct m3_proxy *from, struct m3_proxy *to)
{
	static char frame[M3_FRAME_BYTES];
	uint32_t queues[M3_LANES], count;
	int n = m3_proxy_queues(from, queues, M3_LANES), i, e;

	for (i = 0; i < n; i++) {
		e = m3_proxy_take(from, 0, (int)(queues[i] & 0xff), frame,
				  sizeof(frame), &count);
		if (e > 0)
			e = m3_proxy_put(to, frame, (uint32_t)e);
		if (e < 0)
			fail("carry", i, 0, e);
	}
	e = m3_proxy_acknowledge(from, 0, frame, sizeof(frame));
	if (e > 0)
		e = m3_proxy_put(to, frame, (uint32_t)e);
	if (e < 0)
		fail("acknowledge", 0, 0, e);
}

static void link_up(struct m3_proxy **p)
{
	struct m3_dc_open open;
	int n, e = 0;

	for (n = 0; !e && n < NODES; n++) {
		e = m3_proxy_open(p[n], 0, &open);
		if (!e)
			e = m3_proxy_opened(p[1 - n], &open);
	}
	if (e)
		fail("open the link", 0, 1, e);
}

void carrier(int self)
{
	struct m3_node *node[NODES];
	struct m3_proxy *p[NODES];
	struct pollfd bells[NODES];
	int32_t ids[2];
	int n, e;

	for (n = 0; n < NODES; n++) {
		node[n] = open_node(n);
		e = m3_attach(node[n], 1 - n, &p[n]);
		if (e)
			fail("attach", self, n, e);
		bells[n].fd = m3_node_bell(node[n]);
		bells[n].events = POLLIN;
	}
	link_up(p);
	__atomic_fetch_add(&shared->ready, 1, __ATOMIC_RELAXED);
	for (;;) {
		for (n = 0; n < NODES; n++) {
			m3_node_serve(node[n], ids, 2);
			carry(p[n], p[1 - n]);
		}
		poll(bells, NODES, LOOK_MS);
	}
}
