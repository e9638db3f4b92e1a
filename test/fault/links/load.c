// SPDX-License-Identifier: MIT
/*
 * load <core directory> <dc> server <endpoint> <life> <timeout ms>
 * load <core directory> <dc> client <endpoint> <server> <life> <seed>
 *	<timeout ms>
 *
 * The traffic of `npm run fault -- kill` and its like. A client makes, at
 * random, calls, notifications, and calls whose server copies the client's
 * memory to itself and other data back. Every payload carries (source, number,
 * checksum); a request also says how many notifications came before it, so
 * that a server knows of each whether it arrived. Both end when their standard
 * input does, and print what they know as one line of JSON.
 *
 * Where a core may be lost, so may be what one of its processes had asked or
 * taken. With a new process, and with a call that ends because its callee or
 * its node was lost, an era of the client begins: its server knows nothing of
 * what was before.
 */
#include <poll.h>
#include "payload.h"

#define MAX_COPY (256u << 10)
#define SOURCES 64 /* endpoints 0 to 63 */
#define ERRORS 512 /* error numbers are smaller */
#define PROGRESS 200 /* operations */
#define LOOK_MS 200 /* a server looks at its standard input */
#define LOSS_MS 20 /* before the next call to who was lost */
#define LIFE_ERAS 1000u /* at most, of one process */

/*
 * The words of a request's body; BEGIN is the first number of its era. The
 * rest follows from its number.
 */
enum { NOTIFIED, ERA, BEGIN, BYTES, SEED, DATA_SUM, ADDRESS, ADDRESS_HIGH };

static uint32_t errors[ERRORS]; /* calls that failed, by number */
static int timeout; /* of each call, ms */

static int failed(int result)
{
	if (result < 0)
		errors[-result < ERRORS ? -result : 0]++;
	return result < 0;
}

/* The callee, or its core, is not what it was; it may not be there yet. */
static int is_loss(int error)
{
	return error == -M3_EUNKNOWN || error == -M3_ENODEDOWN ||
	       error == -M3_EDSTDIED || error == -M3_ESRCDIED ||
	       error == -M3_EDEADSRCDST;
}

static void print_errors(void)
{
	const char *between = "";
	int i;

	printf("\"errors\":{");
	for (i = 0; i < ERRORS; i++)
		if (errors[i]) {
			printf("%s\"%s\":%u", between, m3_strerror(-i),
			       errors[i]);
			between = ",";
		}
	printf("}");
}

/* Whoever started us has had enough, or is gone. */
static int told_to_end(void)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };

	return poll(&in, 1, 0) != 0;
}

static uint32_t chance; /* never 0 */

static uint32_t random_below(uint32_t below)
{
	chance ^= chance << 13;
	chance ^= chance >> 17;
	chance ^= chance << 5;
	return chance % below;
}

struct client {
	struct m3_member *m;
	int self, server;
	struct m3_buffer buffer;
	struct checker replies;
	uint32_t number, notified, copies, mismatches;
	uint32_t era, begin;
	uint64_t copied;
	uint32_t bytes, sum; /* what the buffer holds, and must go on to hold */
	double longest;
};

/* Makes a numbered call. 0: it was answered. */
static int call(struct client *c, struct m3_message *msg)
{
	struct body *b = body_of(msg);
	double start = now(), took;
	int e;

	b->words[NOTIFIED] = c->notified;
	b->words[ERA] = c->era;
	b->words[BEGIN] = c->begin;
	seal(msg, c->self, ++c->number, 0);
	e = m3_sendrec(c->m, c->self, c->server, msg, timeout);
	took = now() - start;
	if (took > c->longest)
		c->longest = took;
	if (is_loss(e)) {
		check(&c->replies, c->number, 1);
		c->era++;
		c->begin = c->number + 1;
		poll(NULL, 0, LOSS_MS);
	}
	if (!failed(e))
		check(&c->replies, b->number,
		      b->checksum == body_checksum(b, c->server));
	return e;
}

static void ping(struct client *c)
{
	struct m3_message msg = { .type = PING };
	uint32_t i;

	for (i = BYTES; i < 12; i++)
		body_of(&msg)->words[i] = (c->number + 1) * (2 * i + 1);
	call(c, &msg);
}

static void copy(struct client *c)
{
	static const uint32_t sizes[] = { 8u << 10, 64u << 10, MAX_COPY };
	struct m3_message msg = { .type = COPY };
	struct body *b = body_of(&msg);
	uint32_t seed = c->number + 1, bytes = sizes[random_below(3)];

	/* Nobody has written here since the last copy was answered. */
	if (data_checksum(c->buffer.data, c->bytes) != c->sum)
		c->mismatches++;
	fill_data(c->buffer.data, bytes, seed);
	b->words[BYTES] = bytes;
	b->words[SEED] = seed;
	b->words[DATA_SUM] = data_checksum(c->buffer.data, bytes);
	b->words[ADDRESS] = (uint32_t)c->buffer.address;
	b->words[ADDRESS_HIGH] = (uint32_t)(c->buffer.address >> 32);
	if (!call(c, &msg) &&
	    data_checksum(c->buffer.data, bytes) != b->words[DATA_SUM])
		c->mismatches++;
	c->copies++;
	c->copied += 2 * bytes;
	c->bytes = bytes;
	c->sum = data_checksum(c->buffer.data, bytes);
}

static void run_client(struct client *c)
{
	uint32_t operations = 0, kind;

	do {
		kind = random_below(100);
		if (kind < 3)
			copy(c);
		else if (kind < 33)
			c->notified += !failed(m3_notify(c->m, c->self,
							 c->server));
		else
			ping(c);
		if (++operations % PROGRESS == 0)
			printf("{\"progress\":%u}\n", operations);
	} while (!told_to_end());
	/* The last one tells of all notifications. */
	ping(c);
	printf("{\"client\":{\"server\":%d,\"calls\":%u,\"notified\":%u,"
	       "\"copies\":%u,\"copiedBytes\":%" PRIu64 ",\"mismatches\":%u,"
	       "\"longestMs\":%.1f,",
	       c->server, c->number, c->notified, c->copies, c->copied,
	       c->mismatches, c->longest * 1e3);
	print_errors();
	printf(",");
	print_tally("replies", &c->replies, c->number);
	printf("}}\n");
}

/* What a server knows of one client. */
struct source {
	struct checker requests;
	uint32_t era;
	uint32_t heard; /* notifications since its last request */
	uint32_t notified; /* that were made before its last request */
	uint32_t received, merged, lost, duplicated; /* notifications */
};

static struct source sources[SOURCES];
static uint32_t mismatches;
static int restarted; /* this server is not the first of its endpoint */

/*
 * A notification comes before what its source sends next; of several that wait
 * at least one does, and never more than were made (protocol 24).
 */
static void settle_notifications(struct source *s, uint32_t notified)
{
	uint32_t made = notified - s->notified;

	if (s->heard > made)
		s->duplicated += s->heard - made;
	else if (made && !s->heard)
		s->lost++;
	else
		s->merged += made - s->heard;
	s->notified = notified;
	s->heard = 0;
}

/*
 * Nothing of before it may come any more. Who has followed its client from the
 * start knows where it begins; who has not, only that it goes on from here.
 */
static void begin_era(struct source *s, const struct body *b)
{
	int known = s->era || !restarted;

	s->requests.highest = (known ? b->words[BEGIN] : b->number) - 1;
	if (s->era || restarted) {
		s->notified = b->words[NOTIFIED];
		s->heard = 0;
	}
	s->era = b->words[ERA];
}

/* Pulls the client's data, checks it, pushes other data back. */
static void serve_copy(struct m3_member *m, int self, struct m3_message *msg,
		       const struct m3_buffer *buffer)
{
	struct body *b = body_of(msg);
	uint64_t address = (uint64_t)b->words[ADDRESS_HIGH] << 32 |
			   b->words[ADDRESS];
	uint32_t bytes = b->words[BYTES];

	if (bytes > MAX_COPY) {
		mismatches++;
		return;
	}
	if (!failed(m3_vcopy(m, self, msg->source, address, self,
			     buffer->address, bytes, timeout, NULL)))
		mismatches += data_checksum(buffer->data, bytes) !=
			      b->words[DATA_SUM];
	fill_data(buffer->data, bytes, b->words[SEED] + 1);
	failed(m3_vcopy(m, self, self, buffer->address, msg->source, address,
			bytes, timeout, NULL));
	b->words[DATA_SUM] = data_checksum(buffer->data, bytes);
}

static void serve(struct m3_member *m, int self, struct m3_message *msg,
		  struct m3_buffer *buffer)
{
	struct body *b = body_of(msg);
	struct source *s = &sources[(uint32_t)msg->source % SOURCES];
	int client = msg->source, intact;

	if (msg->type == (M3_NOTIFY_MESSAGE | client)) {
		s->heard++;
		s->received++;
		return;
	}
	intact = b->checksum == body_checksum(b, client);
	if (intact && b->words[ERA] > s->era)
		begin_era(s, b);
	if (intact && b->number == s->requests.highest + 1)
		settle_notifications(s, b->words[NOTIFIED]);
	check(&s->requests, b->number, intact);
	if (msg->type == COPY)
		serve_copy(m, self, msg, buffer);
	msg->type |= REPLY;
	seal(msg, self, b->number, 0);
	failed(m3_reply(m, self, client, msg));
}

static void print_source(int endpoint, const struct source *s)
{
	printf("{\"client\":%d,\"highest\":%u,\"notifications\":{"
	       "\"received\":%u,\"merged\":%u,\"lost\":%u,\"duplicated\":%u},",
	       endpoint, s->requests.highest, s->received, s->merged, s->lost,
	       s->duplicated + s->heard);
	print_tally("requests", &s->requests, s->requests.highest);
	printf("}");
}

static void run_server(struct m3_member *m, int self)
{
	struct m3_buffer buffer;
	struct m3_message msg;
	const char *between = "";
	int i, e;

	must("alloc", m3_alloc(m, self, MAX_COPY, &buffer));
	printf("{\"ready\":true}\n");
	do {
		e = m3_receive(m, self, M3_ANY, &msg, LOOK_MS);
		if (e != -M3_ETIMEDOUT && !failed(e))
			serve(m, self, &msg, &buffer);
	} while (e != -M3_ETIMEDOUT || !told_to_end());
	printf("{\"server\":{\"mismatches\":%u,", mismatches);
	print_errors();
	printf(",\"sources\":[");
	for (i = 0; i < SOURCES; i++)
		if (sources[i].requests.highest) {
			printf("%s", between);
			print_source(i, &sources[i]);
			between = ",";
		}
	printf("]}}\n");
}

int main(int argc, char **argv)
{
	static struct client c;
	int is_client = argc > 3 && !strcmp(argv[3], "client");

	if (argc != (is_client ? 9 : 7)) {
		fprintf(stderr, "usage: %s <core directory> <dc> "
				"server <endpoint> <life> <timeout> | "
				"client <endpoint> <server> <life> <seed> "
				"<timeout>\n",
			argv[0]);
		return 2;
	}
	die_with_parent();
	c.self = atoi(argv[4]);
	timeout = atoi(argv[argc - 1]);
	must("join", m3_join(argv[1], atoi(argv[2]), &c.m));
	must("bind", m3_bind(c.m, c.self));
	if (is_client) {
		c.server = atoi(argv[5]);
		c.era = (uint32_t)atoi(argv[6]) * LIFE_ERAS;
		c.begin = 1;
		chance = (uint32_t)strtoul(argv[7], NULL, 10) | 1;
		must("alloc", m3_alloc(c.m, c.self, MAX_COPY, &c.buffer));
		c.sum = data_checksum(c.buffer.data, 0);
		run_client(&c);
	} else {
		restarted = atoi(argv[5]) > 1;
		run_server(c.m, c.self);
	}
	m3_leave(c.m);
	return 0;
}
