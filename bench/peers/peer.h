/* SPDX-License-Identifier: MIT */
/*
 * peer.h - contenders in C: who answers calls, and who makes them in closed
 * loops, from threads of one or more processes. closed-loop.ts in C.
 *
 * A request begins with a number, which its reply repeats: whoever reads
 * another one has found a bug, and stops the run.
 */
#ifndef M3_BENCH_PEER_H
#define M3_BENCH_PEER_H

#include <stdint.h>

#define BYTES 64u /* of a request, and of a reply */

/* A function that fails says why and ends its process. */
struct contender {
	const char *name;
	const char *arguments; /* of `serve`, and of `join` */
	const char *missing; /* why it is not in this program, or NULL */
	/* Says ready() once it may be called; does not return. */
	void (*serve)(char **arguments);
	/* Once in each process of callers, and once in each of its threads. */
	void *(*join)(char **arguments);
	void *(*open)(void *joined, char **arguments, long thread);
	/* One round trip: to a server, and back into the same bytes. */
	void (*call)(void *opened, char bytes[BYTES]);
};

extern const struct contender m3ipc, tcp, rpc_tcp, rpc_udp;

struct load {
	const struct contender *contender;
	char **arguments;
	long processes;
	long outstanding; /* threads, of all processes */
	long warm_up, round_trips; /* of all threads */
	double per_second; /* of all threads, or 0: a closed loop */
};

/*
 * Prints one line of JSON: struct Latency of closed-loop.ts. At a given rate
 * calls are due at fixed moments, from which what they take counts.
 */
void closed_loop(const struct load *load);

/* Tells the bench that a server may be called, and where. */
void ready(int port);

/* Ends the process unless `ok`; errno is told if it is set. */
void must(int ok, const char *what);

#endif
