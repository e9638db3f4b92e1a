// SPDX-License-Identifier: MIT
/* Membership: join, bind, the bell, buffers of the arena. */
#include "addon.h"

static napi_value js_join(struct m3_args *args)
{
	struct m3_member *member;
	int error = m3_join(args->v[0].text, args->v[1].i32, &member);

	if (error)
		return m3_js_int(args->env, error);
	return m3_handle_make(args->env, M3_HANDLE_MEMBER, member, NULL);
}

static int js_leave(struct m3_args *args)
{
	m3_view_detach_all(args->v[0].handle);
	m3_handle_close(args->v[0].handle);
	return 0;
}

static int js_bind(struct m3_args *args)
{
	return m3_bind(args->v[0].object, args->v[1].i32);
}

static int js_tbind(struct m3_args *args)
{
	return m3_tbind(args->v[0].object, args->v[1].i32);
}

/* Endpoints may be negative: they come back in an array of one. */
static int js_wait4bind(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	if (v[1].length < 1)
		return -M3_EMSGSIZE;
	return m3_wait4bind(v[0].object, v[1].data, v[2].i32);
}

static int js_getep(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	if (v[2].length < 1)
		return -M3_EMSGSIZE;
	return m3_getep(v[0].object, v[1].i32, v[2].data);
}

static int js_unbind(struct m3_args *args)
{
	return m3_unbind(args->v[0].object, args->v[1].i32);
}

static int js_bell(struct m3_args *args)
{
	return m3_bell(args->v[0].object);
}

static int js_bell_serve(struct m3_args *args)
{
	return m3_bell_serve(args->v[0].object, args->v[1].data,
			     (int)args->v[1].length);
}

static int js_watch_endpoint(struct m3_args *args)
{
	return m3_watch(args->v[0].object, args->v[1].i32, args->v[2].i32);
}

static napi_value js_alloc(struct m3_args *args)
{
	return m3_view_make(args->v[0].handle, args->v[1].i32,
			    args->v[2].u32);
}

static int js_free(struct m3_args *args)
{
	return m3_view_free(args->v[0].handle, args->v[1].i32,
			    args->v[2].address);
}

#define MEMBER { "member", M3_ARG_MEMBER }
#define ENDPOINT { "endpoint", M3_ARG_I32 }
#define OUT { "out", M3_ARG_I32S }

const struct m3_function m3_member_functions[] = {
	{ "join", NULL, js_join, { { "dir", M3_ARG_TEXT },
				   { "dc", M3_ARG_I32 } } },
	{ "leave", js_leave, NULL, { MEMBER } },
	{ "bind", js_bind, NULL, { MEMBER, ENDPOINT } },
	{ "tbind", js_tbind, NULL, { MEMBER, ENDPOINT } },
	{ "wait4bind", js_wait4bind, NULL,
	  { MEMBER, OUT, { "timeout", M3_ARG_I32 } } },
	{ "getep", js_getep, NULL, { MEMBER, { "pid", M3_ARG_I32 }, OUT } },
	{ "unbind", js_unbind, NULL, { MEMBER, ENDPOINT } },
	{ "bell", js_bell, NULL, { MEMBER } },
	{ "bellServe", js_bell_serve, NULL,
	  { MEMBER, { "endpoints", M3_ARG_I32S } } },
	{ "watchEndpoint", js_watch_endpoint, NULL,
	  { MEMBER, ENDPOINT, { "on", M3_ARG_I32 } } },
	{ "alloc", NULL, js_alloc,
	  { MEMBER, { "self", M3_ARG_I32 }, { "bytes", M3_ARG_U32 } } },
	{ "free", js_free, NULL,
	  { MEMBER, { "self", M3_ARG_I32 }, { "address", M3_ARG_ADDRESS } } },
	{ NULL, NULL, NULL, { { NULL, M3_ARG_END } } },
};
