/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * event.h - the word of a slot that a sleeper waits for: the low bits of its
 * call's id, so that a late wake-up ends no other call, and what has happened.
 */
#ifndef M3_EVENT_H
#define M3_EVENT_H

#include "../core/core.h"

/* Makes slot i's new call one that is waited for in this way. */
static inline void m3_arm(struct m3_region *r, uint32_t i, uint32_t waits)
{
	struct m3_slot *s = m3_slot(r, i);

	m3_store32(&s->waits, waits);
	__atomic_store_n(&s->event, (uint32_t)(s->call << 2) | M3_EV_ARMED,
			 __ATOMIC_RELEASE);
}

static inline int m3_is_done(struct m3_region *r, uint32_t i, uint32_t tag)
{
	return __atomic_load_n(&m3_slot(r, i)->event, __ATOMIC_ACQUIRE) ==
	       (tag | M3_EV_DONE);
}

/* The same without a wake-up, for who knows that the call has ended. */
static inline void m3_mark_done(struct m3_region *r, uint32_t i, uint32_t tag)
{
	uint32_t *event = &m3_slot(r, i)->event;
	uint32_t v = __atomic_load_n(event, __ATOMIC_ACQUIRE);

	while ((v & ~M3_EV_MASK) == tag &&
	       !__atomic_compare_exchange_n(event, &v, tag | M3_EV_DONE, 0,
					    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		;
}

/*
 * Is there no reason to wait on? The call ended, or is asked for memory; or the
 * endpoint has changed hands, and its word is that of a call of somebody else.
 */
static inline int m3_has_event(struct m3_region *r, uint32_t i, uint32_t tag)
{
	uint32_t v = __atomic_load_n(&m3_slot(r, i)->event, __ATOMIC_ACQUIRE);

	return v != (tag | M3_EV_ARMED) && v != (tag | M3_EV_ASLEEP);
}

/* 1: its memory is asked for, said once for each time; 0: the call ended. */
static inline int m3_take_event(struct m3_region *r, uint32_t i, uint32_t tag)
{
	uint32_t v = tag | M3_EV_SERVE;

	return __atomic_compare_exchange_n(&m3_slot(r, i)->event, &v,
					   tag | M3_EV_ARMED, 0,
					   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

/* It is about to sleep. */
static inline void m3_doze(struct m3_region *r, uint32_t i, uint32_t tag)
{
	uint32_t armed = tag | M3_EV_ARMED;

	__atomic_compare_exchange_n(&m3_slot(r, i)->event, &armed,
				    tag | M3_EV_ASLEEP, 0, __ATOMIC_ACQ_REL,
				    __ATOMIC_ACQUIRE);
}

/*
 * Stores what wake-up `tag`, of m3_wake_later() or m3_serve_later(), is for.
 * What its sleeper did before that (M3_EV_*), or -1: that call is over.
 */
static inline int m3_raise(struct m3_slot *s, uint32_t tag)
{
	uint32_t v, to = M3_EV_DONE;

	if ((tag & M3_EV_MASK) == M3_TAG_SERVE) {
		tag &= ~M3_EV_MASK;
		to = M3_EV_SERVE;
	}
	v = __atomic_load_n(&s->event, __ATOMIC_ACQUIRE);
	do {
		/* The call has been taken leave of: another one is on. */
		if ((v & ~M3_EV_MASK) != tag || (v & M3_EV_MASK) == M3_EV_DONE)
			return -1;
	} while (!__atomic_compare_exchange_n(&s->event, &v, tag | to,
					      0, __ATOMIC_ACQ_REL,
					      __ATOMIC_ACQUIRE));
	return (int)(v & M3_EV_MASK);
}

#endif
