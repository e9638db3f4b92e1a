// SPDX-License-Identifier: MIT OR GPL-2.0
/* A member's bell: which of its endpoints have something. */
#include "calls.h"

/* Moves up to `max` ready endpoints out of the handle's bits. */
static uint32_t collect(struct m3_region *r, uint32_t handle, int32_t *eps,
			uint32_t max)
{
	uint32_t *bits = m3_ready_bits(r, handle), w, bit, n = 0;

	for (w = 0; w < r->bits_words && n < max; w++)
		while (n < max && (bit = __atomic_load_n(&bits[w],
							 __ATOMIC_RELAXED))) {
			bit = (uint32_t)__builtin_ctz(bit);
			__atomic_fetch_and(&bits[w], ~(1u << bit),
					   __ATOMIC_SEQ_CST);
			eps[n++] = m3_endpoint_of(r, w * 32 + bit);
		}
	return n;
}

/*
 * An endpoint may be ready because its memory is asked for. Who waits in a
 * synchronous call serves for itself: it returns when that is done.
 */
static int serve(struct m3_map *map, struct m3_request *q, const int32_t *eps,
		 uint32_t n)
{
	uint32_t slot, i;

	for (i = 0; i < n; i++) {
		slot = m3_slot_of(map->r, eps[i]);
		if (slot != M3_NIL &&
		    __atomic_load_n(&m3_slot(map->r, slot)->waits,
				    __ATOMIC_RELAXED) == M3_WAITS_DOORBELL)
			m3_serve(map, slot);
	}
	q->size = n * (uint32_t)sizeof(*eps);
	return (int)n;
}

int m3_do_bell_serve(struct m3_member *m, struct m3_request *q, void *data)
{
	uint32_t max = q->size / sizeof(int32_t), n;
	struct m3_region *r = m->map->r;
	int32_t *eps = data;

	if (m3_map_forked(m->map))
		return -M3_EFORKED;
	m3_member_hush(m);
	n = collect(r, m->map->handle, eps, max);
	if (n == max)
		return serve(m->map, q, eps, n);
	/* Arm, then look again: a wake-up in between must not be lost. */
	m3_bell_arm(&m3_handle(r, m->map->handle)->armed, &m->ticket);
	n += collect(r, m->map->handle, eps + n, max - n);
	return serve(m->map, q, eps, n);
}

int m3_do_watch(struct m3_member *m, struct m3_request *q, void *data)
{
	struct m3_region *r = m->map->r;
	struct m3_section s;
	struct m3_slot *slot;
	uint32_t i;
	int e = m3_begin(m->map, &s, M3_LOCK_FOREVER);

	(void)data;
	if (e)
		return e;
	i = m3_slot_of(r, q->ep);
	slot = i == M3_NIL ? NULL : m3_slot(r, i);
	if (!slot || slot->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE) ||
	    slot->handle != m->map->handle) {
		e = -M3_ENOTBIND;
	} else {
		slot->watch = q->flags != 0;
		if (q->flags && m3_msg_waiting(r, i))
			m3_input_later(&s.t, i);
	}
	m3_end(&s);
	return e;
}

void m3_bell_arm(uint32_t *armed, uint32_t *ticket)
{
	*ticket += *ticket == M3_NIL ? 2 : 1;
	__atomic_store_n(armed, *ticket, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
