// SPDX-License-Identifier: MIT
/*
 * bench-peer <contender> missing     fails, and says why, if it is
 * bench-peer <contender> server <arguments>
 * bench-peer <contender> client <processes> <outstanding> <warm-up>
 *            <round trips> <per second, 0: closed loop> <arguments>
 */
#include "peer.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

static const struct contender *const ALL[] = { &m3ipc, &tcp, &rpc_tcp,
					       &rpc_udp };
#define CONTENDERS (sizeof(ALL) / sizeof(ALL[0]))

void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s%s%s\n", what, errno ? ": " : "",
		errno ? strerror(errno) : "");
	exit(1);
}

void ready(int port)
{
	printf("{\"port\":%d}\n", port);
	fflush(stdout);
}

static const struct contender *find(const char *name)
{
	size_t i;

	for (i = 0; i < CONTENDERS; i++)
		if (!strcmp(ALL[i]->name, name))
			return ALL[i];
	return NULL;
}

static int usage(const char *self)
{
	size_t i;

	fprintf(stderr,
		"usage: %s <contender> missing\n"
		"       %s <contender> server <arguments>\n"
		"       %s <contender> client <processes> <outstanding> "
		"<warm-up> <round trips> <per second> <arguments>\n",
		self, self, self);
	for (i = 0; i < CONTENDERS; i++)
		fprintf(stderr, "%s %s\n", ALL[i]->name, ALL[i]->arguments);
	return 2;
}

int main(int argc, char **argv)
{
	const struct contender *contender = argc > 2 ? find(argv[1]) : NULL;

	if (!contender)
		return usage(argv[0]);
	errno = 0;
	must(!contender->missing, contender->missing);
	if (!strcmp(argv[2], "missing"))
		return 0;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (!strcmp(argv[2], "server")) {
		contender->serve(argv + 3);
	} else if (!strcmp(argv[2], "client") && argc > 8) {
		closed_loop(&(struct load){
			.contender = contender,
			.arguments = argv + 8,
			.processes = atol(argv[3]),
			.outstanding = atol(argv[4]),
			.warm_up = atol(argv[5]),
			.round_trips = atol(argv[6]),
			.per_second = atof(argv[7]),
		});
		return 0;
	}
	return usage(argv[0]);
}
