// SPDX-License-Identifier: MIT
/* The names of the paper: communication (reference 1.1). */
#include "mnx_self.h"
#include <string.h>

typedef int (*call_fn)(struct m3_member *member, int self, int peer,
		       struct m3_message *message, int timeout);

/* The core tells the time of a notification in ns; a mess_9 has a timespec. */
static void present(message *m)
{
	uint64_t ns;

	if (m->m_type != (NOTIFY_MESSAGE | m->m_source))
		return;
	memcpy(&ns, m->m_u.m_bytes + 16, sizeof(ns));
	m->m9_t1.tv_sec = (time_t)(ns / 1000000000u);
	m->m9_t1.tv_nsec = (long)(ns % 1000000000u);
}

/*
 * A process that has migrated makes the call again that it was in: that call
 * came with it, and is what it gets.
 */
static int call(call_fn fn, int peer, message *m, long to_ms)
{
	struct m3_message core;
	struct mnx_binding b;
	int e = mnx_self(&b), resumed;

	if (!e && !m)
		e = -M3_EFAULT;
	if (e)
		return e;
	memcpy(&core, m, sizeof(core));
	e = fn(b.member, b.ep, peer, &core, mnx_ms(to_ms));
	if (e == -M3_EPROCRUN) {
		resumed = m3_resume(b.member, b.ep, &core, mnx_ms(to_ms));
		e = resumed == -M3_EPROCSTS ? e : resumed;
	}
	if (!e)
		memcpy(m, &core, sizeof(core));
	return e;
}

int mnx_send_T(int dst_ep, message *m, long to_ms)
{
	return call(m3_send, dst_ep, m, to_ms);
}

int mnx_send(int dst_ep, message *m)
{
	return mnx_send_T(dst_ep, m, TIMEOUT_FOREVER);
}

int mnx_receive_T(int src_ep, message *m, long to_ms)
{
	int e = call(m3_receive, src_ep, m, to_ms);

	if (!e)
		present(m);
	return e;
}

int mnx_receive(int src_ep, message *m)
{
	return mnx_receive_T(src_ep, m, TIMEOUT_FOREVER);
}

int mnx_sendrec_T(int ep, message *m, long to_ms)
{
	return call(m3_sendrec, ep, m, to_ms);
}

int mnx_sendrec(int ep, message *m)
{
	return mnx_sendrec_T(ep, m, TIMEOUT_FOREVER);
}

static int rcvrqst(struct m3_member *member, int self, int peer,
		   struct m3_message *core, int timeout)
{
	(void)peer;
	return m3_rcvrqst(member, self, core, timeout);
}

int mnx_rcvrqst_T(message *m, long to_ms)
{
	return call(rcvrqst, ANY, m, to_ms);
}

int mnx_rcvrqst(message *m)
{
	return mnx_rcvrqst_T(m, TIMEOUT_FOREVER);
}

static int reply(struct m3_member *member, int self, int peer,
		 struct m3_message *core, int timeout)
{
	(void)timeout;
	return m3_reply(member, self, peer, core);
}

int mnx_reply_T(int dst_ep, message *m, long to_ms)
{
	return call(reply, dst_ep, m, to_ms);
}

int mnx_reply(int dst_ep, message *m)
{
	return mnx_reply_T(dst_ep, m, TIMEOUT_FOREVER);
}

static int relay(struct m3_member *member, int self, int peer,
		 struct m3_message *core, int timeout)
{
	(void)timeout;
	return m3_relay(member, self, peer, core);
}

int mnx_relay(int dst_ep, message *m)
{
	return call(relay, dst_ep, m, TIMEOUT_FOREVER);
}

int mnx_notify(int dst_ep)
{
	struct mnx_binding b;
	int e = mnx_self(&b);

	return e ? e : m3_notify(b.member, b.ep, dst_ep);
}

int mnx_src_notify(int src_nr, int dst_ep)
{
	struct mnx_binding b;
	int e = mnx_self(&b);

	return e ? e : m3_src_notify(b.member, b.ep, src_nr, dst_ep);
}

int mnx_ntfy_value(int src_nr, int dst_ep, int value)
{
	struct mnx_binding b;
	int e = mnx_self(&b);

	return e ? e : m3_ntfy_value(b.member, b.ep, src_nr, dst_ep, value);
}

int mnx_hdw_notify(int dcid, int dst_ep)
{
	struct m3_node *node;
	int e = mnx_node(&node);

	return e ? e : m3_hdw_notify(node, dcid, dst_ep);
}

int mnx_vcopy_T(int src_ep, void *src_addr, int dst_ep, void *dst_addr,
		int bytes, long to_ms)
{
	struct mnx_binding b;
	int e = mnx_self(&b);

	if (e)
		return e;
	if (bytes < 0)
		return -M3_ERANGE;
	return m3_vcopy(b.member, b.ep, src_ep, (uintptr_t)src_addr, dst_ep,
			(uintptr_t)dst_addr, (uint64_t)bytes, mnx_ms(to_ms),
			NULL);
}

int mnx_vcopy(int src_ep, void *src_addr, int dst_ep, void *dst_addr,
	      int bytes)
{
	return mnx_vcopy_T(src_ep, src_addr, dst_ep, dst_addr, bytes,
			   TIMEOUT_MOLCALL);
}
