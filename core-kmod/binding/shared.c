// SPDX-License-Identifier: MIT
/*
 * What two processes share: files mapped into memory, and FIFOs that wake.
 * Calls answer a negative errno of the kernel.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "addon.h"

/* Called when the ArrayBuffer is detached, collected, or its environment ends. */
static void unmap(napi_env env, void *data, void *hint)
{
	(void)env;
	munmap(data, (size_t)(uintptr_t)hint);
}

/* (fd, bytes): an ArrayBuffer over the file's first bytes. */
static napi_value js_map_file(struct m3_args *args)
{
	size_t bytes = args->v[1].u32;
	napi_value buffer;
	void *data;

	if (!bytes)
		return m3_js_int(args->env, -EINVAL);
	data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		    args->v[0].i32, 0);
	if (data == MAP_FAILED)
		return m3_js_int(args->env, -errno);
	if (napi_create_external_arraybuffer(args->env, data, bytes, unmap,
					     (void *)(uintptr_t)bytes,
					     &buffer)) {
		munmap(data, bytes);
		return NULL;
	}
	return buffer;
}

/* Every view of the memory becomes empty, so nobody reads what is gone. */
static int js_unmap_file(struct m3_args *args)
{
	napi_value buffer;

	if (napi_get_typedarray_info(args->env, args->v[0].value, NULL, NULL,
				     NULL, &buffer, NULL) ||
	    napi_detach_arraybuffer(args->env, buffer))
		return -EINVAL;
	return 0;
}

static int js_make_fifo(struct m3_args *args)
{
	return mkfifo(args->v[0].text, args->v[1].u32) ? -errno : 0;
}

/* A full FIFO has been rung. */
static int js_ring(struct m3_args *args)
{
	while (write(args->v[0].i32, "", 1) < 0) {
		if (errno == EAGAIN)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

static int js_drain(struct m3_args *args)
{
	char sink[256];
	ssize_t count;

	do {
		count = read(args->v[0].i32, sink, sizeof(sink));
	} while (count == (ssize_t)sizeof(sink) ||
		 (count < 0 && errno == EINTR));
	return 0;
}

/* (target, at, source, from, bytes): memcpy(3) inside both arrays. */
static int js_copy_bytes(struct m3_args *args)
{
	const struct m3_arg *v = args->v;
	size_t at = v[1].u32, from = v[3].u32, bytes = v[4].u32;

	if (at > v[0].length || bytes > v[0].length - at ||
	    from > v[2].length || bytes > v[2].length - from)
		return -EFAULT;
	memcpy((char *)v[0].data + at, (char *)v[2].data + from, bytes);
	return 0;
}

const struct m3_function m3_shared_functions[] = {
	{ "mapFile", NULL, js_map_file,
	  { { "fd", M3_ARG_I32 }, { "bytes", M3_ARG_U32 } } },
	{ "unmapFile", js_unmap_file, NULL, { { "memory", M3_ARG_BYTES } } },
	{ "makeFifo", js_make_fifo, NULL,
	  { { "path", M3_ARG_TEXT }, { "mode", M3_ARG_U32 } } },
	{ "ring", js_ring, NULL, { { "fd", M3_ARG_I32 } } },
	{ "drain", js_drain, NULL, { { "fd", M3_ARG_I32 } } },
	{ "copyBytes", js_copy_bytes, NULL,
	  { { "target", M3_ARG_BYTES }, { "at", M3_ARG_U32 },
	    { "source", M3_ARG_BYTES }, { "from", M3_ARG_U32 },
	    { "bytes", M3_ARG_U32 } } },
	{ NULL, NULL, NULL, { { NULL, M3_ARG_END } } },
};
