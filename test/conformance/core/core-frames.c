// SPDX-License-Identifier: MIT
/*
 * Frames that no core would write. First each field of the frame header, of a
 * record and of a copy's body with the values at its edges, then random bytes.
 * Nothing may crash, no peer may speak for an endpoint that is not its own or
 * write outside what was granted, and the region stays sound.
 */
#include "forge.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GRANTED 20000u

static struct forge_record rec;
static unsigned char frame[M3_FRAME_BYTES];

/* Endpoints 1, 2: idle. 3: asks 20, its buffer granted. 4: owns a canary. */
struct scene {
	struct rig_node node;
	struct forge f;
	struct m3_member *m;
	struct m3_call call;
	struct m3_buffer granted, canary;
	unsigned long accepted, broken;
};

struct field {
	const char *name;
	unsigned int at, size;
	int structural; /* any other value makes the frame broken */
};

#define HEAD(field, structural)                               \
	{ #field, offsetof(struct m3_frame_header, field),    \
	  sizeof(((struct m3_frame_header *)0)->field), structural }
#define REC(field, structural)                                \
	{ #field, sizeof(struct m3_frame_header) +            \
		  offsetof(struct m3_record, field),          \
	  sizeof(((struct m3_record *)0)->field), structural }
#define BODY(field)                                           \
	{ #field, sizeof(struct m3_frame_header) +            \
		  sizeof(struct m3_record) +                  \
		  offsetof(struct m3_copy_body, field), 8, 0 }
#define LANE(field, lane)                                     \
	{ #field, offsetof(struct m3_frame_header, field) +   \
		  8 * (lane), 8, 0 }

static const struct field fields[] = {
	HEAD(type, 1), HEAD(lane, 0), HEAD(dc, 1), HEAD(count, 1),
	HEAD(session, 1), HEAD(first, 0), HEAD(flags, 0), HEAD(reserved0, 0),
	LANE(ack, 0), LANE(ack, 1), LANE(ack, 2), LANE(ack, 3),
	LANE(grant, 0), LANE(grant, 1), LANE(grant, 2), LANE(grant, 3),
	REC(length, 1), REC(kind, 0), REC(flags, 0), REC(src, 0), REC(dst, 0),
	REC(src_binding, 0), REC(dst_binding, 0), REC(call, 0),
	REC(transfer, 0), REC(offset, 0), REC(status, 0), REC(src_node, 0),
	REC(dst_node, 0), BODY(address), BODY(bytes),
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static int is_copy(int kind)
{
	return kind == M3_REC_COPY_PULL || kind == M3_REC_COPY_DATA;
}

static int is_message(int kind)
{
	return kind == M3_REC_SEND || kind == M3_REC_SENDREC ||
	       kind == M3_REC_REPLY || kind == M3_REC_NOTIFY;
}

/* Endpoint 3 asks 20 again, which is what grants its buffer. */
static void ask(struct scene *s)
{
	if (m3_finish(s->m, &s->call) == M3_PENDING)
		return;
	rig_start_call(s->m, &s->call, M3_OP_SENDREC, 3, 20, 7, M3_PENDING);
}

static void scene_begin(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	rig_start(&s->node, 0);
	forge_begin(&s->f, &s->node, 1);
	s->m = rig_join(&s->node, 1);
	SAME(m3_bind(s->m, 2), 0);
	SAME(m3_bind(s->m, 3), 0);
	SAME(m3_bind(s->m, 4), 0);
	SAME(m3_rmtbind(s->node.core, RIG_DC, "far", 20, 1), 0);
	SAME(m3_alloc(s->m, 4, GRANTED, &s->canary), 0);
	SAME(m3_alloc(s->m, 3, GRANTED, &s->granted), 0);
	memset(s->canary.data, 0x5a, GRANTED);
	rig_start_call(s->m, &s->call, M3_OP_SENDREC, 3, 20, 7, M3_PENDING);
}

/* Whoever a message comes from lives on the peer, or is the member's own. */
static void check_received(struct scene *s)
{
	struct m3_proc_info info;
	struct m3_message m;
	int ep;

	for (ep = 1; ep <= 2; ep++)
		while (m3_receive(s->m, ep, M3_ANY, &m, 0) == 0) {
			SAME(m3_getprocinfo(s->node.core, RIG_DC, m.source,
					    &info), 0);
			SAME(info.node, 1);
		}
}

static void check(struct scene *s)
{
	const unsigned char *p = s->canary.data;
	unsigned int i;

	SOUND(&s->node);
	check_received(s);
	for (i = 0; i < GRANTED; i++)
		MUST(p[i] == 0x5a);
}

/* Takes what the core has to say and learns what it expects. */
static void listen(struct scene *s)
{
	struct m3_dc_open open;
	int lane;

	for (lane = M3_LANE_URGENT; lane < M3_LANES; lane++)
		while (forge_take(&s->f, lane, &rec))
			;
	SAME(m3_proxy_open(s->f.to->proxy, RIG_DC, &open), 0);
	for (lane = 0; lane < M3_LANES; lane++)
		s->f.next[lane] = open.expected[lane];
	ask(s);
}

/* A frame that is right in everything. */
static unsigned int right(struct scene *s, int kind, uint64_t call)
{
	struct m3_record *r = &rec.head;
	int to_caller = !is_message(kind) || kind == M3_REC_REPLY;

	forge_fill(&s->f, &rec, kind, 20, to_caller ? 3 : 1, call,
		   is_message(kind) ? 64 : kind == M3_REC_COPY_PULL ? 16 :
		   kind == M3_REC_COPY_DATA ? 16 + 64 : 0);
	if (is_message(kind))
		rec.body.message = rig_message(7, 0, 0);
	if (is_copy(kind)) {
		r->call = 1;
		r->transfer = call;
		rec.body.copy.address = s->granted.address;
		rec.body.copy.bytes = 64;
	}
	return forge_frame(&s->f, kind == M3_REC_COPY_DATA ? M3_LANE_BULK :
							     M3_LANE_NORMAL,
			   &rec, frame);
}

/* From an allocation of just that size: the sanitizer sees each byte read. */
static int put(struct scene *s, unsigned int bytes)
{
	void *copy = malloc(bytes ? bytes : 1);
	int e;

	memcpy(copy, frame, bytes);
	e = m3_proxy_put(s->f.to->proxy, copy, bytes);
	free(copy);
	MUST(e >= 0 || e == -M3_EPROTO || e == -M3_EDCNOTRUN ||
	     e == -M3_ENODCNODE);
	if (e < 0)
		s->broken++;
	else
		s->accepted++;
	return e;
}

static uint64_t edge(uint64_t was, unsigned int size, int which)
{
	uint64_t max = size == 8 ? ~0ull : (1ull << 8 * size) - 1;
	const uint64_t values[] = { 0, 1, was - 1, was + 1, max,
				    was ^ 1ull << (8 * size - 1) };

	return values[which] & max;
}

static void walk(struct scene *s, int kind)
{
	uint64_t was, value, call = 10;
	unsigned int i, bytes;
	int which, e;

	for (i = 0; i < FIELDS; i++)
		for (which = 0; which < 6; which++) {
			const struct field *f = &fields[i];

			bytes = right(s, kind, call += 4);
			if (f->at + f->size > bytes)
				continue;
			was = 0;
			memcpy(&was, frame + f->at, f->size);
			value = edge(was, f->size, which);
			memcpy(frame + f->at, &value, f->size);
			e = put(s, bytes);
			if (f->structural && value != was && e >= 0) {
				fprintf(stderr, "kind %d, %s: %#lx was taken\n",
					kind, f->name, (unsigned long)value);
				exit(1);
			}
			check(s);
			listen(s);
		}
	/* Cut short and too long, by one and by much. */
	for (bytes = right(s, kind, call += 4), i = 0; i < bytes; i += 8) {
		SAME(put(s, i), -M3_EPROTO);
		SAME(put(s, i + 1), -M3_EPROTO);
	}
	SAME(put(s, bytes + 8), -M3_EPROTO);
	SAME(put(s, M3_FRAME_BYTES), -M3_EPROTO);
	check(s);
}

static const int kinds[] = {
	M3_REC_VOID, M3_REC_REFUSED, M3_REC_SEND, M3_REC_SENDREC, M3_REC_REPLY,
	M3_REC_NOTIFY, M3_REC_SEND_ACK, M3_REC_ERROR, M3_REC_CANCEL,
	M3_REC_COPY_PULL, M3_REC_COPY_DATA, M3_REC_COPY_ACK,
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void fuzz(struct scene *s, int rounds)
{
	uint64_t call = 1000000;
	unsigned int bytes, at;
	int i, n;

	for (i = 0; i < rounds; i++) {
		bytes = right(s, kinds[rig_random(KINDS)], call++);
		for (n = 1 + (int)rig_random(6); n > 0; n--) {
			at = rig_random(bytes);
			frame[at] = (unsigned char)(rig_random(3) ?
				rig_random(256) : frame[at] + 1u);
		}
		if (rig_random(10) == 0)
			bytes = rig_random(bytes);
		put(s, bytes);
		if (i % 16 == 0) {
			check(s);
			listen(s);
		}
	}
	check(s);
}

int main(int argc, char **argv)
{
	struct m3_dc_counters c;
	struct scene s;
	unsigned int i;

	rig_seed(argc, argv);
	scene_begin(&s);
	for (i = 0; i < KINDS; i++)
		walk(&s, kinds[i]);
	fuzz(&s, rig_rounds(argc, argv, 5000));
	SAME(m3_dc_counters(s.node.core, RIG_DC, &c), 0);
	MUST(c.bad_length && c.bad_kind && c.bad_node && c.bad_endpoint &&
	     c.bad_binding && c.duplicates && c.rejected && c.dropped &&
	     c.stale_answers && c.refused);
	printf("%lu accepted, %lu broken\n", s.accepted, s.broken);
	m3_leave(s.m);
	rig_stop(&s.node);
	return 0;
}
