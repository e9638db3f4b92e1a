// SPDX-License-Identifier: MIT
/* What a victim does across nodes, as an application or as the runtime. */
#include "scene.h"
#include <string.h>

static struct m3_buffer own;
static struct m3_message request;

static void owning(struct scene *s)
{
	(void)s;
	SAME(m3_alloc(victim, EP_VICTIM, COPY_BYTES, &own), 0);
}

static void do_far_calls(struct scene *s)
{
	struct m3_message q;
	int i;

	(void)s;
	for (i = 0; i < 2; i++) {
		q = rig_message(i ? ASK_COPY : ASK_PLAIN, own.address, 0);
		m3_sendrec(victim, EP_VICTIM, EP_FAR_SERVER, &q, 1000);
	}
	m3_send(victim, EP_VICTIM, EP_FAR_SERVER, &q, 1000);
	m3_notify(victim, EP_VICTIM, EP_FAR_SERVER);
	m3_notify(victim, EP_VICTIM, EP_FAR_SERVER);
	/* Nobody is bound there. */
	m3_sendrec(victim, EP_VICTIM, EP_FAR_SENDER + 1, &q, 1000);
}

static void do_far_cancel(struct scene *s)
{
	struct m3_call c;
	int i;

	(void)s;
	for (i = 0; i < 6; i++) {
		memset(&c, 0, sizeof(c));
		c.op = i & 1 ? M3_OP_SEND : M3_OP_SENDREC;
		c.self = EP_VICTIM;
		c.peer = EP_FAR_CLIENT;
		c.message = rig_message(ASK_PLAIN, 0, 0);
		if (m3_start(victim, &c) != M3_PENDING)
			continue;
		/* Some of them have been numbered by then. */
		if (i > 1)
			rig_sleep(300);
		m3_cancel(victim, &c, M3_ECANCELED);
	}
}

static void asked_from_far(struct scene *s)
{
	owning(s);
	SAME(m3_receive(victim, EP_VICTIM, EP_FAR_CLIENT, &request, 5000), 0);
}

static void do_far_copy(struct scene *s)
{
	uint64_t at = rig_word(&request, 0);

	(void)s;
	m3_vcopy(victim, EP_VICTIM, EP_FAR_CLIENT, at, EP_VICTIM, own.address,
		 COPY_BYTES, 1000, NULL);
	m3_vcopy(victim, EP_VICTIM, EP_VICTIM, own.address, EP_FAR_CLIENT, at,
		 COPY_BYTES, 1000, NULL);
	m3_reply(victim, EP_VICTIM, EP_FAR_CLIENT, &request);
}

/* A send is the answer, and is given up: the debt comes back. */
static void do_far_answer(struct scene *s)
{
	struct m3_call c = {
		.op = M3_OP_SEND, .self = EP_VICTIM, .peer = EP_FAR_CLIENT,
	};

	(void)s;
	c.message = request;
	if (m3_start(victim, &c) == M3_PENDING)
		m3_cancel(victim, &c, M3_ECANCELED);
	m3_send(victim, EP_VICTIM, EP_FAR_CLIENT, &request, 1000);
}

static void do_unbind(struct scene *s)
{
	(void)s;
	m3_unbind(victim, EP_VICTIM);
}

/* ----------------------------------------------------- the runtime */

/* Records of every kind, which the victim will move. */
static void traffic(struct scene *s)
{
	driver_call(s->here, &s->client, M3_OP_SENDREC, EP_CLIENT,
		    EP_FAR_SERVER, ASK_COPY, &s->client_buffer);
	driver_call(s->there, &s->far_client, M3_OP_SENDREC, EP_FAR_CLIENT,
		    EP_SERVER, ASK_COPY, &s->far_buffer);
	driver_call(s->here, &s->sender, M3_OP_SEND, EP_SENDER, EP_FAR_SERVER,
		    ASK_PLAIN, NULL);
	driver_call(s->there, &s->far_sender, M3_OP_SEND, EP_FAR_SENDER,
		    EP_SERVER, ASK_PLAIN, NULL);
	m3_notify(s->here, EP_SERVER, EP_FAR_SERVER);
	m3_notify(s->there, EP_FAR_SERVER, EP_SERVER);
}

static void open_cores(struct scene *s)
{
	SAME(m3_node_open(s->near.dir, &s->near.core), 0);
	SAME(m3_node_open(s->far.dir, &s->far.core), 0);
}

static void do_runtime(struct scene *s)
{
	unsigned long end = rig_now() + 100;
	int idle = 0;

	rig_attach(&s->near, 1);
	rig_attach(&s->far, 0);
	rig_open(&s->near, &s->far);
	/* Until the servers of the driver have nothing more to say. */
	while (idle < 20 && rig_now() < end) {
		if (rig_settle(&s->near, &s->far))
			idle = 0;
		else
			idle++;
		rig_sleep(50);
	}
}

/* Every call that was under way comes to its end, with its answer. */
static void traffic_done(struct scene *s)
{
	driver_take_back(s);
	SAME(driver_await(s, s->here, &s->client), 0);
	SAME(driver_await(s, s->there, &s->far_client), 0);
	SAME(driver_await(s, s->here, &s->sender), 0);
	SAME(driver_await(s, s->there, &s->far_sender), 0);
}

/* The far core is another one, as far as this one is told. */
static void do_lose(struct scene *s)
{
	struct m3_dc_open open;
	int lane;

	rig_attach(&s->near, 1);
	rig_attach(&s->far, 0);
	rig_open(&s->near, &s->far);
	SAME(m3_proxy_open(s->far.proxy, RIG_DC, &open), 0);
	open.incarnation += 1ull << 32;
	open.peer_incarnation = 0;
	for (lane = 0; lane < M3_LANES; lane++)
		open.expected[lane] = 1;
	m3_proxy_opened(s->near.proxy, &open);
	m3_proxy_disconnected(s->near.proxy);
	m3_proxy_disconnected(s->far.proxy);
}

/* Some records have crossed, some answers have not. */
static void midway(struct scene *s)
{
	open_cores(s);
	rig_attach(&s->near, 1);
	rig_attach(&s->far, 0);
	rig_open(&s->near, &s->far);
	rig_settle(&s->near, &s->far);
}

static void do_forget(struct scene *s)
{
	m3_del_node(s->near.core, RIG_DC, 1);
	m3_add_node(s->near.core, RIG_DC, 1);
	m3_rmtbind(s->near.core, RIG_DC, "far", EP_FAR_SERVER, 1);
	m3_unbind_any(s->near.core, RIG_DC, EP_FAR_SERVER);
}

/*
 * The far node is out of reach for too long, again and again: until it is back,
 * until a new proxy serves it, until another node has its number.
 */
static void do_give_up(struct scene *s)
{
	m3_proxy_disconnected(s->near.proxy);
	m3_proxy_give_up(s->near.proxy, M3_ENOTCONN);
	m3_proxy_give_up(s->near.proxy, M3_ENODEDOWN);
	rig_open(&s->near, &s->far);
	m3_proxy_disconnected(s->near.proxy);
	m3_proxy_give_up(s->near.proxy, M3_ENODEDOWN);
	rig_attach(&s->near, 1);
	m3_proxy_give_up(s->near.proxy, M3_ENODEDOWN);
	do_forget(s);
}

static void declare(struct m3_node *core, int from, int id)
{
	int ep, e;

	for (ep = from; ep < from + 3; ep++) {
		e = m3_rmtbind(core, RIG_DC, "peer", ep, id);
		MUST(e == 0 || e == -M3_ESLOTUSED);
	}
}

/* The link and the descriptors are made again; calls ended with a code. */
static void restore(struct scene *s)
{
	int e = m3_add_node(s->near.core, RIG_DC, 1);

	MUST(e == 0 || e == -M3_EDCNODE);
	declare(s->near.core, EP_FAR_SERVER, 1);
	driver_take_back(s);
	driver_rest(s);
}

const struct act link_acts[] = {
	{ "far calls", NULL, owning, do_far_calls, NULL, 0 },
	{ "far calls to a queue", NULL, owning, do_far_calls, NULL, ACT_SLOW },
	{ "far cancel", NULL, owning, do_far_cancel, NULL, ACT_SLOW },
	{ "far copy", NULL, asked_from_far, do_far_copy, NULL, ACT_FAR_ASK },
	{ "far answer",
	  NULL, asked_from_far, do_far_answer, NULL, ACT_FAR_ASK },
	{ "unbind owing far",
	  NULL, asked_from_far, do_unbind, NULL, ACT_FAR_ASK },
	{ "take and put",
	  traffic, open_cores, do_runtime, traffic_done, ACT_RUNTIME },
	{ "take and put to queues",
	  traffic, open_cores, do_runtime, traffic_done,
	  ACT_RUNTIME | ACT_SLOW },
	{ "lose a node", traffic, open_cores, do_lose, restore, ACT_RUNTIME },
	{ "forget a node",
	  traffic, open_cores, do_forget, restore, ACT_RUNTIME },
	{ "lose a node in use",
	  traffic, midway, do_lose, restore, ACT_RUNTIME },
	{ "give up a node in use",
	  traffic, midway, do_give_up, restore, ACT_RUNTIME },
	{ "forget a node in use",
	  traffic, midway, do_forget, restore, ACT_RUNTIME },
};

const unsigned int link_act_count = sizeof(link_acts) / sizeof(*link_acts);
