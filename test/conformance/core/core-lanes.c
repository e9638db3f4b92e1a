// SPDX-License-Identifier: MIT
/*
 * The QoS table: whose records take the urgent lane, and that an endpoint that
 * changes lanes is never heard out of order.
 */
#include "forge.h"
#include <string.h>
#include <unistd.h>

static struct forge_record rec;
static unsigned char frame[M3_FRAME_BYTES];

/* Only these endpoints are urgent; M3_NONE stands for none. */
static void load(struct rig_node *n, int first, int second)
{
	struct m3_lanes lanes;

	memset(&lanes, 0, sizeof(lanes));
	if (first != M3_NONE)
		lanes.urgent[0] |= 1ull << (first + RIG_TASKS);
	if (second != M3_NONE)
		lanes.urgent[0] |= 1ull << (second + RIG_TASKS);
	SAME(m3_setlanes(n->core, RIG_DC, &lanes), 0);
	SOUND(n);
}

static void takes(struct forge *f, int lane, int kind, int src)
{
	SAME(forge_take(f, lane, &rec), 1);
	SAME(rec.head.kind, kind);
	SAME(rec.head.src, src);
}

static void takes_nothing(struct forge *f)
{
	SAME(forge_take(f, M3_LANE_URGENT, &rec), 0);
	SAME(forge_take(f, M3_LANE_NORMAL, &rec), 0);
}

/* Leaves the core; the peer has not accepted it yet. */
static void leaves(struct rig_node *n, int lane)
{
	MUST(rig_take(n, lane, frame, sizeof(frame)) > 0);
}

/* The peer has accepted so many records more of that lane. */
static void accepts(struct forge *f, int lane, int records)
{
	f->seen[lane] += (uint64_t)records;
	SAME(forge_open(f), 0);
}

/* Requests, replies and cancellations of who is urgent; of others none. */
static void lane_of_each(void)
{
	struct m3_message message;
	struct m3_call call;
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_core(&n, &f);

	SAME(m3_bind(m, 2), 0);
	load(&n, 1, -RIG_TASKS);
	rig_start_call(m, &call, M3_OP_SENDREC, 1, 20, 7, M3_PENDING);
	takes(&f, M3_LANE_URGENT, M3_REC_SENDREC, 1);
	SAME(m3_cancel(m, &call, M3_ETIMEDOUT), -M3_ETIMEDOUT);
	takes(&f, M3_LANE_URGENT, M3_REC_CANCEL, 1);
	SAME(m3_notify(m, 2, 20), 0);
	takes(&f, M3_LANE_NORMAL, M3_REC_NOTIFY, 2);
	SAME(forge_message(&f, M3_REC_SENDREC, 20, 1, 5, 7), 1);
	SAME(m3_receive(m, 1, 20, &message, 0), 0);
	SAME(m3_reply(m, 1, 20, &message), 0);
	takes(&f, M3_LANE_URGENT, M3_REC_REPLY, 1);
	takes_nothing(&f);
	rig_close(&n, m);
}

/* It changes lanes when its last word was accepted, not when it has left. */
static void changes_when_accepted(void)
{
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_core(&n, &f);

	SAME(m3_bind(m, 2), 0);
	SAME(m3_notify(m, 1, 20), 0);
	leaves(&n, M3_LANE_NORMAL);
	SAME(m3_notify(m, 2, 20), 0);
	load(&n, 1, 2);
	/* In the ring, and in the queue: both go on in the normal lane. */
	SAME(m3_notify(m, 1, 20), 0);
	SAME(rig_take(&n, M3_LANE_URGENT, frame, sizeof(frame)), 0);
	leaves(&n, M3_LANE_NORMAL);
	SOUND(&n);
	accepts(&f, M3_LANE_NORMAL, 1);
	SAME(m3_notify(m, 1, 20), 0);
	SAME(rig_take(&n, M3_LANE_URGENT, frame, sizeof(frame)), 0);
	leaves(&n, M3_LANE_NORMAL);
	/* All of endpoint 2 is there; one word of endpoint 1 is not. */
	accepts(&f, M3_LANE_NORMAL, 2);
	SAME(m3_notify(m, 1, 20), 0);
	SAME(m3_notify(m, 2, 20), 0);
	takes(&f, M3_LANE_URGENT, M3_REC_NOTIFY, 2);
	leaves(&n, M3_LANE_NORMAL);
	accepts(&f, M3_LANE_NORMAL, 2);
	SAME(m3_notify(m, 1, 20), 0);
	takes(&f, M3_LANE_URGENT, M3_REC_NOTIFY, 1);
	takes_nothing(&f);
	/* And back. */
	SAME(m3_notify(m, 1, 20), 0);
	load(&n, M3_NONE, M3_NONE);
	takes(&f, M3_LANE_URGENT, M3_REC_NOTIFY, 1);
	SAME(m3_notify(m, 1, 20), 0);
	takes(&f, M3_LANE_NORMAL, M3_REC_NOTIFY, 1);
	takes_nothing(&f);
	rig_close(&n, m);
}

/* A death follows the last word, in its lane or once that was accepted. */
static void death_overtakes_nothing(void)
{
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_core(&n, &f);

	load(&n, 1, M3_NONE);
	SAME(m3_notify(m, 1, 20), 0);
	SAME(m3_unbind(m, 1), 0);
	SAME(rig_take(&n, M3_LANE_NORMAL, frame, sizeof(frame)), 0);
	takes(&f, M3_LANE_URGENT, M3_REC_NOTIFY, 1);
	takes(&f, M3_LANE_URGENT, M3_REC_DEATH, 1);
	takes_nothing(&f);

	SAME(m3_bind(m, 1), 0);
	SAME(m3_notify(m, 1, 20), 0);
	leaves(&n, M3_LANE_URGENT);
	load(&n, M3_NONE, M3_NONE);
	SAME(m3_unbind(m, 1), 0);
	SAME(rig_take(&n, M3_LANE_NORMAL, frame, sizeof(frame)), 0);
	SAME(rig_take(&n, M3_LANE_URGENT, frame, sizeof(frame)), 0);
	SOUND(&n);
	accepts(&f, M3_LANE_URGENT, 1);
	takes(&f, M3_LANE_NORMAL, M3_REC_DEATH, 1);
	takes_nothing(&f);
	rig_close(&n, m);
}

/* A proxy that takes nothing for now hears of new records all the same. */
static void resting(void)
{
	uint32_t queues[4];
	int32_t peers[4];
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_core(&n, &f);

	SAME(m3_bind(m, 2), 0);
	SAME(m3_notify(m, 1, 20), 0);
	SAME(m3_proxy_queues(n.proxy, queues, 4), 1);
	m3_node_serve(n.core, peers, 4);
	SAME(m3_notify(m, 2, 20), 0);
	SAME(m3_node_serve(n.core, peers, 4), 0);
	SAME(m3_proxy_rest(n.proxy, queues, 4), 1);
	SAME((long)queues[0], RIG_DC << 8 | M3_LANE_NORMAL);
	SAME(m3_node_serve(n.core, peers, 4), 0);
	SAME(m3_bind(m, 3), 0);
	SAME(m3_notify(m, 3, 20), 0);
	SAME(m3_node_serve(n.core, peers, 4), 1);
	SAME(peers[0], 1);
	SAME(m3_notify(m, 1, 20), 0);
	SAME(m3_node_serve(n.core, peers, 4), 0);
	rig_close(&n, m);
}

static void bad_calls(void)
{
	struct m3_lanes lanes;
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_core(&n, &f);

	memset(&lanes, 0xff, sizeof(lanes));
	SAME(m3_setlanes(n.core, 9999, &lanes), -M3_EBADDCID);
	SAME(m3_setlanes(n.core, RIG_DC + 1, &lanes), -M3_EDCNOTRUN);
	SAME(m3_setlanes(n.core, RIG_DC, &lanes), 0);
	SAME(m3_notify(m, 1, 20), 0);
	takes(&f, M3_LANE_URGENT, M3_REC_NOTIFY, 1);
	rig_close(&n, m);
}

int main(void)
{
	alarm(100);
	lane_of_each();
	rig_ok("lane of each");
	changes_when_accepted();
	death_overtakes_nothing();
	rig_ok("a change of lanes");
	resting();
	rig_ok("a resting proxy");
	bad_calls();
	return 0;
}
