// SPDX-License-Identifier: MIT OR GPL-2.0
/* Where everything lies in a region, and what a new one holds. */
#include "core.h"

static uint64_t place(uint64_t *at, uint64_t bytes)
{
	uint64_t here = (*at + 127) & ~127ull;

	*at = here + bytes;
	return here;
}

int m3_layout(struct m3_layout *r, const struct m3_dc_params *params,
	      uint32_t nodes)
{
	uint64_t at = sizeof(struct m3_region) + sizeof(struct m3_journal);
	uint32_t slots = params->tasks + params->procs, i;

	if (params->tasks > M3_MAX_TASKS || params->procs == 0 ||
	    params->procs > M3_MAX_ENDPOINTS || slots > M3_MAX_ENDPOINTS ||
	    nodes == 0 || nodes > M3_MAX_NODES ||
	    params->arena_bytes % M3_EXTENT)
		return -M3_EBADRANGE;
	r->flags = params->flags;
	r->warn2proc = params->warn2proc;
	r->warnmsg = params->warnmsg;
	for (i = 0; i < M3_CPU_WORDS; i++)
		r->cpus[i] = params->cpus[i];
	r->tasks = params->tasks;
	r->procs = params->procs;
	r->slots = slots;
	r->nodes = nodes;
	r->units = params->arena_bytes / M3_UNIT;
	r->bits_words = (slots + 31) / 32;
	/* A process may join without binding; more processes than endpoints
	 * have no use. */
	r->handles = slots + 16;
	r->handle_bytes = (uint32_t)sizeof(struct m3_handle) +
			  ((r->bits_words * 4 + 63) & ~63u);
	r->peer_bytes = sizeof(struct m3_peer) +
			M3_ENTRIES * sizeof(struct m3_entry) +
			((3 * r->bits_words * 4 + 127) & ~127u);
	r->slots_at = place(&at, (uint64_t)slots * sizeof(struct m3_slot));
	r->units_at = place(&at, (uint64_t)r->units * sizeof(struct m3_unit));
	r->spans_at = place(&at, (uint64_t)nodes * 4);
	r->grants_at = place(&at, (uint64_t)M3_MAX_GRANTS *
					  sizeof(struct m3_grant));
	/* From here on memory comes with use: m3_map_back(). */
	r->blocks_at = place(&at, (2ull * slots + M3_NOTIFY_BLOCKS) *
					  sizeof(struct m3_block));
	r->transfers_at = place(&at, (uint64_t)slots *
					     sizeof(struct m3_transfer));
	r->bits_at = place(&at, (uint64_t)slots * r->bits_words * 4);
	r->handles_at = place(&at, (uint64_t)r->handles * r->handle_bytes);
	r->more_at = place(&at, (uint64_t)slots * sizeof(struct m3_more));
	r->allowed_at = (at + M3_UNIT - 1) & ~(uint64_t)(M3_UNIT - 1);
	at = r->allowed_at + (uint64_t)slots * r->bits_words * 4;
	r->peers_at = (at + M3_UNIT - 1) & ~(uint64_t)(M3_UNIT - 1);
	at = r->peers_at + (uint64_t)nodes * r->peer_bytes;
	r->arena_at = (at + M3_EXTENT - 1) & ~(uint64_t)(M3_EXTENT - 1);
	r->bytes = r->arena_at + params->arena_bytes;
	return r->arena_at > 0xffffffffull ? -M3_EBADRANGE : 0;
}

void m3_region_init(struct m3_region *r)
{
	uint32_t i;

	for (i = 0; i < r->slots; i++) {
		struct m3_slot *s = m3_slot(r, i);

		s->rts = M3_RTS_SLOT_FREE;
		s->getfrom = s->sendto = M3_NONE;
		s->qhead = s->qtail = s->qnext = M3_NIL;
		s->handle = s->copier = s->partner = M3_NIL;
		s->waitmigr = M3_NONE;
	}
	if (r->units)
		m3_unit(r, 0)->length = r->units;
}

int m3_region_verify(const struct m3_region *r, uint64_t bytes)
{
	struct m3_dc_params params = {
		.tasks = r->tasks,
		.procs = r->procs,
		.arena_bytes = r->units * M3_UNIT,
	};
	struct m3_layout want;

	__builtin_memset(&want, 0, sizeof(want));
	if (r->magic != M3_REGION_MAGIC)
		return -M3_EIO;
	if (r->abi_version != M3_ABI_VERSION)
		return -M3_EVERSION;
	/* Every offset is computed again: none is taken from the file. */
	if (m3_layout(&want, &params, r->nodes) || want.bytes != r->bytes ||
	    want.bytes != bytes || want.slots_at != r->slots_at ||
	    want.blocks_at != r->blocks_at ||
	    want.transfers_at != r->transfers_at ||
	    want.bits_at != r->bits_at || want.handles_at != r->handles_at ||
	    want.units_at != r->units_at || want.spans_at != r->spans_at ||
	    want.more_at != r->more_at || want.allowed_at != r->allowed_at ||
	    want.grants_at != r->grants_at ||
	    want.peers_at != r->peers_at ||
	    want.peer_bytes != r->peer_bytes ||
	    want.arena_at != r->arena_at || want.slots != r->slots ||
	    want.handles != r->handles ||
	    want.handle_bytes != r->handle_bytes ||
	    want.bits_words != r->bits_words || want.units != r->units ||
	    r->node >= r->nodes || r->dc >= M3_MAX_DCS)
		return -M3_EIO;
	return 0;
}
