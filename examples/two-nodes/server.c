// SPDX-License-Identifier: MIT
/*
 * server <core directory> <dc> <endpoint> [lose|duplicate|reorder|corrupt]
 *
 * server.ts in C, through libm3ipc.
 */
#include "payload.h"

#define MAX_COPY (1u << 20)
#define FAULT_AT 20 /* the payload at whose arrival a fault is injected */

static struct checker checker;

/* The checker's input, with one fault if one was asked for. */
static void arrive(const char *fault, uint32_t number, int intact)
{
	static uint32_t arrived, held;

	if (++arrived != FAULT_AT || !*fault) {
		check(&checker, number, intact);
		if (held)
			check(&checker, held, 1);
		held = 0;
	} else if (!strcmp(fault, "duplicate")) {
		check(&checker, number, 1);
		check(&checker, number, 1);
	} else if (!strcmp(fault, "reorder")) {
		held = number;
	} else if (!strcmp(fault, "corrupt")) {
		check(&checker, number, 0);
	} /* lose: it never arrives */
}

static struct {
	uint32_t count;
	uint64_t bytes;
	double seconds;
} copies;

static void timed_copy(struct m3_member *m, int self, int src, uint64_t from,
		       int dst, uint64_t to, uint32_t bytes)
{
	double start = now();

	must("vcopy", m3_vcopy(m, self, src, from, dst, to, bytes, M3_FOREVER,
			       NULL));
	copies.seconds += now() - start;
	copies.count++;
	copies.bytes += bytes;
}

/* Pulls the client's data, checks it, pushes other data back. */
static uint32_t copy(struct m3_member *m, int self, struct m3_message *msg,
		     struct m3_buffer *buffer)
{
	struct body *b = body_of(msg);
	uint32_t bytes = b->copy.bytes, wrong;

	timed_copy(m, self, msg->source, b->copy.address, self, buffer->address,
		   bytes);
	wrong = data_checksum(buffer->data, bytes) != b->copy.checksum;
	fill_data(buffer->data, bytes, b->copy.seed + 1);
	timed_copy(m, self, self, buffer->address, msg->source, b->copy.address,
		   bytes);
	b->copy.checksum = data_checksum(buffer->data, bytes);
	return wrong;
}

static void serve(struct m3_member *m, int self, const char *fault)
{
	uint32_t notifications = 0, mismatches = 0, number, total = 0;
	struct m3_buffer buffer;
	struct m3_message msg;
	int client, type;

	must("alloc", m3_alloc(m, self, MAX_COPY, &buffer));
	printf("{\"ready\":true}\n");
	do {
		must("receive",
		     m3_receive(m, self, M3_ANY, &msg, M3_FOREVER));
		client = msg.source;
		type = msg.type;
		if (type == (M3_NOTIFY_MESSAGE | client)) {
			notifications++;
			continue;
		}
		number = body_of(&msg)->number;
		total = body_of(&msg)->total;
		arrive(fault, number, body_of(&msg)->checksum ==
				      body_checksum(body_of(&msg), client));
		if (type == COPY)
			mismatches += copy(m, self, &msg, &buffer);
		msg.type = type | REPLY;
		seal(&msg, self, number, type == PING);
		must("reply", m3_reply(m, self, client, &msg));
	} while (type != END);
	printf("{\"server\":{\"notifications\":%u,\"mismatches\":%u,"
	       "\"copies\":{\"count\":%u,\"bytes\":%" PRIu64
	       ",\"seconds\":%.6f},",
	       notifications, mismatches, copies.count, copies.bytes,
	       copies.seconds);
	print_tally("requests", &checker, total);
	printf("}}\n");
}

int main(int argc, char **argv)
{
	struct m3_member *m;
	int self;

	if (argc < 4) {
		fprintf(stderr, "usage: %s <core directory> <dc> <endpoint> "
				"[fault]\n", argv[0]);
		return 2;
	}
	die_with_parent();
	self = atoi(argv[3]);
	must("join", m3_join(argv[1], atoi(argv[2]), &m));
	must("bind", m3_bind(m, self));
	serve(m, self, argc > 4 ? argv[4] : "");
	m3_leave(m);
	return 0;
}
