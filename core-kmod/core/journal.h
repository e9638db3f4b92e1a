/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * journal.h - all or nothing for every transition of the core.
 *
 * A member may be killed between any two stores. Each change of shared state
 * inside a critical section first notes the old value; m3_commit() forgets the
 * notes with one store; whoever takes the lock of a dead holder puts the old
 * values back (m3_repair). So a transition has happened or it has not, and put
 * is exactly once because `expected` advances in the record's own transition
 * (protocol 3).
 *
 * Not noted: bytes that nothing refers to before the commit (a message in a
 * slot that still waits, a block not yet queued, a ring entry at `next`).
 */
#ifndef M3_JOURNAL_H
#define M3_JOURNAL_H

#include "region.h"

#define M3_WAKES 64u

/* One critical section: opened and closed by the platform. */
struct m3_txn {
	struct m3_region *r;
	uint32_t handle; /* the caller's */
	uint32_t wakes; /* slots to wake after the lock is released */
	uint32_t wake[M3_WAKES];
	uint32_t tag[M3_WAKES]; /* event tag of the call that ended */
	uint32_t ring; /* node + 1 whose proxy has something to take */
	uint32_t ring_all; /* more than one has */
	uint32_t waits; /* a slot was bound or freed: m3_bind_settle() */
};

#define m3_barrier() __asm__ volatile("" ::: "memory")

/*
 * Numbered crash points of test builds: m3_crash_point() may kill the process.
 * Elsewhere they are nothing.
 */
#ifdef M3_CRASH_POINTS
void m3_crash_point(void);
#define m3_journal_full() (__builtin_trap(), 0u)
#else
#define m3_crash_point() ((void)0)
#define m3_journal_full() (M3_JOURNAL_ENTRIES - 1)
#endif

static inline void m3_note_where(struct m3_region *r,
				 struct m3_journal_entry *e, const void *at)
{
#ifdef __KERNEL__
	(void)r;
	e->word = (uint32_t *)(uintptr_t)at;
#else
	e->offset = (uint32_t)((const char *)at - (const char *)r);
#endif
}

/* Notes the word at `at`, which is about to be overwritten. */
static inline void m3_note(struct m3_region *r, const void *at, uint32_t old)
{
	struct m3_journal *j = m3_journal(r);
	uint32_t n = j->length;

	/*
	 * No transition is that long (test builds stop here if one is): a
	 * hostile member wrote the length, and harms its own DC only.
	 */
	if (n >= M3_JOURNAL_ENTRIES)
		n = m3_journal_full();
	m3_note_where(r, &j->entry[n], at);
	j->entry[n].old = old;
	m3_barrier();
	__atomic_store_n(&j->length, n + 1, __ATOMIC_RELEASE);
	m3_crash_point();
}

/* Notes bytes that are referred to and about to be overwritten. */
static inline void m3_note_range(struct m3_region *r, const void *at,
				 uint32_t bytes)
{
	const char *word = (const char *)at;
	uint32_t old;

	for (; bytes; bytes -= 4, word += 4) {
		__builtin_memcpy(&old, word, 4);
		m3_note(r, word, old);
	}
}

static inline void m3_set32(struct m3_region *r, uint32_t *field, uint32_t v)
{
	if (*field == v)
		return;
	m3_note(r, field, *field);
	__atomic_store_n(field, v, __ATOMIC_RELEASE);
	m3_crash_point();
}

/* A word that is not noted, but looked at by who has not the lock. */
static inline void m3_store32(uint32_t *field, uint32_t v)
{
	__atomic_store_n(field, v, __ATOMIC_RELAXED);
}

static inline void m3_seti(struct m3_region *r, int32_t *field, int32_t v)
{
	m3_set32(r, (uint32_t *)field, (uint32_t)v);
}

/* Where the low half of a 64-bit field is. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define M3_LOW_HALF 0
#else
#define M3_LOW_HALF 4
#endif

/* Notes the halves that change: of a counter that is mostly one. */
static inline void m3_set64(struct m3_region *r, uint64_t *field, uint64_t v)
{
	const char *low = (const char *)field + M3_LOW_HALF;
	const char *high = (const char *)field + (4 - M3_LOW_HALF);
	uint64_t old = *field;

	if (old == v)
		return;
	if ((uint32_t)old != (uint32_t)v)
		m3_note(r, low, (uint32_t)old);
	if (old >> 32 != v >> 32)
		m3_note(r, high, (uint32_t)(old >> 32));
	__atomic_store_n(field, v, __ATOMIC_RELEASE);
	m3_crash_point();
}

static inline void m3_commit(struct m3_region *r)
{
	m3_barrier();
	__atomic_store_n(&m3_journal(r)->length, 0, __ATOMIC_RELEASE);
	m3_crash_point();
}

/* Undoes what has not been committed. */
void m3_undo(struct m3_region *r);
/* The same, because the lock's former holder is dead; counted. */
void m3_repair(struct m3_region *r);

/* Tag of a wake-up that ends no call: input for a watched endpoint. */
#define M3_TAG_INPUT 3u
/* Low bits of the tag of a wake-up that asks for a process's memory. */
#define M3_TAG_SERVE 1u

/* The platform wakes slot `i` for the end of its call, after the lock. */
void m3_wake_later(struct m3_txn *t, uint32_t i);
/* The platform wakes slot `i`, blocked in its call, to serve a copy. */
void m3_serve_later(struct m3_txn *t, uint32_t i);
/* The platform rings the bell of slot `i`, if it is watched. */
void m3_input_later(struct m3_txn *t, uint32_t i);
/* The platform rings the bell of a peer's proxy. */
void m3_ring_later(struct m3_txn *t, uint32_t node);
/* Called when a transaction has no room for another wake-up. */
void m3_platform_flush(struct m3_txn *t);
/*
 * Gives a new buffer, [at, +bytes) of the region, memory; 0 or -ENOSPC. May
 * change r->grown, within the transition.
 */
int m3_platform_back(struct m3_txn *t, uint64_t at, uint64_t bytes);
/* Gives the tables of group `group` of slots memory; 0, or -ENOSPC. */
int m3_platform_back_slots(struct m3_txn *t, uint32_t group);
/* CLOCK_REALTIME in nanoseconds. */
uint64_t m3_platform_now(void);

#endif
