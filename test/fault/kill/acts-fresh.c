// SPDX-License-Identifier: MIT
/*
 * What a victim does on two cores of its own, made for this kill: the first of
 * everything, and what needs a link that loses, refuses and repeats. It is all
 * processes and the runtime of both at once; no result matters but that both
 * regions are whole when it dies.
 */
#include "scene.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CALLS 8

static struct rig_node a, b;
static struct m3_member *ma, *mb;
static struct m3_call calls[CALLS];
static struct m3_buffer near_memory[3], far_memory[3];

/* ----------------------------------------------------- in the driver */

static void cores(struct scene *s)
{
	(void)s;
	rig_start(&a, 0);
	rig_start(&b, 1);
}

static void end_core(struct rig_node *n)
{
	int e = m3_check(n->core, RIG_DC);

	MUST(e == 0 || e == -M3_EDCNOTRUN);
	m3_sweep(n->core);
	e = m3_check(n->core, RIG_DC);
	MUST(e == 0 || e == -M3_EDCNOTRUN);
	rig_stop(n);
}

static void end_cores(struct scene *s)
{
	end_core(&a);
	end_core(&b);
	driver_take_back(s);
}

/* ------------------------------------------------------ in the victim */

static void reopen(struct scene *s)
{
	(void)s;
	SAME(m3_node_open(a.dir, &a.core), 0);
	SAME(m3_node_open(b.dir, &b.core), 0);
}

/* 1..3 at node 0, 11..13 at node 1, known to each other, with memory. */
static void populate(void)
{
	int i;

	rig_pair(&a, &b);
	ma = rig_join(&a, M3_NONE);
	mb = rig_join(&b, M3_NONE);
	for (i = 0; i < 3; i++) {
		SAME(m3_bind(ma, 1 + i), 0);
		SAME(m3_bind(mb, 11 + i), 0);
		SAME(m3_rmtbind(a.core, RIG_DC, "far", 11 + i, 1), 0);
		SAME(m3_rmtbind(b.core, RIG_DC, "near", 1 + i, 0), 0);
		SAME(m3_alloc(ma, 1 + i, COPY_BYTES, &near_memory[i]), 0);
		SAME(m3_alloc(mb, 11 + i, COPY_BYTES, &far_memory[i]), 0);
	}
}

static void populated(struct scene *s)
{
	reopen(s);
	populate();
}

static void settle(void)
{
	rig_settle(&a, &b);
}

static int start(struct m3_member *m, int n, int op, int self, int peer)
{
	memset(&calls[n], 0, sizeof(calls[n]));
	calls[n].op = (uint32_t)op;
	calls[n].self = self;
	calls[n].peer = peer;
	calls[n].message = rig_message(ASK_PLAIN, 0, 0);
	return m3_start(m, &calls[n]);
}

/* Between endpoint 11 + i of node 1 and 1 + i of node 0. */
static int start_copy(int n, int i, int push)
{
	struct m3_call *c = &calls[n];

	memset(c, 0, sizeof(*c));
	c->op = M3_OP_VCOPY;
	c->self = 11 + i;
	c->peer = push ? 11 + i : 1 + i;
	c->dst = push ? 1 + i : 11 + i;
	c->src_address = push ? far_memory[i].address : near_memory[i].address;
	c->dst_address = push ? near_memory[i].address : far_memory[i].address;
	c->bytes = COPY_BYTES;
	return m3_start(mb, c);
}

static void end(struct m3_member *m, int n)
{
	if (m3_finish(m, &calls[n]) == M3_PENDING)
		m3_cancel(m, &calls[n], M3_ECANCELED);
}

static void cut(void)
{
	m3_proxy_disconnected(a.proxy);
	m3_proxy_disconnected(b.proxy);
}

/* All that `from` sends is lost. */
static void lose(struct rig_node *from)
{
	static char frame[M3_FRAME_BYTES];
	int lane;

	for (lane = M3_LANE_URGENT; lane < M3_LANES; lane++)
		while (rig_take(from, lane, frame, sizeof(frame)))
			;
}

/* Messages cross, one way, and nothing comes back. */
static void step(struct rig_node *from, struct rig_node *to)
{
	static char frame[M3_FRAME_BYTES];
	unsigned int bytes;

	while ((bytes = rig_take(from, M3_LANE_NORMAL, frame, sizeof(frame))))
		m3_proxy_put(to->proxy, frame, bytes);
}

/* The first of everything, and the end of the DC. */
static void do_life(struct scene *s)
{
	struct m3_message q;

	(void)s;
	populate();
	start(ma, 0, M3_OP_SENDREC, 1, 11);
	start(ma, 1, M3_OP_SEND, 2, 12);
	m3_notify(ma, 3, 13);
	settle();
	m3_receive(mb, 11, M3_ANY, &q, 0);
	m3_receive(mb, 12, M3_ANY, &q, 0);
	m3_receive(mb, 13, M3_ANY, &q, 0);
	start_copy(2, 0, 0);
	settle();
	end(mb, 2);
	start_copy(2, 0, 1);
	settle();
	end(mb, 2);
	m3_reply(mb, 11, 1, &q);
	settle();
	end(ma, 0);
	end(ma, 1);
	m3_dc_end(a.core, RIG_DC);
	m3_leave(mb);
}

/* Calls that end before their time, on a link that loses what it carries. */
static void do_cancel(struct scene *s)
{
	int i;

	(void)s;
	for (i = 0; i < 4; i++) {
		start(ma, 0, i & 1 ? M3_OP_SEND : M3_OP_SENDREC, 1, 11);
		start(ma, 1, M3_OP_SENDREC, 2, 11);
		if (i < 2)
			lose(&a);
		else
			settle();
		end(ma, 0);
		/* A second one before the first CANCEL is away. */
		start(ma, 0, M3_OP_SENDREC, 1, 12);
		end(ma, 0);
		cut();
		rig_open(&a, &b);
		settle();
		end(ma, 1);
		settle();
	}
	start(ma, 0, M3_OP_SENDREC, 1, 11);
	settle();
	m3_unbind(ma, 1);
	m3_bind(ma, 1);
	start(ma, 0, M3_OP_SENDREC, 1, 11);
	settle();
	m3_unbind(mb, 11);
	settle();
	m3_bind(mb, 11);
	start(ma, 1, M3_OP_SEND, 2, 11);
	settle();
	end(ma, 1);
}

/* The far node's client asks; an answer is lost and one comes after it. */
static void do_answers(struct scene *s)
{
	static char frame[M3_FRAME_BYTES];
	struct m3_dc_open open;
	struct m3_message q;
	unsigned int bytes;
	int i;

	(void)s;
	for (i = 0; i < 2; i++) {
		start(ma, 0, M3_OP_SENDREC, 1, 11);
		settle();
		m3_receive(mb, 11, M3_ANY, &q, 0);
		m3_reply(mb, 11, 1, &q);
		m3_cancel(ma, &calls[0], M3_ECANCELED);
		start(ma, 0, M3_OP_SENDREC, 1, 11);
		/* Only this way: the answer to the older call is still here. */
		step(&a, &b);
		m3_receive(mb, 11, M3_ANY, &q, 0);
		m3_reply(mb, 11, 1, &q);
		settle();
		end(ma, 0);
	}
	/* The acknowledgement is lost with the link. */
	start(ma, 0, M3_OP_SEND, 1, 11);
	step(&a, &b);
	cut();
	rig_open(&a, &b);
	settle();
	end(ma, 0);
	/* The peer has accepted more than it said when the link was opened. */
	start(ma, 0, M3_OP_SEND, 1, 11);
	bytes = rig_take(&a, M3_LANE_NORMAL, frame, sizeof(frame));
	m3_proxy_open(b.proxy, RIG_DC, &open);
	m3_proxy_put(b.proxy, frame, bytes);
	m3_proxy_opened(a.proxy, &open);
	bytes = (unsigned int)m3_proxy_acknowledge(b.proxy, RIG_DC, frame,
						   sizeof(frame));
	if (bytes)
		m3_proxy_put(a.proxy, frame, bytes);
	end(ma, 0);
}

static void ask_all(void)
{
	struct m3_message q;
	int i;

	for (i = 0; i < 3; i++)
		start(ma, i, M3_OP_SENDREC, 1 + i, 11 + i);
	settle();
	for (i = 0; i < 3; i++)
		m3_receive(mb, 11 + i, M3_ANY, &q, 0);
}

/* Copies side by side, given up, refused, and sent again. */
static void do_copies(struct scene *s)
{
	int i, push;

	(void)s;
	for (push = 0; push < 2; push++) {
		ask_all();
		for (i = 0; i < 3; i++)
			start_copy(3 + i, i, push);
		m3_cancel(mb, &calls[4], M3_ECANCELED);
		settle();
		for (i = 0; i < 3; i++)
			end(mb, 3 + i);
		for (i = 0; i < 3; i++)
			start_copy(3 + i, i, push);
		lose(&b);
		lose(&a);
		m3_cancel(mb, &calls[3], M3_ECANCELED);
		m3_cancel(ma, &calls[1], M3_ECANCELED);
		m3_unbind(ma, 3);
		cut();
		rig_open(&a, &b);
		settle();
		for (i = 0; i < 3; i++)
			end(mb, 3 + i);
		m3_bind(ma, 3);
		m3_alloc(ma, 3, COPY_BYTES, &near_memory[2]);
		for (i = 0; i < 3; i++)
			end(ma, i);
		settle();
	}
	/* One whose far party is gone is refused; its owner is born again. */
	ask_all();
	start_copy(3, 0, 1);
	start_copy(4, 1, 1);
	m3_unbind(ma, 1);
	m3_unbind(ma, 2);
	settle();
	m3_unbind(mb, 11);
	m3_bind(mb, 11);
	m3_notify(mb, 11, 3);
	m3_unbind_any(a.core, RIG_DC, 12);
	m3_bind(ma, 12);
	settle();
}

/* A process that has copied is copied from, and its peer is lost. */
static void do_roles(struct scene *s)
{
	struct m3_call *c = &calls[4];
	struct m3_message q;
	int i;

	(void)s;
	for (i = 0; i < 2; i++) {
		start(mb, 0, M3_OP_SENDREC, 11, 1);
		settle();
		m3_receive(ma, 1, M3_ANY, &q, 0);
		memset(c, 0, sizeof(*c));
		c->op = M3_OP_VCOPY;
		c->self = c->peer = 1;
		c->dst = 11;
		c->src_address = near_memory[0].address;
		c->dst_address = far_memory[0].address;
		c->bytes = i ? 300 : COPY_BYTES;
		m3_start(ma, c);
		settle();
		end(ma, 4);
		m3_reply(ma, 1, 11, &q);
		settle();
		end(mb, 0);
		ask_all();
		start_copy(5, 0, 0);
		start_copy(6, 1, 0);
		/* Its request has come, its data have not left. */
		step(&b, &a);
		if (i)
			break;
		settle();
		end(mb, 5);
		end(mb, 6);
		end(ma, 0);
		end(ma, 1);
		end(ma, 2);
		settle();
	}
	m3_del_node(a.core, RIG_DC, 1);
}

/* A codec of the peer refuses whatever `from` sends. */
static void refuse(struct rig_node *from, struct rig_node *to)
{
	static char frame[M3_FRAME_BYTES];
	struct m3_record rec;
	unsigned int bytes, at;
	int lane;

	for (lane = M3_LANE_URGENT; lane < M3_LANES; lane++)
		while ((bytes = rig_take(from, lane, frame, sizeof(frame)))) {
			for (at = 128; at < bytes; at += rec.length) {
				memcpy(&rec, frame + at, sizeof(rec));
				rec.flags |= (uint16_t)(rec.kind << M3_RF_KIND);
				rec.kind = M3_REC_REFUSED;
				rec.status = -M3_ETRAPDENIED;
				memcpy(frame + at, &rec, sizeof(rec));
			}
			m3_proxy_put(to->proxy, frame, bytes);
		}
}

static void do_refused(struct scene *s)
{
	struct m3_message q;
	int i;

	(void)s;
	start(ma, 0, M3_OP_SENDREC, 1, 11);
	start(ma, 1, M3_OP_SEND, 2, 12);
	m3_notify(ma, 3, 13);
	refuse(&a, &b);
	settle();
	end(ma, 0);
	end(ma, 1);
	for (i = 0; i < 2; i++) {
		start(ma, 0, M3_OP_SENDREC, 1, 11);
		settle();
		m3_receive(mb, 11, M3_ANY, &q, 0);
		start_copy(3, 0, i);
		refuse(&b, &a);
		settle();
		end(mb, 3);
		start_copy(3, 0, i);
		settle();
		end(mb, 3);
		m3_reply(mb, 11, 1, &q);
		refuse(&b, &a);
		settle();
		end(ma, 0);
	}
}

/* A third node, served and never connected, and a fourth, not served. */
static void do_third(struct scene *s)
{
	struct m3_proxy *third = NULL;
	int i;

	(void)s;
	for (i = 2; i < 4; i++) {
		m3_node_up(a.core, i, "third");
		m3_add_node(a.core, RIG_DC, i);
		m3_rmtbind(a.core, RIG_DC, "third", 20 + i, i);
	}
	m3_attach(a.core, 2, &third);
	start(ma, 0, M3_OP_SENDREC, 1, 23); /* ENOPROXY: taken back */
	m3_notify(ma, 2, 23);
	for (i = 0; i < 2; i++) {
		start(ma, 0, M3_OP_SENDREC, 1, 22);
		start(ma, 1, M3_OP_SEND, 2, 22);
		m3_notify(ma, 2, 22);
		m3_notify(ma, 3, 22);
		end(ma, 0);
		start(ma, 0, M3_OP_SENDREC, 1, 11);
		start(ma, 2, M3_OP_SENDREC, 3, 12);
		settle();
		if (i)
			m3_del_node(a.core, RIG_DC, 2);
		end(ma, 0);
		end(ma, 1);
		end(ma, 2);
		settle();
	}
	if (third)
		m3_detach(third);
}

/* Endpoints that were remote become local, and back, in every state. */
static void do_rebind(struct scene *s)
{
	struct m3_message q;
	int i, ep;

	(void)s;
	for (i = 0; i < 2; i++) {
		/* A queued send, a debt, and a refused copy. */
		start(mb, 0, M3_OP_SEND, 11, 1);
		start(mb, 1, M3_OP_SENDREC, 12, 2);
		start(mb, 2, M3_OP_SENDREC, 13, 2);
		settle();
		m3_receive(ma, 2, 12, &q, 0);
		for (ep = 11; ep < 14; ep++) {
			m3_unbind_any(a.core, RIG_DC, ep);
			m3_bind(ma, ep);
		}
		for (ep = 11; ep < 14; ep++) {
			m3_unbind(ma, ep);
			m3_rmtbind(a.core, RIG_DC, "far", ep, 1);
		}
		settle();
		for (ep = 0; ep < 3; ep++)
			end(mb, ep);
		settle();
	}
}

const struct act fresh_acts[] = {
	{ "a life of two cores", ACT_FRESH, cores, reopen, do_life,
	  end_cores },
	{ "calls given up", ACT_FRESH, cores, populated, do_cancel,
	  end_cores },
	{ "answers that overtake", ACT_FRESH, cores, populated, do_answers,
	  end_cores },
	{ "copies side by side", ACT_FRESH, cores, populated, do_copies,
	  end_cores },
	{ "copies both ways", ACT_FRESH, cores, populated, do_roles,
	  end_cores },
	{ "refused by a codec", ACT_FRESH, cores, populated, do_refused,
	  end_cores },
	{ "a third node", ACT_FRESH, cores, populated, do_third, end_cores },
	{ "remote, then local", ACT_FRESH, cores, populated, do_rebind,
	  end_cores },
};

const unsigned int fresh_act_count = sizeof(fresh_acts) / sizeof(*fresh_acts);
