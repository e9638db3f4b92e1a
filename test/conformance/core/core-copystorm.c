// SPDX-License-Identifier: MIT
/*
 * Servers copy from and to their clients' private memory, in every way, while
 * all of them are killed at random instants and calls end by their deadlines.
 * What a client gets is whole; what is its own again is not touched any more;
 * no staging is left behind.
 */
#include "rig.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENTS 3 /* endpoints 1.. */
#define SERVERS 2 /* endpoints 11.. */
#define MOST 200000u

static int all(const unsigned char *p, unsigned int bytes, int byte)
{
	unsigned int i;

	for (i = 0; i < bytes; i++)
		if (p[i] != byte)
			return 0;
	return 1;
}

/* A dead namesake stays until the copy that pins it has ended. */
static struct m3_member *join(struct rig_node *n, int ep)
{
	struct m3_member *m = rig_join(n, M3_NONE);
	int e;

	while ((e = m3_bind(m, ep)) == -M3_ESLOTUSED)
		rig_sleep(100);
	SAME(e, 0);
	return m;
}

static void client(struct rig_node *n, int ep)
{
	unsigned char *memory[2] = { malloc(MOST), malloc(MOST) };
	struct m3_member *m = join(n, ep);
	struct m3_message message;
	int round, e;

	for (round = 0;; round++) {
		unsigned char *mine = memory[round & 1];
		unsigned int bytes = 1 + rig_random(MOST);

		memset(mine, ep, bytes);
		message = rig_message(7, (unsigned long)mine, bytes);
		e = m3_sendrec(m, ep, 11 + (int)rig_random(SERVERS), &message,
			       rig_random(3) ? 1 + (int)rig_random(3) : 2000);
		if (e == 0 && message.type)
			MUST(all(mine, bytes, message.type));
		MUST(e == 0 || e == -M3_ETIMEDOUT || e == -M3_EDEADSRCDST ||
		     e == -M3_ESRCDIED || e == -M3_EDSTDIED);
		/* The other one was given back a whole call ago. */
		memset(mine, 0x77, MOST);
		if (round)
			MUST(all(memory[~round & 1], MOST, 0x77));
	}
}

/* One request: 1 if the client's memory holds byte `ep` now. */
static int serve(struct m3_member *m, int ep, const struct m3_message *request,
		 unsigned char *own)
{
	static const int may[] = { 0, M3_EPROCSTS, M3_ESRCDIED, M3_EDSTDIED,
				   M3_ETIMEDOUT, M3_EBUSY };
	unsigned long from = rig_word(request, 0), bytes = rig_word(request, 1);
	int timeout = rig_random(3) ? 1 + (int)rig_random(2) : 2000, e;
	unsigned int i;

	SAME(m3_copy_mode(m, (enum m3_copy_mode)rig_random(3)), 0);
	e = m3_vcopy(m, ep, request->source, from, ep, (unsigned long)own,
		     bytes, timeout, NULL);
	if (e == 0) {
		MUST(all(own, (unsigned int)bytes, request->source));
		memset(own, ep, bytes);
		e = m3_vcopy(m, ep, ep, (unsigned long)own, request->source,
			     from, bytes, timeout, NULL);
	}
	for (i = 0; i < sizeof(may) / sizeof(may[0]) && e != -may[i]; i++)
		;
	if (i == sizeof(may) / sizeof(may[0]))
		SAME(e, 0);
	return e == 0;
}

static void server(struct rig_node *n, int ep)
{
	unsigned char *own = malloc(MOST);
	struct m3_member *m = join(n, ep);
	struct m3_message message;

	for (;;) {
		if (m3_receive(m, ep, M3_ANY, &message, 1000))
			continue;
		message.type = serve(m, ep, &message, own) ? ep : 0;
		m3_reply(m, ep, message.source, &message);
	}
}

static pid_t start(struct rig_node *n, int i)
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(100);
	rig_branch((unsigned int)getpid());
	if (i < CLIENTS)
		client(n, 1 + i);
	else
		server(n, 11 + i - CLIENTS);
	_exit(1);
}

static void stop(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	SAME(waitpid(pid, &status, 0), pid);
	/* It found nothing wrong before. */
	MUST(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

int main(int argc, char **argv)
{
	int kills, i, rounds;
	pid_t pids[CLIENTS + SERVERS];
	struct m3_dc_info info;
	struct rig_node n;

	rig_seed(argc, argv);
	rounds = rig_rounds(argc, argv, 150);
	rig_start(&n, 0);
	for (i = 0; i < CLIENTS + SERVERS; i++)
		pids[i] = start(&n, i);
	for (kills = 0; kills < rounds; kills++) {
		rig_sleep(1000 + rig_random(15000));
		i = (int)rig_random(CLIENTS + SERVERS);
		stop(pids[i]);
		SOUND(&n);
		m3_sweep(n.core);
		SOUND(&n);
		pids[i] = start(&n, i);
	}
	for (i = 0; i < CLIENTS + SERVERS; i++)
		stop(pids[i]);
	m3_sweep(n.core);
	SOUND(&n);
	SAME(m3_getdcinfo(n.core, RIG_DC, &info), 0);
	SAME((long)info.arena_used, 0);
	SAME((long)info.bound, 0);
	SAME((long)info.copies & 6, 1 << M3_COPY_BOUNCE |
	     1 << M3_COPY_PROCESS_VM);
	rig_stop(&n);
	return 0;
}
