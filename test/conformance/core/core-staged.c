// SPDX-License-Identifier: MIT
/*
 * A peer made by hand copies from and to private and granted memory: what it
 * may not do leaves that memory alone and is answered once.
 */
#include "forge.h"
#include <core/region.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE 9 /* the forged requester */
#define BYTES 200000u

/* Endpoint 1, an event loop, waits in a call to the forged endpoint 9. */
struct scene {
	struct rig_node node;
	struct forge peer;
	struct m3_member *owner;
	struct m3_call call;
	uint64_t id; /* of that call */
	uint64_t copy; /* the forged requester's last call */
	unsigned char *memory;
	struct m3_buffer buffer;
	long used; /* arena bytes when nothing is staged */
};

static struct forge_record record, taken;

static void ask(struct scene *s)
{
	rig_start_call(s->owner, &s->call, M3_OP_SENDREC, 1, SOURCE, 7,
		       M3_PENDING);
	MUST(forge_take(&s->peer, M3_LANE_NORMAL, &taken));
	SAME(taken.head.kind, M3_REC_SENDREC);
	s->id = taken.head.call;
}

static long staged(struct scene *s)
{
	struct m3_dc_info info;

	SOUND(&s->node);
	SAME(m3_getdcinfo(s->node.core, RIG_DC, &info), 0);
	return info.arena_used - s->used;
}

static void begin(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	rig_start(&s->node, 0);
	s->owner = rig_join(&s->node, 1);
	forge_begin(&s->peer, &s->node, 1);
	SAME(m3_rmtbind(s->node.core, RIG_DC, "far", SOURCE, 1), 0);
	s->memory = malloc(BYTES);
	MUST(s->memory != NULL);
	memset(s->memory, 1, BYTES);
	SAME(m3_alloc(s->owner, 1, BYTES, &s->buffer), 0);
	memset(s->buffer.data, 1, BYTES);
	s->used = staged(s);
	s->copy = 100;
	ask(s);
}

static void end(struct scene *s)
{
	SAME(staged(s), 0);
	m3_leave(s->owner);
	SOUND(&s->node);
	rig_stop(&s->node);
	free(s->memory);
}

static void serve(struct scene *s)
{
	int32_t eps[4];

	m3_bell_serve(s->owner, eps, 4);
	SOUND(&s->node);
}

/* A chunk of the copy `s->copy` for `address`. */
static void chunk(struct scene *s, uint64_t address, uint64_t offset,
		  uint32_t bytes, unsigned int flags, int total)
{
	forge_fill(&s->peer, &record, M3_REC_COPY_DATA, SOURCE, 1, s->id,
		   (unsigned int)sizeof(struct m3_copy_body) +
			   ((bytes + 7) & ~7u));
	record.head.transfer = s->copy;
	record.head.offset = offset;
	record.head.flags = (uint16_t)flags;
	record.head.status = total;
	record.body.copy.address = address;
	record.body.copy.bytes = bytes;
	memset(record.body.bytes + sizeof(struct m3_copy_body), 2, bytes);
	SAME(forge_put(&s->peer, M3_LANE_BULK, &record), 1);
	SOUND(&s->node);
}

static void mine(struct scene *s, uint64_t offset, uint32_t bytes,
		 unsigned int flags, int total)
{
	chunk(s, (uintptr_t)s->memory + offset, offset, bytes, flags, total);
}

static void pull(struct scene *s, uint64_t address, uint64_t bytes)
{
	s->copy++;
	forge_fill(&s->peer, &record, M3_REC_COPY_PULL, SOURCE, 1, s->id,
		   sizeof(struct m3_copy_body));
	record.head.transfer = s->copy;
	record.body.copy.address = address;
	record.body.copy.bytes = bytes;
	SAME(forge_put(&s->peer, M3_LANE_NORMAL, &record), 1);
	SOUND(&s->node);
}

static void cancel(struct scene *s, uint64_t call)
{
	forge_fill(&s->peer, &record, M3_REC_CANCEL, SOURCE, 1, call, 0);
	SAME(forge_put(&s->peer, M3_LANE_NORMAL, &record), 1);
	SOUND(&s->node);
}

static void nothing_said(struct scene *s)
{
	SAME(forge_take(&s->peer, M3_LANE_NORMAL, &taken), 0);
}

/* Exactly one answer to the present copy. */
static void answered(struct scene *s, int kind, int status)
{
	MUST(forge_take(&s->peer, M3_LANE_NORMAL, &taken));
	SAME(taken.head.kind, kind);
	SAME(taken.head.status, status);
	SAME((long)taken.head.call, (long)s->copy);
	nothing_said(s);
}

static void untouched(struct scene *s)
{
	unsigned int i;

	for (i = 0; i < BYTES; i++)
		MUST(s->memory[i] == 1 &&
		     ((unsigned char *)s->buffer.data)[i] == 1);
	SAME(staged(s), 0);
}

/* Three chunks, as a core sends them. */
static void pushed(void)
{
	struct scene s;
	unsigned int i;

	begin(&s);
	mine(&s, 0, 65536, M3_RF_STAGED, 140000);
	mine(&s, 65536, 65536, 0, 0);
	SAME(staged(&s), 143360);
	mine(&s, 131072, 140000 - 131072, M3_RF_LAST, 0);
	nothing_said(&s);
	serve(&s);
	SAME(staged(&s), 0);
	answered(&s, M3_REC_COPY_ACK, 0);
	SAME((long)taken.head.offset, 140000);
	for (i = 0; i < BYTES; i++)
		MUST(s.memory[i] == (i < 140000 ? 2 : 1));
	end(&s);
}

/* Totals that are none, or that the chunks do not keep to. */
static void hostile_totals(void)
{
	static const int totals[] = { 0, -1, (int)0x80000000, 0x7fffffff,
				      M3_MAX_COPY + 1, 999 };
	struct scene s;
	unsigned int i;

	begin(&s);
	for (i = 0; i < sizeof(totals) / sizeof(totals[0]); i++, s.copy++) {
		mine(&s, 0, 1000, M3_RF_STAGED, totals[i]);
		answered(&s, M3_REC_ERROR, -M3_ERANGE);
		mine(&s, 1000, 1000, M3_RF_LAST, 0);
		nothing_said(&s);
	}
	/* The first chunk is missing, or says nothing. */
	mine(&s, 1000, 1000, M3_RF_LAST, 0);
	answered(&s, M3_REC_ERROR, -M3_ERANGE);
	s.copy++;
	mine(&s, 0, 1000, M3_RF_LAST, 0);
	answered(&s, M3_REC_ERROR, -M3_ERANGE);
	untouched(&s);
	end(&s);
}

static void hostile_chunks(void)
{
	struct { uint64_t at, offset; uint32_t bytes, flags; } bad[] = {
		{ 2000, 2000, 1000, 0 }, /* a gap */
		{ 0, 0, 1000, 0 }, /* again, and not staged */
		{ 1001, 1000, 1000, 0 }, /* elsewhere */
		{ 1000, 1000, 3001, M3_RF_LAST }, /* too much */
		{ 1000, 1000, 2000, M3_RF_LAST }, /* the end, too early */
		{ 1000, 1000, 3000, 0 }, /* no end */
	};
	struct scene s;
	unsigned int i;

	begin(&s);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++, s.copy++) {
		mine(&s, 0, 1000, M3_RF_STAGED, 4000);
		SAME(staged(&s), 4096);
		chunk(&s, (uintptr_t)s.memory + bad[i].at, bad[i].offset,
		      bad[i].bytes, bad[i].flags, 0);
		answered(&s, M3_REC_ERROR, -M3_ERANGE);
		/* And nothing of it is good any more. */
		mine(&s, 1000, 3000, M3_RF_LAST, 0);
		nothing_said(&s);
		serve(&s);
	}
	/* A newer copy ends an older one; more than the arena holds. */
	mine(&s, 0, 1000, M3_RF_STAGED, 4000);
	s.copy++;
	mine(&s, 0, 1000, M3_RF_STAGED, 70000);
	SAME(staged(&s), 73728);
	cancel(&s, s.copy);
	untouched(&s);
	end(&s);
}

/* The owner's call has ended: what comes late is for nobody. */
static void stale(int drained)
{
	struct scene s;
	uint64_t id;

	begin(&s);
	mine(&s, 0, 65536, M3_RF_STAGED, 100000);
	if (drained)
		mine(&s, 65536, 100000 - 65536, M3_RF_LAST, 0);
	SAME(m3_cancel(s.owner, &s.call, M3_ETIMEDOUT), -M3_ETIMEDOUT);
	/* Its CANCEL, and that the copy has failed. */
	MUST(forge_take(&s.peer, M3_LANE_NORMAL, &taken));
	MUST(taken.head.kind == M3_REC_ERROR ||
	     taken.head.kind == M3_REC_CANCEL);
	MUST(forge_take(&s.peer, M3_LANE_NORMAL, &taken));
	nothing_said(&s);
	id = s.id;
	ask(&s);
	MUST(s.id > id);
	s.id = id;
	if (!drained)
		mine(&s, 65536, 100000 - 65536, M3_RF_LAST, 0);
	nothing_said(&s);
	/* A new copy, by the old call. */
	s.copy++;
	mine(&s, 0, 1000, M3_RF_STAGED | M3_RF_LAST, 1000);
	answered(&s, M3_REC_ERROR, -M3_EPROCSTS);
	serve(&s);
	untouched(&s);
	end(&s);
}

/* The requester gives up before, or while, the owner is asked. */
static void given_up(void)
{
	struct scene s;

	begin(&s);
	mine(&s, 0, 1000, M3_RF_STAGED, 4000);
	cancel(&s, s.copy);
	SAME(staged(&s), 0);
	s.copy++;
	mine(&s, 0, 1000, M3_RF_STAGED | M3_RF_LAST, 1000);
	cancel(&s, s.copy);
	serve(&s);
	pull(&s, (uintptr_t)s.memory, 1000);
	SAME(staged(&s), 4096);
	cancel(&s, s.copy);
	serve(&s);
	nothing_said(&s);
	SAME(forge_take(&s.peer, M3_LANE_BULK, &taken), 0);
	untouched(&s);
	/* The peer's core is lost meanwhile. */
	s.copy++;
	mine(&s, 0, 1000, M3_RF_STAGED, 4000);
	s.peer.incarnation++;
	for (int i = 0; i < M3_LANES; i++)
		s.peer.next[i] = s.peer.seen[i] = 1;
	SAME(forge_open(&s.peer), 0);
	SAME(m3_finish(s.owner, &s.call), -M3_EUNKNOWN);
	untouched(&s);
	end(&s);
}

static void bad_addresses(void)
{
	static const unsigned char page[4096] = { 1 };
	struct scene s;

	begin(&s);
	chunk(&s, 8, 0, 100, M3_RF_STAGED | M3_RF_LAST, 100);
	serve(&s);
	answered(&s, M3_REC_ERROR, -M3_EFAULT);
	s.copy++;
	chunk(&s, (uintptr_t)page, 0, 100, M3_RF_STAGED | M3_RF_LAST, 100);
	serve(&s);
	answered(&s, M3_REC_ERROR, -M3_EFAULT);
	SAME(page[0], 1);
	pull(&s, 8, 100);
	serve(&s);
	answered(&s, M3_REC_ERROR, -M3_EFAULT);
	pull(&s, (uintptr_t)s.memory, 0);
	answered(&s, M3_REC_ERROR, -M3_ERANGE);
	pull(&s, (uintptr_t)s.memory, M3_MAX_COPY + 1);
	answered(&s, M3_REC_ERROR, -M3_ERANGE);
	s.id++;
	pull(&s, (uintptr_t)s.memory, 100);
	answered(&s, M3_REC_ERROR, -M3_EPROCSTS);
	SAME(forge_take(&s.peer, M3_LANE_BULK, &taken), 0);
	untouched(&s);
	end(&s);
}

/* No room to stage in: the answer says so, nothing is left behind. */
static void arena_full(void)
{
	struct m3_buffer all;
	struct scene s;

	begin(&s);
	SAME(m3_alloc(s.owner, 1, (8u << 20) - 8192 - (unsigned long)s.used,
		      &all), 0);
	s.used = 0;
	s.used = staged(&s);
	mine(&s, 0, 65536, M3_RF_STAGED, 65537);
	answered(&s, M3_REC_ERROR, -M3_EALLOCMEM);
	pull(&s, (uintptr_t)s.memory, 65536);
	answered(&s, M3_REC_ERROR, -M3_EALLOCMEM);
	untouched(&s);
	SAME(m3_free(s.owner, 1, &all), 0);
	s.used = 0;
	s.used = staged(&s);
	pull(&s, (uintptr_t)s.memory, 65537);
	serve(&s);
	MUST(forge_take(&s.peer, M3_LANE_BULK, &taken));
	SAME(taken.head.kind, M3_REC_COPY_DATA);
	SAME(taken.body.bytes[sizeof(struct m3_copy_body)], 1);
	MUST(forge_take(&s.peer, M3_LANE_BULK, &taken));
	SAME(taken.head.flags, M3_RF_PULL | M3_RF_LAST);
	SAME(m3_cancel(s.owner, &s.call, M3_ETIMEDOUT), -M3_ETIMEDOUT);
	untouched(&s);
	end(&s);
}

/* ------------------------------------------------------ explicit grants */

static uint64_t grant(struct scene *s, int grantee, unsigned int rights)
{
	uint64_t granted;

	SAME(m3_grant(s->owner, 1, grantee, s->buffer.address + 1000, 70000,
		      rights, &granted), 0);
	return granted;
}

static void refused(struct scene *s, uint64_t address, uint32_t bytes, int e)
{
	s->copy++;
	s->id = 0;
	chunk(s, address, 0, bytes, M3_RF_LAST, 0);
	answered(s, M3_REC_ERROR, e);
	pull(s, address, bytes);
	answered(s, M3_REC_ERROR, e);
	SAME(forge_take(&s->peer, M3_LANE_BULK, &taken), 0);
}

/* Grants that are none, another's, or too small, or that have ended. */
static void forged_grants(void)
{
	uint64_t none = M3_GRANT_BIT, own, other, reader;
	struct scene s;

	begin(&s);
	SAME(m3_cancel(s.owner, &s.call, M3_ECANCELED), -M3_ECANCELED);
	while (forge_take(&s.peer, M3_LANE_NORMAL, &taken))
		;
	refused(&s, none, 1, -M3_EPROCSTS);
	refused(&s, M3_GRANT_BIT | ~M3_ARENA_BIT, 1, -M3_EPROCSTS);
	SAME(m3_rmtbind(s.node.core, RIG_DC, "far", 8, 1), 0);
	other = grant(&s, 8, M3_GRANT_READ | M3_GRANT_WRITE);
	refused(&s, other, 1, -M3_EPROCSTS);
	own = grant(&s, SOURCE, M3_GRANT_READ | M3_GRANT_WRITE);
	refused(&s, own + (1ull << 42), 1, -M3_EPROCSTS);
	refused(&s, own + 70001, 1, -M3_EFAULT);
	refused(&s, own + 69999, 2, -M3_EFAULT);
	refused(&s, own + 0xffffffff, 2, -M3_EFAULT);
	reader = grant(&s, SOURCE, M3_GRANT_READ);
	s.copy++;
	chunk(&s, reader, 0, 8, M3_RF_LAST, 0);
	answered(&s, M3_REC_ERROR, -M3_EFAULT);
	SAME(m3_revoke(s.owner, 1, own), 0);
	SAME(m3_revoke(s.owner, 1, own), -M3_EFAULT);
	refused(&s, own, 1, -M3_EPROCSTS);
	untouched(&s);
	/* Another life of the grantee. */
	s.copy++;
	forge_fill(&s.peer, &record, M3_REC_COPY_PULL, SOURCE, 1, 0,
		   sizeof(struct m3_copy_body));
	record.head.src_binding = 0x400002;
	record.head.transfer = s.copy;
	record.body.copy.address = reader;
	record.body.copy.bytes = 8;
	SAME(forge_put(&s.peer, M3_LANE_NORMAL, &record), 1);
	answered(&s, M3_REC_ERROR, -M3_EPROCSTS);
	end(&s);
}

/* Revoked, or the buffer freed, while a peer reads: it is told. */
static void revoked(int freed)
{
	uint64_t granted;
	struct scene s;

	begin(&s);
	granted = grant(&s, SOURCE, M3_GRANT_READ | M3_GRANT_WRITE);
	s.id = 0;
	pull(&s, granted, 70000);
	MUST(forge_take(&s.peer, M3_LANE_BULK, &taken));
	SAME((long)taken.body.copy.bytes, 65536);
	/* Its owner's own call ends: that does not matter. */
	SAME(m3_cancel(s.owner, &s.call, M3_ECANCELED), -M3_ECANCELED);
	MUST(forge_take(&s.peer, M3_LANE_NORMAL, &taken));
	SAME(taken.head.kind, M3_REC_CANCEL);
	nothing_said(&s);
	if (freed) {
		SAME(m3_free(s.owner, 1, &s.buffer), 0);
		s.used = 0;
		s.used = staged(&s);
		SAME(m3_revoke(s.owner, 1, granted), -M3_EFAULT);
	} else {
		SAME(m3_revoke(s.owner, 1, granted), 0);
	}
	answered(&s, M3_REC_ERROR, -M3_EPROCSTS);
	SAME(forge_take(&s.peer, M3_LANE_BULK, &taken), 0);
	end(&s);
}

/* What a reader by grant leaves behind when its node goes. */
static void reader_lost(void)
{
	uint64_t granted;
	struct scene s;

	begin(&s);
	granted = grant(&s, SOURCE, M3_GRANT_READ);
	s.id = 0;
	pull(&s, granted, 70000);
	SAME(m3_del_node(s.node.core, RIG_DC, 1), 0);
	SAME(m3_revoke(s.owner, 1, granted), -M3_EFAULT);
	SAME(m3_free(s.owner, 1, &s.buffer), 0);
	s.used = 0;
	end(&s);
}

int main(void)
{
	pushed();
	hostile_totals();
	hostile_chunks();
	stale(0);
	stale(1);
	given_up();
	bad_addresses();
	arena_full();
	rig_ok("forged chunks for private memory");
	forged_grants();
	revoked(0);
	revoked(1);
	reader_lost();
	rig_ok("forged and revoked grants");
	return 0;
}
