// SPDX-License-Identifier: MIT
/* Views of the core's state, as plain objects. Off the data path. */
#include <string.h>
#include "addon.h"

/* An object under construction: after the first failure nothing is set. */
struct object {
	napi_env env;
	napi_value value;
	bool failed;
};

static struct object start_object(napi_env env)
{
	struct object object = { env, NULL, false };

	object.failed = napi_create_object(env, &object.value) != napi_ok;
	return object;
}

static void put(struct object *object, const char *key, napi_status status,
		const napi_value *value)
{
	if (status || object->failed ||
	    napi_set_named_property(object->env, object->value, key, *value))
		object->failed = true;
}

/* Counts and times: exact to 2^53. */
static void put_number(struct object *object, const char *key, double number)
{
	napi_value value;

	put(object, key, napi_create_double(object->env, number, &value),
	    &value);
}

/* Identities, which use all 64 bits. */
static void put_u64(struct object *object, const char *key, uint64_t number)
{
	napi_value value;

	put(object, key,
	    napi_create_bigint_uint64(object->env, number, &value), &value);
}

/* A set: bit n says whether n is in it. */
static void put_bits(struct object *object, const char *key,
		     const uint64_t *words, size_t count)
{
	napi_value value;

	put(object, key,
	    napi_create_bigint_words(object->env, 0, count, words, &value),
	    &value);
}

static void put_flag(struct object *object, const char *key, bool flag)
{
	napi_value value;

	put(object, key, napi_get_boolean(object->env, flag, &value), &value);
}

static void put_name(struct object *object, const char *key,
		     const char name[M3_NAME_BYTES])
{
	size_t length = strnlen(name, M3_NAME_BYTES);
	napi_value value;

	put(object, key,
	    napi_create_string_utf8(object->env, name, length, &value),
	    &value);
}

static napi_value finish_object(struct object *object)
{
	return object->failed ? NULL : object->value;
}

static napi_value js_dvs_info(struct m3_args *args)
{
	struct m3_dvs_info info;
	int error = m3_getdvsinfo(args->v[0].object, &info);
	struct object object;

	if (error)
		return m3_js_int(args->env, error);
	object = start_object(args->env);
	put_number(&object, "node", info.params.node);
	put_number(&object, "maxNodes", info.params.max_nodes);
	put_number(&object, "maxDcs", info.params.max_dcs);
	put_name(&object, "cluster", info.params.cluster);
	put_u64(&object, "incarnation", info.incarnation);
	put_number(&object, "abiVersion", info.abi_version);
	put_number(&object, "dcs", info.dcs);
	put_number(&object, "nodes", info.nodes);
	put_number(&object, "runtimePid", info.runtime_pid);
	return finish_object(&object);
}

/* Of a DC, unless there is an error. */
static napi_value dc_object(struct m3_args *args, int error,
			    const struct m3_dc_info *info)
{
	struct object object;

	if (error)
		return m3_js_int(args->env, error);
	object = start_object(args->env);
	put_number(&object, "dc", info->params.dc);
	put_number(&object, "tasks", info->params.tasks);
	put_number(&object, "procs", info->params.procs);
	put_number(&object, "arenaBytes", info->params.arena_bytes);
	put_number(&object, "mode", info->params.mode);
	put_number(&object, "gid", info->params.gid);
	put_name(&object, "name", info->params.name);
	put_u64(&object, "incarnation", info->incarnation);
	put_number(&object, "bound", info->bound);
	put_number(&object, "members", info->members);
	put_number(&object, "arenaUsed", info->arena_used);
	put_number(&object, "warn2proc", info->params.warn2proc);
	put_number(&object, "warnmsg", info->params.warnmsg);
	put_flag(&object, "affinity", info->params.flags & M3_DC_AFFINITY);
	put_flag(&object, "implicitGrants",
		 !(info->params.flags & M3_DC_NO_IMPLICIT_GRANTS));
	put_bits(&object, "cpus", info->params.cpus, M3_CPU_WORDS);
	return finish_object(&object);
}

static napi_value js_dc_info(struct m3_args *args)
{
	struct m3_dc_info info;
	int error = m3_getdcinfo(args->v[0].object, args->v[1].i32, &info);

	return dc_object(args, error, &info);
}

static napi_value js_member_dc_info(struct m3_args *args)
{
	struct m3_dc_info info;
	int error = m3_member_dcinfo(args->v[0].object, &info);

	return dc_object(args, error, &info);
}

static napi_value js_dc_counters(struct m3_args *args)
{
	struct m3_dc_counters c;
	int error = m3_dc_counters(args->v[0].object, args->v[1].i32, &c);
	struct object object;

	if (error)
		return m3_js_int(args->env, error);
	object = start_object(args->env);
	put_number(&object, "delivered", c.delivered);
	put_number(&object, "duplicates", c.duplicates);
	put_number(&object, "replayed", c.replayed);
	put_number(&object, "voided", c.voided);
	put_number(&object, "staleAnswers", c.stale_answers);
	put_number(&object, "mergedNotifies", c.merged_notifies);
	put_number(&object, "badLength", c.bad_length);
	put_number(&object, "badKind", c.bad_kind);
	put_number(&object, "badNode", c.bad_node);
	put_number(&object, "badEndpoint", c.bad_endpoint);
	put_number(&object, "badBinding", c.bad_binding);
	put_number(&object, "refused", c.refused);
	put_number(&object, "rejected", c.rejected);
	put_number(&object, "dropped", c.dropped);
	put_number(&object, "repairs", c.repairs);
	return finish_object(&object);
}

static napi_value proc_object(struct m3_args *args, int error,
			      const struct m3_proc_info *info)
{
	struct object object;

	if (error)
		return m3_js_int(args->env, error);
	object = start_object(args->env);
	put_number(&object, "slot", info->p_nr);
	put_number(&object, "endpoint", info->endpoint);
	put_number(&object, "pid", info->pid);
	put_number(&object, "node", info->node);
	put_number(&object, "rtsFlags", info->rts_flags);
	put_number(&object, "miscFlags", info->misc_flags);
	put_number(&object, "getfrom", info->getfrom);
	put_number(&object, "sendto", info->sendto);
	put_number(&object, "waitmigr", info->waitmigr);
	put_number(&object, "proxy", info->proxy);
	put_number(&object, "wait", info->wait);
	put_number(&object, "waitLane", info->wait_lane);
	put_number(&object, "waitSinceMs", info->wait_since / 1000000);
	put_u64(&object, "binding", info->binding);
	put_number(&object, "localSent", info->local_sent);
	put_number(&object, "remoteSent", info->remote_sent);
	put_number(&object, "localCopies", info->local_copies);
	put_number(&object, "remoteCopies", info->remote_copies);
	put_name(&object, "name", info->name);
	return finish_object(&object);
}

static napi_value js_proc_info(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	struct m3_proc_info info;
	int error = m3_getprocinfo(v[0].object, v[1].i32, v[2].i32, &info);

	return proc_object(args, error, &info);
}

static napi_value js_member_proc_info(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	struct m3_proc_info info;
	int error = m3_member_procinfo(v[0].object, v[1].i32, &info);

	return proc_object(args, error, &info);
}

static napi_value js_node_info(struct m3_args *args)
{
	struct m3_node_info info;
	int error = m3_getnodeinfo(args->v[0].object, args->v[1].i32, &info);
	struct object object;

	if (error)
		return m3_js_int(args->env, error);
	object = start_object(args->env);
	put_number(&object, "node", info.node);
	put_number(&object, "flags", info.flags);
	put_number(&object, "dcs", info.dcs);
	put_number(&object, "proxyPid", info.proxy_pid);
	put_number(&object, "framesSent", info.frames_sent);
	put_number(&object, "framesReceived", info.frames_received);
	put_number(&object, "recordsSent", info.records_sent);
	put_number(&object, "recordsReceived", info.records_received);
	put_number(&object, "sendTimeMs", info.send_time / 1000000);
	put_number(&object, "receiveTimeMs", info.receive_time / 1000000);
	put_name(&object, "name", info.name);
	return finish_object(&object);
}

static napi_value js_proxy_info(struct m3_args *args)
{
	struct m3_proxy_info info;
	int error = m3_getproxyinfo(args->v[0].object, args->v[1].i32, &info);
	struct object object;

	if (error)
		return m3_js_int(args->env, error);
	object = start_object(args->env);
	put_number(&object, "id", info.id);
	put_number(&object, "flags", info.flags);
	put_number(&object, "sender", info.sender);
	put_number(&object, "receiver", info.receiver);
	put_number(&object, "maxBytes", info.max_bytes);
	put_name(&object, "name", info.name);
	return finish_object(&object);
}

static napi_value js_lane_info(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	struct m3_lane_info info;
	int error = m3_getlaneinfo(v[0].object, v[1].i32, v[2].i32, v[3].i32,
				   &info);
	struct object object;

	if (error)
		return m3_js_int(args->env, error);
	object = start_object(args->env);
	put_number(&object, "next", info.next);
	put_number(&object, "acked", info.acked);
	put_number(&object, "granted", info.granted);
	put_number(&object, "expected", info.expected);
	put_number(&object, "queued", info.queued);
	put_number(&object, "window", info.window);
	return finish_object(&object);
}

static napi_value js_privileges(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	struct m3_priv priv;
	int error = m3_getpriv(v[0].object, v[1].i32, v[2].i32, &priv);
	struct object object;

	if (error)
		return m3_js_int(args->env, error);
	object = start_object(args->env);
	put_number(&object, "level", priv.level);
	put_number(&object, "warn", priv.warn);
	put_u64(&object, "calls", priv.calls);
	put_bits(&object, "to", priv.to, M3_MAX_ENDPOINTS / 64);
	return finish_object(&object);
}

#define MEMBER { "member", M3_ARG_MEMBER }
#define NODE { "node", M3_ARG_NODE }
#define DC { "dc", M3_ARG_I32 }

const struct m3_function m3_info_functions[] = {
	{ "dvsInfo", NULL, js_dvs_info, { NODE } },
	{ "dcInfo", NULL, js_dc_info, { NODE, DC } },
	{ "memberDcInfo", NULL, js_member_dc_info, { MEMBER } },
	{ "memberProcInfo", NULL, js_member_proc_info,
	  { MEMBER, { "slot", M3_ARG_I32 } } },
	{ "dcCounters", NULL, js_dc_counters, { NODE, DC } },
	{ "procInfo", NULL, js_proc_info,
	  { NODE, DC, { "slot", M3_ARG_I32 } } },
	{ "privileges", NULL, js_privileges,
	  { NODE, DC, { "endpoint", M3_ARG_I32 } } },
	{ "laneInfo", NULL, js_lane_info,
	  { NODE, DC, { "id", M3_ARG_I32 }, { "lane", M3_ARG_I32 } } },
	{ "proxyInfo", NULL, js_proxy_info,
	  { NODE, { "id", M3_ARG_I32 } } },
	{ "nodeInfo", NULL, js_node_info, { NODE, { "id", M3_ARG_I32 } } },
	{ NULL, NULL, NULL, { { NULL, M3_ARG_END } } },
};
