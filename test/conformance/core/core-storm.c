// SPDX-License-Identifier: MIT
/*
 * Two nodes of real processes, of which one is killed every few milliseconds:
 * servers, and the runtime that moves the frames. The clients survive and never
 * hang: each call ends soon with its answer or with a documented code, and has
 * been executed as often as its code says.
 */
#include "rig.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENTS 2 /* a node */
#define SERVERS 2 /* a node */
#define COPY_BYTES 9000u
#define ROUNDS 65536u
#define CALL_MS 400
/* Far more than a busy machine adds, and far less than for ever. */
#define LATE_MS 10000

enum role { RUNTIME, SERVER, CLIENT };

/* Shared by all processes of the test. */
struct board {
	volatile int stop;
	/* How often a server executed call `serial` of a client. */
	unsigned char executed[2 * CLIENTS][ROUNDS];
	unsigned long done[2 * CLIENTS], slowest[2 * CLIENTS];
	unsigned long failed[2 * CLIENTS];
};

static struct board *board;
static struct rig_node nodes[2];

static int client_ep(int node, int i)
{
	return node * CLIENTS + i;
}

static int server_ep(int node, int i)
{
	return 10 + node * SERVERS + i;
}

/* ---------------------------------------------------------- servers */

static void execute(struct m3_member *m, int self, struct m3_message *q,
		    struct m3_buffer *own)
{
	unsigned long serial = rig_word(q, 0);
	const unsigned char *p = own->data;
	int e;

	MUST(q->source >= 0 && q->source < 2 * CLIENTS);
	board->executed[q->source][serial % ROUNDS]++;
	if (q->type == 2) {
		e = m3_vcopy(m, self, q->source, rig_word(q, 1), self,
			     own->address, COPY_BYTES, 500, NULL);
		MUST(e == 0 || e == -M3_EPROCSTS || e == -M3_ETIMEDOUT ||
		     e == -M3_ESRCDIED || e == -M3_EFAULT);
		if (e == 0)
			MUST(p[0] == (unsigned char)serial &&
			     !memcmp(p, p + 1, COPY_BYTES - 1));
	}
	q->type = 1000;
	e = m3_reply(m, self, q->source, q);
	MUST(e == 0 || e == -M3_EPROCSTS || e == -M3_EDSTDIED);
}

/* One request in four goes on to another server, wherever that is. 1: gone. */
static int hand_on(struct m3_member *m, int self, struct m3_message *q)
{
	int peer = server_ep((int)rig_random(2), (int)rig_random(SERVERS)), e;

	if (peer == self || rig_random(4))
		return 0;
	e = m3_relay(m, self, peer, q);
	/* The client may have given up; the other server may be dead. */
	MUST(e == 0 || e == -M3_EPROCSTS || e == -M3_EDEADSRCDST);
	return e == 0;
}

static void serve(int node, int i)
{
	int self = server_ep(node, i), e;
	struct m3_message q;
	struct m3_buffer own;
	struct m3_member *m;

	m = rig_join(&nodes[node], M3_NONE);
	/* Its predecessor's endpoint is free when that has been buried. */
	while ((e = m3_bind(m, self)) == -M3_ESLOTUSED)
		rig_sleep(500);
	SAME(e, 0);
	SAME(m3_alloc(m, self, COPY_BYTES, &own), 0);
	for (;;) {
		e = m3_rcvrqst(m, self, &q, 1000);
		if (e)
			SAME(e, -M3_ETIMEDOUT);
		else if (!hand_on(m, self, &q))
			execute(m, self, &q, &own);
	}
}

/* ---------------------------------------------------------- clients */

/* How often a call that ended so may have been executed. */
static void check_executed(int self, unsigned long serial, int e)
{
	int n = board->executed[self][serial % ROUNDS];

	MUST(n <= 1);
	switch (e) {
	case 0:
		SAME(n, 1);
		break;
	case -M3_EDSTDIED:
	case -M3_EDEADSRCDST:
	case -M3_EAGAIN:
	case -M3_ENODEDOWN:
		SAME(n, 0);
		break;
	case -M3_ESRCDIED:
	case -M3_ETIMEDOUT:
	case -M3_EUNKNOWN:
		break;
	default:
		SAME(e, 0);
	}
}

static void ask(int node, int i)
{
	int self = client_ep(node, i), peer, e;
	struct m3_member *m = rig_join(&nodes[node], self);
	unsigned long serial, start, took;
	struct m3_buffer buffer;
	struct m3_message q;

	SAME(m3_alloc(m, self, COPY_BYTES, &buffer), 0);
	for (serial = 1; !board->stop && serial < ROUNDS; serial++) {
		peer = server_ep((int)rig_random(2), (int)rig_random(SERVERS));
		memset(buffer.data, (int)serial, COPY_BYTES);
		q = rig_message(1 + (int)rig_random(2), serial, buffer.address);
		start = rig_now();
		/* Remote servers that died are not announced: a deadline. */
		e = m3_sendrec(m, self, peer, &q, CALL_MS);
		took = rig_now() - start;
		if (took > board->slowest[self])
			board->slowest[self] = took;
		MUST(took < CALL_MS + LATE_MS);
		check_executed(self, serial, e);
		if (e == 0) {
			SAME(q.type, 1000);
			SAME((long)rig_word(&q, 0), (long)serial);
			board->done[self]++;
		} else {
			board->failed[self]++;
			rig_sleep(300);
		}
	}
	m3_leave(m);
	_exit(0);
}

/* ---------------------------------------------------------- runtime */

static void run_runtime(void)
{
	int n;

	for (n = 0; n < 2; n++) {
		SAME(m3_node_open(nodes[n].dir, &nodes[n].core), 0);
		rig_attach(&nodes[n], !n);
	}
	rig_open(&nodes[0], &nodes[1]);
	for (n = 0;; n++) {
		if (!rig_settle(&nodes[0], &nodes[1]))
			rig_sleep(100);
		if (n % 16 == 0) {
			m3_sweep(nodes[0].core);
			m3_sweep(nodes[1].core);
		}
	}
}

static pid_t spawn(enum role role, int node, int i)
{
	static unsigned int born;
	pid_t pid;

	born++;
	pid = fork();
	MUST(pid >= 0);
	if (pid)
		return pid;
	/* None outlives the test, however that ends. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	rig_branch(born);
	switch (role) {
	case RUNTIME:
		run_runtime();
		break;
	case SERVER:
		serve(node, i);
		break;
	default:
		ask(node, i);
	}
	_exit(2);
}

/* A victim must not have ended by itself: its checks end it with 1. */
static void slay(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	MUST(waitpid(pid, &status, 0) == pid);
	MUST(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

int main(int argc, char **argv)
{
	pid_t clients[2 * CLIENTS], servers[2 * SERVERS], runtime;
	unsigned long done = 0, failed = 0, slowest = 0;
	int i, n, kills, status;

	rig_seed(argc, argv);
	kills = rig_rounds(argc, argv, 250);
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(board != MAP_FAILED);
	rig_start(&nodes[0], 0);
	rig_start(&nodes[1], 1);
	rig_pair(&nodes[0], &nodes[1]);
	for (n = 0; n < 2; n++)
		for (i = 0; i < SERVERS; i++)
			SAME(m3_rmtbind(nodes[n].core, RIG_DC, "far",
					server_ep(!n, i), !n), 0);
	runtime = spawn(RUNTIME, 0, 0);
	for (i = 0; i < 2 * SERVERS; i++)
		servers[i] = spawn(SERVER, i / SERVERS, i % SERVERS);
	for (i = 0; i < 2 * CLIENTS; i++)
		clients[i] = spawn(CLIENT, i / CLIENTS, i % CLIENTS);
	for (n = 0; n < kills; n++) {
		rig_sleep(500 + rig_random(12000));
		if (rig_random(3) == 0) {
			slay(runtime);
			runtime = spawn(RUNTIME, 0, 0);
			continue;
		}
		i = (int)rig_random(2 * SERVERS);
		slay(servers[i]);
		servers[i] = spawn(SERVER, i / SERVERS, i % SERVERS);
	}
	board->stop = 1;
	for (i = 0; i < 2 * CLIENTS; i++) {
		SAME(waitpid(clients[i], &status, 0), clients[i]);
		SAME(status, 0);
		done += board->done[i];
		failed += board->failed[i];
		if (board->slowest[i] > slowest)
			slowest = board->slowest[i];
	}
	for (i = 0; i < 2 * SERVERS; i++)
		slay(servers[i]);
	slay(runtime);
	m3_sweep(nodes[0].core);
	m3_sweep(nodes[1].core);
	SOUND(&nodes[0]);
	SOUND(&nodes[1]);
	MUST(done > 0);
	printf("%d kills, %lu answered, %lu failed, slowest %lu ms\n", kills,
	       done, failed, slowest);
	rig_stop(&nodes[0]);
	rig_stop(&nodes[1]);
	return 0;
}
