// SPDX-License-Identifier: MIT
/* Kinds of binding, and waiting for them. */
#include "lib.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* What the kernel calls a process: getprocinfo shows it. */
static void name_of(int pid, char *name)
{
	char path[32];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, name, M3_NAME_BYTES - 1);
		close(fd);
	}
	name[n > 0 ? n : 0] = 0;
	name[strcspn(name, "\n")] = 0;
}

static int exists(int pid)
{
	return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno != ESRCH);
}

/*
 * The first handle of a process that has joined. Who dies from now on leaves
 * an endpoint that is buried with the others of its handle.
 */
static int find_process(struct m3_map *map, int pid, struct m3_binder *who)
{
	struct m3_region *r = map->r;
	uint32_t h;

	for (h = M3_RUNTIME + 1; h < m3_joined(r); h++)
		if (m3_handle(r, h)->pid == (uint32_t)pid && exists(pid) &&
		    m3_life_alive(map, h))
			break;
	who->handle = h;
	who->pid = (uint32_t)pid;
	return h < m3_joined(r) ? 0 : -M3_EBADPID;
}

enum kind { LOCAL, REPLICA, BACKUP };

/* Inside the critical section: the process may have left in between. */
static int bind_kind(struct m3_txn *t, enum kind kind, int ep, int id,
		     struct m3_binder *who)
{
	if (m3_handle(t->r, who->handle)->pid != who->pid)
		return -M3_EBADPID;
	if (kind == BACKUP)
		return id < 0 ? -M3_EBADNODEID :
				m3_slot_bkupbind(t, ep, (uint32_t)id, who);
	who->misc = M3_MF_GRPLEADER | (kind == REPLICA ? M3_MF_REPLICATED : 0);
	return m3_slot_bind(t, ep, who);
}

static int bind_other(struct m3_node *node, int dc, int pid, int ep, int id,
		      enum kind kind)
{
	char name[M3_NAME_BYTES];
	struct m3_binder who = { .name = name };
	struct m3_section s;
	struct m3_map *map;
	int e = m3_node_dc(node, dc, &map);

	if (!e)
		e = find_process(map, pid, &who);
	if (e)
		return e;
	name_of(pid, name);
	m3_life_look_at(map, m3_slot_of(map->r, ep));
	e = m3_begin(map, &s, M3_LOCK_PROXY_MS);
	if (e)
		return e;
	e = bind_kind(&s.t, kind, ep, id, &who);
	m3_end(&s);
	if (!e)
		m3_futex_wake(&m3_handle(map->r, who.handle)->bound, INT_MAX);
	return e;
}

int m3_lclbind(struct m3_node *node, int dc, int pid, int ep)
{
	return bind_other(node, dc, pid, ep, 0, LOCAL);
}

int m3_bkupbind(struct m3_node *node, int dc, int pid, int ep, int id)
{
	return bind_other(node, dc, pid, ep, id, BACKUP);
}

int m3_replbind(struct m3_node *node, int dc, int pid, int ep)
{
	return bind_other(node, dc, pid, ep, 0, REPLICA);
}

/* By this process, shown as `pid`. */
static int bind_self(struct m3_member *m, int ep, uint32_t pid)
{
	char name[M3_NAME_BYTES] = "";
	struct m3_binder who = {
		.handle = m->map->handle, .pid = pid, .name = name,
		.misc = pid == (uint32_t)getpid() ? M3_MF_GRPLEADER : 0,
	};
	struct m3_section s;
	uint32_t i;
	int e;

	if (m3_map_forked(m->map))
		return -M3_EFORKED;
	i = m3_slot_of(m->map->r, ep);
	/* The endpoint of a dead process may be taken over. */
	m3_life_look_at(m->map, i);
	prctl(PR_GET_NAME, name, 0, 0, 0);
	e = m3_begin(m->map, &s, M3_LOCK_FOREVER);
	if (e)
		return e;
	e = m->map->r->running ? m3_slot_bind(&s.t, ep, &who) : -M3_EDCNOTRUN;
	m3_end(&s);
	if (e)
		return e;
	/* A call of its former life that nobody collected is no obstacle. */
	__atomic_store_n(&m->busy[i], 0, __ATOMIC_RELEASE);
	m3_affinity_bind(m->map, i);
	return 0;
}

int m3_bind(struct m3_member *m, int ep)
{
	return bind_self(m, ep, (uint32_t)getpid());
}

int m3_tbind(struct m3_member *m, int ep)
{
	return bind_self(m, ep, m3_tid());
}

/* The slot that a wait returns, or M3_NIL: it has none. */
static uint32_t bound_slot(struct m3_region *r, uint32_t handle)
{
	uint32_t i, any = M3_NIL;

	for (i = 0; i < m3_high(r); i++) {
		if (m3_slot(r, i)->handle != handle ||
		    m3_slot(r, i)->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE))
			continue;
		if (!m3_more(r, i)->told)
			return i;
		if (any == M3_NIL)
			any = i;
	}
	return any;
}

/* 0, -EAGAIN: nothing yet, or an error. */
static int look_bound(struct m3_member *m, int *ep)
{
	struct m3_region *r = m->map->r;
	struct m3_section s;
	uint32_t i;
	int e = m3_begin(m->map, &s, M3_LOCK_FOREVER), fresh = 0;

	if (e)
		return e;
	i = bound_slot(r, m->map->handle);
	e = !r->running ? -M3_EDCNOTRUN : i == M3_NIL ? -M3_EAGAIN : 0;
	if (!e && !m3_more(r, i)->told) {
		m3_set32(r, &m3_more(r, i)->told, 1);
		m3_commit(r);
		fresh = 1;
	}
	m3_end(&s);
	if (e)
		return e;
	*ep = m3_endpoint_of(r, i);
	if (fresh) {
		__atomic_store_n(&m->busy[i], 0, __ATOMIC_RELEASE);
		m3_affinity_bind(m->map, i);
	}
	return 0;
}

int m3_wait4bind(struct m3_member *m, int *ep, int timeout)
{
	uint64_t now, end = timeout > 0 ?
		m3_clock_ns() + (uint64_t)timeout * 1000000ull : 0;
	uint32_t *word, v;
	int e;

	if (m3_map_forked(m->map))
		return -M3_EFORKED;
	word = &m3_handle(m->map->r, m->map->handle)->bound;
	for (;;) {
		v = __atomic_load_n(word, __ATOMIC_ACQUIRE);
		e = look_bound(m, ep);
		if (e != -M3_EAGAIN || timeout == M3_NOWAIT)
			return e;
		now = m3_clock_ns();
		if (end && now >= end)
			return -M3_ETIMEDOUT;
		e = m3_futex_wait(word, v, end && end - now < M3_SLICE_NS ?
						   end - now : M3_SLICE_NS);
		if (e == EINTR)
			return -M3_EINTR;
	}
}

int m3_wait4bindep(struct m3_member *m, int self, int ep, int timeout)
{
	return m3_run_wait(m, M3_OP_WAITBIND, self, ep, timeout);
}

int m3_wait4unbind(struct m3_member *m, int self, int ep, int timeout)
{
	return m3_run_wait(m, M3_OP_WAITUNBIND, self, ep, timeout);
}

/* The first slot of a process, or of a thread that has bound its own. */
static uint32_t slot_of_process(struct m3_region *r, uint32_t pid)
{
	uint32_t i;

	for (i = 0; i < m3_high(r); i++) {
		const struct m3_slot *s = m3_slot(r, i);

		if (s->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE) ||
		    s->handle >= r->handles)
			continue;
		if (s->pid == pid || m3_handle(r, s->handle)->pid == pid)
			return i;
	}
	return M3_NIL;
}

int m3_getep(struct m3_member *m, int pid, int *ep)
{
	struct m3_section s;
	uint32_t i, h;
	int e;

	if (m3_map_forked(m->map))
		return -M3_EFORKED;
	if (pid == -1)
		pid = (int)getpid();
	if (!exists(pid))
		return -M3_EBADPID;
	e = m3_begin(m->map, &s, M3_LOCK_FOREVER);
	if (e)
		return e;
	i = slot_of_process(m->map->r, (uint32_t)pid);
	e = !m->map->r->running ? -M3_EDCNOTRUN :
	    i == M3_NIL ? -M3_ENOTBIND : 0;
	h = e ? m->map->handle : m3_slot(m->map->r, i)->handle;
	m3_end(&s);
	/* It has ended, but somebody still has to wait for it. */
	if (!e && !m3_life_alive(m->map, h)) {
		m3_life_bury(m->map, h);
		e = -M3_EBADPID;
	}
	if (!e)
		*ep = m3_endpoint_of(m->map->r, i);
	return e;
}
