// SPDX-License-Identifier: MIT
/*
 * Waiting: first where the partner was last seen decides. On this CPU: hand it
 * over with sched_yield, guarded (a yield that took long means that a third
 * process got the CPU: stop yielding for a while). On another CPU: spin for
 * about one sleep and wake. Then the kernel. Measured: core.md, "Waiting".
 */
#include "embedded.h"
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define YIELDS 8
#define BACKOFF_MIN 64u /* calls that sleep at once after a long yield */
#define BACKOFF_STEP 32u /* another at once: somebody wants all of this CPU */
#define BACKOFF_MAX 65536u
#define BACKOFF_GOOD 64u /* quick yields that halve it */

/*
 * The guard of yield_to(), in ticks of the cheapest clock there is: a limit of
 * 50-250 us need not be exact.
 */
#if defined(__x86_64__) || defined(__i386__)
#define YIELD_LONG 250000u
#define ticks() __builtin_ia32_rdtsc()
#else
#define YIELD_LONG 100000u
#define ticks() m3_clock_ns()
#endif

static __thread struct {
	uint32_t skip, backoff, good;
} yields = { .backoff = BACKOFF_MIN };

uint64_t m3_clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

uint64_t m3_platform_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME_COARSE, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

void m3_futex_wake(uint32_t *word, int count)
{
	syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}

int m3_futex_wait(uint32_t *word, uint32_t value, uint64_t ns)
{
	struct timespec ts = { (time_t)(ns / 1000000000ull),
			       (long)(ns % 1000000000ull) };

	if (syscall(SYS_futex, word, FUTEX_WAIT, value, &ts, NULL, 0))
		return errno;
	return 0;
}

/* Yields once; 1: to a third process, for that was long. */
static int yield_once(void)
{
	uint64_t took = ticks();

	sched_yield();
	took = ticks() - took;
	if (took > YIELD_LONG)
		return 1;
	if (yields.backoff > BACKOFF_MIN && ++yields.good % BACKOFF_GOOD == 0)
		yields.backoff /= 2;
	return 0;
}

/* The partner shares this CPU: let it run. */
static int yield_to(struct m3_region *r, uint32_t i, uint32_t tag)
{
	int n;

	if (yields.skip > 0) {
		yields.skip--;
		return m3_has_event(r, i, tag);
	}
	for (n = 0; n < YIELDS; n++) {
		if (m3_has_event(r, i, tag))
			return 1;
		if (yield_once()) {
			yields.skip = yields.backoff;
			if (yields.backoff < BACKOFF_MAX)
				yields.backoff *= BACKOFF_STEP;
			break;
		}
	}
	return m3_has_event(r, i, tag);
}

/* The clock is read only when the partner is not quick. */
static int spin_for(struct m3_map *map, uint32_t i, uint32_t tag,
		    struct m3_slot *partner)
{
	uint64_t until = 0, now;
	int n;

	for (n = 1;; n++) {
		if (m3_has_event(map->r, i, tag))
			return 1;
		m3_cpu_relax();
		if (n % 64)
			continue;
		if (partner->cpu == (uint32_t)sched_getcpu())
			return 0;
		now = m3_clock_ns();
		if (!until)
			until = now + map->spin_ns;
		else if (now >= until)
			return 0;
	}
}

/*
 * Who waits for one process goes where that runs: both then hand the CPU over.
 * A server that takes from anybody stays, or its clients would drag it about.
 */
static int follows(const struct m3_region *r, const struct m3_slot *s)
{
	if (!(r->flags & M3_DC_AFFINITY) || s->waits != M3_WAITS_FUTEX)
		return 0;
	return s->op == M3_OP_SEND || s->op == M3_OP_SENDREC ||
	       (s->op == M3_OP_RECEIVE && s->getfrom != M3_ANY);
}

/* 1: the call ended before there was a need to sleep. */
static int wait_awake(struct m3_map *map, uint32_t i, uint32_t tag)
{
	struct m3_region *r = map->r;
	struct m3_slot *s = m3_slot(r, i), *partner;
	uint32_t cpu = (uint32_t)sched_getcpu(), p = s->partner;

	if (s->cpu != cpu)
		s->cpu = cpu;
	if (p >= r->slots)
		return m3_has_event(r, i, tag);
	partner = m3_slot(r, p);
	if (partner->rts & (M3_RTS_REMOTE | M3_RTS_SLOT_FREE) ||
	    partner->waits == M3_WAITS_DOORBELL)
		return m3_has_event(r, i, tag);
	if (partner->cpu != cpu && follows(r, s)) {
		m3_affinity_follow(map, i, partner->cpu);
		cpu = (uint32_t)sched_getcpu();
		s->cpu = cpu;
	}
	if (partner->cpu == cpu)
		return yield_to(r, i, tag);
	return spin_for(map, i, tag, partner);
}

static uint64_t slice(uint64_t now, uint64_t deadline)
{
	if (deadline && deadline - now < M3_SLICE_NS)
		return deadline - now;
	return M3_SLICE_NS;
}

int m3_wait(struct m3_map *map, uint32_t i, uint32_t tag, uint64_t deadline)
{
	uint32_t *event = &m3_slot(map->r, i)->event;
	uint64_t now;
	int e;

	if (wait_awake(map, i, tag))
		return m3_take_event(map->r, i, tag);
	m3_doze(map->r, i, tag);
	if (m3_has_event(map->r, i, tag))
		return m3_take_event(map->r, i, tag);
	now = m3_clock_ns();
	if (deadline && now >= deadline)
		return -M3_ETIMEDOUT;
	e = m3_futex_wait(event, tag | M3_EV_ASLEEP, slice(now, deadline));
	if (m3_has_event(map->r, i, tag))
		return m3_take_event(map->r, i, tag);
	if (e == EINTR)
		return -M3_EINTR;
	return deadline && m3_clock_ns() >= deadline ? -M3_ETIMEDOUT :
						       -M3_EAGAIN;
}

static uint32_t set_ready(struct m3_map *map, uint32_t i, uint32_t handle)
{
	if (handle >= map->r->handles)
		return M3_NIL;
	__atomic_fetch_or(m3_ready_bits(map->r, handle) + i / 32,
			  1u << (i & 31), __ATOMIC_SEQ_CST);
	return handle;
}

uint32_t m3_wake(struct m3_map *map, uint32_t i, uint32_t tag)
{
	struct m3_slot *s = m3_slot(map->r, i);
	int was;

	if (tag == M3_TAG_INPUT)
		return set_ready(map, i, s->handle);
	was = m3_raise(s, tag);
	if (was < 0)
		return M3_NIL;
	m3_crash_point();
	if (was == M3_EV_ASLEEP)
		m3_futex_wake(&s->event, 1);
	else if (s->waits == M3_WAITS_DOORBELL)
		return set_ready(map, i, s->handle);
	return M3_NIL;
}

void m3_wait_briefly(struct m3_map *map, uint32_t i, uint32_t tag)
{
	m3_wait(map, i, tag, m3_clock_ns() + 1000000);
}

int m3_is_dying(void)
{
	return 0;
}

void m3_nap(uint64_t ns)
{
	struct timespec ts = { (time_t)(ns / 1000000000ull),
			       (long)(ns % 1000000000ull) };

	nanosleep(&ts, NULL);
}

uint32_t m3_bound_seen(struct m3_map *map)
{
	return __atomic_load_n(&m3_handle(map->r, map->handle)->bound,
			       __ATOMIC_ACQUIRE);
}

int m3_bound_wait(struct m3_map *map, uint32_t seen, uint64_t deadline)
{
	uint32_t *word = &m3_handle(map->r, map->handle)->bound;
	uint64_t now = m3_clock_ns();

	if (deadline && now >= deadline)
		return -M3_ETIMEDOUT;
	return m3_futex_wait(word, seen, slice(now, deadline)) == EINTR ?
		       -M3_EINTR : -M3_EAGAIN;
}

void m3_bound_wake(struct m3_map *map, uint32_t handle)
{
	m3_futex_wake(&m3_handle(map->r, handle)->bound, INT_MAX);
}

#define ROUNDS 64

struct pingpong {
	uint32_t ping, pong;
};

static void *echo(void *arg)
{
	struct pingpong *p = arg;
	uint32_t n;

	for (n = 1; n <= ROUNDS; n++) {
		while (__atomic_load_n(&p->ping, __ATOMIC_ACQUIRE) != n)
			m3_futex_wait(&p->ping, n - 1, M3_SLICE_NS);
		__atomic_store_n(&p->pong, n, __ATOMIC_RELEASE);
		m3_futex_wake(&p->pong, 1);
	}
	return NULL;
}

/* Nanoseconds of one sleep and wake on this machine, 2-50 us. */
uint32_t m3_calibrate(void)
{
	struct pingpong p = { 0, 0 };
	uint64_t start;
	pthread_t thread;
	uint32_t n;

	if (pthread_create(&thread, NULL, echo, &p))
		return 20000;
	start = m3_clock_ns();
	for (n = 1; n <= ROUNDS; n++) {
		__atomic_store_n(&p.ping, n, __ATOMIC_RELEASE);
		m3_futex_wake(&p.ping, 1);
		while (__atomic_load_n(&p.pong, __ATOMIC_ACQUIRE) != n)
			m3_futex_wait(&p.pong, n - 1, M3_SLICE_NS);
	}
	start = (m3_clock_ns() - start) / (2 * ROUNDS);
	pthread_join(thread, NULL);
	return start < 2000 ? 2000 : start > 50000 ? 50000 : (uint32_t)start;
}
