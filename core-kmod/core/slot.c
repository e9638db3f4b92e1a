// SPDX-License-Identifier: MIT OR GPL-2.0
#include "core.h"

static void copy_name(char *to, const char *from)
{
	uint32_t i = 0;

	for (; i + 1 < M3_NAME_BYTES && from[i]; i++)
		to[i] = from[i];
	for (; i < M3_NAME_BYTES; i++)
		to[i] = 0;
}

/* A new life of an endpoint: node in the top 10 bits, never 0 (protocol 17). */
uint64_t m3_mint_d(struct m3_txn *t)
{
	struct m3_region *r = t->r;
	uint32_t n = (r->generation + 1) & 0x3fffffu;

	m3_set32(r, &r->generation, n ? n : 1);
	return (uint64_t)r->node << 22 | r->generation;
}

/* The blocks, transfers and bits of slot `i` have memory from now on. */
static int slot_back_d(struct m3_txn *t, uint32_t i)
{
	uint32_t group = i / m3_group(t->r);
	int e;

	if (m3_is_backed(t->r, i))
		return 0;
	e = m3_platform_back_slots(t, group);
	if (!e)
		m3_set64(t->r, &t->r->backed, t->r->backed | 1ull << group);
	return e;
}

/* What every new binding starts from; `call` only ever grows. */
static void slot_open_d(struct m3_txn *t, uint32_t i, uint32_t rts,
			uint64_t binding, const char *name)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i);

	copy_name(s->name, name);
	s->local_sent = s->remote_sent = 0;
	s->local_copies = s->remote_copies = 0;
	s->watch = 0;
	m3_store32(&s->waits, M3_WAITS_NONE);
	s->partner = M3_NIL;
	/* What a free slot has already, m3_region_check() looks at. */
	m3_seti(r, &s->getfrom, M3_NONE);
	m3_seti(r, &s->sendto, M3_NONE);
	m3_set64(r, &s->binding, binding);
	m3_set64(r, &s->refused_transfer, 0);
	m3_set32(r, &m3_more(r, i)->told, 1);
	m3_transfer(r, i)->server = M3_NIL;
	m3_set32(r, &s->updates, 0);
	m3_priv_reset_d(t, i);
	m3_set32(r, &s->rts, rts);
	m3_set32(r, &r->bound, r->bound + 1);
	if (i >= r->high)
		m3_set32(r, &r->high, i + 1);
	t->waits = 1;
}

int m3_slot_bind(struct m3_txn *t, int ep, const struct m3_binder *who)
{
	struct m3_region *r = t->r;
	uint32_t i = m3_slot_of(r, ep);
	struct m3_slot *s;
	int e;

	if (i == M3_NIL)
		return -M3_ERANGE;
	s = m3_slot(r, i);
	if (!(s->rts & M3_RTS_SLOT_FREE))
		return -M3_ESLOTUSED;
	e = slot_back_d(t, i);
	if (e)
		return e;
	slot_open_d(t, i, 0, m3_mint_d(t), who->name);
	s->pid = who->pid;
	m3_set32(r, &s->misc, who->misc);
	m3_set32(r, &s->node, r->node);
	m3_set64(r, &s->call, s->own_call);
	m3_set32(r, &s->handle, who->handle);
	if (who->handle != t->handle)
		m3_bound_d(t, i);
	m3_commit(r);
	return 0;
}

int m3_slot_rmtbind_d(struct m3_txn *t, uint32_t i, uint32_t node,
		      const char *name)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i);
	int e = slot_back_d(t, i);

	if (e)
		return e;
	slot_open_d(t, i, M3_RTS_REMOTE, 0, name);
	s->pid = 0;
	/* A remote slot's call id is the peer's: learned, not given here. */
	m3_set64(r, &s->call, 0);
	m3_set32(r, &s->node, node);
	return 0;
}

/* What a client's first record has bound becomes management's. */
void m3_slot_adopt_d(struct m3_txn *t, uint32_t i, const char *name)
{
	struct m3_slot *s = m3_slot(t->r, i);
	struct m3_peer *p = m3_peer(t->r, s->node);

	copy_name(s->name, name);
	m3_set32(t->r, &s->automatic, 0);
	m3_set32(t->r, &p->automatic, p->automatic - 1);
}

int m3_slot_rmtbind(struct m3_txn *t, int ep, uint32_t node, const char *name)
{
	struct m3_region *r = t->r;
	uint32_t i = m3_slot_of(r, ep);
	struct m3_slot *s;
	int e = 0;

	if (i == M3_NIL)
		return -M3_ERANGE;
	if (node >= r->nodes || node == r->node)
		return -M3_EBADNODEID;
	if (!*m3_spans(r, node))
		return -M3_ENODCNODE;
	s = m3_slot(r, i);
	if (s->rts & M3_RTS_REMOTE && s->automatic && s->node == node)
		m3_slot_adopt_d(t, i, name);
	else if (!(s->rts & M3_RTS_SLOT_FREE))
		e = -M3_ESLOTUSED;
	else
		e = m3_slot_rmtbind_d(t, i, node, name);
	m3_commit(r);
	return e;
}

void m3_slot_free_d(struct m3_txn *t, uint32_t i)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i);
	struct m3_peer *p;
	uint32_t n;

	if (s->automatic && s->node < r->nodes && *m3_spans(r, s->node)) {
		p = m3_peer(r, s->node);
		m3_set32(r, &p->automatic, p->automatic - 1);
	}
	m3_set32(r, &s->automatic, 0);
	m3_set32(r, &s->rts, M3_RTS_SLOT_FREE);
	m3_set32(r, &s->handle, M3_NIL);
	m3_set32(r, &s->misc, 0);
	m3_set64(r, &s->binding, 0);
	m3_set32(r, &r->bound, r->bound - 1);
	if (i + 1 == r->high) {
		for (n = i; n && m3_slot(r, n - 1)->rts & M3_RTS_SLOT_FREE;)
			n--;
		m3_set32(r, &r->high, n);
	}
	t->waits = 1;
}

void m3_finish_d(struct m3_txn *t, uint32_t i, int result)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, i);

	if (s->rts & M3_RTS_MIGRATE)
		m3_migration_ends_d(t, i);
	if (m3_waits_for_binding(s))
		m3_set32(r, &r->bind_waiters, r->bind_waiters - 1);
	m3_set32(r, &s->rts, s->rts & ~(M3_RTS_SENDING | M3_RTS_RECEIVING |
					M3_RTS_RMTOPER | M3_RTS_WAITBIND |
					M3_RTS_WAITUNBIND));
	m3_seti(r, &s->getfrom, M3_NONE);
	m3_seti(r, &s->sendto, M3_NONE);
	m3_seti(r, &s->result, result);
	/* A block still queued here is an old CANCEL of this endpoint. */
	if (s->block_state == M3_BLOCK_NUMBERED)
		m3_set32(r, &s->block_state, M3_BLOCK_FREE);
	/* It moves: the end of its call is for where it goes on. But what it
	 * has copied lies here, and is its process's to take along. */
	if ((s->rts & M3_RTS_MIGRATE && s->op != M3_OP_VCOPY) ||
	    s->misc & M3_MF_RESUME) {
		m3_set64(r, &m3_more(r, i)->resume, s->call);
		return;
	}
	m3_set32(r, &s->op, M3_OP_NONE);
	/* Of a dead process only this call was left: its notice. */
	if (s->misc & M3_MF_KILLED) {
		m3_death_mark_d(t, i, m3_block(r, i)->record.dst_node);
		m3_slot_free_d(t, i);
	} else {
		m3_wake_later(t, i);
	}
}

void m3_unqueue_d(struct m3_txn *t, uint32_t owner, uint32_t i)
{
	struct m3_region *r = t->r;
	struct m3_slot *o = m3_slot(r, owner), *s = m3_slot(r, i);
	uint32_t at = o->qhead, before = M3_NIL, steps = 0;

	/* In no queue: the answer to what was taken asks this each time. */
	if (s->qnext == M3_NIL && o->qtail != i)
		return;
	while (at < r->slots && at != i && steps++ < r->slots) {
		before = at;
		at = m3_slot(r, at)->qnext;
	}
	if (at != i)
		return;
	if (before == M3_NIL)
		m3_set32(r, &o->qhead, s->qnext);
	else
		m3_set32(r, &m3_slot(r, before)->qnext, s->qnext);
	if (o->qtail == i)
		m3_set32(r, &o->qtail, before);
	m3_set32(r, &s->qnext, M3_NIL);
}

int m3_slot_ready(struct m3_txn *t, uint32_t i)
{
	struct m3_region *r = t->r;
	struct m3_slot *s;

	if (!r->running)
		return -M3_EDCNOTRUN;
	if (i >= r->slots)
		return -M3_ERANGE;
	s = m3_slot(r, i);
	if (s->rts & M3_RTS_SLOT_FREE || s->handle != t->handle)
		return -M3_ENOTBIND;
	/* A backup: the process is here, the endpoint is not. */
	if (s->rts & M3_RTS_REMOTE)
		return -M3_ERMTPROC;
	if (s->op != M3_OP_NONE)
		return -M3_EPROCRUN;
	/* m3_migration_pause() follows. */
	if (s->rts & M3_RTS_MIGRATE)
		return -M3_EMIGRATE;
	return s->rts ? -M3_EPROCRUN : 0;
}

/* The node whose proxy its call is, or was, queued for (reference 2.4). */
static int32_t queue_of(struct m3_region *r, const struct m3_slot *s)
{
	uint32_t d = m3_slot_of(r, s->sendto);

	return s->rts & M3_RTS_RMTOPER && d != M3_NIL ?
			(int32_t)m3_slot(r, d)->node : M3_NONE;
}

/* How far the bulk copy has come that slot `i` pushes to node `p`. */
static uint32_t push_wait(const struct m3_transfer *x, const struct m3_peer *p)
{
	const struct m3_lane *l = &p->lane[M3_LANE_BULK];

	if (x->queued)
		return M3_WAIT_QUEUED;
	return l->acked < l->next ? M3_WAIT_IN_FLIGHT : M3_WAIT_ANSWER;
}

/* The call of a local process for an endpoint of another node, if any. */
static void wait_info(struct m3_region *r, uint32_t i,
		      struct m3_proc_info *info)
{
	const struct m3_slot *s = m3_slot(r, i);
	const struct m3_transfer *x;
	uint32_t d = m3_slot_of(r, s->sendto), lane;
	const struct m3_peer *p;

	if (s->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE) ||
	    !(s->rts & M3_RTS_RMTOPER) || d == M3_NIL ||
	    m3_slot(r, d)->node >= r->nodes || !*m3_spans(r, m3_slot(r, d)->node))
		return;
	x = m3_transfer(r, i);
	p = m3_peer(r, m3_slot(r, d)->node);
	lane = s->block_state == M3_BLOCK_NUMBERED ? s->call_lane :
						     m3_block(r, i)->lane;
	info->wait_since = m3_more(r, i)->called_at;
	info->wait_lane = x->kind == M3_TRANSFER_PUSH ? M3_LANE_BULK :
			  lane < M3_LANES ? lane : M3_LANE_NORMAL;
	if (x->kind == M3_TRANSFER_PUSH)
		info->wait = push_wait(x, p);
	else if (s->block_state != M3_BLOCK_NUMBERED)
		info->wait = M3_WAIT_QUEUED;
	else
		info->wait = s->call_number >= p->lane[info->wait_lane].acked ?
				     M3_WAIT_IN_FLIGHT : M3_WAIT_ANSWER;
}

void m3_slot_info(struct m3_region *r, uint32_t i, struct m3_proc_info *info)
{
	const struct m3_slot *s = m3_slot(r, i);
	uint32_t c;

	info->p_nr = info->endpoint = m3_endpoint_of(r, i);
	info->pid = (int32_t)s->pid;
	info->node = (int32_t)s->node;
	info->rts_flags = s->rts;
	info->misc_flags = s->misc;
	info->getfrom = s->getfrom;
	info->sendto = s->sendto;
	info->waitmigr = s->waitmigr;
	info->proxy = queue_of(r, s);
	wait_info(r, i, info);
	info->binding = s->binding;
	info->local_sent = s->local_sent;
	info->remote_sent = s->remote_sent;
	info->local_copies = s->local_copies;
	info->remote_copies = s->remote_copies;
	for (c = 0; c + 1 < M3_NAME_BYTES; c++)
		info->name[c] = s->name[c];
	info->name[c] = 0;
}
