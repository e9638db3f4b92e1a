// SPDX-License-Identifier: MIT
/* The kernel's core: its device, and requests to it. */
#include "lib.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

const char *m3_device_path(const char *dir)
{
	size_t n = strlen(M3_DEVICE_PREFIX);

	return strncmp(dir, M3_DEVICE_PREFIX, n) ? NULL : dir + n;
}

int m3_device_ask(int fd, uint32_t number, struct m3_request *q)
{
	int e = ioctl(fd, M3_IOC(number), q);

	/* The kernel's errors have the core's numbers. */
	return e < 0 ? -errno : e;
}

int m3_device_open(const char *path, uint32_t number, struct m3_request *q,
		   int *fd)
{
	int e;

	*fd = open(path, O_RDWR | O_CLOEXEC);
	if (*fd < 0)
		return errno == ENODEV || errno == ENXIO ? -M3_ENOENT :
							   m3_errno(errno);
	e = m3_device_ask(*fd, number, q);
	if (e < 0) {
		close(*fd);
		*fd = -1;
		/* It is some other device. */
		return e == -ENOTTY ? -M3_ENOENT : e;
	}
	return e;
}

int m3_request_name(struct m3_request *q, const char *name)
{
	size_t n = strlen(name);

	if (n >= sizeof(q->name))
		return -M3_ENAMESIZE;
	memcpy(q->name, name, n + 1);
	return 0;
}
