// SPDX-License-Identifier: MIT
/*
 * Buffers of the arena as ArrayBuffers. JavaScript may keep one for as long as
 * it likes, so a freed buffer is detached (its length becomes 0) before its
 * range can be given to somebody else or be unmapped.
 */
#include <stdlib.h>
#include "addon.h"

struct m3_view {
	struct m3_handle *member; /* holds a reference (invariant) */
	struct m3_view *next; /* in the member's list */
	struct m3_buffer buffer; /* (invariant) */
	int self; /* whose it is (invariant) */
	bool linked;
	napi_ref array; /* weak; NULL once detached */
};

static void unlink_view(struct m3_view *view)
{
	struct m3_view **at = &view->member->views;

	if (!view->linked)
		return;
	while (*at != view)
		at = &(*at)->next;
	*at = view->next;
	view->linked = false;
}

/* The finalizer may free the view from inside the last call. */
static void detach(struct m3_view *view)
{
	napi_env env = view->member->env;
	napi_ref reference = view->array;
	napi_value array = NULL;

	if (!reference)
		return;
	view->array = NULL;
	napi_get_reference_value(env, reference, &array);
	napi_delete_reference(env, reference);
	if (array)
		napi_detach_arraybuffer(env, array);
}

/* The ArrayBuffer's memory is given up: detached, or collected unfreed. */
static void finalize(napi_env env, void *data, void *hint)
{
	struct m3_view *view = hint;
	struct m3_handle *member = view->member;

	(void)data;
	if (view->array)
		napi_delete_reference(env, view->array);
	if (view->linked) {
		unlink_view(view);
		if (member->object)
			m3_free(member->object, view->self, &view->buffer);
	}
	if (member->collected && !member->views)
		m3_handle_close(member);
	m3_handle_put(member);
	free(view);
}

static napi_value describe(napi_env env, struct m3_view *view,
			   napi_value array)
{
	napi_value result, address;

	if (napi_create_object(env, &result) ||
	    napi_create_bigint_uint64(env, view->buffer.address, &address) ||
	    napi_set_named_property(env, result, "data", array) ||
	    napi_set_named_property(env, result, "address", address))
		return NULL;
	return result;
}

napi_value m3_view_make(struct m3_handle *member, int self, uint64_t bytes)
{
	napi_env env = member->env;
	struct m3_view *view = calloc(1, sizeof(*view));
	napi_value array;
	int error;

	if (!view)
		return m3_js_int(env, -M3_ENOMEM);
	error = m3_alloc(member->object, self, bytes, &view->buffer);
	if (error) {
		free(view);
		return m3_js_int(env, error);
	}
	view->member = member;
	view->self = self;
	if (napi_create_external_arraybuffer(env, view->buffer.data,
					     view->buffer.bytes, finalize, view,
					     &array)) {
		m3_free(member->object, self, &view->buffer);
		free(view);
		return NULL;
	}
	member->refs++;
	view->next = member->views;
	member->views = view;
	view->linked = true;
	if (napi_create_reference(env, array, 0, &view->array))
		return NULL;
	return describe(env, view, array);
}

int m3_view_free(struct m3_handle *member, int self, uint64_t address)
{
	struct m3_view *view = member->views;
	int error;

	while (view && (view->buffer.address != address || view->self != self))
		view = view->next;
	if (!view)
		return -M3_EFAULT;
	error = m3_free(member->object, self, &view->buffer);
	if (error == -M3_EONCOPY)
		return error;
	unlink_view(view);
	detach(view);
	return error;
}

void m3_view_detach_all(struct m3_handle *member)
{
	struct m3_view *view;

	while ((view = member->views)) {
		unlink_view(view);
		detach(view);
	}
}
