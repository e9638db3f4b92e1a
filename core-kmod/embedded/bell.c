// SPDX-License-Identifier: MIT
/*
 * Bells: a FIFO each, for a process that waits in an event loop and for each
 * (DC, peer) of a proxy. Rung only when the owner has armed it (build 12).
 */
#include "../calls/calls.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

void m3_bell_dir(char *path, const char *dir, const struct m3_layout *l)
{
	char suffix[16];

	snprintf(suffix, sizeof(suffix), ".%08x", (uint32_t)l->incarnation);
	m3_dc_path(path, dir, l->dc, suffix);
}

static void bell_path(char *path, struct m3_map *map, enum m3_bell_kind kind,
		      uint32_t index, uint32_t generation)
{
	char suffix[48];

	snprintf(suffix, sizeof(suffix), ".%08x/%s%u.%u",
		 (uint32_t)map->r->incarnation,
		 kind == M3_BELL_PEER ? "peer" : "bell", index, generation);
	m3_dc_path(path, map->dir, map->r->dc, suffix);
}

/*
 * Opened for reading too, so that a bell whose owner has died raises no
 * SIGPIPE. A member may have put anything under that name: only a FIFO is
 * written to, and no link is followed.
 */
static int bell_open(const char *path)
{
	int fd = open(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) || !S_ISFIFO(st.st_mode))) {
		close(fd);
		errno = EIO;
		return -1;
	}
	return fd;
}

int m3_bell_create(struct m3_map *map, enum m3_bell_kind kind, uint32_t index,
		   uint32_t generation, int *fd)
{
	char path[M3_PATH_BYTES];
	int e = 0;

	bell_path(path, map, kind, index, generation);
	unlink(path);
	if (mkfifo(path, map->r->mode)) {
		/* Its directory goes with the DC. */
		if (errno == ENOENT)
			return map->r->running ? -M3_EIO : -M3_EDCNOTRUN;
		return m3_errno(errno);
	}
	*fd = bell_open(path);
	/*
	 * mkfifo obeys the umask; the DC's mode is what was asked for. By the
	 * descriptor: under the name another member may have put a link.
	 */
	if (*fd >= 0 && fchmod(*fd, map->r->mode & 0777)) {
		e = m3_errno(errno);
		close(*fd);
		*fd = -1;
	} else if (*fd < 0) {
		e = m3_errno(errno);
	}
	if (e)
		unlink(path);
	return e;
}

void m3_bell_remove(struct m3_map *map, enum m3_bell_kind kind, uint32_t index,
		    uint32_t generation)
{
	char path[M3_PATH_BYTES];

	bell_path(path, map, kind, index, generation);
	unlink(path);
}

void m3_bell_drain(int fd)
{
	char sink[256];

	while (read(fd, sink, sizeof(sink)) == (ssize_t)sizeof(sink))
		;
}

/* 1: rung. A full FIFO is a rung bell. */
static int ring(struct m3_map *map, enum m3_bell_kind kind, uint32_t index,
		uint32_t generation)
{
	struct m3_bell_cache *bell = &map->bells[
		kind == M3_BELL_PEER ? map->r->handles + index : index];

	char path[M3_PATH_BYTES];
	int rung;

	pthread_mutex_lock(&map->bells_lock);
	if (bell->fd >= 0 && bell->generation != generation) {
		close(bell->fd);
		bell->fd = -1;
	}
	if (bell->fd < 0) {
		bell_path(path, map, kind, index, generation);
		bell->fd = bell_open(path);
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
	m3_crash_point();
	__atomic_compare_exchange_n(armed, &ticket, 0, 0, __ATOMIC_SEQ_CST,
				    __ATOMIC_RELAXED);
}

void m3_ring_handle(struct m3_map *map, uint32_t handle)
{
	struct m3_handle *h = m3_handle(map->r, handle);
	uint32_t ticket = armed_ticket(&h->armed);

	if (ticket && ring(map, M3_BELL_HANDLE, handle, h->generation))
		disarm(&h->armed, ticket);
}

void m3_ring_peer(struct m3_map *map, uint32_t node)
{
	struct m3_peer *p = m3_peer(map->r, node);
	uint32_t ticket = armed_ticket(&p->armed);

	if (ticket && ring(map, M3_BELL_PEER, node, p->token))
		disarm(&p->armed, ticket);
}

void m3_member_hush(struct m3_member *m)
{
	m3_bell_drain(m->bell);
}

/* The bell of (DC, peer), readable through the node's epoll descriptor. */
int m3_hold_open(struct m3_proxy *p, struct m3_map *map, struct m3_hold *hold)
{
	struct epoll_event event = { .events = EPOLLIN };
	int e = m3_bell_create(map, M3_BELL_PEER, p->peer, hold->token,
			       &hold->bell);

	if (e)
		return e;
	m3_bell_remove(map, M3_BELL_PEER, p->peer, hold->token - 1);
	event.data.u64 = (uint64_t)p->peer << 32 | map->r->dc;
	if (epoll_ctl(p->node->platform.epoll, EPOLL_CTL_ADD, hold->bell,
		      &event)) {
		close(hold->bell);
		hold->bell = -1;
		return -M3_EIO;
	}
	return 0;
}

void m3_hold_close(struct m3_hold *hold)
{
	if (hold->bell >= 0)
		close(hold->bell);
	hold->bell = -1;
	hold->quiet = 0;
}

/* In a forked child the word is not mapped. */
void m3_hold_rest(struct m3_hold *hold, const uint32_t *armed)
{
	hold->quiet = m3_forks + 1;
	hold->armed = armed;
}

int m3_hold_is_quiet(const struct m3_hold *hold)
{
	return hold->quiet == m3_forks + 1 &&
	       __atomic_load_n(hold->armed, __ATOMIC_RELAXED) == hold->ticket;
}

/* Who has rung may take the ticket only now: it is to be armed anew. */
void m3_hold_serve(struct m3_hold *hold)
{
	m3_bell_drain(hold->bell);
	hold->quiet = 0;
}
