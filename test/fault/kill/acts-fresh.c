// SPDX-License-Identifier: MIT
/* Lives of two cores: what needs a link that loses, refuses and repeats. */
#include "fresh.h"
#include <string.h>

/* The first of everything, and the end of the DC. */
static void do_life(struct scene *s)
{
	struct m3_message q;

	(void)s;
	fresh_populate();
	fresh_start(fresh.ma, 0, M3_OP_SENDREC, 1, 11);
	fresh_start(fresh.ma, 1, M3_OP_SEND, 2, 12);
	m3_notify(fresh.ma, 3, 13);
	fresh_settle();
	m3_receive(fresh.mb, 11, M3_ANY, &q, 0);
	m3_receive(fresh.mb, 12, M3_ANY, &q, 0);
	m3_receive(fresh.mb, 13, M3_ANY, &q, 0);
	fresh_start_copy(2, 0, 0);
	fresh_settle();
	fresh_end(fresh.mb, 2);
	fresh_start_copy(2, 0, 1);
	fresh_settle();
	fresh_end(fresh.mb, 2);
	m3_reply(fresh.mb, 11, 1, &q);
	fresh_settle();
	fresh_end(fresh.ma, 0);
	fresh_end(fresh.ma, 1);
	fresh_start(fresh.ma, 0, M3_OP_RECEIVE, 1, M3_ANY);
	m3_dc_end(fresh.a.core, RIG_DC);
	m3_leave(fresh.mb);
}

/* Calls that end before their time, on a link that loses what it carries. */
static void do_cancel(struct scene *s)
{
	int i;

	(void)s;
	for (i = 0; i < 4; i++) {
		fresh_start(fresh.ma, 0, i & 1 ? M3_OP_SEND : M3_OP_SENDREC,
			    1, 11);
		fresh_start(fresh.ma, 1, M3_OP_SENDREC, 2, 11);
		if (i < 2)
			fresh_lose(&fresh.a);
		else
			fresh_settle();
		fresh_end(fresh.ma, 0);
		/* A second one before the first CANCEL is away. */
		fresh_start(fresh.ma, 0, M3_OP_SENDREC, 1, 12);
		fresh_end(fresh.ma, 0);
		fresh_cut();
		rig_open(&fresh.a, &fresh.b);
		fresh_settle();
		fresh_end(fresh.ma, 1);
		fresh_settle();
	}
	fresh_start(fresh.ma, 0, M3_OP_SENDREC, 1, 11);
	fresh_settle();
	m3_unbind(fresh.ma, 1);
	m3_bind(fresh.ma, 1);
	fresh_start(fresh.ma, 0, M3_OP_SENDREC, 1, 11);
	fresh_settle();
	m3_unbind(fresh.mb, 11);
	fresh_settle();
	m3_bind(fresh.mb, 11);
	fresh_start(fresh.ma, 1, M3_OP_SEND, 2, 11);
	fresh_settle();
	fresh_end(fresh.ma, 1);
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
		fresh_start(fresh.ma, 0, M3_OP_SENDREC, 1, 11);
		fresh_settle();
		m3_receive(fresh.mb, 11, M3_ANY, &q, 0);
		m3_reply(fresh.mb, 11, 1, &q);
		m3_cancel(fresh.ma, &fresh.calls[0], M3_ECANCELED);
		fresh_start(fresh.ma, 0, M3_OP_SENDREC, 1, 11);
		/* Only this way: the answer to the older call is still here. */
		fresh_step(&fresh.a, &fresh.b);
		m3_receive(fresh.mb, 11, M3_ANY, &q, 0);
		m3_reply(fresh.mb, 11, 1, &q);
		fresh_settle();
		fresh_end(fresh.ma, 0);
	}
	/* The acknowledgement is lost with the link. */
	fresh_start(fresh.ma, 0, M3_OP_SEND, 1, 11);
	fresh_step(&fresh.a, &fresh.b);
	fresh_cut();
	rig_open(&fresh.a, &fresh.b);
	fresh_settle();
	fresh_end(fresh.ma, 0);
	/* The peer has accepted more than it said when the link was opened. */
	fresh_start(fresh.ma, 0, M3_OP_SEND, 1, 11);
	bytes = rig_take(&fresh.a, M3_LANE_NORMAL, frame, sizeof(frame));
	m3_proxy_open(fresh.b.proxy, RIG_DC, &open);
	m3_proxy_put(fresh.b.proxy, frame, bytes);
	m3_proxy_opened(fresh.a.proxy, &open);
	bytes = (unsigned int)m3_proxy_acknowledge(fresh.b.proxy, RIG_DC, frame,
						   sizeof(frame));
	if (bytes)
		m3_proxy_put(fresh.a.proxy, frame, bytes);
	fresh_end(fresh.ma, 0);
}

static void ask_all(void)
{
	struct m3_message q;
	int i;

	for (i = 0; i < 3; i++)
		fresh_start(fresh.ma, i, M3_OP_SENDREC, 1 + i, 11 + i);
	fresh_settle();
	for (i = 0; i < 3; i++)
		m3_receive(fresh.mb, 11 + i, M3_ANY, &q, 0);
}

/* Copies side by side, given up, refused, and sent again. */
static void do_copies(struct scene *s)
{
	int i, push;

	(void)s;
	for (push = 0; push < 2; push++) {
		ask_all();
		for (i = 0; i < 3; i++)
			fresh_start_copy(3 + i, i, push);
		m3_cancel(fresh.mb, &fresh.calls[4], M3_ECANCELED);
		fresh_settle();
		for (i = 0; i < 3; i++)
			fresh_end(fresh.mb, 3 + i);
		for (i = 0; i < 3; i++)
			fresh_start_copy(3 + i, i, push);
		fresh_lose(&fresh.b);
		fresh_lose(&fresh.a);
		m3_cancel(fresh.mb, &fresh.calls[3], M3_ECANCELED);
		m3_cancel(fresh.ma, &fresh.calls[1], M3_ECANCELED);
		m3_unbind(fresh.ma, 3);
		fresh_cut();
		rig_open(&fresh.a, &fresh.b);
		fresh_settle();
		for (i = 0; i < 3; i++)
			fresh_end(fresh.mb, 3 + i);
		m3_bind(fresh.ma, 3);
		m3_alloc(fresh.ma, 3, COPY_BYTES, &fresh.near_memory[2]);
		for (i = 0; i < 3; i++)
			fresh_end(fresh.ma, i);
		fresh_settle();
	}
	/* One whose far party is gone is refused; its owner is born again. */
	ask_all();
	fresh_start_copy(3, 0, 1);
	fresh_start_copy(4, 1, 1);
	fresh_start_copy(5, 2, 1);
	for (i = 1; i <= 3; i++)
		m3_unbind(fresh.ma, i);
	fresh_settle();
	m3_unbind(fresh.mb, 13);
	fresh_settle();
	m3_unbind(fresh.mb, 11);
	m3_bind(fresh.mb, 11);
	m3_bind(fresh.ma, 3);
	m3_notify(fresh.mb, 11, 3);
	m3_unbind_any(fresh.a.core, RIG_DC, 12);
	m3_bind(fresh.ma, 12);
	fresh_settle();
}

/* Who is waited for ends; what is still to be told is lost with the peer. */
static void do_deaths(struct scene *s)
{
	(void)s;
	fresh_start(fresh.ma, 0, M3_OP_WAITUNBIND, 1, 11);
	fresh_start(fresh.ma, 1, M3_OP_RECEIVE, 2, 12);
	m3_unbind(fresh.mb, 11);
	m3_unbind(fresh.mb, 12);
	/* Not told: it is bound again. */
	m3_unbind(fresh.ma, 3);
	m3_bind(fresh.ma, 3);
	fresh_settle();
	m3_unbind(fresh.mb, 13);
	m3_del_node(fresh.b.core, RIG_DC, 0);
}

/* A process that has copied is copied from, and its peer is lost. */
static void do_roles(struct scene *s)
{
	struct m3_call *c = &fresh.calls[4];
	struct m3_message q;
	int i;

	(void)s;
	for (i = 0; i < 2; i++) {
		fresh_start(fresh.mb, 0, M3_OP_SENDREC, 11, 1);
		fresh_settle();
		m3_receive(fresh.ma, 1, M3_ANY, &q, 0);
		memset(c, 0, sizeof(*c));
		c->op = M3_OP_VCOPY;
		c->self = c->peer = 1;
		c->dst = 11;
		c->src_address = fresh.near_memory[0].address;
		c->dst_address = fresh.far_memory[0].address;
		c->bytes = i ? 300 : COPY_BYTES;
		m3_start(fresh.ma, c);
		fresh_settle();
		fresh_end(fresh.ma, 4);
		m3_reply(fresh.ma, 1, 11, &q);
		fresh_settle();
		fresh_end(fresh.mb, 0);
		ask_all();
		fresh_start_copy(5, 0, 0);
		fresh_start_copy(6, 1, 0);
		/* Its request has come, its data have not left. */
		fresh_step(&fresh.b, &fresh.a);
		if (i)
			break;
		fresh_settle();
		fresh_end(fresh.mb, 5);
		fresh_end(fresh.mb, 6);
		fresh_end(fresh.ma, 0);
		fresh_end(fresh.ma, 1);
		fresh_end(fresh.ma, 2);
		fresh_settle();
	}
	m3_del_node(fresh.a.core, RIG_DC, 1);
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
	fresh_start(fresh.ma, 0, M3_OP_SENDREC, 1, 11);
	fresh_start(fresh.ma, 1, M3_OP_SEND, 2, 12);
	m3_notify(fresh.ma, 3, 13);
	refuse(&fresh.a, &fresh.b);
	fresh_settle();
	fresh_end(fresh.ma, 0);
	fresh_end(fresh.ma, 1);
	for (i = 0; i < 2; i++) {
		fresh_start(fresh.ma, 0, M3_OP_SENDREC, 1, 11);
		fresh_settle();
		m3_receive(fresh.mb, 11, M3_ANY, &q, 0);
		fresh_start_copy(3, 0, i);
		refuse(&fresh.b, &fresh.a);
		fresh_settle();
		fresh_end(fresh.mb, 3);
		fresh_start_copy(3, 0, i);
		fresh_settle();
		fresh_end(fresh.mb, 3);
		m3_reply(fresh.mb, 11, 1, &q);
		refuse(&fresh.b, &fresh.a);
		fresh_settle();
		fresh_end(fresh.ma, 0);
	}
}

/* Endpoint 1 has two cancellations that cannot leave, and calls again. */
static void both_blocks(struct m3_proxy *third)
{
	static char frame[M3_FRAME_BYTES];
	struct m3_dc_open open;
	uint32_t count;
	int lane, i;

	m3_proxy_open(third, RIG_DC, &open);
	open.peer_incarnation = open.incarnation;
	open.incarnation = 77ull << 32;
	for (lane = 0; lane < M3_LANES; lane++)
		open.expected[lane] = 1;
	m3_proxy_opened(third, &open);
	for (i = 0; i < 3; i++) {
		fresh_start(fresh.ma, 0, M3_OP_SENDREC, 1, 22);
		m3_proxy_take(third, RIG_DC, M3_LANE_NORMAL, frame,
			      sizeof(frame), &count);
		fresh_end(fresh.ma, 0);
		fresh_start(fresh.ma, 0, M3_OP_SENDREC, 1, 11);
		fresh_lose(&fresh.a);
		/* Something before the cancellation, and behind it. */
		if (i == 2)
			m3_notify(fresh.ma, 2, 12);
		fresh_end(fresh.ma, 0);
		if (i == 2)
			m3_notify(fresh.ma, 3, 12);
		fresh_start(fresh.ma, 0, i ? M3_OP_SEND : M3_OP_SENDREC, 1,
			    12);
		/* Either of the two may leave first. */
		if (i == 1)
			fresh_lose(&fresh.a);
		m3_proxy_take(third, RIG_DC, M3_LANE_NORMAL, frame,
			      sizeof(frame), &count);
		fresh_cut();
		rig_open(&fresh.a, &fresh.b);
		fresh_settle();
		fresh_end(fresh.ma, 0);
		fresh_settle();
	}
}

/* A third node, served and never connected, and a fourth, not served. */
static void do_third(struct scene *s)
{
	struct m3_proxy *third = NULL;
	int i;

	(void)s;
	for (i = 2; i < 4; i++) {
		m3_node_up(fresh.a.core, i, "third");
		m3_add_node(fresh.a.core, RIG_DC, i);
		m3_rmtbind(fresh.a.core, RIG_DC, "third", 20 + i, i);
	}
	m3_attach(fresh.a.core, 2, &third);
	/* ENOPROXY: taken back. */
	fresh_start(fresh.ma, 0, M3_OP_SENDREC, 1, 23);
	m3_notify(fresh.ma, 2, 23);
	for (i = 0; i < 2; i++) {
		fresh_start(fresh.ma, 0, M3_OP_SENDREC, 1, 22);
		fresh_start(fresh.ma, 1, M3_OP_SEND, 2, 22);
		m3_notify(fresh.ma, 2, 22);
		m3_notify(fresh.ma, 3, 22);
		fresh_end(fresh.ma, 0);
		fresh_start(fresh.ma, 0, M3_OP_SENDREC, 1, 11);
		fresh_start(fresh.ma, 2, M3_OP_SENDREC, 3, 12);
		fresh_settle();
		if (i)
			m3_del_node(fresh.a.core, RIG_DC, 2);
		fresh_end(fresh.ma, 0);
		fresh_end(fresh.ma, 1);
		fresh_end(fresh.ma, 2);
		fresh_settle();
	}
	m3_add_node(fresh.a.core, RIG_DC, 2);
	m3_rmtbind(fresh.a.core, RIG_DC, "third", 22, 2);
	if (!third)
		return;
	both_blocks(third);
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
		fresh_start(fresh.mb, 0, M3_OP_SEND, 11, 1);
		fresh_start(fresh.mb, 1, M3_OP_SENDREC, 12, 2);
		fresh_start(fresh.mb, 2, M3_OP_SENDREC, 13, 2);
		fresh_settle();
		m3_receive(fresh.ma, 2, 12, &q, 0);
		for (ep = 11; ep < 14; ep++) {
			m3_unbind_any(fresh.a.core, RIG_DC, ep);
			m3_bind(fresh.ma, ep);
		}
		for (ep = 11; ep < 14; ep++) {
			m3_unbind(fresh.ma, ep);
			m3_rmtbind(fresh.a.core, RIG_DC, "far", ep, 1);
		}
		fresh_settle();
		for (ep = 0; ep < 3; ep++)
			fresh_end(fresh.mb, ep);
		fresh_settle();
	}
}

const struct act fresh_acts[] = {
	{ "a life of two cores", fresh_cores, fresh_reopen, do_life,
	  fresh_end_cores, 0 },
	FRESH_ACT("calls given up", do_cancel),
	FRESH_ACT("answers that overtake", do_answers),
	FRESH_ACT("deaths", do_deaths),
	FRESH_ACT("copies side by side", do_copies),
	FRESH_ACT("copies both ways", do_roles),
	FRESH_ACT("refused by a codec", do_refused),
	FRESH_ACT("a third node", do_third),
	FRESH_ACT("remote, then local", do_rebind),
};

const unsigned int fresh_act_count = sizeof(fresh_acts) / sizeof(*fresh_acts);
