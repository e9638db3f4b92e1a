// SPDX-License-Identifier: MIT
/*
 * executor - runs programs of the model test on two real cores with real
 * processes, in lock step. Standard input: one operation a line, `end` after
 * each program. Standard output: for each operation one line, what could be
 * seen after it: its result | the calls that ended | the state of each bound
 * endpoint; `done` after each program. It is also the runtime of both nodes.
 */
#include "actor.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 20000
/* A frame with room for one message, or for two records without one. */
#define SMALL_FRAME (128 + 128)
/* Endpoints that the other node is not told of: it learns them (autobind). */
#define UNDECLARED(ep) ((ep) % EPS_PER_NODE == EPS_PER_NODE - 1)

struct actor {
	pid_t pid;
	int fd;
	struct answer last;
};

static struct rig_node nodes[NODES];
static struct actor actors[ACTORS];
static enum { FREE, HELD, CUT } link_state;
static uint64_t txn;

static struct rig_node *node_of_actor(int p)
{
	return &nodes[p / ACTORS_PER_NODE];
}

static void hire(int p)
{
	int fd[2], i;

	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd) == 0);
	fflush(stdout);
	actors[p].pid = fork();
	MUST(actors[p].pid >= 0);
	if (actors[p].pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (i = 0; i < ACTORS; i++)
			if (i != p && actors[i].fd)
				close(actors[i].fd);
		close(fd[0]);
		actor_run(node_of_actor(p), fd[1]);
		_exit(0);
	}
	close(fd[1]);
	actors[p].fd = fd[0];
}

static void dismiss(int p, int signal)
{
	int status;

	if (signal)
		kill(actors[p].pid, signal);
	close(actors[p].fd);
	actors[p].fd = 0;
	MUST(waitpid(actors[p].pid, &status, 0) == actors[p].pid);
}

static void order(int p, const struct order *o)
{
	MUST(write(actors[p].fd, o, sizeof(*o)) == sizeof(*o));
}

static struct answer *hear(int p)
{
	struct pollfd f = { .fd = actors[p].fd, .events = POLLIN };
	struct answer *a = &actors[p].last;

	if (poll(&f, 1, PATIENCE_MS) != 1) {
		printf("hang: process %d\n", p);
		fflush(stdout);
		_exit(1);
	}
	if (read(actors[p].fd, a, sizeof(*a)) != sizeof(*a)) {
		printf("crash: process %d\n", p);
		fflush(stdout);
		_exit(1);
	}
	return a;
}

/* -------------------------------------------------------- the link */

static void settle(void)
{
	if (link_state == FREE)
		rig_settle(&nodes[0], &nodes[1]);
}

/* One small frame crosses. */
static void step(int from)
{
	static char frame[SMALL_FRAME];
	unsigned int bytes;

	if (link_state == CUT)
		return;
	bytes = rig_take(&nodes[from], M3_LANE_NORMAL, frame, sizeof(frame));
	if (bytes)
		MUST(m3_proxy_put(nodes[!from].proxy, frame, bytes) >= 0);
}

/* All that `from` has to send is lost on the way, and so is the link. */
static void lose(int from, int again)
{
	static char frame[M3_FRAME_BYTES];
	int lane, n;

	if (link_state != CUT)
		for (lane = M3_LANE_URGENT; lane < M3_LANES; lane++)
			while (rig_take(&nodes[from], lane, frame,
					sizeof(frame)))
				;
	for (n = 0; n < NODES; n++) {
		SAME(m3_proxy_disconnected(nodes[n].proxy), 0);
		if (!again)
			continue;
		m3_detach(nodes[n].proxy);
		rig_attach(&nodes[n], !n);
	}
	link_state = CUT;
}

static void connect_link(void)
{
	if (link_state == CUT)
		rig_open(&nodes[0], &nodes[1]);
}

/* ------------------------------------------------------- programs */

static void begin(void)
{
	int n, ep;

	for (n = 0; n < NODES; n++)
		rig_start(&nodes[n], n);
	rig_pair(&nodes[0], &nodes[1]);
	link_state = FREE;
	memset((void *)actor_buffers, 0, EPS * sizeof(*actor_buffers));
	for (ep = 0; ep < EPS; ep++)
		if (!UNDECLARED(ep))
			SAME(m3_rmtbind(nodes[ep < EPS_PER_NODE].core, RIG_DC,
					"far", ep, ep / EPS_PER_NODE), 0);
	for (n = 0; n < ACTORS; n++)
		hire(n);
}

static void finish(void)
{
	int n;

	for (n = 0; n < ACTORS; n++)
		dismiss(n, 0);
	for (n = 0; n < NODES; n++)
		rig_stop(&nodes[n]);
}

static void restart(int p)
{
	dismiss(p, SIGKILL);
	m3_sweep(node_of_actor(p)->core);
	hire(p);
}

/* The node that has the endpoint, or -1. */
static int home_of(int ep)
{
	struct m3_proc_info info;
	int n;

	for (n = 0; n < NODES; n++) {
		SAME(m3_getprocinfo(nodes[n].core, RIG_DC, ep, &info), 0);
		if (!(info.rts_flags & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE)))
			return n;
	}
	return -1;
}

/* Freezes it on both nodes; 0, or why not. */
static int freeze(int ep, int to)
{
	int n, i, e = 0;

	txn++;
	for (i = 0; i < 2; i++) {
		for (n = 0; n < NODES; n++) {
			e = m3_migr_start(nodes[n].core, RIG_DC, ep, to, txn,
					  0);
			if (e && e != -M3_ETIMEDOUT)
				return e;
		}
		settle();
	}
	return e;
}

static void thaw(int ep)
{
	int n;

	for (n = 0; n < NODES; n++)
		SAME(m3_migr_rollback(nodes[n].core, RIG_DC, ep, txn), 0);
}

/* Moves what `ep` is to process p, whose node decides. */
static int move(int ep, int from, int p)
{
	static _Alignas(8) unsigned char state[65536];
	uint32_t bytes = sizeof(state);
	int to = !from, e;

	e = m3_migr_export(nodes[from].core, RIG_DC, ep, txn, state, &bytes);
	if (!e)
		e = m3_migr_commit(nodes[to].core, RIG_DC, ep, to,
				   actors[p].pid, txn, state, bytes);
	if (!e)
		e = m3_migr_commit(nodes[from].core, RIG_DC, ep, to, 0, txn,
				   NULL, 0);
	return e;
}

static int tell(int p, int kind, int ep)
{
	struct order o = { .kind = kind, .self = ep };
	struct answer *a;

	order(p, &o);
	a = hear(p);
	printf("%d", a->result);
	if (a->source || a->type)
		printf(" %d,%d,%d", a->source, a->type, a->updates);
	return a->result;
}

/* All of a migration to process p, or (`stays`) its undoing. */
static void migrate(int p, int ep, int stays)
{
	int from = home_of(ep), e, i;

	if (link_state != FREE || from < 0 || from == p / ACTORS_PER_NODE) {
		printf("not now");
		return;
	}
	e = freeze(ep, !from);
	if (e || stays) {
		thaw(ep);
		printf("%d", e);
		return;
	}
	e = move(ep, from, p);
	if (e) {
		thaw(ep);
		printf("%d", e);
		return;
	}
	for (i = 0; i < ACTORS_PER_NODE; i++)
		tell(from * ACTORS_PER_NODE + i, ORDER_DROP, ep);
	printf(" ");
	tell(p, ORDER_ADOPT, ep);
}

/* The result of one operation, printed. */
static void perform(const char *line)
{
	struct order o = { 0 };
	struct answer *a;
	char verb[16] = "";
	int p = 0;

	MUST(sscanf(line, "%15s %d %d %d %d %d %d", verb, &p, &o.op, &o.self,
		    &o.peer, &o.tag, &o.wait) >= 1);
	if (!strcmp(verb, "free") || !strcmp(verb, "hold")) {
		connect_link();
		link_state = verb[0] == 'f' ? FREE : HELD;
	} else if (!strcmp(verb, "step")) {
		step(p);
	} else if (!strcmp(verb, "lose")) {
		lose(p, o.op);
	} else if (!strcmp(verb, "kill")) {
		restart(p);
	} else if (!strcmp(verb, "migrate")) {
		migrate(p, o.self, o.wait);
		return;
	} else if (!strcmp(verb, "wakeup")) {
		printf("%d", m3_wakeup(nodes[p].core, RIG_DC, o.self));
		return;
	} else if (!strcmp(verb, "hdw_notify")) {
		printf("%d", m3_hdw_notify(nodes[p].core, RIG_DC, o.self));
		return;
	} else {
		static const char *const verbs[] = {
			"bind", "unbind", "call", "reply", "notify", "cancel",
			"request", "reply_to", "relay", "copy",
		};
		unsigned int k = 0;

		while (k < ORDER_COLLECT && strcmp(verb, verbs[k]))
			k++;
		MUST(k < ORDER_COLLECT);
		o.kind = (int)k;
		order(p, &o);
		a = hear(p);
		printf("%d", a->result);
		if (a->source || a->type)
			printf(" %d,%d,%d", a->source, a->type, a->updates);
		for (int i = 0; i < a->count; i++)
			printf(" cancelled");
		return;
	}
	printf("0");
}

static void print_ended(void)
{
	struct order o = { .kind = ORDER_COLLECT };
	int p, i, ep;

	for (p = 0; p < ACTORS; p++)
		order(p, &o);
	for (p = 0; p < ACTORS; p++)
		hear(p);
	printf(" |");
	for (ep = 0; ep < EPS; ep++)
		for (p = 0; p < ACTORS; p++)
			for (i = 0; i < actors[p].last.count; i++) {
				struct ended *e = &actors[p].last.ended[i];

				if (e->ep != ep)
					continue;
				printf(" %d:%d=%d", ep, e->op, e->result);
				if (e->source || e->type)
					printf(",%d,%d,%d", e->source, e->type,
					       e->updates);
				if (e->unrung)
					printf(",unrung");
			}
}

static void print_states(void)
{
	struct m3_proc_info info;
	int ep, p, value;

	printf(" |");
	for (ep = 0; ep < EPS; ep++) {
		p = home_of(ep);
		if (p < 0)
			continue;
		SAME(m3_getprocinfo(nodes[p].core, RIG_DC, ep, &info), 0);
		value = -1;
		for (p = 0; p < ACTORS; p++)
			if (actors[p].last.value[ep] >= 0)
				value = actors[p].last.value[ep];
		printf(" %d:%x,%d,%d,%d", ep, info.rts_flags, info.getfrom,
		       info.sendto, value);
	}
	for (p = 0; p < NODES; p++)
		if (m3_check(nodes[p].core, RIG_DC))
			printf(" unsound:%d", m3_check(nodes[p].core, RIG_DC));
}

int main(void)
{
	char line[128];
	int running = 0;

	actor_buffers = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(actor_buffers != MAP_FAILED);
	while (fgets(line, sizeof(line), stdin)) {
		if (!running)
			begin();
		running = 1;
		if (!strcmp(line, "end\n")) {
			finish();
			running = 0;
			printf("done\n");
			fflush(stdout);
			continue;
		}
		perform(line);
		settle();
		print_ended();
		print_states();
		printf("\n");
	}
	return 0;
}
