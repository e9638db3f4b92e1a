/* SPDX-License-Identifier: MIT */
/*
 * The addon: m3ipc.h as Node-API functions.
 *
 * Each function is one row of a table: its name, its parameters, and the C
 * function that gets them parsed. A wrong type throws a TypeError that names
 * the parameter. What the core answers is returned as a number, never thrown:
 * 0, a count, or a negative error; core.ts makes a CoreError of it. Calls on
 * the data path allocate nothing: messages and frames are typed arrays, used
 * in place during the call only.
 *
 * There is no global state: each environment (main thread or worker) has its
 * own handles, and a handle is used by the thread of its environment only.
 */
#ifndef M3IPC_ADDON_H
#define M3IPC_ADDON_H

#define NAPI_VERSION 8
#include <node_api.h>
#include <m3ipc/m3ipc.h>
#include <stdbool.h>

#define M3_ARGS_MAX 13
#define M3_TEXT_BYTES 4096

enum m3_arg_kind {
	M3_ARG_END = 0,
	M3_ARG_MEMBER, /* handles: .object is never NULL in a call */
	M3_ARG_NODE,
	M3_ARG_PROXY,
	M3_ARG_WATCH,
	M3_ARG_I32,
	M3_ARG_U32,
	M3_ARG_TEXT, /* NUL-terminated UTF-8 */
	M3_ARG_U64, /* BigInt: .address */
	M3_ARG_BITS, /* BigInt of up to M3_MAX_ENDPOINTS bits: .value */
	M3_ARG_ADDRESS, /* BigInt, or bytes of this process */
	M3_ARG_MESSAGE, /* 64 bytes */
	M3_ARG_OPTIONAL_MESSAGE, /* likewise, or null: .data is NULL */
	M3_ARG_CALL, /* memory for one struct m3_call */
	M3_ARG_BYTES, /* Uint8Array */
	M3_ARG_U16S,
	M3_ARG_I32S,
	M3_ARG_U32S,
	M3_ARG_FUNCTION,
	M3_ARG_KINDS,
};

struct m3_param {
	const char *name;
	enum m3_arg_kind kind;
};

/* A parsed argument; which fields are valid follows from its kind. */
struct m3_arg {
	struct m3_handle *handle;
	void *object; /* of the handle */
	void *data; /* of an array */
	size_t length; /* of an array, in elements; SIZE_MAX: not known */
	uint64_t address;
	const char *text;
	napi_value value;
	int32_t i32;
	uint32_t u32;
};

struct m3_args {
	napi_env env;
	napi_value self; /* `this` */
	struct m3_arg v[M3_ARGS_MAX];
	size_t used; /* bytes of text */
	char text[M3_TEXT_BYTES];
};

/* One function: `call` returns a number, `make` any value. One of them. */
struct m3_function {
	const char *name;
	int (*call)(struct m3_args *args);
	napi_value (*make)(struct m3_args *args);
	struct m3_param params[M3_ARGS_MAX];
};

extern const struct m3_function m3_aead_functions[];
extern const struct m3_function m3_call_functions[];
extern const struct m3_function m3_request_functions[];
extern const struct m3_function m3_member_functions[];
extern const struct m3_function m3_node_functions[];
extern const struct m3_function m3_process_functions[];
extern const struct m3_function m3_migrate_functions[];
extern const struct m3_function m3_info_functions[];
extern const struct m3_function m3_proxy_functions[];
extern const struct m3_function m3_watch_functions[];
extern const struct m3_function m3_socket_functions[];
extern const struct m3_function m3_shared_functions[];

/* ------------------------------------------------------------- args.c */

/* 0, a negative error of the core, or 1: a JavaScript exception is pending. */
int m3_arg_parse(struct m3_args *args, const struct m3_param *param,
		 struct m3_arg *arg, napi_value value);
napi_value m3_js_int(napi_env env, int value);
/* The number as a BigInt, or the error as a number. */
napi_value m3_js_u64(napi_env env, int error, uint64_t value);

/* ----------------------------------------------------------- handle.c */

enum m3_handle_kind {
	M3_HANDLE_MEMBER,
	M3_HANDLE_NODE,
	M3_HANDLE_PROXY,
	M3_HANDLE_WATCH,
	M3_HANDLE_KINDS,
};

/*
 * What a JavaScript handle stands for. Freed when nothing refers to it: the
 * JavaScript object, the proxies of a node, the arena views of a member.
 */
struct m3_handle {
	enum m3_handle_kind kind; /* (invariant) */
	unsigned int refs;
	napi_env env; /* (invariant) */
	void *object; /* the library's; NULL when closed */
	struct m3_handle *node; /* of a proxy (invariant) */
	struct m3_handle *proxies; /* of a node: open ones */
	struct m3_handle *next; /* in its node's `proxies` */
	struct m3_handle *other; /* of this thread, in its bucket */
	struct m3_view *views; /* of a member: live ones */
	bool collected; /* its JavaScript object is gone */
};

/* A handle for `object`, which is closed if that fails. */
napi_value m3_handle_make(napi_env env, enum m3_handle_kind kind, void *object,
			  struct m3_handle *node);
/* 0 and the handle, -error if it is closed, 1 if it is none of that kind. */
int m3_handle_get(napi_env env, napi_value value, enum m3_handle_kind kind,
		  struct m3_handle **handle);
/* Closes the library's object; later calls with the handle get an error. */
void m3_handle_close(struct m3_handle *handle);
void m3_handle_put(struct m3_handle *handle);

/* ------------------------------------------------------------- view.c */

napi_value m3_view_make(struct m3_handle *member, int self, uint64_t bytes);
/* Frees the buffer; every JavaScript view of it becomes empty. */
int m3_view_free(struct m3_handle *member, int self, uint64_t address);
/* Empties all views of a member, before its memory is unmapped. */
void m3_view_detach_all(struct m3_handle *member);

/* ------------------------------------------------------------ watch.c */

struct m3_watch;
void m3_watch_close(struct m3_watch *watch);

#endif
