// SPDX-License-Identifier: MIT
/* Management of a DC's endpoints: binding, waking, restricting, moving them. */
#include "lib.h"
#include <stdlib.h>

int m3_rmtbind(struct m3_node *node, int dc, const char *name, int ep, int id)
{
	struct m3_request q = { .dc = dc, .ep = ep, .id = id };
	int e = id < 0 ? -M3_EBADNODEID : m3_request_name(&q, name);

	return e ? e : M3_ASK(node, rmtbind, &q);
}

static int bind_other(struct m3_node *node, int dc, int pid, int ep, int id,
		      enum m3_bind_kind kind)
{
	struct m3_request q = { .dc = dc, .pid = pid, .ep = ep, .id = id,
				.flags = kind };

	return M3_ASK(node, bind_other, &q);
}

int m3_lclbind(struct m3_node *node, int dc, int pid, int ep)
{
	return bind_other(node, dc, pid, ep, 0, M3_BIND_LOCAL);
}

int m3_bkupbind(struct m3_node *node, int dc, int pid, int ep, int id)
{
	return bind_other(node, dc, pid, ep, id, M3_BIND_BACKUP);
}

int m3_replbind(struct m3_node *node, int dc, int pid, int ep)
{
	return bind_other(node, dc, pid, ep, 0, M3_BIND_REPLICA);
}

int m3_unbind_any(struct m3_node *node, int dc, int ep)
{
	struct m3_request q = { .dc = dc, .ep = ep };

	return M3_ASK(node, unbind_any, &q);
}

int m3_wakeup(struct m3_node *node, int dc, int ep)
{
	struct m3_request q = { .dc = dc, .ep = ep };

	return M3_ASK(node, wakeup, &q);
}

int m3_hdw_notify(struct m3_node *node, int dc, int dst)
{
	struct m3_request q = { .dc = dc, .ep = dst };

	return M3_ASK(node, hdw_notify, &q);
}

int m3_getpriv(struct m3_node *node, int dc, int ep, struct m3_priv *priv)
{
	struct m3_request q = { .dc = dc, .ep = ep, .data = m3_data(priv) };

	return M3_ASK(node, getpriv, &q);
}

int m3_setpriv(struct m3_node *node, int dc, int ep,
	       const struct m3_priv *priv)
{
	struct m3_request q = { .dc = dc, .ep = ep, .data = m3_data(priv) };

	return M3_ASK(node, setpriv, &q);
}

int m3_setlanes(struct m3_node *node, int dc, const struct m3_lanes *lanes)
{
	struct m3_request q = { .dc = dc, .data = m3_data(lanes) };

	return M3_ASK(node, setlanes, &q);
}

int m3_migr_start(struct m3_node *node, int dc, int ep, int target,
		  uint64_t txn, int timeout)
{
	struct m3_request q = { .dc = dc, .ep = ep, .id = target, .value = txn,
				.timeout = timeout };

	return M3_ASK(node, migr_start, &q);
}

int m3_migr_export(struct m3_node *node, int dc, int ep, uint64_t txn,
		   void *state, uint32_t *size)
{
	/* Aligned, whatever the caller's buffer is. */
	void *copy = malloc(*size ? *size : 1);
	struct m3_request q = { .dc = dc, .ep = ep, .value = txn,
				.size = *size, .data = m3_data(copy) };
	int e = copy ? M3_ASK(node, migr_export, &q) : -M3_ENOMEM;

	*size = q.size;
	if (!e)
		memcpy(state, copy, *size);
	free(copy);
	return e;
}

int m3_migr_commit(struct m3_node *node, int dc, int ep, int id, int pid,
		   uint64_t txn, const void *state, uint32_t size)
{
	struct m3_request q = { .dc = dc, .ep = ep, .id = id, .pid = pid,
				.value = txn };
	void *copy = NULL;
	int e;

	if (state) {
		copy = malloc(size ? size : 1);
		if (!copy)
			return -M3_ENOMEM;
		memcpy(copy, state, size);
		q.size = size;
		q.data = m3_data(copy);
	}
	e = M3_ASK(node, migr_commit, &q);
	free(copy);
	return e;
}

int m3_migr_rollback(struct m3_node *node, int dc, int ep, uint64_t txn)
{
	struct m3_request q = { .dc = dc, .ep = ep, .value = txn };

	return M3_ASK(node, migr_rollback, &q);
}

int m3_promote(struct m3_node *node, int dc, int ep, int id, int pid,
	       uint32_t flags)
{
	struct m3_request q = { .dc = dc, .ep = ep, .id = id, .pid = pid,
				.flags = flags };

	return M3_ASK(node, promote, &q);
}
