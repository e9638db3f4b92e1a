// SPDX-License-Identifier: MIT
/* Copies between two processes by the kernel: one has to be allowed to. */
#include "embedded.h"
#include <errno.h>
#include <sys/uio.h>

static int vm_errno(int e)
{
	switch (e) {
	case EFAULT:
		return -M3_EFAULT;
	case ESRCH:
		return -M3_ESRCDIED;
	case ENOMEM:
		return -M3_ENOMEM;
	default:
		return -M3_EPERM; /* EPERM, or ENOSYS where it is filtered */
	}
}

int m3_process_copy(struct m3_map *map, uint32_t handle, int push,
		    const struct m3_own *own, uint64_t theirs, uint64_t bytes,
		    uint64_t *copied)
{
	pid_t pid = (pid_t)m3_handle(map->r, handle)->pid;
	struct iovec local = { own->offset ? m3_at(map->r, own->offset) :
				(void *)(uintptr_t)own->address, bytes };
	struct iovec remote = { (void *)(uintptr_t)theirs, bytes };
	ssize_t n;

	*copied = 0;
	/* Its pid may be another's by now. */
	if (!m3_life_alive(map, handle))
		return -M3_ESRCDIED;
	n = push ? process_vm_writev(pid, &local, 1, &remote, 1, 0) :
		   process_vm_readv(pid, &local, 1, &remote, 1, 0);
	if (n < 0)
		return vm_errno(errno);
	*copied = (uint64_t)n;
	/* What is short of the whole met the end of the memory. */
	return *copied == bytes ? 0 : -M3_EFAULT;
}

/* No system call copies between two others. */
int m3_copy_between(struct m3_map *map, uint32_t self, struct m3_call *c)
{
	(void)map;
	(void)self;
	(void)c;
	return M3_COPY_LEGS;
}
