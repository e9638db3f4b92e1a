// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * What mnx.h keeps beside the core: pairs of proxies, which nodes they serve,
 * and what the halves of a pair, which may be two processes, have to tell each
 * other: that the peer, whose connection is new, asks for DCs to be opened
 * again. It is counted and looked at under the DC's lock, so that no record
 * leaves between the count and the OPEN: the peer would drop it, and it would
 * not be sent again.
 */
#include "calls.h"

#define OPEN_BYTES (sizeof(struct m3_frame_header) + sizeof(struct m3_dc_open))

static struct m3_pair_row *row_of(struct m3_node *node, int id)
{
	return id < 0 || (uint32_t)id >= node->region->max_nodes ?
		       NULL : &node->region->pairs[id];
}

static struct m3_node_row *peer_of(struct m3_node *node, int id)
{
	struct m3_node_region *n = node->region;

	return id < 0 || (uint32_t)id >= n->max_nodes ||
			       (uint32_t)id == n->node ?
		       NULL : &n->nodes[id];
}

int m3_do_pair_info(struct m3_node *node, struct m3_request *q, void *data)
{
	const struct m3_pair_row *row = row_of(node, q->id);

	if (!row)
		return -M3_EBADNODEID;
	memcpy(data, row, sizeof(*row));
	return 0;
}

int m3_do_pair_bind(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_pair_row *row = row_of(node, q->id);
	const struct m3_pair_row *pair = data;

	if (!row)
		return -M3_EBADNODEID;
	row->sender = pair->sender;
	row->receiver = pair->receiver;
	row->max_bytes = pair->max_bytes;
	memcpy(row->name, pair->name, sizeof(row->name));
	row->name[sizeof(row->name) - 1] = 0;
	/* Last: a proxy that looks for itself sees the whole row. */
	__atomic_store_n(&row->flags, M3_PROXY_INUSE, __ATOMIC_RELEASE);
	return 0;
}

int m3_do_pair_unbind(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_pair_row *row = row_of(node, q->id);

	(void)data;
	if (!row)
		return -M3_EBADNODEID;
	__atomic_store_n(&row->flags, 0, __ATOMIC_RELEASE);
	return 0;
}

int m3_do_pair_connect(struct m3_node *node, struct m3_request *q, void *data)
{
	const uint32_t both = M3_PROXY_SCONNECTED | M3_PROXY_RCONNECTED;
	struct m3_pair_row *row = row_of(node, q->id);

	(void)data;
	if (!row)
		return -M3_EBADNODEID;
	if (q->flags & M3_PROXY_SCONNECTED)
		__atomic_fetch_add(&row->connects, 1, __ATOMIC_SEQ_CST);
	__atomic_fetch_and(&row->flags, ~(q->size & both), __ATOMIC_SEQ_CST);
	__atomic_fetch_or(&row->flags, q->flags & both, __ATOMIC_SEQ_CST);
	return 0;
}

/* Closes the DCs to every node of a pair: nothing is taken or put. */
int m3_do_pair_close(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_node_region *n = node->region;
	struct m3_section s;
	uint32_t id, dc;

	(void)data;
	for (id = 0; id < n->max_nodes; id++) {
		if (n->nodes[id].pair != (uint32_t)q->id + 1)
			continue;
		for (dc = 0; dc < n->max_dcs; dc++) {
			if (!n->dcs[dc].running ||
			    m3_dc_begin(node, (int)dc, &s))
				continue;
			if (*m3_spans(s.t.r, id))
				m3_peer_disconnect(&s.t, id);
			m3_end(&s);
		}
	}
	return 0;
}

int m3_do_pair_of(struct m3_node *node, struct m3_request *q, void *data)
{
	const struct m3_pair_row *row = node->region->pairs;
	uint32_t i, pid = (uint32_t)q->pid, tid = (uint32_t)q->id;

	(void)data;
	for (i = 0; i < node->region->max_nodes; i++, row++) {
		if (!(row->flags & M3_PROXY_INUSE))
			continue;
		if (q->flags & M3_PAIR_SENDER &&
		    (row->sender == pid || row->sender == tid))
			return (int)i;
		if (q->flags & M3_PAIR_RECEIVER &&
		    (row->receiver == pid || row->receiver == tid))
			return (int)i;
	}
	return -M3_ENOPROXY;
}

int m3_do_pair_serves(struct m3_node *node, struct m3_request *q, void *data)
{
	struct m3_node_row *peer = peer_of(node, q->id);

	(void)data;
	if (!peer) {
		q->value = 0;
		return q->id == (int)node->region->node &&
				       !(q->flags & M3_PAIR_SET) ?
			       0 : -M3_EBADNODEID;
	}
	if (q->flags & M3_PAIR_SET) {
		if (q->value > node->region->max_nodes)
			return -M3_EBADNODEID;
		peer->pair = (uint32_t)q->value;
	}
	q->value = peer->pair;
	return 0;
}

/* ------------------------------------------------------------- frames */

static uint32_t hellos(struct m3_node *node, uint32_t peer)
{
	return __atomic_load_n(&node->region->nodes[peer].hellos,
			       __ATOMIC_SEQ_CST);
}

int m3_do_proxy_hellos(struct m3_proxy *p, struct m3_request *q, void *data)
{
	(void)data;
	q->value = hellos(p->node, p->peer);
	return 0;
}

/* 0 also if the peer has asked for an OPEN meanwhile: that goes first. */
int m3_do_proxy_take_since(struct m3_proxy *p, struct m3_request *q,
			   void *frame)
{
	struct m3_section s;
	uint32_t count = 0;
	int e;

	if (q->flags <= M3_LANE_CONTROL || q->flags >= M3_LANES)
		return -M3_EINVAL;
	e = m3_proxy_begin(p, q->dc, &s);
	if (e)
		return e;
	if (q->size < sizeof(struct m3_frame_header))
		e = -M3_EMSGSIZE;
	else if ((uint32_t)q->value == hellos(p->node, p->peer))
		e = m3_peer_take(&s.t, p->peer, q->flags, frame, q->size,
				 p->chunk, &count);
	m3_end(&s);
	q->size = e > 0 ? (uint32_t)e : 0;
	return e;
}

static int put_open(struct m3_section *s, struct m3_node *node,
		    const struct m3_request *q, const char *frame)
{
	struct m3_dc_open open;
	int e;

	memcpy(&open, frame + sizeof(struct m3_frame_header), sizeof(open));
	if (open.dc != s->t.r->dc)
		return -M3_EPROTO;
	if (q->flags & M3_PAIR_ASKS)
		__atomic_fetch_add(&node->region->nodes[q->id].hellos, 1,
				   __ATOMIC_SEQ_CST);
	e = m3_peer_opened(&s->t, (uint32_t)q->id, &open);
	m3_ring_later(&s->t, (uint32_t)q->id);
	return e;
}

/*
 * What came before the peer has opened the DC on this connection is left over
 * from the one before: not accepted, it comes again behind the peer's OPEN.
 */
static int put_data(struct m3_section *s, const struct m3_request *q,
		    const char *frame)
{
	uint32_t peer = (uint32_t)q->id;
	struct m3_peer *p;
	int e;

	if (!*m3_spans(s->t.r, peer))
		return -M3_ENODCNODE;
	p = m3_peer(s->t.r, peer);
	if (!p->open)
		return 0;
	e = m3_peer_put(&s->t, peer, frame, q->size);
	/* The sender acknowledges, if nothing of its own leaves. */
	if (p->ack_owed)
		m3_ring_later(&s->t, peer);
	return e < 0 ? e : 0;
}

int m3_do_pair_put(struct m3_node *node, struct m3_request *q, void *frame)
{
	struct m3_frame_header header;
	struct m3_section s;
	int e;

	if (!peer_of(node, q->id))
		return -M3_EBADNODEID;
	if (!frame || q->size < sizeof(header))
		return -M3_EMSGSIZE;
	memcpy(&header, frame, sizeof(header));
	if (header.type == M3_FRAME_OPEN ? q->size != OPEN_BYTES :
					   header.type != M3_FRAME_DATA)
		return -M3_EPROTO;
	e = m3_dc_begin(node, header.dc, &s);
	if (e)
		return e;
	if (!s.t.r->running)
		e = -M3_EDCNOTRUN;
	else if (header.type == M3_FRAME_OPEN)
		e = put_open(&s, node, q, frame);
	else
		e = put_data(&s, q, frame);
	m3_end(&s);
	return e;
}
