// SPDX-License-Identifier: MIT
/* Explicit grants: one that is used at this moment, and a DC with no others. */
#include "rig.h"
#include <embedded/embedded.h>

/* A DC in which being blocked grants nothing. */
static void explicit_only(void)
{
	struct m3_dc_params dc = {
		.dc = 2, .procs = 8, .arena_bytes = 1u << 20,
		.flags = M3_DC_NO_IMPLICIT_GRANTS, .gid = (uint32_t)-1,
		.name = "explicit",
	};
	struct m3_message m = rig_message(7, 0, 0);
	struct m3_buffer buffer;
	struct m3_member *a, *b;
	struct rig_node n;
	struct m3_call call;
	uint64_t granted;
	char mine[8];

	rig_start(&n, 0);
	SAME(m3_dc_init(n.core, &dc), 0);
	SAME(m3_join(n.dir, 2, &a), 0);
	SAME(m3_join(n.dir, 2, &b), 0);
	SAME(m3_bind(a, 1), 0);
	SAME(m3_bind(b, 2), 0);
	SAME(m3_alloc(a, 1, 4096, &buffer), 0);
	rig_start_call(a, &call, M3_OP_SENDREC, 1, 2, 7, M3_PENDING);
	SAME(m3_receive(b, 2, 1, &m, 0), 0);
	SAME(m3_vcopy(b, 2, 1, buffer.address, 2, (uintptr_t)mine, 8, 1000,
		      NULL), -M3_EPROCSTS);
	SAME(m3_vcopy(b, 2, 2, (uintptr_t)mine, 1, (uintptr_t)buffer.data, 8,
		      1000, NULL), -M3_EPROCSTS);
	SAME(m3_grant(a, 1, 2, buffer.address, 8, M3_GRANT_READ, &granted), 0);
	SAME(m3_vcopy(b, 2, 1, granted, 2, (uintptr_t)mine, 8, 1000, NULL), 0);
	SAME(m3_reply(b, 2, 1, &m), 0);
	SAME(m3_check(n.core, 2), 0);
	m3_leave(a);
	m3_leave(b);
	SAME(m3_dc_end(n.core, 2), 0);
	rig_stop(&n);
}

/* Endpoint 2 is in the middle of a copy by a grant of endpoint 1. */
static void grant_in_use(void)
{
	struct m3_copy copy = { .other = 1, .bytes = 8 };
	struct m3_buffer buffer;
	struct m3_section section;
	struct m3_member *owner, *copier;
	uint64_t granted, other;
	struct m3_call call;
	struct m3_map *map;
	struct rig_node n;

	rig_start(&n, 0);
	owner = rig_join(&n, 1);
	copier = rig_join(&n, 2);
	SAME(m3_map_open(n.dir, RIG_DC, 0, &map), 0);
	SAME(m3_alloc(owner, 1, 8192, &buffer), 0);
	SAME(m3_grant(owner, 1, 2, buffer.address, 8, M3_GRANT_READ,
		      &granted), 0);
	SAME(m3_grant(owner, 1, 2, buffer.address, 8, M3_GRANT_READ,
		      &other), 0);
	copy.other_address = granted;
	map->handle = m3_slot(map->r, m3_slot_of(map->r, 2))->handle;
	SAME(m3_begin(map, &section, M3_LOCK_FOREVER), 0);
	SAME(m3_copy_begin(&section.t, m3_slot_of(map->r, 2), &copy), 0);
	m3_end(&section);
	SAME(m3_revoke(owner, 1, granted), -M3_EONCOPY);
	SAME(m3_revoke(owner, 1, other), 0);
	SAME(m3_free(owner, 1, &buffer), -M3_EONCOPY);
	SAME(m3_unbind(owner, 1), -M3_EONCOPY);
	SAME(m3_unbind_any(n.core, RIG_DC, 1), -M3_EONCOPY);
	SAME(m3_unbind(copier, 2), -M3_EONCOPY);
	SOUND(&n);
	/* The owner may call meanwhile. */
	rig_start_call(owner, &call, M3_OP_RECEIVE, 1, 2, 0, M3_PENDING);
	SAME(m3_cancel(owner, &call, M3_ECANCELED), -M3_ECANCELED);
	SAME(m3_begin(map, &section, M3_LOCK_FOREVER), 0);
	m3_copy_end(&section.t, m3_slot_of(map->r, 2), m3_slot_of(map->r, 1));
	m3_end(&section);
	SAME(m3_revoke(owner, 1, granted), 0);
	SAME(m3_free(owner, 1, &buffer), 0);
	map->handle = M3_RUNTIME;
	m3_map_close(map);
	m3_leave(owner);
	m3_leave(copier);
	SOUND(&n);
	rig_stop(&n);
}

int main(void)
{
	rig_embedded_only("it holds a copy on between two steps of the "
			  "core, in a region that it maps");
	grant_in_use();
	rig_ok("a grant in use");
	explicit_only();
	rig_ok("without implicit grants");
	return 0;
}
