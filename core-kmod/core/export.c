// SPDX-License-Identifier: MIT OR GPL-2.0
/* What a frozen endpoint takes along to its new node. Changes nothing. */
#include "state.h"

static int is_debt(const struct m3_slot *s, int ep)
{
	return !(s->rts & (M3_RTS_SLOT_FREE | M3_RTS_SENDING |
			   M3_RTS_RMTOPER)) &&
	       s->rts & M3_RTS_RECEIVING && s->getfrom == ep &&
	       (s->rts & M3_RTS_REMOTE || s->op == M3_OP_SENDREC);
}

static uint32_t count_parties(struct m3_region *r, uint32_t e)
{
	int ep = m3_endpoint_of(r, e);
	uint32_t i, n = 0, steps = 0;

	for (i = m3_slot(r, e)->qhead; i < r->slots && steps++ < r->slots;
	     i = m3_slot(r, i)->qnext)
		n++;
	for (i = 0; i < m3_high(r); i++)
		n += (uint32_t)is_debt(m3_slot(r, i), ep);
	return n;
}

static void fill_party(struct m3_region *r, uint32_t i, uint32_t kind,
		       struct m3_party *p)
{
	const struct m3_slot *s = m3_slot(r, i);

	__builtin_memset(p, 0, sizeof(*p));
	p->endpoint = m3_endpoint_of(r, i);
	p->node = s->node;
	p->binding = s->binding;
	p->call = s->call;
	p->kind = kind;
	if (kind != M3_PARTY_DEBT)
		p->message = s->message;
}

static void fill_parties(struct m3_region *r, uint32_t e, uint32_t room,
			 struct m3_party *p)
{
	int ep = m3_endpoint_of(r, e);
	uint32_t i, n = 0;

	for (i = m3_slot(r, e)->qhead; i < r->slots && n < room;
	     i = m3_slot(r, i)->qnext, n++)
		fill_party(r, i, m3_slot(r, i)->rts & M3_RTS_RECEIVING ?
					 M3_PARTY_SENDREC : M3_PARTY_SEND,
			   p + n);
	for (i = 0; i < m3_high(r) && n < room; i++)
		if (is_debt(m3_slot(r, i), ep))
			fill_party(r, i, M3_PARTY_DEBT, p + n++);
}

/* Its own call, as far as another process can go on with it. */
static void fill_call(struct m3_region *r, uint32_t e, struct m3_state *out)
{
	const struct m3_slot *s = m3_slot(r, e);
	uint32_t peer;

	if (s->op == M3_OP_NONE || s->waitmigr == out->endpoint)
		return;
	/* What is to be made again has not begun: a copy that met a freeze. */
	if (m3_more(r, e)->resume && s->result == -M3_EMIGRATE)
		return;
	out->op = s->op;
	out->message = s->message;
	if (m3_more(r, e)->resume) {
		out->phase = M3_PHASE_ENDED;
		out->result = s->result;
	} else if (s->rts & M3_RTS_WAITMIGR) {
		out->phase = s->op == M3_OP_VCOPY ? M3_PHASE_NONE :
						    M3_PHASE_UNSENT;
		out->peer = s->waitmigr;
	} else if (s->op == M3_OP_SEND || s->op == M3_OP_SENDREC) {
		out->phase = M3_PHASE_WAITING;
		out->queued = s->rts & M3_RTS_SENDING ? 1 : 0;
		out->peer = s->sendto == M3_NONE ? s->getfrom : s->sendto;
		peer = m3_slot_of(r, out->peer);
		if (s->rts & M3_RTS_RMTOPER)
			out->message = m3_block(r, e)->body.message;
		out->peer_node = peer == M3_NIL ? r->node :
						  m3_slot(r, peer)->node;
		if (peer != M3_NIL)
			out->peer_binding = m3_slot(r, peer)->binding;
	} else if (s->rts & M3_RTS_RECEIVING) {
		out->phase = M3_PHASE_RECEIVING;
		out->peer = s->getfrom;
	}
}

static void fill_header(struct m3_region *r, uint32_t e, uint64_t txn,
			struct m3_state *out)
{
	const struct m3_slot *s = m3_slot(r, e);
	const struct m3_more *x = m3_more(r, e);

	out->magic = M3_STATE_MAGIC;
	out->version = M3_STATE_VERSION;
	out->endpoint = m3_endpoint_of(r, e);
	out->words = r->bits_words;
	out->binding = s->binding;
	out->call = s->call;
	out->txn = txn;
	out->restricted = s->restricted;
	out->level = x->level;
	out->warn = x->warn;
	out->calls = x->calls;
	out->updates = s->updates;
	out->misc = s->misc & M3_MF_WOKENUP;
	__builtin_memcpy(out->name, s->name, sizeof(out->name));
	fill_call(r, e, out);
}

/* 0, or why the endpoint cannot be exported now. */
static int exportable(struct m3_region *r, uint32_t e, uint64_t txn)
{
	const struct m3_slot *s = m3_slot(r, e);

	if (!(s->rts & M3_RTS_MIGRATE) || m3_more(r, e)->migration != txn)
		return -M3_EPROCSTS;
	if (s->rts & M3_RTS_REMOTE)
		return -M3_ERMTPROC;
	return m3_migration_quiet(r, e) ? 0 : -M3_EBUSY;
}

int m3_migration_export(struct m3_txn *t, int ep, uint64_t txn, void *state,
			uint32_t *size)
{
	struct m3_region *r = t->r;
	uint32_t e = m3_slot_of(r, ep), room = *size, *bits;
	struct m3_state out;
	int error;

	if (e == M3_NIL)
		return -M3_ERANGE;
	error = exportable(r, e, txn);
	if (error)
		return error;
	__builtin_memset(&out, 0, sizeof(out));
	fill_header(r, e, txn, &out);
	out.parties = count_parties(r, e);
	out.bytes = (uint32_t)m3_state_bytes(&out);
	*size = out.bytes;
	if (room < out.bytes)
		return -M3_EMSGSIZE;
	__builtin_memset(state, 0, out.bytes);
	__builtin_memcpy(state, &out, sizeof(out));
	bits = (uint32_t *)(void *)((struct m3_state *)state + 1);
	__builtin_memcpy(bits, m3_bits(r, e), out.words * 4);
	if (out.restricted)
		__builtin_memcpy(bits + (out.words + 1) / 2 * 2,
				 m3_allowed(r, e), out.words * 4);
	fill_parties(r, e, out.parties,
		     (struct m3_party *)(uintptr_t)m3_state_parties(state));
	/* A call that ends from now on is not in it. */
	m3_set32(r, &m3_more(r, e)->exported, 1);
	m3_commit(r);
	return 0;
}
