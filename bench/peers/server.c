// SPDX-License-Identifier: MIT
/* server <core directory> <dc> <endpoint>: answers every request with itself. */
#include <m3ipc/m3ipc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

static void must(const char *call, int result)
{
	if (result >= 0)
		return;
	fprintf(stderr, "%s: %s\n", call, m3_strerror(result));
	exit(1);
}

int main(int argc, char **argv)
{
	struct m3_message msg;
	struct m3_member *m;
	int self;

	if (argc != 4) {
		fprintf(stderr, "usage: %s <core directory> <dc> <endpoint>\n",
			argv[0]);
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	self = atoi(argv[3]);
	must("join", m3_join(argv[1], atoi(argv[2]), &m));
	must("bind", m3_bind(m, self));
	puts("{\"ready\":true}");
	fflush(stdout);
	for (;;) {
		must("receive",
		     m3_receive(m, self, M3_ANY, &msg, M3_FOREVER));
		must("reply", m3_reply(m, self, msg.source, &msg));
	}
}
