/* SPDX-License-Identifier: MIT */
/* mnx_self.h - who calls, and where the core is: what lib/mnx*.c share. */
#ifndef M3_MNX_SELF_H
#define M3_MNX_SELF_H

#include "lib.h"
#include "../include/m3ipc/mnx.h"

/* What mnx_bind() and its like have bound: a process's, or one thread's. */
struct mnx_binding {
	struct m3_member *member; /* NULL: not bound */
	int dc;
	int ep;
};

/* The link of a sender proxy to one node of its pair. */
struct mnx_link {
	struct mnx_link *next;
	struct m3_proxy *proxy;
	int peer;
	/* Of each DC: the life, and the hello, for which an OPEN was sent. */
	uint64_t opened[M3_MAX_DCS];
	uint32_t answered[M3_MAX_DCS];
};

struct mnx_thread {
	struct mnx_binding own;
	struct m3_node *node; /* this thread's: a node has one user */
	struct m3_dvs_info about; /* it */
	struct mnx_link *links; /* of a sender proxy */
	uint32_t connects; /* its pair's, when the links were made */
};

struct mnx_thread *mnx_thread(void);
/* The calling thread's binding, or its process's. ENOTBIND. */
int mnx_self(struct mnx_binding *b);
void mnx_process(struct mnx_binding *b); /* member NULL: not bound */
/* This thread's handle of the core. EDVSINIT, EPRIVILEGES. */
int mnx_node(struct m3_node **node);
/* What is known of it since it was opened. */
const struct m3_dvs_params *mnx_about(void);
int mnx_runs(struct m3_node *node, int dcid); /* a DC */
void mnx_drop_links(struct mnx_thread *t);
/* The core's directory, or its device; `nodeid` -1: the only one. EDVSINIT. */
int mnx_dir(char *dir, size_t size, int nodeid);
/* dcid -1: the caller's. */
int mnx_dcid(int *dcid);

/* This process's membership of a DC, joined if need be. */
int mnx_join(int dc, struct m3_member **member);
/* Keeps a membership that mnx_wait4bind() made itself. */
void mnx_keep(int dc, struct m3_member *member);
struct m3_member *mnx_joined(int dc);
/* Is the binding still what it was? Others may have ended it. */
int mnx_is_bound(const struct mnx_binding *b);
/* Sets, or with member NULL forgets, the process's or the thread's. */
void mnx_set(const struct mnx_binding *b, int of_thread);

/* Errors of management, and of calls that return an endpoint. */
int mnx_error(int e);
int mnx_bind_error(int e);
/* A `long` timeout of mnx.h as m3ipc.h wants it. */
int mnx_ms(long to_ms);
/* The pair that serves a node, plus 1, or 0. */
int mnx_pair_for(struct m3_node *node, int nodeid);
int mnx_pair_row(struct m3_node *node, int pxid, struct m3_pair_row *row);
/* The pair that a process or thread belongs to, or -1. */
int mnx_pair_of(struct m3_node *node, int as_sender, int as_receiver);

#endif
