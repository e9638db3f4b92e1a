// SPDX-License-Identifier: MIT
/* Communication calls, synchronous and asynchronous. */
#include <string.h>
#include "addon.h"

/* ------------------------------------------------------- synchronous */

static int js_send(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_send(v[0].object, v[1].i32, v[2].i32, v[3].data, v[4].i32);
}

static int js_receive(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_receive(v[0].object, v[1].i32, v[2].i32, v[3].data,
			  v[4].i32);
}

static int js_sendrec(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_sendrec(v[0].object, v[1].i32, v[2].i32, v[3].data,
			  v[4].i32);
}

static int js_reply(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_reply(v[0].object, v[1].i32, v[2].i32, v[3].data);
}

static int js_notify(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_notify(v[0].object, v[1].i32, v[2].i32);
}

/*
 * Arguments 1 to 7 of both copies: call, self, src, srcAddress, dst,
 * dstAddress, bytes. Memory of this process must hold the bytes: the core
 * takes the pointer on trust.
 */
static int fill_copy(struct m3_arg *v, struct m3_call **out)
{
	struct m3_call *call = v[1].data;

	*out = call;
	memset(call, 0, sizeof(*call));
	call->op = M3_OP_VCOPY;
	call->self = v[2].i32;
	call->peer = v[3].i32;
	call->src_address = v[4].address;
	call->dst = v[5].i32;
	call->dst_address = v[6].address;
	call->bytes = v[7].u32;
	if (v[4].length < call->bytes || v[6].length < call->bytes)
		return -M3_EFAULT;
	return 0;
}

static int js_vcopy(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	struct m3_call *call;
	int error = fill_copy(v, &call);

	if (error)
		return error;
	return m3_vcopy(v[0].object, call->self, call->peer, call->src_address,
			call->dst, call->dst_address, call->bytes, v[8].i32,
			&call->copied);
}

/* ------------------------------------------------------ asynchronous */

static int js_start(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	struct m3_call *call = v[1].data;
	struct m3_message *message = v[5].data;
	int result;

	memset(call, 0, sizeof(*call));
	call->op = v[2].u32;
	call->self = v[3].i32;
	call->peer = v[4].i32;
	call->message = *message;
	result = m3_start(v[0].object, call);
	if (result == 0)
		*message = call->message;
	return result;
}

static int js_start_copy(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	struct m3_call *call;
	int error = fill_copy(v, &call);

	return error ? error : m3_start(v[0].object, call);
}

static int js_finish(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	struct m3_call *call = v[1].data;
	struct m3_message *message = v[2].data;
	int result = m3_finish(v[0].object, call);

	if (result == 0 && message)
		*message = call->message;
	return result;
}

static int js_cancel(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	struct m3_call *call = v[1].data;
	struct m3_message *message = v[2].data;
	int result = m3_cancel(v[0].object, call, v[3].i32);

	if (result == 0 && message)
		*message = call->message;
	return result;
}

#define MEMBER { "member", M3_ARG_MEMBER }
#define SELF { "self", M3_ARG_I32 }
#define DST { "dst", M3_ARG_I32 }
#define SRC { "src", M3_ARG_I32 }
#define MESSAGE { "message", M3_ARG_MESSAGE }
#define TIMEOUT { "timeout", M3_ARG_I32 }
#define CALL { "call", M3_ARG_CALL }
#define COPY                                                           \
	SELF, SRC, { "srcAddress", M3_ARG_ADDRESS }, DST,              \
		{ "dstAddress", M3_ARG_ADDRESS }, { "bytes", M3_ARG_U32 }
#define RESULT { "message", M3_ARG_OPTIONAL_MESSAGE }

const struct m3_function m3_call_functions[] = {
	{ "send", js_send, NULL, { MEMBER, SELF, DST, MESSAGE, TIMEOUT } },
	{ "receive", js_receive, NULL, { MEMBER, SELF, SRC, MESSAGE, TIMEOUT } },
	{ "sendrec", js_sendrec, NULL, { MEMBER, SELF, DST, MESSAGE, TIMEOUT } },
	{ "reply", js_reply, NULL, { MEMBER, SELF, DST, MESSAGE } },
	{ "notify", js_notify, NULL, { MEMBER, SELF, DST } },
	{ "vcopy", js_vcopy, NULL, { MEMBER, CALL, COPY, TIMEOUT } },
	{ "start", js_start, NULL,
	  { MEMBER, CALL, { "op", M3_ARG_U32 }, SELF, { "peer", M3_ARG_I32 },
	    MESSAGE } },
	{ "startCopy", js_start_copy, NULL, { MEMBER, CALL, COPY } },
	{ "finish", js_finish, NULL, { MEMBER, CALL, RESULT } },
	{ "cancel", js_cancel, NULL,
	  { MEMBER, CALL, RESULT, { "error", M3_ARG_I32 } } },
	{ NULL, NULL, NULL, { { NULL, M3_ARG_END } } },
};
