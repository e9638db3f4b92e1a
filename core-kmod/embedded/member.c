// SPDX-License-Identifier: MIT
/* A process's membership in a DC: joining and leaving. */
#include "../calls/calls.h"
#include <stdlib.h>
#include <unistd.h>

int m3_embedded_join(const char *dir, int dc, struct m3_member **out)
{
	struct m3_node_region *node;
	struct m3_member *m;
	uint32_t spin_ns, generation;
	int fd, e = m3_node_file_open(dir, 0, &fd, &node);

	if (e)
		return e;
	spin_ns = node->spin_ns;
	e = dc < 0 || (uint32_t)dc >= node->max_dcs ? -M3_EBADDCID :
	    !node->dcs[dc].running ? -M3_EDCNOTRUN : 0;
	m3_node_file_close(fd, node);
	if (e)
		return e;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -M3_ENOMEM;
	e = m3_map_open(dir, (uint32_t)dc, spin_ns, &m->map);
	if (e) {
		free(m);
		return e;
	}
	m->bell = m->device = -1;
	m->map->handle = M3_NIL;
	m->busy = calloc(m->map->r->slots, 1);
	e = m->busy ? m3_life_begin(m->map) : -M3_ENOMEM;
	if (!e) {
		generation = m3_handle(m->map->r, m->map->handle)->generation;
		m->ticket = m3_bell_ticket(generation);
		e = m3_bell_create(m->map, M3_BELL_HANDLE, m->map->handle,
				   generation, &m->bell);
	}
	if (e) {
		m3_embedded_leave(m);
		return e;
	}
	*out = m;
	return 0;
}

void m3_embedded_leave(struct m3_member *m)
{
	if (m->bell >= 0)
		close(m->bell);
	m3_affinity_leave(m->map);
	m3_life_end(m->map);
	m3_map_close(m->map);
	free(m->busy);
	free(m);
}
