// SPDX-License-Identifier: MIT
/*
 * Our core: a client's sendrec to a server that receives and replies. Bulk
 * data is copied by the server, from memory of its own into the client's,
 * before it replies.
 */
#include "local.h"
#include <errno.h>
#include <m3ipc/m3ipc.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define FIRST_ENDPOINT 0 /* of the pairs: a server and a client each */
#define CALL 1
#define QUIT 2

/* Where a copy goes: into memory from the arena, or into the client's own. */
static int into_arena(const struct pair *p)
{
	return p->mechanism == &m3ipc_combined ||
	       p->mechanism == &m3ipc_two_calls;
}

/* The body of a message, small or about a copy. */
struct body {
	uint32_t sequence;
	uint32_t bytes;
	uint64_t address;
	uint32_t reserved[10];
};

_Static_assert(sizeof(struct body) ==
	       sizeof(struct m3_message) - offsetof(struct m3_message, data),
	       "a body");

/* Of this process. */
static struct m3_member *member;
static struct m3_buffer buffer; /* a client's: where copies go */
static uint64_t source; /* a server's: where they come from */
static int self;
static char told[48];

static int server_of(const struct pair *p)
{
	return FIRST_ENDPOINT + 2 * p->index;
}

static int client_of(const struct pair *p)
{
	return FIRST_ENDPOINT + 2 * p->index + 1;
}

static int checked(const char *what, int e)
{
	if (e >= 0)
		return 0;
	snprintf(told, sizeof(told), "%s: %s", what, m3_strerror(e));
	errno = 0;
	return fails(told);
}

/* To another node copies go from the arena, where proxies find them. */
static int choose_source(struct pair *p)
{
	struct m3_buffer arena;

	source = (uintptr_t)p->buffer;
	if (!p->server_dir || !p->copies)
		return 0;
	if (checked("alloc", m3_alloc(member, self, p->reply_bytes, &arena)))
		return -1;
	source = arena.address;
	p->buffer = arena.data;
	return 0;
}

static int open_member(struct pair *p, enum side side)
{
	int far = side == SERVER_SIDE && p->server_dir;

	if (!p->dir) {
		errno = EINVAL;
		return fails("a core directory and a dc");
	}
	self = side == SERVER_SIDE ? server_of(p) : client_of(p);
	if (checked("join", m3_join(far ? p->server_dir : p->dir, p->dc,
				    &member)) ||
	    checked("bind", m3_bind(member, self)))
		return -1;
	if (side == SERVER_SIDE && choose_source(p))
		return -1;
	if (side == SERVER_SIDE && p->mechanism == &m3ipc_bounce)
		return checked("copy_mode",
			       m3_copy_mode(member, M3_COPY_BOUNCE));
	if (side == SERVER_SIDE && p->mechanism == &m3ipc_process_vm)
		return checked("copy_mode",
			       m3_copy_mode(member, M3_COPY_PROCESS_VM));
	if (side == SERVER_SIDE || !p->copies)
		return 0;
	buffer.data = p->buffer;
	buffer.address = (uintptr_t)p->buffer;
	if (!into_arena(p))
		return 0;
	return checked("alloc", m3_alloc(member, self, p->reply_bytes,
					 &buffer));
}

static int call(struct pair *p)
{
	struct m3_message m;
	struct body *body = (struct body *)(void *)m.data;
	const void *data = body;
	uint32_t bytes = sizeof(*body);

	m.type = CALL;
	mark(body, sizeof(*body), ++p->sequence);
	body->bytes = p->reply_bytes;
	body->address = buffer.address;
	if (checked("sendrec", m3_sendrec(member, self, server_of(p), &m,
					  M3_FOREVER)))
		return -1;
	if (p->copies) {
		data = buffer.data;
		bytes = p->reply_bytes;
	}
	if (is_marked(data, bytes, p->sequence))
		return 0;
	errno = EBADMSG;
	return fails("wrong reply");
}

static int copy_out(struct pair *p, const struct m3_message *m)
{
	const struct body *body = (const struct body *)(const void *)m->data;
	int i, e = 0;

	mark(p->buffer, p->reply_bytes, body->sequence);
	for (i = 0; !e && i < p->blocks; i++)
		e = checked("vcopy",
			    m3_vcopy(member, self, self, source, m->source,
				     body->address, p->reply_bytes, M3_FOREVER,
				     NULL));
	return e;
}

/* What a request asks for, before it is answered. 1: for the end. */
static int act(struct pair *p, const struct m3_message *m)
{
	if (m->type == QUIT)
		return 1;
	return p->copies ? copy_out(p, m) : 0;
}

/* A server that failed stays a member until it has told why. */
static int served(int e)
{
	if (e < 0)
		return e;
	m3_leave(member);
	return 0;
}

static int serve_combined(struct pair *p)
{
	struct m3_message m;
	int e = checked("receive", m3_receive(member, self, M3_ANY, &m,
					      M3_FOREVER));

	while (!e) {
		e = act(p, &m);
		if (!e)
			e = checked("reply_receive",
				    m3_reply_receive(member, self, m.source,
						     &m, M3_FOREVER));
	}
	return served(e);
}

static int serve_two_calls(struct pair *p)
{
	struct m3_message m;
	int e;

	do {
		e = checked("receive", m3_receive(member, self, M3_ANY, &m,
						  M3_FOREVER));
		if (!e)
			e = act(p, &m);
		if (!e)
			e = checked("reply", m3_reply(member, self, m.source,
						      &m));
	} while (!e);
	return served(e);
}

/* So that its endpoint is free again when the next measurement begins. */
static int hang_up(struct pair *p)
{
	struct m3_message m = { .type = QUIT };
	int e = checked("send", m3_send(member, self, server_of(p), &m,
					M3_FOREVER));

	m3_leave(member);
	return e;
}

#define CLIENT .open = open_member, .call = call, .hang_up = hang_up

const struct mechanism
	m3ipc_combined = { .name = "m3ipc",
			   .about = "m3ipc in C: sendrec; reply and receive in "
				    "one call; copies into the arena",
			   CLIENT, .serve = serve_combined },
	m3ipc_two_calls = { .name = "m3ipc-two-calls",
			    .about = "the same, but reply and receive are two "
				     "calls",
			    CLIENT, .serve = serve_two_calls },
	m3ipc_bounce = { .name = "m3ipc-bounce",
			 .about = "m3ipc in C: copies into private memory, "
				  "served by its blocked owner",
			 CLIENT, .serve = serve_combined },
	m3ipc_process_vm = { .name = "m3ipc-process-vm",
			     .about = "m3ipc in C: copies into private memory "
				      "by process_vm_writev",
			     CLIENT, .serve = serve_combined };
