// SPDX-License-Identifier: MIT OR GPL-2.0
#include "journal.h"

#ifdef __KERNEL__
static void put_back(struct m3_region *r, const struct m3_journal_entry *e)
{
	(void)r;
	m3_store32(e->word, e->old);
}
#else
/* A member may have written to it. */
static void put_back(struct m3_region *r, const struct m3_journal_entry *e)
{
	uint32_t at = e->offset;

	if (at >= M3_UNIT && at <= r->arena_at - 4 && at % 4 == 0)
		m3_store32(m3_at(r, at), e->old);
}
#endif

void m3_undo(struct m3_region *r)
{
	struct m3_journal *j = m3_journal(r);
	uint32_t n = j->length;

	if (n > M3_JOURNAL_ENTRIES)
		n = M3_JOURNAL_ENTRIES;
	/* Backwards, so that a field changed twice gets its first value. */
	while (n > 0) {
		put_back(r, &j->entry[--n]);
	}
	m3_commit(r);
}

void m3_repair(struct m3_region *r)
{
	m3_undo(r);
	r->counts.repairs++;
}

static void wake_push(struct m3_txn *t, uint32_t i, uint32_t tag)
{
	if (t->wakes == M3_WAKES)
		m3_platform_flush(t);
	t->wake[t->wakes] = i;
	t->tag[t->wakes] = tag;
	t->wakes++;
}

void m3_wake_later(struct m3_txn *t, uint32_t i)
{
	wake_push(t, i, (uint32_t)(m3_slot(t->r, i)->call << 2));
}

void m3_serve_later(struct m3_txn *t, uint32_t i)
{
	wake_push(t, i, (uint32_t)(m3_slot(t->r, i)->call << 2) | M3_TAG_SERVE);
}

void m3_input_later(struct m3_txn *t, uint32_t i)
{
	if (m3_slot(t->r, i)->watch)
		wake_push(t, i, M3_TAG_INPUT);
}

void m3_ring_later(struct m3_txn *t, uint32_t node)
{
	if (t->ring && t->ring != node + 1)
		t->ring_all = 1;
	t->ring = node + 1;
}
