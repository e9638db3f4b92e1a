// SPDX-License-Identifier: MIT OR GPL-2.0
/* Kinds of binding, and waiting for them. */
#include "calls.h"

/*
 * The first handle of a process that has joined. Who dies from now on leaves
 * an endpoint that is buried with the others of its handle.
 */
static int find_process(struct m3_map *map, int pid, struct m3_binder *who)
{
	uint32_t known = m3_pid_known(pid), h;
	struct m3_region *r = map->r;

	who->pid = known;
	who->handle = M3_NIL;
	m3_look_begin(map);
	for (h = M3_RUNTIME + 1; h < m3_joined(r); h++)
		if (known && m3_handle(r, h)->pid == known &&
		    m3_life_alive(map, h)) {
			who->handle = h;
			break;
		}
	m3_look_end(map);
	return who->handle == M3_NIL ? -M3_EBADPID : 0;
}

/* Inside the critical section: the process may have left in between. */
static int bind_kind(struct m3_txn *t, const struct m3_request *q,
		     struct m3_binder *who)
{
	if (m3_handle(t->r, who->handle)->pid != who->pid)
		return -M3_EBADPID;
	if (q->flags == M3_BIND_BACKUP)
		return q->id < 0 ? -M3_EBADNODEID :
				   m3_slot_bkupbind(t, q->ep, (uint32_t)q->id,
						    who);
	who->misc = M3_MF_GRPLEADER |
		    (q->flags == M3_BIND_REPLICA ? M3_MF_REPLICATED : 0);
	return m3_slot_bind(t, q->ep, who);
}

int m3_do_bind_other(struct m3_node *node, struct m3_request *q, void *data)
{
	char name[M3_NAME_BYTES];
	struct m3_binder who = { .name = name };
	struct m3_section s;
	struct m3_map *map;
	int e = m3_node_dc(node, q->dc, &map);

	(void)data;
	if (!e && q->flags > M3_BIND_BACKUP)
		e = -M3_EBINDTYPE;
	if (!e)
		e = find_process(map, q->pid, &who);
	if (e)
		return e;
	m3_process_name(who.pid, name);
	m3_life_look_at(map, m3_slot_of(map->r, q->ep));
	e = m3_begin(map, &s, M3_LOCK_PROXY_MS);
	if (e)
		return e;
	e = bind_kind(&s.t, q, &who);
	m3_end(&s);
	if (!e)
		m3_bound_wake(map, who.handle);
	return e;
}

/* It has an endpoint now: as a thread of that DC, and for its calls. */
static void bound(struct m3_member *m, uint32_t i)
{
	/* A call of its former life that nobody collected is no obstacle. */
	__atomic_store_n(&m->busy[i], 0, __ATOMIC_RELEASE);
	m3_affinity_bind(m->map, i);
}

int m3_do_bind(struct m3_member *m, struct m3_request *q, void *data)
{
	char name[M3_NAME_BYTES] = "";
	struct m3_binder who = {
		.handle = m->map->handle, .name = name,
		.pid = q->flags & M3_BIND_THREAD ? m3_tid() : m3_pid(),
	};
	struct m3_section s;
	uint32_t i;
	int e;

	(void)data;
	if (m3_map_forked(m->map))
		return -M3_EFORKED;
	who.misc = who.pid == m3_pid() ? M3_MF_GRPLEADER : 0;
	i = m3_slot_of(m->map->r, q->ep);
	/* The endpoint of a dead process may be taken over. */
	m3_life_look_at(m->map, i);
	m3_thread_name(name);
	e = m3_begin(m->map, &s, M3_LOCK_FOREVER);
	if (e)
		return e;
	e = m->map->r->running ? m3_slot_bind(&s.t, q->ep, &who) :
				 -M3_EDCNOTRUN;
	m3_end(&s);
	if (!e)
		bound(m, i);
	return e;
}

int m3_do_unbind(struct m3_member *m, struct m3_request *q, void *data)
{
	struct m3_section s;
	uint32_t i;
	int e = m3_begin(m->map, &s, M3_LOCK_FOREVER);

	(void)data;
	if (e)
		return e;
	i = m3_slot_of(m->map->r, q->ep);
	if (i == M3_NIL)
		e = -M3_ERANGE;
	else if (m3_slot(m->map->r, i)->handle != m->map->handle)
		e = -M3_ENOTBIND;
	else if (!(e = m3_may_call(m->map->r, i, M3_CALL_UNBIND)))
		e = m3_unbind_slot(&s.t, i);
	m3_end(&s);
	if (!e)
		m3_affinity_unbind(m->map, i);
	return e;
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
static int look_bound(struct m3_member *m, int32_t *ep)
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
	if (fresh)
		bound(m, i);
	return 0;
}

int m3_do_wait4bind(struct m3_member *m, struct m3_request *q, void *data)
{
	uint64_t end = m3_deadline(q->timeout);
	uint32_t seen;
	int e;

	(void)data;
	if (m3_map_forked(m->map))
		return -M3_EFORKED;
	for (;;) {
		seen = m3_bound_seen(m->map);
		e = look_bound(m, &q->ep);
		if (e != -M3_EAGAIN || q->timeout == M3_NOWAIT)
			return e;
		e = m3_bound_wait(m->map, seen, end);
		if (e != -M3_EAGAIN)
			return e;
	}
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

int m3_do_getep(struct m3_member *m, struct m3_request *q, void *data)
{
	uint32_t pid;
	struct m3_section s;
	uint32_t i, h;
	int e;

	(void)data;
	if (m3_map_forked(m->map))
		return -M3_EFORKED;
	pid = q->pid == -1 ? m3_pid() : m3_pid_known(q->pid);
	if (!pid)
		return -M3_EBADPID;
	e = m3_begin(m->map, &s, M3_LOCK_FOREVER);
	if (e)
		return e;
	i = slot_of_process(m->map->r, pid);
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
		q->ep = m3_endpoint_of(m->map->r, i);
	return e;
}
