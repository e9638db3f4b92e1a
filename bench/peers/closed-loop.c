// SPDX-License-Identifier: MIT
/* Loops of calls: a thread for each call that is outstanding, in processes. */
#include "peer.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* All processes map it. */
struct shared {
	pthread_barrier_t begin, end; /* all threads, and who measures */
	uint64_t cpu_ns; /* of all threads, while they were measured */
	uint64_t samples[]; /* ns, `calls` of each thread */
};

struct thread {
	pthread_t id;
	const struct load *load;
	struct shared *shared;
	void *joined;
	long index, warm_up, calls;
};

static uint64_t read_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static void round_trip(const struct thread *t, void *opened, uint64_t number)
{
	char bytes[BYTES] = { 0 };

	number |= (uint64_t)t->index << 48;
	memcpy(bytes, &number, sizeof(number));
	t->load->contender->call(opened, bytes);
	errno = 0;
	must(!memcmp(bytes, &number, sizeof(number)), "a reply to another call");
}

/* When a call of this thread is due. Threads take turns. */
static uint64_t due(const struct thread *t, uint64_t begin, long i)
{
	double turn = (double)i * (double)t->load->outstanding +
		      (double)t->index;

	return begin + (uint64_t)(turn * 1e9 / t->load->per_second);
}

static uint64_t wait_until(uint64_t moment)
{
	struct timespec at = { (time_t)(moment / 1000000000u),
			       (long)(moment % 1000000000u) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL))
		;
	return moment;
}

static void *loop(void *data)
{
	const struct thread *t = data;
	const struct load *load = t->load;
	uint64_t *samples = t->shared->samples + t->index * t->calls, start, begin,
		 cpu;
	void *opened = load->contender->open(t->joined, load->arguments,
					     t->index);
	long i;

	for (i = 0; i < t->warm_up; i++)
		round_trip(t, opened, (uint64_t)(t->calls + i));
	/* Sleepers are to wake when they want to, not up to 50 us later. */
	prctl(PR_SET_TIMERSLACK, 1);
	pthread_barrier_wait(&t->shared->begin);
	cpu = read_clock(CLOCK_THREAD_CPUTIME_ID);
	begin = now();
	for (i = 0; i < t->calls; i++) {
		start = load->per_second > 0 ?
				wait_until(due(t, begin, i)) : now();
		round_trip(t, opened, (uint64_t)i);
		samples[i] = now() - start;
	}
	cpu = read_clock(CLOCK_THREAD_CPUTIME_ID) - cpu;
	__atomic_fetch_add(&t->shared->cpu_ns, cpu, __ATOMIC_RELAXED);
	pthread_barrier_wait(&t->shared->end);
	return NULL;
}

/* Rounded up: each thread makes the same number of calls. */
static long share(long total, long parts)
{
	return (total + parts - 1) / parts;
}

/* The threads of one process, which began with thread `first`. */
static void run_threads(const struct load *load, struct shared *shared,
			long first, long count)
{
	struct thread *threads = calloc((size_t)count, sizeof(*threads));
	void *joined = load->contender->join(load->arguments);
	long i;

	must(threads != NULL, "calloc");
	for (i = 0; i < count; i++) {
		threads[i] = (struct thread){
			.load = load,
			.shared = shared,
			.joined = joined,
			.index = first + i,
			.warm_up = share(load->warm_up, load->outstanding),
			.calls = share(load->round_trips, load->outstanding),
		};
		must(!pthread_create(&threads[i].id, NULL, loop, &threads[i]),
		     "pthread_create");
	}
	for (i = 0; i < count; i++)
		pthread_join(threads[i].id, NULL);
	free(threads);
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void report(struct shared *shared, long count, uint64_t ns)
{
	uint64_t *samples = shared->samples;

	qsort(samples, (size_t)count, sizeof(*samples), ascending);
	printf("{\"p50Us\":%.3f,\"p90Us\":%.3f,\"p99Us\":%.3f,"
	       "\"p999Us\":%.3f,\"maxUs\":%.3f,"
	       "\"roundTripsPerSecond\":%.3f,\"cpuUsPerRoundTrip\":%.4f}\n",
	       (double)samples[count / 2] / 1e3,
	       (double)samples[count * 9 / 10] / 1e3,
	       (double)samples[count * 99 / 100] / 1e3,
	       (double)samples[count * 999 / 1000] / 1e3,
	       (double)samples[count - 1] / 1e3,
	       (double)count * 1e9 / (double)ns,
	       (double)shared->cpu_ns / 1e3 / (double)count);
}

static struct shared *share_memory(const struct load *load, long count)
{
	size_t bytes = sizeof(struct shared) +
		       (size_t)count * sizeof(uint64_t);
	struct shared *shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int waiting = (unsigned int)load->outstanding + 1;
	pthread_barrierattr_t attr;

	must(shared != MAP_FAILED, "mmap");
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->begin, &attr, waiting);
	pthread_barrier_init(&shared->end, &attr, waiting);
	return shared;
}

/* One that fails would leave the others waiting at a barrier: it ends all. */
static void child_ended(int signal)
{
	int status;

	(void)signal;
	while (waitpid(-1, &status, WNOHANG) > 0)
		if (!WIFEXITED(status) || WEXITSTATUS(status))
			_exit(1);
}

void closed_loop(const struct load *load)
{
	long each = share(load->outstanding, load->processes), first;
	long count = share(load->round_trips, load->outstanding) *
		     load->outstanding;
	struct shared *shared = share_memory(load, count);
	uint64_t start;

	must(each * load->processes == load->outstanding,
	     "outstanding: a multiple of the processes");
	signal(SIGCHLD, child_ended);
	for (first = 0; first < load->outstanding; first += each) {
		pid_t pid = fork();

		must(pid >= 0, "fork");
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			signal(SIGCHLD, SIG_DFL);
			run_threads(load, shared, first, each);
			exit(0);
		}
	}
	pthread_barrier_wait(&shared->begin);
	start = now();
	pthread_barrier_wait(&shared->end);
	report(shared, count, now() - start);
}
