// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * put: frames arrive from a peer. Every record in sequence consumes its number
 * whatever its fate (protocol 4); number and effect are one transition
 * (protocol 3).
 */
#include "core.h"

/* Acknowledgements and grants of a frame header. */
static int put_header(struct m3_txn *t, struct m3_peer *p,
		      const struct m3_frame_header *h)
{
	struct m3_region *r = t->r;
	uint32_t i;

	for (i = M3_LANE_URGENT; i < M3_LANES; i++)
		if (h->ack[i] < p->lane[i].acked || h->ack[i] > p->lane[i].next)
			return -M3_EPROTO;
	for (i = M3_LANE_URGENT; i < M3_LANES; i++) {
		struct m3_lane *l = &p->lane[i];

		m3_set64(r, &l->acked, h->ack[i]);
		if (l->cursor < h->ack[i])
			m3_set64(r, &l->cursor, h->ack[i]);
		if (l->grant < h->grant[i])
			m3_set64(r, &l->grant, h->grant[i]);
	}
	m3_commit(r);
	p->frames_in++;
	p->receive_time = m3_platform_now();
	return 0;
}

/* Copies the record at `at` of a whole frame. */
static void read_record(const char *frame, uint32_t at, struct m3_incoming *in)
{
	uint32_t body, head = sizeof(struct m3_record);

	__builtin_memcpy(&in->rec, frame + at, head);
	body = in->rec.length - head;
	__builtin_memcpy(&in->body, frame + at + head,
			 body < sizeof(in->body) ? body : sizeof(in->body));
	in->data = frame + at + head + sizeof(struct m3_copy_body);
}

/*
 * Do the records fill the frame exactly? Asked before the first one is acted
 * on: of a frame that is broken nothing is believed.
 */
static int is_whole(const char *frame, uint32_t size, uint32_t count)
{
	uint32_t at = sizeof(struct m3_frame_header), length, i;

	for (i = 0; i < count; i++, at += length) {
		if (size - at < sizeof(struct m3_record))
			return 0;
		__builtin_memcpy(&length, frame + at, sizeof(length));
		if (length < sizeof(struct m3_record) || length % 8 ||
		    length > size - at)
			return 0;
	}
	return at == size;
}

static int put_records(struct m3_txn *t, uint32_t node, const char *frame,
		       const struct m3_frame_header *h)
{
	struct m3_region *r = t->r;
	struct m3_peer *p = m3_peer(r, node);
	struct m3_lane *l = &p->lane[h->lane];
	uint32_t at = sizeof(*h), i;
	struct m3_incoming in;
	int accepted = 0;

	for (i = 0; i < h->count; i++, at += in.rec.length) {
		uint64_t number = h->first + i;

		read_record(frame, at, &in);
		if (number < l->expected) {
			r->counts.duplicates++;
			continue;
		}
		m3_record_put_d(t, node, h->lane, &in);
		m3_set64(r, &l->expected, number + 1);
		m3_commit(r);
		/* A later record may end a binding that somebody waits for. */
		if (t->waits)
			m3_bind_settle(t);
		p->records_in++;
		accepted++;
	}
	return accepted;
}

int m3_peer_put(struct m3_txn *t, uint32_t node, const void *frame,
		uint32_t size)
{
	struct m3_region *r = t->r;
	struct m3_peer *p = m3_peer(r, node);
	struct m3_frame_header h;
	int e;

	if (!*m3_spans(r, node))
		return -M3_ENODCNODE;
	if (size < sizeof(h)) {
		r->counts.bad_length++;
		return -M3_EPROTO;
	}
	__builtin_memcpy(&h, frame, sizeof(h));
	if (h.type != M3_FRAME_DATA || h.lane >= M3_LANES || h.dc != r->dc ||
	    !p->open || h.session != m3_session(r, p) ||
	    (h.count != 0 && h.lane == M3_LANE_CONTROL))
		return -M3_EPROTO;
	/* A record beyond the grant: the peer ignored the window. */
	if (h.count > m3_window(h.lane) || (h.count && h.first == 0) ||
	    h.first > p->lane[h.lane].expected ||
	    h.first + h.count > p->lane[h.lane].expected + m3_window(h.lane))
		return -M3_EPROTO;
	if (!is_whole(frame, size, h.count)) {
		r->counts.bad_length++;
		return -M3_EPROTO;
	}
	e = put_header(t, p, &h);
	/* Room in the window may let records go that wait for it. */
	if (!e && m3_peer_queues(r, node))
		m3_ring_later(t, node);
	if (e || h.count == 0)
		return e;
	m3_store32(&p->ack_owed, 1);
	return put_records(t, node, frame, &h);
}
