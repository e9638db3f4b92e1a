// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * A copy between two other processes, of which the caller is neither: one copy,
 * from the pages of one to the pages of the other. Both are pinned meanwhile.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include "../calls/calls.h"

#define WINDOW 16 /* pages at a time */

/* One of the two: a buffer of its own, or memory of its process. */
struct party {
	struct m3_copy copy; /* as if the caller were the other end */
	uint32_t slot;
	struct mm_struct *mm; /* held; NULL: it is a buffer */
};

struct window {
	struct page *pages[WINDOW];
	long n;
	uint32_t at; /* in the first page */
	uint64_t bytes;
};

/* On this node, and it stays there; what is granted is not looked at here. */
static int is_here(struct m3_region *r, const struct party *p)
{
	return !(m3_slot(r, p->slot)->rts & (M3_RTS_REMOTE | M3_RTS_MIGRATE)) &&
	       (m3_is_private(p->copy.other_address) ||
		p->copy.other_address & M3_ARENA_BIT);
}

static int find_memory(struct m3_map *map, struct party *p)
{
	uint32_t handle = m3_slot(map->r, p->slot)->handle;

	p->copy.other_at = 0;
	if (!m3_is_private(p->copy.other_address))
		return m3_arena_range(map->r, p->slot, p->copy.other_address,
				      p->copy.bytes, &p->copy.other_at);
	if (p->copy.other_address + p->copy.bytes < p->copy.other_address)
		return -M3_EFAULT;
	p->mm = handle < map->r->handles ? map->dc->joined[handle].mm : NULL;
	if (p->mm && mmget_not_zero(p->mm))
		return 0;
	p->mm = NULL;
	return p->copy.push ? -M3_EDSTDIED : -M3_ESRCDIED;
}

static void set_copier(struct m3_region *r, uint32_t i, uint32_t copier)
{
	struct m3_slot *s = m3_slot(r, i);

	m3_set32(r, &s->rts, copier == M3_NIL ? s->rts & ~M3_RTS_ONCOPY :
						s->rts | M3_RTS_ONCOPY);
	m3_set32(r, &s->copier, copier);
}

static void set_copiers(struct m3_region *r, uint32_t self,
			const struct party *p, uint32_t copier)
{
	set_copier(r, p[0].slot, copier);
	set_copier(r, p[1].slot, copier);
	set_copier(r, self, copier);
}

static int pin_both(struct m3_map *map, struct m3_txn *t, uint32_t self,
		    struct party *p)
{
	int i, e = 0;

	for (i = 0; !e && i < 2; i++)
		e = m3_copy_check(t, self, &p[i].copy);
	if (e)
		return e;
	if (!is_here(map->r, &p[0]) || !is_here(map->r, &p[1]))
		return M3_COPY_LEGS;
	for (i = 0; !e && i < 2; i++)
		e = find_memory(map, &p[i]);
	if (e)
		return e;
	set_copiers(map->r, self, p, self);
	m3_commit(map->r);
	return 0;
}

/* ------------------------------------------------------------ the copy */

static int window_open(struct m3_map *map, const struct party *p, uint64_t done,
		       struct window *w)
{
	uint64_t left = p->copy.bytes - done;
	uint64_t from = (p->mm ? p->copy.other_address : p->copy.other_at) +
			done;

	w->at = offset_in_page(from);
	w->n = 0;
	if (p->mm) {
		w->n = m3_pin(p->mm, from, left, p->copy.push, w->pages,
			      WINDOW);
	} else {
		w->pages[0] = m3_arena_page(map->dc, from);
		w->n = w->pages[0] != NULL;
	}
	if (w->n <= 0)
		return -M3_EFAULT;
	w->bytes = min_t(uint64_t, (uint64_t)w->n * PAGE_SIZE - w->at, left);
	return 0;
}

static void window_close(const struct party *p, struct window *w)
{
	if (w->n <= 0)
		return;
	if (p->mm)
		unpin_user_pages_dirty_lock(w->pages, w->n, p->copy.push);
	else
		put_page(w->pages[0]);
}

static void copy_windows(struct window *to, struct window *from, uint64_t bytes)
{
	uint64_t done = 0, n, a, b;
	char *source, *target;

	for (; done < bytes; done += n) {
		a = from->at + done;
		b = to->at + done;
		n = min3(PAGE_SIZE - a % PAGE_SIZE, PAGE_SIZE - b % PAGE_SIZE,
			 bytes - done);
		source = kmap_local_page(from->pages[a / PAGE_SIZE]);
		target = kmap_local_page(to->pages[b / PAGE_SIZE]);
		/* The two may be threads of one process. */
		memmove(target + b % PAGE_SIZE, source + a % PAGE_SIZE, n);
		kunmap_local(target);
		kunmap_local(source);
	}
}

static int copy_some(struct m3_map *map, const struct party *p, uint64_t *done)
{
	struct window from = { .n = 0 }, to = { .n = 0 };
	uint64_t bytes;
	int e = window_open(map, &p[0], *done, &from);

	if (!e)
		e = window_open(map, &p[1], *done, &to);
	if (!e) {
		bytes = min(from.bytes, to.bytes);
		copy_windows(&to, &from, bytes);
		m3_moved(map->dc, bytes);
		*done += bytes;
	}
	window_close(&p[1], &to);
	window_close(&p[0], &from);
	return e;
}

static int copy_all(struct m3_map *map, const struct party *p, uint64_t *done)
{
	int e = 0;

	while (!e && *done < p->copy.bytes)
		e = fatal_signal_pending(current) ? -M3_EINTR :
						    copy_some(map, p, done);
	return e;
}

static void unpin_both(struct m3_map *map, uint32_t self, const struct party *p)
{
	struct m3_section s;

	if (m3_begin(map, &s, M3_LOCK_FOREVER))
		return;
	set_copiers(map->r, self, p, M3_NIL);
	m3_slot(map->r, self)->local_copies++;
	m3_commit(map->r);
	m3_end(&s);
	m3_life_unpinned(map, p[0].slot);
	m3_life_unpinned(map, p[1].slot);
	m3_life_unpinned(map, self);
}

int m3_copy_between(struct m3_map *map, uint32_t self, struct m3_call *c)
{
	struct party p[2] = {
		{ .copy = { .other = c->peer, .other_address = c->src_address,
			    .bytes = c->bytes },
		  .slot = m3_slot_of(map->r, c->peer) },
		{ .copy = { .other = c->dst, .other_address = c->dst_address,
			    .bytes = c->bytes, .push = 1 },
		  .slot = m3_slot_of(map->r, c->dst) },
	};
	struct m3_section s;
	int i, e = m3_begin(map, &s, M3_LOCK_FOREVER);

	if (e)
		return e;
	e = pin_both(map, &s.t, self, p);
	m3_end(&s);
	if (!e) {
		e = copy_all(map, p, &c->copied);
		unpin_both(map, self, p);
	}
	for (i = 0; i < 2; i++)
		if (p[i].mm)
			mmput(p[i].mm);
	return e;
}
