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
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>
#include "file.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

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

static int member_call(struct m3_file *f, uint32_t number,
		       struct m3_request *q, void *data)
{
	int e;

	if (READ_ONCE(f->ended))
		return -M3_EBADREQUEST;
	if (current->mm != f->mm)
		return -M3_EFORKED;
	switch (number) {
	case M3_REQ_bind:
		e = m3_dc_may_bind(f->member->map->dc);
		return e ? e : m3_do_bind(f->member, q, data);
	case M3_REQ_run:
		return m3_started_run(f, q, data);
	case M3_REQ_start:
		return m3_started_start(f, data);
	case M3_REQ_finish:
		return m3_started_finish(f, data, 0);
	case M3_REQ_cancel:
		/* 0 would be a result. */
		return q->flags - 1 < 4095 ?
			       m3_started_finish(f, data, (int)q->flags) :
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
	if (number >= M3_REQ_LAST)
		return -M3_EBADREQUEST;
	/* Nor is what lies behind the table looked at by speculation. */
	number = array_index_nospec(number, M3_REQ_LAST);
	if (number >= M3_REQ_dvs_init && number <= M3_REQ_attach)
		return m3_fresh_request(f, number, &q);
	if (!handlers[number].whose ||
	    handlers[number].whose != smp_load_acquire(&f->role))
		return -M3_EBADREQUEST;
	e = request(f, number, &q);
	trace_m3ipc_request(f->device->name, number, &q, e);
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
		m3_member_free(f);
	}
	if (f->role == PROXY)
		m3_proxy_release(f->proxy);
	kvfree(f->proxy);
	m3_node_free(f->node);
	if (f->core)
		m3_core_put(f->core);
	kfree(f);
	return 0;
}

static struct m3_bell *bell_of(struct m3_file *f)
{
	enum role role = smp_load_acquire(&f->role);

	if (role == MEMBER)
		return &f->member->map->dc->joined[f->member->map->handle].bell;
	return role == PROXY ? &f->core->peers[f->proxy->peer] : NULL;
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
};
