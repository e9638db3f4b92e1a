// SPDX-License-Identifier: MIT
/* Calls of servers, notifications in other names, grants, waiting for ends. */
#include "addon.h"

static int js_rcvrqst(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_rcvrqst(v[0].object, v[1].i32, v[2].data, v[3].i32);
}

static int js_reply_receive(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_reply_receive(v[0].object, v[1].i32, v[2].i32, v[3].data,
				v[4].i32);
}

static int js_resume(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_resume(v[0].object, v[1].i32, v[2].data, v[3].i32);
}

static napi_value js_request(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	uint64_t call = 0;
	int error = m3_request(v[0].object, v[1].i32, v[2].i32, &call);

	return m3_js_u64(args->env, error, call);
}

static int js_reply_to(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_reply_to(v[0].object, v[1].i32, v[2].i32, v[3].address,
			   v[4].data);
}

static int js_relay(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_relay(v[0].object, v[1].i32, v[2].i32, v[3].data);
}

static int js_src_notify(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_src_notify(v[0].object, v[1].i32, v[2].i32, v[3].i32);
}

static int js_ntfy_value(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_ntfy_value(v[0].object, v[1].i32, v[2].i32, v[3].i32,
			     v[4].i32);
}

static int js_wait4bindep(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_wait4bindep(v[0].object, v[1].i32, v[2].i32, v[3].i32);
}

static int js_wait4unbind(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_wait4unbind(v[0].object, v[1].i32, v[2].i32, v[3].i32);
}

static napi_value js_grant(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	uint64_t granted = 0;
	int error = m3_grant(v[0].object, v[1].i32, v[2].i32, v[3].address,
			     v[4].u32, v[5].u32, &granted);

	return m3_js_u64(args->env, error, granted);
}

static int js_revoke(struct m3_args *args)
{
	return m3_revoke(args->v[0].object, args->v[1].i32,
			 args->v[2].address);
}

#define MEMBER { "member", M3_ARG_MEMBER }
#define SELF { "self", M3_ARG_I32 }
#define SRC { "src", M3_ARG_I32 }
#define DST { "dst", M3_ARG_I32 }
#define ENDPOINT { "endpoint", M3_ARG_I32 }
#define MESSAGE { "message", M3_ARG_MESSAGE }
#define TIMEOUT { "timeout", M3_ARG_I32 }

const struct m3_function m3_request_functions[] = {
	{ "rcvrqst", js_rcvrqst, NULL, { MEMBER, SELF, MESSAGE, TIMEOUT } },
	{ "replyReceive", js_reply_receive, NULL,
	  { MEMBER, SELF, DST, MESSAGE, TIMEOUT } },
	{ "resume", js_resume, NULL, { MEMBER, SELF, MESSAGE, TIMEOUT } },
	{ "request", NULL, js_request,
	  { MEMBER, SELF, { "client", M3_ARG_I32 } } },
	{ "replyTo", js_reply_to, NULL,
	  { MEMBER, SELF, DST, { "call", M3_ARG_U64 }, MESSAGE } },
	{ "relay", js_relay, NULL, { MEMBER, SELF, DST, MESSAGE } },
	{ "srcNotify", js_src_notify, NULL, { MEMBER, SELF, SRC, DST } },
	{ "notifyValue", js_ntfy_value, NULL,
	  { MEMBER, SELF, SRC, DST, { "value", M3_ARG_I32 } } },
	{ "wait4bindep", js_wait4bindep, NULL,
	  { MEMBER, SELF, ENDPOINT, TIMEOUT } },
	{ "wait4unbind", js_wait4unbind, NULL,
	  { MEMBER, SELF, ENDPOINT, TIMEOUT } },
	{ "grant", NULL, js_grant,
	  { MEMBER, SELF, { "grantee", M3_ARG_I32 },
	    { "address", M3_ARG_U64 }, { "bytes", M3_ARG_U32 },
	    { "rights", M3_ARG_U32 } } },
	{ "revoke", js_revoke, NULL,
	  { MEMBER, SELF, { "granted", M3_ARG_U64 } } },
	{ NULL, NULL, NULL, { { NULL, M3_ARG_END } } },
};
