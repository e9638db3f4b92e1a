// SPDX-License-Identifier: MIT
/*
 * Simulated processes can die. One dies at a crash point of the core
 * (longjmp(3) out of the call, nothing undone), or between two calls; what the
 * kernel does for a dead process is done here: its descriptors are closed, and
 * a lock that it holds is marked as a dead one's.
 */
#include <linux/futex.h>
#include <setjmp.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>
#include "../../core-kmod/lib/lib.h"
#include "sim.h"

struct m3_sim m3_sim;

static int calling; /* inside a call that can be died in */
static jmp_buf out;

void m3_crash_point(void)
{
	if (calling && m3_sim.fuse && --m3_sim.fuse == 0)
		longjmp(out, 1);
}

/* Where a variant of the core goes wrong: who is to die dies exactly there. */
void m3_sim_spot(void);
void m3_sim_spot(void)
{
	if (calling && m3_sim.fuse) {
		m3_sim.fuse = 0;
		longjmp(out, 1);
	}
}

/* ---------------------------------------- time and chance of the machine */

uint64_t __wrap_m3_platform_now(void);
uint64_t __wrap_m3_platform_now(void)
{
	return m3_sim.now_ns;
}

uint32_t __wrap_m3_calibrate(void);
uint32_t __wrap_m3_calibrate(void)
{
	return 2000;
}

/* Chance of an incarnation: splitmix64 of the seed and a counter. */
ssize_t __wrap_getrandom(void *to, size_t bytes, unsigned int flags);
ssize_t __wrap_getrandom(void *to, size_t bytes, unsigned int flags)
{
	uint64_t x = m3_sim.seed + ++m3_sim.drawn * 0x9e3779b97f4a7c15ull;
	char *at = to;
	size_t i;

	(void)flags;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	x ^= x >> 31;
	for (i = 0; i < bytes; i++)
		at[i] = (char)(x >> 8 * (i % 8));
	return (ssize_t)bytes;
}

time_t __wrap_time(time_t *at);
time_t __wrap_time(time_t *at)
{
	time_t now = (time_t)(m3_sim.now_ns / 1000000000ull);

	if (at)
		*at = now;
	return now;
}

/* ------------------------------------------------- calls that can be died in */

/* The kernel's part of robust futexes: this thread is every process. */
static void lock_abandon(struct m3_map *map)
{
	uint32_t *word = map ? &map->r->lock : NULL;

	if (word && (*word & FUTEX_TID_MASK) == m3_tid())
		*word = FUTEX_OWNER_DIED;
}

static void locks_abandon(struct m3_node *node)
{
	uint32_t dc;

	for (dc = 0; dc < M3_MAX_DCS; dc++)
		lock_abandon(node->maps[dc]);
}

/* A call of a process that may die in it: what it answers then is not read. */
#define MORTAL(result, arguments, names, call, abandon)                       \
	result __real_##call arguments;                                       \
	result __wrap_##call arguments;                                       \
	result __wrap_##call arguments                                        \
	{                                                                     \
		result answer = -M3_EIO;                                      \
                                                                              \
		calling = 1;                                              \
		if (setjmp(out)) {                                        \
			abandon;                                              \
			m3_sim.died = 1;                                         \
		} else {                                                      \
			answer = __real_##call names;                         \
		}                                                             \
		calling = 0;                                              \
		return answer;                                                \
	}

#define PROXY_CALL(call, arguments, names) \
	MORTAL(int, arguments, names, call, locks_abandon(p->node))
#define MEMBER_CALL(call, arguments, names) \
	MORTAL(int, arguments, names, call, lock_abandon(m->map))

PROXY_CALL(m3_proxy_opened, (struct m3_proxy *p, const struct m3_dc_open *open),
	   (p, open))
PROXY_CALL(m3_proxy_disconnected, (struct m3_proxy *p), (p))
PROXY_CALL(m3_proxy_take, (struct m3_proxy *p, int dc, int lane, void *frame,
			   uint32_t size, uint32_t *count),
	   (p, dc, lane, frame, size, count))
PROXY_CALL(m3_proxy_acknowledge, (struct m3_proxy *p, int dc, void *frame,
				  uint32_t size), (p, dc, frame, size))
PROXY_CALL(m3_proxy_put, (struct m3_proxy *p, const void *frame, uint32_t size),
	   (p, frame, size))
MEMBER_CALL(m3_start, (struct m3_member *m, struct m3_call *c), (m, c))
MEMBER_CALL(m3_finish, (struct m3_member *m, struct m3_call *c), (m, c))
MEMBER_CALL(m3_cancel, (struct m3_member *m, struct m3_call *c, int error),
	    (m, c, error))
MEMBER_CALL(m3_bell_serve, (struct m3_member *m, int32_t *eps, int max),
	    (m, eps, max))
MEMBER_CALL(m3_reply, (struct m3_member *m, int self, int dst,
		       struct m3_message *message), (m, self, dst, message))
MEMBER_CALL(m3_notify, (struct m3_member *m, int self, int dst),
	    (m, self, dst))
MEMBER_CALL(m3_unbind, (struct m3_member *m, int ep), (m, ep))

/* ------------------------------------------------------ processes that end */

void __real_m3_leave(struct m3_member *m);
void __wrap_m3_leave(struct m3_member *m);
void __wrap_m3_leave(struct m3_member *m)
{
	if (!m3_sim.killing) {
		__real_m3_leave(m);
		return;
	}
	lock_abandon(m->map);
	if (m->bell >= 0)
		close(m->bell);
	m3_map_close(m->map);
	free(m->busy);
	free(m);
}

void __real_m3_detach(struct m3_proxy *p);
void __wrap_m3_detach(struct m3_proxy *p);
void __wrap_m3_detach(struct m3_proxy *p)
{
	struct m3_proxy **at = &p->node->platform.proxies[p->peer];
	uint32_t dc;

	if (!m3_sim.killing) {
		__real_m3_detach(p);
		return;
	}
	locks_abandon(p->node);
	for (dc = 0; dc < M3_MAX_DCS; dc++)
		if (p->holds[dc].bell >= 0)
			close(p->holds[dc].bell);
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	free(p);
}

int m3_sim_rung(struct m3_member *m)
{
	return !m3_handle(m->map->r, m->map->handle)->armed;
}
