// SPDX-License-Identifier: MIT
/* Calls and destinations that are denied; a new binding may do everything. */
#include "check.h"

static struct m3_node *node;
static uint32_t tasks, slots;

static struct m3_priv get(int ep)
{
	struct m3_priv priv;

	IS(m3_getpriv(node, dc, ep, &priv), 0);
	return priv;
}

static uint64_t *word(struct m3_priv *priv, int ep)
{
	return &priv->to[(ep + (int)tasks) / 64];
}

static uint64_t bit(int ep)
{
	return 1ull << (ep + (int)tasks) % 64;
}

static void everything(int ep)
{
	struct m3_priv priv = get(ep);
	uint32_t i;

	IS(priv.level, M3_LEVEL_USER);
	IS(priv.warn, M3_NONE);
	IS(priv.calls == M3_CALLS_ALL, 1);
	for (i = 0; i < M3_MAX_ENDPOINTS; i++)
		IS(priv.to[i / 64] >> i % 64 & 1, i < slots);
}

/* Sets what endpoint 1 may call. */
static void deny_call(uint32_t call)
{
	struct m3_priv priv = get(1);

	priv.calls = M3_CALLS_ALL & ~(1ull << call);
	IS(m3_setpriv(node, dc, 1, &priv), 0);
	IS(get(1).calls == priv.calls, 1);
}

/* Each call fails by its own bit, and by no other's. */
static void calls(struct m3_member *m)
{
	struct m3_message message = message_of(1, "");
	struct m3_buffer buffer;

	IS(m3_alloc(m, 1, 8, &buffer), 0);
	deny_call(M3_CALL_SEND);
	IS(m3_send(m, 1, 2, &message, M3_NOWAIT), -M3_EBADCALL);
	IS(m3_sendrec(m, 1, 2, &message, M3_NOWAIT), -M3_EAGAIN);
	deny_call(M3_CALL_SENDREC);
	IS(m3_sendrec(m, 1, 2, &message, M3_NOWAIT), -M3_EBADCALL);
	IS(m3_send(m, 1, 2, &message, M3_NOWAIT), -M3_EAGAIN);
	deny_call(M3_CALL_RECEIVE);
	IS(m3_receive(m, 1, M3_ANY, &message, M3_NOWAIT), -M3_EBADCALL);
	IS(m3_reply_receive(m, 1, 2, &message, M3_NOWAIT), -M3_EBADCALL);
	IS(m3_rcvrqst(m, 1, &message, M3_NOWAIT), -M3_EAGAIN);
	deny_call(M3_CALL_RCVRQST);
	IS(m3_rcvrqst(m, 1, &message, M3_NOWAIT), -M3_EBADCALL);
	IS(m3_receive(m, 1, M3_ANY, &message, M3_NOWAIT), -M3_EAGAIN);
	deny_call(M3_CALL_REPLY);
	IS(m3_reply(m, 1, 2, &message), -M3_EBADCALL);
	IS(m3_reply_to(m, 1, 2, 1, &message), -M3_EBADCALL);
	IS(m3_reply_receive(m, 1, 2, &message, M3_NOWAIT), -M3_EBADCALL);
	IS(m3_relay(m, 1, 2, &message), -M3_EPROCSTS);
	deny_call(M3_CALL_RELAY);
	IS(m3_relay(m, 1, 2, &message), -M3_EBADCALL);
	deny_call(M3_CALL_NOTIFY);
	IS(m3_notify(m, 1, 2), -M3_EBADCALL);
	IS(m3_src_notify(m, 1, 3, 2), -M3_EBADCALL);
	IS(m3_ntfy_value(m, 1, M3_SELF, 2, 1), -M3_EBADCALL);
	deny_call(M3_CALL_VCOPY);
	IS(m3_vcopy(m, 1, 1, buffer.address, 2, 0, 8, 0, NULL), -M3_EBADCALL);
	IS(m3_free(m, 1, &buffer), 0);
	deny_call(M3_CALL_UNBIND);
	IS(m3_unbind(m, 1), -M3_EBADCALL);
	deny_call(M3_CALL_GETEP);
}

static void destinations(struct m3_member *m)
{
	struct m3_message message = message_of(1, "");
	struct m3_priv priv = get(1);
	struct m3_buffer buffer;
	uint64_t granted;

	IS(m3_alloc(m, 1, 8, &buffer), 0);
	priv.calls = M3_CALLS_ALL;
	*word(&priv, 2) &= ~bit(2);
	*word(&priv, 5) &= ~bit(5);
	IS(m3_setpriv(node, dc, 1, &priv), 0);
	IS(m3_send(m, 1, 2, &message, M3_NOWAIT), -M3_ETRAPDENIED);
	IS(m3_sendrec(m, 1, 2, &message, M3_NOWAIT), -M3_ETRAPDENIED);
	IS(m3_notify(m, 1, 2), -M3_ETRAPDENIED);
	IS(m3_reply(m, 1, 2, &message), -M3_ETRAPDENIED);
	IS(m3_relay(m, 1, 2, &message), -M3_ETRAPDENIED);
	IS(m3_vcopy(m, 1, 1, buffer.address, 2, 0, 8, 0, NULL),
	   -M3_ETRAPDENIED);
	IS(m3_grant(m, 1, 2, buffer.address, 8, M3_GRANT_READ, &granted),
	   -M3_ETRAPDENIED);
	IS(m3_grant(m, 1, 3, buffer.address, 8, M3_GRANT_READ, &granted), 0);
	/* Bound or not, a denied one looks the same. */
	IS(m3_send(m, 1, 5, &message, M3_NOWAIT), -M3_ETRAPDENIED);
	IS(m3_send(m, 1, 3, &message, M3_NOWAIT), -M3_EAGAIN);
	IS(m3_send(m, 1, 4, &message, M3_NOWAIT), -M3_EDSTDIED);
	/* What it may receive is not restricted; nor are others. */
	IS(m3_notify(m, 2, 1), 0);
	IS(m3_receive(m, 1, 2, &message, M3_NOWAIT), 0);
	IS(m3_send(m, 3, 2, &message, M3_NOWAIT), -M3_EAGAIN);
}

static void arguments(void)
{
	struct m3_priv priv = get(1);

	IS(m3_getpriv(node, dc, 30000, &priv), -M3_EBADPROC);
	IS(m3_getpriv(node, dc, 5, &priv), -M3_EDSTDIED);
	IS(m3_setpriv(node, dc, 30000, &priv), -M3_EBADPROC);
	IS(m3_setpriv(node, dc, 5, &priv), -M3_EDSTDIED);
	priv.level = M3_LEVEL_PROXY + 1;
	IS(m3_setpriv(node, dc, 1, &priv), -M3_EBADVALUE);
	priv.level = -1;
	IS(m3_setpriv(node, dc, 1, &priv), -M3_EBADVALUE);
	priv.level = M3_LEVEL_SYSTEM;
	priv.warn = 30000;
	IS(m3_setpriv(node, dc, 1, &priv), -M3_EBADPROC);
	priv.warn = 5;
	IS(m3_setpriv(node, dc, 1, &priv), 0);
	IS(get(1).level, M3_LEVEL_SYSTEM);
	IS(get(1).warn, 5);
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	struct m3_dc_info info;
	int ep;

	begin(argc, argv);
	IS(m3_node_open(dir, &node), 0);
	IS(m3_getdcinfo(node, dc, &info), 0);
	tasks = info.params.tasks;
	slots = tasks + info.params.procs;
	member = join();
	for (ep = 1; ep <= 3; ep++)
		IS(m3_bind(member, ep), 0);
	everything(1);
	calls(member);
	destinations(member);
	arguments();
	IS(m3_unbind(member, 1), 0);
	IS(m3_bind(member, 1), 0);
	everything(1);
	everything(2);
	m3_leave(member);
	m3_node_close(node);
	return 0;
}
