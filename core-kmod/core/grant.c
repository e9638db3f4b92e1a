// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Explicit grants: access to a range of a buffer, whether its owner is blocked
 * or not. A granted address is resolved by the owner's core at each use, so
 * that a grant ends at once wherever it is used from.
 */
#include "core.h"

/* M3_GRANT_BIT | generation (20 bits) | index (10 bits) | offset (32 bits) */
#define INDEX_SHIFT 32
#define GENERATION_SHIFT 42
#define GENERATIONS 0xfffffu

static uint64_t granted_address(const struct m3_grant *g, uint32_t index)
{
	return M3_GRANT_BIT | (uint64_t)g->generation << GENERATION_SHIFT |
	       (uint64_t)index << INDEX_SHIFT;
}

/* The grant that an address names, if it is one of `owner`; index + 1. */
static uint32_t named(struct m3_region *r, uint32_t owner, uint64_t address)
{
	uint32_t i = (uint32_t)(address >> INDEX_SHIFT) % M3_MAX_GRANTS;
	const struct m3_grant *g = m3_grant_row(r, i);

	if ((address & ~0xffffffffull) != granted_address(g, i) ||
	    g->owner != owner + 1)
		return 0;
	return i + 1;
}

static void clear_d(struct m3_txn *t, struct m3_grant *g)
{
	m3_set32(t->r, &g->owner, 0);
	m3_set32(t->r, &g->generation, (g->generation + 1) & GENERATIONS);
	m3_set32(t->r, &t->r->grants, t->r->grants - 1);
}

int m3_grant_make(struct m3_txn *t, uint32_t self, int grantee,
		  uint64_t address, uint64_t bytes, uint32_t rights,
		  uint64_t *granted)
{
	uint32_t to = m3_slot_of(t->r, grantee), i;
	struct m3_region *r = t->r;
	struct m3_grant *g;
	uint64_t at;
	int e;

	if (to == M3_NIL)
		return -M3_ERANGE;
	if (to == self)
		return -M3_EENDPOINT;
	if (!rights || rights & ~(M3_GRANT_READ | M3_GRANT_WRITE) || !bytes)
		return -M3_EINVAL;
	if (!m3_may_aim(r, self, to))
		return -M3_ETRAPDENIED;
	if (m3_is_gone(m3_slot(r, to)))
		return -M3_EDSTDIED;
	e = m3_arena_range(r, self, address, bytes, &at);
	if (e)
		return e;
	for (i = 0; i < M3_MAX_GRANTS && m3_grant_row(r, i)->owner; i++)
		;
	if (i == M3_MAX_GRANTS)
		return -M3_EAGAIN;
	g = m3_grant_row(r, i);
	m3_set32(r, &g->rights, rights);
	m3_seti(r, &g->grantee, grantee);
	m3_set64(r, &g->at, at);
	m3_set64(r, &g->bytes, bytes);
	m3_set64(r, &g->grantee_binding, m3_slot(r, to)->binding);
	m3_set32(r, &g->owner, self + 1);
	m3_set32(r, &r->grants, r->grants + 1);
	*granted = granted_address(g, i);
	m3_commit(r);
	return 0;
}

int m3_grant_range_d(struct m3_txn *t, uint32_t owner, uint32_t grantee,
		     const struct m3_copy_body *at, uint32_t rights,
		     uint64_t *offset, uint32_t *grant)
{
	uint64_t from = at->address & 0xffffffffull, binding;
	struct m3_region *r = t->r;
	struct m3_grant *g;

	*grant = named(r, owner, at->address);
	if (!*grant)
		return -M3_EPROCSTS;
	g = m3_grant_row(r, *grant - 1);
	binding = m3_slot(r, grantee)->binding;
	if (g->grantee != m3_endpoint_of(r, grantee))
		return -M3_EPROCSTS;
	/* It is for one life of an endpoint: of a remote one, the first that
	 * makes itself known. */
	if (g->grantee_binding == 0)
		m3_set64(r, &g->grantee_binding, binding);
	if (g->grantee_binding != binding)
		return -M3_EPROCSTS;
	if ((g->rights & rights) != rights || from > g->bytes ||
	    at->bytes > g->bytes - from ||
	    !m3_in_arena(r, g->at + from, at->bytes))
		return -M3_EFAULT;
	*offset = g->at + from;
	return 0;
}

/* Is slot `j` a local copier that uses a grant? Its index + 1, or 0. */
static uint32_t used_by(struct m3_region *r, uint32_t j)
{
	const struct m3_slot *s = m3_slot(r, j);
	uint32_t grant;

	if (s->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE) ||
	    !(s->rts & M3_RTS_ONCOPY) || s->copier != j)
		return 0;
	grant = m3_transfer(r, j)->grant;
	return grant <= M3_MAX_GRANTS ? grant : 0;
}

/* Remote copiers that use what is granted by rows that match get an error. */
static void readers_end(struct m3_txn *t, const struct m3_grant *only,
			uint32_t owner, int grantee)
{
	struct m3_region *r = t->r;
	uint32_t j;

	for (j = 0; j < m3_high(r); j++) {
		struct m3_transfer *x;
		const struct m3_grant *g;

		if (m3_slot(r, j)->rts & M3_RTS_SLOT_FREE)
			continue;
		x = m3_transfer(r, j);
		if (x->kind != M3_TRANSFER_SOURCE || !x->grant ||
		    x->grant > M3_MAX_GRANTS)
			continue;
		g = m3_grant_row(r, x->grant - 1);
		if (only ? g != only :
		    g->owner != owner + 1 && g->grantee != grantee)
			continue;
		m3_transfer_abort_d(t, j, -M3_EPROCSTS);
		m3_commit(r);
	}
}

int m3_grant_revoke(struct m3_txn *t, uint32_t self, uint64_t granted)
{
	struct m3_region *r = t->r;
	uint32_t grant = named(r, self, granted), j;
	struct m3_grant *g;

	if (!grant)
		return -M3_EFAULT;
	for (j = 0; j < m3_high(r); j++)
		if (used_by(r, j) == grant)
			return -M3_EONCOPY;
	g = m3_grant_row(r, grant - 1);
	readers_end(t, g, M3_NIL, M3_NONE);
	clear_d(t, g);
	m3_commit(r);
	return 0;
}

uint32_t m3_grants_user(struct m3_region *r, uint32_t i)
{
	uint32_t j, grant;

	for (j = 0; r->grants && j < m3_high(r); j++) {
		grant = used_by(r, j);
		if (grant && m3_grant_row(r, grant - 1)->owner == i + 1)
			return j;
	}
	return M3_NIL;
}

int m3_grants_drop(struct m3_txn *t, uint32_t owner, uint64_t at, uint64_t end)
{
	struct m3_region *r = t->r;
	uint32_t user = m3_grants_user(r, owner), i;
	const struct m3_grant *g;

	if (!r->grants)
		return 0;
	/* Which one it uses hardly matters: it is a matter of one memcpy. */
	if (user != M3_NIL)
		return -M3_EONCOPY;
	for (i = 0; i < M3_MAX_GRANTS; i++) {
		g = m3_grant_row(r, i);
		if (g->owner != owner + 1 || g->at < at || g->at >= end)
			continue;
		readers_end(t, g, M3_NIL, M3_NONE);
		clear_d(t, m3_grant_row(r, i));
		m3_commit(r);
	}
	return 0;
}

void m3_grants_end(struct m3_txn *t, uint32_t i)
{
	struct m3_region *r = t->r;
	int ep = m3_endpoint_of(r, i);
	struct m3_grant *g;
	uint32_t n;

	if (!r->grants)
		return;
	readers_end(t, NULL, i, ep);
	for (n = 0; n < M3_MAX_GRANTS; n++) {
		g = m3_grant_row(r, n);
		if (!g->owner || (g->owner != i + 1 && g->grantee != ep))
			continue;
		clear_d(t, g);
		m3_commit(r);
	}
}
