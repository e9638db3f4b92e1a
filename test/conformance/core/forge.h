/* SPDX-License-Identifier: MIT */
/* forge.h - a peer made by hand: it says what no core would say. */
#ifndef FORGE_H
#define FORGE_H

#include "rig.h"

/* The binding that forge_fill() says of each source. */
#define FORGE_BINDING 0x400001ull

struct forge {
	struct rig_node *to;
	int node; /* whom it plays */
	uint64_t incarnation;
	uint64_t session; /* of its frames */
	uint64_t next[M3_LANES]; /* number of its next record */
	uint64_t seen[M3_LANES]; /* it has taken all below */
};

/* One record and its body, as they lie in a frame. */
struct forge_record {
	struct m3_record head;
	union {
		struct m3_message message;
		struct m3_copy_body copy;
		unsigned char bytes[M3_CHUNK_BYTES + 64];
	} body;
};

/* Becomes peer `node` of a core that does not know it yet. */
void forge_begin(struct forge *f, struct rig_node *to, int node);
/* The DC-open exchange again, in the present incarnation; its result. */
int forge_open(struct forge *f);
/* A record of that kind; src at the forged node, dst at the core's. */
void forge_fill(struct forge *f, struct forge_record *r, int kind, int src,
		int dst, uint64_t call, unsigned int body);
/* A frame of one record, numbered next; its bytes. */
unsigned int forge_frame(struct forge *f, int lane,
			 const struct forge_record *r, void *frame);
/* Sends it; a record that was accepted used up its number. */
int forge_put(struct forge *f, int lane, const struct forge_record *r);
/* The same for a message. */
int forge_message(struct forge *f, int kind, int src, int dst, uint64_t call,
		  int type);
/* Says that `src` has died, which had that binding. */
void forge_death(struct forge *f, int src, uint64_t binding);
/* Takes one record of the core's and acknowledges it; 0 if there is none. */
int forge_take(struct forge *f, int lane, struct forge_record *r);
/* There is none in the normal lane. */
void forge_nothing(struct forge *f);
/* The next one of the normal lane must be that kind, from `src`. */
void forge_next_at(struct forge *f, struct forge_record *r, int kind, int src,
		   const char *file, int line);
#define FORGE_NEXT(f, r, kind, src) \
	forge_next_at((f), (r), (kind), (src), __FILE__, __LINE__)
/* The same for a message's record, which must be this one. */
void forge_expect(struct forge *f, struct forge_record *r, int kind, int src,
		  int dst, long call);
/*
 * Makes a CANCEL that waits: endpoint 1 gives up a call to `ep` at the forged
 * node, its `call`-th, that had left.
 */
void forge_give_up(struct m3_member *m, struct forge *f, int ep, long call);
/*
 * A process of the core's binds endpoint 3, takes a request of endpoint 20,
 * answers it, and is killed and buried as it receives the next.
 */
void forge_killed_server(struct forge *f);
/* A new core with endpoint 1 bound by the member returned, peer of node 1. */
struct m3_member *forge_alone(struct rig_node *n, struct forge *f);
/* The same, and endpoint 20 is declared at node 1. */
struct m3_member *forge_core(struct rig_node *n, struct forge *f);

#endif
