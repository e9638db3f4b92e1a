// SPDX-License-Identifier: MIT
/* Region files in a node's directory: `node`, `dc<id>`, and their bells. */
#include "embedded.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

uint32_t m3_forks;

static void forked(void)
{
	m3_forks++;
	m3_thread_forget();
	m3_affinity_forget();
}

__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, forked);
}

int m3_errno(int e)
{
	switch (e) {
	case EPERM:
	case EACCES:
	case EROFS:
		return -M3_EACCES;
	case ENOENT:
	case ENOTDIR:
		return -M3_ENOENT;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return -M3_ENOSPC;
	case ENOMEM:
		return -M3_ENOMEM;
	case EEXIST:
		return -M3_EEXIST;
	default:
		return -M3_EIO;
	}
}

uint64_t m3_pid_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) ? 0 : (uint64_t)st.st_ino;
}

uint64_t m3_new_incarnation(void)
{
	uint32_t chance = 0;

	if (getrandom(&chance, sizeof(chance), 0) != sizeof(chance))
		chance = (uint32_t)m3_clock_ns();
	return (uint64_t)time(NULL) << 32 | chance;
}

/*
 * Gives [offset, +bytes) memory. A signal may interrupt it, and then it starts
 * again from nothing.
 */
static int back(int fd, uint64_t offset, uint64_t bytes)
{
	int e;

	do
		e = posix_fallocate(fd, (off_t)offset, (off_t)bytes);
	while (e == EINTR);
	return e ? m3_errno(e) : 0;
}

int m3_file_create(const char *path, uint64_t bytes, uint64_t backed,
		   uint32_t mode, uint32_t gid, int *fd)
{
	int e;

	unlink(path);
	*fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (*fd < 0)
		return m3_errno(errno);
	if (ftruncate(*fd, (off_t)bytes))
		e = m3_errno(errno);
	else if ((e = back(*fd, 0, backed)))
		;
	else if ((gid != (uint32_t)-1 && fchown(*fd, (uid_t)-1, gid)) ||
		 fchmod(*fd, mode))
		e = m3_errno(errno);
	if (e) {
		close(*fd);
		unlink(path);
	}
	return e;
}

/* Arrays are as long as the limits say: a file may be anything. */
static int node_sane(const struct m3_node_region *n)
{
	return n->bytes == sizeof(*n) && n->max_nodes &&
	       n->max_nodes <= M3_MAX_NODES && n->max_dcs &&
	       n->max_dcs <= M3_MAX_DCS && n->node < n->max_nodes &&
	       memchr(n->cluster, 0, M3_NAME_BYTES) != NULL;
}

int m3_node_file_open(const char *dir, int write, int *fd,
		      struct m3_node_region **region)
{
	char path[M3_PATH_BYTES];
	struct stat st;
	void *at;
	int e = 0;

	snprintf(path, sizeof(path), "%s/node", dir);
	*fd = open(path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (*fd < 0)
		return errno == ENOENT && access(dir, F_OK) == 0 ?
			       -M3_EDVSINIT : m3_errno(errno);
	if (fstat(*fd, &st) || st.st_size < 32)
		e = -M3_EIO;
	at = e ? MAP_FAILED : mmap(NULL, sizeof(struct m3_node_region),
				   PROT_READ | (write ? PROT_WRITE : 0),
				   MAP_SHARED, *fd, 0);
	if (!e && at == MAP_FAILED)
		e = m3_errno(errno);
	if (e) {
		close(*fd);
		return e;
	}
	*region = at;
	if ((*region)->magic != M3_REGION_MAGIC)
		e = -M3_EIO;
	else if ((*region)->abi_version != M3_ABI_VERSION)
		e = -M3_EVERSION;
	else if (st.st_size != sizeof(struct m3_node_region))
		e = -M3_EIO;
	else if (!node_sane(*region))
		e = -M3_EIO;
	else if ((*region)->pid_namespace != m3_pid_namespace())
		e = -M3_EPIDNS;
	if (e)
		m3_node_file_close(*fd, *region);
	return e;
}

void m3_node_file_close(int fd, struct m3_node_region *region)
{
	munmap(region, sizeof(*region));
	close(fd);
}

void m3_dc_path(char *path, const char *dir, uint32_t dc, const char *suffix)
{
	snprintf(path, M3_PATH_BYTES, "%s/dc%u%s", dir, dc, suffix);
}

static int dc_fill(int fd, const struct m3_layout *layout,
		   const struct m3_node_region *node,
		   const struct m3_dc_params *params)
{
	struct m3_region *r = mmap(NULL, layout->blocks_at,
				   PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (r == MAP_FAILED)
		return m3_errno(errno);
	r->layout = *layout;
	r->abi_version = M3_ABI_VERSION;
	r->pid_namespace = node->pid_namespace;
	r->node = node->node;
	memcpy(r->name, params->name, M3_NAME_BYTES);
	r->generation = (uint32_t)r->incarnation & 0x3fffffu;
	m3_region_init(r);
	r->running = 1;
	r->magic = M3_REGION_MAGIC;
	munmap(r, layout->blocks_at);
	return 0;
}

/* Where members put their bells: who may open the region may do so. */
static int bells_create(const char *path, uint32_t mode, uint32_t gid)
{
	uint32_t search = mode | (mode >> 2 & 0111);
	int e = 0;

	if (mkdir(path, 0700) && errno != EEXIST)
		return m3_errno(errno);
	/* Set-group-ID: a member's bell gets the DC's group. */
	if ((gid != (uint32_t)-1 && chown(path, (uid_t)-1, gid)) ||
	    chmod(path, (search & 0777) | S_ISGID)) {
		e = m3_errno(errno);
		rmdir(path);
	}
	return e;
}

int m3_dc_create(const char *dir, const struct m3_node_region *node,
		 const struct m3_dc_params *params)
{
	char path[M3_PATH_BYTES], temporary[M3_PATH_BYTES],
		bells[M3_PATH_BYTES];
	struct m3_layout layout;
	int fd, e;

	memset(&layout, 0, sizeof(layout));
	e = m3_layout(&layout, params, node->max_nodes);
	if (e)
		return e;
	layout.dc = params->dc;
	layout.mode = params->mode ? params->mode & 0777 : 0660;
	layout.gid = params->gid;
	layout.incarnation = m3_new_incarnation();
	m3_bell_dir(bells, dir, &layout);
	m3_dc_path(path, dir, params->dc, "");
	m3_dc_path(temporary, dir, params->dc, ".new");
	e = m3_file_create(temporary, layout.bytes, layout.blocks_at,
			   layout.mode, layout.gid, &fd);
	if (e)
		return e;
	/* The runtime's; members' come as they join. */
	e = back(fd, layout.handles_at, layout.handle_bytes);
	if (!e)
		e = dc_fill(fd, &layout, node, params);
	close(fd);
	if (!e)
		e = bells_create(bells, layout.mode, layout.gid);
	/* Nobody ever sees a region that is not complete. */
	if (!e && rename(temporary, path)) {
		e = m3_errno(errno);
		rmdir(bells);
	}
	if (e)
		unlink(temporary);
	return e;
}

/* Removes what is named `prefix` or `prefix.*`; everything, if it is empty. */
static void unlink_all(const char *dir, const char *prefix)
{
	char path[M3_PATH_BYTES * 2];
	size_t n = strlen(prefix);
	struct dirent *entry;
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d))) {
		const char *name = entry->d_name;

		if (strncmp(name, prefix, n) || !strcmp(name, ".") ||
		    !strcmp(name, "..") || (n && name[n] && name[n] != '.'))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, name);
		if (!unlink(path) || n == 0)
			continue;
		/* A DC's bells; one that a member nests in there stays. */
		unlink_all(path, "");
		rmdir(path);
	}
	if (d)
		closedir(d);
}

void m3_dc_remove(const char *dir, uint32_t dc)
{
	char prefix[32];

	snprintf(prefix, sizeof(prefix), "dc%u", dc);
	unlink_all(dir, prefix);
}

static int map_bells(struct m3_map *map)
{
	uint32_t n = map->r->handles + map->r->nodes, i;

	map->bells = calloc(n, sizeof(*map->bells));
	map->bells_count = n;
	if (!map->bells)
		return -M3_ENOMEM;
	for (i = 0; i < n; i++)
		map->bells[i].fd = -1;
	return pthread_mutex_init(&map->bells_lock, NULL) ? -M3_ENOMEM : 0;
}

/*
 * A member may write to the region it has joined. Where things lie in it is
 * therefore read from a private copy, which no later write reaches.
 */
static int map_layout(int fd, void *at)
{
	volatile uint8_t *page = at;

	/* With larger pages it would cover what must stay shared. */
	if (sysconf(_SC_PAGESIZE) != M3_UNIT)
		return 0;
	if (mmap(at, M3_UNIT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED,
		 fd, 0) == MAP_FAILED)
		return m3_errno(errno);
	/* The copy is made by the first write. */
	page[M3_UNIT - 1] = page[M3_UNIT - 1];
	return mprotect(at, M3_UNIT, PROT_READ) ? m3_errno(errno) : 0;
}

/* Is it the file of that DC, made by this version, whole and sane? */
static int verify(const struct m3_region *r, uint64_t bytes, uint32_t dc)
{
	int e = m3_region_verify(r, bytes);

	if (e)
		return e;
	if (r->dc != dc)
		return -M3_EIO;
	return r->pid_namespace == m3_pid_namespace() ? 0 : -M3_EPIDNS;
}

static int map_region(struct m3_map *map, uint32_t dc)
{
	struct stat st;
	void *at;
	int e;

	/* A smaller file would raise SIGBUS where its header is read. */
	if (fstat(map->fd, &st) ||
	    st.st_size < (off_t)(sizeof(struct m3_region) +
				 sizeof(struct m3_journal)))
		return -M3_EIO;
	at = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_NORESERVE, map->fd, 0);
	if (at == MAP_FAILED)
		return m3_errno(errno);
	e = map_layout(map->fd, at);
	if (!e)
		e = verify(at, (uint64_t)st.st_size, dc);
	if (e) {
		munmap(at, (size_t)st.st_size);
		return e;
	}
	/* A forked child is no member: it gets -EFORKED, not our lock. */
	madvise(at, (size_t)st.st_size, MADV_DONTFORK);
	map->r = at;
	map->bytes = (uint64_t)st.st_size;
	return 0;
}

int m3_map_open(const char *dir, uint32_t dc, uint32_t spin_ns,
		struct m3_map **out)
{
	struct m3_map *map = calloc(1, sizeof(*map));
	char path[M3_PATH_BYTES];
	int e;

	if (!map)
		return -M3_ENOMEM;
	if (strlen(dir) >= sizeof(map->dir)) {
		free(map);
		return -M3_ENOENT;
	}
	strcpy(map->dir, dir);
	map->handle = M3_RUNTIME;
	map->forks = m3_forks;
	map->spin_ns = spin_ns;
	m3_dc_path(path, dir, dc, "");
	map->fd = open(path, O_RDWR | O_CLOEXEC);
	e = map->fd < 0 ? m3_errno(errno) : map_region(map, dc);
	if (!e)
		e = map_bells(map);
	if (e) {
		m3_map_close(map);
		return e == -M3_ENOENT ? -M3_EDCNOTRUN : e;
	}
	*out = map;
	return 0;
}

void m3_map_close(struct m3_map *map)
{
	uint32_t i;

	if (map->bells) {
		for (i = 0; i < map->bells_count; i++)
			if (map->bells[i].fd >= 0)
				close(map->bells[i].fd);
		pthread_mutex_destroy(&map->bells_lock);
		free(map->bells);
	}
	if (map->r && !m3_map_forked(map))
		munmap(map->r, map->bytes);
	if (map->fd >= 0)
		close(map->fd);
	free(map);
}

int m3_map_back(struct m3_map *map, uint64_t offset, uint64_t bytes)
{
	return back(map->fd, offset, bytes);
}

int m3_map_back_peer(struct m3_map *map, uint32_t node)
{
	const struct m3_region *r = map->r;
	int e = m3_map_back(map, r->peers_at + (uint64_t)node * r->peer_bytes,
			    r->peer_bytes);

	/* The pool is for records to peers. */
	return e ? e : m3_map_back(map, r->blocks_at + 2ull * r->slots *
					       sizeof(struct m3_block),
				   M3_NOTIFY_BLOCKS * sizeof(struct m3_block));
}

int m3_map_back_allowed(struct m3_map *map, uint32_t i)
{
	uint32_t row = map->r->bits_words * 4;

	return m3_map_back(map, map->r->allowed_at + (uint64_t)i * row, row);
}

int m3_platform_back(struct m3_txn *t, uint64_t at, uint64_t bytes)
{
	struct m3_section *s = (struct m3_section *)(void *)t;
	struct m3_region *r = t->r;
	uint64_t grown = r->arena_at + r->grown, end = at + bytes, want;
	int e;

	if (end <= grown)
		return 0;
	want = (end - r->arena_at + M3_EXTENT - 1) & ~(uint64_t)(M3_EXTENT - 1);
	e = m3_map_back(s->map, grown, r->arena_at + want - grown);
	if (!e)
		m3_set64(r, &r->grown, want);
	return e;
}

int m3_platform_back_slots(struct m3_txn *t, uint32_t group)
{
	struct m3_section *s = (struct m3_section *)(void *)t;
	const struct m3_region *r = t->r;
	uint64_t first = (uint64_t)group * m3_group(r), n = r->slots - first;
	const struct {
		uint64_t at, bytes;
	} tables[] = {
		{ r->blocks_at, sizeof(struct m3_block) },
		{ r->blocks_at + r->slots * sizeof(struct m3_block),
		  sizeof(struct m3_block) },
		{ r->transfers_at, sizeof(struct m3_transfer) },
		{ r->bits_at, r->bits_words * 4 },
		{ r->more_at, sizeof(struct m3_more) },
	};
	uint32_t i;
	int e = 0;

	n = n > m3_group(r) ? m3_group(r) : n;
	for (i = 0; !e && i < sizeof(tables) / sizeof(tables[0]); i++)
		e = m3_map_back(s->map, tables[i].at + first * tables[i].bytes,
				n * tables[i].bytes);
	return e;
}
