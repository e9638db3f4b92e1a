// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Processes. The core knows them by their number in the first pid namespace;
 * who asks sees the numbers of his own. A member lives as long as its process
 * has the file open: exit, exec and close end it, in that process's context.
 */
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include "../calls/calls.h"

uint32_t m3_pid(void)
{
	return (uint32_t)task_tgid_nr(current);
}

uint32_t m3_tid(void)
{
	return (uint32_t)task_pid_nr(current);
}

uint32_t m3_pid_known(int pid)
{
	struct task_struct *task;
	uint32_t known = 0;

	if (pid <= 0)
		return 0;
	rcu_read_lock();
	task = pid_task(find_vpid(pid), PIDTYPE_PID);
	/* Not one that only waits for its parent; threads may outlive it. */
	if (task && !(task->exit_state && thread_group_empty(task)))
		known = (uint32_t)task_pid_nr(task);
	rcu_read_unlock();
	return known;
}

int32_t m3_pid_shown(uint32_t pid)
{
	struct pid *found;
	int32_t shown;

	rcu_read_lock();
	found = find_pid_ns((int)pid, &init_pid_ns);
	/* It has ended: its number is nobody's. */
	shown = found ? (int32_t)pid_vnr(found) :
		task_active_pid_ns(current) == &init_pid_ns ? (int32_t)pid : 0;
	rcu_read_unlock();
	return shown;
}

void m3_thread_name(char name[M3_NAME_BYTES])
{
	BUILD_BUG_ON(M3_NAME_BYTES != TASK_COMM_LEN);
	strscpy(name, current->comm, M3_NAME_BYTES);
}

void m3_process_name(uint32_t pid, char name[M3_NAME_BYTES])
{
	struct task_struct *task;

	name[0] = 0;
	rcu_read_lock();
	task = pid_task(find_pid_ns((int)pid, &init_pid_ns), PIDTYPE_PID);
	if (task)
		strscpy(name, task->comm, M3_NAME_BYTES);
	rcu_read_unlock();
}

/* ----------------------------------------------------------------- life */

static uint32_t free_handle(struct m3_region *r)
{
	uint32_t h;

	for (h = M3_RUNTIME + 1; h < r->handles; h++)
		if (!m3_handle(r, h)->pid)
			return h;
	return M3_NIL;
}

static void take_handle(struct m3_map *map, uint32_t handle)
{
	struct m3_joined *j = &map->dc->joined[handle];
	struct m3_region *r = map->r;
	struct m3_handle *h = m3_handle(r, handle);
	uint32_t w;

	mmgrab(current->mm);
	j->mm = current->mm;
	WRITE_ONCE(j->ended, false);
	j->released = false;
	atomic_set(&j->bell.rung, 0);
	/* The first call may be an asynchronous one: nobody has served yet. */
	WRITE_ONCE(h->armed, m3_bell_ticket(h->generation + 1));
	/* A late waker of its last life may still set one. */
	for (w = 0; w < r->bits_words; w++)
		WRITE_ONCE(m3_ready_bits(r, handle)[w], 0);
	m3_set32(r, &h->left, 0);
	m3_set32(r, &h->generation, h->generation + 1);
	m3_set32(r, &h->pid, m3_pid());
	if (handle >= r->joined)
		m3_set32(r, &r->joined, handle + 1);
	m3_commit(r);
	map->handle = handle;
	pr_debug("m3ipc: process %u is member %u of DC %u\n", m3_pid(), handle,
		 r->dc);
}

int m3_life_begin(struct m3_map *map)
{
	struct m3_section s;
	uint32_t handle;
	int e = m3_begin(map, &s, M3_LOCK_FOREVER);

	if (e)
		return e;
	handle = free_handle(map->r);
	if (!map->r->running)
		e = -M3_EDCNOTRUN;
	else if (handle == M3_NIL)
		e = -M3_EBUSY;
	else
		take_handle(map, handle);
	m3_end(&s);
	return e;
}

void m3_life_close(struct m3_map *map)
{
	struct m3_section s;

	if (m3_begin(map, &s, M3_LOCK_FOREVER))
		return;
	WRITE_ONCE(map->dc->joined[map->handle].ended, true);
	/* Of its own accord: there is no death to tell of. */
	if (!(current->flags & PF_EXITING) && !current->in_execve)
		m3_handle(map->r, map->handle)->left = 1;
	pr_debug("m3ipc: member %u of DC %u ends\n", map->handle, map->r->dc);
	m3_bury_endpoints(&s.t, map->handle);
	m3_end(&s);
}

/*
 * Unbinds what has ended, but for endpoints that a copy still needs:
 * m3_life_unpinned(). The handle is free when the file is gone too: until then
 * a thread may be in a copy, and a child may have the file. Inside the critical
 * section.
 */
static int bury(struct m3_map *map, struct m3_txn *t, uint32_t handle,
		struct mm_struct **mm)
{
	struct m3_joined *j = &map->dc->joined[handle];
	uint32_t pinned;
	int n;

	*mm = NULL;
	if (!j->ended || !m3_handle(map->r, handle)->pid)
		return 0;
	if (!j->released)
		return m3_bury_endpoints(t, handle);
	n = m3_bury(t, handle, &pinned);
	if (pinned == M3_NIL) {
		*mm = j->mm;
		j->mm = NULL;
	}
	return n;
}

int m3_life_bury(struct m3_map *map, uint32_t handle)
{
	struct mm_struct *mm;
	struct m3_section s;
	int n = m3_begin(map, &s, M3_LOCK_FOREVER);

	if (n)
		return 0;
	n = bury(map, &s.t, handle, &mm);
	m3_end(&s);
	if (mm)
		mmdrop(mm);
	return n;
}

void m3_life_end(struct m3_map *map)
{
	struct m3_section s;

	if (m3_begin(map, &s, M3_LOCK_FOREVER))
		return;
	WRITE_ONCE(map->dc->joined[map->handle].ended, true);
	map->dc->joined[map->handle].released = true;
	m3_end(&s);
	m3_life_bury(map, map->handle);
}

int m3_life_alive(struct m3_map *map, uint32_t handle)
{
	return READ_ONCE(m3_handle(map->r, handle)->pid) &&
	       !READ_ONCE(map->dc->joined[handle].ended);
}

void m3_life_look_at(struct m3_map *map, uint32_t p)
{
	(void)map;
	(void)p;
}

/* All that ends a wait wakes who waits. */
void m3_life_look(struct m3_map *map, uint32_t i)
{
	(void)map;
	(void)i;
}

void m3_life_unpinned(struct m3_map *map, uint32_t i)
{
	uint32_t handle = READ_ONCE(m3_slot(map->r, i)->handle);

	if (handle < map->r->handles &&
	    READ_ONCE(map->dc->joined[handle].ended))
		m3_life_bury(map, handle);
}

int m3_life_sweep(struct m3_map *map)
{
	(void)map;
	return 0;
}
