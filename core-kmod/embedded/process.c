// SPDX-License-Identifier: MIT
/* What the calls want to know of processes. */
#include "embedded.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

uint32_t m3_pid(void)
{
	return (uint32_t)getpid();
}

uint32_t m3_pid_known(int pid)
{
	return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno != ESRCH) ?
		       (uint32_t)pid : 0;
}

int32_t m3_pid_shown(uint32_t pid)
{
	return (int32_t)pid;
}

void m3_thread_name(char name[M3_NAME_BYTES])
{
	prctl(PR_GET_NAME, name, 0, 0, 0);
}

/* What the kernel calls a process: getprocinfo shows it. */
void m3_process_name(uint32_t pid, char name[M3_NAME_BYTES])
{
	char path[32];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, name, M3_NAME_BYTES - 1);
		close(fd);
	}
	name[n > 0 ? n : 0] = 0;
	name[strcspn(name, "\n")] = 0;
}
