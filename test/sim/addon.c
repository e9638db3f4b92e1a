// SPDX-License-Identifier: MIT
/*
 * The addon of `npm run sim`: the real one, and what a simulation needs beside
 * it. Several processes live in one thread, and each of them can be killed
 * (mortal.c).
 */
#include "../../core-kmod/binding/addon.h"
#include "sim.h"

/* What the real addon's registration is called here: see the Makefile. */
napi_value m3_addon_init(napi_env env, napi_value exports);

static struct m3_handle *handle_of(napi_env env, napi_callback_info info,
				   enum m3_handle_kind kind)
{
	struct m3_handle *handle;
	napi_value value;
	size_t count = 1;

	if (napi_get_cb_info(env, info, &count, &value, NULL, NULL) ||
	    m3_handle_get(env, value, kind, &handle))
		return NULL;
	return handle;
}

static void kill_handle(struct m3_handle *handle)
{
	if (!handle)
		return;
	m3_sim.killing = 1;
	if (handle->kind == M3_HANDLE_MEMBER)
		m3_view_detach_all(handle);
	m3_handle_close(handle);
	m3_sim.killing = 0;
}

/* simKillMember(member): its process dies, as by kill -9. */
static napi_value kill_member(napi_env env, napi_callback_info info)
{
	kill_handle(handle_of(env, info, M3_HANDLE_MEMBER));
	return NULL;
}

/* simKillNode(node): the process that has it open dies, with its proxies. */
static napi_value kill_node(napi_env env, napi_callback_info info)
{
	kill_handle(handle_of(env, info, M3_HANDLE_NODE));
	return NULL;
}

/* simRung(member): 1 if its bell was rung since it was served. */
static napi_value rung(napi_env env, napi_callback_info info)
{
	struct m3_handle *h = handle_of(env, info, M3_HANDLE_MEMBER);

	return m3_js_int(env, h && m3_sim_rung(h->object));
}

static uint64_t u64_of(napi_env env, napi_value value)
{
	int64_t number = 0;

	napi_get_value_int64(env, value, &number);
	return (uint64_t)number;
}

/* simArm(points): who runs now dies at that crash point; 0: at none. */
static napi_value arm(napi_env env, napi_callback_info info)
{
	size_t count = 1;
	napi_value value;

	if (napi_get_cb_info(env, info, &count, &value, NULL, NULL))
		return NULL;
	m3_sim.fuse = (uint32_t)u64_of(env, value);
	return NULL;
}

/* simLeft(): crash points that are left of it. */
static napi_value left(napi_env env, napi_callback_info info)
{
	(void)info;
	return m3_js_int(env, (int)m3_sim.fuse);
}

/* simDied(): 1 if the last call was died in; asked once. */
static napi_value died(napi_env env, napi_callback_info info)
{
	int was = m3_sim.died;

	(void)info;
	m3_sim.died = 0;
	return m3_js_int(env, was);
}

/* simWorld(seed, now): chance starts again; what time it is, in ns. */
static napi_value world(napi_env env, napi_callback_info info)
{
	napi_value value[2];
	size_t count = 2;

	if (napi_get_cb_info(env, info, &count, value, NULL, NULL))
		return NULL;
	m3_sim.seed = u64_of(env, value[0]);
	m3_sim.now_ns = u64_of(env, value[1]);
	m3_sim.drawn = 0;
	m3_sim.fuse = 0;
	m3_sim.died = 0;
	return NULL;
}

/* simTime(now): in ns. */
static napi_value set_time(napi_env env, napi_callback_info info)
{
	size_t count = 1;
	napi_value value;

	if (!napi_get_cb_info(env, info, &count, &value, NULL, NULL))
		m3_sim.now_ns = u64_of(env, value);
	return NULL;
}

NAPI_EXTERN napi_value napi_register_module_v1(napi_env env,
					       napi_value exports);
NAPI_EXTERN napi_value napi_register_module_v1(napi_env env, napi_value exports)
{
	static const struct {
		const char *name;
		napi_callback call;
	} functions[] = {
		{ "simKillMember", kill_member }, { "simKillNode", kill_node },
		{ "simRung", rung },		  { "simArm", arm },
		{ "simLeft", left },		  { "simDied", died },
		{ "simWorld", world },		  { "simTime", set_time },
	};
	napi_value all = m3_addon_init(env, exports), one;
	size_t i;

	for (i = 0; all && i < sizeof(functions) / sizeof(functions[0]); i++)
		if (napi_create_function(env, functions[i].name,
					 NAPI_AUTO_LENGTH, functions[i].call,
					 NULL, &one) ||
		    napi_set_named_property(env, all, functions[i].name, one))
			return NULL;
	return all;
}
