// SPDX-License-Identifier: MIT
/* nng's req0 and rep0 over a Unix socket. */
#include "local.h"

#define ABOUT .name = "nng", .about = "nng in C, req0/rep0 over abstract"

#ifdef HAVE_NNG
#include <errno.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdio.h>
#include <unistd.h>

/* Of this process. */
static nng_socket sock;

static int checked(const char *what, int e)
{
	if (!e)
		return 0;
	errno = e & NNG_ESYSERR ? e & ~NNG_ESYSERR : EIO;
	return fails(what);
}

static int name_it(struct pair *p)
{
	snprintf(p->name, sizeof(p->name), "abstract://m3ipc-bench-%d-%d",
		 (int)getpid(), p->index);
	return 0;
}

static int open_socket(struct pair *p, enum side side)
{
	int e;

	if (side == SERVER_SIDE) {
		e = nng_rep0_open(&sock);
		if (!e)
			e = nng_listen(sock, p->name, NULL, 0);
	} else {
		e = nng_req0_open(&sock);
		if (!e)
			e = nng_dial(sock, p->name, NULL, 0);
	}
	return checked("nng_listen or nng_dial", e);
}

static int out(struct pair *p, enum side from, void *data, uint32_t bytes)
{
	(void)p;
	(void)from;
	return checked("nng_send", nng_send(sock, data, bytes, 0));
}

static int in(struct pair *p, enum side to, void *data, uint32_t bytes)
{
	size_t length = bytes;

	(void)p;
	(void)to;
	return checked("nng_recv", nng_recv(sock, data, &length, 0));
}

const struct mechanism nng = { ABOUT, .prepare = name_it, .open = open_socket,
			       .send = out, .receive = in };
#else
const struct mechanism nng = {
	ABOUT, .missing = "nng/nng.h was not found; install libnng-dev"
};
#endif
