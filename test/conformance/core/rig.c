// SPDX-License-Identifier: MIT
#include "rig.h"
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned long state;
static int ruined;

void rig_must(int ok, const char *what, const char *file, int line)
{
	if (ok)
		return;
	fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
	fflush(stderr);
	_exit(1);
}

void rig_same(long actual, long expected, const char *what, const char *file,
	      int line)
{
	if (actual == expected)
		return;
	fprintf(stderr, "%s:%d: %s is %ld (%s), not %ld (%s)\n", file, line,
		what, actual, m3_strerror((int)actual), expected,
		m3_strerror((int)expected));
	fflush(stderr);
	_exit(1);
}

void rig_ruin(void)
{
	ruined = 1;
}

/* What the core calls where it would touch what has no memory: region.h. */
void m3_not_backed(const char *table, unsigned int row);

void m3_not_backed(const char *table, unsigned int row)
{
	if (ruined)
		return;
	fprintf(stderr, "row %u of the %s has no memory\n", row, table);
	abort();
}

void rig_ok(const char *name)
{
	printf("ok %s\n", name);
	fflush(stdout);
}

int rig_is_kernel(void)
{
	const char *backend = getenv("M3IPC_BACKEND");

	if (!backend || !strcmp(backend, "embedded"))
		return 0;
	if (!strcmp(backend, "kernel"))
		return 1;
	fprintf(stderr, "this program has no backend '%s'\n", backend);
	exit(1);
}

void rig_embedded_only(const char *why)
{
	if (!rig_is_kernel())
		return;
	fprintf(stderr, "%s\n", why);
	exit(RIG_SKIP);
}

int rig_left(int n)
{
	return rig_is_kernel() ? 0 : n;
}

/* A device that is no core yet; see backend.ts. */
static void start_kernel(struct rig_node *n, const struct m3_dvs_params *dvs)
{
	int device, e = -M3_EDVSBUSY;

	for (device = 0; e == -M3_EDVSBUSY; device++) {
		snprintf(n->dir, sizeof(n->dir), "kernel:/dev/m3ipc%d", device);
		e = m3_dvs_init(n->dir, dvs);
	}
	SAME(e, 0);
}

static void start_embedded(struct rig_node *n, const struct m3_dvs_params *dvs)
{
	const char *base = getenv("RIG_DIR");

	snprintf(n->dir, sizeof(n->dir), "%s/m3rig.XXXXXX",
		 base ? base : "/dev/shm");
	MUST(mkdtemp(n->dir));
	SAME(m3_dvs_init(n->dir, dvs), 0);
}

void rig_start(struct rig_node *n, int id)
{
	struct m3_dvs_params dvs = {
		.node = (uint32_t)id, .max_nodes = 4, .max_dcs = 4,
		.cluster = "rig",
	};
	struct m3_dc_params dc = {
		.dc = RIG_DC, .tasks = RIG_TASKS, .procs = RIG_PROCS,
		.arena_bytes = 8u << 20, .gid = (uint32_t)-1, .name = "rig",
	};

	memset(n, 0, sizeof(*n));
	n->id = id;
	(rig_is_kernel() ? start_kernel : start_embedded)(n, &dvs);
	SAME(m3_node_open(n->dir, &n->core), 0);
	SAME(m3_dc_init(n->core, &dc), 0);
}

void rig_stop(struct rig_node *n)
{
	if (n->proxy)
		m3_detach(n->proxy);
	m3_node_close(n->core);
	SAME(m3_dvs_end(n->dir), 0);
	MUST(rig_is_kernel() || access(n->dir, F_OK) != 0);
}

void rig_attach(struct rig_node *n, int peer)
{
	SAME(m3_attach(n->core, peer, &n->proxy), 0);
}

void rig_open(struct rig_node *a, struct rig_node *b)
{
	struct m3_dc_open mine, theirs;

	SAME(m3_proxy_open(a->proxy, RIG_DC, &mine), 0);
	SAME(m3_proxy_open(b->proxy, RIG_DC, &theirs), 0);
	SAME(m3_proxy_opened(b->proxy, &mine), 0);
	SAME(m3_proxy_opened(a->proxy, &theirs), 0);
}

void rig_close(struct rig_node *n, struct m3_member *m)
{
	SOUND(n);
	m3_leave(m);
	rig_stop(n);
}

void rig_pair(struct rig_node *a, struct rig_node *b)
{
	SAME(m3_node_up(a->core, b->id, "b"), 0);
	SAME(m3_node_up(b->core, a->id, "a"), 0);
	SAME(m3_add_node(a->core, RIG_DC, b->id), 0);
	SAME(m3_add_node(b->core, RIG_DC, a->id), 0);
	rig_attach(a, b->id);
	rig_attach(b, a->id);
	rig_open(a, b);
}

struct m3_member *rig_join(struct rig_node *n, int ep)
{
	struct m3_member *m;

	SAME(m3_join(n->dir, RIG_DC, &m), 0);
	if (ep != M3_NONE)
		SAME(m3_bind(m, ep), 0);
	return m;
}

unsigned int rig_take(struct rig_node *n, int lane, void *frame,
		      unsigned int size)
{
	uint32_t count;
	int e = m3_proxy_take(n->proxy, RIG_DC, lane, frame, size, &count);

	MUST(e >= 0);
	MUST(!e == !count);
	return (unsigned int)e;
}

static int move(struct rig_node *from, struct rig_node *to)
{
	static char frame[M3_FRAME_BYTES];
	unsigned int bytes;
	int lane, n = 0;

	for (lane = M3_LANE_URGENT; lane < M3_LANES; lane++)
		while ((bytes = rig_take(from, lane, frame, sizeof(frame)))) {
			MUST(m3_proxy_put(to->proxy, frame, bytes) >= 0);
			n++;
		}
	bytes = (unsigned int)m3_proxy_acknowledge(from->proxy, RIG_DC, frame,
						   sizeof(frame));
	if (bytes)
		SAME(m3_proxy_put(to->proxy, frame, bytes), 0);
	return n;
}

int rig_settle(struct rig_node *a, struct rig_node *b)
{
	int n = 0, moved;

	do {
		moved = move(a, b) + move(b, a);
		n += moved;
	} while (moved);
	return n;
}

struct m3_message rig_message(int type, unsigned long a, unsigned long b)
{
	struct m3_message m;

	memset(&m, 0, sizeof(m));
	m.type = type;
	memcpy(m.data, &a, sizeof(a));
	memcpy(m.data + sizeof(a), &b, sizeof(b));
	return m;
}

unsigned long rig_word(const struct m3_message *m, int word)
{
	unsigned long v;

	memcpy(&v, m->data + 8 * word, sizeof(v));
	return v;
}

void rig_start_call(struct m3_member *m, struct m3_call *c, int op, int self,
		    int peer, int type, int expected)
{
	memset(c, 0, sizeof(*c));
	c->op = (uint32_t)op;
	c->self = self;
	c->peer = peer;
	c->message = rig_message(type, 0, 0);
	SAME(m3_start(m, c), expected);
}

void rig_until(struct rig_node *n, int ep, unsigned int rts)
{
	unsigned long end = rig_now() + 5000;
	struct m3_proc_info info;

	do {
		rig_sleep(500);
		SAME(m3_getprocinfo(n->core, RIG_DC, ep, &info), 0);
		MUST(rig_now() < end);
	} while (info.rts_flags != rts);
}

int rig_readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms);
}

int rig_in_child(int (*body)(void *), void *arg)
{
	int status;
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0)
		_exit(body(arg));
	SAME(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 200;
}

struct m3_proc_info rig_info(struct rig_node *n, int ep)
{
	struct m3_proc_info info;

	SAME(m3_getprocinfo(n->core, RIG_DC, ep, &info), 0);
	return info;
}

unsigned int rig_rts(struct rig_node *n, int ep)
{
	return rig_info(n, ep).rts_flags;
}

unsigned long rig_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (unsigned long)ts.tv_sec * 1000 +
	       (unsigned long)ts.tv_nsec / 1000000;
}

void rig_sleep(unsigned int us)
{
	struct timespec ts = { us / 1000000, (long)(us % 1000000) * 1000 };

	nanosleep(&ts, NULL);
}

void rig_seed(int argc, char **argv)
{
	state = argc > 1 ? strtoul(argv[1], NULL, 0) :
			   (unsigned long)time(NULL) << 16 ^
				   (unsigned long)getpid();
	printf("seed %lu\n", state);
	fflush(stdout);
}

int rig_rounds(int argc, char **argv, int usual)
{
	const char *share = getenv("RIG_SHARE");
	int rounds = usual / (share && atoi(share) > 1 ? atoi(share) : 1);

	return argc > 2 ? atoi(argv[2]) : rounds ? rounds : 1;
}

unsigned int rig_random(unsigned int below)
{
	unsigned long z = (state += 0x9e3779b97f4a7c15ul);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ul;
	z = (z ^ z >> 27) * 0x94d049bb133111ebul;
	return (unsigned int)((z ^ z >> 31) % below);
}

void rig_reseed(unsigned long seed)
{
	state = seed;
}

void rig_branch(unsigned int n)
{
	state = (state + n) * 0xd1342543de82ef95ul;
}
