// SPDX-License-Identifier: MIT
/*
 * storm <kills> [seed [core core]]: two nodes, the kernel's unless told, clients
 * that call servers of both, and processes that are killed at random instants:
 * clients, servers, and the one that carries the records between the nodes.
 *
 * Half of the clients and servers are steady: nobody kills them. Whatever
 * happens to the others and to the carrier, a call of a steady client to a
 * steady server succeeds, once and in order. A call whose partner was killed
 * ends with a code of m3ipc.h for that; none hangs. At last, and now and then
 * before, each DC is checked.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "storm.h"

#define CHECK_EVERY 50 /* kills */

struct shared *shared;
const char *dir[NODES] = { "kernel:/dev/m3ipc0", "kernel:/dev/m3ipc1" };

static uint64_t state;

uint32_t below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16) % n;
}

void fail(const char *what, int self, int other, long result)
{
	fprintf(stderr, "endpoint %d, of %d: %s: %ld (%s)\n", self, other, what,
		result, result < 0 ? m3_strerror((int)result) : "");
	exit(1);
}

struct m3_node *open_node(int n)
{
	struct m3_node *node;
	int e = m3_node_open(dir[n], &node);

	if (e)
		fail("open the core", n, n, e);
	return node;
}

static struct actor {
	void (*body)(int ep);
	int ep;
	pid_t pid;
} actors[SERVERS + CLIENTS + 1];

#define ACTORS (int)(sizeof(actors) / sizeof(*actors))
#define CARRIER (ACTORS - 1)

static void start(struct actor *a)
{
	pid_t parent = getpid();

	below(1);
	a->pid = fork();
	if (a->pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		exit(1);
	state ^= (uint64_t)getpid() << 32;
	a->body(a->ep);
	exit(0);
}

static void stop(struct actor *a)
{
	kill(a->pid, SIGKILL);
	waitpid(a->pid, NULL, 0);
}

static void make_core(int n)
{
	struct m3_dvs_params dvs = { .node = (uint32_t)n, .max_nodes = NODES,
				     .max_dcs = 1, .cluster = "storm" };
	struct m3_dc_params dc = { .procs = 32, .arena_bytes = 4 << 20,
				   .gid = (uint32_t)-1, .name = "storm" };
	struct m3_node *node;
	int i, e = m3_dvs_init(dir[n], &dvs);

	node = open_node(n);
	if (!e)
		e = m3_dc_init(node, &dc);
	if (!e)
		e = m3_node_up(node, 1 - n, "other");
	if (!e)
		e = m3_add_node(node, 0, 1 - n);
	for (i = 0; !e && i < SERVERS; i++)
		if (((FIRST_SERVER + i) & 1) != n)
			e = m3_rmtbind(node, 0, "server", FIRST_SERVER + i,
				       1 - n);
	if (e)
		fail("make a core", n, n, e);
	m3_node_close(node);
}

static void check(void)
{
	struct m3_node *node;
	int n, e;

	for (n = 0; n < NODES; n++) {
		node = open_node(n);
		e = m3_check(node, 0);
		if (e)
			fail("m3_check", n, n, e);
		m3_node_close(node);
	}
}

/* Records that have left a node and that the other has not acknowledged. */
static uint64_t in_flight(void)
{
	struct m3_lane_info info;
	struct m3_node *node;
	uint64_t sum = 0;
	int n, lane;

	for (n = 0; n < NODES; n++) {
		node = open_node(n);
		for (lane = 0; lane < M3_LANES; lane++)
			if (!m3_getlaneinfo(node, 0, 1 - n, lane, &info))
				sum += info.next - info.acked;
		m3_node_close(node);
	}
	return sum;
}

/* Anybody who has ended of his own accord has found something wrong. */
static void look_for_failures(void)
{
	int i, status;

	for (i = 0; i < ACTORS; i++)
		if (waitpid(actors[i].pid, &status, WNOHANG) > 0)
			fail("ended early", actors[i].ep, i, status);
}

static struct actor *victim(void)
{
	int i;

	if (!below(4))
		return &actors[CARRIER];
	do
		i = (int)below(CARRIER);
	while (!is_mortal(actors[i].ep));
	return &actors[i];
}

static void storm(int kills)
{
	struct timespec time = { 0, 0 };
	int i, carriers = 0, flights = 0;
	struct actor *a;

	for (i = 1; i <= kills; i++) {
		time.tv_nsec = (long)below(20000000);
		nanosleep(&time, NULL);
		look_for_failures();
		a = victim();
		stop(a);
		if (a == &actors[CARRIER]) {
			carriers++;
			flights += in_flight() > 0;
		}
		start(a);
		if (i % CHECK_EVERY == 0)
			check();
	}
	printf("%d kills, %d of the carrier, %d of these with records in "
	       "flight\n", kills, carriers, flights);
}

/* Clients, then servers, end by themselves. */
static void finish(void)
{
	int i, status, over;

	for (over = 1; over <= 2; over++) {
		__atomic_store_n(&shared->over, over, __ATOMIC_RELAXED);
		for (i = 0; i < CARRIER; i++) {
			if ((actors[i].body == client) != (over == 1))
				continue;
			waitpid(actors[i].pid, &status, 0);
			if (status)
				fail("ended", actors[i].ep, i, status);
		}
	}
	stop(&actors[CARRIER]);
}

static void tell(void)
{
	static const char *const names[] = { "calls", "replies", "copies" };
	int kind, i;

	for (kind = 0; kind < KINDS; kind++) {
		printf("%s:", names[kind]);
		for (i = 0; i < ERRORS; i++)
			if (shared->codes[kind][i])
				printf(" %s %llu", i ? m3_strerror(-i) : "ok",
				       (unsigned long long)
					       shared->codes[kind][i]);
		printf("\n");
	}
	printf("%llu bytes copied, %llu between two clients\n",
	       (unsigned long long)shared->copied,
	       (unsigned long long)shared->crossed);
}

/* Whoever is called is there before the clients are. */
static void begin(void)
{
	int i;

	for (i = 0; i < SERVERS; i++)
		actors[i] = (struct actor){ server, FIRST_SERVER + i, 0 };
	for (i = 0; i < CLIENTS; i++)
		actors[SERVERS + i] =
			(struct actor){ client, FIRST_CLIENT + i, 0 };
	actors[CARRIER] = (struct actor){ carrier, 0, 0 };
	for (i = 0; i < ACTORS; i++)
		if (actors[i].body != client)
			start(&actors[i]);
	while (__atomic_load_n(&shared->ready, __ATOMIC_RELAXED) < SERVERS + 1)
		poll(NULL, 0, 1);
	for (i = 0; i < ACTORS; i++)
		if (actors[i].body == client)
			start(&actors[i]);
}

int main(int argc, char **argv)
{
	int i, kills = argc > 1 ? atoi(argv[1]) : 0;

	if (kills < 1) {
		fprintf(stderr, "usage: storm <kills> [seed]\n");
		return 2;
	}
	state = argc > 2 ? strtoull(argv[2], NULL, 0) :
			   (uint64_t)time(NULL) * 2654435761u | 1;
	for (i = 0; argc > 4 && i < NODES; i++)
		dir[i] = argv[3 + i];
	printf("seed %llu\n", (unsigned long long)state);
	fflush(stdout);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < NODES; i++)
		make_core(i);
	begin();
	storm(kills);
	finish();
	check();
	tell();
	for (i = 0; i < NODES; i++)
		if (m3_dvs_end(dir[i]))
			return 1;
	printf("sound\n");
	return 0;
}
