// SPDX-License-Identifier: MIT
/* Handles: members, nodes, proxies and watches as JavaScript objects. */
#include <stdlib.h>
#include "addon.h"

static void close_member(void *object)
{
	m3_leave(object);
}

static void close_node(void *object)
{
	m3_node_close(object);
}

static void close_proxy(void *object)
{
	m3_detach(object);
}

static void close_watch(void *object)
{
	m3_watch_close(object);
}

/* Per kind: how it is closed, what a closed one answers, its type tag. */
static const struct {
	void (*close)(void *object);
	int closed;
	napi_type_tag tag;
} kinds[M3_HANDLE_KINDS] = {
	[M3_HANDLE_MEMBER] = { close_member, -M3_ENOTBIND,
			       { 0x6d33697063000001, 0x9b1c5f0e7a2d4481 } },
	[M3_HANDLE_NODE] = { close_node, -M3_EDVSINIT,
			     { 0x6d33697063000002, 0x9b1c5f0e7a2d4481 } },
	[M3_HANDLE_PROXY] = { close_proxy, -M3_EBADPROXY,
			      { 0x6d33697063000003, 0x9b1c5f0e7a2d4481 } },
	[M3_HANDLE_WATCH] = { close_watch, -M3_EINVAL,
			      { 0x6d33697063000004, 0x9b1c5f0e7a2d4481 } },
};

static void on_exit_of_environment(void *data)
{
	m3_handle_close(data);
}

void m3_handle_put(struct m3_handle *handle)
{
	if (--handle->refs)
		return;
	if (handle->node)
		m3_handle_put(handle->node);
	free(handle);
}

static void unlink_proxy(struct m3_handle *proxy)
{
	struct m3_handle **at = &proxy->node->proxies;

	while (*at && *at != proxy)
		at = &(*at)->next;
	if (*at)
		*at = proxy->next;
}

void m3_handle_close(struct m3_handle *handle)
{
	void *object = handle->object;

	if (!object)
		return;
	handle->object = NULL;
	napi_remove_env_cleanup_hook(handle->env, on_exit_of_environment,
				     handle);
	while (handle->proxies)
		m3_handle_close(handle->proxies);
	if (handle->node)
		unlink_proxy(handle);
	kinds[handle->kind].close(object);
}

/* Views keep a member's memory mapped: then the last of them closes it. */
static void finalize(napi_env env, void *data, void *hint)
{
	struct m3_handle *handle = data;

	(void)env;
	(void)hint;
	handle->collected = true;
	if (!handle->views)
		m3_handle_close(handle);
	m3_handle_put(handle);
}

static struct m3_handle *create(napi_env env, enum m3_handle_kind kind,
				void *object, struct m3_handle *node)
{
	struct m3_handle *handle = calloc(1, sizeof(*handle));

	if (!handle || napi_add_env_cleanup_hook(env, on_exit_of_environment,
						 handle)) {
		free(handle);
		kinds[kind].close(object);
		return NULL;
	}
	handle->kind = kind;
	handle->refs = 1;
	handle->env = env;
	handle->object = object;
	if (node) {
		node->refs++;
		handle->node = node;
		handle->next = node->proxies;
		node->proxies = handle;
	}
	return handle;
}

napi_value m3_handle_make(napi_env env, enum m3_handle_kind kind, void *object,
			  struct m3_handle *node)
{
	struct m3_handle *handle = create(env, kind, object, node);
	napi_value value;

	if (!handle)
		return m3_js_int(env, -M3_ENOMEM);
	if (napi_create_object(env, &value) ||
	    napi_wrap(env, value, handle, finalize, NULL, NULL)) {
		m3_handle_close(handle);
		m3_handle_put(handle);
		return NULL;
	}
	/* Untagged it is refused by every call, and closed when collected. */
	if (napi_type_tag_object(env, value, &kinds[kind].tag))
		return NULL;
	return value;
}

int m3_handle_get(napi_env env, napi_value value, enum m3_handle_kind kind,
		  struct m3_handle **handle)
{
	napi_valuetype type;
	void *data;
	bool tagged;

	if (napi_typeof(env, value, &type) || type != napi_object ||
	    napi_check_object_type_tag(env, value, &kinds[kind].tag,
				       &tagged) ||
	    !tagged || napi_unwrap(env, value, &data))
		return 1;
	*handle = data;
	return (*handle)->object ? 0 : kinds[kind].closed;
}
