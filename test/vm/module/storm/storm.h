/* SPDX-License-Identifier: MIT */
/* storm.h - who takes part in a storm of kills, and what they share. */
#ifndef M3_STORM_H
#define M3_STORM_H

#include <m3ipc/m3ipc.h>

#define NODES 2
#define SERVERS 4 /* endpoints 10..13: node by the lowest bit, 12.. mortal */
#define CLIENTS 8 /* endpoints 20..27: the same, 24.. mortal */
#define FIRST_SERVER 10
#define FIRST_CLIENT 20
#define LOOK_MS 20 /* who sleeps looks whether it is over */
#define ERRORS 512

enum { OF_CALLS, OF_REPLIES, OF_COPIES, KINDS };

struct shared {
	int over; /* 1: clients end; 2: all */
	int ready; /* processes that clients depend on */
	uint64_t calls, copied, crossed;
	uint64_t codes[KINDS][ERRORS]; /* how calls have ended */
};

extern struct shared *shared;
extern const char *dir[NODES]; /* cores */

uint32_t below(uint32_t n); /* random */
/* Says what is wrong with a result, and ends the process. */
void fail(const char *what, int self, int other, long result);
struct m3_node *open_node(int n);

static inline int is_mortal(int ep)
{
	return ep >= FIRST_CLIENT ? ep - FIRST_CLIENT >= CLIENTS / 2 :
				    ep - FIRST_SERVER >= SERVERS / 2;
}

/* Processes; they return when it is over, the carrier never. */
void client(int self);
void server(int self);
void carrier(int self);

#endif
