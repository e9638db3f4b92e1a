// SPDX-License-Identifier: MIT
/*
 * bench-flow sink <core directory> <dc> <endpoint>
 * bench-flow source <core directory> <dc> <first> <count> <sink> <ms>
 * bench-flow target <core directory> <dc> <first> <count>
 * bench-flow copier <core directory> <dc> <first> <count> <target> <bytes>
 *            <ms>
 *
 * One way, as fast as it goes. A source has `count` endpoints, and on each a
 * send under way all the time; a sink takes what comes and wants the messages
 * of each endpoint in order. A copier has `count` copies under way, each into
 * a buffer that the target grants when asked; when it is done it fetches what
 * arrived, and wants it to be what it sent last. Each prints a line of JSON.
 */
#include <errno.h>
#include <m3ipc/m3ipc.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#define MOST 1024 /* endpoints of a process */
#define ENDPOINTS 4096 /* of a DC: M3_MAX_ENDPOINTS */
#define COPY_BYTES (1u << 20)
#define WARM_UP 5 /* a fifth of the time, before */
#define SEND_TYPE 1

struct flow {
	struct m3_member *member;
	int first, count;
	struct m3_call call[MOST];
	uint64_t sequence[MOST]; /* of what is under way */
	struct m3_buffer buffer[MOST]; /* what is sent, or where it arrives */
	uint64_t done;
};

static struct flow flow;

static void must(const char *what, int result)
{
	if (result >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, m3_strerror(result));
	exit(1);
}

static void fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t cpu_us(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) *
		       1000000u +
	       (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static void join(char **arguments)
{
	must("join", m3_join(arguments[0], atoi(arguments[1]), &flow.member));
}

static void bind_all(char **arguments)
{
	int i;

	join(arguments);
	flow.first = atoi(arguments[2]);
	flow.count = atoi(arguments[3]);
	if (flow.count < 1 || flow.count > MOST)
		fail("count: 1 to 1024");
	for (i = 0; i < flow.count; i++)
		must("bind", m3_bind(flow.member, flow.first + i));
}

/* ------------------------------------------------ what is under way */

/* Of one endpoint: the next call, until one has to wait. */
static void pump(int i, void (*next)(int i))
{
	int e;

	do {
		flow.done++;
		flow.sequence[i]++;
		next(i);
		e = m3_start(flow.member, &flow.call[i]);
		must("start", e);
	} while (e != M3_PENDING);
}

/* Until that moment; what is under way then goes on. */
static void run(uint64_t until, void (*next)(int i))
{
	struct pollfd bell = { .fd = m3_bell(flow.member), .events = POLLIN };
	int32_t ready[MOST];
	int n, i, e;

	must("bell", bell.fd);
	while (now() < until) {
		n = m3_bell_serve(flow.member, ready, MOST);
		must("bell_serve", n);
		if (!n)
			poll(&bell, 1, 1000);
		for (i = 0; i < n; i++) {
			e = m3_finish(flow.member,
				      &flow.call[ready[i] - flow.first]);
			must("finish", e);
			if (e != M3_PENDING)
				pump(ready[i] - flow.first, next);
		}
	}
}

/* The same, until nothing is under way. */
static void drain(void)
{
	int i, e;

	for (i = 0; i < flow.count; i++) {
		struct pollfd bell = { .fd = m3_bell(flow.member),
				       .events = POLLIN };
		int32_t ready[MOST];

		while ((e = m3_finish(flow.member, &flow.call[i])) ==
		       M3_PENDING)
			if (!m3_bell_serve(flow.member, ready, MOST))
				poll(&bell, 1, 100);
		must("finish", e);
	}
}

/* Of what has ended in the time that is measured; and in all. */
struct measured {
	double per_second, megabytes_per_second, cpu_us_each;
	uint64_t all;
};

static struct measured measure(uint64_t ms, uint64_t bytes, void (*next)(int i))
{
	uint64_t begin, end, cpu, done;
	int i;

	for (i = 0; i < flow.count; i++)
		pump(i, next);
	flow.done = 0;
	run(now() + ms * 1000000u / WARM_UP, next);
	done = flow.done;
	cpu = cpu_us();
	begin = now();
	run(begin + ms * 1000000u, next);
	end = now();
	done = flow.done - done;
	cpu = cpu_us() - cpu;
	drain();
	return (struct measured){
		.per_second = (double)done * 1e9 / (double)(end - begin),
		.megabytes_per_second =
			(double)(done * bytes) * 1e3 / (double)(end - begin),
		.cpu_us_each = (double)cpu / (double)(done ? done : 1),
		.all = flow.done + (uint64_t)flow.count,
	};
}

static void report(const struct measured *m)
{
	printf("{\"perSecond\":%.3f,\"megabytesPerSecond\":%.3f,"
	       "\"cpuUsEach\":%.4f,\"all\":%llu}\n",
	       m->per_second, m->megabytes_per_second, m->cpu_us_each,
	       (unsigned long long)m->all);
}

/* ----------------------------------------------------------- messages */

static int sink_endpoint;

static void next_send(int i)
{
	struct m3_call *call = &flow.call[i];

	call->op = M3_OP_SEND;
	call->self = flow.first + i;
	call->peer = sink_endpoint;
	call->message.type = SEND_TYPE;
	memcpy(call->message.data, &flow.sequence[i], sizeof(uint64_t));
}

static void source(char **arguments)
{
	struct measured m;

	bind_all(arguments);
	sink_endpoint = atoi(arguments[4]);
	m = measure(strtoull(arguments[5], NULL, 10), 64, next_send);
	report(&m);
}

/* A source that begins anew begins with 1. */
static void sink(char **arguments)
{
	static uint64_t last[ENDPOINTS];
	struct m3_message message;
	uint64_t sequence;
	int self = atoi(arguments[2]);

	join(arguments);
	must("bind", m3_bind(flow.member, self));
	puts("{}");
	fflush(stdout);
	for (;;) {
		must("receive", m3_receive(flow.member, self, M3_ANY, &message,
					   M3_FOREVER));
		memcpy(&sequence, message.data, sizeof(sequence));
		if (message.source < 0 || message.source >= ENDPOINTS)
			fail("a message of nobody");
		if (sequence != 1 && sequence != last[message.source] + 1)
			fail("a message out of order");
		last[message.source] = sequence;
	}
}

/* ------------------------------------------------------------- copies */

static uint64_t granted[MOST], copy_bytes;
static int target_endpoint;

/* Both ends of what is copied say which copy it is. */
static void mark(const struct m3_buffer *buffer, uint64_t sequence)
{
	memcpy(buffer->data, &sequence, sizeof(sequence));
	memcpy((char *)buffer->data + copy_bytes - sizeof(sequence), &sequence,
	       sizeof(sequence));
}

static void next_copy(int i)
{
	struct m3_call *call = &flow.call[i];

	mark(&flow.buffer[i], flow.sequence[i]);
	call->op = M3_OP_VCOPY;
	call->self = flow.first + i;
	call->peer = flow.first + i;
	call->dst = target_endpoint + i;
	call->src_address = flow.buffer[i].address;
	call->dst_address = granted[i];
	call->bytes = copy_bytes;
}

/* What arrived is all of what was sent last. */
static void compare_all(void)
{
	struct m3_buffer back;
	int i, self;

	for (i = 0; i < flow.count; i++) {
		self = flow.first + i;
		must("alloc", m3_alloc(flow.member, self, copy_bytes, &back));
		must("vcopy", m3_vcopy(flow.member, self, target_endpoint + i,
				       granted[i], self, back.address,
				       copy_bytes, M3_FOREVER, NULL));
		if (memcmp(back.data, flow.buffer[i].data, copy_bytes))
			fail("a copy differs");
		must("free", m3_free(flow.member, self, &back));
	}
}

/* Of the buffer of the target's endpoint `i`, until this process ends. */
static uint64_t ask_grant(int i)
{
	struct m3_message message = { .type = i };
	uint64_t address;

	must("sendrec", m3_sendrec(flow.member, flow.first + i,
				   target_endpoint, &message, M3_FOREVER));
	memcpy(&address, message.data, sizeof(address));
	return address;
}

static void copier(char **arguments)
{
	struct measured m;
	uint64_t at;
	int i;

	bind_all(arguments);
	target_endpoint = atoi(arguments[4]);
	copy_bytes = strtoull(arguments[5], NULL, 10);
	if (copy_bytes < 16 || copy_bytes > COPY_BYTES)
		fail("bytes: 16 to 1 MiB");
	for (i = 0; i < flow.count; i++) {
		granted[i] = ask_grant(i);
		must("alloc", m3_alloc(flow.member, flow.first + i, copy_bytes,
				       &flow.buffer[i]));
		for (at = 0; at < copy_bytes; at++)
			((char *)flow.buffer[i].data)[at] = (char)(at * 31);
	}
	m = measure(strtoull(arguments[6], NULL, 10), copy_bytes, next_copy);
	compare_all();
	m.all += (uint64_t)flow.count; /* those that were fetched */
	report(&m);
}

/* The type of a request says whose buffer. */
static void grant(const struct m3_message *request, struct m3_message *reply)
{
	uint64_t address;
	int i = request->type;

	if (i < 0 || i >= flow.count)
		fail("a request for a buffer that there is not");
	must("grant", m3_grant(flow.member, flow.first + i, request->source,
			       flow.buffer[i].address, COPY_BYTES,
			       M3_GRANT_READ | M3_GRANT_WRITE, &address));
	memcpy(reply->data, &address, sizeof(address));
}

static void target(char **arguments)
{
	struct m3_message message;
	int i;

	bind_all(arguments);
	for (i = 0; i < flow.count; i++)
		must("alloc", m3_alloc(flow.member, flow.first + i, COPY_BYTES,
				       &flow.buffer[i]));
	puts("{}");
	fflush(stdout);
	for (;;) {
		must("receive", m3_receive(flow.member, flow.first, M3_ANY,
					   &message, M3_FOREVER));
		grant(&message, &message);
		must("reply", m3_reply(flow.member, flow.first, message.source,
				       &message));
	}
}

int main(int argc, char **argv)
{
	const struct {
		const char *name;
		int arguments;
		void (*run)(char **arguments);
	} roles[] = { { "sink", 3, sink }, { "source", 6, source },
		      { "target", 4, target }, { "copier", 7, copier } };
	size_t i;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	for (i = 0; argc > 1 && i < sizeof(roles) / sizeof(*roles); i++)
		if (!strcmp(argv[1], roles[i].name) &&
		    argc == 2 + roles[i].arguments) {
			roles[i].run(argv + 2);
			return 0;
		}
	fputs("usage: see the head of bench/flow/flow.c\n", stderr);
	return 2;
}
