// SPDX-License-Identifier: MIT
/* A DC in which nothing is granted but by a grant. */
#include "rig.h"
#include <stdint.h>

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

int main(void)
{
	explicit_only();
	rig_ok("without implicit grants");
	return 0;
}
