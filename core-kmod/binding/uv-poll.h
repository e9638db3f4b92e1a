/* SPDX-License-Identifier: MIT */
/*
 * The few libuv calls that the addon needs, declared by hand.
 *
 * Node exports libuv from its own executable and Node-API hands out its loop,
 * but uv.h is not part of node-api-headers. These signatures, the numbers of
 * UV_POLL, UV_READABLE and UV_WRITABLE have not changed since libuv 1.0, and libuv
 * promises its ABI for all of 1.x. Handles stay opaque: their size is asked
 * for at run time, their user data goes through the accessors of 1.19.
 */
#ifndef M3IPC_UV_POLL_H
#define M3IPC_UV_POLL_H

#include <stddef.h>

struct uv_loop_s;
struct uv_handle_s;
struct uv_poll_s;

typedef void (*uv_poll_cb)(struct uv_poll_s *poll, int status, int events);
typedef void (*uv_close_cb)(struct uv_handle_s *handle);

enum { M3_UV_POLL = 8, M3_UV_READABLE = 1, M3_UV_WRITABLE = 2 };

size_t uv_handle_size(int type);
int uv_poll_init(struct uv_loop_s *loop, struct uv_poll_s *poll, int fd);
int uv_poll_start(struct uv_poll_s *poll, int events, uv_poll_cb callback);
int uv_poll_stop(struct uv_poll_s *poll);
void uv_close(struct uv_handle_s *handle, uv_close_cb callback);
void uv_ref(struct uv_handle_s *handle);
void uv_unref(struct uv_handle_s *handle);
void *uv_handle_get_data(const struct uv_handle_s *handle);
void uv_handle_set_data(struct uv_handle_s *handle, void *data);

#endif
