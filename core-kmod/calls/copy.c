// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Copies. A copy has one leg, or two where `self` is neither party and the
 * platform cannot copy between the others: a pull into a buffer of its own and
 * a push out of it, wherever the two are. In a leg the other's memory is one of
 *   a buffer, or granted: one memcpy here, while the other is pinned;
 *   private, here: process_vm_readv(2) or writev while it is pinned, or the
 *     other serves us through a staging buffer;
 *   on another node: chunks over the link, from and to arena memory of ours.
 */
#include "calls.h"

/*
 * m3_call.scratch: the event tag; above it, in units of the arena, where our
 * own buffer for the copy lies, or 0; and whether the second leg is on.
 */
#define LEG_TWO (1ull << 63)
#define UNITS_SHIFT 32

struct leg {
	struct m3_copy copy;
	uint64_t mine; /* address in this process, or of a buffer */
	struct m3_own own; /* the same, to be used */
	int paused; /* it waits for the end of a migration */
};

static uint64_t scratch_at(const struct m3_call *c)
{
	return (c->scratch >> UNITS_SHIFT & 0x7fffffffu) * M3_UNIT;
}

static void set_scratch(struct m3_call *c, uint64_t offset)
{
	c->scratch = (c->scratch & (LEG_TWO | 0xffffffffu)) |
		     offset / M3_UNIT << UNITS_SHIFT;
}

static void release_scratch(struct m3_member *m, struct m3_call *c)
{
	if (scratch_at(c))
		m3_buffer_free(m, c->self, scratch_at(c));
	set_scratch(c, 0);
}

static int get_scratch(struct m3_member *m, struct m3_call *c)
{
	uint64_t offset;
	int e = m3_buffer_alloc(m, c->self, c->bytes, &offset);

	if (!e)
		set_scratch(c, offset);
	return e;
}

static void use(struct m3_member *m, uint32_t mode)
{
	__atomic_store_n(&m->copy_used, mode, __ATOMIC_RELAXED);
	if (!(__atomic_load_n(&m->map->r->copies, __ATOMIC_RELAXED) &
	      1u << mode))
		__atomic_fetch_or(&m->map->r->copies, 1u << mode,
				  __ATOMIC_RELAXED);
}

/* Is self neither source nor destination? */
static int is_third(const struct m3_call *c)
{
	return c->peer != c->self && c->dst != c->self;
}

/* A hint; who acts on it finds out under the lock. */
static int is_remote(struct m3_region *r, int ep)
{
	uint32_t i = m3_slot_of(r, ep);

	return i != M3_NIL && __atomic_load_n(&m3_slot(r, i)->rts,
					      __ATOMIC_RELAXED) &
				      M3_RTS_REMOTE;
}

/* The present leg: which party is the other, and where our memory is. */
static void leg_of(const struct m3_call *c, struct leg *l)
{
	uint64_t own = scratch_at(c) | M3_ARENA_BIT;
	int third = is_third(c);

	memset(l, 0, sizeof(*l));
	l->copy.push = third ? !!(c->scratch & LEG_TWO) : c->peer == c->self;
	l->copy.other = l->copy.push ? c->dst : c->peer;
	l->copy.other_address = l->copy.push ? c->dst_address : c->src_address;
	l->copy.bytes = c->bytes;
	l->mine = third ? own : l->copy.push ? c->src_address : c->dst_address;
}

/* Memory of `self`: one of its buffers, or a private address. */
static int resolve(struct m3_region *r, uint32_t i, struct leg *l)
{
	l->own.address = l->mine;
	l->own.offset = 0;
	if (m3_is_private(l->mine))
		return l->mine ? 0 : -M3_EFAULT;
	return m3_arena_range(r, i, l->mine, l->copy.bytes, &l->own.offset);
}

static int own_memory(struct m3_member *m, uint32_t i, struct leg *l)
{
	int e;

	m3_look_begin(m->map);
	e = resolve(m->map->r, i, l);
	m3_look_end(m->map);
	return e;
}

/*
 * Is it still so? Another thread may have freed that buffer meanwhile, and it
 * be somebody else's. Under the lock; from then on it cannot be freed.
 */
static int is_still_own(struct m3_region *r, uint32_t i, struct leg *l,
			uint64_t other, uint64_t bytes)
{
	int e = resolve(r, i, l);

	return e || !other ? e :
	       m3_arena_range(r, i, other | M3_ARENA_BIT, bytes, &other);
}

/*
 * Between memory of `self` and the buffer of its own at `offset`, to that if
 * `push`: none of both can be taken away meanwhile.
 */
static int copy_within(struct m3_member *m, struct m3_call *c, struct leg *l,
		       int push, uint64_t offset, uint64_t bytes)
{
	struct m3_section s;
	uint32_t i;
	int e = m3_owner_begin(m, c->self, &s, &i);

	if (e)
		return e;
	e = is_still_own(m->map->r, i, l, offset, bytes);
	if (!e)
		e = m3_copy_hold(&s.t, i);
	m3_end(&s);
	if (e)
		return e;
	e = m3_copy_own(m->map, &l->own, push, offset, bytes);
	if (m3_begin(m->map, &s, M3_LOCK_FOREVER))
		return e;
	m3_copy_let_go(&s.t, i);
	m3_end(&s);
	m3_life_unpinned(m->map, i);
	return e;
}

/* What only arena memory can be used for: a link, or giving it away. */
static int stage(struct m3_member *m, struct m3_call *c, struct leg *l)
{
	int e = 0;

	if (!m3_is_private(l->mine) && !l->copy.served) {
		l->copy.self_at = l->mine & ~M3_ARENA_BIT;
		return 0;
	}
	/* What is pulled by being served, the owner provides for. */
	if (l->copy.served && !l->copy.push)
		return 0;
	if (!scratch_at(c)) {
		e = get_scratch(m, c);
		if (!e && l->copy.push)
			e = copy_within(m, c, l, 1, scratch_at(c), c->bytes);
	}
	l->copy.self_at = scratch_at(c);
	return e;
}

static int copy_begin(struct m3_member *m, struct m3_call *c, uint32_t i,
		      struct leg *l, uint32_t waits)
{
	struct m3_section s;
	int e = m3_begin(m->map, &s, M3_LOCK_FOREVER);

	if (e)
		return e;
	e = is_still_own(m->map->r, i, l, l->copy.self_at, l->copy.bytes);
	if (!e)
		e = m3_copy_begin(&s.t, i, &l->copy);
	if (e == -M3_EMIGRATE)
		e = m3_migration_pause(&s.t, i, c->op);
	l->paused = m3_slot(m->map->r, i)->waitmigr != M3_NONE;
	if (e == M3_PENDING)
		m3_call_arm(m, c, i, waits);
	m3_end(&s);
	return e;
}

static int copy_end(struct m3_member *m, uint32_t i, const struct leg *l)
{
	struct m3_section s;
	int e = m3_begin(m->map, &s, M3_LOCK_FOREVER);

	if (e)
		return e;
	m3_copy_end(&s.t, i, m3_slot_of(m->map->r, l->copy.other));
	m3_end(&s);
	return 0;
}

/* The copy itself, by the requester, outside the lock: the other is pinned. */
static int copy_pinned(struct m3_member *m, uint32_t i, struct m3_call *c,
		       const struct leg *l)
{
	uint32_t o = m3_slot_of(m->map->r, l->copy.other), handle;
	int e = 0, end;

	c->copied = c->bytes;
	if (!l->copy.other_at) {
		use(m, M3_COPY_PROCESS_VM);
		handle = m3_slot(m->map->r, o)->handle;
		e = handle >= m->map->r->handles ? -M3_ESRCDIED :
			m3_process_copy(m->map, handle, l->copy.push, &l->own,
					l->copy.other_address, c->bytes,
					&c->copied);
	} else {
		e = m3_copy_own(m->map, &l->own, l->copy.push,
				l->copy.other_at, c->bytes);
	}
	end = copy_end(m, i, l);
	m3_life_unpinned(m->map, o);
	m3_life_unpinned(m->map, i);
	if (e == -M3_ESRCDIED) {
		m3_life_look_at(m->map, o);
		e = l->copy.push ? -M3_EDSTDIED : e;
	}
	return e ? e : end;
}

static uint32_t handle_of(struct m3_region *r, int ep)
{
	return __atomic_load_n(&m3_slot(r, m3_slot_of(r, ep))->handle,
			       __ATOMIC_RELAXED);
}

/*
 * May the kernel copy to and from the other's process, and shall it? Measured
 * it takes as long as two copies and two changes of process at 32 KiB, less
 * below and a fifth more at 64 KiB; and it needs nothing of the other.
 */
static int by_kernel(struct m3_member *m, const struct leg *l)
{
	uint32_t h = handle_of(m->map->r, l->copy.other);

	if (m->copy_mode != M3_COPY_AUTO)
		return m->copy_mode == M3_COPY_PROCESS_VM;
	return h >= m->map->r->handles || h != m->denied_handle ||
	       m3_handle(m->map->r, h)->generation != m->denied_generation;
}

static void deny(struct m3_member *m, const struct leg *l)
{
	struct m3_region *r = m->map->r;
	uint32_t h = handle_of(r, l->copy.other);

	if (h >= r->handles)
		return;
	m->denied_handle = h;
	m->denied_generation = m3_handle(r, h)->generation;
}

/* The other's private memory, here. */
static int leg_private(struct m3_member *m, struct m3_call *c, uint32_t i,
		       struct leg *l, uint32_t waits, int wait)
{
	int e;

	if (by_kernel(m, l)) {
		e = copy_begin(m, c, i, l, waits);
		if (e == 0)
			e = copy_pinned(m, i, c, l);
		if (e != -M3_EPERM || m->copy_mode == M3_COPY_PROCESS_VM)
			return e;
		deny(m, l);
	}
	if (!wait)
		return -M3_EAGAIN;
	use(m, M3_COPY_BOUNCE);
	l->copy.served = 1;
	e = stage(m, c, l);
	if (!e)
		e = copy_begin(m, c, i, l, waits);
	/* It is the other's now. */
	if (e == M3_PENDING && l->copy.push && !l->paused)
		set_scratch(c, 0);
	return e;
}

static int leg_start(struct m3_member *m, struct m3_call *c, uint32_t i,
		     uint32_t waits, int wait)
{
	struct m3_region *r = m->map->r;
	struct leg l;
	int e;

	leg_of(c, &l);
	e = own_memory(m, i, &l);
	if (e)
		return e;
	if (m3_slot_of(r, l.copy.other) == M3_NIL)
		return -M3_ERANGE;
	if (is_remote(r, l.copy.other)) {
		e = stage(m, c, &l);
		if (!e)
			e = copy_begin(m, c, i, &l, waits);
		/* It has come here meanwhile. */
		return e ? e : copy_pinned(m, i, c, &l);
	}
	if (m3_is_private(l.copy.other_address))
		return leg_private(m, c, i, &l, waits, wait);
	use(m, M3_COPY_ARENA);
	e = copy_begin(m, c, i, &l, waits);
	return e ? e : copy_pinned(m, i, c, &l);
}

/* This leg, and the next one if that is over; frees what is left at the end. */
static int legs(struct m3_member *m, struct m3_call *c, uint32_t i,
		uint32_t waits, int wait)
{
	int e = leg_start(m, c, i, waits, wait);

	if (e == 0 && is_third(c) && !(c->scratch & LEG_TWO)) {
		c->scratch |= LEG_TWO;
		c->copied = 0;
		e = leg_start(m, c, i, waits, wait);
	}
	if (e != M3_PENDING)
		release_scratch(m, c);
	return e;
}

/* Both legs, before the first: nothing is copied that leads nowhere. */
static int check(struct m3_member *m, const struct m3_call *c, uint32_t i)
{
	struct m3_copy copy = { .bytes = c->bytes };
	struct m3_section s;
	int e = m3_begin(m->map, &s, M3_LOCK_FOREVER);

	if (e)
		return e;
	for (copy.push = 0; !e && copy.push < 2; copy.push++) {
		copy.other = copy.push ? c->dst : c->peer;
		copy.other_address = copy.push ? c->dst_address :
						 c->src_address;
		if (copy.other != c->self)
			e = m3_copy_check(&s.t, i, &copy);
	}
	m3_end(&s);
	return e;
}

/* In one piece, where the platform can and nobody wants it otherwise. */
static int between(struct m3_member *m, struct m3_call *c, uint32_t i)
{
	int e = m->copy_mode == M3_COPY_BOUNCE ?
			M3_COPY_LEGS : m3_copy_between(m->map, i, c);

	if (e == 0)
		use(m, m3_is_private(c->src_address & c->dst_address) ?
			       M3_COPY_PROCESS_VM : M3_COPY_ARENA);
	return e;
}

int m3_copy_start(struct m3_member *m, struct m3_call *c, uint32_t i,
		  uint32_t waits, int wait)
{
	int e;

	c->copied = 0;
	/* Who asks at the end who `self` is must not meet M3_SELF. */
	c->peer = c->peer == M3_SELF ? c->self : c->peer;
	c->dst = c->dst == M3_SELF ? c->self : c->dst;
	if (c->peer == c->dst)
		return -M3_EENDPOINT;
	if (c->bytes > M3_MAX_COPY)
		return -M3_ERANGE;
	e = is_third(c) || !c->bytes ? check(m, c, i) : 0;
	if (e || !c->bytes)
		return e;
	if (!wait && (is_remote(m->map->r, c->peer) ||
		      is_remote(m->map->r, c->dst)))
		return -M3_EAGAIN;
	if (!is_third(c))
		return legs(m, c, i, waits, wait);
	e = between(m, c, i);
	if (e != M3_COPY_LEGS)
		return e;
	e = get_scratch(m, c);
	return e ? e : legs(m, c, i, waits, wait);
}

/* What the owner has filled for us. */
static int take_filled(struct m3_member *m, struct m3_call *c, struct leg *l,
		       uint64_t staging)
{
	struct m3_region *r = m->map->r;
	struct m3_section s;
	uint32_t i;
	int e = 0;

	if (m3_in_arena(r, staging, l->copy.bytes) && l->own.address)
		e = copy_within(m, c, l, 0, staging, l->copy.bytes);
	if (m3_owner_begin(m, c->self, &s, &i))
		return e;
	/* Not that of a later life of the endpoint. */
	if (m3_transfer(r, i)->staging == staging)
		m3_serve_collected(&s.t, i);
	m3_end(&s);
	return e;
}

int m3_copy_collect(struct m3_member *m, struct m3_call *c, uint32_t i,
		    int result, int stop)
{
	struct m3_region *r = m->map->r;
	uint64_t staging;
	uint32_t waits;
	struct leg l;
	int e = 0;

	m3_look_begin(m->map);
	waits = m3_slot(r, i)->waits;
	staging = m3_transfer(r, i)->staging;
	c->copied = m3_transfer(r, i)->done;
	m3_look_end(m->map);
	if (c->copied > c->bytes)
		c->copied = c->bytes;
	leg_of(c, &l);
	if (own_memory(m, i, &l))
		l.own.address = 0;
	if (staging)
		e = take_filled(m, c, &l, staging);
	else if (!is_third(c) && !l.copy.push && scratch_at(c) &&
		 l.own.address && c->copied)
		e = copy_within(m, c, &l, 0, scratch_at(c), c->copied);
	if (e && !result) {
		c->copied = 0;
		result = e;
	}
	if (!is_third(c) || c->scratch & LEG_TWO || result) {
		/* What has arrived here is not there yet. */
		if (is_third(c) && !(c->scratch & LEG_TWO))
			c->copied = 0;
		release_scratch(m, c);
		return result;
	}
	c->copied = 0;
	if (stop) {
		release_scratch(m, c);
		return stop;
	}
	c->scratch |= LEG_TWO;
	return legs(m, c, i, waits, 1);
}

int m3_do_copy_mode(struct m3_member *m, struct m3_request *q, void *data)
{
	(void)data;
	if (q->flags != M3_COPY_AUTO && q->flags != M3_COPY_BOUNCE &&
	    q->flags != M3_COPY_PROCESS_VM)
		return -M3_EINVAL;
	m->copy_mode = q->flags;
	return 0;
}

int m3_do_copy_used(struct m3_member *m, struct m3_request *q, void *data)
{
	(void)q;
	(void)data;
	return (int)__atomic_load_n(&m->copy_used, __ATOMIC_RELAXED);
}
