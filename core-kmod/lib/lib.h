/* SPDX-License-Identifier: MIT */
/*
 * lib.h - what the files of libm3ipc share. A call of m3ipc.h is a request to
 * the core: a function of calls/ where that is in this process's memory, an
 * ioctl(2) where it is the kernel's.
 */
#ifndef M3_LIB_H
#define M3_LIB_H

#include "../calls/calls.h"

#define M3_DEVICE_PREFIX "kernel:"

/* The device that names the kernel's core, or NULL: `dir` is a directory. */
const char *m3_device_path(const char *dir);
/* Opens it, and makes it what request `number` says. */
int m3_device_open(const char *path, uint32_t number, struct m3_request *q,
		   int *fd);
/* One request of an open device. */
int m3_device_ask(int fd, uint32_t number, struct m3_request *q);

/* A request of a member, a node or a proxy. */
#define M3_ASK(whose, name, q)                                        \
	((whose)->device >= 0 ?                                       \
		 m3_device_ask((whose)->device, M3_REQ_##name, q) :   \
		 m3_do_##name(whose, q, (void *)(uintptr_t)(q)->data))

/* What `data` of a request is. */
static inline uint64_t m3_data(const void *at)
{
	return (uint64_t)(uintptr_t)at;
}

/* ENAMESIZE: it does not fit, with its NUL. */
int m3_request_name(struct m3_request *q, const char *name);

#endif
