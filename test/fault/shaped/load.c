// SPDX-License-Identifier: MIT
/*
 * shaped-load <core directory> <dc> server <endpoint>
 * shaped-load <core directory> <dc> bulk <endpoint> <server>
 * shaped-load <core directory> <dc> small <endpoint> <server> <milliseconds>
 *
 * The traffic of `npm run fault -- shaped`. A server answers; of who offers a
 * buffer it copies that first. `bulk` offers 1 MiB after the other until its
 * standard input ends, and prints how many bytes were copied; `small` makes
 * one call after the other for that long, and prints how long they took.
 */
#include <inttypes.h>
#include <m3ipc/m3ipc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#define COPY_BYTES (1u << 20)
#define TIMEOUT_MS 60000
#define LOOK_MS 200
#define MOST_CALLS 4000000u

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void must(const char *what, int result)
{
	if (!result)
		return;
	fprintf(stderr, "%s: %s\n", what, m3_strerror(result));
	exit(1);
}

static int told_to_end(void)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };

	return poll(&in, 1, 0) != 0;
}

static void serve(struct m3_member *m, int self)
{
	struct m3_message message;
	struct m3_buffer buffer;
	uint64_t address;
	int e;

	must("alloc", m3_alloc(m, self, COPY_BYTES, &buffer));
	printf("ready\n");
	fflush(stdout);
	do {
		e = m3_receive(m, self, M3_ANY, &message, LOOK_MS);
		if (e == -M3_ETIMEDOUT)
			continue;
		must("receive", e);
		memcpy(&address, message.data, sizeof(address));
		if (address)
			must("vcopy", m3_vcopy(m, self, message.source, address,
					       self, buffer.address, COPY_BYTES,
					       TIMEOUT_MS, NULL));
		must("reply", m3_reply(m, self, message.source, &message));
	} while (e != -M3_ETIMEDOUT || !told_to_end());
}

static void bulk(struct m3_member *m, int self, int server)
{
	struct m3_message message;
	struct m3_buffer buffer;
	uint64_t copied = 0;

	must("alloc", m3_alloc(m, self, COPY_BYTES, &buffer));
	memset(buffer.data, self, COPY_BYTES);
	while (!told_to_end()) {
		memset(&message, 0, sizeof(message));
		memcpy(message.data, &buffer.address, sizeof(buffer.address));
		must("sendrec", m3_sendrec(m, self, server, &message,
					   TIMEOUT_MS));
		copied += COPY_BYTES;
	}
	printf("{\"bytes\":%" PRIu64 "}\n", copied);
}

static int by_size(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void small(struct m3_member *m, int self, int server, int for_ms)
{
	float *took = malloc(MOST_CALLS * sizeof(*took));
	double end = now_us() + for_ms * 1e3, start;
	struct m3_message message;
	uint32_t n = 0;

	must("malloc", took ? 0 : -M3_ENOMEM);
	while ((start = now_us()) < end && n < MOST_CALLS) {
		memset(&message, 0, sizeof(message));
		must("sendrec", m3_sendrec(m, self, server, &message,
					   TIMEOUT_MS));
		took[n++] = (float)(now_us() - start);
	}
	qsort(took, n, sizeof(*took), by_size);
	printf("{\"calls\":%u,\"p50Us\":%.1f,\"p99Us\":%.1f,\"maxUs\":%.1f}\n",
	       n, took[n / 2], took[n - 1 - n / 100], took[n - 1]);
	free(took);
}

int main(int argc, char **argv)
{
	struct m3_member *m;
	int self;

	if (argc < 5) {
		fprintf(stderr, "usage: see %s.c\n", argv[0]);
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	self = atoi(argv[4]);
	must("join", m3_join(argv[1], atoi(argv[2]), &m));
	must("bind", m3_bind(m, self));
	if (!strcmp(argv[3], "server"))
		serve(m, self);
	else if (!strcmp(argv[3], "bulk") && argc == 6)
		bulk(m, self, atoi(argv[5]));
	else if (!strcmp(argv[3], "small") && argc == 7)
		small(m, self, atoi(argv[5]), atoi(argv[6]));
	m3_leave(m);
	return 0;
}
