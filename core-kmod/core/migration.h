/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * migration.h - endpoints that move: freezing, export, import, commit, and
 * what waits or is parked meanwhile (migrate.c, park.c, export.c, import.c,
 * commit.c, resume.c), and promotion (promote.c). Part of core.h, which
 * includes it.
 */
#ifndef M3_MIGRATION_H
#define M3_MIGRATION_H

/*
 * Freezes an endpoint; again with the same txn: 0. m3_migration_quiet() says
 * when all that this node has under way to or from it has been accepted, and
 * its process has seen the end of its last call.
 */
int m3_migration_start(struct m3_txn *t, int ep, int target, uint64_t txn);
int m3_migration_quiet(struct m3_region *r, uint32_t e);
/*
 * Its migration is committed, and what follows from that is still being done
 * here, or will be by who commits it again.
 */
static inline int m3_migration_decided(struct m3_region *r, uint32_t e)
{
	return m3_slot(r, e)->rts & M3_RTS_MIGRATE &&
	       m3_more(r, e)->migrated == m3_more(r, e)->migration;
}
int m3_migration_export(struct m3_txn *t, int ep, uint64_t txn, void *state,
			uint32_t *size);
/* What a state says before it is imported; 0, or -EBADVALUE. */
int m3_migration_verify(const struct m3_region *r, int ep, const void *state,
			uint32_t size);
/* On this node: `handle` takes it over, `state` is verified. */
int m3_migration_import(struct m3_txn *t, int ep, uint32_t handle,
			uint64_t txn, const void *state);
/* On another node. */
int m3_migration_commit(struct m3_txn *t, int ep, uint32_t node, uint64_t txn);
int m3_migration_rollback(struct m3_txn *t, int ep, uint64_t txn);
/* The primary's node is dead; `handle` matters if `node` is this one. */
int m3_migration_promote(struct m3_txn *t, int ep, uint32_t node,
			 uint32_t handle, uint32_t flags);
/*
 * Collects the call that migrated here: its result, or M3_BLOCK. Without `wait`
 * EAGAIN, and it can be asked for again.
 */
int m3_migration_resume(struct m3_txn *t, uint32_t self, struct m3_message *m,
			int wait);
/* Slot `self`'s call waits until frozen slot `e` goes on: M3_BLOCK. */
int m3_migration_wait(struct m3_txn *t, uint32_t self, uint32_t op, uint32_t e,
		      const struct m3_message *m);
/* The same for a sendrec that is open already. */
void m3_migration_aim_d(struct m3_txn *t, uint32_t self, uint32_t e,
			const struct m3_message *m);
/*
 * The same for a call of a frozen slot. It ends with EMIGRATE: if the slot is
 * still local the call is to be made again.
 */
int m3_migration_pause(struct m3_txn *t, uint32_t self, uint32_t op);
/*
 * The call of a frozen slot ends. If its state was given away before, that
 * end follows as an answer.
 */
void m3_migration_ends_d(struct m3_txn *t, uint32_t i);
/*
 * A notification by a process of this node to slot `e`, whose state was given
 * away: it is parked. 1: it was not; 0, or -EAGAIN.
 */
int m3_migration_notify_d(struct m3_txn *t, uint32_t source, uint32_t e,
			  uint32_t updates);
/* It waits no more; m3_finish_d() follows. */
void m3_migration_leave_d(struct m3_txn *t, uint32_t self);
/*
 * Slot `self` gives up its call to a local process whose state was given away:
 * should that go on elsewhere, a CANCEL follows.
 */
void m3_migration_retract_d(struct m3_txn *t, uint32_t self);
/* Parks a complete block whose destination is frozen; 0: it is not. */
int m3_migration_park_d(struct m3_txn *t, uint32_t block);
void m3_migration_unpark_d(struct m3_txn *t, uint32_t block);
/* A call that was parked ends with EDSTDIED; nobody waits for the others. */
void m3_migration_drop_d(struct m3_txn *t, uint32_t block);
/* Does something that it said wait for another one's migration? */
int m3_migration_has_parked(struct m3_region *r, int ep);
/* Slot `e` is unbound: nobody waits for it any more. */
void m3_migration_die(struct m3_txn *t, uint32_t e);
/* Goes on with what a killed process has left half thawed. */
void m3_migration_repair(struct m3_txn *t);
/* Slot `e`'s node was lost while it is frozen: it may be on another by now. */
void m3_migration_lost(struct m3_txn *t, uint32_t e);
/* It stays, or goes on, at a node that was lost: who was told to wait ends. */
void m3_migration_strand(struct m3_txn *t, uint32_t e);
/* The loss of its node says nothing about that call: its callee may move. */
int m3_migration_undecided(struct m3_region *r, uint32_t self, uint32_t e);
/*
 * A record of the next epoch from the node that the endpoint moves to is a
 * commit. 1: the record is that owner's. `speaks` is 0 where another has told:
 * that node may have been lost since.
 */
int m3_migration_claim(struct m3_txn *t, uint32_t node, uint64_t binding,
		       uint32_t e, int speaks);
/* That life is known here, but of a node that it has migrated from since. */
static inline int m3_is_former_owner(uint64_t known, uint64_t binding)
{
	return known && binding &&
	       m3_generation_of(known) == m3_generation_of(binding) &&
	       m3_epoch_of(binding) < m3_epoch_of(known);
}
/* ERROR EMIGRATE: that call is made again where its callee is now. */
void m3_migration_bounced_d(struct m3_txn *t, uint32_t node,
			    const struct m3_record *rec);
/* What the parts of it share. */
void m3_migration_queue_d(struct m3_txn *t, uint32_t self, uint32_t e);
void m3_migration_unsend_d(struct m3_txn *t, uint32_t self, uint32_t e);
void m3_migration_release(struct m3_txn *t, uint32_t e);
void m3_migration_thaw(struct m3_txn *t, uint32_t e);
void m3_migration_owned_d(struct m3_txn *t, uint32_t e);
void m3_migration_announce(struct m3_txn *t, uint32_t e);
/* A local caller's numbered call: its callee is local; it has it, or not. */
void m3_migration_inward_d(struct m3_txn *t, uint32_t i, uint32_t e,
			   int queued);

#endif
