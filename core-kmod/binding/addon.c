// SPDX-License-Identifier: MIT
/* Registers the functions of all tables, and calls them. */
#include "addon.h"

static napi_value invoke(napi_env env, napi_callback_info info)
{
	napi_value argv[M3_ARGS_MAX];
	size_t argc = M3_ARGS_MAX;
	const struct m3_function *function;
	struct m3_args args;
	void *data;
	int i, error;

	if (napi_get_cb_info(env, info, &argc, argv, &args.self, &data))
		return NULL;
	function = data;
	args.env = env;
	args.used = 0;
	for (i = 0; i < M3_ARGS_MAX && function->params[i].kind; i++) {
		error = m3_arg_parse(&args, &function->params[i], &args.v[i],
				     argv[i]);
		if (error > 0)
			return NULL;
		if (error < 0)
			return m3_js_int(env, error);
	}
	if (function->make)
		return function->make(&args);
	return m3_js_int(env, function->call(&args));
}

static bool define(napi_env env, napi_value exports,
		   const struct m3_function *table)
{
	napi_value function;

	for (; table->name; table++) {
		if (napi_create_function(env, table->name, NAPI_AUTO_LENGTH,
					 invoke, (void *)table, &function) ||
		    napi_set_named_property(env, exports, table->name,
					    function))
			return false;
	}
	return true;
}

/* What TypeScript must know of struct m3_call and of the header. */
static bool define_numbers(napi_env env, napi_value exports)
{
	static const struct {
		const char *name;
		uint32_t value;
	} numbers[] = {
		{ "abiVersion", M3_ABI_VERSION },
		{ "callBytes", sizeof(struct m3_call) },
		{ "callCopied", offsetof(struct m3_call, copied) },
	};
	napi_value number;
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (napi_create_uint32(env, numbers[i].value, &number) ||
		    napi_set_named_property(env, exports, numbers[i].name,
					    number))
			return false;
	}
	return true;
}

NAPI_MODULE_INIT()
{
	static const struct m3_function *const tables[] = {
		m3_aead_functions,    m3_call_functions,
		m3_request_functions, m3_member_functions,
		m3_node_functions,    m3_process_functions,
		m3_migrate_functions, m3_info_functions,
		m3_proxy_functions,   m3_watch_functions,
		m3_socket_functions,  m3_shared_functions,
	};
	size_t i;

	if (!define_numbers(env, exports))
		return NULL;
	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (!define(env, exports, tables[i]))
			return NULL;
	}
	return exports;
}
