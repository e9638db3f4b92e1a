// SPDX-License-Identifier: MIT
/* Migration and promotion. */
#include "addon.h"

static int js_migr_start(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_migr_start(v[0].object, v[1].i32, v[2].i32, v[3].i32,
			     v[4].address, v[5].i32);
}

static napi_value export_into(struct m3_args *args, uint32_t size)
{
	struct m3_arg *v = args->v;
	napi_value state, view;
	void *data;
	int error;

	if (napi_create_arraybuffer(args->env, size, &data, &state))
		return NULL;
	error = m3_migr_export(v[0].object, v[1].i32, v[2].i32, v[3].address,
			       data, &size);
	if (error)
		return m3_js_int(args->env, error);
	return napi_create_typedarray(args->env, napi_uint8_array, size, state,
				      0, &view) ?
		       NULL : view;
}

/* A frozen endpoint does not change: what is asked first holds afterwards. */
static napi_value js_migr_export(struct m3_args *args)
{
	struct m3_arg *v = args->v;
	uint32_t size = 0;
	int error = m3_migr_export(v[0].object, v[1].i32, v[2].i32,
				   v[3].address, NULL, &size);

	if (error && error != -M3_EMSGSIZE)
		return m3_js_int(args->env, error);
	return export_into(args, size);
}

static int js_migr_commit(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_migr_commit(v[0].object, v[1].i32, v[2].i32, v[3].i32,
			      v[4].i32, v[5].address,
			      v[6].length ? v[6].data : NULL,
			      (uint32_t)v[6].length);
}

static int js_migr_rollback(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_migr_rollback(v[0].object, v[1].i32, v[2].i32,
				v[3].address);
}

static int js_promote(struct m3_args *args)
{
	struct m3_arg *v = args->v;

	return m3_promote(v[0].object, v[1].i32, v[2].i32, v[3].i32, v[4].i32,
			  v[5].u32);
}

#define NODE { "node", M3_ARG_NODE }
#define DC { "dc", M3_ARG_I32 }
#define ENDPOINT { "endpoint", M3_ARG_I32 }
#define ID { "id", M3_ARG_I32 }
#define PID { "pid", M3_ARG_I32 }
#define TXN { "txn", M3_ARG_U64 }

const struct m3_function m3_migrate_functions[] = {
	{ "migrStart", js_migr_start, NULL,
	  { NODE, DC, ENDPOINT, { "target", M3_ARG_I32 }, TXN,
	    { "timeout", M3_ARG_I32 } } },
	{ "migrExport", NULL, js_migr_export, { NODE, DC, ENDPOINT, TXN } },
	{ "migrCommit", js_migr_commit, NULL,
	  { NODE, DC, ENDPOINT, ID, PID, TXN, { "state", M3_ARG_BYTES } } },
	{ "migrRollback", js_migr_rollback, NULL, { NODE, DC, ENDPOINT, TXN } },
	{ "promote", js_promote, NULL,
	  { NODE, DC, ENDPOINT, ID, PID, { "flags", M3_ARG_U32 } } },
	{ NULL, NULL, NULL, { { NULL, M3_ARG_END } } },
};
