/* SPDX-License-Identifier: MIT */
/* sim.h - what the files of the simulation's addon share. */
#ifndef M3_SIM_H
#define M3_SIM_H

#include <m3ipc/m3ipc.h>

/* One thread simulates one world at a time. */
struct m3_sim {
	uint32_t fuse; /* crash points left to live; 0: dies at none */
	int died; /* a process has died in a call */
	int killing; /* what is closed is not closed in order */
	uint64_t seed, drawn; /* of chance, and how often it was asked */
	uint64_t now_ns;
};

extern struct m3_sim m3_sim;

/* Was the member's bell rung since it was served last? */
int m3_sim_rung(struct m3_member *m);

#endif
