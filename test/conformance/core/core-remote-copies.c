// SPDX-License-Identifier: MIT
/*
 * Copies of one node with a peer that is played by hand (test_proxy_vcopy1 to
 * 4): what leaves for it, and what its chunks and answers do.
 */
#include "forge.h"
#include <string.h>

enum { FAR = 20, NEAR = 1, FAR_NODE = 2, BYTES = 2 * M3_CHUNK_BYTES + 100 };

static struct forge_record rec;
static struct rig_node node;
static struct forge far;
static struct m3_member *near;
static struct m3_buffer buffer;

static unsigned char byte_at(unsigned int i)
{
	return (unsigned char)(i * 13 + (i >> 9));
}

static void fill(void)
{
	unsigned char *data = buffer.data;
	unsigned int i;

	for (i = 0; i < BYTES; i++)
		data[i] = byte_at(i);
}

static int is_filled(void)
{
	const unsigned char *data = buffer.data;
	unsigned int i;

	for (i = 0; i < BYTES; i++)
		if (data[i] != byte_at(i))
			return 0;
	return 1;
}

/* Endpoint 20's request, which lets endpoint 1 copy from and to it. */
static void request_of_far(uint64_t call)
{
	struct m3_message message;

	SAME(forge_message(&far, M3_REC_SENDREC, FAR, NEAR, call, 6), 1);
	SAME(m3_receive(near, NEAR, FAR, &message, 0), 0);
}

static void start_copy(struct m3_call *call, int src, int dst)
{
	memset(call, 0, sizeof(*call));
	call->op = M3_OP_VCOPY;
	call->self = NEAR;
	call->peer = src;
	call->dst = dst;
	call->src_address = src == NEAR ? buffer.address : 0x1000;
	call->dst_address = dst == NEAR ? buffer.address : 0x1000;
	call->bytes = BYTES;
	SAME(m3_start(near, call), M3_PENDING);
}

/* One chunk of endpoint 20's memory, or for endpoint 1's. */
static void put_chunk(unsigned int at, uint64_t call, uint64_t transfer,
		      unsigned int flags)
{
	unsigned int bytes = BYTES - at > M3_CHUNK_BYTES ? M3_CHUNK_BYTES :
							   BYTES - at, i;

	forge_fill(&far, &rec, M3_REC_COPY_DATA, FAR, NEAR, call,
		   (unsigned int)sizeof(rec.body.copy) + ((bytes + 7) & ~7u));
	rec.head.transfer = transfer;
	rec.head.offset = at;
	rec.head.flags = (uint16_t)(flags |
				    (at + bytes == BYTES ? M3_RF_LAST : 0u));
	rec.body.copy.address = buffer.address + at;
	rec.body.copy.bytes = bytes;
	for (i = 0; i < bytes; i++)
		rec.body.bytes[sizeof(rec.body.copy) + i] = byte_at(at + i);
	SAME(forge_put(&far, M3_LANE_BULK, &rec), 1);
}

/* All chunks leave, in order; `flags` is what the last must have. */
static void take_chunks(uint64_t call, uint64_t transfer, unsigned int flags)
{
	unsigned int at = 0, i;

	while (at < BYTES) {
		SAME(forge_take(&far, M3_LANE_BULK, &rec), 1);
		SAME(rec.head.kind, M3_REC_COPY_DATA);
		SAME((long)rec.head.call, (long)call);
		SAME((long)rec.head.transfer, (long)transfer);
		SAME((long)rec.head.offset, at);
		for (i = 0; i < rec.body.copy.bytes; i++)
			SAME(rec.body.bytes[sizeof(rec.body.copy) + i],
			     byte_at(at + i));
		at += (unsigned int)rec.body.copy.bytes;
	}
	SAME(rec.head.flags, flags);
	SAME(forge_take(&far, M3_LANE_BULK, &rec), 0);
}

/* It owns the source: data go out, an acknowledgement ends the copy. */
static void push_out(void)
{
	struct m3_call call;

	request_of_far(5);
	fill();
	start_copy(&call, NEAR, FAR);
	take_chunks(5, 1, M3_RF_LAST);
	SAME(m3_finish(near, &call), M3_PENDING);
	forge_fill(&far, &rec, M3_REC_COPY_ACK, FAR, NEAR, 1, 0);
	rec.head.offset = BYTES;
	SAME(forge_put(&far, M3_LANE_NORMAL, &rec), 1);
	SAME(m3_finish(near, &call), 0);
	SAME((long)call.copied, BYTES);
	rig_ok("data out, a forged acknowledgement");
}

/* The same, but the far core refuses the second chunk. */
static void push_refused(void)
{
	struct m3_call call;

	request_of_far(6);
	start_copy(&call, NEAR, FAR);
	take_chunks(6, 2, M3_RF_LAST);
	forge_fill(&far, &rec, M3_REC_ERROR, FAR, NEAR, 2, 0);
	rec.head.status = -M3_EPROCSTS;
	rec.head.offset = M3_CHUNK_BYTES;
	SAME(forge_put(&far, M3_LANE_NORMAL, &rec), 1);
	SAME(m3_finish(near, &call), -M3_EPROCSTS);
	SAME((long)call.copied, M3_CHUNK_BYTES);
	rig_ok("bytes known to be copied, on error");
}

/* It owns the destination: it asks, the data that come end the copy. */
static void pull_out(void)
{
	struct m3_call call;

	request_of_far(7);
	memset(buffer.data, 0, BYTES);
	start_copy(&call, FAR, NEAR);
	SAME(forge_take(&far, M3_LANE_NORMAL, &rec), 1);
	SAME(rec.head.kind, M3_REC_COPY_PULL);
	SAME((long)rec.head.call, 7);
	SAME((long)rec.head.transfer, 3);
	SAME((long)rec.body.copy.address, 0x1000);
	SAME((long)rec.body.copy.bytes, BYTES);
	put_chunk(0, 7, 3, M3_RF_PULL);
	SAME(m3_finish(near, &call), M3_PENDING);
	put_chunk(M3_CHUNK_BYTES, 7, 3, M3_RF_PULL);
	put_chunk(2 * M3_CHUNK_BYTES, 7, 3, M3_RF_PULL);
	SAME(m3_finish(near, &call), 0);
	SAME((long)call.copied, BYTES);
	MUST(is_filled());
	rig_ok("a request for data, forged data");
}

/* Endpoint 1 waits for endpoint 20, whose core copies to it and from it. */
static void data_in_and_out(void)
{
	struct m3_call call;
	uint64_t id;

	rig_start_call(near, &call, M3_OP_SENDREC, NEAR, FAR, 3, M3_PENDING);
	SAME(forge_take(&far, M3_LANE_NORMAL, &rec), 1);
	id = rec.head.call;
	memset(buffer.data, 0, BYTES);
	put_chunk(0, id, 8, 0);
	put_chunk(M3_CHUNK_BYTES, id, 8, 0);
	SAME(forge_take(&far, M3_LANE_NORMAL, &rec), 0);
	put_chunk(2 * M3_CHUNK_BYTES, id, 8, 0);
	MUST(is_filled());
	SAME(forge_take(&far, M3_LANE_NORMAL, &rec), 1);
	SAME(rec.head.kind, M3_REC_COPY_ACK);
	SAME((long)rec.head.call, 8);
	SAME((long)rec.head.offset, BYTES);
	rig_ok("forged data in");

	forge_fill(&far, &rec, M3_REC_COPY_PULL, FAR, NEAR, id,
		   sizeof(rec.body.copy));
	rec.head.transfer = 9;
	rec.body.copy.address = buffer.address;
	rec.body.copy.bytes = BYTES;
	SAME(forge_put(&far, M3_LANE_NORMAL, &rec), 1);
	take_chunks(id, 9, M3_RF_PULL | M3_RF_LAST);
	rig_ok("data out for a forged request");
	SAME(m3_cancel(near, &call, M3_ECANCELED), -M3_ECANCELED);
}

int main(void)
{
	rig_start(&node, 0);
	forge_begin(&far, &node, FAR_NODE);
	near = rig_join(&node, NEAR);
	SAME(m3_rmtbind(node.core, RIG_DC, "far", FAR, FAR_NODE), 0);
	SAME(m3_alloc(near, NEAR, BYTES, &buffer), 0);
	push_out();
	push_refused();
	pull_out();
	data_in_and_out();
	SOUND(&node);
	m3_leave(near);
	rig_stop(&node);
	return 0;
}
