// SPDX-License-Identifier: MIT
/* Kinds of binding, and waiting for them. */
#include "lib.h"

int m3_lclbind(struct m3_node *node, int dc, int pid, int ep)
{
	(void)node;
	(void)dc;
	(void)pid;
	(void)ep;
	return -M3_ENOSYS;
}

int m3_bkupbind(struct m3_node *node, int dc, int pid, int ep, int id)
{
	(void)node;
	(void)dc;
	(void)pid;
	(void)ep;
	(void)id;
	return -M3_ENOSYS;
}

int m3_replbind(struct m3_node *node, int dc, int pid, int ep)
{
	(void)node;
	(void)dc;
	(void)pid;
	(void)ep;
	return -M3_ENOSYS;
}

int m3_tbind(struct m3_member *member, int ep)
{
	(void)member;
	(void)ep;
	return -M3_ENOSYS;
}

int m3_wait4bind(struct m3_member *member, int *ep, int timeout)
{
	(void)member;
	(void)ep;
	(void)timeout;
	return -M3_ENOSYS;
}

int m3_wait4bindep(struct m3_member *member, int self, int ep,
			  int timeout)
{
	(void)member;
	(void)self;
	(void)ep;
	(void)timeout;
	return -M3_ENOSYS;
}

int m3_wait4unbind(struct m3_member *member, int self, int ep,
			  int timeout)
{
	(void)member;
	(void)self;
	(void)ep;
	(void)timeout;
	return -M3_ENOSYS;
}

int m3_getep(struct m3_member *member, int pid, int *ep)
{
	(void)member;
	(void)pid;
	(void)ep;
	return -M3_ENOSYS;
}
