// SPDX-License-Identifier: MIT
/*
 * Copies of every kind of memory between processes in every placement on three
 * nodes, by a requester that is source, destination or neither. The owners of
 * private memory are event loops: they serve when their bell says so.
 */
#include "rig.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES 3
#define GUARD 64u
#define ROOM (M3_MAX_COPY + 2 * GUARD)

enum kind { PRIVATE, ARENA, GRANTED, KINDS };

struct party {
	struct m3_member *member;
	int ep;
	struct m3_call call; /* its sendrec to the requester */
	struct m3_buffer buffer;
	unsigned char *memory; /* malloc'ed */
};

struct place {
	struct rig_node node;
	struct m3_proxy *to[NODES];
	struct party r, s, d;
};

static struct place places[NODES];

/* Node a as node b sees it, for what a rig does with pairs. */
static struct rig_node view(int a, int b)
{
	struct rig_node n = places[a].node;

	n.proxy = places[a].to[b];
	return n;
}

static void party_begin(struct place *p, struct party *x, int ep)
{
	int other;

	x->ep = ep;
	x->member = rig_join(&p->node, ep);
	x->memory = malloc(ROOM);
	MUST(x->memory != NULL);
	SAME(m3_alloc(x->member, ep, ROOM, &x->buffer), 0);
	for (other = 0; other < NODES; other++)
		if (other != p->node.id)
			SAME(m3_rmtbind(places[other].node.core, RIG_DC, "far",
					ep, p->node.id), 0);
}

static void begin(void)
{
	struct rig_node a, b;
	int i, j;

	for (i = 0; i < NODES; i++)
		rig_start(&places[i].node, i);
	for (i = 0; i < NODES; i++)
		for (j = i + 1; j < NODES; j++) {
			a = view(i, j);
			b = view(j, i);
			rig_pair(&a, &b);
			places[i].to[j] = a.proxy;
			places[j].to[i] = b.proxy;
		}
	for (i = 0; i < NODES; i++) {
		party_begin(&places[i], &places[i].r, 1 + i);
		party_begin(&places[i], &places[i].s, 11 + i);
		party_begin(&places[i], &places[i].d, 21 + i);
	}
}

static void end(void)
{
	int i, j;

	for (i = 0; i < NODES; i++) {
		struct party *all[] = { &places[i].r, &places[i].s,
					&places[i].d };

		SOUND(&places[i].node);
		for (j = 0; j < 3; j++) {
			m3_leave(all[j]->member);
			free(all[j]->memory);
		}
		SOUND(&places[i].node);
		for (j = 0; j < NODES; j++)
			if (j != i)
				m3_detach(places[i].to[j]);
		rig_stop(&places[i].node);
	}
}

/* Moves what there is to move, and lets owners serve. */
static void turn(void)
{
	int32_t eps[8];
	int i, j;

	for (i = 0; i < NODES; i++) {
		for (j = i + 1; j < NODES; j++) {
			struct rig_node a = view(i, j), b = view(j, i);

			rig_settle(&a, &b);
		}
		m3_bell_serve(places[i].s.member, eps, 8);
		m3_bell_serve(places[i].d.member, eps, 8);
	}
}

static int finish(struct m3_member *m, struct m3_call *call)
{
	unsigned long deadline = rig_now() + 5000;
	int e;

	while ((e = m3_finish(m, call)) == M3_PENDING) {
		MUST(rig_now() < deadline);
		turn();
	}
	return e;
}

static unsigned char *memory_of(struct party *x, enum kind kind)
{
	return (kind == PRIVATE ? x->memory :
				  (unsigned char *)x->buffer.data) + GUARD;
}

static uint64_t address_of(struct party *x, enum kind kind, uint64_t granted)
{
	if (kind == PRIVATE)
		return (uintptr_t)x->memory + GUARD;
	return kind == ARENA ? x->buffer.address + GUARD : granted;
}

static void fill(unsigned char *p, uint32_t bytes, unsigned int seed)
{
	uint32_t i;

	for (i = 0; i < bytes; i++)
		p[i] = (unsigned char)(i * 7 + seed + (i >> 8));
}

/* The party asks the requester and waits, unless its memory is granted. */
static void ask(struct party *x, struct party *r)
{
	struct m3_message m;

	rig_start_call(x->member, &x->call, M3_OP_SENDREC, x->ep, r->ep, 7,
		       M3_PENDING);
	turn();
	SAME(m3_receive(r->member, r->ep, x->ep, &m, 0), 0);
}

static void answer(struct party *x, struct party *r)
{
	struct m3_message m = rig_message(8, 0, 0);

	SAME(m3_reply(r->member, r->ep, x->ep, &m), 0);
	SAME(finish(x->member, &x->call), 0);
}

static uint64_t grant(struct party *x, struct party *r, unsigned int bytes,
		      unsigned int rights)
{
	uint64_t granted;

	SAME(m3_grant(x->member, x->ep, r->ep, x->buffer.address + GUARD,
		      bytes, rights, &granted), 0);
	return granted;
}

/* One copy: from `s` to `d` at the wish of `r`, who may be one of them. */
static void copy(struct party *r, struct party *s, enum kind from,
		 struct party *d, enum kind to, uint32_t bytes)
{
	unsigned int seed = rig_random(256);
	unsigned char *src = memory_of(s, from), *dst = memory_of(d, to);
	uint64_t source = 0, target = 0;
	struct m3_call call = { .op = M3_OP_VCOPY };
	uint32_t i;
	int e;

	fill(src, bytes, seed);
	memset(dst - GUARD, 0xa5, bytes + 2 * GUARD);
	if (from == GRANTED)
		source = grant(s, r, bytes, M3_GRANT_READ);
	else if (s != r)
		ask(s, r);
	if (to == GRANTED)
		target = grant(d, r, bytes, M3_GRANT_WRITE);
	else if (d != r)
		ask(d, r);
	call.self = r->ep;
	call.peer = s->ep;
	call.dst = d->ep;
	call.src_address = address_of(s, from, source);
	call.dst_address = address_of(d, to, target);
	call.bytes = bytes;
	e = m3_start(r->member, &call);
	for (i = 0; i < NODES; i++)
		SOUND(&places[i].node);
	if (e == M3_PENDING)
		e = finish(r->member, &call);
	SAME(e, 0);
	SAME((long)call.copied, (long)bytes);
	for (i = 0; i < bytes; i++)
		MUST(dst[i] == (unsigned char)(i * 7 + seed + (i >> 8)));
	for (i = 0; i < GUARD; i++)
		MUST(dst[-1 - (int)i] == 0xa5 && dst[bytes + i] == 0xa5);
	turn();
	if (from == GRANTED)
		SAME(m3_revoke(s->member, s->ep, source), 0);
	else if (s != r)
		answer(s, r);
	if (to == GRANTED)
		SAME(m3_revoke(d->member, d->ep, target), 0);
	else if (d != r)
		answer(d, r);
}

static const uint32_t sizes[] = { 1, 65535, 65536, 65537, M3_MAX_COPY };

static uint32_t some_size(void)
{
	return sizes[rig_random(sizeof(sizes) / sizeof(sizes[0]))];
}

/* What the arenas hold when nothing is copied. */
static void nothing_staged(void)
{
	long bytes = 3l * ((ROOM + 4095) / 4096 * 4096);
	struct m3_dc_info info;
	int i;

	for (i = 0; i < NODES; i++) {
		SAME(m3_getdcinfo(places[i].node.core, RIG_DC, &info), 0);
		SAME((long)info.arena_used, bytes);
	}
}

static void mode_of(int mode)
{
	int i;

	for (i = 0; i < NODES; i++)
		SAME(m3_copy_mode(places[i].r.member,
				  (enum m3_copy_mode)mode), 0);
}

/* Neither: 27 placements, 9 pairs of kinds. */
static void third_parties(void)
{
	int place, kinds;

	for (place = 0; place < NODES * NODES * NODES; place++)
		for (kinds = 0; kinds < KINDS * KINDS; kinds++) {
			mode_of(1 + (int)rig_random(2));
			copy(&places[place % NODES].r,
			     &places[place / NODES % NODES].s,
			     (enum kind)(kinds % KINDS),
			     &places[place / NODES / NODES].d,
			     (enum kind)(kinds / KINDS), some_size());
		}
	nothing_staged();
}

/* One of the two: each size, each way, each kind of memory at both ends. */
static void two_parties(int mode, int far)
{
	struct party *r = &places[0].r, *s = &places[far].s;
	unsigned int i;
	int own, other;

	mode_of(mode);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (own = PRIVATE; own <= ARENA; own++)
			for (other = PRIVATE; other < KINDS; other++) {
				copy(r, r, (enum kind)own, s, (enum kind)other,
				     sizes[i]);
				copy(r, s, (enum kind)other, r, (enum kind)own,
				     sizes[i]);
			}
	nothing_staged();
	if (!far)
		SAME(m3_copy_used(r->member), M3_COPY_ARENA);
}

static void used(void)
{
	struct m3_dc_info info;

	SAME(m3_getdcinfo(places[0].node.core, RIG_DC, &info), 0);
	SAME((long)info.copies, 1 << M3_COPY_BOUNCE | 1 << M3_COPY_PROCESS_VM |
	     1 << M3_COPY_ARENA);
}

int main(int argc, char **argv)
{
	rig_seed(argc, argv);
	begin();
	two_parties(M3_COPY_BOUNCE, 0);
	two_parties(M3_COPY_PROCESS_VM, 0);
	two_parties(M3_COPY_AUTO, 1);
	rig_ok("two parties");
	third_parties();
	rig_ok("third parties");
	used();
	end();
	return 0;
}
