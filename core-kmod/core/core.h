/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * core.h - the state machine of M3-IPC. Pure transitions: each function is
 * called with the DC's lock held, checks, changes state, and returns 0, a
 * negative error, or M3_BLOCK where the caller has to wait. Waiting, waking,
 * time and files are the platform's (embedded/, linux/).
 *
 * Locks: one per DC, nothing nested inside it. A critical section touches a
 * few cache lines; with one lock every transition is a transaction (journal.h)
 * and no order of locks can be wrong.
 *
 * Suffix _d: called while the caller is inside a larger transition, does not
 * commit. The others commit before they return.
 */
#ifndef M3_CORE_H
#define M3_CORE_H

#include "journal.h"
#include "../include/m3ipc/m3ipc.h"

#define M3_BLOCK M3_PENDING

/* ------------------------------------------------- layout: layout.c */

/* Sizes and offsets of a region with these parameters; 0 or -EBADRANGE. */
int m3_layout(struct m3_layout *r, const struct m3_dc_params *params,
	      uint32_t nodes);
/* Fills a zeroed region whose layout is set. */
void m3_region_init(struct m3_region *r);
/* 0, or -EVERSION / -EIO if the header is not sane for `bytes`. */
int m3_region_verify(const struct m3_region *r, uint64_t bytes);
/* Verifies all invariants; 0 or the line of the first failure. */
int m3_region_check(struct m3_region *r);

/* -------------------------------------------------- slots: slot.c */

/* Who binds, or is bound. */
struct m3_binder {
	uint32_t handle;
	uint32_t pid; /* shown: of the process, or of the thread */
	uint32_t misc; /* M3_MF_* */
	const char *name;
};

int m3_slot_bind(struct m3_txn *t, int ep, const struct m3_binder *who);
int m3_slot_rmtbind(struct m3_txn *t, int ep, uint32_t node, const char *name);
/* 0, or -ENOSPC. */
int m3_slot_rmtbind_d(struct m3_txn *t, uint32_t i, uint32_t node,
		      const char *name);
/* A slot that a record has bound becomes management's. */
void m3_slot_adopt_d(struct m3_txn *t, uint32_t i, const char *name);
/* Nothing of it is left. */
void m3_slot_free_d(struct m3_txn *t, uint32_t i);
/* The binding of a new life of an endpoint of this node. */
uint64_t m3_mint_d(struct m3_txn *t);
/* Ends the call in progress of a local slot. */
void m3_finish_d(struct m3_txn *t, uint32_t i, int result);
void m3_slot_info(struct m3_region *r, uint32_t i, struct m3_proc_info *info);
/* Takes the queued sender `i` out of the queue of slot `owner`. */
void m3_unqueue_d(struct m3_txn *t, uint32_t owner, uint32_t i);
/* 0, or why slot `i` cannot start a call. */
int m3_slot_ready(struct m3_txn *t, uint32_t i);

/* ------------------------------- backups, waits for bindings: bind.c */

int m3_slot_bkupbind(struct m3_txn *t, int ep, uint32_t node,
		     const struct m3_binder *who);
/* The process of a backup has ended, or wants to be none any more. */
void m3_backup_end_d(struct m3_txn *t, uint32_t i);
/* Slot `i` is bound to its handle by somebody else: m3_wait4bind(). */
void m3_bound_d(struct m3_txn *t, uint32_t i);
/* M3_OP_WAITBIND or M3_OP_WAITUNBIND of endpoint `ep`. */
int m3_bind_wait(struct m3_txn *t, uint32_t self, uint32_t op, int ep,
		 int wait);
/*
 * The process of remote slot `i` has ended, although the slot stays: who waits
 * for its unbind has what it waits for; commits.
 */
void m3_bind_over(struct m3_txn *t, uint32_t i);
/* Ends slot self's wait for a binding, if it has come true. */
void m3_bind_look(struct m3_txn *t, uint32_t self);
/*
 * The same for all, once a slot was bound or freed (m3_txn.waits): before the
 * next record is acted on, and before the platform lets the lock go. Who is
 * killed before that leaves waiters that look for themselves (m3_life_look,
 * m3_rouse).
 */
void m3_bind_settle(struct m3_txn *t);

/* -------------------------------------- the end of a slot: unbind.c */

/* Unbinds a slot; its partners get the death codes (reference 1.3). */
int m3_slot_unbind(struct m3_txn *t, uint32_t i);
/* The same for who did not ask for it: warn2proc gets the notice. */
int m3_slot_died(struct m3_txn *t, uint32_t i);
/* Ends what local processes wait for of remote slot `s`; commits. */
void m3_remote_ended(struct m3_txn *t, uint32_t s);

/* ---------------------------------- what other nodes hear: death.c */

/* A record from or to local slot `i` passed between this node and that. */
void m3_known_d(struct m3_txn *t, uint32_t node, uint32_t i);
/* A record was numbered: the peer knows its source, dead or alive. */
void m3_told_d(struct m3_txn *t, uint32_t node, const struct m3_record *rec);
int m3_knows(struct m3_region *r, uint32_t node, uint32_t i);
/* It has migrated here: all nodes know, and its former lives are no matter. */
void m3_moved_here_d(struct m3_txn *t, uint32_t node, uint32_t i);
/* All nodes but `except` are to be told of slot `i`; commits. */
void m3_death_mark(struct m3_txn *t, uint32_t i, uint32_t except);
/* One node; the caller commits. */
void m3_death_mark_d(struct m3_txn *t, uint32_t i, uint32_t node);
/*
 * Numbers one of the deaths that the peer is to be told; 1, or 0. Called when
 * nothing is uncommitted: it commits those that need not be told any more.
 */
int m3_death_number_d(struct m3_txn *t, uint32_t peer, uint32_t lane,
		      uint32_t room);
/* Do deaths wait for that lane of the peer? */
int m3_death_waits(struct m3_region *r, uint32_t peer, uint32_t lane);
/* The bitmaps of a lost peer; commits. */
void m3_deaths_forget(struct m3_txn *t, uint32_t peer);
/* A peer's core is heard of: it is told who has ended before; commits. */
void m3_deaths_catch_up(struct m3_txn *t, uint32_t peer);
/* A DEATH of remote slot `s` has come; commits on its way. */
void m3_death_put(struct m3_txn *t, uint32_t s);

/* ------------------------------------------- messages: message.c */

/* `wait` is 0 for M3_NOWAIT: -EAGAIN instead of M3_BLOCK. */
int m3_msg_send(struct m3_txn *t, uint32_t self, int dst,
		const struct m3_message *m, int wait);
int m3_msg_sendrec(struct m3_txn *t, uint32_t self, int dst,
		   const struct m3_message *m, int wait);
int m3_msg_receive(struct m3_txn *t, uint32_t self, int src,
		   struct m3_message *m, int wait);
int m3_msg_rcvrqst(struct m3_txn *t, uint32_t self, struct m3_message *m,
		   int wait);
/* Something waits that receive(ANY) would take. */
int m3_msg_waiting(struct m3_region *r, uint32_t self);
/*
 * Ends slot `self`'s call with -error as a time-out does. Returns the result
 * if it had ended before, M3_BLOCK while a copy touches its memory.
 */
int m3_call_cancel(struct m3_txn *t, uint32_t self, int error);
/* A message to a client that waits for `self`'s reply answers its call. */
void m3_settle_debt_d(struct m3_txn *t, uint32_t self, uint32_t d);
/* Slot `self`'s call, if it was an answer, has failed: the client waits on. */
void m3_restore_debt_d(struct m3_txn *t, uint32_t self);
void m3_call_abort_d(struct m3_txn *t, uint32_t self, int result);
/*
 * Where a call of slot `self` to `dst` goes: may it call now (`call` is one of
 * enum m3_call_number), and whom? `gone` if nobody is bound there.
 */
int m3_aim(struct m3_txn *t, uint32_t self, uint32_t call, int dst, int gone,
	   uint32_t *d);
/*
 * A message of endpoint `src` arrives for slot `d`, by M3_OP_SEND or
 * M3_OP_SENDREC: can it be taken now?
 */
int m3_willing(const struct m3_slot *d, int src, uint32_t op);
/* Does `c` wait for a message of endpoint `ep` and of no other? */
int m3_awaits(const struct m3_slot *c, int ep);
/*
 * Does whom slot `d` waits for, and whom that one waits for, and so on, wait
 * for `self`? Then nobody in the circle would ever be served. Not if `d` waits
 * for this very message.
 */
int m3_closes_circle(struct m3_region *r, uint32_t self, uint32_t d,
		     uint32_t op);
/*
 * Slot `self`'s sendrec, opened before, goes to slot `to` under its present
 * call id. On an error the caller undoes the transition.
 */
int m3_request_aim_d(struct m3_txn *t, uint32_t self, uint32_t to,
		     const struct m3_message *m);
void m3_deliver_d(struct m3_txn *t, uint32_t d, int src,
		  const struct m3_message *m);
void m3_enqueue_d(struct m3_txn *t, uint32_t d, uint32_t s);

/* ------------------------------------ what servers do: request.c */

int m3_msg_reply(struct m3_txn *t, uint32_t self, int dst,
		 const struct m3_message *m);
int m3_msg_reply_receive(struct m3_txn *t, uint32_t self, int dst,
			 struct m3_message *m, int wait);
/* The call in which `client` waits for the reply of slot `self`. */
int m3_msg_request(struct m3_txn *t, uint32_t self, int client,
		   uint64_t *call);
int m3_msg_reply_to(struct m3_txn *t, uint32_t self, int dst, uint64_t call,
		    const struct m3_message *m);
/* m->source is the client whose request goes on to `dst`. */
int m3_msg_relay(struct m3_txn *t, uint32_t self, int dst,
		 const struct m3_message *m);
/* A RELAY came: the sendrec of local slot `c` goes to `dst` from now on. */
void m3_put_relay_d(struct m3_txn *t, uint32_t c, int dst,
		    const struct m3_message *m);
int m3_msg_wakeup(struct m3_txn *t, int ep);

/* -------------------------------------- notifications: notify.c */

/*
 * `source` is the slot in whose name it is, or the target's own for HARDWARE;
 * `updates` are bits of its argument.
 */
int m3_msg_notify(struct m3_txn *t, uint32_t self, int src, int dst,
		  uint32_t updates);
int m3_msg_hdw_notify(struct m3_txn *t, int dst);
/* Returns 1 if it was merged with a pending one. */
int m3_notify_d(struct m3_txn *t, uint32_t d, uint32_t source,
		uint32_t updates);
/*
 * Takes the first pending notification of slot `self`, of slot `only` unless
 * that is M3_NIL; 0 if there is none.
 */
int m3_notification_take(struct m3_txn *t, uint32_t self, uint32_t only,
			 struct m3_message *m);

/* ------------------------------------------- privileges: priv.c */

/* 0, or -EBADCALL: what its privileges say of enum m3_call_number. */
static inline int m3_may_call(struct m3_region *r, uint32_t self,
			      uint32_t call)
{
	if (!m3_slot(r, self)->restricted)
		return 0;
	return m3_more(r, self)->calls >> call & 1 ? 0 : -M3_EBADCALL;
}

/* May it aim at slot `d`? */
static inline int m3_may_aim(struct m3_region *r, uint32_t self, uint32_t d)
{
	return !m3_slot(r, self)->restricted ||
	       m3_allowed(r, self)[d / 32] >> (d & 31) & 1;
}

/* 0, or why slot `self` cannot make this call now. */
static inline int m3_caller(struct m3_txn *t, uint32_t self, uint32_t call)
{
	int e = m3_slot_ready(t, self);

	return e ? e : m3_may_call(t->r, self, call);
}

/* What a new binding may do: everything. */
void m3_priv_reset_d(struct m3_txn *t, uint32_t i);
int m3_priv_get(struct m3_txn *t, int ep, struct m3_priv *priv);
/* The slot's row of m3_allowed() has memory behind it. */
int m3_priv_set(struct m3_txn *t, int ep, const struct m3_priv *priv);

/* --------------------------------------- outgoing records: queue.c */

/* Notes a block that is referred to, before it is written again. */
void m3_block_note_d(struct m3_txn *t, uint32_t block);
/* Queues slot i's call or answer block; its record is complete. */
void m3_block_queue_d(struct m3_txn *t, uint32_t block, uint32_t peer);
void m3_block_unqueue_d(struct m3_txn *t, uint32_t block);
/* Queues it even if its destination is frozen. */
void m3_block_send_d(struct m3_txn *t, uint32_t block, uint32_t peer);
uint32_t *m3_block_state(struct m3_region *r, uint32_t block);
/* Header common to all records from slot `s` to slot `d`. */
void m3_record_fill(struct m3_region *r, struct m3_record *rec, uint32_t kind,
		    uint32_t s, uint32_t d);
/* Answers the call of remote slot `i` in the name of slot `s`. */
void m3_answer_d(struct m3_txn *t, uint32_t s, uint32_t i, uint32_t kind,
		 int status, const struct m3_message *m);
/*
 * Opens a call of local slot `s` to remote slot `d`; 0 or an error. If both
 * blocks of `s` still hold CANCELs the call waits for one of them, with its
 * message in the slot (protocol 5).
 */
int m3_call_queue_d(struct m3_txn *t, uint32_t s, uint32_t d, uint32_t kind,
		    const struct m3_message *m);
/* The block of local slot `s`'s call, with no CANCEL in it; 0: there is one. */
int m3_block_clear_d(struct m3_txn *t, uint32_t s);
int m3_waits_for_block(struct m3_region *r, uint32_t i);
/* A CANCEL has left that block: a call that waits for it goes on. */
void m3_block_freed_d(struct m3_txn *t, uint32_t block);
int m3_notify_queue_d(struct m3_txn *t, uint32_t s, uint32_t d,
		      uint32_t updates);
/*
 * Answers a record from `node` that opens a call with ERROR `error`, although
 * its source has no slot here, or not for that call. Best effort: 1, or 0 if
 * it opens no call or the pool has no block left for that node. pool.c
 */
int m3_pool_answer_d(struct m3_txn *t, uint32_t node,
		     const struct m3_record *rec, int error);
/* A free block of the pool, or M3_NIL; how it grows and shrinks. */
uint32_t m3_pool_free(struct m3_region *r);
void m3_pool_used_d(struct m3_txn *t, uint32_t block);
void m3_pool_freed_d(struct m3_txn *t, uint32_t block);
/* 0, or why no record can be queued for the node. */
int m3_peer_reachable(struct m3_region *r, uint32_t node);
/* The same of a call, which may be refused where an answer waits. */
int m3_peer_callable(struct m3_region *r, uint32_t node);

/* --------------------------------------------- lanes: lane.c */

/* The message lane of the next record of endpoint `ep` to a peer. */
uint32_t m3_lane_d(struct m3_txn *t, uint32_t peer, int ep);
/* Loads the QoS table; commits. */
void m3_lanes_set(struct m3_txn *t, const struct m3_lanes *lanes);
/* Is all that a message lane holds marked as strays, or in its own lane? */
int m3_lane_is_sane(struct m3_region *r, uint32_t peer, uint32_t lane);

/* ------- copies: arena.c, grant.c, copy.c, transfer.c, serve.c */

int m3_arena_alloc(struct m3_txn *t, uint32_t owner, uint64_t bytes,
		   uint64_t *offset);
int m3_arena_alloc_d(struct m3_txn *t, uint32_t owner, uint64_t bytes,
		     uint64_t *offset);
/* A buffer that no application knows: nothing else can be using it. */
void m3_arena_free_d(struct m3_txn *t, uint32_t owner, uint64_t offset);
/* The buffer of `from` at `offset` is `to`'s from now on. */
void m3_arena_give_d(struct m3_txn *t, uint32_t from, uint64_t offset,
		     uint32_t to);
int m3_arena_free(struct m3_txn *t, uint32_t owner, uint64_t offset);
void m3_arena_free_all(struct m3_txn *t, uint32_t owner);
/* Offset in the region of [address, +bytes), if in one buffer of `owner`. */
int m3_arena_range(struct m3_region *r, uint32_t owner, uint64_t address,
		   uint64_t bytes, uint64_t *offset);

/* A copy, resolved: `self` is the requester and one of the parties. */
struct m3_copy {
	int32_t other; /* the other party's endpoint */
	int push; /* from self to the other */
	uint64_t self_at; /* remote copies: self's range, offset in region */
	uint64_t other_address;
	uint64_t bytes;
	int served; /* the other's private memory: it shall copy itself */
	uint64_t other_at; /* out, local: the other's offset; 0: private */
};
/*
 * Local: pins the other party and returns 0; m3_copy_end() follows. Remote or
 * served: starts the transfer and returns M3_BLOCK; m3_finish_d() ends it. A
 * push that is served starts from the buffer at `self_at`, which is the other's
 * from then on.
 */
int m3_copy_begin(struct m3_txn *t, uint32_t self, struct m3_copy *copy);
/* Could it begin, but for the addresses? 0 or an error. */
int m3_copy_check(struct m3_txn *t, uint32_t self, const struct m3_copy *copy);
void m3_copy_end(struct m3_txn *t, uint32_t self, uint32_t other);
/* Its own buffers stay its own until m3_copy_let_go(). EBUSY. */
int m3_copy_hold(struct m3_txn *t, uint32_t self);
void m3_copy_let_go(struct m3_txn *t, uint32_t self);
/* An address that names private memory: neither a buffer nor a grant. */
static inline int m3_is_private(uint64_t address)
{
	return !(address & (M3_ARENA_BIT | M3_GRANT_BIT));
}
/*
 * Who copies from or to memory of slot `i` at this moment, so that it has to
 * stay; `i` itself if it serves a copy. Or M3_NIL.
 */
uint32_t m3_pinned_by(struct m3_region *r, uint32_t i);
/* Ends what slot `i`, about to be unbound, has to do with others' copies. */
void m3_memory_end(struct m3_txn *t, uint32_t i);
/* The invariants of all that; see m3_region_check(). check-memory.c */
int m3_memory_check(struct m3_region *r);

int m3_grant_make(struct m3_txn *t, uint32_t self, int grantee,
		  uint64_t address, uint64_t bytes, uint32_t rights,
		  uint64_t *granted);
int m3_grant_revoke(struct m3_txn *t, uint32_t self, uint64_t granted);
/*
 * Resolves an address that slot `owner` granted to slot `grantee`: its offset
 * in the region, and index + 1 of the grant. EPROCSTS: no such grant; EFAULT:
 * outside its range, or not with these rights.
 */
int m3_grant_range_d(struct m3_txn *t, uint32_t owner, uint32_t grantee,
		     const struct m3_copy_body *at, uint32_t rights,
		     uint64_t *offset, uint32_t *grant);
/* Ends the grants in [at, end) of `owner`. EONCOPY: one is in use. */
int m3_grants_drop(struct m3_txn *t, uint32_t owner, uint64_t at,
		   uint64_t end);
/* Ends all grants of and to slot `i`: it is unbound, or migrates. */
void m3_grants_end(struct m3_txn *t, uint32_t i);
/* The slot that copies by a grant of slot `i` at this moment, or M3_NIL. */
uint32_t m3_grants_user(struct m3_region *r, uint32_t i);

/* Is slot i asked for its memory? A hint, to be read without the lock. */
static inline int m3_serve_wanted(struct m3_region *r, uint32_t i)
{
	uint32_t serve = __atomic_load_n(&m3_transfer(r, i)->serve,
					 __ATOMIC_ACQUIRE);

	return serve == M3_SERVE_FILL || serve == M3_SERVE_DRAIN;
}

/* What the owner of private memory has taken on: it copies, unlocked. */
struct m3_served {
	uint64_t address; /* in its process */
	uint64_t staging; /* offset in the region */
	uint64_t bytes;
	int fill; /* staging from memory; else memory from staging */
};
/* Local slot `self` asks slot `other` to copy; other has been checked. */
int m3_serve_post_d(struct m3_txn *t, uint32_t self, uint32_t other,
		    const struct m3_copy *copy);
/* 1: slot `i` has something to do; m3_serve_done() follows. */
int m3_serve_take(struct m3_txn *t, uint32_t i, struct m3_served *job);
void m3_serve_done(struct m3_txn *t, uint32_t i, const struct m3_served *job,
		   int error);
/* Requester `i` has what was filled for it; the buffer is freed. */
void m3_serve_collected(struct m3_txn *t, uint32_t i);
/* Requester `i` waits no more for `owner` to serve it. */
void m3_serve_leave_d(struct m3_txn *t, uint32_t i, uint32_t owner);
/* Frees the staging of slot `i`, unless it is at it. */
void m3_serve_drop_d(struct m3_txn *t, uint32_t i);
/* Its staging, in which `bytes` will be gathered or offered. */
int m3_serve_stage_d(struct m3_txn *t, uint32_t i, uint64_t address,
		     uint64_t bytes);
/* Asks slot `i` to fill or drain it. */
void m3_serve_ask_d(struct m3_txn *t, uint32_t i, uint32_t serve);
void m3_transfer_stop_d(struct m3_txn *t, uint32_t i);
/* The same, and tells a requester that still reads from slot `i`. */
void m3_transfer_abort_d(struct m3_txn *t, uint32_t i, int error);
/* It joins the bulk queue of its peer. */
void m3_transfer_queue_d(struct m3_txn *t, uint32_t i);
/* Tells the remote requester of slot i's transfer that it is over. */
void m3_transfer_answer_d(struct m3_txn *t, uint32_t i, int status);
/* Remote slot `s` has given up its calls up to `id`, one of them to `c`. */
void m3_transfer_cancel_d(struct m3_txn *t, uint32_t s, uint32_t c,
			  uint64_t id);
/* Is `c` blocked in a sendrec to endpoint `s` with that call id? */
int m3_grants(const struct m3_slot *c, int32_t s, uint64_t call);
void m3_transfer_unqueue_d(struct m3_txn *t, uint32_t i);
/*
 * Numbers the next chunk of the first queued transfer; returns its bytes, 0
 * if no transfer is queued or it does not fit into `room`.
 */
uint32_t m3_chunk_number_d(struct m3_txn *t, uint32_t peer, uint32_t room,
			   uint32_t most);
/* A record from a frame, copied before it is checked. */
struct m3_incoming {
	struct m3_record rec;
	union {
		struct m3_message message;
		struct m3_copy_body copy;
	} body;
	const void *data; /* behind the copy body */
};
/* Incoming copy records from remote slot `s` to local slot `c`. */
void m3_put_pull_d(struct m3_txn *t, uint32_t s, uint32_t c,
		   const struct m3_incoming *in);
void m3_put_chunk_d(struct m3_txn *t, uint32_t s, uint32_t c,
		    const struct m3_incoming *in);

/*
 * The peer's process that sent it; binds a descriptor for a new client if the
 * record `opens` a call. What opens none comes from an endpoint that is known,
 * or is for nobody. 0, or negative: the record is dropped, who waits for an
 * answer gets one; or 1: a death of whom this node does not know. source.c
 */
int m3_source_slot(struct m3_txn *t, uint32_t node, const struct m3_record *rec,
		   int opens, uint32_t *s);
/*
 * 0 if the record's destination is a live local process, or will be one; else
 * the answer.
 */
int m3_target(struct m3_region *r, const struct m3_record *rec, int gone,
	      uint32_t *d);
/* A record of that lane; malformed ones are counted and dropped. record.c */
void m3_record_put_d(struct m3_txn *t, uint32_t node, uint32_t lane,
		     const struct m3_incoming *in);

#include "migration.h"
#include "peers.h"

#endif
