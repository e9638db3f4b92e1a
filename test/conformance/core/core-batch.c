// SPDX-License-Identifier: MIT
/*
 * Frames of many records: a bad one among them costs only itself, every number
 * is used up; a frame that is broken as a whole changes nothing.
 */
#include "forge.h"
#include <stdio.h>
#include <string.h>

enum { FAR = 20, NEAR = 1, FAR_NODE = 2, RECORDS = 7 };

static _Alignas(8) unsigned char frame[M3_FRAME_BYTES];
static struct rig_node node;
static struct forge far;
static struct m3_member *near;
static unsigned int bytes;

static struct m3_dc_counters counters(void)
{
	struct m3_dc_counters c;

	SAME(m3_dc_counters(node.core, RIG_DC, &c), 0);
	return c;
}

/* Begins a frame of no records. */
static void begin(void)
{
	struct m3_frame_header *h = (void *)frame;
	int i;

	memset(h, 0, sizeof(*h));
	h->type = M3_FRAME_DATA;
	h->lane = M3_LANE_NORMAL;
	h->dc = RIG_DC;
	h->session = far.session;
	h->first = far.next[M3_LANE_NORMAL];
	for (i = 0; i < M3_LANES; i++) {
		h->ack[i] = far.seen[i];
		h->grant[i] = far.seen[i] + 100;
	}
	bytes = sizeof(*h);
}

/* Adds a message of endpoint `src`; returns its record. */
static struct m3_record *add(int kind, int src, int dst, uint64_t call)
{
	static struct forge_record r;
	void *at = frame + bytes;

	forge_fill(&far, &r, kind, src, dst, call, 64);
	r.body.message = rig_message(src, 0, 0);
	memcpy(at, &r, r.head.length);
	bytes += r.head.length;
	((struct m3_frame_header *)(void *)frame)->count++;
	return at;
}

static int put(void)
{
	int e = m3_proxy_put(node.proxy, frame, bytes);

	if (e > 0)
		far.next[M3_LANE_NORMAL] += (uint64_t)e;
	SOUND(&node);
	return e;
}

static void good_frame(uint64_t call)
{
	int i;

	begin();
	for (i = 0; i < RECORDS; i++)
		add(M3_REC_SEND, FAR + i, NEAR, call);
}

/* All senders but number `without` are queued, in order. */
static void drain(int without)
{
	static struct forge_record r;
	struct m3_message message;
	int i;

	for (i = 0; i < RECORDS; i++) {
		if (i == without)
			continue;
		SAME(m3_receive(near, NEAR, M3_ANY, &message, 0), 0);
		SAME(message.source, FAR + i);
	}
	SAME(m3_receive(near, NEAR, M3_ANY, &message, 0), -M3_EAGAIN);
	while (forge_take(&far, M3_LANE_NORMAL, &r))
		;
}

/* One bad record in the middle of good ones. */
static void one_bad(void)
{
	static const int at = 3;
	struct m3_dc_counters before;
	struct m3_record *r;
	uint64_t call = 1;
	int way;

	for (way = 0; way < 4; way++, call++) {
		before = counters();
		good_frame(call);
		r = (void *)(frame + sizeof(struct m3_frame_header) +
			     at * (sizeof(struct m3_record) + 64u));
		if (way == 0)
			r->kind = 77;
		else if (way == 1)
			r->src_node = 3;
		else if (way == 2)
			r->dst_node = 3;
		else
			r->src = 100000;
		SAME(put(), RECORDS);
		SAME((long)(counters().dropped - before.dropped), 1);
		drain(at);
	}
	rig_ok("one bad record is dropped alone");
}

/* An error answer is the fate of one, the others are delivered. */
static void one_refused(void)
{
	static struct forge_record r;
	struct m3_message message;
	int i, errors = 0;

	begin();
	for (i = 0; i < RECORDS; i++)
		add(M3_REC_SENDREC, FAR + i, i == 3 ? 9 : NEAR, 20);
	SAME(put(), RECORDS);
	for (i = 0; i < RECORDS - 1; i++) {
		SAME(m3_receive(near, NEAR, M3_ANY, &message, 0), 0);
		SAME(m3_reply(near, NEAR, message.source, &message), 0);
	}
	while (forge_take(&far, M3_LANE_NORMAL, &r)) {
		if (r.head.kind != M3_REC_ERROR)
			continue;
		errors++;
		SAME(r.head.dst, FAR + 3);
		SAME(r.head.status, -M3_EDEADSRCDST);
	}
	SAME(errors, 1);
	rig_ok("one request is answered by an error alone");
}

/* Records that came before, in a frame with new ones. */
static void some_again(void)
{
	struct m3_dc_counters before = counters();
	struct m3_frame_header *h = (void *)frame;
	struct m3_message message;

	good_frame(50);
	SAME(put(), RECORDS);
	drain(-1);
	begin();
	h->first -= 2;
	add(M3_REC_SEND, FAR + 5, NEAR, 50);
	add(M3_REC_SEND, FAR + 6, NEAR, 50);
	add(M3_REC_SEND, FAR, NEAR, 51);
	SAME(put(), 1);
	SAME((long)(counters().duplicates - before.duplicates), 2);
	SAME(m3_receive(near, NEAR, M3_ANY, &message, 0), 0);
	SAME(message.source, FAR);
	SAME(m3_receive(near, NEAR, M3_ANY, &message, 0), -M3_EAGAIN);
	rig_ok("records that came before are skipped one by one");
}

static void whole_or_nothing(void)
{
	struct m3_frame_header *h = (void *)frame;
	struct m3_message message;
	struct m3_record *r;
	int way;

	for (way = 0; way < 6; way++) {
		good_frame(40);
		r = (void *)(frame + sizeof(*h) +
			     (RECORDS - 1) * (sizeof(*r) + 64u));
		if (way == 0)
			r->length += 8;
		else if (way == 1)
			r->length = 32;
		else if (way == 2)
			bytes -= 8;
		else if (way == 3)
			h->count++;
		else if (way == 4)
			h->first++;
		else
			h->session++;
		SAME(put(), -M3_EPROTO);
		SAME(m3_receive(near, NEAR, M3_ANY, &message, 0), -M3_EAGAIN);
	}
	good_frame(40);
	SAME(put(), RECORDS);
	drain(-1);
	rig_ok("a broken frame changes nothing");
}

int main(void)
{
	rig_start(&node, 0);
	forge_begin(&far, &node, FAR_NODE);
	near = rig_join(&node, NEAR);
	one_bad();
	one_refused();
	whole_or_nothing();
	some_again();
	m3_leave(near);
	rig_stop(&node);
	return 0;
}
