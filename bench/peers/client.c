// SPDX-License-Identifier: MIT
/*
 * client <core directory> <dc> <first endpoint> <server> <outstanding>
 *        <warm-up> <round trips>
 *
 * closed-loop.ts in C: a thread with an endpoint of its own for each call that
 * is outstanding.
 */
#include <m3ipc/m3ipc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

struct slot {
	pthread_t thread;
	struct m3_member *m;
	int self, server;
	long warm_up, calls;
	uint64_t *samples; /* ns, `calls` of them */
};

static pthread_barrier_t begin, end;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void must(const char *call, int result)
{
	if (result >= 0)
		return;
	fprintf(stderr, "%s: %s\n", call, m3_strerror(result));
	exit(1);
}

static void *loop(void *data)
{
	struct m3_message msg = { .type = 1 };
	struct slot *s = data;
	uint64_t start;
	long i;

	for (i = 0; i < s->warm_up; i++)
		must("sendrec", m3_sendrec(s->m, s->self, s->server, &msg,
					   M3_FOREVER));
	pthread_barrier_wait(&begin);
	for (i = 0; i < s->calls; i++) {
		start = now();
		must("sendrec", m3_sendrec(s->m, s->self, s->server, &msg,
					   M3_FOREVER));
		s->samples[i] = now() - start;
	}
	pthread_barrier_wait(&end);
	return NULL;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void report(uint64_t *samples, long count, uint64_t ns)
{
	qsort(samples, (size_t)count, sizeof(*samples), ascending);
	printf("{\"p50Us\":%.3f,\"p90Us\":%.3f,\"p99Us\":%.3f,\"maxUs\":%.3f,"
	       "\"roundTripsPerSecond\":%.3f}\n",
	       (double)samples[count / 2] / 1e3,
	       (double)samples[count * 9 / 10] / 1e3,
	       (double)samples[count * 99 / 100] / 1e3,
	       (double)samples[count - 1] / 1e3,
	       (double)count * 1e9 / (double)ns);
}

/* Rounded up: each thread makes the same number of calls. */
static long share(const char *total, long parts)
{
	return (atol(total) + parts - 1) / parts;
}

static void run(struct m3_member *m, char **argv, long outstanding)
{
	struct slot *slots = calloc((size_t)outstanding, sizeof(*slots));
	long calls = share(argv[7], outstanding), i;
	uint64_t *samples =
		calloc((size_t)(calls * outstanding), sizeof(*samples));
	uint64_t start;

	if (!slots || !samples)
		exit(1);
	for (i = 0; i < outstanding; i++) {
		slots[i] = (struct slot){
			.m = m,
			.self = atoi(argv[3]) + (int)i,
			.server = atoi(argv[4]),
			.warm_up = share(argv[6], outstanding),
			.calls = calls,
			.samples = samples + i * calls,
		};
		must("bind", m3_bind(m, slots[i].self));
		if (pthread_create(&slots[i].thread, NULL, loop, &slots[i]))
			exit(1);
	}
	pthread_barrier_wait(&begin);
	start = now();
	pthread_barrier_wait(&end);
	report(samples, calls * outstanding, now() - start);
	for (i = 0; i < outstanding; i++)
		pthread_join(slots[i].thread, NULL);
	free(samples);
	free(slots);
}

int main(int argc, char **argv)
{
	struct m3_member *m;
	long outstanding;

	if (argc != 8) {
		fprintf(stderr, "usage: %s <core directory> <dc> <endpoint> "
				"<server> <outstanding> <warm-up> "
				"<round trips>\n", argv[0]);
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	outstanding = atol(argv[5]);
	pthread_barrier_init(&begin, NULL, (unsigned int)outstanding + 1);
	pthread_barrier_init(&end, NULL, (unsigned int)outstanding + 1);
	must("join", m3_join(argv[1], atoi(argv[2]), &m));
	run(m, argv, outstanding);
	m3_leave(m);
	return 0;
}
