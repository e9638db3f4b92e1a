// SPDX-License-Identifier: MIT OR GPL-2.0
/* DCs: making and unmaking, their lock, who waits in them. */
#include <linux/hrtimer.h>
#include <linux/poll.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>
#include "../calls/calls.h"
#include "trace.h"

/* ---------------------------------------------------------- their lives */

static void dc_free(struct kref *ref)
{
	struct m3_dc *dc = container_of(ref, struct m3_dc, ref);
	uint32_t i;

	if (dc->pages)
		m3_arena_release(dc, dc->r->units);
	if (dc->r && dc->r->peers)
		for (i = 0; i < dc->r->nodes; i++)
			vfree(dc->r->peers[i]);
	if (dc->r)
		kvfree(dc->r->peers);
	vfree(dc->r);
	kvfree(dc->calls);
	kvfree(dc->joined);
	m3_dc_access_end(dc);
	m3_core_put(dc->core);
	kfree(dc);
}

void m3_dc_put(struct m3_dc *dc)
{
	kref_put(&dc->ref, dc_free);
}

static int dc_tables(struct m3_dc *dc, const struct m3_layout *l)
{
	uint32_t i;

	dc->r = __vmalloc(l->peers_at, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!dc->r)
		return -M3_ENOMEM;
	dc->r->layout = *l;
	dc->r->platform = dc;
	dc->r->peers = kvcalloc(l->nodes, sizeof(*dc->r->peers),
				GFP_KERNEL_ACCOUNT);
	dc->pages = kvcalloc(l->units ? l->units : 1, sizeof(*dc->pages),
			     GFP_KERNEL_ACCOUNT);
	dc->calls = kvcalloc(l->slots, sizeof(*dc->calls), GFP_KERNEL_ACCOUNT);
	dc->joined = kvcalloc(l->handles, sizeof(*dc->joined),
			      GFP_KERNEL_ACCOUNT);
	if (!dc->r->peers || !dc->pages || !dc->calls || !dc->joined)
		return -M3_ENOMEM;
	for (i = 0; i < l->slots; i++)
		init_waitqueue_head(&dc->calls[i]);
	for (i = 0; i < l->handles; i++)
		m3_bell_init(&dc->joined[i].bell);
	return 0;
}

/* What m3_dc_create() of the embedded core writes into its file. */
static void dc_fill(struct m3_region *r, const struct m3_node_region *node,
		    const struct m3_dc_params *params)
{
	r->abi_version = M3_ABI_VERSION;
	r->node = node->node;
	memcpy(r->name, params->name, M3_NAME_BYTES);
	r->generation = (uint32_t)r->incarnation & 0x3fffffu;
	m3_region_init(r);
	r->running = 1;
	r->magic = M3_REGION_MAGIC;
}

int m3_dc_make(struct m3_node *node, const struct m3_dc_params *params)
{
	struct m3_core *core = node->platform.core;
	struct m3_layout layout;
	struct m3_dc *dc;
	int e;

	memset(&layout, 0, sizeof(layout));
	e = m3_layout(&layout, params, node->region->max_nodes);
	if (e)
		return e;
	layout.dc = params->dc;
	layout.mode = params->mode ? params->mode & 0777 : 0660;
	layout.gid = params->gid;
	layout.incarnation = (uint64_t)ktime_get_real_seconds() << 32 |
			     get_random_u32();
	dc = kzalloc(sizeof(*dc), GFP_KERNEL_ACCOUNT);
	if (!dc)
		return -M3_ENOMEM;
	kref_init(&dc->ref);
	m3_lock_init(&dc->lock);
	spin_lock_init(&dc->pages_lock);
	kref_get(&core->ref);
	dc->core = core;
	e = m3_dc_access(dc, params);
	if (!e)
		e = dc_tables(dc, &layout);
	if (e) {
		m3_dc_put(dc);
		return e;
	}
	dc_fill(dc->r, node->region, params);
	core->dcs[params->dc] = dc;
	pr_debug("m3ipc: DC %u (%s) of node %u: %u endpoints\n", params->dc,
		 dc->r->name, node->region->node, dc->r->slots);
	return 0;
}

void m3_dc_unmake(struct m3_node *node, uint32_t dc)
{
	struct m3_core *core = node->platform.core;
	struct m3_dc *old = core->dcs[dc];
	uint32_t h;

	core->dcs[dc] = NULL;
	/* Whoever waits to be bound learns that nobody will be. */
	for (h = 0; h < old->r->handles; h++)
		wake_up_all(&old->joined[h].bell.wait);
	/* Its members have a reference each. */
	m3_dc_put(old);
}

int m3_dc_get(struct m3_core *core, int id, struct m3_dc **out)
{
	struct m3_dc *dc;

	if (id < 0 || (uint32_t)id >= core->region.max_dcs)
		return -M3_EBADDCID;
	mutex_lock(&core->lock);
	dc = core->dcs[id];
	if (dc)
		kref_get(&dc->ref);
	mutex_unlock(&core->lock);
	*out = dc;
	return dc ? 0 : -M3_EDCNOTRUN;
}

/* ----------------------------------------------------------------- maps */

/* Takes over the reference to the DC; NULL: no memory, and it is put. */
struct m3_map *m3_map_new(struct m3_dc *dc, uint32_t handle)
{
	struct m3_map *map = kzalloc(sizeof(*map), GFP_KERNEL_ACCOUNT);

	if (!map) {
		m3_dc_put(dc);
		return NULL;
	}
	map->r = dc->r;
	map->dc = dc;
	map->handle = handle;
	INIT_LIST_HEAD(&map->holds);
	mutex_init(&map->holds_lock);
	return map;
}

void m3_map_free(struct m3_map *map)
{
	if (map)
		m3_dc_put(map->dc);
	kfree(map);
}

void m3_node_dc_close(struct m3_node *node, int dc)
{
	m3_map_free(node->maps[dc]);
	node->maps[dc] = NULL;
}

int m3_node_dc(struct m3_node *node, int id, struct m3_map **map)
{
	struct m3_dc *dc;
	int e;

	if (id < 0 || (uint32_t)id >= node->region->max_dcs)
		return -M3_EBADDCID;
	/* Ended, and perhaps started again, by somebody. */
	if (node->maps[id] && !READ_ONCE(node->maps[id]->r->running))
		m3_node_dc_close(node, id);
	if (!node->maps[id]) {
		e = m3_dc_get(node->platform.core, id, &dc);
		if (e)
			return e;
		node->maps[id] = m3_map_new(dc, M3_RUNTIME);
		if (!node->maps[id])
			return -M3_ENOMEM;
	}
	*map = node->maps[id];
	return 0;
}

void m3_node_lock(struct m3_node *node)
{
	mutex_lock(&node->platform.core->lock);
}

void m3_node_unlock(struct m3_node *node)
{
	mutex_unlock(&node->platform.core->lock);
}

/* --------------------------------------------------------------- memory */

int m3_map_back_peer(struct m3_map *map, uint32_t node)
{
	struct m3_region *r = map->r;
	struct m3_peer *area;

	if (r->peers[node])
		return 0;
	area = __vmalloc(r->peer_bytes, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!area)
		return -M3_ENOMEM;
	m3_lock(&map->dc->lock);
	if (!r->peers[node]) {
		smp_store_release(&r->peers[node], area);
		area = NULL;
	}
	m3_unlock(&map->dc->lock);
	vfree(area);
	return 0;
}

/* All tables of slots have memory from the beginning. */
int m3_platform_back_slots(struct m3_txn *t, uint32_t group)
{
	(void)t;
	(void)group;
	return 0;
}

int m3_map_back_allowed(struct m3_map *map, uint32_t i)
{
	(void)map;
	(void)i;
	return 0;
}

/* ------------------------------------------------------------- sections */

int m3_begin(struct m3_map *map, struct m3_section *s, uint32_t bound_ms)
	M3_ACQUIRES(&map->dc->lock)
{
	(void)bound_ms;
	s->map = map;
	s->t.r = map->r;
	s->t.wakes = 0;
	s->t.ring = 0;
	s->t.ring_all = 0;
	s->t.waits = 0;
	m3_lock(&map->dc->lock);
	s->t.handle = map->handle;
	return 0;
}

static void ring_peer(struct m3_map *map, uint32_t node)
{
	struct m3_peer *p = m3_peer(map->r, node);
	uint32_t ticket;

	if (!p)
		return;
	smp_mb(); /* what it is rung for was stored before */
	ticket = READ_ONCE(p->armed);
	if (!ticket)
		return;
	m3_bell_ring(&map->dc->core->peers[node]);
	cmpxchg(&p->armed, ticket, 0);
}

static void ring_peers(struct m3_map *map)
{
	uint32_t i;

	for (i = 0; i < m3_spanned(map->r); i++)
		if (READ_ONCE(*m3_spans(map->r, i)))
			ring_peer(map, i);
}

void m3_platform_flush(struct m3_txn *t)
{
	struct m3_section *s = container_of(t, struct m3_section, t);
	uint32_t i;

	for (i = 0; i < t->wakes; i++)
		m3_wake(s->map, t->wake[i], t->tag[i]);
	t->wakes = 0;
}

void m3_end(struct m3_section *s)
	M3_RELEASES(&s->map->dc->lock)
{
	if (s->t.waits)
		m3_bind_settle(&s->t);
	m3_unlock(&s->map->dc->lock);
	if (s->t.wakes)
		m3_platform_flush(&s->t);
	if (s->t.ring_all)
		ring_peers(s->map);
	else if (s->t.ring)
		ring_peer(s->map, s->t.ring - 1);
}

/* -------------------------------------------------------------- waiting */

uint64_t m3_clock_ns(void)
{
	return ktime_get_ns();
}

uint64_t m3_platform_now(void)
{
	return ktime_get_real_ns();
}

void m3_nap(uint64_t ns)
{
	ktime_t time = ns_to_ktime(ns);

	set_current_state(TASK_KILLABLE);
	schedule_hrtimeout(&time, HRTIMER_MODE_REL);
}

int m3_is_dying(void)
{
	return fatal_signal_pending(current);
}

/* How long to wait: for ever, or until then; 0: it has passed. */
static ktime_t time_left(uint64_t deadline)
{
	uint64_t now;

	if (!deadline)
		return KTIME_MAX;
	now = m3_clock_ns();
	return deadline > now ? ns_to_ktime(deadline - now) : 0;
}

int m3_wait(struct m3_map *map, uint32_t i, uint32_t tag, uint64_t deadline)
{
	struct m3_region *r = map->r;
	ktime_t left;
	int e;

	m3_doze(r, i, tag);
	if (m3_has_event(r, i, tag))
		return m3_take_event(r, i, tag);
	left = time_left(deadline);
	if (!left)
		return -M3_ETIMEDOUT;
	e = wait_event_interruptible_hrtimeout(map->dc->calls[i],
					       m3_has_event(r, i, tag), left);
	if (m3_has_event(r, i, tag))
		return m3_take_event(r, i, tag);
	return e == -ETIME ? -M3_ETIMEDOUT : -M3_EINTR;
}

void m3_wait_briefly(struct m3_map *map, uint32_t i, uint32_t tag)
{
	m3_doze(map->r, i, tag);
	wait_event_timeout(map->dc->calls[i], m3_has_event(map->r, i, tag), 1);
}

uint32_t m3_bound_seen(struct m3_map *map)
{
	return READ_ONCE(m3_handle(map->r, map->handle)->bound);
}

int m3_bound_wait(struct m3_map *map, uint32_t seen, uint64_t deadline)
{
	ktime_t left = time_left(deadline);
	int e;

	if (!left)
		return -M3_ETIMEDOUT;
	e = wait_event_interruptible_hrtimeout(
		map->dc->joined[map->handle].bell.wait,
		m3_bound_seen(map) != seen || !READ_ONCE(map->r->running),
		left);
	return !e ? -M3_EAGAIN : e == -ETIME ? -M3_ETIMEDOUT : -M3_EINTR;
}

void m3_bound_wake(struct m3_map *map, uint32_t handle)
{
	wake_up_all(&map->dc->joined[handle].bell.wait);
}

static void set_ready(struct m3_map *map, uint32_t i, uint32_t handle)
{
	struct m3_handle *h;
	uint32_t ticket;

	if (handle >= map->r->handles)
		return;
	h = m3_handle(map->r, handle);
	__atomic_fetch_or(m3_ready_bits(map->r, handle) + i / 32,
			  1u << (i & 31), __ATOMIC_SEQ_CST);
	smp_mb(); /* before it is asked whether somebody sleeps */
	ticket = READ_ONCE(h->armed);
	if (!ticket)
		return;
	m3_bell_ring(&map->dc->joined[handle].bell);
	cmpxchg(&h->armed, ticket, 0);
}

/*
 * The waker is about to wait in most calls: its partner runs where it ran
 * (affinity inheritance, reference 2.7).
 */
static void wake_call(struct m3_dc *dc, uint32_t i)
{
	if (dc->r->flags & M3_DC_AFFINITY)
		wake_up_interruptible_sync_poll(&dc->calls[i], EPOLLIN);
	else
		wake_up(&dc->calls[i]);
}

void m3_wake(struct m3_map *map, uint32_t i, uint32_t tag)
{
	struct m3_slot *s = m3_slot(map->r, i);
	int was;

	/* Whose it is by now: a ring too many does no harm. */
	if (tag == M3_TAG_INPUT) {
		set_ready(map, i, READ_ONCE(s->handle));
		return;
	}
	trace_m3ipc_wake(map->r->dc, m3_endpoint_of(map->r, i), tag);
	was = m3_raise(s, tag);
	/* Or the word is another call's already: its former sleeper sees. */
	if (was == M3_EV_ASLEEP || was < 0)
		wake_call(map->dc, i);
	else if (was >= 0 && READ_ONCE(s->waits) == M3_WAITS_DOORBELL)
		set_ready(map, i, READ_ONCE(s->handle));
}

/* ---------------------------------------------------------------- bells */

void m3_member_hush(struct m3_member *m)
{
	atomic_set(&m->map->dc->joined[m->map->handle].bell.rung, 0);
}

/* The bell is the peer's, of all DCs: core.peers. */
int m3_hold_open(struct m3_proxy *p, struct m3_map *map, struct m3_hold *hold)
{
	(void)p;
	(void)map;
	hold->bell = 0;
	return 0;
}

void m3_hold_close(struct m3_hold *hold)
{
	hold->bell = -1;
}

/* The peer's one bell does not say for which DC it was rung. */
void m3_hold_rest(struct m3_hold *hold, const uint32_t *armed)
{
	(void)hold;
	(void)armed;
}

int m3_hold_is_quiet(const struct m3_hold *hold)
{
	(void)hold;
	return 0;
}
