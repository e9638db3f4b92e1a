// SPDX-License-Identifier: MIT
/*
 * The remote calls of one node, whose peer is played by hand: what leaves for
 * it, and what its answers do (the reference's test_proxy_* and proxy_rmt*).
 * The forged node is 2; its endpoint 20 is no node's number.
 */
#include "forge.h"
#include <string.h>

enum { FAR = 20, NEAR = 1, FAR_NODE = 2 };

static struct forge_record rec;
static struct rig_node node;
static struct forge far;
static struct m3_member *near;

static struct m3_proc_info state(int ep)
{
	struct m3_proc_info info;

	SAME(m3_getprocinfo(node.core, RIG_DC, ep, &info), 0);
	return info;
}

static void expect_nothing(void)
{
	int lane;

	for (lane = M3_LANE_URGENT; lane < M3_LANES; lane++)
		SAME(forge_take(&far, lane, &rec), 0);
	SOUND(&node);
}

/* The next record of the normal lane is this one; call 0: any. */
static void expect(int kind, uint64_t call)
{
	SAME(forge_take(&far, M3_LANE_NORMAL, &rec), 1);
	SAME(rec.head.kind, kind);
	SAME(rec.head.src, NEAR);
	SAME(rec.head.dst, FAR);
	SAME(rec.head.src_node, node.id);
	SAME(rec.head.dst_node, FAR_NODE);
	if (call)
		SAME((long)rec.head.call, (long)call);
}

/* An answer to the call of the record taken last. */
static void answer(int kind, int type)
{
	unsigned int body = kind == M3_REC_REPLY || kind == M3_REC_SEND ? 64 :
									  0;
	uint64_t call = rec.head.call;

	forge_fill(&far, &rec, kind, FAR, NEAR, call, body);
	rec.body.message = rig_message(type, 1, 2);
	SAME(forge_put(&far, M3_LANE_NORMAL, &rec), 1);
}

static void declared(void)
{
	struct m3_proc_info info;

	SAME(m3_rmtbind(node.core, RIG_DC, "far", FAR, FAR_NODE), 0);
	info = state(FAR);
	SAME((long)info.rts_flags, M3_RTS_REMOTE);
	SAME(info.node, FAR_NODE);
	SAME(info.pid, 0);
	SAME(strcmp(info.name, "far"), 0);
	SAME(m3_rmtbind(node.core, RIG_DC, "far", FAR, FAR_NODE),
	     -M3_ESLOTUSED);
	SAME(m3_rmtbind(node.core, RIG_DC, "far", 21, node.id),
	     -M3_EBADNODEID);
	SAME(m3_rmtbind(node.core, RIG_DC, "far", 21, 3), -M3_ENODCNODE);
	SAME(m3_rmtbind(node.core, RIG_DC, "far", 1000, FAR_NODE),
	     -M3_ERANGE);
	rig_ok("a declared endpoint");
}

static void send_out(void)
{
	struct m3_call call;

	rig_start_call(near, &call, M3_OP_SEND, NEAR, FAR, 255, M3_PENDING);
	SAME((long)state(NEAR).rts_flags, M3_RTS_SENDING | M3_RTS_RMTOPER);
	SAME(state(NEAR).sendto, FAR);
	SAME(state(NEAR).proxy, FAR_NODE);
	expect(M3_REC_SEND, 0);
	SAME(rec.body.message.type, 255);
	SAME(rec.body.message.source, NEAR);
	/* On its way is not taken. */
	SAME(m3_finish(near, &call), M3_PENDING);
	answer(M3_REC_SEND_ACK, 0);
	SAME(m3_finish(near, &call), 0);
	SAME((long)state(NEAR).rts_flags, 0);
	SAME(state(NEAR).proxy, M3_NONE);
	expect_nothing();
	rig_ok("a send and a forged acknowledgement");
}

static void send_in(void)
{
	struct m3_message message;
	struct m3_call call;

	/* Before the receiver: it queues, and is acknowledged when taken. */
	SAME(forge_message(&far, M3_REC_SEND, FAR, NEAR, 7, 9), 1);
	SAME((long)state(FAR).rts_flags, M3_RTS_REMOTE | M3_RTS_SENDING);
	expect_nothing();
	SAME(m3_receive(near, NEAR, M3_ANY, &message, 0), 0);
	SAME(message.source, FAR);
	SAME(message.type, 9);
	expect(M3_REC_SEND_ACK, 7);
	/* Behind it: at once. */
	rig_start_call(near, &call, M3_OP_RECEIVE, NEAR, FAR, 0, M3_PENDING);
	SAME(forge_message(&far, M3_REC_SEND, FAR, NEAR, 8, 10), 1);
	SAME(m3_finish(near, &call), 0);
	SAME(call.message.type, 10);
	expect(M3_REC_SEND_ACK, 8);
	SAME((long)state(FAR).rts_flags, M3_RTS_REMOTE);
	expect_nothing();
	rig_ok("a forged message and its acknowledgement");
}

static void request_out(void)
{
	struct m3_call call;
	uint64_t id;

	rig_start_call(near, &call, M3_OP_SENDREC, NEAR, FAR, 3, M3_PENDING);
	SAME((long)state(NEAR).rts_flags,
	     M3_RTS_SENDING | M3_RTS_RECEIVING | M3_RTS_RMTOPER);
	expect(M3_REC_SENDREC, 0);
	SAME((long)state(NEAR).rts_flags, M3_RTS_RECEIVING | M3_RTS_RMTOPER);
	SAME(state(NEAR).getfrom, FAR);
	answer(M3_REC_REPLY, 4);
	SAME(m3_finish(near, &call), 0);
	SAME(call.message.source, FAR);
	SAME(call.message.type, 4);
	/* Two records and no third: nothing acknowledges the reply. */
	expect_nothing();
	rig_ok("a request and a forged reply");

	rig_start_call(near, &call, M3_OP_SENDREC, NEAR, FAR, 3, M3_PENDING);
	expect(M3_REC_SENDREC, 0);
	id = rec.head.call;
	forge_fill(&far, &rec, M3_REC_SEND, FAR, NEAR, 9, 64);
	rec.head.transfer = id;
	rec.body.message = rig_message(5, 0, 0);
	SAME(forge_put(&far, M3_LANE_NORMAL, &rec), 1);
	SAME(m3_finish(near, &call), 0);
	SAME(call.message.type, 5);
	expect(M3_REC_SEND_ACK, 9);
	expect_nothing();
	rig_ok("a request answered by a send");

	rig_start_call(near, &call, M3_OP_SENDREC, NEAR, FAR, 3, M3_PENDING);
	expect(M3_REC_SENDREC, id + 1);
	forge_fill(&far, &rec, M3_REC_ERROR, FAR, NEAR, id + 1, 0);
	rec.head.status = -M3_EDSTDIED;
	SAME(forge_put(&far, M3_LANE_NORMAL, &rec), 1);
	SAME(m3_finish(near, &call), -M3_EDSTDIED);
	expect_nothing();
	rig_ok("a request that fails there");
}

static void request_in(void)
{
	struct m3_message message;

	SAME(forge_message(&far, M3_REC_SENDREC, FAR, NEAR, 10, 6), 1);
	SAME((long)state(FAR).rts_flags,
	     M3_RTS_REMOTE | M3_RTS_SENDING | M3_RTS_RECEIVING);
	SAME(m3_receive(near, NEAR, M3_ANY, &message, 0), 0);
	SAME((long)state(FAR).rts_flags, M3_RTS_REMOTE | M3_RTS_RECEIVING);
	SAME(state(FAR).getfrom, NEAR);
	expect_nothing();
	message = rig_message(7, 0, 0);
	SAME(m3_reply(near, NEAR, FAR, &message), 0);
	expect(M3_REC_REPLY, 10);
	SAME(rec.body.message.type, 7);
	SAME(rec.body.message.source, NEAR);
	SAME(m3_reply(near, NEAR, FAR, &message), -M3_EPROCSTS);
	expect_nothing();
	rig_ok("a forged request and its reply");
}

static void notifications(void)
{
	struct m3_dc_counters before, after;
	struct m3_message message;

	SAME(m3_dc_counters(node.core, RIG_DC, &before), 0);
	SAME(m3_notify(near, NEAR, FAR), 0);
	/* Merged while it has not left. */
	SAME(m3_notify(near, NEAR, FAR), 0);
	SAME(m3_dc_counters(node.core, RIG_DC, &after), 0);
	SAME((long)(after.merged_notifies - before.merged_notifies), 1);
	SAME(forge_take(&far, M3_LANE_NORMAL, &rec), 1);
	SAME(rec.head.kind, M3_REC_NOTIFY);
	SAME(rec.body.message.type, M3_NOTIFY_MESSAGE | NEAR);
	expect_nothing();
	/* One that follows the first is another. */
	SAME(m3_notify(near, NEAR, FAR), 0);
	SAME(forge_take(&far, M3_LANE_NORMAL, &rec), 1);
	SAME((long)state(NEAR).rts_flags, 0);
	rig_ok("a notification out");

	SAME(forge_message(&far, M3_REC_NOTIFY, FAR, NEAR, 0, 0), 1);
	SAME(forge_message(&far, M3_REC_NOTIFY, FAR, NEAR, 0, 0), 1);
	SAME(m3_receive(near, NEAR, FAR, &message, 0), 0);
	SAME(message.source, FAR);
	SAME(message.type, M3_NOTIFY_MESSAGE | FAR);
	SAME(m3_receive(near, NEAR, M3_ANY, &message, 0), -M3_EAGAIN);
	expect_nothing();
	rig_ok("a forged notification");
}

int main(void)
{
	rig_start(&node, 0);
	forge_begin(&far, &node, FAR_NODE);
	near = rig_join(&node, NEAR);
	declared();
	send_out();
	send_in();
	request_out();
	request_in();
	notifications();
	m3_leave(near);
	rig_stop(&node);
	return 0;
}
