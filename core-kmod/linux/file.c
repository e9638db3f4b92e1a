// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * The device's files. An open one is fresh; a request makes it, once, what it
 * stays: open (it manages the core), a member of a DC, or the proxy of a node.
 *
 * A member belongs to the process that has joined: nobody else can call through
 * its file (EFORKED), and it ends when that process closes it, runs another
 * program, or ends.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>
#include "../calls/calls.h"

enum role { FRESH, NODE, MEMBER, PROXY, ROLES };

/*
 * A call that goes on while its caller is not in the kernel: an asynchronous
 * one, or one that a signal has interrupted. A caller is not believed to give
 * back what it was given.
 */
struct started {
	struct m3_call call;
	/* Of an interrupted one: who will make the same request again. */
	struct task_struct *thread; /* compared only */
	uint64_t data;
	uint64_t deadline;
};

struct m3_file {
	struct m3_device *device;
	struct mutex lock; /* its becoming; requests of a node or a proxy */
	enum role role; /* stored last, read without the lock */
	struct m3_core *core; /* a reference, unless it is fresh */
	struct m3_node *node; /* of NODE and PROXY */
	struct m3_proxy *proxy;
	struct m3_member *member;
	struct started **started; /* one for each slot */
	struct mm_struct *mm; /* compared only */
	fl_owner_t owner; /* the file table of who has joined */
	bool ended;
};

/* ------------------------------------------------------------- becoming */

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

static struct m3_node *node_new(struct m3_core *core)
{
	struct m3_node *node = kvzalloc(sizeof(*node), GFP_KERNEL_ACCOUNT);

	if (!node)
		return NULL;
	node->region = &core->region;
	node->platform.core = core;
	return node;
}

static void node_free(struct m3_node *node)
{
	uint32_t dc;

	for (dc = 0; node && dc < M3_MAX_DCS; dc++)
		m3_node_dc_close(node, (int)dc);
	kvfree(node);
}

static int become_node(struct m3_file *f, struct m3_core *core)
{
	f->node = node_new(core);
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
		node_free(f->node);
		f->node = NULL;
	}
	return e;
}

static void member_free(struct m3_file *f)
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
		member_free(f);
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

static int fresh_request(struct m3_file *f, uint32_t number,
			 struct m3_request *q)
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

/* ------------------------------------------------------------- requests */

enum data { DATA_NONE, DATA_IN, DATA_OUT, DATA_BOTH, DATA_READ, DATA_WRITE };

struct handler {
	enum role whose;
	enum data data;
	uint32_t bytes; /* at most */
	union {
		m3_member_fn *member;
		m3_node_fn *node;
		m3_proxy_fn *proxy;
	} call;
};

#define ROLE_member MEMBER
#define ROLE_node NODE
#define ROLE_proxy PROXY
#define HANDLER(number, name, who, kind, size)                               \
	[number] = { .whose = ROLE_##who, .data = DATA_##kind, .bytes = size, \
		     .call.who = m3_do_##name },

static const struct handler handlers[M3_REQ_LAST] = { M3_REQUESTS(HANDLER) };

/* Keeps what goes on, or frees it; what it replaces was lost with a binding. */
static void keep(struct m3_file *f, struct started *mine, int e)
{
	uint32_t i = m3_slot_of(f->member->map->r, mine->call.self);

	kfree(e == M3_PENDING ? xchg(&f->started[i], mine) : mine);
}

static struct started *started_new(struct m3_file *f,
				   const struct m3_call *call)
{
	struct started *mine;

	if (m3_slot_of(f->member->map->r, call->self) == M3_NIL)
		return ERR_PTR(-M3_ERANGE);
	mine = kzalloc(sizeof(*mine), GFP_KERNEL_ACCOUNT);
	if (!mine)
		return ERR_PTR(-M3_ENOMEM);
	mine->call = *call;
	return mine;
}

/* An asynchronous call: what its caller knows of it is its endpoint and tag. */
static int start(struct m3_file *f, struct m3_call *call)
{
	struct started *mine = started_new(f, call);
	int e;

	if (IS_ERR(mine))
		return (int)PTR_ERR(mine);
	e = m3_call_start(f->member, &mine->call);
	*call = mine->call;
	keep(f, mine, e);
	return e;
}

/* Finishes or, with an error, cancels; one thread at a time has the call. */
static int finish(struct m3_file *f, struct m3_call *call, int error)
{
	uint32_t i = m3_slot_of(f->member->map->r, call->self);
	struct started *mine;
	int e;

	if (i == M3_NIL)
		return -M3_ERANGE;
	mine = xchg(&f->started[i], NULL);
	if (!mine)
		return -M3_EPROCSTS;
	/* Not that one: it goes on. */
	if (m3_call_tag(&mine->call) != m3_call_tag(call)) {
		keep(f, mine, M3_PENDING);
		return -M3_EPROCSTS;
	}
	e = error ? m3_call_end(f->member, &mine->call, error) :
		    m3_call_finish(f->member, &mine->call);
	*call = mine->call;
	keep(f, mine, e);
	return e;
}

/* The call that this very request had begun before a signal, or NULL. */
static struct started *interrupted(struct m3_file *f,
				   const struct m3_request *q,
				   const struct m3_call *call)
{
	uint32_t i = m3_slot_of(f->member->map->r, call->self);
	struct started *mine;

	if (i == M3_NIL || !READ_ONCE(f->started[i]))
		return NULL;
	mine = xchg(&f->started[i], NULL);
	if (!mine)
		return NULL;
	if (mine->thread == current && mine->data == q->data &&
	    m3_call_tag(&mine->call) == m3_call_tag(call))
		return mine;
	keep(f, mine, M3_PENDING);
	return NULL;
}

static int run_fresh(struct m3_file *f, struct m3_request *q,
		     struct m3_call *call)
{
	uint64_t deadline = m3_deadline(q->timeout);
	struct started *mine;
	int e = m3_call_run(f->member, call, q->timeout != M3_NOWAIT, deadline);

	if (e != M3_PENDING)
		return e;
	mine = started_new(f, call);
	if (IS_ERR(mine))
		return m3_call_end(f->member, call, M3_EINTR);
	mine->thread = current;
	mine->data = q->data;
	mine->deadline = deadline;
	keep(f, mine, M3_PENDING);
	return -ERESTARTNOHAND;
}

/*
 * A signal that has no handler, or stops the process, lets the call go on: the
 * request is made again. A handler makes it EINTR, and the caller cancels.
 */
static int run(struct m3_file *f, struct m3_request *q, struct m3_call *call)
{
	struct started *mine = interrupted(f, q, call);
	int e;

	if (!mine)
		return run_fresh(f, q, call);
	e = m3_call_go_on(f->member, &mine->call, mine->deadline);
	*call = mine->call;
	keep(f, mine, e);
	return e == M3_PENDING ? -ERESTARTNOHAND : e;
}

static int member_call(struct m3_file *f, uint32_t number,
		       struct m3_request *q, void *data)
{
	if (READ_ONCE(f->ended))
		return -M3_EBADREQUEST;
	if (current->mm != f->mm)
		return -M3_EFORKED;
	switch (number) {
	case M3_REQ_run:
		return run(f, q, data);
	case M3_REQ_start:
		return start(f, data);
	case M3_REQ_finish:
		return finish(f, data, 0);
	case M3_REQ_cancel:
		/* 0 would be a result. */
		return q->flags - 1 < 4095 ? finish(f, data, (int)q->flags) :
					     -M3_EINVAL;
	default:
		return handlers[number].call.member(f->member, q, data);
	}
}

/* Migration waits; nothing else of management does. */
static int node_call(struct m3_file *f, uint32_t number, struct m3_request *q,
		     void *data)
{
	int e;

	if (number == M3_REQ_migr_start)
		return m3_do_migr_start(f->node, q, data);
	mutex_lock(&f->core->manage);
	e = READ_ONCE(f->core->ended) ?
		    -M3_EDVSINIT :
		    handlers[number].call.node(f->node, q, data);
	mutex_unlock(&f->core->manage);
	return e;
}

static int call(struct m3_file *f, uint32_t number, struct m3_request *q,
		void *data)
{
	int e;

	if (handlers[number].whose == MEMBER)
		return member_call(f, number, q, data);
	if (mutex_lock_killable(&f->lock))
		return -M3_EINTR;
	e = handlers[number].whose == NODE ?
		    node_call(f, number, q, data) :
		    handlers[number].call.proxy(f->proxy, q, data);
	mutex_unlock(&f->lock);
	return e;
}

/* How long what is at q->data is; negative: too long. */
static int64_t data_bytes(const struct handler *h, const struct m3_request *q)
{
	if (h->data == DATA_NONE)
		return 0;
	if (h->data != DATA_READ && h->data != DATA_WRITE)
		return h->bytes;
	return q->size <= h->bytes ? (int64_t)q->size : -M3_E2BIG;
}

/* Calls with what is at q->data in memory of the kernel's. */
static int with_data(struct m3_file *f, uint32_t number, struct m3_request *q,
		     void *data, uint32_t bytes)
{
	const struct handler *h = &handlers[number];
	void __user *theirs = u64_to_user_ptr(q->data);
	int e;

	if ((h->data == DATA_IN || h->data == DATA_BOTH ||
	     h->data == DATA_READ) && copy_from_user(data, theirs, bytes))
		return -M3_EFAULT;
	/* Whether there is a state is told by its address. */
	e = call(f, number, q, h->data == DATA_READ && !q->data ? NULL : data);
	if (h->data == DATA_WRITE)
		bytes = q->size < bytes ? q->size : bytes;
	if ((h->data == DATA_BOTH ||
	     (e >= 0 && (h->data == DATA_OUT || h->data == DATA_WRITE))) &&
	    copy_to_user(theirs, data, bytes))
		return -M3_EFAULT;
	return e;
}

#define SMALL 256 /* bytes that the stack has room for */

static int request(struct m3_file *f, uint32_t number, struct m3_request *q)
{
	uint64_t small[SMALL / 8];
	int64_t bytes = data_bytes(&handlers[number], q);
	void *data = small;
	int e;

	if (bytes < 0)
		return (int)bytes;
	if (bytes > SMALL) {
		data = kvzalloc(bytes, GFP_KERNEL_ACCOUNT);
		if (!data)
			return -M3_ENOMEM;
	} else {
		memset(small, 0, bytes);
	}
	e = with_data(f, number, q, data, (uint32_t)bytes);
	if (data != small)
		kvfree(data);
	return e;
}

static long file_ioctl(struct file *file, unsigned int command,
		       unsigned long arg)
{
	struct m3_request __user *theirs = (void __user *)arg;
	struct m3_file *f = file->private_data;
	uint32_t number = _IOC_NR(command);
	struct m3_request q;
	int e;

	if (command != M3_IOC(number))
		return -ENOTTY;
	if (copy_from_user(&q, theirs, sizeof(q)))
		return -M3_EFAULT;
	/* What is passed on as a string ends. */
	q.name[M3_NAME_BYTES - 1] = 0;
	if (number >= M3_REQ_dvs_init && number <= M3_REQ_attach)
		return fresh_request(f, number, &q);
	if (number >= M3_REQ_LAST || !handlers[number].whose ||
	    handlers[number].whose != smp_load_acquire(&f->role))
		return -M3_EBADREQUEST;
	e = request(f, number, &q);
	return copy_to_user(theirs, &q, sizeof(q)) ? -M3_EFAULT : e;
}

/* --------------------------------------------------------- the file's life */

static int file_open(struct inode *inode, struct file *file)
{
	struct miscdevice *misc = file->private_data;
	struct m3_file *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);

	if (!f)
		return -ENOMEM;
	f->device = container_of(misc, struct m3_device, misc);
	mutex_init(&f->lock);
	file->private_data = f;
	return nonseekable_open(inode, file);
}

/* Called for each close by somebody: by the member's process that is its end,
 * even if a child has the file too. */
static int file_flush(struct file *file, fl_owner_t owner)
{
	struct m3_file *f = file->private_data;

	if (smp_load_acquire(&f->role) != MEMBER || f->owner != owner)
		return 0;
	if (xchg(&f->ended, true))
		return 0;
	m3_affinity_leave(f->member->map);
	m3_life_close(f->member->map);
	return 0;
}

static int file_release(struct inode *inode, struct file *file)
{
	struct m3_file *f = file->private_data;

	if (f->role == MEMBER) {
		m3_affinity_leave(f->member->map);
		m3_life_end(f->member->map);
		member_free(f);
	}
	if (f->role == PROXY)
		m3_proxy_release(f->proxy);
	kvfree(f->proxy);
	node_free(f->node);
	if (f->core)
		m3_core_put(f->core);
	kfree(f);
	return 0;
}

static struct m3_bell *bell_of(struct m3_file *f)
{
	if (smp_load_acquire(&f->role) == MEMBER)
		return &f->member->map->dc->joined[f->member->map->handle].bell;
	return f->role == PROXY ? &f->core->peers[f->proxy->peer] : NULL;
}

static __poll_t file_poll(struct file *file, poll_table *wait)
{
	struct m3_bell *bell = bell_of(file->private_data);

	if (!bell)
		return EPOLLERR;
	poll_wait(file, &bell->wait, wait);
	return atomic_read(&bell->rung) ? EPOLLIN | EPOLLRDNORM : 0;
}

static int file_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct m3_file *f = file->private_data;

	if (smp_load_acquire(&f->role) != MEMBER || READ_ONCE(f->ended) ||
	    current->mm != f->mm)
		return -EACCES;
	return m3_arena_map(f->member->map, vma);
}

const struct file_operations m3_file_operations = {
	.owner = THIS_MODULE,
	.open = file_open,
	.flush = file_flush,
	.release = file_release,
	.unlocked_ioctl = file_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = file_poll,
	.mmap = file_mmap,
	.llseek = no_llseek,
};
