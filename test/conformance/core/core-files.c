// SPDX-License-Identifier: MIT
/*
 * Files that are not what they should be: a full or small file system, a
 * directory without permission, a region of another version, cut short or
 * overwritten. Documented errors, nothing left behind, never a signal.
 */
#include "rig.h"
#include <embedded/embedded.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct m3_dvs_params dvs = {
	.max_nodes = 4, .max_dcs = 4, .cluster = "rig",
};

static struct m3_dc_params dc_params(uint32_t arena)
{
	struct m3_dc_params dc = {
		.dc = RIG_DC, .tasks = RIG_TASKS, .procs = RIG_PROCS,
		.arena_bytes = arena, .gid = (uint32_t)-1, .name = "rig",
	};

	return dc;
}

static pid_t child(void (*body)(void *), void *arg)
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0) {
		body(arg);
		_exit(0);
	}
	return pid;
}

static int status_of(pid_t pid)
{
	int status;

	MUST(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* ------------------------------------------------------ file systems */

static unsigned long used(const char *at)
{
	struct statvfs st;

	MUST(statvfs(at, &st) == 0);
	return (st.f_blocks - st.f_bfree) * st.f_bsize;
}

/* A fresh tmpfs over `at`. */
static void tmpfs(const char *at, const char *options)
{
	umount2(at, MNT_DETACH);
	MUST(mount("rig", at, "tmpfs", 0, options) == 0);
}

static void fill(const char *path)
{
	static char block[65536];
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	MUST(fd >= 0);
	memset(block, 1, sizeof(block));
	while (write(fd, block, sizeof(block)) > 0)
		;
	while (write(fd, block, 1) > 0)
		;
	close(fd);
}

static void too_small_for_a_core(const char *at)
{
	char dir[128];
	unsigned long before;

	snprintf(dir, sizeof(dir), "%s/core", at);
	tmpfs(at, "size=32k");
	before = used(at);
	SAME(m3_dvs_init(dir, &dvs), -M3_ENOSPC);
	MUST(access(dir, F_OK) != 0);
	SAME((long)used(at), (long)before);
}

static void too_small_for_a_dc(const char *at)
{
	struct m3_dc_params dc = dc_params(1u << 20);
	struct m3_node *node;
	unsigned long before;
	char dir[128];

	snprintf(dir, sizeof(dir), "%s/core", at);
	tmpfs(at, "size=128k");
	SAME(m3_dvs_init(dir, &dvs), 0);
	SAME(m3_node_open(dir, &node), 0);
	before = used(at);
	SAME(m3_dc_init(node, &dc), -M3_ENOSPC);
	SAME((long)used(at), (long)before);
	/* No inode for the directory of its bells. */
	m3_node_close(node);
	SAME(m3_dvs_end(dir), 0);
	tmpfs(at, "size=8m,nr_inodes=4");
	SAME(m3_dvs_init(dir, &dvs), 0);
	SAME(m3_node_open(dir, &node), 0);
	before = used(at);
	SAME(m3_dc_init(node, &dc), -M3_ENOSPC);
	SAME((long)used(at), (long)before);
	m3_node_close(node);
	SAME(m3_dvs_end(dir), 0);
	MUST(access(dir, F_OK) != 0);
}

static void too_small_for_buffers(const char *at)
{
	struct m3_dc_params dc = dc_params(64u << 20);
	struct m3_buffer buffers[64];
	struct m3_node *node;
	struct m3_member *m;
	char dir[128];
	int n, i, e = 0;

	snprintf(dir, sizeof(dir), "%s/core", at);
	tmpfs(at, "size=4m");
	SAME(m3_dvs_init(dir, &dvs), 0);
	SAME(m3_node_open(dir, &node), 0);
	SAME(m3_dc_init(node, &dc), 0);
	SAME(m3_join(dir, RIG_DC, &m), 0);
	SAME(m3_bind(m, 1), 0);
	for (n = 0; n < 64 && !e; n++)
		e = m3_alloc(m, 1, 300000, &buffers[n]);
	SAME(e, -M3_ENOSPC);
	SAME(m3_check(node, RIG_DC), 0);
	for (i = 0; i < n - 1; i++)
		memset(buffers[i].data, i, buffers[i].bytes);
	SAME(m3_free(m, 1, &buffers[0]), 0);
	SAME(m3_alloc(m, 1, 300000, &buffers[0]), 0);
	memset(buffers[0].data, 1, buffers[0].bytes);
	m3_leave(m);
	SAME(m3_check(node, RIG_DC), 0);
	m3_node_close(node);
	SAME(m3_dvs_end(dir), 0);
}

static void too_full_for_a_peer(const char *at)
{
	struct m3_dc_params dc = dc_params(0);
	char dir[128], filler[128];
	struct m3_proxy *proxy;
	struct m3_member *m;
	struct m3_node *node;
	unsigned long before;
	struct m3_dc_info info;

	snprintf(dir, sizeof(dir), "%s/core", at);
	snprintf(filler, sizeof(filler), "%s/filler", at);
	tmpfs(at, "size=2m,nr_inodes=9");
	SAME(m3_dvs_init(dir, &dvs), 0);
	SAME(m3_node_open(dir, &node), 0);
	SAME(m3_dc_init(node, &dc), 0);
	SAME(m3_node_up(node, 1, "far"), 0);
	fill(filler);
	before = used(at);
	SAME(m3_add_node(node, RIG_DC, 1), -M3_ENOSPC);
	SAME((long)used(at), (long)before);
	SAME(m3_rmtbind(node, RIG_DC, "far", 2, 1), -M3_ENODCNODE);
	MUST(unlink(filler) == 0);
	SAME(m3_add_node(node, RIG_DC, 1), 0);
	/* One inode is left: a bell for the proxy, none for a member. */
	SAME(mknod(filler, S_IFREG | 0600, 0), 0);
	SAME(m3_attach(node, 1, &proxy), 0);
	snprintf(filler, sizeof(filler), "%s/filler2", at);
	while (mknod(filler, S_IFREG | 0600, 0) == 0)
		strcat(filler, "x");
	SAME(m3_join(dir, RIG_DC, &m), -M3_ENOSPC);
	SAME(m3_getdcinfo(node, RIG_DC, &info), 0);
	SAME((long)info.members, 0);
	SAME(m3_check(node, RIG_DC), 0);
	m3_detach(proxy);
	m3_node_close(node);
	SAME(m3_dvs_end(dir), 0);
}

static int own_mounts(void)
{
	if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return 0;
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static void small_file_systems(void *arg)
{
	char at[128];

	(void)arg;
	snprintf(at, sizeof(at), "%s/m3rig.mount.XXXXXX",
		 getenv("RIG_DIR") ? getenv("RIG_DIR") : "/dev/shm");
	MUST(mkdtemp(at));
	if (!own_mounts()) {
		rmdir(at);
		_exit(RIG_SKIP);
	}
	too_small_for_a_core(at);
	too_small_for_a_dc(at);
	too_small_for_buffers(at);
	too_full_for_a_peer(at);
	umount2(at, MNT_DETACH);
	rmdir(at);
}

/* -------------------------------------------------------- permission */

static void without_permission(void *arg)
{
	struct rig_node *n = arg;
	char below[128];
	struct m3_member *m;
	struct m3_node *node;

	if (geteuid() == 0)
		MUST(setgroups(0, NULL) == 0 && setgid(4712) == 0 &&
		     setuid(4713) == 0);
	snprintf(below, sizeof(below), "%s/below", n->dir);
	SAME(m3_dvs_init(below, &dvs), -M3_EACCES);
	SAME(m3_node_open(n->dir, &node), -M3_EACCES);
	SAME(m3_join(n->dir, RIG_DC, &m), -M3_EACCES);
	SAME(m3_dvs_end(n->dir), -M3_EACCES);
}

static void directories(void)
{
	struct m3_member *m;
	struct m3_node *node;
	struct rig_node n;

	rig_start(&n, 0);
	SAME(m3_dvs_init(n.dir, &dvs), -M3_EDVSBUSY);
	if (geteuid() == 0) {
		SAME(status_of(child(without_permission, &n)), 0);
		MUST(chmod(n.dir, 0755) == 0);
		/* The core's file may be read, but not the DC's. */
		SAME(m3_node_open("/nonexistent/m3ipc", &node), -M3_ENOENT);
	} else {
		printf("not root: missing permission is not tested\n");
	}
	SAME(m3_join("/nonexistent/m3ipc", RIG_DC, &m), -M3_ENOENT);
	SAME(m3_dvs_end("/nonexistent/m3ipc"), -M3_ENOENT);
	SAME(m3_dvs_init("/nonexistent/m3ipc", &dvs), -M3_ENOENT);
	SAME(m3_node_open("/dev/shm", &node), -M3_EDVSINIT);
	SAME(m3_node_open("/dev/null", &node), -M3_ENOENT);
	rig_stop(&n);
}

/* ----------------------------------------------------- damaged files */

static void poke(const char *path, long at, const void *bytes, size_t n)
{
	int fd = open(path, O_RDWR);

	MUST(fd >= 0);
	MUST(pwrite(fd, bytes, n, at) == (ssize_t)n);
	close(fd);
}

/* A copy of the whole core, to be damaged. */
static void copy_core(const char *from, const char *to)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "rm -rf '%s' && cp -r --sparse=always '%s' '%s'", to, from,
		 to);
	MUST(system(command) == 0);
}

static int is_documented(int e)
{
	return e == -M3_EIO || e == -M3_EVERSION || e == -M3_EPIDNS ||
	       e == -M3_EDVSINIT || e == -M3_EDCNOTRUN || e == -M3_EBADDCID;
}

/* Opens and joins what may be damaged; the first error, or 0. */
static int use(const char *dir)
{
	struct m3_dc_info info;
	struct m3_member *m;
	struct m3_node *node;
	int e = m3_node_open(dir, &node);

	if (e)
		return e;
	e = m3_getdcinfo(node, RIG_DC, &info);
	if (!e)
		e = m3_check(node, RIG_DC);
	m3_node_close(node);
	if (e)
		return e;
	e = m3_join(dir, RIG_DC, &m);
	if (!e)
		m3_leave(m);
	return e;
}

static void damaged_sizes(const char *whole, const char *dir, const char *file)
{
	static const long sizes[] = { 0, 1, 7, 8, 31, 32, 100, 4095, 4096, 4097,
				      8192, 16384, -4096, -1, 1, 4096 };
	char path[192];
	struct stat st;
	unsigned int i;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		copy_core(whole, dir);
		MUST(stat(path, &st) == 0);
		MUST(truncate(path, i < 12 ? sizes[i] :
					     st.st_size + sizes[i]) == 0);
		MUST(is_documented(use(dir)));
	}
}

/* Every 32-bit field of a header x {0, 1, -1, +1, max, high bit}. */
static void damaged_header(const char *whole, const char *dir, const char *file,
			   long from, long bytes)
{
	uint32_t was, value;
	char path[192];
	int fd, which, e;
	long at;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	copy_core(whole, dir);
	fd = open(path, O_RDWR);
	MUST(fd >= 0);
	for (at = from; at < from + bytes; at += 4)
		for (which = 0; which < 6; which++) {
			MUST(pread(fd, &was, 4, at) == 4);
			value = which == 0 ? 0 : which == 1 ? 1 :
				which == 2 ? was - 1 : which == 3 ? was + 1 :
				which == 4 ? 0xffffffffu : was ^ 0x80000000u;
			MUST(pwrite(fd, &value, 4, at) == 4);
			e = use(dir);
			if (e && !is_documented(e))
				fprintf(stderr, "%s at %ld: %u\n", file, at,
					value);
			SAME(e && !is_documented(e) ? e : 0, 0);
			MUST(pwrite(fd, &was, 4, at) == 4);
		}
	SAME(use(dir), 0);
	close(fd);
}

static void garbage(const char *whole, const char *dir, const char *file)
{
	unsigned char bytes[4096];
	char path[192];
	int round, i;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	copy_core(whole, dir);
	for (round = 0; round < 50; round++) {
		for (i = 0; i < 4096; i++)
			bytes[i] = (unsigned char)rig_random(256);
		poke(path, 0, bytes, sizeof(bytes));
		SAME(use(dir), -M3_EIO);
	}
}

static void damaged_files(void)
{
	uint32_t version = M3_ABI_VERSION + 1;
	char dir[128], path[192];
	struct rig_node n;

	rig_start(&n, 0);
	snprintf(dir, sizeof(dir), "%s.copy", n.dir);
	copy_core(n.dir, dir);
	SAME(use(dir), 0);
	snprintf(path, sizeof(path), "%s/node", dir);
	poke(path, offsetof(struct m3_node_region, abi_version), &version, 4);
	SAME(use(dir), -M3_EVERSION);
	copy_core(n.dir, dir);
	snprintf(path, sizeof(path), "%s/dc%d", dir, RIG_DC);
	poke(path, offsetof(struct m3_region, abi_version), &version, 4);
	SAME(use(dir), -M3_EVERSION);
	damaged_sizes(n.dir, dir, "node");
	damaged_sizes(n.dir, dir, "dc1");
	damaged_header(n.dir, dir, "node", 0,
		       offsetof(struct m3_node_region, nodes));
	damaged_header(n.dir, dir, "dc1", 0,
		       offsetof(struct m3_layout, name));
	garbage(n.dir, dir, "node");
	SAME(m3_dvs_end(dir), -M3_EIO);
	garbage(n.dir, dir, "dc1");
	/* A core with a ruined DC can still be ended. */
	SAME(m3_dvs_end(dir), 0);
	MUST(access(dir, F_OK) != 0);
	rig_stop(&n);
}

/* ----------------------------------------------------------- signals */

static void on_alarm(int sig)
{
	(void)sig;
}

/* fallocate on tmpfs is interrupted by any signal: it must go on. */
static void signals_while_growing(void)
{
	struct itimerval often = { { 0, 300 }, { 0, 300 } }, never = { 0 };
	struct sigaction act = { .sa_handler = on_alarm };
	struct m3_dc_params dc = dc_params(64u << 20);
	struct m3_buffer buffer;
	struct m3_member *m;
	struct rig_node n;
	int i;

	rig_start(&n, 0);
	SAME(m3_dc_end(n.core, RIG_DC), 0);
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	SAME(m3_dc_init(n.core, &dc), 0);
	m = rig_join(&n, 1);
	for (i = 0; i < 200; i++)
		SAME(m3_alloc(m, 1, 65536, &buffer), 0);
	setitimer(ITIMER_REAL, &never, NULL);
	m3_leave(m);
	rig_stop(&n);
}

int main(int argc, char **argv)
{
	int status;

	rig_embedded_only("it is about the files of an embedded core");
	rig_seed(argc, argv);
	directories();
	damaged_files();
	signals_while_growing();
	status = status_of(child(small_file_systems, NULL));
	if (status == RIG_SKIP)
		printf("no private mounts here: small file systems are not "
		       "tested\n");
	return status;
}
