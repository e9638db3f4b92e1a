// SPDX-License-Identifier: MIT
/*
 * A caller gives up a call to another node - deadline, no wait, signal - in
 * each phase: what leaves for the far core then, and what that core does.
 */
#include "forge.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FAR = 20, NEAR = 1, FAR_NODE = 2 };

static struct forge_record rec;
static struct rig_node node;
static struct forge far;
static struct m3_member *near;
static struct m3_buffer buffer;

static unsigned int state(int ep)
{
	struct m3_proc_info info;

	SAME(m3_getprocinfo(node.core, RIG_DC, ep, &info), 0);
	return info.rts_flags;
}

static void expect(int kind, uint64_t call)
{
	SAME(forge_take(&far, M3_LANE_NORMAL, &rec), 1);
	SAME(rec.head.kind, kind);
	SAME((long)rec.head.call, (long)call);
}

static void expect_nothing(void)
{
	int lane;

	for (lane = M3_LANE_URGENT; lane < M3_LANES; lane++)
		SAME(forge_take(&far, lane, &rec), 0);
	SAME((long)state(NEAR), 0);
	SOUND(&node);
}

static void time_out(struct m3_call *call)
{
	SAME(m3_cancel(near, call, M3_ETIMEDOUT), -M3_ETIMEDOUT);
}

/* Not numbered: nothing of it ever leaves. */
static void not_sent(int op)
{
	struct m3_call call;

	rig_start_call(near, &call, op, NEAR, FAR, 7, M3_PENDING);
	time_out(&call);
	expect_nothing();
}

/* Numbered, and lost with its link: VOID in its place, and a CANCEL. */
static void sent_and_lost(int op)
{
	static unsigned char frame[M3_FRAME_BYTES];
	struct m3_call call;

	rig_start_call(near, &call, op, NEAR, FAR, 7, M3_PENDING);
	MUST(rig_take(&node, M3_LANE_NORMAL, frame, sizeof(frame)));
	SAME(forge_open(&far), 0);
	time_out(&call);
	SAME(forge_take(&far, M3_LANE_NORMAL, &rec), 1);
	SAME(rec.head.kind, M3_REC_VOID);
	SAME(forge_take(&far, M3_LANE_NORMAL, &rec), 1);
	SAME(rec.head.kind, M3_REC_CANCEL);
	expect_nothing();
}

/* Accepted there: a CANCEL follows; what answers it later means nothing. */
static void accepted(int op, int kind)
{
	struct m3_call call;
	uint64_t id;

	rig_start_call(near, &call, op, NEAR, FAR, 7, M3_PENDING);
	SAME(forge_take(&far, M3_LANE_NORMAL, &rec), 1);
	id = rec.head.call;
	time_out(&call);
	expect(M3_REC_CANCEL, id);
	forge_fill(&far, &rec, kind, FAR, NEAR, id,
		   kind == M3_REC_REPLY ? 64 : 0);
	SAME(forge_put(&far, M3_LANE_NORMAL, &rec), 1);
	expect_nothing();
}

static void deadlines(void)
{
	struct m3_message message = rig_message(7, 0, 0);
	unsigned long start = rig_now();

	SAME(m3_send(near, NEAR, FAR, &message, 30), -M3_ETIMEDOUT);
	SAME(m3_sendrec(near, NEAR, FAR, &message, 30), -M3_ETIMEDOUT);
	SAME(m3_receive(near, NEAR, FAR, &message, 30), -M3_ETIMEDOUT);
	MUST(rig_now() - start >= 90);
	expect_nothing();
	rig_ok("deadline: receive from a remote endpoint");
	not_sent(M3_OP_SEND);
	rig_ok("deadline: send, not sent");
	sent_and_lost(M3_OP_SEND);
	rig_ok("deadline: send, on its way");
	accepted(M3_OP_SEND, M3_REC_SEND_ACK);
	rig_ok("deadline: send, queued there");
	not_sent(M3_OP_SENDREC);
	rig_ok("deadline: sendrec, not sent");
	sent_and_lost(M3_OP_SENDREC);
	rig_ok("deadline: sendrec, on its way");
	accepted(M3_OP_SENDREC, M3_REC_REPLY);
	rig_ok("deadline: sendrec, taken there");
}

/* The caller is at the other end: a CANCEL takes its request back. */
static void given_up_there(void)
{
	struct m3_message message;

	SAME(forge_message(&far, M3_REC_SENDREC, FAR, NEAR, 5, 7), 1);
	forge_fill(&far, &rec, M3_REC_CANCEL, FAR, NEAR, 5, 0);
	SAME(forge_put(&far, M3_LANE_NORMAL, &rec), 1);
	SAME(m3_receive(near, NEAR, M3_ANY, &message, 0), -M3_EAGAIN);
	SAME((long)state(FAR), M3_RTS_REMOTE);
	rig_ok("given up there: queued here");
	SAME(forge_message(&far, M3_REC_SENDREC, FAR, NEAR, 6, 7), 1);
	SAME(m3_receive(near, NEAR, M3_ANY, &message, 0), 0);
	forge_fill(&far, &rec, M3_REC_CANCEL, FAR, NEAR, 6, 0);
	SAME(forge_put(&far, M3_LANE_NORMAL, &rec), 1);
	SAME(m3_reply(near, NEAR, FAR, &message), -M3_EPROCSTS);
	expect_nothing();
	rig_ok("given up there: taken here");
}

static void copy_call(struct m3_call *call, int push, int timeout, int expected)
{
	memset(call, 0, sizeof(*call));
	call->op = M3_OP_VCOPY;
	call->self = NEAR;
	call->peer = push ? NEAR : FAR;
	call->dst = push ? FAR : NEAR;
	call->src_address = push ? buffer.address : 64;
	call->dst_address = push ? 64 : buffer.address;
	call->bytes = buffer.bytes;
	if (timeout == M3_FOREVER)
		SAME(m3_start(near, call), expected);
	else
		SAME(m3_vcopy(near, NEAR, call->peer, call->src_address,
			      call->dst, call->dst_address, call->bytes,
			      timeout, &call->copied), expected);
}

static void copies(void)
{
	struct m3_message message;
	struct m3_call call;

	SAME(forge_message(&far, M3_REC_SENDREC, FAR, NEAR, 8, 7), 1);
	SAME(m3_receive(near, NEAR, M3_ANY, &message, 0), 0);
	copy_call(&call, 1, 0, -M3_EAGAIN);
	copy_call(&call, 0, 0, -M3_EAGAIN);
	expect_nothing();
	rig_ok("no wait: vcopy");
	copy_call(&call, 1, 30, -M3_ETIMEDOUT);
	SAME((long)call.copied, 0);
	copy_call(&call, 0, 30, -M3_ETIMEDOUT);
	expect_nothing();
	rig_ok("deadline: vcopy, not sent");
	/* Half of it is on its way: what is left is void. */
	copy_call(&call, 1, M3_FOREVER, M3_PENDING);
	SAME(forge_take(&far, M3_LANE_BULK, &rec), 1);
	time_out(&call);
	SAME(forge_take(&far, M3_LANE_BULK, &rec), 0);
	copy_call(&call, 0, M3_FOREVER, M3_PENDING);
	SAME(forge_take(&far, M3_LANE_NORMAL, &rec), 1);
	SAME(rec.head.kind, M3_REC_COPY_PULL);
	time_out(&call);
	while (forge_take(&far, M3_LANE_NORMAL, &rec))
		SAME(rec.head.kind, M3_REC_CANCEL);
	rig_ok("deadline: vcopy, on its way");
	SAME(m3_reply(near, NEAR, FAR, &message), 0);
	expect(M3_REC_REPLY, 8);
	expect_nothing();
}

static void no_wait(void)
{
	struct m3_message message = rig_message(7, 0, 0);

	SAME(m3_send(near, NEAR, FAR, &message, 0), -M3_EAGAIN);
	SAME(m3_sendrec(near, NEAR, FAR, &message, 0), -M3_EAGAIN);
	SAME(m3_receive(near, NEAR, FAR, &message, 0), -M3_EAGAIN);
	expect_nothing();
	rig_ok("no wait: send, sendrec, receive");
}

static void on_signal(int number)
{
	(void)number;
}

/* A process whose call is interrupted; it says so by its exit. */
static void interrupted(int op, int sent)
{
	struct m3_message message = rig_message(7, 0, 0);
	struct sigaction action;
	unsigned long end = rig_now() + 5000;
	struct m3_member *m;
	int status, e;
	pid_t pid = fork();

	MUST(pid >= 0);
	if (!pid) {
		memset(&action, 0, sizeof(action));
		action.sa_handler = on_signal;
		sigaction(SIGUSR1, &action, NULL);
		m = rig_join(&node, 3);
		e = op == M3_OP_SEND ? m3_send(m, 3, FAR, &message, 5000) :
				       m3_sendrec(m, 3, FAR, &message, 5000);
		SAME(e, -M3_EINTR);
		m3_leave(m);
		_exit(0);
	}
	rig_until(&node, 3, M3_RTS_SENDING | M3_RTS_RMTOPER |
				    (op == M3_OP_SEND ? 0 : M3_RTS_RECEIVING));
	if (sent)
		SAME(forge_take(&far, M3_LANE_NORMAL, &rec), 1);
	/* One that comes before the call sleeps is not seen. */
	while (waitpid(pid, &status, WNOHANG) == 0) {
		MUST(rig_now() < end);
		SAME(kill(pid, SIGUSR1), 0);
		rig_sleep(1000);
	}
	SAME(status, 0);
	while (forge_take(&far, M3_LANE_NORMAL, &rec))
		MUST(sent || rec.head.kind == M3_REC_DEATH);
	SOUND(&node);
}

static void signals(void)
{
	interrupted(M3_OP_SEND, 0);
	interrupted(M3_OP_SENDREC, 0);
	rig_ok("signal: not sent");
	interrupted(M3_OP_SEND, 1);
	interrupted(M3_OP_SENDREC, 1);
	rig_ok("signal: sent");
}

int main(void)
{
	rig_start(&node, 0);
	forge_begin(&far, &node, FAR_NODE);
	near = rig_join(&node, NEAR);
	SAME(m3_rmtbind(node.core, RIG_DC, "far", FAR, FAR_NODE), 0);
	SAME(m3_alloc(near, NEAR, 3 * M3_CHUNK_BYTES, &buffer), 0);
	no_wait();
	deadlines();
	given_up_there();
	copies();
	signals();
	m3_leave(near);
	rig_stop(&node);
	return 0;
}
