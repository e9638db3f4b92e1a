// SPDX-License-Identifier: MIT
/* Arguments: from JavaScript values, with one wording of every complaint. */
#include <stdio.h>
#include <string.h>
#include "addon.h"

napi_value m3_js_int(napi_env env, int value)
{
	napi_value result;

	return napi_create_int32(env, value, &result) ? NULL : result;
}

napi_value m3_js_u64(napi_env env, int error, uint64_t value)
{
	napi_value result;

	if (error)
		return m3_js_int(env, error);
	return napi_create_bigint_uint64(env, value, &result) ? NULL : result;
}

static int complain(napi_env env, const struct m3_param *param,
		    const char *expected)
{
	char text[160];

	snprintf(text, sizeof(text), "argument '%s' must be %s", param->name,
		 expected);
	napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", text);
	return 1;
}

/* Doubles are read, since Node-API's integer getters wrap silently. */
static int parse_number(napi_env env, const struct m3_param *param,
			struct m3_arg *arg, napi_value value)
{
	bool is_signed = param->kind == M3_ARG_I32;
	double low = is_signed ? INT32_MIN : 0;
	double high = is_signed ? (double)INT32_MAX : (double)UINT32_MAX;
	double number;

	if (napi_get_value_double(env, value, &number) ||
	    !(number >= low && number <= high) ||
	    number != (double)(int64_t)number)
		return complain(env, param,
				is_signed ? "a 32-bit integer" :
					    "an unsigned 32-bit integer");
	if (is_signed)
		arg->i32 = (int32_t)number;
	else
		arg->u32 = (uint32_t)number;
	return 0;
}

static int parse_text(struct m3_args *args, const struct m3_param *param,
		      struct m3_arg *arg, napi_value value)
{
	size_t room = M3_TEXT_BYTES - args->used;
	char *text = args->text + args->used;
	size_t length;

	if (napi_get_value_string_utf8(args->env, value, text, room, &length))
		return complain(args->env, param, "a string");
	if (length + 1 >= room)
		return complain(args->env, param, "shorter");
	if (strlen(text) != length)
		return complain(args->env, param, "a string without NUL");
	args->used += length + 1;
	arg->text = text;
	return 0;
}

/*
 * What an array argument must be: the type of its elements, and how many of
 * them (0: any number), and their alignment in bytes.
 */
struct shape {
	napi_typedarray_type type;
	size_t length;
	size_t alignment;
	const char *expected;
};

static const struct shape shapes[M3_ARG_KINDS] = {
	[M3_ARG_ADDRESS] = { napi_uint8_array, 0, 1,
			     "a bigint or a Uint8Array" },
	[M3_ARG_MESSAGE] = { napi_uint8_array, sizeof(struct m3_message), 4,
			     "an aligned Uint8Array of 64 bytes" },
	[M3_ARG_OPTIONAL_MESSAGE] = { napi_uint8_array,
				      sizeof(struct m3_message), 4,
				      "an aligned Uint8Array of 64 bytes" },
	[M3_ARG_CALL] = { napi_uint8_array, sizeof(struct m3_call), 8,
			  "an aligned Uint8Array of callBytes" },
	[M3_ARG_BYTES] = { napi_uint8_array, 0, 1, "a Uint8Array" },
	[M3_ARG_U16S] = { napi_uint16_array, 0, 2, "a Uint16Array" },
	[M3_ARG_I32S] = { napi_int32_array, 0, 4, "an Int32Array" },
	[M3_ARG_U32S] = { napi_uint32_array, 0, 4, "a Uint32Array" },
};

static int parse_array(napi_env env, const struct m3_param *param,
		       struct m3_arg *arg, napi_value value)
{
	const struct shape *shape = &shapes[param->kind];
	napi_typedarray_type type;

	if (napi_get_typedarray_info(env, value, &type, &arg->length,
				     &arg->data, NULL, NULL) ||
	    type != shape->type ||
	    (shape->length && arg->length != shape->length) ||
	    (uintptr_t)arg->data % shape->alignment)
		return complain(env, param, shape->expected);
	arg->address = (uintptr_t)arg->data;
	arg->value = value;
	return 0;
}

static int parse_u64(napi_env env, const struct m3_param *param,
		     struct m3_arg *arg, napi_value value)
{
	bool lossless;

	arg->length = SIZE_MAX;
	if (napi_get_value_bigint_uint64(env, value, &arg->address,
					 &lossless) ||
	    !lossless)
		return complain(env, param, "an unsigned 64-bit bigint");
	return 0;
}

static int parse_address(napi_env env, const struct m3_param *param,
			 struct m3_arg *arg, napi_value value)
{
	napi_valuetype type;

	if (napi_typeof(env, value, &type) || type != napi_bigint)
		return parse_array(env, param, arg, value);
	return parse_u64(env, param, arg, value);
}

static int parse_bits(napi_env env, const struct m3_param *param,
		      struct m3_arg *arg, napi_value value)
{
	uint64_t words[M3_MAX_ENDPOINTS / 64];
	size_t count = M3_MAX_ENDPOINTS / 64;
	int negative;

	if (napi_get_value_bigint_words(env, value, &negative, &count, words) ||
	    negative || count > M3_MAX_ENDPOINTS / 64)
		return complain(env, param, "an unsigned 4096-bit bigint");
	arg->value = value;
	return 0;
}

static int parse_message(napi_env env, const struct m3_param *param,
			 struct m3_arg *arg, napi_value value)
{
	napi_valuetype type;

	if (napi_typeof(env, value, &type) || type != napi_null)
		return parse_array(env, param, arg, value);
	arg->data = NULL;
	return 0;
}

static int parse_function(napi_env env, const struct m3_param *param,
			  struct m3_arg *arg, napi_value value)
{
	napi_valuetype type;

	if (napi_typeof(env, value, &type) || type != napi_function)
		return complain(env, param, "a function");
	arg->value = value;
	return 0;
}

static int parse_handle(napi_env env, const struct m3_param *param,
			struct m3_arg *arg, napi_value value)
{
	enum m3_handle_kind kind = M3_HANDLE_MEMBER +
				   (param->kind - M3_ARG_MEMBER);
	int error = m3_handle_get(env, value, kind, &arg->handle);

	if (error > 0)
		return complain(env, param, "a handle of the right kind");
	arg->object = error ? NULL : arg->handle->object;
	return error;
}

int m3_arg_parse(struct m3_args *args, const struct m3_param *param,
		 struct m3_arg *arg, napi_value value)
{
	switch (param->kind) {
	case M3_ARG_MEMBER:
	case M3_ARG_NODE:
	case M3_ARG_PROXY:
	case M3_ARG_WATCH:
		return parse_handle(args->env, param, arg, value);
	case M3_ARG_I32:
	case M3_ARG_U32:
		return parse_number(args->env, param, arg, value);
	case M3_ARG_TEXT:
		return parse_text(args, param, arg, value);
	case M3_ARG_U64:
		return parse_u64(args->env, param, arg, value);
	case M3_ARG_BITS:
		return parse_bits(args->env, param, arg, value);
	case M3_ARG_ADDRESS:
		return parse_address(args->env, param, arg, value);
	case M3_ARG_OPTIONAL_MESSAGE:
		return parse_message(args->env, param, arg, value);
	case M3_ARG_FUNCTION:
		return parse_function(args->env, param, arg, value);
	default:
		return parse_array(args->env, param, arg, value);
	}
}
