/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * calls.h - the calls of M3-IPC over the core's transitions, the same on every
 * platform: what waits, is made again or copies, by the platform's means.
 *
 * Each has a number (request.h). m3_do_<name>() gets the request and what is
 * at its `data`, in memory of the caller of this function.
 */
#ifndef M3_CALLS_H
#define M3_CALLS_H

#ifdef __KERNEL__
#include "../linux/kernel.h"
#else
#include "../embedded/embedded.h"
#include <string.h>
#endif
#include "../include/m3ipc/request.h"

/* A node's core, opened to manage it. */
struct m3_node {
	struct m3_node_region *region;
	struct m3_map *maps[M3_MAX_DCS]; /* opened on first use */
	struct m3_node_platform platform;
	int device; /* the library's: of the kernel's core, or -1 */
};

/* A proxy's hold on one DC. */
struct m3_hold {
	int bell; /* -1: not attached */
	uint32_t token;
	uint64_t incarnation; /* of the DC that the token is good for */
	uint32_t ticket; /* of the bell */
	/*
	 * Nothing was there when its bell was armed. As long as that has not been
	 * served, is armed, and this proxy has done nothing there, nothing is.
	 * 0: no; else the platform's, of m3_hold_is_quiet().
	 */
	uint32_t quiet;
	const uint32_t *armed; /* the bell's word, while it is quiet */
};

struct m3_proxy {
	struct m3_node *node;
	struct m3_proxy *next; /* of the node's, for this peer */
	uint32_t peer;
	uint32_t attachment; /* which of the peer's proxies it is */
	uint32_t chunk; /* bytes of copies at most, in one record */
	struct m3_hold holds[M3_MAX_DCS];
	int device; /* as in struct m3_node */
};

struct m3_member {
	struct m3_map *map;
	int bell;
	uint32_t ticket; /* of the bell */
	uint8_t *busy; /* atomic, one per slot: a call is not collected yet */
	uint32_t copy_mode; /* enum m3_copy_mode: what is asked for */
	uint32_t copy_used; /* what the last copy used */
	/* The handle whose memory the kernel did not let us reach last. */
	uint32_t denied_handle, denied_generation;
	int device; /* as in struct m3_node */
};

/* -------------------------------------------------------- the requests */

typedef int m3_member_fn(struct m3_member *m, struct m3_request *q, void *data);
typedef int m3_node_fn(struct m3_node *n, struct m3_request *q, void *data);
typedef int m3_proxy_fn(struct m3_proxy *p, struct m3_request *q, void *data);

#define M3_REQUEST_DECLARE(number, name, whose, data, bytes) \
	m3_##whose##_fn m3_do_##name;
M3_REQUESTS(M3_REQUEST_DECLARE)
#undef M3_REQUEST_DECLARE

/* ---------------------------------------------- calls: call.c, copy.c */

/* When `timeout` ms have passed, as m3_wait() wants it. */
static inline uint64_t m3_deadline(int timeout)
{
	return timeout > 0 ?
		       m3_clock_ns() + (uint64_t)timeout * 1000000ull : 0;
}
/*
 * Starts the call, waits for its end, makes it again after a migration. `wait`
 * is 0 for M3_NOWAIT. M3_PENDING where calls pause for a signal
 * (M3_CALLS_PAUSE): m3_call_go_on() or m3_call_end() follows.
 */
int m3_call_run(struct m3_member *m, struct m3_call *c, int wait,
		uint64_t deadline);
int m3_call_go_on(struct m3_member *m, struct m3_call *c, uint64_t deadline);
int m3_call_start(struct m3_member *m, struct m3_call *c);
int m3_call_finish(struct m3_member *m, struct m3_call *c);
int m3_call_end(struct m3_member *m, struct m3_call *c, int error);

/* Event tag of a started call: the low half of m3_call.scratch. */
static inline uint32_t m3_call_tag(const struct m3_call *c)
{
	return (uint32_t)c->scratch;
}
/* Makes the call that was just started in slot i one to be waited for. */
void m3_call_arm(struct m3_member *m, struct m3_call *c, uint32_t i,
		 uint32_t waits);
/* Starts a copy, as m3_call_start() does. `wait` is 0 for M3_NOWAIT. */
int m3_copy_start(struct m3_member *m, struct m3_call *c, uint32_t i,
		  uint32_t waits, int wait);
/*
 * What slot i waited for has ended with `result`. M3_PENDING: it waits for the
 * next part of its copy now, unless `stop` is an error that forbids that.
 */
int m3_copy_collect(struct m3_member *m, struct m3_call *c, uint32_t i,
		    int result, int stop);

/*
 * After a call that never waits: if it met its own endpoint frozen, waits for
 * the end of that. 1: the call is to be made again.
 */
int m3_migration_sleep(struct m3_member *m, int self, int *result);
/* The slot of endpoint `self`. EFORKED, ERANGE. */
int m3_self_slot(struct m3_member *m, int self, uint32_t *i);
/* Copies what slot i, of this process, is asked for, if it is. memory.c */
void m3_serve(struct m3_map *map, uint32_t i);

/* ------------------------------------ calls that never wait: instant.c */

int m3_instant_reply(struct m3_member *m, int self, int dst,
		     struct m3_message *message);
int m3_instant_reply_to(struct m3_member *m, int self, int dst, uint64_t call,
			struct m3_message *message);
int m3_instant_owed(struct m3_member *m, int self, int client, uint64_t *call);
int m3_instant_relay(struct m3_member *m, int self, int dst,
		     struct m3_message *message);
int m3_instant_notify(struct m3_member *m, int self, int src, int dst,
		      uint32_t updates);

/* ------------------------------------------------- buffers: memory.c */

/*
 * Opens a critical section for the owner of `self`, whatever it waits for, and
 * frozen or not.
 */
int m3_owner_begin(struct m3_member *m, int self, struct m3_section *s,
		   uint32_t *i);
/* A buffer's offset in the region. */
int m3_buffer_alloc(struct m3_member *m, int self, uint64_t bytes,
		    uint64_t *offset);
int m3_buffer_free(struct m3_member *m, int self, uint64_t offset);

/* ------------------------------------------------- nodes: node.c, manage.c */

/* Opens a critical section in the DC; m3_end() closes it. */
int m3_dc_begin(struct m3_node *node, int dc, struct m3_section *s);
/*
 * The same, with memory for the privileges of `ep`; `absent` is the result if
 * the DC has no slot for it.
 */
int m3_priv_begin(struct m3_node *node, int dc, int ep, int absent,
		  struct m3_section *s);
/* Unbinds a slot on demand: a backup's becomes remote only. EONCOPY. */
int m3_unbind_slot(struct m3_txn *t, uint32_t i);
/* Parameters of a core. EBADRANGE, EBADNODEID, ENAMESIZE. */
int m3_dvs_verify(const struct m3_dvs_params *params);
void m3_node_fill(struct m3_node_region *n, const struct m3_dvs_params *params);

/* ------------------------------------------------------- proxies: proxy.c */

/* Attaches to all DCs that span the peer; m3_proxy_release() follows. */
int m3_proxy_hold(struct m3_proxy *p, struct m3_node *node, int id);
void m3_proxy_release(struct m3_proxy *p);
/* A section in which this proxy still is the proxy: EPROXYRUN, ENODCNODE. */
int m3_proxy_begin(struct m3_proxy *p, int dc, struct m3_section *s);

/* ------------------------------------------------------ deaths: bury.c */

/*
 * Unbinds the endpoints of a handle whose process has ended; returns how many.
 * *pinned gets the handle of a copier that keeps one of them, or M3_NIL. Then
 * the handle is free.
 */
int m3_bury(struct m3_txn *t, uint32_t handle, uint32_t *pinned);
/*
 * The same of one whose threads may live: the handle stays taken, and so do
 * endpoints that are in the middle of a copy of their own.
 */
int m3_bury_endpoints(struct m3_txn *t, uint32_t handle);
/*
 * Repeats every wake-up that may be owed: a process can be killed between its
 * commit and its wake-ups.
 */
void m3_rouse(struct m3_txn *t);

#endif
