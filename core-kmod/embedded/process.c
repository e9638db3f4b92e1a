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

/*
 * Has it ended, unheard by its parent? By proc_pid_stat(5): the state, which
 * is behind the name in parentheses, is that of its first thread; while others
 * are still ending it has its files open.
 */
static int is_zombie(uint32_t pid)
{
	const char *numbers = " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u"
			      " %*u %*u %*d %*d %*d %*d %d";
	char path[32], text[1024], state = 0;
	const char *name_end;
	int fd, threads = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = 0;
	name_end = strrchr(text, ')');
	return name_end &&
	       sscanf(name_end + 1, numbers, &state, &threads) == 2 &&
	       (state == 'Z' || state == 'X') && threads <= 1;
}

uint32_t m3_pid_known(int pid)
{
	return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno != ESRCH) &&
			       !is_zombie((uint32_t)pid) ? (uint32_t)pid : 0;
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
