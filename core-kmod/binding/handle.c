// SPDX-License-Identifier: MIT
/*
 * Handles: members, nodes, proxies and watches as external values. One that
 * comes back is looked for among those of its thread: that is exact, whoever
 * made the value, and takes a tenth of the time of a type tag.
 */
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

/* Per kind: how it is closed, and what a closed one answers. */
static const struct {
	void (*close)(void *object);
	int closed;
} kinds[M3_HANDLE_KINDS] = {
	[M3_HANDLE_MEMBER] = { close_member, -M3_ENOTBIND },
	[M3_HANDLE_NODE] = { close_node, -M3_EDVSINIT },
	[M3_HANDLE_PROXY] = { close_proxy, -M3_EBADPROXY },
	[M3_HANDLE_WATCH] = { close_watch, -M3_EINVAL },
};

#define BUCKET_BITS 8

/*
 * All of this thread's environments, by their address: every call looks. Apart
 * from the thread's own memory, of which a loaded library gets little.
 */
struct table {
	size_t count;
	struct m3_handle *buckets[1u << BUCKET_BITS];
};

static __thread struct table *handles; /* NULL: none */

/* Fibonacci hashing: addresses lie at even distances. */
static struct m3_handle **bucket(const void *address)
{
	uint64_t hash = (uint64_t)(uintptr_t)address * 0x9e3779b97f4a7c15u;

	return &handles->buckets[hash >> (64 - BUCKET_BITS)];
}

static bool remember(struct m3_handle *handle)
{
	struct m3_handle **first;

	if (!handles)
		handles = calloc(1, sizeof(*handles));
	if (!handles)
		return false;
	first = bucket(handle);
	handle->other = *first;
	*first = handle;
	handles->count++;
	return true;
}

static void forget(struct m3_handle *handle)
{
	struct m3_handle **at = bucket(handle);

	while (*at != handle)
		at = &(*at)->other;
	*at = handle->other;
	if (--handles->count)
		return;
	free(handles);
	handles = NULL;
}

static struct m3_handle *find(const void *address)
{
	struct m3_handle *one = handles ? *bucket(address) : NULL;

	while (one && one != address)
		one = one->other;
	return one;
}

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
	forget(handle);
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
		return NULL;
	}
	if (!remember(handle)) {
		napi_remove_env_cleanup_hook(env, on_exit_of_environment,
					     handle);
		free(handle);
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

	if (!handle) {
		kinds[kind].close(object);
		return m3_js_int(env, -M3_ENOMEM);
	}
	if (napi_create_external(env, handle, finalize, NULL, &value)) {
		m3_handle_close(handle);
		m3_handle_put(handle);
		return NULL;
	}
	return value;
}

int m3_handle_get(napi_env env, napi_value value, enum m3_handle_kind kind,
		  struct m3_handle **handle)
{
	struct m3_handle *one;
	void *data;

	if (napi_get_value_external(env, value, &data))
		return 1;
	one = find(data);
	if (!one || one->kind != kind)
		return 1;
	*handle = one;
	return (*handle)->object ? 0 : kinds[kind].closed;
}
