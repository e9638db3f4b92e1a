// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * take: records leave for a peer. The record enters the in-flight ring and
 * gets its number in one transition; from then on it is sent until the peer's
 * core has acknowledged it (protocol 3, 4).
 */
#include "core.h"

/* A message's record leaves its block: what the block's owner becomes. */
static void numbered_d(struct m3_txn *t, uint32_t block, uint32_t peer,
		       uint32_t lane, uint64_t number)
{
	struct m3_region *r = t->r;
	const struct m3_record *rec = &m3_block(r, block)->record;
	struct m3_peer *p = m3_peer(r, peer);
	struct m3_slot *s;

	m3_set32(r, m3_block_state(r, block), M3_BLOCK_FREE);
	if (block >= 2 * r->slots) {
		m3_pool_freed_d(t, block);
		if (p->notifies)
			m3_set32(r, &p->notifies, p->notifies - 1);
		return;
	}
	if (block >= r->slots || rec->kind == M3_REC_CANCEL) {
		m3_block_freed_d(t, block);
		return;
	}
	s = m3_slot(r, block);
	if (s->rts & (M3_RTS_REMOTE | M3_RTS_SLOT_FREE))
		return;
	m3_set32(r, &s->block_state, M3_BLOCK_NUMBERED);
	m3_set32(r, &s->call_lane, lane);
	m3_set64(r, &s->call_number, number);
	/* The request is out: now it waits for the reply (reference 1.1). */
	if (rec->kind == M3_REC_SENDREC)
		m3_set32(r, &s->rts, s->rts & ~M3_RTS_SENDING);
}

static int number_block(struct m3_txn *t, uint32_t peer, uint32_t lane,
			uint32_t room)
{
	struct m3_region *r = t->r;
	struct m3_peer *p = m3_peer(r, peer);
	struct m3_lane *l = &p->lane[lane];
	uint32_t b = l->qhead;
	struct m3_entry *e = m3_entry(p, lane, l->next);

	if (b >= m3_blocks(r) || m3_block(r, b)->record.length > room)
		return 0;
	e->record = m3_block(r, b)->record;
	e->body.message = m3_block(r, b)->body.message;
	m3_set32(r, &l->qhead, m3_block(r, b)->next);
	if (l->qhead == M3_NIL)
		m3_set32(r, &l->qtail, M3_NIL);
	m3_set32(r, &l->queued, l->queued - 1);
	numbered_d(t, b, peer, lane, l->next);
	m3_told_d(t, peer, &e->record);
	return 1;
}

/*
 * What is left of a frame's `room` for new records: a chunk may be no longer
 * than `chunk`, and a frame with such a one no longer than for a whole one.
 */
static uint32_t room_for_new(uint32_t lane, uint32_t at, uint32_t size,
			     uint32_t chunk)
{
	uint32_t most = sizeof(struct m3_frame_header) +
			sizeof(struct m3_record) + sizeof(struct m3_copy_body) +
			chunk;

	if (lane == M3_LANE_BULK && size > most)
		size = most;
	return size > at ? size - at : 0;
}

/* Gives the next record its number; 0 if there is none or it does not fit. */
static int number_next(struct m3_txn *t, uint32_t peer, uint32_t lane,
		       uint32_t room, uint32_t chunk)
{
	struct m3_region *r = t->r;
	struct m3_lane *l = &m3_peer(r, peer)->lane[lane];

	if (l->next > l->grant || l->next - l->acked >= m3_window(lane))
		return 0;
	if (lane == M3_LANE_BULK) {
		if (!m3_chunk_number_d(t, peer, room, chunk))
			return 0;
	} else if (!(m3_death_waits(r, peer, lane) &&
		     m3_death_number_d(t, peer, lane, room)) &&
		   !number_block(t, peer, lane, room)) {
		return 0;
	}
	m3_set64(r, &l->next, l->next + 1);
	m3_commit(r);
	return 1;
}

/* The bytes of a chunk, out of the arena; 0 if the entry is not sane. */
static int write_chunk(struct m3_region *r, const struct m3_entry *e, char *to,
		       uint32_t room)
{
	struct m3_copy_body copy = e->body.chunk.copy;
	uint64_t local = e->body.chunk.local;

	/* What was checked is what is used: nothing is read a second time. */
	m3_barrier();
	if (room < sizeof(copy) || copy.bytes > room - sizeof(copy) ||
	    !m3_in_arena(r, local, copy.bytes))
		return 0;
	__builtin_memcpy(to, &copy, sizeof(copy));
	m3_arena_read(r, to + sizeof(copy), local, copy.bytes);
	/* What pads it to a multiple of 8 must not be an older frame's. */
	__builtin_memset(to + sizeof(copy) + copy.bytes, 0,
			 room - sizeof(copy) - (uint32_t)copy.bytes);
	return 1;
}

/*
 * Writes one in-flight record; returns its length, 0 if it does not fit. What
 * lies in the region is copied before it is checked: a member may change it.
 */
static uint32_t write_record(struct m3_region *r, const struct m3_entry *e,
			     uint32_t lane, char *to, uint32_t room)
{
	struct m3_record rec = e->record;
	uint32_t body = rec.length - (uint32_t)sizeof(rec);

	m3_barrier();
	if (rec.length < sizeof(rec) || rec.length > room || rec.length % 8)
		return 0;
	if (rec.kind == M3_REC_VOID) {
		/* Only its number is left to send. */
		rec.flags = 0;
		rec.length = sizeof(rec);
	} else if (lane == M3_LANE_BULK) {
		if (!write_chunk(r, e, to + sizeof(rec), body))
			return 0;
	} else {
		if (body > sizeof(struct m3_message))
			return 0;
		__builtin_memcpy(to + sizeof(rec), &e->body, body);
	}
	__builtin_memcpy(to, &rec, sizeof(rec));
	return rec.length;
}

/* A frame may lie at any address: nothing in it is written in place. */
static void write_header(struct m3_region *r, struct m3_peer *p, uint32_t lane,
			 uint64_t first, uint32_t count, void *frame)
{
	struct m3_frame_header h;
	uint32_t i;

	__builtin_memset(&h, 0, sizeof(h));
	h.type = M3_FRAME_DATA;
	h.lane = (uint8_t)lane;
	h.dc = (uint16_t)r->dc;
	h.count = count;
	h.session = m3_session(r, p);
	h.first = first;
	for (i = 0; i < M3_LANES; i++) {
		h.ack[i] = p->lane[i].expected;
		h.grant[i] = p->lane[i].expected + m3_window(i) - 1;
	}
	__builtin_memcpy(frame, &h, sizeof(h));
	m3_store32(&p->ack_owed, 0);
	p->frames_out++;
	p->send_time = m3_platform_now();
}

int m3_peer_take(struct m3_txn *t, uint32_t node, uint32_t lane, void *frame,
		 uint32_t size, uint32_t chunk, uint32_t *count)
{
	struct m3_region *r = t->r;
	struct m3_peer *p = m3_peer(r, node);
	struct m3_lane *l = &p->lane[lane];
	uint32_t at = sizeof(struct m3_frame_header), n = 0, length;
	uint64_t first;

	*count = 0;
	if (!*m3_spans(r, node) || !p->open)
		return 0;
	first = l->cursor;
	while (size - at >= sizeof(struct m3_record)) {
		int again = l->cursor < l->next;

		if (!again &&
		    !number_next(t, node, lane,
				 room_for_new(lane, at, size, chunk), chunk))
			break;
		length = write_record(r, m3_entry(p, lane, l->cursor), lane,
				      (char *)frame + at, size - at);
		if (!length)
			break;
		at += length;
		n++;
		if (again)
			r->counts.replayed++;
		m3_set64(r, &l->cursor, l->cursor + 1);
		m3_commit(r);
	}
	if (!n)
		return 0;
	write_header(r, p, lane, first, n, frame);
	p->records_out += n;
	*count = n;
	return (int)at;
}

int m3_peer_acknowledge(struct m3_txn *t, uint32_t node, void *frame,
			uint32_t size)
{
	struct m3_region *r = t->r;
	struct m3_peer *p = m3_peer(r, node);

	if (size < sizeof(struct m3_frame_header))
		return -M3_EMSGSIZE;
	if (!*m3_spans(r, node) || !p->open || !p->ack_owed)
		return 0;
	write_header(r, p, M3_LANE_CONTROL, 0, 0, frame);
	return sizeof(struct m3_frame_header);
}
