// SPDX-License-Identifier: MIT
/* One function per rule that was once broken; each says which. */
#include "rig.h"
#include <embedded/embedded.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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
	uint64_t id;
	struct m3_call call = { .op = M3_OP_RECEIVE, .self = 1,
				.peer = M3_ANY };
	int32_t eps[4];

	SAME(m3_send(m, 1, 2, &message, 10), -M3_EFORKED);
	SAME(m3_receive(m, 1, M3_ANY, &message, 10), -M3_EFORKED);
	SAME(m3_sendrec(m, 1, 2, &message, 10), -M3_EFORKED);
	SAME(m3_reply(m, 1, 2, &message), -M3_EFORKED);
	SAME(m3_notify(m, 1, 2), -M3_EFORKED);
	SAME(m3_src_notify(m, 1, 3, 2), -M3_EFORKED);
	SAME(m3_ntfy_value(m, 1, M3_SELF, 2, 1), -M3_EFORKED);
	SAME(m3_rcvrqst(m, 1, &message, 10), -M3_EFORKED);
	SAME(m3_reply_receive(m, 1, 2, &message, 10), -M3_EFORKED);
	SAME(m3_reply_to(m, 1, 2, 1, &message), -M3_EFORKED);
	SAME(m3_request(m, 1, 2, &id), -M3_EFORKED);
	SAME(m3_relay(m, 1, 2, &message), -M3_EFORKED);
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

static int readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms);
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
	SAME(readable(m3_bell(m), 0), 0);
	SAME(m3_sweep(n.core), 1);
	SAME(readable(m3_bell(m), 0), 1);
	SAME(m3_bell_serve(m, eps, 4), 1);
	SAME(eps[0], 1);
	SAME(m3_finish(m, &call), 0);
	SOUND(&n);
	m3_leave(m);
	rig_stop(&n);
}

/* A served bell is silent, and armed for what comes next. */
static void served_bell(void)
{
	struct m3_message message;
	struct rig_node n;
	struct m3_member *m, *other;
	int32_t eps[4];

	rig_start(&n, 0);
	m = rig_join(&n, 1);
	other = rig_join(&n, 2);
	SAME(m3_watch(m, 1, 1), 0);
	SAME(m3_bell_serve(m, eps, 4), 0);
	SAME(m3_notify(other, 2, 1), 0);
	SAME(readable(m3_bell(m), 0), 1);
	SAME(m3_bell_serve(m, eps, 4), 1);
	SAME(readable(m3_bell(m), 0), 0);
	SAME(m3_receive(m, 1, M3_ANY, &message, 0), 0);
	SAME(m3_notify(other, 2, 1), 0);
	SAME(readable(m3_bell(m), 0), 1);
	m3_leave(other);
	m3_leave(m);
	rig_stop(&n);
}

static void *blocked_receive(void *arg)
{
	struct m3_message message;

	return (void *)(long)m3_receive(arg, 1, M3_ANY, &message, M3_FOREVER);
}

/* An endpoint that changes hands under a sleeper ends the sleeper's call. */
static void rebound_under_a_sleeper(void)
{
	struct m3_call call;
	struct m3_member *m, *other;
	struct rig_node n;
	pthread_t thread;
	void *result;

	rig_start(&n, 0);
	m = rig_join(&n, 1);
	other = rig_join(&n, M3_NONE);
	MUST(pthread_create(&thread, NULL, blocked_receive, m) == 0);
	rig_until(&n, 1, M3_RTS_RECEIVING);
	SAME(m3_unbind_any(n.core, RIG_DC, 1), 0);
	SAME(m3_bind(other, 1), 0);
	rig_start_call(other, &call, M3_OP_RECEIVE, 1, M3_ANY, 0, M3_PENDING);
	MUST(pthread_join(thread, &result) == 0);
	SAME((long)result, -M3_ESHUTDOWN);
	SAME(m3_finish(other, &call), M3_PENDING);
	SAME(m3_cancel(m, &call, M3_ECANCELED), -M3_ESHUTDOWN);
	SAME(m3_finish(other, &call), M3_PENDING);
	SAME(m3_cancel(other, &call, M3_ECANCELED), -M3_ECANCELED);
	m3_leave(m);
	m3_leave(other);
	rig_stop(&n);
}

/*
 * A call is in progress until its result was collected: a second one must not
 * put its message where the first one's answer lies.
 */
static void second_call_of_a_thread(void)
{
	struct m3_call first, second;
	struct m3_message message;
	struct m3_member *m, *other;
	struct rig_node n;

	rig_start(&n, 0);
	m = rig_join(&n, 1);
	other = rig_join(&n, 2);
	rig_start_call(m, &first, M3_OP_SENDREC, 1, 2, 7, M3_PENDING);
	SAME(m3_receive(other, 2, M3_ANY, &message, 0), 0);
	message.type = 8;
	SAME(m3_reply(other, 2, 1, &message), 0);
	rig_start_call(m, &second, M3_OP_SENDREC, 1, 2, 9, -M3_EPROCRUN);
	SAME(m3_sendrec(m, 1, 2, &message, 10), -M3_EPROCRUN);
	SAME(m3_finish(m, &first), 0);
	SAME(first.message.type, 8);
	rig_start_call(m, &second, M3_OP_SENDREC, 1, 2, 9, M3_PENDING);
	SAME(m3_cancel(m, &second, M3_ECANCELED), -M3_ECANCELED);
	/* What was collected already is nobody's call. */
	SAME(m3_finish(m, &first), -M3_ESHUTDOWN);
	m3_leave(m);
	m3_leave(other);
	rig_stop(&n);
}

static void dc_start(struct rig_node *n)
{
	struct m3_dc_params dc = {
		.dc = RIG_DC, .tasks = RIG_TASKS, .procs = RIG_PROCS,
		.arena_bytes = 1u << 20, .gid = (uint32_t)-1, .name = "rig",
	};

	SAME(m3_dc_init(n->core, &dc), 0);
}

/*
 * A DC that ended and started again under a live proxy and an old member: the
 * proxy gets a hold on the new one, the member's leave does it no harm.
 */
static void restarted_dc(void)
{
	struct m3_member *old, *m, *other;
	struct m3_message message;
	static char frame[4096];
	struct m3_dc_open open;
	struct rig_node a, b;
	int32_t eps[4];
	uint16_t dcs[4];
	uint32_t count;

	rig_start(&a, 0);
	rig_start(&b, 1);
	rig_pair(&a, &b);
	old = rig_join(&a, 1);
	SAME(m3_dc_end(a.core, RIG_DC), 0);
	SAME(m3_receive(old, 1, M3_ANY, &message, 0), -M3_EDCNOTRUN);
	dc_start(&a);
	SAME(m3_add_node(a.core, RIG_DC, 1), 0);
	/* Not EPROXYRUN: nobody has taken over. */
	SAME(m3_proxy_open(a.proxy, RIG_DC, &open), -M3_EDCNOTRUN);
	SAME(m3_proxy_take(a.proxy, RIG_DC, M3_LANE_NORMAL, frame,
			   sizeof(frame), &count), -M3_EDCNOTRUN);
	SAME(m3_proxy_dcs(a.proxy, dcs, 4), 1);
	rig_open(&a, &b);
	m = rig_join(&a, 1);
	other = rig_join(&a, 2);
	SAME(m3_watch(m, 1, 1), 0);
	SAME(m3_bell_serve(m, eps, 4), 0);
	m3_leave(old);
	SAME(m3_notify(other, 2, 1), 0);
	SAME(readable(m3_bell(m), 0), 1);
	SOUND(&a);
	m3_leave(m);
	m3_leave(other);
	rig_stop(&a);
	rig_stop(&b);
}

/*
 * A proxy that a newer one has superseded does not take a DC over again, when
 * that ends and starts under both.
 */
static void superseded(void)
{
	struct m3_proxy *newer;
	struct m3_dc_open open;
	struct m3_node *other;
	struct rig_node a, b;
	uint16_t dcs[4];

	rig_start(&a, 0);
	rig_start(&b, 1);
	rig_pair(&a, &b);
	SAME(m3_dc_end(a.core, RIG_DC), 0);
	dc_start(&a);
	SAME(m3_add_node(a.core, RIG_DC, 1), 0);
	SAME(m3_node_open(a.dir, &other), 0);
	SAME(m3_attach(other, 1, &newer), 0);
	SAME(m3_proxy_dcs(a.proxy, dcs, 4), -M3_EPROXYRUN);
	SAME(m3_proxy_dcs(newer, dcs, 4), 1);
	SAME(m3_proxy_open(newer, RIG_DC, &open), 0);
	m3_node_close(other);
	rig_stop(&a);
	rig_stop(&b);
}

/* A bell that rings for a DC that has ended is served, not left readable. */
static void bell_of_an_ended_dc(void)
{
	struct rig_node a, b;
	struct m3_member *m;
	uint32_t queues[4];
	int32_t ids[4];

	rig_start(&a, 0);
	rig_start(&b, 1);
	rig_pair(&a, &b);
	m = rig_join(&a, 1);
	SAME(m3_rmtbind(a.core, RIG_DC, "far", 2, 1), 0);
	SAME(m3_proxy_queues(a.proxy, queues, 4), 0);
	SAME(m3_notify(m, 1, 2), 0);
	SAME(m3_dc_end(a.core, RIG_DC), 0);
	SAME(m3_node_serve(a.core, ids, 4), 1);
	SAME(readable(m3_node_bell(a.core), 0), 0);
	m3_leave(m);
	rig_stop(&a);
	rig_stop(&b);
}

static int join_as_another(void *arg)
{
	gid_t gid = 4711;
	struct rig_node *n = arg;
	struct m3_member *m;

	MUST(setgroups(1, &gid) == 0);
	MUST(setgid(4712) == 0 && setuid(4713) == 0);
	m = rig_join(n, 5);
	SAME(m3_notify(m, 5, 1), 0);
	m3_leave(m);
	return 0;
}

/* Who is in the DC's group can join it; nobody else can. */
static void group_may_join(void)
{
	struct m3_dc_params dc = {
		.dc = 2, .procs = 8, .gid = 4711, .name = "group",
	};
	struct m3_message message;
	struct m3_member *m;
	struct rig_node n;
	int32_t eps[4];

	if (geteuid() != 0) {
		printf("not root: joining as another user is not tested\n");
		return;
	}
	rig_start(&n, 0);
	MUST(chmod(n.dir, 0755) == 0);
	SAME(m3_dc_end(n.core, RIG_DC), 0);
	dc.dc = RIG_DC;
	SAME(m3_dc_init(n.core, &dc), 0);
	m = rig_join(&n, 1);
	SAME(m3_watch(m, 1, 1), 0);
	SAME(m3_bell_serve(m, eps, 4), 0);
	SAME(in_child(join_as_another, &n), 0);
	SAME(readable(m3_bell(m), 0), 1);
	SAME(m3_receive(m, 1, M3_ANY, &message, 0), -M3_EAGAIN);
	m3_leave(m);
	rig_stop(&n);
}

int main(void)
{
	rig_embedded_only("it is about locks, bells and forks of an "
			  "embedded core");
	alarm(30);
	forked_handles();
	lock_after_fork();
	killed_before_the_wake();
	served_bell();
	rebound_under_a_sleeper();
	second_call_of_a_thread();
	restarted_dc();
	superseded();
	bell_of_an_ended_dc();
	group_may_join();
	return 0;
}
