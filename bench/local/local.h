/* SPDX-License-Identifier: MIT */
/*
 * local.h - one measurement of one mechanism: pairs of a client and a server
 * process that make round trips.
 *
 * A request and a reply begin with a number that the reply repeats, at its end
 * too; a client that reads another one has found a bug and stops the run.
 */
#ifndef M3_BENCH_LOCAL_H
#define M3_BENCH_LOCAL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>

#define MAX_BYTES (1u << 20)
#define HEADROOM 64u /* in front of a pair's buffer: SysV's type */
#define MAX_PAIRS 8
#define STREAM_BLOCKS 16

enum side { CLIENT_SIDE, SERVER_SIDE };

struct mechanism;

struct pair {
	const struct mechanism *mechanism;
	int index;
	uint32_t request_bytes, reply_bytes;
	uint32_t sequence;
	int copies; /* replies are bulk data, not messages */
	int blocks; /* replies to one request, at least 1 */
	char *buffer; /* private to a process once it has been forked */
	int fd[2][2]; /* [side]: what it reads from, what it writes to */
	char name[64];
	/* m3ipc: where its DC is, of client and server, and of the server if
	 * that is on another node: then not NULL. */
	const char *dir, *server_dir;
	int dc;
};

/* Functions return 0, or -1 with errno and a word in `failure`. */
struct mechanism {
	const char *name, *about;
	const char *missing; /* why it is not in this program, or NULL */
	uint32_t (*max)(void); /* largest reply; NULL: MAX_BYTES */
	int (*prepare)(struct pair *p); /* before the processes start */
	/* In each process; the server's has returned before the client's. */
	int (*open)(struct pair *p, enum side side);
	/* Either one way, from that side (receive: to it), of that many bytes, */
	int (*send)(struct pair *p, enum side from, void *data, uint32_t bytes);
	int (*receive)(struct pair *p, enum side to, void *data,
		       uint32_t bytes);
	/* or whole round trips; `serve` ends after `hang_up`. */
	int (*call)(struct pair *p);
	int (*serve)(struct pair *p);
	int (*hang_up)(struct pair *p); /* client; NULL: server is killed */
	void (*clear)(struct pair *p); /* afterwards, where `prepare` ran */
};

extern const struct mechanism
	m3ipc_combined, m3ipc_two_calls, m3ipc_bounce, m3ipc_process_vm,
	pipe_pair, fifo_pair, unix_stream, unix_seqpacket, unix_dgram,
	posix_mq, sysv_queue, tcp, udp, tipc, binder, rpc_udp, rpc_tcp, zeromq,
	nng;

/* What the last failed call was about. */
extern const char *failure;

static inline int fails(const char *what)
{
	failure = what;
	return -1;
}

/* Descriptors that carry bytes. streams.c */
enum { READ, WRITE };
int send_all(struct pair *p, enum side from, void *data, uint32_t bytes);
int receive_all(struct pair *p, enum side to, void *data, uint32_t bytes);
void use_both_ways(struct pair *p, enum side side, int fd);

/* The number of a request or reply goes at both ends of its bytes. */
void mark(void *data, uint32_t bytes, uint32_t sequence);
int is_marked(const void *data, uint32_t bytes, uint32_t sequence);

enum placement {
	ONE_CORE, /* a pair's two processes share a core */
	TWO_CORES, /* each has its own */
	NOT_PINNED, /* they start apart and may run anywhere */
	BESIDE_HOG, /* one core, which a third process wants all of */
};

struct plan {
	const struct mechanism *mechanism;
	enum placement placement;
	int pairs;
	uint32_t request_bytes, reply_bytes;
	int copies, blocks;
	uint64_t ns; /* of each measurement */
	int latency; /* time each round trip */
	const char *dir, *server_dir;
	int dc;
};

/* Of some time, client and server together; negative: not countable here. */
struct counts {
	int64_t system_calls, switches;
	int64_t moved; /* bytes that the kernel's core has for copies */
};

/* counts.c */
struct counter {
	const struct pair *pair;
	pid_t server;
	int fd[2]; /* the client's, which is the caller, and the server's */
	struct counts before;
};

void count_begin(struct counter *c, const struct pair *p, pid_t server);
void count_end(struct counter *c, struct counts *counts);

struct measured {
	double per_second; /* round trips of all pairs */
	double cpu_us; /* of a round trip, client and server together */
	uint64_t made; /* round trips */
	struct counts counts; /* of all of them */
	uint32_t p50_ns, p99_ns; /* 0 unless `latency` */
};

/* What it started is gone when it returns. -1: `failure` and errno say why. */
int measure(const struct plan *plan, struct measured *measured);

/* Makes the core; returns only if it cannot. stage.c */
int stage(const char *dir);

#endif
