// SPDX-License-Identifier: MIT
/* A request that is handed on, between nodes (protocol 23). */
#include "forge.h"
#include <stdio.h>
#include <string.h>

static struct forge_record rec;

static struct m3_dc_counters counters_of(struct rig_node *n)
{
	struct m3_dc_counters c;

	SAME(m3_dc_counters(n->core, RIG_DC, &c), 0);
	return c;
}

/* ------------------------------------------------- relay, by a real peer */

/* Two nodes; the client is at a, and asks endpoint 10 of a or 11 of b. */
struct pair {
	struct rig_node a, b;
	struct m3_member *at_a, *at_b;
	struct m3_call call;
};

static void pair_begin(struct pair *p)
{
	rig_start(&p->a, 0);
	rig_start(&p->b, 1);
	rig_pair(&p->a, &p->b);
	p->at_a = rig_join(&p->a, 1);
	p->at_b = rig_join(&p->b, 11);
	SAME(m3_bind(p->at_a, 10), 0);
	SAME(m3_bind(p->at_b, 12), 0);
	SAME(m3_rmtbind(p->a.core, RIG_DC, "far", 11, 1), 0);
	SAME(m3_rmtbind(p->a.core, RIG_DC, "far", 12, 1), 0);
}

static void pair_end(struct pair *p)
{
	rig_settle(&p->a, &p->b);
	SOUND(&p->a);
	SOUND(&p->b);
	m3_leave(p->at_a);
	m3_leave(p->at_b);
	rig_stop(&p->a);
	rig_stop(&p->b);
}

/* `ep` takes the client's request and answers it. */
static void served_by(struct pair *p, struct m3_member *m, int ep, int type)
{
	struct m3_message message;
	uint64_t call;

	rig_settle(&p->a, &p->b);
	SAME(m3_rcvrqst(m, ep, &message, 0), 0);
	SAME(message.source, 1);
	SAME(message.type, type);
	SAME(m3_request(m, ep, 1, &call), 0);
	message.type = 100 + ep;
	SAME(m3_reply_to(m, ep, 1, call, &message), 0);
	rig_settle(&p->a, &p->b);
	SAME(m3_finish(p->at_a, &p->call), 0);
	SAME(p->call.message.source, ep);
	SAME(p->call.message.type, 100 + ep);
}

/* `ep` takes the client's request and hands it on with another type. */
static void relayed_by(struct pair *p, struct m3_member *m, int ep, int to)
{
	struct m3_message message;
	uint64_t call;

	rig_settle(&p->a, &p->b);
	SAME(m3_receive(m, ep, 1, &message, 0), 0);
	message.type++;
	SAME(m3_relay(m, ep, to, &message), 0);
	/* It owes nothing any more. */
	SAME(m3_reply(m, ep, 1, &message), -M3_EPROCSTS);
	message.source = 1;
	SAME(m3_relay(m, ep, to, &message), -M3_EPROCSTS);
	SAME(m3_request(m, ep, 1, &call), -M3_EPROCSTS);
	SOUND(&p->a);
	SOUND(&p->b);
}

static void relay_between_nodes(void)
{
	struct pair p;

	pair_begin(&p);
	/* From a server beside the client to one at b. */
	rig_start_call(p.at_a, &p.call, M3_OP_SENDREC, 1, 10, 7, M3_PENDING);
	relayed_by(&p, p.at_a, 10, 11);
	served_by(&p, p.at_b, 11, 8);
	/* From b to the other process there: the same call comes twice. */
	rig_start_call(p.at_a, &p.call, M3_OP_SENDREC, 1, 11, 7, M3_PENDING);
	relayed_by(&p, p.at_b, 11, 12);
	served_by(&p, p.at_b, 12, 8);
	/* To the client's node, back to b, and to who had it first. */
	rig_start_call(p.at_a, &p.call, M3_OP_SENDREC, 1, 11, 7, M3_PENDING);
	relayed_by(&p, p.at_b, 11, 10);
	relayed_by(&p, p.at_a, 10, 12);
	relayed_by(&p, p.at_b, 12, 11);
	served_by(&p, p.at_b, 11, 10);
	pair_end(&p);
}

/* A relayed call is cancelled, and its server dies, where it is now. */
static void relayed_call_ends(void)
{
	struct m3_message message;
	struct pair p;

	pair_begin(&p);
	rig_start_call(p.at_a, &p.call, M3_OP_SENDREC, 1, 11, 7, M3_PENDING);
	relayed_by(&p, p.at_b, 11, 12);
	rig_settle(&p.a, &p.b);
	SAME(m3_cancel(p.at_a, &p.call, M3_ETIMEDOUT), -M3_ETIMEDOUT);
	rig_settle(&p.a, &p.b);
	SAME(m3_rcvrqst(p.at_b, 12, &message, 0), -M3_EAGAIN);
	/* Given up while the relay was on its way. */
	rig_start_call(p.at_a, &p.call, M3_OP_SENDREC, 1, 11, 7, M3_PENDING);
	relayed_by(&p, p.at_b, 11, 12);
	SAME(m3_cancel(p.at_a, &p.call, M3_ETIMEDOUT), -M3_ETIMEDOUT);
	rig_settle(&p.a, &p.b);
	SAME(m3_rcvrqst(p.at_b, 12, &message, 0), -M3_EAGAIN);
	SAME((long)counters_of(&p.a).stale_answers, 1);
	/* Queued on the second server, then taken by it, when that dies. */
	rig_start_call(p.at_a, &p.call, M3_OP_SENDREC, 1, 11, 7, M3_PENDING);
	relayed_by(&p, p.at_b, 11, 12);
	rig_settle(&p.a, &p.b);
	SAME(m3_unbind(p.at_b, 12), 0);
	rig_settle(&p.a, &p.b);
	SAME(m3_finish(p.at_a, &p.call), -M3_EDSTDIED);
	SAME(m3_bind(p.at_b, 13), 0);
	SAME(m3_rmtbind(p.a.core, RIG_DC, "far", 13, 1), 0);
	rig_start_call(p.at_a, &p.call, M3_OP_SENDREC, 1, 11, 7, M3_PENDING);
	relayed_by(&p, p.at_b, 11, 13);
	rig_settle(&p.a, &p.b);
	SAME(m3_receive(p.at_b, 13, M3_ANY, &message, 0), 0);
	SAME(m3_unbind(p.at_b, 13), 0);
	rig_settle(&p.a, &p.b);
	SAME(m3_finish(p.at_a, &p.call), -M3_ESRCDIED);
	pair_end(&p);
}

/* ------------------------------------------------ relay, by a forged one */

/* The client's call in a state that a RELAY may end. */
static void ask(struct m3_member *m, struct forge *f, struct m3_call *call,
		long id)
{
	rig_start_call(m, call, M3_OP_SENDREC, 1, 20, 7, M3_PENDING);
	forge_expect(f, &rec, M3_REC_SENDREC, 1, 20, id);
}

static void relay(struct forge *f, long call, uint64_t dst, int type)
{
	forge_fill(f, &rec, M3_REC_RELAY, 20, 1, (uint64_t)call, 64);
	rec.head.transfer = dst;
	rec.body.message = rig_message(type, 0, 0);
	SAME(forge_put(f, M3_LANE_NORMAL, &rec), 1);
	SOUND(f->to);
}

static void relay_to_nobody(void)
{
	/* Not bound, no endpoint, no number of one, the client itself. */
	const uint64_t nobody[] = { 5, 4000, 1ull << 40 | 2, 1 };
	struct m3_member *m;
	struct m3_call call;
	struct rig_node n;
	struct forge f;
	unsigned int i;

	m = forge_core(&n, &f);
	for (i = 0; i < 4; i++) {
		ask(m, &f, &call, i + 1);
		relay(&f, i + 1, nobody[i], 8);
		SAME(m3_finish(m, &call), -M3_EDEADSRCDST);
	}
	rig_close(&n, m);
}

static void relay_to_a_circle(void)
{
	struct m3_call call, other;
	struct m3_member *m;
	struct rig_node n;
	struct forge f;

	m = forge_core(&n, &f);
	SAME(m3_bind(m, 2), 0);
	SAME(m3_bind(m, 3), 0);
	ask(m, &f, &call, 1);
	/* 3 waits for 2, and 2 for the client. */
	rig_start_call(m, &other, M3_OP_SENDREC, 2, 1, 7, M3_PENDING);
	rig_start_call(m, &other, M3_OP_SENDREC, 3, 2, 7, M3_PENDING);
	relay(&f, 1, 3, 8);
	SAME(m3_finish(m, &call), -M3_ELOCKED);
	rig_close(&n, m);
}

static void relay_out_of_place(void)
{
	struct m3_member *m;
	struct m3_call call;
	struct rig_node n;
	struct forge f;

	m = forge_core(&n, &f);
	SAME(m3_bind(m, 2), 0);
	/* Of no call, of a request that has not left, of another call. */
	relay(&f, 1, 2, 8);
	rig_start_call(m, &call, M3_OP_SENDREC, 1, 20, 7, M3_PENDING);
	relay(&f, 1, 2, 8);
	forge_expect(&f, &rec, M3_REC_SENDREC, 1, 20, 1);
	relay(&f, 2, 2, 8);
	/* A reply to a request that has not left is as wrong. */
	SAME(m3_cancel(m, &call, M3_ETIMEDOUT), -M3_ETIMEDOUT);
	rig_start_call(m, &call, M3_OP_SENDREC, 1, 20, 7, M3_PENDING);
	SAME(forge_message(&f, M3_REC_REPLY, 20, 1, 2, 8), 1);
	SAME(m3_finish(m, &call), M3_PENDING);
	forge_expect(&f, &rec, M3_REC_CANCEL, 1, 20, 1);
	forge_expect(&f, &rec, M3_REC_SENDREC, 1, 20, 2);
	SAME((long)counters_of(&n).stale_answers, 4);
	/* Wrong sizes and the wrong lane. */
	forge_fill(&f, &rec, M3_REC_RELAY, 20, 1, 2, 0);
	SAME(forge_put(&f, M3_LANE_NORMAL, &rec), 1);
	forge_fill(&f, &rec, M3_REC_RELAY, 20, 1, 2, 64);
	SAME(forge_put(&f, M3_LANE_BULK, &rec), 1);
	SAME((long)counters_of(&n).bad_length, 1);
	SAME((long)counters_of(&n).bad_kind, 1);
	/* A codec refused it: the call ends with what it said. */
	forge_fill(&f, &rec, M3_REC_REFUSED, 20, 1, 2, 64);
	rec.head.flags = M3_REC_RELAY << M3_RF_KIND;
	rec.head.status = -M3_EPERM;
	SAME(forge_put(&f, M3_LANE_NORMAL, &rec), 1);
	SAME(m3_finish(m, &call), -M3_EPERM);
	/* A send is no request. */
	rig_start_call(m, &call, M3_OP_SEND, 1, 20, 7, M3_PENDING);
	forge_expect(&f, &rec, M3_REC_SEND, 1, 20, 3);
	relay(&f, 3, 2, 8);
	SAME(m3_finish(m, &call), M3_PENDING);
	rig_close(&n, m);
}

/* The second server is on a third node (protocol 23). */
static void relay_to_a_third_node(void)
{
	struct rig_node n, third;
	struct m3_member *m;
	struct m3_call call;
	struct forge f, g;

	m = forge_core(&n, &f);
	third = n;
	forge_begin(&g, &third, 2);
	SAME(m3_rmtbind(n.core, RIG_DC, "third", 21, 2), 0);
	ask(m, &f, &call, 1);
	relay(&f, 1, 21, 8);
	SAME(forge_take(&f, M3_LANE_NORMAL, &rec), 0);
	forge_expect(&g, &rec, M3_REC_SENDREC, 1, 21, 1);
	SAME(rec.body.message.type, 8);
	SAME(rec.body.message.source, 1);
	/* The first server cannot answer any more. */
	SAME(forge_message(&f, M3_REC_REPLY, 20, 1, 1, 9), 1);
	SAME(m3_finish(m, &call), M3_PENDING);
	SAME(forge_message(&g, M3_REC_REPLY, 21, 1, 1, 10), 1);
	SAME(m3_finish(m, &call), 0);
	SAME(call.message.source, 21);
	SAME(call.message.type, 10);
	/* Cancelled there, the third node is told. */
	ask(m, &f, &call, 2);
	relay(&f, 2, 21, 8);
	forge_expect(&g, &rec, M3_REC_SENDREC, 1, 21, 2);
	SAME(m3_cancel(m, &call, M3_ETIMEDOUT), -M3_ETIMEDOUT);
	SAME(forge_take(&f, M3_LANE_NORMAL, &rec), 0);
	forge_expect(&g, &rec, M3_REC_CANCEL, 1, 21, 2);
	/* The third node is lost: may it have been executed? */
	ask(m, &f, &call, 3);
	relay(&f, 3, 21, 8);
	SAME(m3_del_node(n.core, RIG_DC, 2), 0);
	SAME(m3_finish(m, &call), -M3_ENODEDOWN);
	/* And now nobody knows that endpoint. */
	ask(m, &f, &call, 4);
	relay(&f, 4, 21, 8);
	SAME(m3_finish(m, &call), -M3_EDEADSRCDST);
	m3_detach(third.proxy);
	rig_close(&n, m);
}

/* What this core answers a forged client with when its request goes on. */
static void relay_of_a_remote_client(void)
{
	struct m3_message message;
	struct m3_member *m;
	struct rig_node n;
	struct forge f;

	m = forge_core(&n, &f);
	SAME(m3_bind(m, 2), 0);
	SAME(forge_message(&f, M3_REC_SENDREC, 20, 1, 5, 7), 1);
	SAME(m3_receive(m, 1, M3_ANY, &message, 0), 0);
	SAME(m3_relay(m, 1, 20, &message), -M3_EENDPOINT);
	SAME(m3_relay(m, 1, 1, &message), -M3_EENDPOINT);
	SAME(m3_relay(m, 1, 4000, &message), -M3_ERANGE);
	message.type = 8;
	/* -3 is bound nowhere here; the client's core may know it. */
	SAME(m3_relay(m, 1, -3, &message), 0);
	forge_expect(&f, &rec, M3_REC_RELAY, 1, 20, 5);
	SAME((long)rec.head.transfer, -3);
	SAME(rec.body.message.type, 8);
	SOUND(&n);
	/* The same call again, to another process here; not a third time. */
	SAME(forge_message(&f, M3_REC_SENDREC, 20, 2, 5, 8), 1);
	SAME(m3_rcvrqst(m, 2, &message, 0), 0);
	SAME(message.source, 20);
	SAME(forge_message(&f, M3_REC_SENDREC, 20, 2, 5, 8), 1);
	SAME(m3_rcvrqst(m, 2, &message, 0), -M3_EAGAIN);
	SAME(m3_reply(m, 2, 20, &message), 0);
	forge_expect(&f, &rec, M3_REC_REPLY, 2, 20, 5);
	rig_close(&n, m);
}

int main(void)
{
	relay_between_nodes();
	relayed_call_ends();
	relay_to_nobody();
	relay_to_a_circle();
	relay_out_of_place();
	relay_to_a_third_node();
	relay_of_a_remote_client();
	return 0;
}
