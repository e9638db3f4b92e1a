// SPDX-License-Identifier: MIT
/*
 * Readiness of any descriptor, from the event loop of the calling thread. An
 * open watch keeps itself alive: only closing it, or the end of its
 * environment, ends it. Close it before the descriptor.
 */
#include <stdlib.h>
#include "addon.h"
#include "uv-poll.h"

struct m3_watch {
	napi_env env; /* (invariant) */
	struct uv_poll_s *poll; /* freed when libuv has let go of it */
	napi_ref callback;
	napi_ref self; /* the handle object: it must not be collected */
	napi_async_context context; /* so that microtasks run after a call */
	napi_async_cleanup_hook_handle hook;
};

static struct uv_handle_s *as_handle(struct m3_watch *watch)
{
	return (struct uv_handle_s *)watch->poll;
}

static void on_closed(struct uv_handle_s *handle)
{
	struct m3_watch *watch = uv_handle_get_data(handle);

	if (watch->hook)
		napi_remove_async_cleanup_hook(watch->hook);
	free(watch->poll);
	free(watch);
}

void m3_watch_close(struct m3_watch *watch)
{
	if (watch->callback)
		napi_delete_reference(watch->env, watch->callback);
	if (watch->self)
		napi_delete_reference(watch->env, watch->self);
	if (watch->context)
		napi_async_destroy(watch->env, watch->context);
	watch->callback = NULL;
	watch->self = NULL;
	watch->context = NULL;
	uv_close(as_handle(watch), on_closed);
}

/*
 * The end of the environment. The handle's own hook has closed the watch by
 * now, or does so later; libuv still has to let go of it, which this makes
 * Node wait for.
 */
static void on_exit_of_environment(napi_async_cleanup_hook_handle hook,
				   void *data)
{
	(void)hook;
	(void)data;
}

static void call_back(struct m3_watch *watch, int status, int events)
{
	napi_env env = watch->env;
	napi_value callback, receiver, arguments[2], error;

	if (napi_get_reference_value(env, watch->callback, &callback) ||
	    napi_get_reference_value(env, watch->self, &receiver) ||
	    napi_create_int32(env, status, &arguments[0]) ||
	    napi_create_int32(env, events, &arguments[1]))
		return;
	if (napi_make_callback(env, watch->context, receiver, callback, 2,
			       arguments, NULL) != napi_pending_exception)
		return;
	if (!napi_get_and_clear_last_exception(env, &error))
		napi_fatal_exception(env, error);
}

static void on_event(struct uv_poll_s *poll, int status, int events)
{
	struct m3_watch *watch =
		uv_handle_get_data((struct uv_handle_s *)poll);
	napi_handle_scope scope;

	if (!watch->callback ||
	    napi_open_handle_scope(watch->env, &scope))
		return;
	call_back(watch, status, events);
	napi_close_handle_scope(watch->env, scope);
}

/* Makes the JavaScript half; what is missing m3_watch_close() can stand. */
static bool connect(struct m3_args *args, struct m3_watch *watch)
{
	napi_env env = args->env;
	napi_value name;

	return !napi_create_reference(env, args->v[1].value, 1,
				      &watch->callback) &&
	       !napi_create_string_utf8(env, "m3ipc:watch", NAPI_AUTO_LENGTH,
					&name) &&
	       !napi_async_init(env, NULL, name, &watch->context) &&
	       !napi_add_async_cleanup_hook(env, on_exit_of_environment, watch,
					    &watch->hook);
}

static napi_value js_watch(struct m3_args *args)
{
	struct m3_watch *watch = calloc(1, sizeof(*watch));
	struct uv_poll_s *poll = calloc(1, uv_handle_size(M3_UV_POLL));
	struct uv_loop_s *loop;
	napi_value value;

	if (!watch || !poll || napi_get_uv_event_loop(args->env, &loop) ||
	    uv_poll_init(loop, poll, args->v[0].i32)) {
		free(watch);
		free(poll);
		return m3_js_int(args->env, -M3_EINVAL);
	}
	watch->env = args->env;
	watch->poll = poll;
	uv_handle_set_data(as_handle(watch), watch);
	if (!connect(args, watch) ||
	    uv_poll_start(poll, M3_UV_READABLE, on_event)) {
		m3_watch_close(watch);
		return m3_js_int(args->env, -M3_ENOMEM);
	}
	value = m3_handle_make(args->env, M3_HANDLE_WATCH, watch, NULL);
	if (value)
		napi_create_reference(args->env, value, 1, &watch->self);
	return value;
}

static int js_watch_ref(struct m3_args *args)
{
	struct m3_watch *watch = args->v[0].object;

	if (args->v[1].i32)
		uv_ref(as_handle(watch));
	else
		uv_unref(as_handle(watch));
	return 0;
}

static int js_watch_events(struct m3_args *args)
{
	struct m3_watch *watch = args->v[0].object;
	int events = args->v[1].i32 & (M3_UV_READABLE | M3_UV_WRITABLE);

	if (!events)
		return uv_poll_stop(watch->poll) ? -M3_EINVAL : 0;
	return uv_poll_start(watch->poll, events, on_event) ? -M3_EINVAL : 0;
}

static int js_watch_close(struct m3_args *args)
{
	m3_handle_close(args->v[0].handle);
	return 0;
}

#define WATCH { "watch", M3_ARG_WATCH }

const struct m3_function m3_watch_functions[] = {
	{ "watch", NULL, js_watch,
	  { { "fd", M3_ARG_I32 }, { "onReady", M3_ARG_FUNCTION } } },
	{ "watchRef", js_watch_ref, NULL, { WATCH, { "on", M3_ARG_I32 } } },
	{ "watchEvents", js_watch_events, NULL,
	  { WATCH, { "events", M3_ARG_I32 } } },
	{ "watchClose", js_watch_close, NULL, { WATCH } },
	{ NULL, NULL, NULL, { { NULL, M3_ARG_END } } },
};
