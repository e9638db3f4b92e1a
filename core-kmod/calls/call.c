// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Calls: start, wait, finish. A synchronous call sleeps in m3_wait(), an
 * asynchronous one leaves the waiting to its bell (build decision 11).
 */
#include "calls.h"

static uint32_t slot_tag(struct m3_region *r, uint32_t i)
{
	return (uint32_t)(m3_slot(r, i)->call << 2);
}

/*
 * Is what slot i says about a call still about this one? Not if the endpoint
 * was unbound and bound again, here or by another process.
 */
static int is_current(struct m3_member *m, const struct m3_call *c, uint32_t i)
{
	uint32_t handle = m3_slot(m->map->r, i)->handle;

	return slot_tag(m->map->r, i) == m3_call_tag(c) &&
	       (handle == m->map->handle || handle == M3_NIL);
}

/* One call at a time, from its start until its result was collected. */
static int busy_begin(struct m3_member *m, uint32_t i)
{
	return __atomic_exchange_n(&m->busy[i], 1, __ATOMIC_ACQUIRE) ?
		       -M3_EPROCRUN : 0;
}

static void busy_end(struct m3_member *m, uint32_t i)
{
	__atomic_store_n(&m->busy[i], 0, __ATOMIC_RELEASE);
}

/* The region is not mapped in a forked child: nothing may touch it there. */
int m3_self_slot(struct m3_member *m, int self, uint32_t *i)
{
	if (m3_map_forked(m->map))
		return -M3_EFORKED;
	*i = m3_slot_of(m->map->r, self);
	return *i == M3_NIL ? -M3_ERANGE : 0;
}

void m3_call_arm(struct m3_member *m, struct m3_call *c, uint32_t i,
		 uint32_t waits)
{
	m3_arm(m->map->r, i, waits);
	c->scratch = (c->scratch & ~0xffffffffull) | slot_tag(m->map->r, i);
}

static int is_bind_wait(uint32_t op)
{
	return op == M3_OP_WAITBIND || op == M3_OP_WAITUNBIND;
}

static int start_message(struct m3_member *m, struct m3_call *c, uint32_t i,
			 uint32_t waits, int wait)
{
	struct m3_section s;
	int e = m3_begin(m->map, &s, M3_LOCK_FOREVER);

	if (e)
		return e;
	c->message.source = c->self;
	switch (c->op) {
	case M3_OP_SEND:
		e = m3_msg_send(&s.t, i, c->peer, &c->message, wait);
		break;
	case M3_OP_RECEIVE:
		e = m3_msg_receive(&s.t, i, c->peer, &c->message, wait);
		break;
	case M3_OP_SENDREC:
		e = m3_msg_sendrec(&s.t, i, c->peer, &c->message, wait);
		break;
	case M3_OP_RESUME:
		e = m3_migration_resume(&s.t, i, &c->message, wait);
		if (e == M3_PENDING)
			c->op = m3_slot(m->map->r, i)->op;
		break;
	case M3_OP_RCVRQST:
		e = m3_msg_rcvrqst(&s.t, i, &c->message, wait);
		break;
	case M3_OP_REPLY_RECEIVE:
		e = m3_msg_reply_receive(&s.t, i, c->peer, &c->message, wait);
		break;
	case M3_OP_WAITBIND:
	case M3_OP_WAITUNBIND:
		e = m3_bind_wait(&s.t, i, c->op, c->peer, wait);
		break;
	default:
		e = -M3_EBADCALL;
	}
	/* Its own endpoint is frozen: it is made again afterwards. */
	if (e == -M3_EMIGRATE)
		e = wait ? m3_migration_pause(&s.t, i, c->op) : -M3_EAGAIN;
	if (e == M3_PENDING)
		m3_call_arm(m, c, i, waits);
	m3_end(&s);
	return e;
}

static int start(struct m3_member *m, struct m3_call *c, uint32_t waits,
		 int wait)
{
	uint32_t i;
	int e = m3_self_slot(m, c->self, &i);

	if (!e)
		e = busy_begin(m, i);
	if (e)
		return e;
	/* The endpoint of a process that nobody has buried is not bound. */
	if (is_bind_wait(c->op))
		m3_life_look_at(m->map, m3_slot_of(m->map->r, c->peer));
	c->scratch = 0;
	e = c->op == M3_OP_VCOPY ? m3_copy_start(m, c, i, waits, wait) :
				   start_message(m, c, i, waits, wait);
	if (e != M3_PENDING)
		busy_end(m, i);
	return e;
}

/* It is its process's now, not what a migration would take along. A look. */
static void let_go(struct m3_member *m, struct m3_call *c, uint32_t i)
{
	if (is_current(m, c, i))
		__atomic_store_n(&m3_slot(m->map->r, i)->waits, M3_WAITS_NONE,
				 __ATOMIC_RELEASE);
}

/*
 * How the call has ended, and its message; it is let go, unless a copy may have
 * another part. 0, with *result; or ESHUTDOWN: the endpoint has changed hands
 * since, EMIGRATE: it goes on elsewhere. One look: members of a DC take turns.
 */
static int outcome(struct m3_member *m, struct m3_call *c, uint32_t i,
		   int *result)
{
	struct m3_slot *s = m3_slot(m->map->r, i);
	int e = 0;

	m3_look_begin(m->map);
	*result = s->result;
	if (!is_current(m, c, i))
		e = s->rts & M3_RTS_REMOTE ? -M3_EMIGRATE : -M3_ESHUTDOWN;
	else if (*result == 0 && c->op != M3_OP_SEND &&
		 c->op != M3_OP_VCOPY && !is_bind_wait(c->op))
		c->message = s->message;
	if (!e && c->op != M3_OP_VCOPY)
		let_go(m, c, i);
	m3_look_end(m->map);
	return e;
}

/* M3_PENDING: the copy goes on with its second part. */
static int collect_copy(struct m3_member *m, struct m3_call *c, uint32_t i,
			int result, int stop)
{
	result = m3_copy_collect(m, c, i, result, stop);
	if (result == M3_PENDING)
		return result;
	m3_look_begin(m->map);
	let_go(m, c, i);
	m3_look_end(m->map);
	return result;
}

/*
 * The call has ended: its result, message and bytes. M3_PENDING: a copy goes on
 * with its second part, unless `stop`, a negative error, says that it may not.
 */
static int collect(struct m3_member *m, struct m3_call *c, uint32_t i, int stop)
{
	int result, e = outcome(m, c, i, &result);

	if (e == -M3_EMIGRATE)
		busy_end(m, i);
	if (e)
		return e;
	if (c->op == M3_OP_VCOPY)
		result = collect_copy(m, c, i, result, stop);
	if (result != M3_PENDING)
		busy_end(m, i);
	return result;
}

/* Does that result say that the call is to be made again, here? */
static int is_again(struct m3_member *m, const struct m3_call *c, int result)
{
	const struct m3_slot *s;
	int is_here;

	if (result != -M3_EMIGRATE)
		return 0;
	s = m3_slot(m->map->r, m3_slot_of(m->map->r, c->self));
	m3_look_begin(m->map);
	is_here = !(s->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE)) &&
		  s->handle == m->map->handle;
	m3_look_end(m->map);
	return is_here;
}

/*
 * Has the call ended although no wake-up came? Who ended it may have been
 * killed between its commit and the wake-up.
 */
static int has_ended(struct m3_member *m, const struct m3_call *c, uint32_t i)
{
	struct m3_section s;
	int ended;

	if (m3_is_done(m->map->r, i, m3_call_tag(c)))
		return 1;
	if (m3_begin(m->map, &s, M3_LOCK_PROXY_MS))
		return 0;
	ended = !is_current(m, c, i) ||
		m3_slot(m->map->r, i)->op == M3_OP_NONE;
	if (ended)
		m3_mark_done(m->map->r, i, m3_call_tag(c));
	m3_end(&s);
	return ended;
}

/*
 * The same, and whether its partner is alive. The first look repairs what a
 * dead holder of the lock has left half done: whom the call depends on can be
 * read from it only then.
 */
static int look_around(struct m3_member *m, const struct m3_call *c, uint32_t i)
{
	if (has_ended(m, c, i))
		return 1;
	m3_life_look(m->map, i);
	return has_ended(m, c, i);
}

int m3_call_start(struct m3_member *m, struct m3_call *c)
{
	return start(m, c, M3_WAITS_DOORBELL, 1);
}

int m3_call_finish(struct m3_member *m, struct m3_call *c)
{
	uint32_t i;
	int e = m3_self_slot(m, c->self, &i);

	if (e)
		return e;
	if (!m3_is_done(m->map->r, i, m3_call_tag(c))) {
		m3_serve(m->map, i);
		if (!look_around(m, c, i))
			return M3_PENDING;
	}
	/* Another thread, in m3_bell_serve(), copies from or to its memory. */
	if (__atomic_load_n(&m3_slot(m->map->r, i)->rts, __ATOMIC_RELAXED) &
	    M3_RTS_ONCOPY)
		return M3_PENDING;
	e = collect(m, c, i, 0);
	return is_again(m, c, e) ? m3_call_start(m, c) : e;
}

int m3_call_end(struct m3_member *m, struct m3_call *c, int error)
{
	struct m3_section s;
	uint32_t i;
	int e = m3_self_slot(m, c->self, &i);

	if (!e)
		e = m3_begin(m->map, &s, M3_LOCK_FOREVER);
	if (e)
		return e;
	e = is_current(m, c, i) ? m3_call_cancel(&s.t, i, error) :
				  -M3_ESHUTDOWN;
	m3_end(&s);
	return e == M3_PENDING ? e : collect(m, c, i, -error);
}

/* Cancels; a copy that touches this endpoint's memory ends first. */
static int give_up(struct m3_member *m, struct m3_call *c, uint32_t i,
		   int error)
{
	int e = m3_call_end(m, c, error);

	while (e == M3_PENDING && !m3_is_dying()) {
		m3_wait_briefly(m->map, i, m3_call_tag(c));
		m3_life_look(m->map, i);
		e = m3_call_end(m, c, error);
	}
	/* Killed: what the call was about ends with its process. */
	return e == M3_PENDING ? -M3_EINTR : e;
}

/*
 * Waits for the end of the call that was started in slot i. `pauses`: a signal
 * does not end it, M3_PENDING says that it goes on.
 */
static int wait_end(struct m3_member *m, struct m3_call *c, uint32_t i,
		    uint64_t deadline, int pauses)
{
	int e;

	for (;;) {
		e = m3_wait(m->map, i, m3_call_tag(c), deadline);
		if (e == -M3_EAGAIN)
			e = look_around(m, c, i) ? 0 : M3_SERVE;
		if (e == -M3_EINTR && pauses)
			return M3_PENDING;
		if (e < 0)
			return give_up(m, c, i, -e);
		if (e == M3_SERVE)
			m3_serve(m->map, i);
		else if ((e = collect(m, c, i, 0)) != M3_PENDING)
			return e;
	}
}

static int run_once(struct m3_member *m, struct m3_call *c, int wait,
		    uint64_t deadline, int pauses)
{
	int e = start(m, c, M3_WAITS_FUTEX, wait);

	return e != M3_PENDING ? e :
	       wait_end(m, c, m3_slot_of(m->map->r, c->self), deadline, pauses);
}

static int run(struct m3_member *m, struct m3_call *c, int wait,
	       uint64_t deadline)
{
	int e;

	do {
		e = run_once(m, c, wait, deadline, M3_CALLS_PAUSE);
	} while (is_again(m, c, e));
	return e;
}

/*
 * An event loop receives without waiting: it too must learn that the source
 * it names has been killed, which nobody rings for.
 */
int m3_call_run(struct m3_member *m, struct m3_call *c, int wait,
		uint64_t deadline)
{
	int e = run(m, c, wait, deadline);

	if (e != -M3_EAGAIN || c->op != M3_OP_RECEIVE || c->peer == M3_ANY)
		return e;
	m3_life_look_at(m->map, m3_slot_of(m->map->r, c->peer));
	return run(m, c, wait, deadline);
}

int m3_call_go_on(struct m3_member *m, struct m3_call *c, uint64_t deadline)
{
	uint32_t i = m3_slot_of(m->map->r, c->self);
	int e = wait_end(m, c, i, deadline, M3_CALLS_PAUSE);

	return is_again(m, c, e) ? run(m, c, 1, deadline) : e;
}

int m3_migration_sleep(struct m3_member *m, int self, int *result)
{
	struct m3_call c;

	memset(&c, 0, sizeof(c));
	c.op = M3_OP_RESUME;
	c.self = self;
	if (!is_again(m, &c, *result))
		return 0;
	*result = run_once(m, &c, 1, 0, 0);
	/* EPROCSTS: it goes on already. */
	return *result == -M3_EPROCSTS || is_again(m, &c, *result);
}

int m3_do_run(struct m3_member *m, struct m3_request *q, void *call)
{
	return m3_call_run(m, call, q->timeout != M3_NOWAIT,
			   m3_deadline(q->timeout));
}

int m3_do_start(struct m3_member *m, struct m3_request *q, void *call)
{
	(void)q;
	return m3_call_start(m, call);
}

int m3_do_finish(struct m3_member *m, struct m3_request *q, void *call)
{
	(void)q;
	return m3_call_finish(m, call);
}

int m3_do_cancel(struct m3_member *m, struct m3_request *q, void *call)
{
	return m3_call_end(m, call, (int)q->flags);
}
