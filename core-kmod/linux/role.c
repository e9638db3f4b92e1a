// SPDX-License-Identifier: MIT OR GPL-2.0
/* What a fresh file may become, and who may make it that. */
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>
#include "file.h"

static int may_manage(const struct m3_core *core)
{
	return ns_capable(core->owner, CAP_SYS_ADMIN) ? 0 : -M3_EPERM;
}

static int fresh_init(struct m3_file *f, struct m3_request *q)
{
	struct m3_dvs_params params;

	/* Nobody owns it yet but the machine's administrator. */
	if (!capable(CAP_SYS_ADMIN))
		return -M3_EPERM;
	if (copy_from_user(&params, u64_to_user_ptr(q->data), sizeof(params)))
		return -M3_EFAULT;
	return m3_core_make(f->device, &params);
}

static int fresh_end(struct m3_file *f)
{
	struct m3_core *core = m3_core_get(f->device);
	int e;

	if (!core)
		return -M3_EDVSINIT;
	e = may_manage(core);
	m3_core_put(core);
	return e ? e : m3_core_unmake(f->device);
}

struct m3_node *m3_node_new(struct m3_core *core)
{
	struct m3_node *node = kvzalloc(sizeof(*node), GFP_KERNEL_ACCOUNT);

	if (!node)
		return NULL;
	node->region = &core->region;
	node->platform.core = core;
	return node;
}

void m3_node_free(struct m3_node *node)
{
	uint32_t dc;

	for (dc = 0; node && dc < M3_MAX_DCS; dc++)
		m3_node_dc_close(node, (int)dc);
	kvfree(node);
}

static int become_node(struct m3_file *f, struct m3_core *core)
{
	f->node = m3_node_new(core);
	return f->node ? 0 : -M3_ENOMEM;
}

static int become_proxy(struct m3_file *f, struct m3_core *core, int id)
{
	int e = become_node(f, core);

	if (e)
		return e;
	f->proxy = kvzalloc(sizeof(*f->proxy), GFP_KERNEL_ACCOUNT);
	mutex_lock(&core->manage);
	e = f->proxy ? m3_proxy_hold(f->proxy, f->node, id) : -M3_ENOMEM;
	mutex_unlock(&core->manage);
	if (e) {
		kvfree(f->proxy);
		f->proxy = NULL;
		m3_node_free(f->node);
		f->node = NULL;
	}
	return e;
}

void m3_member_free(struct m3_file *f)
{
	uint32_t i;

	if (f->started)
		for (i = 0; i < f->member->map->r->slots; i++)
			kfree(f->started[i]);
	kvfree(f->started);
	kvfree(f->member->busy);
	m3_map_free(f->member->map);
	kfree(f->member);
	f->member = NULL;
}

static int member_begin(struct m3_file *f)
{
	struct m3_member *m = f->member;
	uint32_t slots = m->map->r->slots;
	int e;

	m->busy = kvzalloc(slots, GFP_KERNEL_ACCOUNT);
	f->started = kvcalloc(slots, sizeof(*f->started), GFP_KERNEL_ACCOUNT);
	if (!m->busy || !f->started)
		return -M3_ENOMEM;
	e = m3_life_begin(m->map);
	if (e)
		return e;
	m->ticket = m3_bell_ticket(
		m3_handle(m->map->r, m->map->handle)->generation);
	f->mm = current->mm;
	f->owner = current->files;
	return 0;
}

static int become_member(struct m3_file *f, struct m3_core *core, int id)
{
	struct m3_dc *dc;
	int e = m3_dc_get(core, id, &dc);

	if (e)
		return e;
	e = m3_dc_may_join(dc);
	if (e) {
		m3_dc_put(dc);
		return e;
	}
	f->member = kzalloc(sizeof(*f->member), GFP_KERNEL_ACCOUNT);
	if (!f->member) {
		m3_dc_put(dc);
		return -M3_ENOMEM;
	}
	f->member->map = m3_map_new(dc, M3_NIL);
	if (!f->member->map) {
		kfree(f->member);
		f->member = NULL;
		return -M3_ENOMEM;
	}
	e = member_begin(f);
	if (e)
		m3_member_free(f);
	return e;
}

static int become(struct m3_file *f, uint32_t number, struct m3_request *q)
{
	struct m3_core *core = m3_core_get(f->device);
	enum role role = number == M3_REQ_open ? NODE :
			 number == M3_REQ_join ? MEMBER : PROXY;
	int e = core ? 0 : -M3_EDVSINIT;

	if (!e && role != MEMBER)
		e = may_manage(core);
	if (!e)
		e = role == NODE ? become_node(f, core) :
		    role == MEMBER ? become_member(f, core, q->dc) :
				     become_proxy(f, core, q->id);
	if (e) {
		if (core)
			m3_core_put(core);
		return e;
	}
	f->core = core;
	smp_store_release(&f->role, role);
	return 0;
}

int m3_fresh_request(struct m3_file *f, uint32_t number, struct m3_request *q)
{
	int e;

	if (mutex_lock_killable(&f->lock))
		return -M3_EINTR;
	if (f->role != FRESH)
		e = -M3_EBADREQUEST;
	else if (number == M3_REQ_dvs_init)
		e = fresh_init(f, q);
	else if (number == M3_REQ_dvs_end)
		e = fresh_end(f);
	else
		e = become(f, number, q);
	mutex_unlock(&f->lock);
	return e;
}
