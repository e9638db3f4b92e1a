// SPDX-License-Identifier: MIT
/*
 * The proxy's side of the core. A frame is a Uint8Array and an offset: its
 * memory is filled, or read, in place during the call.
 */
#include <string.h>
#include "addon.h"

static napi_value js_attach(struct m3_args *args)
{
	struct m3_handle *node = args->v[0].handle;
	struct m3_proxy *proxy;
	int error = m3_attach(node->object, args->v[1].i32, &proxy);

	if (error)
		return m3_js_int(args->env, error);
	return m3_handle_make(args->env, M3_HANDLE_PROXY, proxy, node);
}

static int js_detach(struct m3_args *args)
{
	m3_handle_close(args->v[0].handle);
	return 0;
}

static int js_node_bell(struct m3_args *args)
{
	return m3_node_bell(args->v[0].object);
}

static int js_node_serve(struct m3_args *args)
{
	return m3_node_serve(args->v[0].object, args->v[1].data,
			     (int)args->v[1].length);
}

static int js_proxy_dcs(struct m3_args *args)
{
	return m3_proxy_dcs(args->v[0].object, args->v[1].data,
			    (int)args->v[1].length);
}

/* `bytes` at offset `at`, or NULL if it has no `size` bytes there. */
static void *range_at(const struct m3_arg *bytes, uint32_t at, uint32_t size)
{
	if (at > bytes->length || size > bytes->length - at)
		return NULL;
	return (uint8_t *)bytes->data + at;
}

/* The range has any alignment, the struct its own: hence the copies. */
static int js_proxy_open(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	struct m3_dc_open open;
	void *range = range_at(&v[2], v[3].u32, sizeof(open));
	int error;

	if (!range)
		return -M3_EMSGSIZE;
	error = m3_proxy_open(v[0].object, v[1].i32, &open);
	if (!error)
		memcpy(range, &open, sizeof(open));
	return error;
}

static int js_proxy_opened(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	struct m3_dc_open open;
	void *range = range_at(&v[1], v[2].u32, sizeof(open));

	if (!range)
		return -M3_EPROTO;
	memcpy(&open, range, sizeof(open));
	return m3_proxy_opened(v[0].object, &open);
}

static int js_proxy_disconnected(struct m3_args *args)
{
	return m3_proxy_disconnected(args->v[0].object);
}

static int js_proxy_give_up(struct m3_args *args)
{
	return m3_proxy_give_up(args->v[0].object, args->v[1].i32);
}

static int js_proxy_chunk(struct m3_args *args)
{
	return m3_proxy_chunk(args->v[0].object, args->v[1].u32);
}

static int js_proxy_queues(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	if (v[2].u32)
		return m3_proxy_rest(v[0].object, v[1].data, (int)v[1].length);
	return m3_proxy_queues(v[0].object, v[1].data, (int)v[1].length);
}

static int js_proxy_take(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	void *range = range_at(&v[3], v[4].u32, v[5].u32);
	uint32_t count;

	if (!range)
		return -M3_EMSGSIZE;
	return m3_proxy_take(v[0].object, v[1].i32, v[2].i32, range, v[5].u32,
			     &count);
}

static int js_proxy_acknowledge(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	void *range = range_at(&v[2], v[3].u32, v[4].u32);

	if (!range)
		return -M3_EMSGSIZE;
	return m3_proxy_acknowledge(v[0].object, v[1].i32, range, v[4].u32);
}

static int js_proxy_put(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	void *range = range_at(&v[1], v[2].u32, v[3].u32);

	if (!range)
		return -M3_EMSGSIZE;
	return m3_proxy_put(v[0].object, range, v[3].u32);
}

#define NODE { "node", M3_ARG_NODE }
#define PROXY { "proxy", M3_ARG_PROXY }
#define DC { "dc", M3_ARG_I32 }
#define RANGE { "bytes", M3_ARG_BYTES }, { "at", M3_ARG_U32 }
#define SIZE { "size", M3_ARG_U32 }

const struct m3_function m3_proxy_functions[] = {
	{ "attach", NULL, js_attach, { NODE, { "peer", M3_ARG_I32 } } },
	{ "detach", js_detach, NULL, { PROXY } },
	{ "nodeBell", js_node_bell, NULL, { NODE } },
	{ "nodeServe", js_node_serve, NULL,
	  { NODE, { "peers", M3_ARG_I32S } } },
	{ "proxyDcs", js_proxy_dcs, NULL, { PROXY, { "dcs", M3_ARG_U16S } } },
	{ "proxyOpen", js_proxy_open, NULL, { PROXY, DC, RANGE } },
	{ "proxyOpened", js_proxy_opened, NULL, { PROXY, RANGE } },
	{ "proxyDisconnected", js_proxy_disconnected, NULL, { PROXY } },
	{ "proxyGiveUp", js_proxy_give_up, NULL,
	  { PROXY, { "error", M3_ARG_I32 } } },
	{ "proxyChunk", js_proxy_chunk, NULL,
	  { PROXY, { "bytes", M3_ARG_U32 } } },
	{ "proxyQueues", js_proxy_queues, NULL,
	  { PROXY, { "out", M3_ARG_U32S }, { "resting", M3_ARG_U32 } } },
	{ "proxyTake", js_proxy_take, NULL,
	  { PROXY, DC, { "lane", M3_ARG_I32 }, RANGE, SIZE } },
	{ "proxyAcknowledge", js_proxy_acknowledge, NULL,
	  { PROXY, DC, RANGE, SIZE } },
	{ "proxyPut", js_proxy_put, NULL, { PROXY, RANGE, SIZE } },
	{ NULL, NULL, NULL, { { NULL, M3_ARG_END } } },
};
