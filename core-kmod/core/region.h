/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * region.h - what lies in a DC's region: shared by all members and the proxies
 * of one DC on one node. Indices and offsets only, never a pointer. Nothing in
 * it is trusted to be sane: every index is checked before use, every walk is
 * bounded by a table's size (protocol 14).
 *
 * Protection: unless a field says otherwise it is protected by the DC's lock
 * and changed through the journal (journal.h).
 */
#ifndef M3_REGION_H
#define M3_REGION_H

#include "../include/m3ipc/abi.h"

#define M3_NIL 0xffffffffu
#define M3_UNIT 4096u /* granularity of the arena */
#define M3_EXTENT 65536u /* granularity of growth: build decision 16 */
/* Tests have small windows, so that they are full now and then. */
#ifndef M3_WINDOW
#define M3_WINDOW 1024u /* numbers in flight per message lane */
#define M3_BULK_WINDOW 128u /* chunks in flight */
#endif
#define M3_NOTIFY_BLOCKS 256u /* of the pool: un-taken notifications */
#define M3_NOTIFY_QUOTA 64u /* of those, for one peer */
#define M3_JOURNAL_ENTRIES 1023u
#define M3_ARENA_BIT (1ull << 63) /* marks an address in the arena */
#define M3_GRANT_BIT (1ull << 62) /* marks a granted address: grant.c */
#define M3_RUNTIME 0u /* the handle of the node's runtime */

/* What a sleeper wants of its waker (build decision 11). */
enum m3_waits { M3_WAITS_NONE, M3_WAITS_FUTEX, M3_WAITS_DOORBELL };

/* Low bits of m3_slot.event; the others are the low bits of the call id. */
#define M3_EV_ARMED 0u
#define M3_EV_DONE 1u
#define M3_EV_ASLEEP 2u
#define M3_EV_SERVE 3u /* not ended: its memory is asked for, see serve.c */
#define M3_EV_MASK 3u

/* m3_slot.op beyond enum m3_op of m3ipc.h: no call. */
#define M3_OP_NONE 0u

/* One process, local or remote: four cache lines by writer. */
struct m3_slot {
	uint32_t rts; /* M3_RTS_* */
	uint32_t misc; /* M3_MF_* */
	int32_t getfrom; /* endpoint awaited, M3_ANY or M3_NONE */
	int32_t sendto; /* endpoint aimed at, or M3_NONE */
	uint32_t qhead, qtail; /* senders that wait for this process */
	uint32_t qnext; /* next in the queue that this process is in */
	int32_t result; /* of the call that ended last */
	uint64_t binding; /* epoch << 32 | generation */
	uint64_t call; /* local: last id given; remote: last id seen */
	uint32_t node;
	uint32_t handle; /* owner, M3_NIL if remote or free */
	uint32_t op; /* call in progress (local), or M3_OP_NONE */
	uint32_t copier; /* slot that copies from or to it: RTS_ONCOPY */

	uint32_t event; /* atomic: what the sleeper polls */
	uint32_t waits; /* enum m3_waits; written by the owner */
	uint32_t cpu; /* where it last ran: a hint, racy by design */
	uint32_t partner; /* slot it last dealt with: a hint */
	uint32_t watch; /* ring the bell for input */
	uint32_t notifies; /* pending notifications */
	uint32_t block_state; /* of its call or answer block: enum below */
	uint32_t call_lane; /* where its numbered record went */
	uint64_t call_number;
	uint64_t refused_transfer; /* remote: last transfer answered ERROR */
	uint64_t own_call; /* last id given in a local life: never given again */
	int32_t waitmigr; /* migrating endpoint that its call waits for, or NONE */
	uint32_t updates; /* argument of its next notification */

	struct m3_message message; /* in transit; owner or lock holder */

	uint64_t local_sent, remote_sent, local_copies, remote_copies;
	char name[M3_NAME_BYTES];
	uint32_t pid;
	uint32_t buffers; /* arena buffers it owns */
	uint32_t restricted; /* it has privileges to look at: struct m3_more */
	uint32_t automatic; /* remote: bound by its first record */
};

/* What is seldom looked at of a slot. */
struct m3_more {
	uint64_t migration; /* txn that freezes it (RTS_MIGRATE), or 0 */
	uint64_t migrated; /* last txn that was committed */
	int32_t target; /* node it migrates to, or -1 */
	int32_t level, warn; /* struct m3_priv */
	uint32_t told; /* m3_wait4bind() has returned it */
	uint64_t calls; /* allowed; to[] is m3_allowed() */
	uint64_t dead; /* binding of its last life that ended */
	uint64_t resume; /* call that has ended and is held back, or 0 */
	/* While it is frozen, in order of arrival; index + 1, or 0: */
	uint32_t waiters, waiters_tail; /* slots: calls to it */
	uint32_t parked, parked_tail; /* blocks: other records to it */
	uint32_t exported; /* its state was given away; 2: a call ended since */
	uint32_t lost; /* its node was lost meanwhile */
	uint32_t adopt; /* its new owner's generation is not known yet */
	int32_t resume_peer; /* who ended that call */
	uint64_t frozen_at; /* r->losses when it was frozen */
	uint64_t called_at; /* ns: its last call to another node; a statistic */
	uint64_t reserved2[3];
};

/* Explicit access to a range of a buffer. */
struct m3_grant {
	uint32_t owner; /* slot + 1, or 0: free */
	uint32_t rights; /* M3_GRANT_* */
	int32_t grantee; /* endpoint */
	uint32_t generation; /* part of its address: an old one is refused */
	uint64_t at, bytes; /* range, offset in the region */
	uint64_t grantee_binding; /* or 0: not known yet */
	uint64_t reserved[3];
};

enum m3_block_state {
	M3_BLOCK_FREE, /* answers: also once numbered */
	M3_BLOCK_QUEUED,
	M3_BLOCK_NUMBERED, /* calls: in flight or waiting for the answer */
	M3_BLOCK_PARKED, /* complete, but its destination migrates */
};

/*
 * A record that waits for its number. Slot i owns block i (its call if local,
 * the answer to its call if remote) and block slots + i (CANCEL); the rest are
 * the pool: notifications, and answers to who has no slot (pool.c). The record
 * is written before the block is queued.
 */
struct m3_block {
	uint32_t next; /* in the lane's queue */
	uint32_t state; /* enum m3_block_state, of blocks beyond the first */
	uint32_t peer, lane; /* queue it is in */
	uint32_t former; /* calls: node + 1 that the callee migrated from, or 0 */
	uint32_t reserved[3];
	struct m3_record record;
	union {
		struct m3_message message;
		struct m3_copy_body copy;
	} body;
};

/* What the owner of private memory, blocked in its call, is asked for. */
enum m3_serve {
	M3_SERVE_NONE,
	M3_SERVE_FILL, /* staging from its memory */
	M3_SERVE_DRAIN, /* its memory from staging */
	M3_SERVE_FILLING, /* it is at it: staging must stay */
	M3_SERVE_DRAINING,
};

/* A copy that crosses a link, or that the other party has to serve. */
enum m3_transfer_kind {
	M3_TRANSFER_NONE,
	M3_TRANSFER_PUSH, /* its slot is the requester and sends */
	M3_TRANSFER_SOURCE, /* memory here is pulled by a remote requester */
	M3_TRANSFER_SINK, /* its slot is the requester and receives */
	M3_TRANSFER_STAGED, /* private memory of its slot is pushed into */
	M3_TRANSFER_SERVED, /* its slot is the requester, a local party serves */
	M3_TRANSFER_KINDS,
};

/*
 * Slot i's: its own copy, if it is the requester, or what is done with its
 * memory while it is blocked. Of a remote slot: what it pulls from memory that
 * was granted to it.
 */
struct m3_transfer {
	uint32_t kind;
	uint32_t peer;
	uint32_t next; /* in the peer's bulk queue */
	uint32_t queued;
	int32_t party; /* endpoint at the other end */
	uint32_t last_lane;
	uint64_t id; /* the requester's call */
	uint64_t call; /* of the party whose grant is used */
	uint64_t party_binding;
	uint64_t address; /* local, offset in the region */
	uint64_t far_address; /* PUSH */
	uint64_t bytes;
	uint64_t done; /* numbered (PUSH, SOURCE) or applied (SINK) */
	/* Private memory of the owner, served by itself: serve.c. */
	uint64_t private_address;
	/* Offset of the arena buffer that it passes through, or 0; or of the
	 * one that was handed to the requester when it had been filled. */
	uint64_t staging;
	uint32_t serve; /* enum m3_serve */
	uint32_t server; /* slot that waits for it (local copies), or NIL */
	uint32_t owner; /* SOURCE: slot whose memory it is */
	uint32_t grant; /* explicit grant in use: index + 1, or 0 */
	uint64_t reserved[2];
};

/* A process that has joined; `ready` bits, one per slot, follow it. */
struct m3_handle {
	uint32_t pid; /* 0: free */
	uint32_t generation; /* of this handle, for caches of its bell */
	uint32_t armed; /* atomic: ticket of a sleeping owner, ring its bell */
	uint32_t forked;
	uint32_t bound; /* endpoints that others have bound to it: a futex */
	uint32_t left; /* it ends of its own accord: no death */
	uint32_t reserved[10];
};

/* An in-flight record: a number once given is always sent (protocol 4). */
struct m3_entry {
	struct m3_record record;
	union {
		struct m3_message message;
		struct {
			struct m3_copy_body copy;
			uint64_t local; /* offset of the chunk */
			uint32_t owner; /* slot */
		} chunk;
	} body;
};

/* One (DC, peer, lane): numbers are first given as 1. */
struct m3_lane {
	uint64_t next; /* number of the next new record */
	uint64_t acked; /* all below it were accepted by the peer's core */
	uint64_t cursor; /* next number to (re)send on this link */
	uint64_t grant; /* highest number the peer will take */
	uint64_t expected; /* number of the peer's next record */
	uint32_t qhead, qtail; /* blocks; bulk: slots with a transfer */
	uint32_t queued;
	uint32_t strays; /* it may hold records that belong in the other */
	uint32_t reserved[2];
};

struct m3_peer {
	uint32_t served; /* a proxy attached once */
	uint32_t open; /* a link is up and the DC is open on it */
	uint32_t token; /* of the present proxy; grows */
	uint32_t ack_owed;
	uint32_t notifies; /* notification blocks in use */
	uint32_t armed; /* atomic: ticket of a sleeping proxy, ring its bell */
	uint32_t lives; /* times the DC was made to span it */
	uint32_t automatic; /* slots that its records have bound */
	uint64_t incarnation; /* of the peer's DC, as last opened; 0: never */
	uint64_t records_out, records_in, frames_out, frames_in;
	uint64_t send_time, receive_time; /* ns */
	uint32_t deaths; /* it is still to be told */
	uint32_t given_up; /* the error of calls to it, or 0: outage.c */
	uint64_t lost_at; /* r->losses when its core was lost last; 0: never */
	uint64_t reserved[3];
	struct m3_lane lane[M3_LANES];
	/* entries: urgent, normal (M3_WINDOW each), bulk (M3_BULK_WINDOW) */
	/* bits, one per slot each: endpoints it knows, deaths it is owed, and
	 * which of those it may not have heard of */
};

struct m3_journal_entry {
#ifdef __KERNEL__
	uint32_t *word; /* tables lie apart, and nobody else can write to them */
#else
	uint32_t offset;
#endif
	uint32_t old; /* the 32-bit word that was there */
};

/* A run of arena units; only its first unit's row is valid. */
struct m3_unit {
	uint32_t length; /* units, >= 1 */
	uint32_t owner; /* slot + 1, or 0: free */
	uint64_t bytes; /* asked for */
};

struct m3_counts { /* struct m3_dc_counters of m3ipc.h, same order */
	uint64_t delivered, duplicates, replayed, voided, stale_answers;
	uint64_t merged_notifies;
	uint64_t bad_length, bad_kind, bad_node, bad_endpoint, bad_binding;
	uint64_t refused, rejected, dropped, repairs;
};

/*
 * What never changes after creation. A member may write to its region, so each
 * process works on a private copy of this page that it has verified.
 */
#define M3_LAYOUT_FIELDS                                                      \
	uint64_t magic;                                                       \
	uint32_t abi_version;                                                 \
	uint32_t dc;                                                          \
	uint64_t bytes; /* of the file */                                     \
	uint64_t incarnation;                                                 \
	uint64_t pid_namespace;                                               \
	uint32_t node; /* this node's id */                                   \
	uint32_t nodes; /* ids are below it */                                \
	uint32_t tasks, procs, slots; /* slots = tasks + procs */             \
	uint32_t handles, handle_bytes;                                       \
	uint32_t units;                                                       \
	uint32_t mode, gid;                                                   \
	uint64_t slots_at, blocks_at, transfers_at, bits_at, handles_at;      \
	uint64_t units_at, spans_at, more_at, allowed_at, grants_at;          \
	uint64_t peers_at, peer_bytes, arena_at;                              \
	uint32_t bits_words; /* of one slot's pending notifications */        \
	uint32_t flags; /* M3_DC_* */                                         \
	int32_t warn2proc, warnmsg;                                           \
	uint64_t cpus[M3_CPU_WORDS];                                          \
	char name[M3_NAME_BYTES];

struct m3_layout {
	M3_LAYOUT_FIELDS
};

/* The first bytes of a DC's region. */
struct m3_region {
	union {
		struct {
			M3_LAYOUT_FIELDS
		};
		struct m3_layout layout;
		uint8_t page[M3_UNIT];
	};

	uint32_t running; /* 0: ended; atomic */
	uint32_t generation; /* counter for new bindings */
	uint32_t bound;
	uint32_t used_units;
	uint64_t grown; /* bytes of the arena that have blocks */
	uint32_t bind_waiters; /* calls in WAITBIND or WAITUNBIND */
	uint32_t migrations; /* slots in RTS_MIGRATE */
	uint32_t grants; /* in use */
	uint32_t copies; /* 1 << enum m3_copy_mode: ways used; a statistic */
	/* Walks end where use does: all from this one on are free. */
	uint32_t high; /* slots */
	uint32_t pool; /* blocks of the pool */
	uint32_t joined; /* handles */
	uint32_t spanned; /* nodes: the DC does not span them */
	uint64_t backed; /* bit g: the tables of slot group g have memory */
	uint64_t losses; /* of peers' cores, so far */
	struct m3_counts counts; /* statistics, not journalled */
	/* The QoS table: bit i, slot i's records take the urgent lane. */
	uint32_t urgent[M3_MAX_ENDPOINTS / 32];
#ifdef __KERNEL__
	struct m3_peer **peers; /* areas of their own, made by m3_map_back_peer */
	void *platform; /* the DC that it is the state of */
#endif

	uint32_t lock __attribute__((aligned(64)));
} __attribute__((aligned(128)));

/*
 * What the holder of the lock has changed so far; behind the header. Words, and
 * the length beside them: most transitions touch one or two of its lines, which
 * cores that use the DC in turn have to hand to each other.
 */
struct m3_journal {
	uint32_t length;
	uint32_t reserved;
	struct m3_journal_entry entry[M3_JOURNAL_ENTRIES];
};

#ifndef __KERNEL__
M3_ASSERT_SIZE(struct m3_slot, 256);
_Static_assert(__builtin_offsetof(struct m3_region, running) == M3_UNIT,
	       "what changes is on another page");
M3_ASSERT_SIZE(struct m3_block, 160);
M3_ASSERT_SIZE(struct m3_transfer, 128);
M3_ASSERT_SIZE(struct m3_more, 128);
M3_ASSERT_SIZE(struct m3_grant, 64);
M3_ASSERT_SIZE(struct m3_handle, 64);
M3_ASSERT_SIZE(struct m3_entry, 128);
M3_ASSERT_SIZE(struct m3_lane, 64);
M3_ASSERT_SIZE(struct m3_peer, 384);
#endif

#include "rows.h"

#endif
