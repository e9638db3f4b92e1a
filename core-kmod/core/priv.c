// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * Which calls a process may make, and to whom (reference 1, setpriv). Most may
 * do everything: `restricted` in the slot says whether to look further.
 */
#include "core.h"

void m3_priv_reset_d(struct m3_txn *t, uint32_t i)
{
	struct m3_region *r = t->r;
	struct m3_more *more = m3_more(r, i);

	m3_set32(r, &m3_slot(r, i)->restricted, 0);
	m3_seti(r, &more->level, M3_LEVEL_USER);
	m3_seti(r, &more->warn, M3_NONE);
	m3_set64(r, &more->calls, M3_CALLS_ALL);
}

/* Those of word `w` that stand for an endpoint of the DC. */
static uint32_t word_mask(const struct m3_region *r, uint32_t w)
{
	uint32_t left = r->slots - w * 32;

	return left >= 32 ? ~0u : (1u << left) - 1;
}

static int target(struct m3_region *r, int ep, uint32_t *i)
{
	*i = m3_slot_of(r, ep);
	if (*i == M3_NIL)
		return -M3_EBADPROC;
	return m3_is_gone(m3_slot(r, *i)) ? -M3_EDSTDIED : 0;
}

int m3_priv_get(struct m3_txn *t, int ep, struct m3_priv *priv)
{
	struct m3_region *r = t->r;
	const struct m3_more *more;
	uint32_t i, w, word;
	int e = target(r, ep, &i);

	if (e)
		return e;
	more = m3_more(r, i);
	__builtin_memset(priv, 0, sizeof(*priv));
	priv->level = more->level;
	priv->warn = more->warn;
	priv->calls = more->calls;
	for (w = 0; w < r->bits_words; w++) {
		word = m3_slot(r, i)->restricted ? m3_allowed(r, i)[w] : ~0u;
		priv->to[w / 2] |= (uint64_t)(word & word_mask(r, w))
				   << (w & 1) * 32;
	}
	return 0;
}

int m3_priv_set(struct m3_txn *t, int ep, const struct m3_priv *priv)
{
	struct m3_region *r = t->r;
	int denied = priv->calls != M3_CALLS_ALL, e;
	struct m3_more *more;
	uint32_t i, w, word;

	e = target(r, ep, &i);
	if (e)
		return e;
	if (priv->warn != M3_NONE && m3_slot_of(r, priv->warn) == M3_NIL)
		return -M3_EBADPROC;
	if (priv->level < M3_LEVEL_USER || priv->level > M3_LEVEL_PROXY)
		return -M3_EBADVALUE;
	for (w = 0; w < r->bits_words; w++) {
		word = (uint32_t)(priv->to[w / 2] >> (w & 1) * 32);
		m3_set32(r, &m3_allowed(r, i)[w], word & word_mask(r, w));
		denied |= (word & word_mask(r, w)) != word_mask(r, w);
	}
	more = m3_more(r, i);
	m3_seti(r, &more->level, priv->level);
	m3_seti(r, &more->warn, priv->warn);
	m3_set64(r, &more->calls, priv->calls);
	m3_set32(r, &m3_slot(r, i)->restricted, denied != 0);
	m3_commit(r);
	return 0;
}
