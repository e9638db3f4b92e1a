// SPDX-License-Identifier: MIT
/* Management of the endpoints of a DC. */
#include <string.h>
#include "addon.h"

static int js_lclbind(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_lclbind(v[0].object, v[1].i32, v[2].i32, v[3].i32);
}

static int js_rmtbind(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_rmtbind(v[0].object, v[1].i32, v[2].text, v[3].i32,
			  v[4].i32);
}

static int js_bkupbind(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_bkupbind(v[0].object, v[1].i32, v[2].i32, v[3].i32,
			   v[4].i32);
}

static int js_replbind(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_replbind(v[0].object, v[1].i32, v[2].i32, v[3].i32);
}

static int js_unbind_any(struct m3_args *args)
{
	return m3_unbind_any(args->v[0].object, args->v[1].i32,
			     args->v[2].i32);
}

static int js_wakeup(struct m3_args *args)
{
	return m3_wakeup(args->v[0].object, args->v[1].i32, args->v[2].i32);
}

static int js_hdw_notify(struct m3_args *args)
{
	return m3_hdw_notify(args->v[0].object, args->v[1].i32,
			     args->v[2].i32);
}

static int js_set_privileges(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	struct m3_priv priv = {
		.level = v[3].i32,
		.warn = v[4].i32,
		.calls = v[5].address,
	};
	size_t count = M3_MAX_ENDPOINTS / 64;
	int negative;

	if (napi_get_value_bigint_words(args->env, v[6].value, &negative,
					&count, priv.to))
		return -M3_EINVAL;
	return m3_setpriv(v[0].object, v[1].i32, v[2].i32, &priv);
}

static int js_set_lanes(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	struct m3_lanes lanes = { { 0 } };
	size_t count = M3_MAX_ENDPOINTS / 64;
	int negative;

	if (napi_get_value_bigint_words(args->env, v[2].value, &negative,
					&count, lanes.urgent))
		return -M3_EINVAL;
	return m3_setlanes(v[0].object, v[1].i32, &lanes);
}

#define NODE { "node", M3_ARG_NODE }
#define DC { "dc", M3_ARG_I32 }
#define ID { "id", M3_ARG_I32 }
#define PID { "pid", M3_ARG_I32 }
#define ENDPOINT { "endpoint", M3_ARG_I32 }

const struct m3_function m3_process_functions[] = {
	{ "lclbind", js_lclbind, NULL, { NODE, DC, PID, ENDPOINT } },
	{ "rmtbind", js_rmtbind, NULL,
	  { NODE, DC, { "name", M3_ARG_TEXT }, ENDPOINT, ID } },
	{ "bkupbind", js_bkupbind, NULL, { NODE, DC, PID, ENDPOINT, ID } },
	{ "replbind", js_replbind, NULL, { NODE, DC, PID, ENDPOINT } },
	{ "unbindAny", js_unbind_any, NULL, { NODE, DC, ENDPOINT } },
	{ "wakeup", js_wakeup, NULL, { NODE, DC, ENDPOINT } },
	{ "hdwNotify", js_hdw_notify, NULL, { NODE, DC, ENDPOINT } },
	{ "setPrivileges", js_set_privileges, NULL,
	  { NODE, DC, ENDPOINT, { "level", M3_ARG_I32 },
	    { "warn", M3_ARG_I32 }, { "calls", M3_ARG_U64 },
	    { "to", M3_ARG_BITS } } },
	{ "setLanes", js_set_lanes, NULL,
	  { NODE, DC, { "urgent", M3_ARG_BITS } } },
	{ NULL, NULL, NULL, { { NULL, M3_ARG_END } } },
};
