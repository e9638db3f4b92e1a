// SPDX-License-Identifier: MIT
/* Starts the processes of one measurement where they belong, and measures. */
#include "local.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES (1u << 20)
#define WARM_UP 5 /* a fifth of the time, before */
#define PATIENCE_S 60 /* no measurement takes that long */
#define SMALL 8192u /* of replies: so many calls between looks at the clock */
#define BATCH 16

/* What the processes of a measurement share. */
struct shared {
	pthread_barrier_t clients; /* all of them, before they measure */
	pthread_barrier_t ready[MAX_PAIRS]; /* server, then client */
	struct outcome {
		uint64_t made, ns; /* round trips, and how long they took */
		uint64_t cpu_ns; /* of client and server */
		struct counts counts; /* the same */
		uint32_t p50_ns, p99_ns;
		int failed, error; /* errno, or 0 */
		char failure[64];
	} of[MAX_PAIRS];
};

struct run {
	const struct plan *plan;
	struct shared *shared;
	struct pair pair[MAX_PAIRS];
	cpu_set_t allowed;
	int cpu[CPU_SETSIZE], cpus;
	pid_t client[MAX_PAIRS], server[MAX_PAIRS], hog[MAX_PAIRS];
};

const char *failure = "nothing";

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void mark(void *data, uint32_t bytes, uint32_t sequence)
{
	memcpy(data, &sequence, sizeof(sequence));
	memcpy((char *)data + bytes - sizeof(sequence), &sequence,
	       sizeof(sequence));
}

int is_marked(const void *data, uint32_t bytes, uint32_t sequence)
{
	return !memcmp(data, &sequence, sizeof(sequence)) &&
	       !memcmp((const char *)data + bytes - sizeof(sequence),
		       &sequence, sizeof(sequence));
}

/* ------------------------------------------------------- round trips */

static int call(struct pair *p)
{
	const struct mechanism *m = p->mechanism;
	int i;

	if (m->call)
		return m->call(p);
	mark(p->buffer, p->request_bytes, ++p->sequence);
	if (m->send(p, CLIENT_SIDE, p->buffer, p->request_bytes))
		return -1;
	for (i = 0; i < p->blocks; i++) {
		if (m->receive(p, CLIENT_SIDE, p->buffer, p->reply_bytes))
			return -1;
		if (!is_marked(p->buffer, p->reply_bytes, p->sequence)) {
			errno = EBADMSG;
			return fails("wrong reply");
		}
	}
	return 0;
}

static int serve(struct pair *p)
{
	const struct mechanism *m = p->mechanism;
	uint32_t sequence;
	int i;

	if (m->serve)
		return m->serve(p);
	for (;;) {
		if (m->receive(p, SERVER_SIDE, p->buffer, p->request_bytes))
			return -1;
		memcpy(&sequence, p->buffer, sizeof(sequence));
		mark(p->buffer, p->reply_bytes, sequence);
		for (i = 0; i < p->blocks; i++)
			if (m->send(p, SERVER_SIDE, p->buffer, p->reply_bytes))
				return -1;
	}
}

static int calls(struct pair *p, uint64_t ns, struct outcome *of)
{
	uint64_t start = now();
	int i, batch = p->reply_bytes > SMALL ? 1 : BATCH;

	of->made = 0;
	do {
		for (i = 0; i < batch; i++)
			if (call(p))
				return -1;
		of->made += (uint64_t)batch;
		of->ns = now() - start;
	} while (of->ns < ns);
	return 0;
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int timed_calls(struct pair *p, uint64_t ns, struct outcome *of)
{
	uint32_t *sample = calloc(SAMPLES, sizeof(*sample)), made = 0;
	uint64_t start = now(), before = start, t = start;
	int e = sample ? 0 : fails("samples");

	while (!e && t - start < ns && made < SAMPLES) {
		e = call(p);
		t = now();
		sample[made++] = (uint32_t)(t - before);
		before = t;
	}
	if (!e) {
		qsort(sample, made, sizeof(*sample), ascending);
		of->p50_ns = sample[made / 2];
		of->p99_ns = sample[(uint64_t)made * 99 / 100];
		of->made = made;
		of->ns = t - start;
	}
	free(sample);
	return e;
}

/* --------------------------------------------------------- processes */

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void place(const struct run *run, int pair, enum side side)
{
	enum placement at = run->plan->placement;
	int apart = at == TWO_CORES || at == NOT_PINNED;

	pin(run->cpu[(pair + (apart && side == SERVER_SIDE)) % run->cpus]);
	/* It stays where it is until the kernel moves it. */
	if (at == NOT_PINNED)
		sched_setaffinity(0, sizeof(run->allowed), &run->allowed);
}

static int get_buffer(struct pair *p)
{
	char *at = mmap(NULL, MAX_BYTES + 2 * 4096, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (at == MAP_FAILED)
		return fails("buffer");
	p->buffer = at + 4096;
	return 0;
}

/* That this process and the server have used so far. */
static uint64_t cpu_ns(pid_t server)
{
	struct timespec mine, its = { 0, 0 };
	clockid_t clock;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &mine);
	if (!clock_getcpuclockid(server, &clock))
		clock_gettime(clock, &its);
	return (uint64_t)(mine.tv_sec + its.tv_sec) * 1000000000u +
	       (uint64_t)(mine.tv_nsec + its.tv_nsec);
}

static int client(struct run *run, int i)
{
	const struct mechanism *m = run->plan->mechanism;
	struct outcome *of = &run->shared->of[i];
	struct pair *p = &run->pair[i];
	uint64_t ns = run->plan->ns, cpu;
	struct counter counter;

	if (get_buffer(p))
		return -1;
	pthread_barrier_wait(&run->shared->ready[i]);
	if (m->open && m->open(p, CLIENT_SIDE))
		return -1;
	pthread_barrier_wait(&run->shared->clients);
	if (calls(p, ns / WARM_UP, of))
		return -1;
	count_begin(&counter, p, run->server[i]);
	cpu = cpu_ns(run->server[i]);
	if (run->plan->latency ? timed_calls(p, ns, of) : calls(p, ns, of))
		return -1;
	of->cpu_ns = cpu_ns(run->server[i]) - cpu;
	count_end(&counter, &of->counts);
	return m->hang_up ? m->hang_up(p) : 0;
}

static int server(struct run *run, int i)
{
	const struct mechanism *m = run->plan->mechanism;
	struct pair *p = &run->pair[i];

	if (get_buffer(p))
		return -1;
	if (m->open && m->open(p, SERVER_SIDE))
		return -1;
	pthread_barrier_wait(&run->shared->ready[i]);
	return serve(p);
}

static void burn(void)
{
	volatile uint64_t n = 0;

	for (;;)
		n++;
}

/* Only of the first of the two that fails: the other fails because of it. */
static void tell(struct outcome *of)
{
	int error = errno;

	if (__atomic_exchange_n(&of->failed, 1, __ATOMIC_ACQ_REL))
		return;
	of->error = error;
	strncpy(of->failure, failure, sizeof(of->failure) - 1);
}

/* Forks; in the child it never returns. */
static pid_t start(struct run *run, int i, enum side side)
{
	struct outcome *of = &run->shared->of[i];
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	signal(SIGTERM, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	alarm(PATIENCE_S);
	place(run, i, side);
	if (side == CLIENT_SIDE ? client(run, i) : server(run, i)) {
		tell(of);
		_exit(1);
	}
	_exit(0);
}

static pid_t start_hog(struct run *run, int i)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	signal(SIGTERM, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	place(run, i, CLIENT_SIDE);
	burn();
	return 0;
}

/* Set by SIGTERM: children are killed, and cleared up as after any failure. */
static volatile sig_atomic_t ended;

static void on_term(int signal)
{
	(void)signal;
	ended = 1;
}

static void kill_all(const pid_t *pid, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (pid[i] > 0)
			kill(pid[i], SIGKILL);
}

static void reap(pid_t *pid)
{
	while (*pid > 0 && waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
		;
	*pid = 0;
}

static void forget(pid_t *pids, pid_t pid)
{
	int i;

	for (i = 0; i < MAX_PAIRS; i++)
		if (pids[i] == pid)
			pids[i] = 0;
}

/* Until all clients are gone, or one process has failed. */
static int wait_clients(struct run *run)
{
	int status, left = run->plan->pairs, i, is_client;
	pid_t pid;

	while (left > 0 && !ended) {
		pid = waitpid(-1, &status, 0);
		if (pid < 0)
			continue;
		is_client = 0;
		for (i = 0; i < run->plan->pairs; i++)
			is_client |= run->client[i] == pid;
		forget(run->client, pid);
		forget(run->server, pid);
		if (status)
			return -1;
		left -= is_client;
	}
	return ended ? -1 : 0;
}

static void stop(struct run *run, int failed)
{
	int i, pairs = run->plan->pairs;

	kill_all(run->client, pairs);
	kill_all(run->hog, pairs);
	/* Who was hung up on ends by itself. */
	if (failed || !run->plan->mechanism->hang_up)
		kill_all(run->server, pairs);
	for (i = 0; i < pairs; i++) {
		reap(&run->client[i]);
		reap(&run->hog[i]);
		reap(&run->server[i]);
	}
}

/* ------------------------------------------------------- preparation */

static int cpus(struct run *run)
{
	int cpu;

	if (sched_getaffinity(0, sizeof(run->allowed), &run->allowed))
		return fails("sched_getaffinity");
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &run->allowed))
			run->cpu[run->cpus++] = cpu;
	if (run->cpus > 1 || run->plan->placement == ONE_CORE ||
	    run->plan->placement == BESIDE_HOG)
		return 0;
	errno = ENODEV;
	return fails("a second core");
}

static int share(struct run *run)
{
	pthread_barrierattr_t across;
	int i;

	run->shared = mmap(NULL, sizeof(*run->shared), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run->shared == MAP_FAILED)
		return fails("shared memory");
	pthread_barrierattr_init(&across);
	pthread_barrierattr_setpshared(&across, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&run->shared->clients, &across,
			     (unsigned int)run->plan->pairs);
	for (i = 0; i < MAX_PAIRS; i++)
		pthread_barrier_init(&run->shared->ready[i], &across, 2);
	return 0;
}

static int prepare(struct run *run)
{
	const struct plan *plan = run->plan;
	int i;

	for (i = 0; i < plan->pairs; i++) {
		run->pair[i] = (struct pair){
			.mechanism = plan->mechanism,
			.index = i,
			.request_bytes = plan->request_bytes,
			.reply_bytes = plan->reply_bytes,
			.copies = plan->copies,
			.blocks = plan->blocks,
			.fd = { { -1, -1 }, { -1, -1 } },
			.dir = plan->dir,
			.server_dir = plan->server_dir,
			.dc = plan->dc,
		};
		if (plan->mechanism->prepare &&
		    plan->mechanism->prepare(&run->pair[i]))
			return -1;
	}
	return 0;
}

static int start_all(struct run *run)
{
	int i;

	for (i = 0; i < run->plan->pairs; i++) {
		run->server[i] = start(run, i, SERVER_SIDE);
		run->client[i] = start(run, i, CLIENT_SIDE);
		if (run->plan->placement == BESIDE_HOG)
			run->hog[i] = start_hog(run, i);
		if (run->server[i] < 0 || run->client[i] < 0 || run->hog[i] < 0)
			return fails("fork");
	}
	return wait_clients(run);
}

/* The first failure that a process has told about. */
static void collect(const struct run *run, struct measured *m)
{
	const struct outcome *of;
	uint64_t cpu = 0;
	int i;

	*m = (struct measured){ 0 };
	for (i = 0; i < run->plan->pairs; i++) {
		of = &run->shared->of[i];
		m->per_second += (double)of->made * 1e9 /
				 (double)(of->ns ? of->ns : 1);
		m->made += of->made;
		cpu += of->cpu_ns;
		m->cpu_us = (double)cpu / 1e3 /
			    (double)(m->made ? m->made : 1);
		/* Of the first pair: several share a DC. */
		if (!i)
			m->counts = of->counts;
		m->p50_ns = of->p50_ns;
		m->p99_ns = of->p99_ns;
		if (of->failed) {
			errno = of->error;
			failure = of->failure;
			return;
		}
	}
}

int measure(const struct plan *plan, struct measured *measured)
{
	struct sigaction on_end = { .sa_handler = on_term };
	struct run run = { .plan = plan };
	int i, e;

	/* Without SA_RESTART: it interrupts waitpid(). */
	sigaction(SIGTERM, &on_end, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (cpus(&run) || share(&run))
		return -1;
	e = prepare(&run);
	if (!e) {
		failure = "a process ended";
		errno = ECHILD;
		e = start_all(&run);
		stop(&run, e);
		collect(&run, measured);
	}
	for (i = 0; plan->mechanism->clear && i < plan->pairs; i++)
		if (run.pair[i].mechanism)
			plan->mechanism->clear(&run.pair[i]);
	return e;
}
