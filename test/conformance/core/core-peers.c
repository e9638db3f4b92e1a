// SPDX-License-Identifier: MIT
/* What a peer can make a core do: a function per rule that was once broken. */
#include "forge.h"
#include <stdio.h>
#include <string.h>

static struct forge_record rec;

static struct m3_dc_counters counters_of(struct rig_node *n)
{
	struct m3_dc_counters c;

	SAME(m3_dc_counters(n->core, RIG_DC, &c), 0);
	return c;
}

/*
 * A record that answers a call while its request still waits in a queue: the
 * descriptor must leave the queue, or the queue holds one that is not sending.
 */
static void answered_while_queued(void)
{
	struct m3_message message;
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);

	SAME(forge_message(&f, M3_REC_SENDREC, 20, 1, 5, 7), 1);
	forge_fill(&f, &rec, M3_REC_COPY_DATA, 20, 1, 1, 16 + 8);
	rec.head.transfer = 5;
	rec.body.copy.bytes = 8;
	SAME(forge_put(&f, M3_LANE_BULK, &rec), 1);
	SOUND(&n);
	SAME(m3_receive(m, 1, M3_ANY, &message, 0), -M3_EAGAIN);
	/* The same by a request that a codec refused. */
	SAME(forge_message(&f, M3_REC_SENDREC, 20, 1, 6, 7), 1);
	forge_fill(&f, &rec, M3_REC_REFUSED, 20, 1, 1, 64);
	rec.head.flags = M3_REC_COPY_DATA << M3_RF_KIND;
	rec.head.transfer = 6;
	SAME(forge_put(&f, M3_LANE_NORMAL, &rec), 1);
	rig_close(&n, m);
}

/* A refused answer ends the call it answers; it is no call of its sender's. */
static void refused_reply(void)
{
	struct m3_message message;
	struct m3_call call;
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);

	SAME(m3_rmtbind(n.core, RIG_DC, "far", 20, 1), 0);
	rig_start_call(m, &call, M3_OP_SENDREC, 1, 20, 7, M3_PENDING);
	SAME(m3_cancel(m, &call, M3_ECANCELED), -M3_ECANCELED);
	rig_start_call(m, &call, M3_OP_SENDREC, 1, 20, 7, M3_PENDING);
	SAME(forge_take(&f, M3_LANE_NORMAL, &rec), 1);
	SAME(rec.head.kind, M3_REC_SENDREC);
	SAME((long)rec.head.call, 2);
	forge_fill(&f, &rec, M3_REC_REFUSED, 20, 1, 2, 64);
	rec.head.flags = M3_REC_REPLY << M3_RF_KIND;
	rec.head.status = -M3_EPERM;
	SAME(forge_put(&f, M3_LANE_NORMAL, &rec), 1);
	SAME(m3_finish(m, &call), -M3_EPERM);
	/* Its own first call is not older than a call of ours. */
	SAME(forge_message(&f, M3_REC_SEND, 20, 1, 1, 9), 1);
	SAME(m3_receive(m, 1, 20, &message, 0), 0);
	SAME(message.type, 9);
	/* A refused request is answered; a refused notification is counted. */
	forge_fill(&f, &rec, M3_REC_REFUSED, 21, 1, 1, 64);
	rec.head.flags = M3_REC_SENDREC << M3_RF_KIND;
	rec.head.status = -M3_EPERM;
	SAME(forge_put(&f, M3_LANE_NORMAL, &rec), 1);
	forge_fill(&f, &rec, M3_REC_REFUSED, 21, 1, 0, 64);
	rec.head.flags = M3_REC_NOTIFY << M3_RF_KIND;
	SAME(forge_put(&f, M3_LANE_NORMAL, &rec), 1);
	SAME(forge_take(&f, M3_LANE_NORMAL, &rec), 1);
	SAME(rec.head.kind, M3_REC_SEND_ACK);
	SAME(forge_take(&f, M3_LANE_NORMAL, &rec), 1);
	SAME(rec.head.kind, M3_REC_ERROR);
	SAME(rec.head.status, -M3_EPERM);
	SAME(forge_take(&f, M3_LANE_NORMAL, &rec), 0);
	SAME((long)counters_of(&n).refused, 3);
	rig_close(&n, m);
}

/* A chunk of an endpoint's former life must not undo what the new one asked. */
static void chunk_of_the_dead(void)
{
	struct m3_message message;
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);

	SAME(forge_message(&f, M3_REC_NOTIFY, 20, 1, 0, 0), 1);
	forge_fill(&f, &rec, M3_REC_SENDREC, 20, 1, 3, 64);
	rec.head.src_binding++;
	rec.body.message = rig_message(9, 0, 0);
	SAME(forge_put(&f, M3_LANE_NORMAL, &rec), 1);
	forge_fill(&f, &rec, M3_REC_COPY_DATA, 20, 1, 1, 16 + 8);
	rec.head.transfer = 2;
	rec.body.copy.bytes = 8;
	SAME(forge_put(&f, M3_LANE_BULK, &rec), 1);
	SAME((long)counters_of(&n).bad_binding, 1);
	/* The notification has ended with the life that sent it. */
	SAME(m3_receive(m, 1, 20, &message, 0), 0);
	SAME(message.type, 9);
	SAME(m3_reply(m, 1, 20, &message), 0);
	rig_close(&n, m);
}

/* An answer to a call of the endpoint's former life. */
static void answer_to_the_dead(void)
{
	struct m3_call call;
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);
	uint64_t binding;

	SAME(m3_rmtbind(n.core, RIG_DC, "far", 20, 1), 0);
	rig_start_call(m, &call, M3_OP_SENDREC, 1, 20, 7, M3_PENDING);
	SAME(forge_take(&f, M3_LANE_NORMAL, &rec), 1);
	binding = rec.head.src_binding;
	SAME(m3_unbind(m, 1), 0);
	SAME(m3_rmtbind(n.core, RIG_DC, "far", 1, 1), 0);
	SAME(m3_unbind_any(n.core, RIG_DC, 1), 0);
	SAME(m3_bind(m, 1), 0);
	rig_start_call(m, &call, M3_OP_SENDREC, 1, 20, 8, M3_PENDING);
	do
		SAME(forge_take(&f, M3_LANE_NORMAL, &rec), 1);
	while (rec.head.kind != M3_REC_SENDREC);
	MUST(rec.head.call > 1);
	/* Even with the id of the present call. */
	forge_fill(&f, &rec, M3_REC_REPLY, 20, 1, rec.head.call, 64);
	rec.head.dst_binding = binding;
	SAME(forge_put(&f, M3_LANE_NORMAL, &rec), 1);
	SAME(m3_finish(m, &call), M3_PENDING);
	SAME((long)counters_of(&n).stale_answers, 1);
	SAME(m3_cancel(m, &call, M3_ECANCELED), -M3_ECANCELED);
	rig_close(&n, m);
}

/* The owner of memory that a peer reads gives up: the reader is told. */
static void source_of_a_pull_gives_up(void)
{
	struct m3_buffer buffer;
	struct m3_call call;
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);

	SAME(m3_rmtbind(n.core, RIG_DC, "far", 20, 1), 0);
	SAME(m3_alloc(m, 1, 3 * M3_CHUNK_BYTES, &buffer), 0);
	rig_start_call(m, &call, M3_OP_SENDREC, 1, 20, 7, M3_PENDING);
	SAME(forge_take(&f, M3_LANE_NORMAL, &rec), 1);
	forge_fill(&f, &rec, M3_REC_COPY_PULL, 20, 1, rec.head.call, 16);
	rec.head.transfer = 4;
	rec.body.copy.address = buffer.address;
	rec.body.copy.bytes = buffer.bytes;
	SAME(forge_put(&f, M3_LANE_NORMAL, &rec), 1);
	SAME(forge_take(&f, M3_LANE_BULK, &rec), 1);
	SAME(rec.head.kind, M3_REC_COPY_DATA);
	/* Memory that is being read cannot be freed under the reader. */
	SAME(m3_free(m, 1, &buffer), -M3_EONCOPY);
	SAME(m3_cancel(m, &call, M3_ETIMEDOUT), -M3_ETIMEDOUT);
	SAME(forge_take(&f, M3_LANE_NORMAL, &rec), 1);
	SAME(rec.head.kind, M3_REC_ERROR);
	SAME((long)rec.head.call, 4);
	SAME(rec.head.status, -M3_EPROCSTS);
	SAME(m3_free(m, 1, &buffer), 0);
	rig_close(&n, m);
}

/* A send that was to answer a client fails: the debt is still there. */
static void failed_answer(void)
{
	struct m3_message message;
	struct m3_call call;
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);

	SAME(forge_message(&f, M3_REC_SENDREC, 20, 1, 5, 7), 1);
	SAME(m3_receive(m, 1, M3_ANY, &message, 0), 0);
	rig_start_call(m, &call, M3_OP_SEND, 1, 20, 8, M3_PENDING);
	SAME(rig_rts(&n, 20), M3_RTS_REMOTE);
	SAME(m3_cancel(m, &call, M3_ETIMEDOUT), -M3_ETIMEDOUT);
	/* The same with a request, numbered. */
	rig_start_call(m, &call, M3_OP_SENDREC, 1, 20, 8, M3_PENDING);
	SAME(forge_take(&f, M3_LANE_NORMAL, &rec), 1);
	SAME((long)rec.head.transfer, 5);
	SAME(m3_cancel(m, &call, M3_ETIMEDOUT), -M3_ETIMEDOUT);
	/* The same, refused. */
	rig_start_call(m, &call, M3_OP_SEND, 1, 20, 8, M3_PENDING);
	while (forge_take(&f, M3_LANE_NORMAL, &rec))
		;
	forge_fill(&f, &rec, M3_REC_ERROR, 20, 1, rec.head.call, 0);
	rec.head.status = -M3_EPERM;
	SAME(forge_put(&f, M3_LANE_NORMAL, &rec), 1);
	SAME(m3_finish(m, &call), -M3_EPERM);
	message.type = 9;
	SAME(m3_reply(m, 1, 20, &message), 0);
	SAME(forge_take(&f, M3_LANE_NORMAL, &rec), 1);
	SAME(rec.head.kind, M3_REC_REPLY);
	SAME((long)rec.head.call, 5);
	SAME(m3_reply(m, 1, 20, &message), -M3_EPROCSTS);
	rig_close(&n, m);
}

/* What opens no call binds no descriptor: endpoints are not used up by it. */
static void descriptors_for_callers_only(void)
{
	static const int kinds[] = { M3_REC_VOID, M3_REC_REPLY, M3_REC_SEND_ACK,
				     M3_REC_ERROR, M3_REC_CANCEL,
				     M3_REC_COPY_ACK };
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);
	unsigned int i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		forge_fill(&f, &rec, kinds[i], 20 + (int)i, 1, 1,
			   kinds[i] == M3_REC_REPLY ? 64 : 0);
		SAME(forge_put(&f, M3_LANE_NORMAL, &rec), 1);
		SAME(rig_rts(&n, 20 + (int)i), M3_RTS_SLOT_FREE);
	}
	SAME(forge_message(&f, M3_REC_NOTIFY, 20, 1, 0, 0), 1);
	SAME(rig_rts(&n, 20), M3_RTS_REMOTE);
	/* A far endpoint number, and one whose sum with the tasks overflows. */
	forge_fill(&f, &rec, M3_REC_NOTIFY, 0x7fffffff, 1, 0, 64);
	SAME(forge_put(&f, M3_LANE_NORMAL, &rec), 1);
	forge_fill(&f, &rec, M3_REC_NOTIFY, 20, 0x7fffffff, 0, 64);
	SAME(forge_put(&f, M3_LANE_NORMAL, &rec), 1);
	rig_close(&n, m);
}

int main(void)
{
	answered_while_queued();
	refused_reply();
	chunk_of_the_dead();
	answer_to_the_dead();
	source_of_a_pull_gives_up();
	failed_answer();
	descriptors_for_callers_only();
	return 0;
}
