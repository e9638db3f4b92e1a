// SPDX-License-Identifier: MIT
/* A process's membership in a DC: joining, binding, buffers, its bell. */
#include "lib.h"
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int m3_join(const char *dir, int dc, struct m3_member **out)
{
	struct m3_node_region *node;
	struct m3_member *m;
	uint32_t spin_ns, generation;
	int fd, e = m3_node_file_open(dir, 0, &fd, &node);

	if (e)
		return e;
	spin_ns = node->spin_ns;
	e = dc < 0 || (uint32_t)dc >= node->max_dcs ? -M3_EBADDCID :
	    !node->dcs[dc].running ? -M3_EDCNOTRUN : 0;
	m3_node_file_close(fd, node);
	if (e)
		return e;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -M3_ENOMEM;
	e = m3_map_open(dir, (uint32_t)dc, spin_ns, &m->map);
	if (e) {
		free(m);
		return e;
	}
	m->bell = -1;
	m->map->handle = M3_NIL;
	m->busy = calloc(m->map->r->slots, 1);
	e = m->busy ? m3_life_begin(m->map) : -M3_ENOMEM;
	if (!e) {
		generation = m3_handle(m->map->r, m->map->handle)->generation;
		m->ticket = m3_bell_ticket(generation);
		e = m3_bell_create(m->map, M3_BELL_HANDLE, m->map->handle,
				   generation, &m->bell);
	}
	if (e) {
		m3_leave(m);
		return e;
	}
	*out = m;
	return 0;
}

void m3_leave(struct m3_member *m)
{
	if (m->bell >= 0)
		close(m->bell);
	m3_affinity_leave(m->map);
	m3_life_end(m->map);
	m3_map_close(m->map);
	free(m->busy);
	free(m);
}

int m3_unbind(struct m3_member *m, int ep)
{
	struct m3_section s;
	uint32_t i;
	int e = m3_begin(m->map, &s, M3_LOCK_FOREVER);

	if (e)
		return e;
	i = m3_slot_of(m->map->r, ep);
	if (i == M3_NIL)
		e = -M3_ERANGE;
	else if (m3_slot(m->map->r, i)->handle != m->map->handle)
		e = -M3_ENOTBIND;
	else if (!(e = m3_may_call(m->map->r, i, M3_CALL_UNBIND)))
		e = m3_unbind_slot(&s.t, i);
	m3_end(&s);
	if (!e)
		m3_affinity_unbind(m->map, i);
	return e;
}

int m3_bell(struct m3_member *m)
{
	return m->bell;
}

/* Moves up to `max` ready endpoints out of the handle's bits. */
static int collect(struct m3_region *r, uint32_t handle, int32_t *eps, int max)
{
	uint32_t *bits = m3_ready_bits(r, handle), w, bit;
	int n = 0;

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
static int serve(struct m3_map *map, const int32_t *eps, int n)
{
	uint32_t slot;
	int i;

	for (i = 0; i < n; i++) {
		slot = m3_slot_of(map->r, eps[i]);
		if (slot != M3_NIL &&
		    m3_slot(map->r, slot)->waits == M3_WAITS_DOORBELL)
			m3_serve(map, slot);
	}
	return n;
}

int m3_bell_serve(struct m3_member *m, int32_t *eps, int max)
{
	struct m3_region *r = m->map->r;
	struct m3_handle *h;
	int n;

	if (m3_map_forked(m->map))
		return -M3_EFORKED;
	h = m3_handle(r, m->map->handle);
	m3_bell_drain(m->bell);
	n = collect(r, m->map->handle, eps, max);
	if (n == max)
		return serve(m->map, eps, n);
	/* Arm, then look again: a wake-up in between must not be lost. */
	m3_bell_arm(&h->armed, &m->ticket);
	n += collect(r, m->map->handle, eps + n, max - n);
	return serve(m->map, eps, n);
}

int m3_watch(struct m3_member *m, int ep, int on)
{
	struct m3_region *r = m->map->r;
	struct m3_section s;
	struct m3_slot *slot;
	uint32_t i;
	int e = m3_begin(m->map, &s, M3_LOCK_FOREVER);

	if (e)
		return e;
	i = m3_slot_of(r, ep);
	slot = i == M3_NIL ? NULL : m3_slot(r, i);
	if (!slot || slot->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE) ||
	    slot->handle != m->map->handle) {
		e = -M3_ENOTBIND;
	} else {
		slot->watch = on != 0;
		if (on && m3_msg_waiting(r, i))
			m3_input_later(&s.t, i);
	}
	m3_end(&s);
	return e;
}

int m3_alloc(struct m3_member *m, int self, uint64_t bytes,
	     struct m3_buffer *buffer)
{
	struct m3_region *r = m->map->r;
	struct m3_section s;
	uint64_t offset;
	uint32_t i;
	int e = m3_owner_begin(m, self, &s, &i);

	if (e)
		return e;
	e = m3_arena_alloc(&s.t, i, bytes, &offset);
	m3_end(&s);
	if (e)
		return e;
	buffer->data = m3_at(r, offset);
	buffer->address = offset | M3_ARENA_BIT;
	buffer->bytes = bytes;
	return 0;
}

int m3_free(struct m3_member *m, int self, const struct m3_buffer *buffer)
{
	struct m3_section s;
	uint32_t i;
	int e = m3_owner_begin(m, self, &s, &i);

	if (e)
		return e;
	e = m3_arena_free(&s.t, i, buffer->address & ~M3_ARENA_BIT);
	m3_end(&s);
	return e;
}
