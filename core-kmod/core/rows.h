/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * rows.h - how a row of a region's tables is found, and what follows from its
 * numbers alone. Part of region.h, which includes it.
 */
#ifndef M3_ROWS_H
#define M3_ROWS_H

/* How many bits are set. The compiler's own is a function of its library. */
static inline uint32_t m3_bits_set(uint32_t word)
{
	word -= word >> 1 & 0x55555555u;
	word = (word & 0x33333333u) + (word >> 2 & 0x33333333u);
	word = (word + (word >> 4)) & 0x0f0f0f0fu;
	return word * 0x01010101u >> 24;
}

static inline struct m3_journal *m3_journal(struct m3_region *r)
{
	return (struct m3_journal *)(r + 1);
}

static inline void *m3_at(struct m3_region *r, uint64_t offset)
{
	return (char *)r + offset;
}

/*
 * Slots whose tables get memory together: `backed` has a bit for each group.
 * Tests have as few in one as that allows.
 */
static inline uint32_t m3_group(const struct m3_region *r)
{
#ifdef M3_CHECK_BACKED
	return (r->slots + 63) / 64;
#else
	(void)r;
	return M3_MAX_ENDPOINTS / 64;
#endif
}

/*
 * Do slot i's rows have memory, in all tables but that of the slots? From its
 * first binding on, for good. A hole must not even be read: where the file
 * system is full that is SIGBUS.
 */
static inline int m3_is_backed(const struct m3_region *r, uint32_t i)
{
	return __atomic_load_n(&r->backed, __ATOMIC_RELAXED) >>
		       (i / m3_group(r) & 63) & 1;
}

/* Tests look whether it is true of what is about to be touched. */
#ifdef M3_CHECK_BACKED
void m3_not_backed(const char *table, uint32_t row);
#define M3_MUST_BE_BACKED(condition, table, row)        \
	do {                                            \
		if (!(condition))                       \
			m3_not_backed(table, row);      \
	} while (0)
#else
#define M3_MUST_BE_BACKED(condition, table, row) ((void)0)
#endif

static inline struct m3_slot *m3_slot(struct m3_region *r, uint32_t i)
{
	return (struct m3_slot *)m3_at(r, r->slots_at) + i;
}

static inline struct m3_block *m3_block(struct m3_region *r, uint32_t i)
{
	M3_MUST_BE_BACKED(i < 2 * r->slots ? m3_is_backed(r, i % r->slots) :
					     r->spanned != 0,
			  "blocks", i);
	return (struct m3_block *)m3_at(r, r->blocks_at) + i;
}

static inline struct m3_transfer *m3_transfer(struct m3_region *r, uint32_t i)
{
	M3_MUST_BE_BACKED(m3_is_backed(r, i), "transfers", i);
	return (struct m3_transfer *)m3_at(r, r->transfers_at) + i;
}

static inline uint32_t *m3_bits(struct m3_region *r, uint32_t i)
{
	M3_MUST_BE_BACKED(m3_is_backed(r, i), "bits", i);
	return (uint32_t *)m3_at(r, r->bits_at) + (uint64_t)i * r->bits_words;
}

static inline struct m3_handle *m3_handle(struct m3_region *r, uint32_t i)
{
	return m3_at(r, r->handles_at + (uint64_t)i * r->handle_bytes);
}

static inline uint32_t *m3_ready_bits(struct m3_region *r, uint32_t i)
{
	return (uint32_t *)(m3_handle(r, i) + 1);
}

static inline struct m3_unit *m3_unit(struct m3_region *r, uint32_t i)
{
	return (struct m3_unit *)m3_at(r, r->units_at) + i;
}

static inline struct m3_more *m3_more(struct m3_region *r, uint32_t i)
{
	M3_MUST_BE_BACKED(m3_is_backed(r, i), "more", i);
	return (struct m3_more *)m3_at(r, r->more_at) + i;
}

/* Destinations that slot i may aim at: looked at if it is `restricted`. */
static inline uint32_t *m3_allowed(struct m3_region *r, uint32_t i)
{
	return (uint32_t *)m3_at(r, r->allowed_at) +
	       (uint64_t)i * r->bits_words;
}

static inline struct m3_grant *m3_grant_row(struct m3_region *r, uint32_t i)
{
	return (struct m3_grant *)m3_at(r, r->grants_at) + i;
}

#ifdef __KERNEL__
static inline struct m3_peer *m3_peer(struct m3_region *r, uint32_t i)
{
	/* Of a node that is none; who has not the lock sees none of it or all. */
	return i < r->nodes ? __atomic_load_n(&r->peers[i], __ATOMIC_ACQUIRE) :
			      NULL;
}

/* Copies from the arena, and to it; inside it. */
void m3_arena_read(struct m3_region *r, void *to, uint64_t offset,
		   uint64_t bytes);
void m3_arena_write(struct m3_region *r, uint64_t offset, const void *from,
		    uint64_t bytes);
#else
static inline struct m3_peer *m3_peer(struct m3_region *r, uint32_t i)
{
	return m3_at(r, r->peers_at + (uint64_t)i * r->peer_bytes);
}

static inline void m3_arena_read(struct m3_region *r, void *to,
				 uint64_t offset, uint64_t bytes)
{
	__builtin_memcpy(to, m3_at(r, offset), bytes);
}

static inline void m3_arena_write(struct m3_region *r, uint64_t offset,
				  const void *from, uint64_t bytes)
{
	__builtin_memcpy(m3_at(r, offset), from, bytes);
}
#endif

/*
 * Does the DC span node `i`? A table of its own: the area of a node that it
 * does not span has no memory behind it and must not be touched.
 */
static inline uint32_t *m3_spans(struct m3_region *r, uint32_t i)
{
	return (uint32_t *)m3_at(r, r->spans_at) + i;
}

/*
 * This DC's incarnation, as the peer is told it. Where the peer was taken out
 * of the DC and put in again its numbering space is forgotten here: the peer
 * must see another incarnation, or it would go on in the old space.
 */
static inline uint64_t m3_incarnation(const struct m3_region *r,
				      const struct m3_peer *p)
{
	return r->incarnation + p->lives;
}

/*
 * The numbering space of both, as its frames name it: what was numbered for a
 * former life of either is of another (protocol 10).
 */
static inline uint64_t m3_session(const struct m3_region *r,
				  const struct m3_peer *p)
{
	return m3_incarnation(r, p) + p->incarnation;
}

/* Is [at, +bytes) inside the arena? The last word on every copy. */
static inline int m3_in_arena(const struct m3_region *r, uint64_t at,
			      uint64_t bytes)
{
	return at >= r->arena_at && at <= r->bytes && bytes <= r->bytes - at;
}

static inline uint32_t m3_window(uint32_t lane)
{
	return lane == M3_LANE_BULK ? M3_BULK_WINDOW : M3_WINDOW;
}

static inline struct m3_entry *m3_entry(struct m3_peer *p, uint32_t lane,
					uint64_t number)
{
	struct m3_entry *first = (struct m3_entry *)(p + 1);

	return first + (uint64_t)(lane - 1) * M3_WINDOW +
	       number % m3_window(lane);
}

#define M3_ENTRIES (2 * M3_WINDOW + M3_BULK_WINDOW)

/* Bits of the slots whose endpoints this peer has dealt with. */
static inline uint32_t *m3_peer_known(struct m3_peer *p)
{
	return (uint32_t *)((struct m3_entry *)(p + 1) + M3_ENTRIES);
}

/* Bits of the slots whose death it is still to be told (protocol 20). */
static inline uint32_t *m3_peer_deaths(const struct m3_region *r,
				       struct m3_peer *p)
{
	return m3_peer_known(p) + r->bits_words;
}

/* Those of them that it need not be told if somebody else is bound by then. */
static inline uint32_t *m3_peer_unheard(const struct m3_region *r,
					struct m3_peer *p)
{
	return m3_peer_deaths(r, p) + r->bits_words;
}

static inline uint32_t m3_blocks(const struct m3_region *r)
{
	return 2 * r->slots + M3_NOTIFY_BLOCKS;
}

static inline uint32_t m3_generation_of(uint64_t binding)
{
	return (uint32_t)binding;
}

static inline uint32_t m3_epoch_of(uint64_t binding)
{
	return (uint32_t)(binding >> 32);
}

/*
 * Where walks over slots, handles and nodes end. Read once: a member may have
 * lied, and may do so between two looks.
 */
static inline uint32_t m3_end_of(const uint32_t *word, uint32_t most)
{
	uint32_t end = __atomic_load_n(word, __ATOMIC_RELAXED);

	return end < most ? end : most;
}

static inline uint32_t m3_high(const struct m3_region *r)
{
	return m3_end_of(&r->high, r->slots);
}

static inline uint32_t m3_joined(const struct m3_region *r)
{
	return m3_end_of(&r->joined, r->handles);
}

static inline uint32_t m3_spanned(const struct m3_region *r)
{
	return m3_end_of(&r->spanned, r->nodes);
}

/* Nobody can be reached there: it is free, or only its notice is left. */
static inline int m3_is_gone(const struct m3_slot *s)
{
	return s->rts & M3_RTS_SLOT_FREE || s->misc & M3_MF_KILLED;
}

/*
 * It is one of r->bind_waiters. A call of that kind that a migration pauses has
 * not begun to wait, and one that it holds back waits no more: neither is.
 */
static inline int m3_waits_for_binding(const struct m3_slot *s)
{
	return !!(s->rts & (M3_RTS_WAITBIND | M3_RTS_WAITUNBIND));
}

/* Slot of an endpoint, or M3_NIL if the DC has no such endpoint. */
static inline uint32_t m3_slot_of(const struct m3_region *r, int32_t ep)
{
	uint32_t i = (uint32_t)ep + r->tasks;

	return ep >= -(int32_t)r->tasks && i < r->slots ? i : M3_NIL;
}

static inline int32_t m3_endpoint_of(const struct m3_region *r, uint32_t i)
{
	return (int32_t)i - (int32_t)r->tasks;
}

#endif
