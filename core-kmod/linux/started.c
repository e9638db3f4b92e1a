// SPDX-License-Identifier: MIT OR GPL-2.0
/* Calls that go on while their caller is not in the kernel. */
#include <linux/err.h>
#include <linux/sched.h>
#include "file.h"

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
int m3_started_start(struct m3_file *f, struct m3_call *call)
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

int m3_started_finish(struct m3_file *f, struct m3_call *call, int error)
{
	uint32_t i = m3_slot_of(f->member->map->r, call->self);
	struct started *mine;
	int e;

	if (i == M3_NIL)
		return -M3_ERANGE;
	mine = xchg(&f->started[i], NULL);
	if (!mine)
		return -M3_ESHUTDOWN;
	/* Not that one: it goes on. */
	if (m3_call_tag(&mine->call) != m3_call_tag(call)) {
		keep(f, mine, M3_PENDING);
		return -M3_ESHUTDOWN;
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
int m3_started_run(struct m3_file *f, struct m3_request *q,
		   struct m3_call *call)
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
