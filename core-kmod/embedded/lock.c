// SPDX-License-Identifier: MIT
/*
 * The lock of a DC: a futex word that holds the owner's thread id. It is on
 * the robust list only through list_op_pending (set_robust_list(2)): the
 * kernel marks the word OWNER_DIED when its holder dies, whenever that is, at
 * the cost of two stores; no list has to be kept in shared memory.
 */
#include "embedded.h"
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SPINS 100

static __thread struct robust_list_head *robust;
static __thread uint32_t tid;

uint32_t m3_tid(void)
{
	if (!tid)
		tid = (uint32_t)syscall(SYS_gettid);
	return tid;
}

void m3_thread_forget(void)
{
	tid = 0;
	robust = NULL;
}

static void thread_setup(void)
{
	static __thread struct robust_list_head own;
	size_t length;

	m3_tid();
	if (syscall(SYS_get_robust_list, 0, &robust, &length) || !robust) {
		own.list.next = &own.list;
		syscall(SYS_set_robust_list, &own, sizeof(own));
		robust = &own;
	}
}

static void pending(uint32_t *word)
{
	char *entry = word ? (char *)word - robust->futex_offset : NULL;

	*(void *volatile *)&robust->list_op_pending = entry;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* Waits until the word is free, then takes it. 1: its owner had died. */
static int acquire(uint32_t *word, uint32_t bound_ms)
{
	uint64_t until = bound_ms ? m3_clock_ns() + bound_ms * 1000000ull : 0;
	uint32_t v, waiters = 0;
	int i;

	for (i = 0;; i++) {
		v = __atomic_load_n(word, __ATOMIC_RELAXED);
		if (!(v & FUTEX_TID_MASK)) {
			if (__atomic_compare_exchange_n(
				    word, &v,
				    tid | waiters | (v & FUTEX_WAITERS), 0,
				    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
				return !!(v & FUTEX_OWNER_DIED);
			continue;
		}
		if (i < SPINS) {
			m3_cpu_relax();
			continue;
		}
		/* Others may sleep too: whoever slept keeps the mark. */
		waiters = FUTEX_WAITERS;
		if (!(v & FUTEX_WAITERS) &&
		    !__atomic_compare_exchange_n(word, &v, v | FUTEX_WAITERS, 0,
						 __ATOMIC_RELAXED,
						 __ATOMIC_RELAXED))
			continue;
		m3_futex_wait(word, v | FUTEX_WAITERS, M3_SLICE_NS);
		if (until && m3_clock_ns() >= until)
			return -M3_ESUSPENDED;
	}
}

int m3_begin(struct m3_map *map, struct m3_section *s, uint32_t bound_ms)
{
	uint32_t *word = &map->r->lock;
	int died;

	if (m3_map_forked(map))
		return -M3_EFORKED;
	if (!robust)
		thread_setup();
	pending(word);
	died = acquire(word, bound_ms);
	if (died < 0) {
		pending(NULL);
		return died;
	}
	m3_crash_point();
	if (died)
		m3_repair(map->r);
	s->map = map;
	s->t.r = map->r;
	s->t.handle = map->handle;
	s->t.wakes = 0;
	s->t.ring = 0;
	s->t.ring_all = 0;
	s->t.waits = 0;
	if (died)
		m3_migration_repair(&s->t);
	return 0;
}

static void release(uint32_t *word)
{
	m3_crash_point();
	if (__atomic_exchange_n(word, 0, __ATOMIC_RELEASE) & FUTEX_WAITERS)
		m3_futex_wake(word, 1);
	m3_crash_point();
	pending(NULL);
}

static void ring_all(struct m3_map *map)
{
	uint32_t i;

	for (i = 0; i < m3_spanned(map->r); i++)
		if (*m3_spans(map->r, i))
			m3_ring_peer(map, i);
}

/*
 * A bell is rung once for all of its endpoints: who is rung for the first one
 * would be awake, and have armed it again, before the second.
 */
void m3_platform_flush(struct m3_txn *t)
{
	struct m3_section *s = (struct m3_section *)(void *)t;
	uint32_t i, handle, last = M3_NIL;

	for (i = 0; i < t->wakes; i++) {
		handle = m3_wake(s->map, t->wake[i], t->tag[i]);
		m3_crash_point();
		if (handle == M3_NIL || handle == last)
			continue;
		if (last != M3_NIL)
			m3_ring_handle(s->map, last);
		last = handle;
	}
	if (last != M3_NIL)
		m3_ring_handle(s->map, last);
	t->wakes = 0;
}

void m3_end(struct m3_section *s)
{
	if (s->t.waits)
		m3_bind_settle(&s->t);
	release(&s->map->r->lock);
	if (s->t.wakes)
		m3_platform_flush(&s->t);
	if (s->t.ring_all)
		ring_all(s->map);
	else if (s->t.ring)
		m3_ring_peer(s->map, s->t.ring - 1);
}
