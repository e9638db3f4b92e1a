/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * state.h - what an endpoint takes along when it migrates: this header, a bit
 * for each slot that has notified it, a bit for each destination allowed (if
 * it is restricted), and its parties. Little-endian like a record: it passes
 * between nodes. Nothing in it is trusted before m3_migration_verify().
 */
#ifndef M3_STATE_H
#define M3_STATE_H

#include "core.h"

#define M3_STATE_MAGIC 0x6574617473336dull /* "m3state" */
#define M3_STATE_VERSION 1u

enum m3_phase {
	M3_PHASE_NONE, /* its process was in no call */
	M3_PHASE_ENDED, /* with `result` and `message` */
	M3_PHASE_RECEIVING, /* from `peer` */
	M3_PHASE_WAITING, /* `peer` on node `peer_node` has the call */
	M3_PHASE_UNSENT, /* it waited for `peer`, which migrates too */
	M3_PHASES,
};

enum m3_party_kind {
	M3_PARTY_SEND, /* queued, in order of arrival */
	M3_PARTY_SENDREC,
	M3_PARTY_DEBT, /* its request was taken: it waits for the reply */
	M3_PARTY_KINDS,
};

struct m3_party {
	int32_t endpoint;
	uint32_t node;
	uint64_t binding;
	uint64_t call;
	uint32_t kind; /* enum m3_party_kind */
	uint32_t reserved;
	struct m3_message message; /* of who is queued */
};

struct m3_state {
	uint64_t magic;
	uint32_t version;
	uint32_t bytes; /* of all */
	int32_t endpoint;
	uint32_t words; /* of one row of bits */
	uint64_t binding;
	uint64_t call; /* last id that it gave */
	uint64_t txn;
	uint32_t parties;
	uint32_t restricted;
	int32_t level, warn;
	uint64_t calls;
	uint32_t updates;
	uint32_t misc; /* M3_MF_WOKENUP, or 0 */
	char name[M3_NAME_BYTES];
	/* Its own call. */
	uint32_t phase; /* enum m3_phase */
	uint32_t op;
	int32_t peer;
	uint32_t peer_node;
	uint64_t peer_binding;
	int32_t result;
	uint32_t queued; /* WAITING: the peer has not taken it */
	struct m3_message message;
};

#ifndef __KERNEL__
M3_ASSERT_SIZE(struct m3_party, 96);
M3_ASSERT_SIZE(struct m3_state, 192);
#endif

static inline uint64_t m3_state_bytes(const struct m3_state *s)
{
	return sizeof(*s) + 8ull * ((s->words + 1) / 2) *
				    (s->restricted ? 2 : 1) +
	       (uint64_t)s->parties * sizeof(struct m3_party);
}

static inline const uint32_t *m3_state_bits(const struct m3_state *s)
{
	return (const uint32_t *)(const void *)(s + 1);
}

static inline const uint32_t *m3_state_allowed(const struct m3_state *s)
{
	return m3_state_bits(s) + (s->words + 1) / 2 * 2;
}

static inline const struct m3_party *m3_state_parties(const struct m3_state *s)
{
	return (const struct m3_party *)(const void *)(
		m3_state_bits(s) +
		(s->words + 1) / 2 * 2 * (s->restricted ? 2 : 1));
}

/* ---------------------- import-call.c, for import.c: slot `e`'s own call */

/*
 * What its descriptor waited for, if its call goes on where that waited.
 * Otherwise it leaves the queue that it is in: its call has ended, was an older
 * one, or is where its callee has gone. `far`: its callee's node has the call.
 */
uint32_t m3_import_waited_d(struct m3_txn *t, uint32_t e, int far,
			    const struct m3_state *in);
/* It goes on; `was` is what m3_import_waited_d() said. */
void m3_import_call_d(struct m3_txn *t, uint32_t e, uint32_t was, int far,
		      const struct m3_state *in);

#endif
