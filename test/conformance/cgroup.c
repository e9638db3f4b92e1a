// SPDX-License-Identifier: MIT
/* A DC of the kernel's core that is tied to a cgroup: only its processes join. */
#include "check.h"
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#define ROOT "/sys/fs/cgroup"

static char group[64];

/* Moves the calling process into a cgroup. */
static void move_to(const char *path)
{
	char file[PATH_MAX];
	int fd;

	snprintf(file, sizeof(file), "%s/cgroup.procs", path);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	IS(fd >= 0, 1);
	IS(write(fd, "0", 1), 1);
	close(fd);
}

static void inside(void)
{
	struct m3_member *member;

	move_to(group);
	member = join_as(1);
	IS(m3_unbind(member, 1), 0);
	/* It has joined, and has left the cgroup since. */
	move_to(ROOT);
	IS(m3_bind(member, 1), -M3_EPERM);
	m3_leave(member);
}

int main(int argc, char **argv)
{
	struct m3_dc_params params = {
		.procs = 8, .gid = (uint32_t)-1, .name = "tied",
		.flags = M3_DC_CGROUP,
	};
	struct m3_member *member;
	struct m3_node *node;

	begin(argc, argv);
	IS(m3_node_open(dir, &node), 0);
	params.dc = (uint32_t)++dc;
	params.cgroup = -1;
	IS(m3_dc_init(node, &params), is_kernel() ? -M3_EINVAL : -M3_ENOSYS);
	snprintf(group, sizeof(group), ROOT "/m3ipc-%d", getpid());
	if (!is_kernel() || access(ROOT "/cgroup.procs", W_OK) ||
	    mkdir(group, 0755)) {
		fprintf(stderr, "not a core in the kernel, or no cgroup of "
				"version 2 to make here\n");
		return 77;
	}
	params.cgroup = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	IS(m3_dc_init(node, &params), 0);
	IS(m3_join(dir, dc, &member), -M3_EPERM);
	reap(spawn(inside));
	IS(m3_dc_end(node, dc), 0);
	m3_node_close(node);
	close(params.cgroup);
	IS(rmdir(group), 0);
	ok("a DC and its cgroup");
	return 0;
}
