// SPDX-License-Identifier: MIT
/* One function per rule that was once broken; each says which. */
#include "rig.h"
#include <pthread.h>
#include <string.h>
#include <unistd.h>

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

/* A forked child is no member: every call must say so. */
static void forked_handles(void)
{
	struct m3_member *m;
	struct rig_node n;

	rig_start(&n, 0);
	m = rig_join(&n, 1);
	SAME(rig_in_child(use_after_fork, m), 0);
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
	SAME(rig_readable(m3_bell(m), 0), 1);
	SAME(m3_bell_serve(m, eps, 4), 1);
	SAME(rig_readable(m3_bell(m), 0), 0);
	SAME(m3_receive(m, 1, M3_ANY, &message, 0), 0);
	SAME(m3_notify(other, 2, 1), 0);
	SAME(rig_readable(m3_bell(m), 0), 1);
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
	SAME(rig_readable(m3_bell(m), 0), 1);
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
	SAME(rig_readable(m3_node_bell(a.core), 0), 0);
	m3_leave(m);
	rig_stop(&a);
	rig_stop(&b);
}

/*
 * What comes to a DC that was found empty is found again: by who asks without
 * serving the bell, and by who serves it, though nothing was left by then.
 */
static void quiet_dc(void)
{
	char frame[M3_FRAME_BYTES];
	struct rig_node a, b;
	struct m3_member *m;
	uint32_t queues[4];
	int32_t ids[4];
	int times;

	rig_start(&a, 0);
	rig_start(&b, 1);
	rig_pair(&a, &b);
	m = rig_join(&a, 1);
	SAME(m3_rmtbind(a.core, RIG_DC, "far", 2, 1), 0);
	for (times = 0; times < 3; times++) {
		SAME(m3_proxy_queues(a.proxy, queues, 4), 0);
		SAME(m3_proxy_queues(a.proxy, queues, 4), 0);
		SAME(m3_notify(m, 1, 2), 0);
		SAME(m3_proxy_queues(a.proxy, queues, 4), 1);
		MUST(rig_take(&a, M3_LANE_NORMAL, frame, sizeof(frame)));
		SAME(m3_proxy_queues(a.proxy, queues, 4), 0);
		SAME(m3_node_serve(a.core, ids, 4), 1);
	}
	m3_leave(m);
	rig_stop(&a);
	rig_stop(&b);
}

int main(void)
{
	alarm(100);
	forked_handles();
	rig_ok("forked handles");
	served_bell();
	bell_of_an_ended_dc();
	quiet_dc();
	rig_ok("a served bell");
	rebound_under_a_sleeper();
	rig_ok("an endpoint changes hands under a sleeper");
	second_call_of_a_thread();
	rig_ok("a result that is not collected");
	restarted_dc();
	superseded();
	rig_ok("a DC that starts again under a proxy");
	return 0;
}
