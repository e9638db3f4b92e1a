/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * peers.h - the cores of other nodes, and the frames to and from them: peer.c,
 * outage.c, take.c, put.c. Part of core.h, which includes it.
 */
#ifndef M3_PEERS_H
#define M3_PEERS_H

int m3_peer_add(struct m3_txn *t, uint32_t node);
int m3_peer_del(struct m3_txn *t, uint32_t node);
/* Fences the previous holder: returns the new token. */
uint32_t m3_peer_attach(struct m3_txn *t, uint32_t node);
void m3_peer_disconnect(struct m3_txn *t, uint32_t node);
int m3_peer_open(struct m3_txn *t, uint32_t node, struct m3_dc_open *open);
int m3_peer_opened(struct m3_txn *t, uint32_t node,
		   const struct m3_dc_open *open);
/* What remote slot `i` has asked and is answered; its next life is unknown. */
void m3_remote_forget(struct m3_txn *t, uint32_t i);
/* The peer's core is gone: completes every call aimed at it (protocol 6). */
void m3_peer_lost(struct m3_txn *t, uint32_t node);
/* The same for one endpoint whose node was lost while it was frozen. */
void m3_endpoint_lost(struct m3_txn *t, uint32_t e);
/*
 * Ends the calls to a node, and refuses new ones, until it is opened or
 * attached again: `error`, or EUNKNOWN where something of the call has left.
 * Replies go on to wait. Nothing, while it is open.
 */
void m3_peer_give_up(struct m3_txn *t, uint32_t node, uint32_t error);
/* Has anything of the call of slot `i` left for the node? */
int m3_call_left(struct m3_region *r, uint32_t i);
/* Bit l is set if lane l can be taken from. */
uint32_t m3_peer_queues(struct m3_region *r, uint32_t node);
/* Copies are cut into chunks of at most `chunk` bytes, a multiple of 8. */
int m3_peer_take(struct m3_txn *t, uint32_t node, uint32_t lane, void *frame,
		 uint32_t size, uint32_t chunk, uint32_t *count);
int m3_peer_acknowledge(struct m3_txn *t, uint32_t node, void *frame,
			uint32_t size);
int m3_peer_put(struct m3_txn *t, uint32_t node, const void *frame,
		uint32_t size);

#endif
