// SPDX-License-Identifier: MIT OR GPL-2.0
/* A process goes on with the call that its endpoint had when it came here. */
#include "core.h"

int m3_migration_resume(struct m3_txn *t, uint32_t self, struct m3_message *m,
			int wait)
{
	struct m3_region *r = t->r;
	struct m3_slot *s = m3_slot(r, self);
	int result = s->result, ended;

	if (s->rts & (M3_RTS_SLOT_FREE | M3_RTS_REMOTE) ||
	    s->handle != t->handle)
		return -M3_ENOTBIND;
	if (!(s->misc & M3_MF_RESUME))
		return s->rts & M3_RTS_MIGRATE && s->op == M3_OP_NONE ?
			       -M3_EMIGRATE : -M3_EPROCSTS;
	ended = m3_more(r, self)->resume && !(s->rts & M3_RTS_MIGRATE);
	if (!ended && !wait)
		return -M3_EAGAIN;
	/* From here on it is like any other call of this process. */
	m3_set32(r, &s->misc, s->misc & ~M3_MF_RESUME);
	if (!ended) {
		m3_commit(r);
		return M3_BLOCK;
	}
	m3_set64(r, &m3_more(r, self)->resume, 0);
	m3_set32(r, &s->op, M3_OP_NONE);
	*m = s->message;
	m3_commit(r);
	return result;
}
