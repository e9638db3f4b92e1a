/* SPDX-License-Identifier: MIT */
/* lib.h - what the files of libm3ipc share. */
#ifndef M3_LIB_H
#define M3_LIB_H

#include "../embedded/embedded.h"

struct m3_node {
	char dir[PATH_MAX];
	int fd;
	struct m3_node_region *region;
	struct m3_map *maps[M3_MAX_DCS]; /* opened on first use */
	struct m3_proxy *proxies; /* list */
	int epoll; /* of all bells of its proxies */
};

/* A proxy's hold on one DC. */
struct m3_hold {
	int bell; /* -1: not attached */
	uint32_t token;
	uint64_t incarnation; /* of the DC that the token is good for */
	uint32_t ticket; /* of the bell */
};

struct m3_proxy {
	struct m3_node *node;
	struct m3_proxy *next;
	uint32_t peer;
	struct m3_hold holds[M3_MAX_DCS];
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
};

/* ---------------------------------------------- calls: call.c, copy.c */

/* Event tag of a started call: the low half of m3_call.scratch. */
static inline uint32_t m3_call_tag(const struct m3_call *c)
{
	return (uint32_t)c->scratch;
}
/* Makes the call that was just started in slot i one to be waited for. */
void m3_call_arm(struct m3_member *m, struct m3_call *c, uint32_t i,
		 uint32_t waits);
/* Starts a copy, as m3_start() does. `wait` is 0 for M3_NOWAIT. */
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
/*
 * Opens a critical section for the owner of `self`, whatever it waits for, and
 * frozen or not. grant.c
 */
int m3_owner_begin(struct m3_member *m, int self, struct m3_section *s,
		   uint32_t *i);
/* A call that carries a message, started and waited for. */
int m3_run_message(struct m3_member *m, uint32_t op, int self, int peer,
		   struct m3_message *message, int timeout);
/* M3_OP_WAITBIND or M3_OP_WAITUNBIND of endpoint `ep`. */
int m3_run_wait(struct m3_member *m, uint32_t op, int self, int ep,
		int timeout);

/* --------------------------------------------------------------- nodes */

/* The DC's map, opened if need be. EBADDCID, EDCNOTRUN, ... */
int m3_node_dc(struct m3_node *node, int dc, struct m3_map **map);
/* What a DC is, and one of its slots; of it somebody has a map. dc.c */
int m3_map_dcinfo(struct m3_map *map, struct m3_dc_info *info);
int m3_map_procinfo(struct m3_map *map, int p_nr, struct m3_proc_info *info);
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
/* The same, in which this proxy still is the proxy: EPROXYRUN, ENODCNODE. */
int m3_proxy_begin(struct m3_proxy *p, int dc, struct m3_section *s);

#endif
