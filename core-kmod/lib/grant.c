// SPDX-License-Identifier: MIT
/* Explicit grants. */
#include "lib.h"

/* Memory is the process's own affair: nobody else sees it come or go. */
int m3_owner_begin(struct m3_member *m, int self, struct m3_section *s,
		   uint32_t *i)
{
	int e = m3_begin(m->map, s, M3_LOCK_FOREVER);

	if (e)
		return e;
	*i = m3_slot_of(m->map->r, self);
	e = *i == M3_NIL ? -M3_ERANGE : m3_slot_ready(&s->t, *i);
	if (!e || e == -M3_EPROCRUN || e == -M3_EMIGRATE)
		return 0;
	m3_end(s);
	return e;
}

int m3_grant(struct m3_member *m, int self, int grantee, uint64_t address,
	     uint64_t bytes, uint32_t rights, uint64_t *granted)
{
	struct m3_section s;
	uint32_t i;
	int e = m3_owner_begin(m, self, &s, &i);

	if (e)
		return e;
	e = m3_grant_make(&s.t, i, grantee, address, bytes, rights, granted);
	m3_end(&s);
	return e;
}

int m3_revoke(struct m3_member *m, int self, uint64_t granted)
{
	struct m3_section s;
	uint32_t i;
	int e = m3_owner_begin(m, self, &s, &i);

	if (e)
		return e;
	e = m3_grant_revoke(&s.t, i, granted);
	m3_end(&s);
	return e;
}
