// SPDX-License-Identifier: MIT
/* Management of a node's core. */
#include <string.h>
#include "addon.h"

static int copy_name(char name[M3_NAME_BYTES], const char *text)
{
	size_t length = strlen(text);

	if (length >= M3_NAME_BYTES)
		return -M3_ENAMESIZE;
	memset(name, 0, M3_NAME_BYTES);
	memcpy(name, text, length);
	return 0;
}

static int js_dvs_init(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	struct m3_dvs_params params = {
		.node = v[1].u32,
		.max_nodes = v[2].u32,
		.max_dcs = v[3].u32,
	};
	int error = copy_name(params.cluster, v[4].text);

	return error ? error : m3_dvs_init(v[0].text, &params);
}

static int js_dvs_end(struct m3_args *args)
{
	return m3_dvs_end(args->v[0].text);
}

static napi_value js_node_open(struct m3_args *args)
{
	struct m3_node *node;
	int error = m3_node_open(args->v[0].text, &node);

	if (error)
		return m3_js_int(args->env, error);
	return m3_handle_make(args->env, M3_HANDLE_NODE, node, NULL);
}

static int js_node_close(struct m3_args *args)
{
	m3_handle_close(args->v[0].handle);
	return 0;
}

static int js_dc_init(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	struct m3_dc_params params = {
		.dc = v[1].u32,
		.tasks = v[2].u32,
		.procs = v[3].u32,
		.arena_bytes = v[4].u32,
		.mode = v[5].u32,
		.gid = v[6].u32,
		.warn2proc = v[8].i32,
		.warnmsg = v[9].i32,
		.flags = v[10].u32,
		.cgroup = v[12].i32,
	};
	int error = copy_name(params.name, v[7].text);

	if (v[11].length != 2 * M3_CPU_WORDS)
		return -M3_EBADVALUE;
	memcpy(params.cpus, v[11].data, sizeof(params.cpus));
	return error ? error : m3_dc_init(v[0].object, &params);
}

static int js_dc_end(struct m3_args *args)
{
	return m3_dc_end(args->v[0].object, args->v[1].i32);
}

static int js_node_up(struct m3_args *args)
{
	return m3_node_up(args->v[0].object, args->v[1].i32, args->v[2].text);
}

static int js_node_down(struct m3_args *args)
{
	return m3_node_down(args->v[0].object, args->v[1].i32);
}

static int js_add_node(struct m3_args *args)
{
	return m3_add_node(args->v[0].object, args->v[1].i32, args->v[2].i32);
}

static int js_del_node(struct m3_args *args)
{
	return m3_del_node(args->v[0].object, args->v[1].i32, args->v[2].i32);
}

static int js_dc_spans(struct m3_args *args)
{
	return m3_dc_spans(args->v[0].object, args->v[1].i32, args->v[2].i32);
}

static int js_check(struct m3_args *args)
{
	return m3_check(args->v[0].object, args->v[1].i32);
}

static int js_sweep(struct m3_args *args)
{
	return m3_sweep(args->v[0].object);
}

#define NODE { "node", M3_ARG_NODE }
#define DIR { "dir", M3_ARG_TEXT }
#define NAME { "name", M3_ARG_TEXT }
#define DC { "dc", M3_ARG_I32 }
#define ID { "id", M3_ARG_I32 }

const struct m3_function m3_node_functions[] = {
	{ "dvsInit", js_dvs_init, NULL,
	  { DIR, { "node", M3_ARG_U32 }, { "maxNodes", M3_ARG_U32 },
	    { "maxDcs", M3_ARG_U32 }, { "cluster", M3_ARG_TEXT } } },
	{ "dvsEnd", js_dvs_end, NULL, { DIR } },
	{ "nodeOpen", NULL, js_node_open, { DIR } },
	{ "nodeClose", js_node_close, NULL, { NODE } },
	{ "dcInit", js_dc_init, NULL,
	  { NODE, { "dc", M3_ARG_U32 }, { "tasks", M3_ARG_U32 },
	    { "procs", M3_ARG_U32 }, { "arenaBytes", M3_ARG_U32 },
	    { "mode", M3_ARG_U32 }, { "gid", M3_ARG_U32 }, NAME,
	    { "warn2proc", M3_ARG_I32 }, { "warnmsg", M3_ARG_I32 },
	    { "flags", M3_ARG_U32 }, { "cpus", M3_ARG_U32S },
	    { "cgroup", M3_ARG_I32 } } },
	{ "dcEnd", js_dc_end, NULL, { NODE, DC } },
	{ "nodeUp", js_node_up, NULL, { NODE, ID, NAME } },
	{ "nodeDown", js_node_down, NULL, { NODE, ID } },
	{ "addNode", js_add_node, NULL, { NODE, DC, ID } },
	{ "delNode", js_del_node, NULL, { NODE, DC, ID } },
	{ "dcSpans", js_dc_spans, NULL, { NODE, DC, ID } },
	{ "check", js_check, NULL, { NODE, DC } },
	{ "sweep", js_sweep, NULL, { NODE } },
	{ NULL, NULL, NULL, { { NULL, M3_ARG_END } } },
};
