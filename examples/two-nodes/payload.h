/* SPDX-License-Identifier: MIT */
/* The demo's payload and checker in C; payload.ts and checker.ts explain. */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include <inttypes.h>
#include <m3ipc/m3ipc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

enum { PING = 1, COPY = 2, END = 3, REPLY = 0x80 };

struct body {
	uint32_t number;
	uint32_t checksum;
	union {
		uint32_t words[12];
		struct {
			uint64_t address;
			uint32_t bytes, seed, checksum;
		} copy;
		uint32_t total;
	};
};
_Static_assert(sizeof(struct body) == 56, "the body of a message");

static inline uint32_t mix(uint32_t hash, uint32_t word)
{
	return (hash ^ word) * 0x01000193u;
}

static inline uint32_t data_checksum(const uint32_t *words, uint32_t bytes)
{
	uint32_t hash = 0x811c9dc5u, i;

	for (i = 0; i < bytes / 4; i++)
		hash = mix(hash, words[i]);
	return hash;
}

static inline void fill_data(uint32_t *words, uint32_t bytes, uint32_t seed)
{
	uint32_t i;

	for (i = 0; i < bytes / 4; i++) {
		seed = seed * 1664525u + 1013904223u;
		words[i] = i % 4 ? words[i - 1] : seed;
	}
}

static inline struct body *body_of(struct m3_message *m)
{
	return (struct body *)(void *)m->data;
}

static inline uint32_t body_checksum(const struct body *b, int32_t source)
{
	uint32_t hash = mix(mix(0x811c9dc5u, (uint32_t)source), b->number), i;

	for (i = 0; i < 12; i++)
		hash = mix(hash, b->words[i]);
	return hash;
}

static inline void seal(struct m3_message *m, int32_t source, uint32_t number,
			int fill)
{
	struct body *b = body_of(m);
	uint32_t i;

	b->number = number;
	for (i = 0; fill && i < 12; i++)
		b->words[i] = number * (2 * i + 1);
	b->checksum = body_checksum(b, source);
}

/* Counts what went wrong with a numbered stream. */
struct checker {
	uint32_t highest, duplicated, reordered, corrupted;
	uint32_t missing[1024], missed; /* numbers skipped so far */
	uint64_t skipped; /* beyond what `missing` can hold */
};

static inline int was_missing(struct checker *c, uint32_t number)
{
	uint32_t i;

	for (i = 0; i < c->missed; i++)
		if (c->missing[i] == number) {
			c->missing[i] = c->missing[--c->missed];
			return 1;
		}
	return 0;
}

static inline void check(struct checker *c, uint32_t number, int intact)
{
	if (!intact) {
		c->corrupted++;
	} else if (number > c->highest) {
		while (++c->highest < number)
			if (c->missed < 1024)
				c->missing[c->missed++] = c->highest;
			else
				c->skipped++;
	} else if (was_missing(c, number)) {
		c->reordered++;
	} else {
		c->duplicated++;
	}
}

static inline void print_tally(const char *name, const struct checker *c,
			       uint32_t sent)
{
	uint64_t never = c->missed + c->skipped;

	if (sent > c->highest)
		never += sent - c->highest;
	printf("\"%s\":{\"lost\":%" PRIu64 ",\"duplicated\":%u,"
	       "\"reordered\":%u,\"corrupted\":%u}",
	       name, never > c->corrupted ? never - c->corrupted : 0,
	       c->duplicated, c->reordered, c->corrupted);
}

static inline double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Ends the program unless a call succeeded. */
static inline int must(const char *call, int result)
{
	if (result < 0) {
		fprintf(stderr, "%s: %s: %s\n", call, m3_strerror(result),
			m3_cause(result));
		exit(1);
	}
	return result;
}

/* Nobody outlives the demo, also if it is killed. */
static inline void die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

#endif
