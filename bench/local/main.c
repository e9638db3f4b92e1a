// SPDX-License-Identifier: MIT
/*
 * local list
 * local measure <mechanism> <placement> <pairs> <message|copy|stream> <bytes> <ms>
 *               <throughput|latency>
 *               [<core directory> <dc> [<core directory of the server>]]
 * local stage <core directory>
 *
 * A stream is STREAM_BLOCKS copies for each request. Prints one line of JSON. `list`: what there is. `measure`: one measurement,
 * or {"unavailable": why}. `stage`: makes a core and the DCs of stage.c, says
 * so, and keeps what is idle in them until it is ended.
 */
#include "local.h"
#include <errno.h>
#include <m3ipc/m3ipc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct mechanism *const mechanisms[] = {
	&m3ipc_combined, &m3ipc_two_calls, &m3ipc_bounce, &m3ipc_process_vm,
	&pipe_pair, &fifo_pair, &unix_stream, &unix_seqpacket, &unix_dgram,
	&posix_mq, &sysv_queue, &tcp, &udp, &tipc, &binder, &rpc_udp, &rpc_tcp,
	&zeromq, &nng,
};
#define MECHANISMS (sizeof(mechanisms) / sizeof(*mechanisms))

static const char *const placements[] = {
	[ONE_CORE] = "one", [TWO_CORES] = "two",
	[NOT_PINNED] = "free", [BESIDE_HOG] = "hog",
};

static int usage(void)
{
	fputs("usage: see the head of bench/local/main.c\n", stderr);
	return 2;
}

static int list(void)
{
	cpu_set_t allowed;
	const char *comma = "";
	size_t i;
	int cpu;

	CPU_ZERO(&allowed);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	printf("{\"cpus\":[");
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &allowed)) {
			printf("%s%d", comma, cpu);
			comma = ",";
		}
	printf("],\"contenders\":[");
	for (i = 0; i < MECHANISMS; i++) {
		const struct mechanism *m = mechanisms[i];

		printf("%s{\"name\":\"%s\",\"about\":\"%s\",\"max\":%u",
		       i ? "," : "", m->name, m->about,
		       m->max ? m->max() : MAX_BYTES);
		if (m->missing)
			printf(",\"missing\":\"%s\"", m->missing);
		putchar('}');
	}
	puts("]}");
	return 0;
}

static int find_mechanism(const char *name, const struct mechanism **found)
{
	size_t i;

	for (i = 0; i < MECHANISMS; i++)
		if (!strcmp(mechanisms[i]->name, name)) {
			*found = mechanisms[i];
			return 0;
		}
	return -1;
}

static int find_placement(const char *name, enum placement *found)
{
	size_t i;

	for (i = 0; i < sizeof(placements) / sizeof(*placements); i++)
		if (!strcmp(placements[i], name)) {
			*found = (enum placement)i;
			return 0;
		}
	return -1;
}

static int whole(const char *text, long low, long high, long *value)
{
	char *end;

	*value = strtol(text, &end, 10);
	return *end || *value < low || *value > high ? -1 : 0;
}

static int parse(int argc, char **argv, struct plan *plan)
{
	long pairs, bytes, ms, dc = 0;

	if (argc != 7 && argc != 9 && argc != 10)
		return -1;
	if (find_mechanism(argv[0], &plan->mechanism) ||
	    find_placement(argv[1], &plan->placement) ||
	    whole(argv[2], 1, MAX_PAIRS, &pairs) ||
	    whole(argv[4], 8, MAX_BYTES, &bytes) ||
	    whole(argv[5], 1, 60000, &ms) ||
	    (argc > 7 && whole(argv[8], 0, M3_MAX_DCS, &dc)))
		return -1;
	plan->pairs = (int)pairs;
	plan->blocks = strcmp(argv[3], "stream") ? 1 : STREAM_BLOCKS;
	plan->copies = plan->blocks > 1 || !strcmp(argv[3], "copy");
	plan->request_bytes = plan->copies ? 36 : (uint32_t)bytes;
	plan->reply_bytes = (uint32_t)bytes;
	plan->ns = (uint64_t)ms * 1000000u;
	plan->latency = !strcmp(argv[6], "latency");
	plan->dir = argc > 7 ? argv[7] : NULL;
	plan->server_dir = argc > 9 ? argv[9] : NULL;
	plan->dc = (int)dc;
	return 0;
}

static void print_count(const char *name, int64_t count, double of)
{
	if (count >= 0 && of > 0)
		printf(",\"%s\":%.3f", name, (double)count / of);
}

static void print_counts(const struct plan *plan, const struct measured *m)
{
	double made = (double)m->made;

	print_count("systemCalls", m->counts.system_calls, made);
	print_count("switches", m->counts.switches, made);
	if (plan->copies)
		print_count("copies", m->counts.moved, made * plan->blocks *
			    plan->reply_bytes);
}

static int measure_one(int argc, char **argv)
{
	struct measured m;
	struct plan plan;

	if (parse(argc, argv, &plan))
		return usage();
	if (plan.mechanism->missing) {
		printf("{\"unavailable\":\"%s\"}\n", plan.mechanism->missing);
		return 0;
	}
	if (measure(&plan, &m)) {
		printf("{\"unavailable\":\"%s%s%s\"}\n", failure,
		       errno ? ": " : "", errno ? strerror(errno) : "");
		return 0;
	}
	printf("{\"roundTripsPerSecond\":%.3f,\"cpuUsPerRoundTrip\":%.3f",
	       m.per_second, m.cpu_us);
	if (plan.pairs == 1)
		print_counts(&plan, &m);
	if (plan.latency)
		printf(",\"p50Ns\":%u,\"p99Ns\":%u", m.p50_ns, m.p99_ns);
	puts("}");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "list"))
		return list();
	if (argc > 2 && !strcmp(argv[1], "measure"))
		return measure_one(argc - 2, argv + 2);
	if (argc == 3 && !strcmp(argv[1], "stage"))
		return stage(argv[2]);
	return usage();
}
