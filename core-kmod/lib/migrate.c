// SPDX-License-Identifier: MIT
/* Migration and promotion. */
#include "lib.h"

int m3_migr_start(struct m3_node *node, int dc, int ep, int target,
			 uint64_t txn, int timeout)
{
	(void)node;
	(void)dc;
	(void)ep;
	(void)target;
	(void)txn;
	(void)timeout;
	return -M3_ENOSYS;
}

int m3_migr_export(struct m3_node *node, int dc, int ep, uint64_t txn,
			  void *state, uint32_t *size)
{
	(void)node;
	(void)dc;
	(void)ep;
	(void)txn;
	(void)state;
	(void)size;
	return -M3_ENOSYS;
}

int m3_migr_commit(struct m3_node *node, int dc, int ep, int id, int pid,
			  uint64_t txn, const void *state, uint32_t size)
{
	(void)node;
	(void)dc;
	(void)ep;
	(void)id;
	(void)pid;
	(void)txn;
	(void)state;
	(void)size;
	return -M3_ENOSYS;
}

int m3_migr_rollback(struct m3_node *node, int dc, int ep, uint64_t txn)
{
	(void)node;
	(void)dc;
	(void)ep;
	(void)txn;
	return -M3_ENOSYS;
}

int m3_promote(struct m3_node *node, int dc, int ep, int id, int pid,
		      uint32_t flags)
{
	(void)node;
	(void)dc;
	(void)ep;
	(void)id;
	(void)pid;
	(void)flags;
	return -M3_ENOSYS;
}

int m3_resume(struct m3_member *member, int self,
		     struct m3_message *message, int timeout)
{
	(void)member;
	(void)self;
	(void)message;
	(void)timeout;
	return -M3_ENOSYS;
}
