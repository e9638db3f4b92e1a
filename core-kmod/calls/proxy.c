// SPDX-License-Identifier: MIT OR GPL-2.0
/* The proxy's side of the core (build decision 5). */
#include "calls.h"

static uint32_t *attachments(const struct m3_proxy *p)
{
	return &p->node->region->nodes[p->peer].attachments;
}

/* Has a newer proxy attached since? Of no DC may this one be it again. */
static int superseded(const struct m3_proxy *p)
{
	return __atomic_load_n(attachments(p), __ATOMIC_ACQUIRE) !=
	       p->attachment;
}

static int spans(const struct m3_map *map, uint32_t node)
{
	return (int)__atomic_load_n(m3_spans(map->r, node), __ATOMIC_ACQUIRE);
}

/* Attaches to one DC that spans the peer. */
static int hold_dc(struct m3_proxy *p, struct m3_map *map)
{
	struct m3_hold *hold = &p->holds[map->r->dc];
	struct m3_section s;
	int e = m3_begin(map, &s, M3_LOCK_PROXY_MS);

	if (e)
		return e;
	/* Under the lock: who supersedes it from now on attaches after it. */
	if (superseded(p)) {
		m3_end(&s);
		return -M3_EPROXYRUN;
	}
	hold->token = m3_peer_attach(&s.t, p->peer);
	hold->ticket = m3_bell_ticket(hold->token);
	hold->incarnation = map->r->incarnation;
	/* The proxy before us may have been killed inside a put. */
	m3_rouse(&s.t);
	m3_end(&s);
	/* Nobody rings it before m3_proxy_queues() has armed it. */
	return m3_hold_open(p, map, hold);
}

/* Attaches to a DC, if it runs, spans the peer and is not held yet. */
static int hold_one(struct m3_proxy *p, uint32_t dc)
{
	struct m3_hold *hold = &p->holds[dc];
	struct m3_map *map;
	int e;

	if (!__atomic_load_n(&p->node->region->dcs[dc].running,
			     __ATOMIC_ACQUIRE)) {
		m3_hold_close(hold);
		return 0;
	}
	e = m3_node_dc(p->node, (int)dc, &map);
	if (e)
		return e;
	/* Ended and started again meanwhile: nothing is held of the new one. */
	if (hold->incarnation != map->r->incarnation || !spans(map, p->peer))
		m3_hold_close(hold);
	if (!spans(map, p->peer) || hold->bell >= 0)
		return 0;
	return hold_dc(p, map);
}

/* An error only if no DC could be held: one bad DC must not stop the others. */
static int hold_all(struct m3_proxy *p)
{
	uint32_t dc, held = 0;
	int e, first = 0;

	if (superseded(p))
		return -M3_EPROXYRUN;
	for (dc = 0; dc < p->node->region->max_dcs; dc++) {
		e = hold_one(p, dc);
		if (!first)
			first = e;
		held += p->holds[dc].bell >= 0;
	}
	return held ? 0 : first;
}

int m3_proxy_begin(struct m3_proxy *p, int dc, struct m3_section *s)
{
	struct m3_map *map;
	int e = m3_node_dc(p->node, dc, &map);

	if (e)
		return e;
	if (p->holds[dc].bell < 0)
		return -M3_ENODCNODE;
	if (p->holds[dc].incarnation != map->r->incarnation)
		return -M3_EDCNOTRUN;
	e = m3_begin(map, s, M3_LOCK_PROXY_MS);
	if (e)
		return e;
	p->holds[dc].quiet = 0;
	e = !map->r->running ? -M3_EDCNOTRUN :
	    !*m3_spans(map->r, p->peer) ? -M3_ENODCNODE :
	    m3_peer(map->r, p->peer)->token != p->holds[dc].token ?
		    -M3_EPROXYRUN : 0;
	if (e)
		m3_end(s);
	return e;
}

/*
 * Enters the next DC that it holds, from *dc on, and moves *dc behind it; one
 * that cannot be entered is left out. 0: there is none.
 */
static int enter_next(struct m3_proxy *p, uint32_t *dc, struct m3_section *s)
{
	while (*dc < p->node->region->max_dcs) {
		uint32_t this = (*dc)++;

		if (p->holds[this].bell >= 0 &&
		    !m3_proxy_begin(p, (int)this, s))
			return 1;
	}
	return 0;
}

static void disconnect(struct m3_proxy *p)
{
	struct m3_section s;
	uint32_t dc = 0;

	while (enter_next(p, &dc, &s)) {
		m3_peer_disconnect(&s.t, p->peer);
		m3_end(&s);
	}
}

void m3_proxy_release(struct m3_proxy *p)
{
	uint32_t dc;

	disconnect(p);
	for (dc = 0; dc < M3_MAX_DCS; dc++)
		m3_hold_close(&p->holds[dc]);
}

int m3_proxy_hold(struct m3_proxy *p, struct m3_node *node, int id)
{
	struct m3_node_region *n = node->region;
	uint32_t dc;
	int e;

	if (id < 0 || (uint32_t)id >= n->max_nodes || (uint32_t)id == n->node)
		return -M3_EBADNODEID;
	if (!(n->nodes[id].flags & M3_NODE_ATTACHED))
		return -M3_ENODEFREE;
	p->node = node;
	p->peer = (uint32_t)id;
	p->chunk = M3_CHUNK_BYTES;
	p->attachment = __atomic_add_fetch(attachments(p), 1, __ATOMIC_ACQ_REL);
	for (dc = 0; dc < M3_MAX_DCS; dc++)
		p->holds[dc].bell = -1;
	e = hold_all(p);
	if (e) {
		m3_proxy_release(p);
		return e;
	}
	n->nodes[id].proxy_pid = m3_pid();
	n->runtime_pid = m3_pid();
	return 0;
}

int m3_do_proxy_dcs(struct m3_proxy *p, struct m3_request *q, void *data)
{
	uint32_t max = q->size / sizeof(uint16_t), n = 0, dc;
	uint16_t *dcs = data;
	int e = hold_all(p);

	if (e)
		return e;
	for (dc = 0; dc < p->node->region->max_dcs; dc++)
		if (p->holds[dc].bell >= 0) {
			if (n < max)
				dcs[n] = (uint16_t)dc;
			n++;
		}
	q->size = (n < max ? n : max) * (uint32_t)sizeof(*dcs);
	return (int)n;
}

int m3_do_proxy_open(struct m3_proxy *p, struct m3_request *q, void *open)
{
	struct m3_section s;
	int e = m3_proxy_begin(p, q->dc, &s);

	if (e)
		return e;
	e = m3_peer_open(&s.t, p->peer, open);
	m3_end(&s);
	return e;
}

int m3_do_proxy_opened(struct m3_proxy *p, struct m3_request *q, void *data)
{
	const struct m3_dc_open *open = data;
	struct m3_section s;
	int e;

	(void)q;
	if (open->dc >= p->node->region->max_dcs)
		return -M3_EBADDCID;
	e = m3_proxy_begin(p, (int)open->dc, &s);
	if (e)
		return e;
	e = m3_peer_opened(&s.t, p->peer, open);
	m3_end(&s);
	return e;
}

int m3_do_proxy_disconnected(struct m3_proxy *p, struct m3_request *q,
			     void *data)
{
	(void)q;
	(void)data;
	disconnect(p);
	return 0;
}

int m3_do_proxy_give_up(struct m3_proxy *p, struct m3_request *q, void *data)
{
	struct m3_section s;
	uint32_t dc = 0;

	(void)data;
	if (q->flags != M3_ENOTCONN && q->flags != M3_ENODEDOWN)
		return -M3_EBADVALUE;
	while (enter_next(p, &dc, &s)) {
		m3_peer_give_up(&s.t, p->peer, q->flags);
		m3_end(&s);
	}
	return 0;
}

/* Is it the DC that is held, not a later one that does not span the peer? */
static int is_held(const struct m3_proxy *p, struct m3_map *map)
{
	return p->holds[map->r->dc].incarnation == map->r->incarnation &&
	       spans(map, p->peer);
}

/* Lanes with something to take, as bits; the bell is armed if there is none. */
static uint32_t look_at_queues(struct m3_proxy *p, struct m3_map *map, int rest)
{
	struct m3_hold *hold = &p->holds[map->r->dc];
	struct m3_peer *peer = m3_peer(map->r, p->peer);
	uint32_t lanes = m3_peer_queues(map->r, p->peer);

	if (lanes && !rest)
		return lanes;
	/* Nothing to take: arm the bell, then look again. */
	m3_bell_arm(&peer->armed, &hold->ticket);
	lanes = m3_peer_queues(map->r, p->peer);
	if (!lanes)
		m3_hold_rest(hold, &peer->armed);
	return lanes;
}

int m3_do_proxy_queues(struct m3_proxy *p, struct m3_request *q, void *data)
{
	uint32_t max = q->size / sizeof(uint32_t), n = 0, dc, lane, lanes;
	struct m3_map *map;
	uint32_t *out = data;

	for (dc = 0; dc < p->node->region->max_dcs; dc++) {
		if (p->holds[dc].bell < 0 || m3_hold_is_quiet(&p->holds[dc]))
			continue;
		map = p->node->maps[dc];
		if (!map)
			continue;
		if (m3_map_forked(map))
			return -M3_EFORKED;
		if (!is_held(p, map))
			continue;
		m3_look_begin(map);
		lanes = look_at_queues(p, map, q->flags & M3_QUEUES_REST);
		m3_look_end(map);
		for (lane = 0; lane < M3_LANES && n < max; lane++)
			if (lanes & 1u << lane)
				out[n++] = dc << 8 | lane;
	}
	q->size = n * (uint32_t)sizeof(*out);
	return (int)n;
}

int m3_do_proxy_take(struct m3_proxy *p, struct m3_request *q, void *frame)
{
	uint32_t lane = q->flags, count = 0;
	struct m3_section s;
	int e;

	q->value = 0;
	if (lane <= M3_LANE_CONTROL || lane >= M3_LANES)
		return -M3_EINVAL;
	if (q->size < sizeof(struct m3_frame_header))
		return -M3_EMSGSIZE;
	e = m3_proxy_begin(p, q->dc, &s);
	if (e)
		return e;
	e = m3_peer_take(&s.t, p->peer, lane, frame, q->size, p->chunk, &count);
	/*
	 * It seemed to have something, say a death that need not be told any
	 * more: m3_proxy_queues() has not asked to be rung for what comes next.
	 */
	if (e == 0)
		m3_bell_arm(&m3_peer(s.t.r, p->peer)->armed,
			    &p->holds[q->dc].ticket);
	m3_end(&s);
	q->value = count;
	q->size = e > 0 ? (uint32_t)e : 0;
	return e;
}

int m3_do_proxy_chunk(struct m3_proxy *p, struct m3_request *q, void *data)
{
	(void)data;
	if (!q->flags || q->flags > M3_CHUNK_BYTES || q->flags % 8)
		return -M3_EBADVALUE;
	p->chunk = q->flags;
	return 0;
}

int m3_do_proxy_acknowledge(struct m3_proxy *p, struct m3_request *q,
			    void *frame)
{
	struct m3_node *n = p->node;
	struct m3_section s;
	int e;

	/* Without the lock first: most calls find nothing owed. */
	if (q->dc >= 0 && (uint32_t)q->dc < n->region->max_dcs &&
	    n->maps[q->dc] && p->holds[q->dc].bell >= 0 &&
	    !m3_map_forked(n->maps[q->dc]) && is_held(p, n->maps[q->dc]) &&
	    !__atomic_load_n(&m3_peer(n->maps[q->dc]->r, p->peer)->ack_owed,
			     __ATOMIC_RELAXED)) {
		q->size = 0;
		return 0;
	}
	e = m3_proxy_begin(p, q->dc, &s);
	if (e)
		return e;
	e = m3_peer_acknowledge(&s.t, p->peer, frame, q->size);
	m3_end(&s);
	q->size = e > 0 ? (uint32_t)e : 0;
	return e;
}

int m3_do_proxy_put(struct m3_proxy *p, struct m3_request *q, void *frame)
{
	struct m3_frame_header h;
	struct m3_section s;
	int e;

	if (q->size < sizeof(h))
		return -M3_EPROTO;
	memcpy(&h, frame, sizeof(h));
	if (h.dc >= p->node->region->max_dcs)
		return -M3_EPROTO;
	e = m3_proxy_begin(p, h.dc, &s);
	if (e)
		return e;
	e = m3_peer_put(&s.t, p->peer, frame, q->size);
	m3_end(&s);
	return e;
}
