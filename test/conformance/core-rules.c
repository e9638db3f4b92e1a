// SPDX-License-Identifier: MIT
/* One function per rule that was once broken; each says which. */
#include "rig.h"
#include <embedded/embedded.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The exit status of a child that runs `body`. */
static int in_child(int (*body)(void *), void *arg)
{
	int status;
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0)
		_exit(body(arg));
	MUST(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 200;
}

static int use_after_fork(void *arg)
{
	struct m3_member *m = arg;
	struct m3_message message = rig_message(1, 0, 0);
	struct m3_buffer buffer;
	struct m3_call call = { .op = M3_OP_RECEIVE, .self = 1, .peer = M3_ANY };
	int32_t eps[4];

	SAME(m3_send(m, 1, 2, &message, 10), -M3_EFORKED);
	SAME(m3_receive(m, 1, M3_ANY, &message, 10), -M3_EFORKED);
	SAME(m3_sendrec(m, 1, 2, &message, 10), -M3_EFORKED);
	SAME(m3_reply(m, 1, 2, &message), -M3_EFORKED);
	SAME(m3_notify(m, 1, 2), -M3_EFORKED);
	SAME(m3_vcopy(m, 1, 1, 1, 2, 1, 8, 0, NULL), -M3_EFORKED);
	SAME(m3_bind(m, 3), -M3_EFORKED);
	SAME(m3_unbind(m, 1), -M3_EFORKED);
	SAME(m3_watch(m, 1, 1), -M3_EFORKED);
	SAME(m3_alloc(m, 1, 8, &buffer), -M3_EFORKED);
	SAME(m3_start(m, &call), -M3_EFORKED);
	SAME(m3_finish(m, &call), -M3_EFORKED);
	SAME(m3_cancel(m, &call, M3_ETIMEDOUT), -M3_EFORKED);
	SAME(m3_bell_serve(m, eps, 4), -M3_EFORKED);
	m3_leave(m);
	return 0;
}

static int core_after_fork(void *arg)
{
	struct rig_node *n = arg;
	struct m3_dc_info info;
	uint32_t queues[4];

	SAME(m3_getdcinfo(n->core, RIG_DC, &info), -M3_EFORKED);
	SAME(m3_check(n->core, RIG_DC), -M3_EFORKED);
	SAME(m3_proxy_queues(n->proxy, queues, 4), -M3_EFORKED);
	m3_node_close(n->core);
	return 0;
}

/* The region is not mapped in a forked child: every call must say so. */
static void forked_handles(void)
{
	struct rig_node a, b;
	struct m3_member *m;

	rig_start(&a, 0);
	rig_start(&b, 1);
	rig_pair(&a, &b);
	m = rig_join(&a, 1);
	SAME(in_child(use_after_fork, m), 0);
	SAME(in_child(core_after_fork, &a), 0);
	SOUND(&a);
	m3_leave(m);
	rig_stop(&a);
	rig_stop(&b);
}

static int die_in_the_lock(void *arg)
{
	struct rig_node *n = arg;
	struct m3_section s;
	struct m3_map *map;

	SAME(m3_map_open(n->dir, RIG_DC, 0, &map), 0);
	SAME(m3_begin(map, &s, M3_LOCK_FOREVER), 0);
	raise(SIGKILL);
	return 0;
}

/*
 * A child that forked after its parent had used a core must lock under its own
 * thread id: the kernel frees a dead thread's lock only if the word holds that.
 */
static void lock_after_fork(void)
{
	struct m3_dc_counters counters;
	struct rig_node n;

	rig_start(&n, 0);
	SOUND(&n);
	SAME(in_child(die_in_the_lock, &n), 200);
	SOUND(&n);
	SAME(m3_dc_counters(n.core, RIG_DC, &counters), 0);
	SAME((long)counters.repairs, 1);
	rig_stop(&n);
}

int main(void)
{
	forked_handles();
	lock_after_fork();
	return 0;
}
