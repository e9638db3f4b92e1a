// SPDX-License-Identifier: MIT
/*
 * Bells: a FIFO each, for a process that waits in an event loop and for each
 * (DC, peer) of a proxy. Rung only when the owner has armed it (build 12).
 */
#include "embedded.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int m3_bell_create(struct m3_map *map, const char *suffix, int *fd)
{
	char path[M3_PATH_BYTES];
	struct m3_region *r = map->r;

	m3_dc_path(path, map->dir, r->dc, suffix);
	unlink(path);
	if (mkfifo(path, r->mode))
		return m3_errno(errno);
	/* mkfifo obeys the umask; the DC's mode is what was asked for. */
	if (chmod(path, r->mode) ||
	    (r->gid != (uint32_t)-1 && chown(path, (uid_t)-1, r->gid))) {
		unlink(path);
		return m3_errno(errno);
	}
	*fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	return *fd < 0 ? m3_errno(errno) : 0;
}

void m3_bell_drain(int fd)
{
	char sink[256];

	while (read(fd, sink, sizeof(sink)) == (ssize_t)sizeof(sink))
		;
}

void m3_bell_arm(uint32_t *armed, uint32_t *ticket)
{
	*ticket += *ticket == UINT32_MAX ? 2 : 1;
	__atomic_store_n(armed, *ticket, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/*
 * 1: rung. A full FIFO is a rung bell. Opened for reading too, so that a bell
 * whose owner has died raises no SIGPIPE here.
 */
static int ring(struct m3_map *map, struct m3_bell_cache *bell,
		uint32_t generation, const char *suffix)
{
	char path[M3_PATH_BYTES];
	int rung;

	pthread_mutex_lock(&map->bells_lock);
	if (bell->fd >= 0 && bell->generation != generation) {
		close(bell->fd);
		bell->fd = -1;
	}
	if (bell->fd < 0) {
		m3_dc_path(path, map->dir, map->r->dc, suffix);
		bell->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		bell->generation = generation;
	}
	while (bell->fd >= 0 && write(bell->fd, "", 1) < 0 && errno == EINTR)
		;
	rung = bell->fd >= 0;
	pthread_mutex_unlock(&map->bells_lock);
	return rung;
}

/* The ticket to ring for, or 0. What it is rung for was stored before. */
static uint32_t armed_ticket(const uint32_t *armed)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(armed, __ATOMIC_RELAXED);
}

/*
 * The ticket is taken after the ring: who is killed in between leaves a bell
 * rung twice, not a sleeper that nobody rings any more.
 */
static void disarm(uint32_t *armed, uint32_t ticket)
{
	__atomic_compare_exchange_n(armed, &ticket, 0, 0, __ATOMIC_SEQ_CST,
				    __ATOMIC_RELAXED);
}

void m3_ring_handle(struct m3_map *map, uint32_t handle)
{
	struct m3_handle *h = m3_handle(map->r, handle);
	uint32_t ticket = armed_ticket(&h->armed);
	char suffix[32];

	if (!ticket)
		return;
	snprintf(suffix, sizeof(suffix), ".bell%u", handle);
	if (ring(map, &map->bells[handle], h->generation, suffix))
		disarm(&h->armed, ticket);
}

void m3_ring_peer(struct m3_map *map, uint32_t node)
{
	struct m3_peer *p = m3_peer(map->r, node);
	uint32_t ticket = armed_ticket(&p->armed);
	char suffix[32];

	if (!ticket)
		return;
	snprintf(suffix, sizeof(suffix), ".peer%u", node);
	if (ring(map, &map->bells[map->r->handles + node], p->token, suffix))
		disarm(&p->armed, ticket);
}
