// SPDX-License-Identifier: MIT
/*
 * What only a core in shared memory has: a lock whose holder can die, a waker
 * that can be killed before it wakes, a region that a child has not mapped.
 */
#include "rig.h"
#include <embedded/embedded.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int core_after_fork(void *arg)
{
	struct rig_node *n = arg;
	struct m3_priv priv = { .level = 0 };
	struct m3_dc_info info;
	uint32_t queues[4];

	SAME(m3_getdcinfo(n->core, RIG_DC, &info), -M3_EFORKED);
	SAME(m3_check(n->core, RIG_DC), -M3_EFORKED);
	SAME(m3_wakeup(n->core, RIG_DC, 1), -M3_EFORKED);
	SAME(m3_hdw_notify(n->core, RIG_DC, 1), -M3_EFORKED);
	SAME(m3_getpriv(n->core, RIG_DC, 1, &priv), -M3_EFORKED);
	SAME(m3_setpriv(n->core, RIG_DC, 1, &priv), -M3_EFORKED);
	SAME(m3_proxy_queues(n->proxy, queues, 4), -M3_EFORKED);
	m3_node_close(n->core);
	return 0;
}

/* The region is not mapped in a forked child: management too must say so. */
static void forked_node(void)
{
	struct rig_node a, b;

	rig_start(&a, 0);
	rig_start(&b, 1);
	rig_pair(&a, &b);
	SAME(rig_in_child(core_after_fork, &a), 0);
	SOUND(&a);
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
	SAME(rig_in_child(die_in_the_lock, &n), 200);
	SOUND(&n);
	SAME(m3_dc_counters(n.core, RIG_DC, &counters), 0);
	SAME((long)counters.repairs, 1);
	rig_stop(&n);
}

/* Serves one sendrec as endpoint 2 and is killed before it wakes the client. */
static int reply_and_die(void *arg)
{
	struct rig_node *n = arg;
	struct m3_member *m = rig_join(n, 2);
	struct m3_message message;
	struct m3_section s;
	struct m3_map *map;
	uint32_t i;

	SAME(m3_receive(m, 2, M3_ANY, &message, 5000), 0);
	SAME(m3_map_open(n->dir, RIG_DC, 0, &map), 0);
	SAME(m3_begin(map, &s, M3_LOCK_FOREVER), 0);
	i = m3_slot_of(map->r, 2);
	s.t.handle = m3_slot(map->r, i)->handle;
	message.type++;
	SAME(m3_msg_reply(&s.t, i, message.source, &message), 0);
	s.t.wakes = 0;
	m3_end(&s);
	raise(SIGKILL);
	return 0;
}

static pid_t child(int (*body)(void *), void *arg)
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0)
		_exit(body(arg));
	return pid;
}

/* A waker can be killed after its commit: the sleeper finds out by itself. */
static void killed_before_the_wake(void)
{
	struct m3_message message = rig_message(7, 0, 0);
	struct m3_member *m;
	struct m3_call call;
	struct rig_node n;
	unsigned long start;
	int32_t eps[4];
	pid_t pid;

	rig_start(&n, 0);
	m = rig_join(&n, 1);
	pid = child(reply_and_die, &n);
	while ((start = rig_now(),
		m3_sendrec(m, 1, 2, &message, M3_FOREVER)) != 0)
		rig_sleep(1000);
	SAME(message.type, 8);
	SAME(waitpid(pid, NULL, 0), pid);
	MUST(rig_now() - start < 1000);
	SAME(m3_sweep(n.core), 1);

	/* Asynchronous: the burial rings the bell. */
	pid = child(reply_and_die, &n);
	SAME(m3_bell_serve(m, eps, 4), 0);
	do {
		memset(&call, 0, sizeof(call));
		call.op = M3_OP_SENDREC;
		call.self = 1;
		call.peer = 2;
	} while (m3_start(m, &call) == -M3_EDEADSRCDST);
	SAME(waitpid(pid, NULL, 0), pid);
	SAME(rig_readable(m3_bell(m), 0), 0);
	SAME(m3_sweep(n.core), 1);
	SAME(rig_readable(m3_bell(m), 0), 1);
	SAME(m3_bell_serve(m, eps, 4), 1);
	SAME(eps[0], 1);
	SAME(m3_finish(m, &call), 0);
	SOUND(&n);
	m3_leave(m);
	rig_stop(&n);
}

int main(void)
{
	rig_embedded_only("it is about locks and forks of an embedded core");
	alarm(100);
	forked_node();
	rig_ok("a forked node");
	lock_after_fork();
	rig_ok("a holder of the lock is killed");
	killed_before_the_wake();
	rig_ok("a waker is killed");
	return 0;
}
