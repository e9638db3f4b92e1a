// SPDX-License-Identifier: MIT
/* The proxy's side of the core (build decision 5). */
#include "lib.h"
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* The bell of (DC, peer), readable through the node's epoll descriptor. */
static int hold_bell(struct m3_proxy *p, struct m3_map *map,
		     struct m3_hold *hold)
{
	struct epoll_event event = { .events = EPOLLIN };
	int e = m3_bell_create(map, M3_BELL_PEER, p->peer, hold->token,
			       &hold->bell);

	if (e)
		return e;
	m3_bell_remove(map, M3_BELL_PEER, p->peer, hold->token - 1);
	event.data.u64 = (uint64_t)p->peer << 32 | map->r->dc;
	if (epoll_ctl(p->node->epoll, EPOLL_CTL_ADD, hold->bell, &event)) {
		close(hold->bell);
		hold->bell = -1;
		return -M3_EIO;
	}
	return 0;
}

static void hold_release(struct m3_hold *hold)
{
	if (hold->bell >= 0)
		close(hold->bell);
	hold->bell = -1;
}

/* Attaches to one DC that spans the peer. */
static int hold_dc(struct m3_proxy *p, struct m3_map *map)
{
	struct m3_hold *hold = &p->holds[map->r->dc];
	struct m3_section s;
	int e = m3_begin(map, &s, M3_LOCK_PROXY_MS);

	if (e)
		return e;
	hold->token = m3_peer_attach(&s.t, p->peer);
	hold->ticket = m3_bell_ticket(hold->token);
	hold->incarnation = map->r->incarnation;
	/* The proxy before us may have been killed inside a put. */
	m3_life_rouse(&s.t);
	m3_end(&s);
	/* Nobody rings it before m3_proxy_queues() has armed it. */
	return hold_bell(p, map, hold);
}

/* Attaches to a DC, if it runs, spans the peer and is not held yet. */
static int hold_one(struct m3_proxy *p, uint32_t dc)
{
	struct m3_hold *hold = &p->holds[dc];
	struct m3_map *map;
	int e;

	if (!p->node->region->dcs[dc].running) {
		hold_release(hold);
		return 0;
	}
	e = m3_node_dc(p->node, (int)dc, &map);
	if (e)
		return e;
	/* Ended and started again meanwhile: nothing is held of the new one. */
	if (hold->incarnation != map->r->incarnation)
		hold_release(hold);
	if (!*m3_spans(map->r, p->peer) || hold->bell >= 0)
		return 0;
	return hold_dc(p, map);
}

/* An error only if no DC could be held: one bad DC must not stop the others. */
static int hold_all(struct m3_proxy *p)
{
	uint32_t dc, held = 0;
	int e, first = 0;

	for (dc = 0; dc < p->node->region->max_dcs; dc++) {
		e = hold_one(p, dc);
		if (!first)
			first = e;
		held += p->holds[dc].bell >= 0;
	}
	return held ? 0 : first;
}

int m3_attach(struct m3_node *node, int id, struct m3_proxy **out)
{
	struct m3_node_region *n = node->region;
	struct m3_proxy *p;
	uint32_t dc;
	int e;

	if (id < 0 || (uint32_t)id >= n->max_nodes || (uint32_t)id == n->node)
		return -M3_EBADNODEID;
	if (!(n->nodes[id].flags & M3_NODE_ATTACHED))
		return -M3_ENODEFREE;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -M3_ENOMEM;
	p->node = node;
	p->peer = (uint32_t)id;
	for (dc = 0; dc < M3_MAX_DCS; dc++)
		p->holds[dc].bell = -1;
	p->next = node->proxies;
	node->proxies = p;
	e = hold_all(p);
	if (e) {
		m3_detach(p);
		return e;
	}
	n->nodes[id].proxy_pid = (uint32_t)getpid();
	n->runtime_pid = (uint32_t)getpid();
	*out = p;
	return 0;
}

void m3_detach(struct m3_proxy *p)
{
	struct m3_proxy **at = &p->node->proxies;
	uint32_t dc;

	m3_proxy_disconnected(p);
	for (dc = 0; dc < M3_MAX_DCS; dc++)
		hold_release(&p->holds[dc]);
	while (*at && *at != p)
		at = &(*at)->next;
	if (*at)
		*at = p->next;
	free(p);
}

int m3_getproxyinfo(struct m3_node *node, int id, struct m3_proxy_info *info)
{
	const struct m3_pair_row *pair;
	const struct m3_node_row *row;
	struct m3_node_info peer;
	int e = id < 0 ? -M3_EBADNODEID : m3_getnodeinfo(node, id, &peer);

	if (e)
		return e;
	row = &node->region->nodes[id];
	if (!row->proxy_pid && !row->pair)
		return -M3_EPROXYFREE;
	memset(info, 0, sizeof(*info));
	info->id = (uint32_t)id;
	info->sender = info->receiver = (int32_t)row->proxy_pid;
	info->max_bytes = M3_FRAME_BYTES;
	memcpy(info->name, row->name, M3_NAME_BYTES);
	if (row->pair && row->pair <= node->region->max_nodes) {
		pair = &node->region->pairs[row->pair - 1];
		info->id = row->pair - 1;
		info->sender = (int32_t)pair->sender;
		info->receiver = (int32_t)pair->receiver;
		info->max_bytes = pair->max_bytes;
		memcpy(info->name, pair->name, M3_NAME_BYTES);
	}
	info->flags = M3_PROXY_INUSE |
		      (peer.flags & M3_NODE_SCONNECTED ?
			       M3_PROXY_SCONNECTED : 0) |
		      (peer.flags & M3_NODE_RCONNECTED ?
			       M3_PROXY_RCONNECTED : 0);
	return 0;
}

int m3_node_bell(struct m3_node *node)
{
	return node->epoll;
}

static struct m3_proxy *proxy_of(struct m3_node *node, uint32_t peer)
{
	struct m3_proxy *p;

	for (p = node->proxies; p && p->peer != peer; p = p->next)
		;
	return p;
}

/* Drains a bell that rang and arms it again. */
static int serve(struct m3_node *node, uint64_t which)
{
	uint32_t dc = (uint32_t)which, peer = (uint32_t)(which >> 32);
	struct m3_proxy *p = proxy_of(node, peer);

	if (!p || p->holds[dc].bell < 0)
		return 0;
	m3_bell_drain(p->holds[dc].bell);
	return 1;
}

int m3_node_serve(struct m3_node *node, int32_t *ids, int max)
{
	struct epoll_event events[64];
	int n, i, served = 0;

	n = epoll_wait(node->epoll, events, max < 64 ? max : 64, 0);
	for (i = 0; i < n; i++)
		if (serve(node, events[i].data.u64))
			ids[served++] = (int32_t)(events[i].data.u64 >> 32);
	return served;
}

int m3_proxy_dcs(struct m3_proxy *p, uint16_t *dcs, int max)
{
	uint32_t dc;
	int n = 0, e = hold_all(p);

	if (e)
		return e;
	for (dc = 0; dc < p->node->region->max_dcs; dc++)
		if (p->holds[dc].bell >= 0) {
			if (n < max)
				dcs[n] = (uint16_t)dc;
			n++;
		}
	return n;
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
	e = !map->r->running ? -M3_EDCNOTRUN :
	    !*m3_spans(map->r, p->peer) ? -M3_ENODCNODE :
	    m3_peer(map->r, p->peer)->token != p->holds[dc].token ?
		    -M3_EPROXYRUN : 0;
	if (e)
		m3_end(s);
	return e;
}

int m3_proxy_open(struct m3_proxy *p, int dc, struct m3_dc_open *open)
{
	struct m3_section s;
	int e = m3_proxy_begin(p, dc, &s);

	if (e)
		return e;
	e = m3_peer_open(&s.t, p->peer, open);
	m3_end(&s);
	return e;
}

int m3_proxy_opened(struct m3_proxy *p, const struct m3_dc_open *open)
{
	struct m3_section s;
	int e;

	if (open->dc >= p->node->region->max_dcs)
		return -M3_EBADDCID;
	e = m3_proxy_begin(p, (int)open->dc, &s);
	if (e)
		return e;
	e = m3_peer_opened(&s.t, p->peer, open);
	m3_end(&s);
	return e;
}

/* In every DC that it holds; one that cannot be entered is left out. */
static int each_dc(struct m3_proxy *p,
		   void (*act)(struct m3_txn *t, uint32_t node))
{
	struct m3_section s;
	uint32_t dc;

	for (dc = 0; dc < p->node->region->max_dcs; dc++) {
		if (p->holds[dc].bell < 0 || m3_proxy_begin(p, (int)dc, &s))
			continue;
		act(&s.t, p->peer);
		m3_end(&s);
	}
	return 0;
}

int m3_proxy_disconnected(struct m3_proxy *p)
{
	return each_dc(p, m3_peer_disconnect);
}

int m3_proxy_give_up(struct m3_proxy *p)
{
	return each_dc(p, m3_peer_give_up);
}

int m3_proxy_queues(struct m3_proxy *p, uint32_t *out, int max)
{
	uint32_t dc, lane, lanes;
	struct m3_map *map;
	int n = 0;

	for (dc = 0; dc < p->node->region->max_dcs; dc++) {
		map = p->node->maps[dc];
		if (p->holds[dc].bell < 0 || !map)
			continue;
		if (m3_map_forked(map))
			return -M3_EFORKED;
		lanes = m3_peer_queues(map->r, p->peer);
		if (!lanes) {
			/* Nothing: arm the bell, then look again. */
			m3_bell_arm(&m3_peer(map->r, p->peer)->armed,
				    &p->holds[dc].ticket);
			lanes = m3_peer_queues(map->r, p->peer);
		}
		for (lane = 0; lane < M3_LANES && n < max; lane++)
			if (lanes & 1u << lane)
				out[n++] = dc << 8 | lane;
	}
	return n;
}

int m3_proxy_take(struct m3_proxy *p, int dc, int lane, void *frame,
		  uint32_t size, uint32_t *count)
{
	struct m3_section s;
	int e;

	*count = 0;
	if (lane <= M3_LANE_CONTROL || lane >= M3_LANES)
		return -M3_EINVAL;
	if (size < sizeof(struct m3_frame_header))
		return -M3_EMSGSIZE;
	e = m3_proxy_begin(p, dc, &s);
	if (e)
		return e;
	e = m3_peer_take(&s.t, p->peer, (uint32_t)lane, frame, size, count);
	m3_end(&s);
	return e;
}

int m3_proxy_acknowledge(struct m3_proxy *p, int dc, void *frame, uint32_t size)
{
	struct m3_section s;
	int e;

	/* Without the lock first: most calls find nothing owed. */
	if (dc >= 0 && (uint32_t)dc < p->node->region->max_dcs &&
	    p->node->maps[dc] && p->holds[dc].bell >= 0 &&
	    !m3_map_forked(p->node->maps[dc]) &&
	    !m3_peer(p->node->maps[dc]->r, p->peer)->ack_owed)
		return 0;
	e = m3_proxy_begin(p, dc, &s);
	if (e)
		return e;
	e = m3_peer_acknowledge(&s.t, p->peer, frame, size);
	m3_end(&s);
	return e;
}

int m3_proxy_put(struct m3_proxy *p, const void *frame, uint32_t size)
{
	struct m3_frame_header h;
	struct m3_section s;
	int e;

	if (size < sizeof(h))
		return -M3_EPROTO;
	memcpy(&h, frame, sizeof(h));
	if (h.dc >= p->node->region->max_dcs)
		return -M3_EPROTO;
	e = m3_proxy_begin(p, h.dc, &s);
	if (e)
		return e;
	e = m3_peer_put(&s.t, p->peer, frame, size);
	m3_end(&s);
	return e;
}
