// SPDX-License-Identifier: MIT
/*
 * client <core directory> <dc> <endpoint> <server endpoint> <seconds>
 *
 * client.ts in C, through libm3ipc.
 */
#include "payload.h"

#define CALLS_PER_ROUND 200
#define TIMEOUT_MS 30000
#define MAX_COPY (1u << 20)
#define MAX_SAMPLES (1u << 22)

static const uint32_t copy_bytes[] = { 64u << 10, MAX_COPY };

struct client {
	struct m3_member *m;
	int self, server;
	struct m3_buffer buffer;
	struct checker replies;
	uint32_t number, notifications, mismatches;
	uint64_t round_trips, copied;
	double call_seconds;
	uint32_t *samples; /* ns; the first MAX_SAMPLES round trips */
};

static void call(struct client *c, struct m3_message *msg, int fill)
{
	struct body *b = body_of(msg);

	seal(msg, c->self, ++c->number, fill);
	must("sendrec",
	     m3_sendrec(c->m, c->self, c->server, msg, TIMEOUT_MS));
	check(&c->replies, b->number, b->checksum == body_checksum(b, c->server));
}

static void pings(struct client *c)
{
	struct m3_message msg;
	double start, took;
	int i;

	for (i = 0; i < CALLS_PER_ROUND; i++) {
		msg.type = PING;
		start = now();
		call(c, &msg, 1);
		took = now() - start;
		c->call_seconds += took;
		if (c->round_trips < MAX_SAMPLES)
			c->samples[c->round_trips] = (uint32_t)(took * 1e9);
		c->round_trips++;
	}
}

static void copy(struct client *c, uint32_t bytes)
{
	struct m3_message msg = { .type = COPY };
	struct body *b = body_of(&msg);
	uint32_t seed = c->number, checksum;

	fill_data(c->buffer.data, bytes, seed);
	b->copy.address = c->buffer.address;
	b->copy.bytes = bytes;
	b->copy.seed = seed;
	b->copy.checksum = data_checksum(c->buffer.data, bytes);
	call(c, &msg, 0);
	c->copied += 2 * bytes;
	checksum = data_checksum(c->buffer.data, bytes);
	fill_data(c->buffer.data, bytes, seed + 1);
	if (checksum != b->copy.checksum ||
	    checksum != data_checksum(c->buffer.data, bytes))
		c->mismatches++;
}

static void run(struct client *c, double seconds)
{
	struct m3_message last = { .type = END };
	double until = now() + seconds;
	unsigned int i;

	do {
		pings(c);
		must("notify", m3_notify(c->m, c->self, c->server));
		c->notifications++;
		for (i = 0; i < 2; i++)
			copy(c, copy_bytes[i]);
		printf("{\"progress\":{\"roundTrips\":%" PRIu64
		       ",\"copiedBytes\":%" PRIu64 "}}\n",
		       c->round_trips, c->copied);
	} while (now() < until);
	body_of(&last)->total = c->number + 1;
	call(c, &last, 0);
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void print_result(struct client *c)
{
	size_t n = c->round_trips < MAX_SAMPLES ? c->round_trips : MAX_SAMPLES;

	qsort(c->samples, n, sizeof(*c->samples), ascending);
	printf("{\"client\":{\"roundTrips\":%" PRIu64 ",\"seconds\":%.6f,"
	       "\"notifications\":%u,\"mismatches\":%u,\"p50Us\":%.3f,"
	       "\"p99Us\":%.3f,",
	       c->round_trips, c->call_seconds, c->notifications,
	       c->mismatches, c->samples[n / 2] / 1e3,
	       c->samples[n * 99 / 100] / 1e3);
	print_tally("replies", &c->replies, c->number);
	printf("}}\n");
}

int main(int argc, char **argv)
{
	static struct client c;

	if (argc < 6) {
		fprintf(stderr, "usage: %s <core directory> <dc> <endpoint> "
				"<server endpoint> <seconds>\n", argv[0]);
		return 2;
	}
	die_with_parent();
	c.self = atoi(argv[3]);
	c.server = atoi(argv[4]);
	c.samples = malloc(MAX_SAMPLES * sizeof(*c.samples));
	if (!c.samples)
		return 1;
	must("join", m3_join(argv[1], atoi(argv[2]), &c.m));
	must("bind", m3_bind(c.m, c.self));
	must("alloc", m3_alloc(c.m, c.self, MAX_COPY, &c.buffer));
	run(&c, atof(argv[5]));
	print_result(&c);
	m3_leave(c.m);
	free(c.samples);
	return 0;
}
