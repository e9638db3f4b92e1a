// SPDX-License-Identifier: MIT
/* Calls of servers, notifications in other names, privileges. */
#include "lib.h"

int m3_rcvrqst(struct m3_member *member, int self,
		      struct m3_message *message, int timeout)
{
	(void)member;
	(void)self;
	(void)message;
	(void)timeout;
	return -M3_ENOSYS;
}

int m3_reply_receive(struct m3_member *member, int self, int dst,
			    struct m3_message *message, int timeout)
{
	(void)member;
	(void)self;
	(void)dst;
	(void)message;
	(void)timeout;
	return -M3_ENOSYS;
}

int m3_request(struct m3_member *member, int self, int client,
		      uint64_t *call)
{
	(void)member;
	(void)self;
	(void)client;
	(void)call;
	return -M3_ENOSYS;
}

int m3_reply_to(struct m3_member *member, int self, int dst,
		       uint64_t call, struct m3_message *message)
{
	(void)member;
	(void)self;
	(void)dst;
	(void)call;
	(void)message;
	return -M3_ENOSYS;
}

int m3_relay(struct m3_member *member, int self, int dst,
		    struct m3_message *message)
{
	(void)member;
	(void)self;
	(void)dst;
	(void)message;
	return -M3_ENOSYS;
}

int m3_src_notify(struct m3_member *member, int self, int src, int dst)
{
	(void)member;
	(void)self;
	(void)src;
	(void)dst;
	return -M3_ENOSYS;
}

int m3_ntfy_value(struct m3_member *member, int self, int src, int dst,
			 int value)
{
	(void)member;
	(void)self;
	(void)src;
	(void)dst;
	(void)value;
	return -M3_ENOSYS;
}

int m3_wakeup(struct m3_node *node, int dc, int ep)
{
	(void)node;
	(void)dc;
	(void)ep;
	return -M3_ENOSYS;
}

int m3_hdw_notify(struct m3_node *node, int dc, int dst)
{
	(void)node;
	(void)dc;
	(void)dst;
	return -M3_ENOSYS;
}

int m3_getpriv(struct m3_node *node, int dc, int ep,
		      struct m3_priv *priv)
{
	(void)node;
	(void)dc;
	(void)ep;
	(void)priv;
	return -M3_ENOSYS;
}

int m3_setpriv(struct m3_node *node, int dc, int ep,
		      const struct m3_priv *priv)
{
	(void)node;
	(void)dc;
	(void)ep;
	(void)priv;
	return -M3_ENOSYS;
}
