// SPDX-License-Identifier: MIT
/*
 * Who lives. Each member holds an open-file-description lock (fcntl(2),
 * F_OFD_SETLK) on one byte of the region file, far behind its end, for as long
 * as it is a member: the kernel drops it when the process dies, however it
 * dies, and no pid is ever mistaken for another.
 */
#include "../calls/calls.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define LIFE_AT (1ll << 40)

static int life_lock(int fd, int command, uint32_t handle, short type)
{
	struct flock l = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = LIFE_AT + handle,
		.l_len = 1,
	};

	if (fcntl(fd, command, &l))
		return -1;
	return l.l_type;
}

int m3_life_alive(struct m3_map *map, uint32_t handle)
{
	uint32_t pid = m3_handle(map->r, handle)->pid;

	if (handle == map->handle)
		return 1;
	if (pid == 0)
		return 0;
	/* A child forked without exec still holds the dead parent's lock. */
	if (kill((pid_t)pid, 0) && errno == ESRCH)
		return 0;
	return life_lock(map->fd, F_OFD_GETLK, handle, F_WRLCK) != F_UNLCK;
}

/* One round of a burial; see m3_bury(). */
static int bury(struct m3_map *map, uint32_t handle, uint32_t *pinned)
{
	struct m3_section s;
	int n;

	*pinned = M3_NIL;
	if (m3_begin(map, &s, M3_LOCK_PROXY_MS))
		return 0;
	/* Somebody else may have buried it and taken the handle. */
	if (m3_life_alive(map, handle)) {
		m3_end(&s);
		return 0;
	}
	n = m3_bury(&s.t, handle, pinned);
	m3_end(&s);
	return n;
}

int m3_life_bury(struct m3_map *map, uint32_t handle)
{
	uint32_t pinned, other;
	int n = bury(map, handle, &pinned);

	/*
	 * An endpoint that is being copied from stays until the copy has
	 * ended; a copier that is dead, be it the same process, ends it now.
	 */
	if (pinned >= map->r->handles ||
	    (pinned != handle && m3_life_alive(map, pinned)))
		return n;
	if (pinned != handle)
		n += bury(map, pinned, &other);
	return n + bury(map, handle, &pinned);
}

/* A free handle for this process: the first, so that they stay together. */
static int find_handle(struct m3_map *map, uint32_t *handle)
{
	struct m3_region *r = map->r;
	uint32_t h, joined = m3_joined(r);
	int e;

	for (h = M3_RUNTIME + 1; h < r->handles; h++) {
		e = h < joined ? 0 :
		    m3_map_back(map, r->handles_at +
				(uint64_t)h * r->handle_bytes, r->handle_bytes);
		if (e)
			return e;
		if (m3_handle(r, h)->pid == 0 &&
		    life_lock(map->fd, F_OFD_SETLK, h, F_WRLCK) != -1)
			break;
	}
	*handle = h;
	return h < r->handles ? 0 : -M3_EBUSY;
}

static int claim(struct m3_map *map)
{
	struct m3_region *r = map->r;
	struct m3_section s;
	struct m3_handle *h;
	int e = m3_begin(map, &s, M3_LOCK_FOREVER);

	if (e)
		return e;
	e = find_handle(map, &map->handle);
	if (e) {
		map->handle = M3_NIL;
		m3_end(&s);
		return e;
	}
	h = m3_handle(r, map->handle);
	/* The first call may be an asynchronous one: nobody has served yet. */
	m3_crash_point();
	h->armed = m3_bell_ticket(h->generation + 1);
	memset(h + 1, 0, r->bits_words * 4);
	m3_set32(r, &h->left, 0);
	m3_set32(r, &h->generation, h->generation + 1);
	m3_set32(r, &h->pid, (uint32_t)getpid());
	if (map->handle >= r->joined)
		m3_set32(r, &r->joined, map->handle + 1);
	m3_commit(r);
	m3_end(&s);
	return 0;
}

int m3_life_begin(struct m3_map *map)
{
	int e = claim(map);

	if (e != -M3_EBUSY)
		return e;
	m3_life_sweep(map);
	return claim(map);
}

void m3_life_end(struct m3_map *map)
{
	uint32_t h = map->handle;

	if (h == M3_RUNTIME || h == M3_NIL || m3_map_forked(map))
		return;
	m3_bell_remove(map, M3_BELL_HANDLE, h,
		       m3_handle(map->r, h)->generation);
	/* Whoever buries it now has no death to tell of. */
	__atomic_store_n(&m3_handle(map->r, h)->left, 1, __ATOMIC_RELEASE);
	/* Not ours any more, so that it can be buried like a dead one's. */
	life_lock(map->fd, F_OFD_SETLK, h, F_UNLCK);
	map->handle = M3_NIL;
	m3_life_bury(map, h);
}

/* The slot that slot i's call waits for; M3_NIL if any will do. */
static uint32_t partner_of(struct m3_region *r, uint32_t i)
{
	struct m3_slot *s = m3_slot(r, i);

	if (s->copier < r->slots)
		return s->copier;
	if (s->op == M3_OP_NONE)
		return M3_NIL;
	if (s->rts & M3_RTS_WAITMIGR)
		return m3_slot_of(r, s->waitmigr);
	if (s->rts & (M3_RTS_SENDING | M3_RTS_WAITUNBIND))
		return m3_slot_of(r, s->sendto);
	return s->getfrom == M3_ANY ? M3_NIL : m3_slot_of(r, s->getfrom);
}

void m3_life_look_at(struct m3_map *map, uint32_t p)
{
	uint32_t h;

	if (p >= map->r->slots)
		return;
	if (m3_slot(map->r, p)->rts & (M3_RTS_REMOTE | M3_RTS_SLOT_FREE))
		return;
	h = m3_slot(map->r, p)->handle;
	if (h < map->r->handles && !m3_life_alive(map, h))
		m3_life_bury(map, h);
}

void m3_life_look(struct m3_map *map, uint32_t i)
{
	struct m3_section s;

	m3_life_look_at(map, partner_of(map->r, i));
	if (!m3_waits_for_binding(m3_slot(map->r, i)) ||
	    m3_begin(map, &s, M3_LOCK_PROXY_MS))
		return;
	m3_bind_look(&s.t, i);
	m3_end(&s);
}

/* Who waits for it looks around, and a look is a system call. */
void m3_life_unpinned(struct m3_map *map, uint32_t i)
{
	(void)map;
	(void)i;
}

int m3_life_sweep(struct m3_map *map)
{
	uint32_t h;
	int n = 0;

	for (h = M3_RUNTIME + 1; h < m3_joined(map->r); h++) {
		uint32_t generation = m3_handle(map->r, h)->generation;

		if (!m3_handle(map->r, h)->pid || m3_life_alive(map, h))
			continue;
		n += m3_life_bury(map, h);
		m3_bell_remove(map, M3_BELL_HANDLE, h, generation);
	}
	return n;
}
