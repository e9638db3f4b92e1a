// SPDX-License-Identifier: MIT
/*
 * The calls of servers across a link: requests, answers by call, values of
 * notifications; and calls that wait for a block of their own.
 */
#include "forge.h"
#include <stdio.h>
#include <string.h>

static struct forge_record rec;

/* --------------------------------------------------- requests and values */

static void rcvrqst_of_remote_senders(void)
{
	struct m3_message message;
	struct m3_member *m;
	struct m3_call call;
	struct rig_node n;
	struct forge f;
	uint64_t id;

	m = forge_core(&n, &f);
	rig_start_call(m, &call, M3_OP_RCVRQST, 1, M3_ANY, 0, M3_PENDING);
	SAME(forge_message(&f, M3_REC_SEND, 20, 1, 1, 7), 1);
	SAME(forge_message(&f, M3_REC_NOTIFY, 21, 1, 0, 0), 1);
	SAME(m3_finish(m, &call), M3_PENDING);
	SOUND(&n);
	SAME(forge_message(&f, M3_REC_SENDREC, 22, 1, 6, 8), 1);
	SAME(m3_finish(m, &call), 0);
	SAME(call.message.source, 22);
	SAME(m3_request(m, 1, 22, &id), 0);
	SAME((long)id, 6);
	SAME(m3_request(m, 1, 20, &id), -M3_EPROCSTS);
	/* The send was not acknowledged: nobody has taken it. */
	SAME(forge_take(&f, M3_LANE_NORMAL, &rec), 0);
	SAME(m3_rcvrqst(m, 1, &message, 0), -M3_EAGAIN);
	/* The client calls again: its first call cannot be answered. */
	SAME(forge_message(&f, M3_REC_SENDREC, 22, 1, 7, 9), 1);
	SAME(m3_reply_to(m, 1, 22, 6, &message), -M3_EPROCSTS);
	SAME(m3_rcvrqst(m, 1, &message, 0), 0);
	SAME(m3_reply_to(m, 1, 22, 6, &message), -M3_EPROCSTS);
	SAME(m3_reply_to(m, 1, 22, 7, &message), 0);
	forge_expect(&f, &rec, M3_REC_REPLY, 1, 22, 7);
	SAME(m3_receive(m, 1, M3_ANY, &message, 0), 0);
	SAME(message.source, 21);
	SAME(m3_receive(m, 1, M3_ANY, &message, 0), 0);
	SAME(message.source, 20);
	forge_expect(&f, &rec, M3_REC_SEND_ACK, 1, 20, 1);
	rig_close(&n, m);
}

static void reply_receive_of_a_remote_client(void)
{
	struct m3_message message;
	struct m3_member *m;
	struct rig_node n;
	struct forge f;
	int i;

	m = forge_core(&n, &f);
	SAME(forge_message(&f, M3_REC_SENDREC, 20, 1, 1, 7), 1);
	SAME(m3_receive(m, 1, M3_ANY, &message, 0), 0);
	for (i = 2; i < 6; i++) {
		SAME(forge_message(&f, M3_REC_SENDREC, 20 + (i + 1) % 2, 1,
				   (uint64_t)i, i), 1);
		SAME(m3_reply_receive(m, 1, message.source, &message, 0), 0);
		SAME(message.source, 20 + (i + 1) % 2);
		SAME(message.type, i);
		forge_expect(&f, &rec, M3_REC_REPLY, 1, 20 + i % 2, i - 1);
	}
	SAME(m3_reply_receive(m, 1, 21, &message, 0), -M3_EPROCSTS);
	SAME(m3_reply_receive(m, 1, 20, &message, 0), -M3_EAGAIN);
	forge_expect(&f, &rec, M3_REC_REPLY, 1, 20, 5);
	rig_close(&n, m);
}

static void values(void)
{
	struct m3_message message;
	struct m3_member *m;
	struct rig_node n;
	struct forge f;
	unsigned int i;

	m = forge_core(&n, &f);
	SAME(m3_bind(m, 2), 0);
	/* Merged while un-taken, the values are collected; per source. */
	SAME(m3_ntfy_value(m, 1, M3_SELF, 20, 3), 0);
	SAME(m3_notify(m, 1, 20), 0);
	SAME(m3_ntfy_value(m, 1, 1, 20, 31), 0);
	SAME(m3_ntfy_value(m, 1, 2, 20, 0), 0);
	forge_expect(&f, &rec, M3_REC_NOTIFY, 1, 20, 0);
	SAME((long)rig_word(&rec.body.message, 1), 1l << 31 | 1l << 3);
	forge_expect(&f, &rec, M3_REC_NOTIFY, 2, 20, 0);
	SAME((long)rig_word(&rec.body.message, 1), 1);
	SAME(m3_src_notify(m, 1, M3_HARDWARE, 20), -M3_ERMTPROC);
	SAME(m3_src_notify(m, 1, 20, 2), -M3_ERMTPROC);
	SAME(m3_hdw_notify(n.core, RIG_DC, 20), -M3_ERMTPROC);
	SAME(m3_wakeup(n.core, RIG_DC, 20), -M3_ERMTPROC);
	/* What comes in is collected until it is taken. */
	for (i = 0; i < 3; i++) {
		forge_fill(&f, &rec, M3_REC_NOTIFY, 20, 1, 0, 64);
		rec.body.message = rig_message(0, 0, 1ul << 40 | 1ul << i);
		SAME(forge_put(&f, M3_LANE_NORMAL, &rec), 1);
	}
	SAME(m3_receive(m, 1, M3_ANY, &message, 0), 0);
	SAME(message.source, 20);
	SAME((long)rig_word(&message, 1), 7);
	SAME(m3_receive(m, 1, M3_ANY, &message, 0), -M3_EAGAIN);
	rig_close(&n, m);
}

/* ------------------------------------------------- blocks (protocol 5) */

/*
 * Endpoint 1 has two CANCELs that wait, each in a block: for 20 at f's node,
 * and for 21 at g's in the block of its calls.
 */
static void two_cancels(struct m3_member *m, struct forge *f, struct forge *g)
{
	forge_give_up(m, f, 20, 1);
	forge_give_up(m, g, 21, 2);
	SOUND(f->to);
}

/* A third call waits for whichever block becomes free. */
static void waits_for_a_block(int op, int first)
{
	int request = op == M3_OP_SEND ? M3_REC_SEND : M3_REC_SENDREC;
	struct rig_node n, third;
	struct m3_message message = rig_message(7, 0, 0);
	struct m3_member *m;
	struct m3_call call;
	struct forge f, g;

	m = forge_core(&n, &f);
	third = n;
	forge_begin(&g, &third, 2);
	SAME(m3_rmtbind(n.core, RIG_DC, "third", 21, 2), 0);
	two_cancels(m, &f, &g);
	SAME(m3_send(m, 1, 20, &message, 20), -M3_ETIMEDOUT);
	rig_start_call(m, &call, op, 1, 20, 9, M3_PENDING);
	SOUND(&n);
	/* An answer to what has not left is none. */
	SAME(forge_message(&f, M3_REC_REPLY, 20, 1, 4, 8), 1);
	SAME(m3_finish(m, &call), M3_PENDING);
	if (first) {
		forge_expect(&g, &rec, M3_REC_CANCEL, 1, 21, 2);
		SOUND(&n);
		forge_expect(&f, &rec, M3_REC_CANCEL, 1, 20, 1);
	} else {
		forge_expect(&f, &rec, M3_REC_CANCEL, 1, 20, 1);
		SOUND(&n);
	}
	forge_expect(&f, &rec, request, 1, 20, 4);
	SAME(rec.body.message.type, 9);
	SAME(rec.body.message.source, 1);
	if (!first)
		forge_expect(&g, &rec, M3_REC_CANCEL, 1, 21, 2);
	if (op == M3_OP_SEND)
		forge_fill(&f, &rec, M3_REC_SEND_ACK, 20, 1, 4, 0);
	else
		forge_fill(&f, &rec, M3_REC_REPLY, 20, 1, 4, 64);
	SAME(forge_put(&f, M3_LANE_NORMAL, &rec), 1);
	SAME(m3_finish(m, &call), 0);
	/* The next one finds its block free. */
	forge_give_up(m, &f, 20, 5);
	forge_expect(&f, &rec, M3_REC_CANCEL, 1, 20, 5);
	m3_detach(third.proxy);
	rig_close(&n, m);
}

/* The node for which a CANCEL waits is lost: that frees a block too. */
static void block_of_a_lost_node(int lost)
{
	struct rig_node n, third;
	struct m3_member *m;
	struct m3_call call;
	struct forge f, g;

	m = forge_core(&n, &f);
	third = n;
	forge_begin(&g, &third, 2);
	SAME(m3_rmtbind(n.core, RIG_DC, "third", 21, 2), 0);
	two_cancels(m, &f, &g);
	rig_start_call(m, &call, M3_OP_SENDREC, 1, lost == 2 ? 20 : 21, 9,
		       M3_PENDING);
	SAME(m3_del_node(n.core, RIG_DC, lost), 0);
	SOUND(&n);
	if (lost == 2) {
		forge_expect(&f, &rec, M3_REC_CANCEL, 1, 20, 1);
		forge_expect(&f, &rec, M3_REC_SENDREC, 1, 20, 3);
	} else {
		forge_expect(&g, &rec, M3_REC_CANCEL, 1, 21, 2);
		forge_expect(&g, &rec, M3_REC_SENDREC, 1, 21, 3);
	}
	/* One that waits for the node that is lost was not executed. */
	SAME(m3_cancel(m, &call, M3_ETIMEDOUT), -M3_ETIMEDOUT);
	m3_detach(third.proxy);
	rig_close(&n, m);
}

/* A pull waits like a message does; a push needs no block and harms none. */
static void copies_and_cancels(void)
{
	struct m3_call call = { .op = M3_OP_VCOPY, .self = 1, .peer = 1,
				.dst = 22, .dst_address = 4711, .bytes = 8 };
	struct rig_node n, third;
	struct m3_message message;
	struct m3_buffer buffer;
	struct m3_member *m;
	struct forge f, g;

	m = forge_core(&n, &f);
	third = n;
	forge_begin(&g, &third, 2);
	SAME(m3_rmtbind(n.core, RIG_DC, "third", 21, 2), 0);
	SAME(m3_alloc(m, 1, 8, &buffer), 0);
	SAME(forge_message(&f, M3_REC_SENDREC, 22, 1, 50, 7), 1);
	SAME(m3_receive(m, 1, M3_ANY, &message, 0), 0);
	two_cancels(m, &f, &g);
	call.src_address = buffer.address;
	SAME(m3_start(m, &call), M3_PENDING);
	SOUND(&n);
	SAME(m3_cancel(m, &call, M3_ETIMEDOUT), -M3_ETIMEDOUT);
	call.peer = 22;
	call.dst = 1;
	call.src_address = 4711;
	call.dst_address = buffer.address;
	SAME(m3_start(m, &call), M3_PENDING);
	SOUND(&n);
	forge_expect(&f, &rec, M3_REC_CANCEL, 1, 20, 1);
	forge_expect(&f, &rec, M3_REC_COPY_PULL, 1, 22, 50);
	SAME((long)rec.body.copy.address, 4711);
	SAME((long)rec.body.copy.bytes, 8);
	forge_expect(&g, &rec, M3_REC_CANCEL, 1, 21, 2);
	m3_detach(third.proxy);
	rig_close(&n, m);
}

int main(void)
{
	rcvrqst_of_remote_senders();
	reply_receive_of_a_remote_client();
	values();
	waits_for_a_block(M3_OP_SENDREC, 0);
	waits_for_a_block(M3_OP_SENDREC, 1);
	waits_for_a_block(M3_OP_SEND, 0);
	waits_for_a_block(M3_OP_SEND, 1);
	block_of_a_lost_node(1);
	block_of_a_lost_node(2);
	copies_and_cancels();
	return 0;
}
