// SPDX-License-Identifier: MIT
/* On cores of its own: copies of granted and of private memory. */
#include "fresh.h"
#include <string.h>

static unsigned char memory[3][COPY_BYTES];

static uint64_t private_of(int i)
{
	return (uint64_t)(uintptr_t)memory[i];
}

static int start_copy(struct m3_member *m, int n, int self, int src,
		      uint64_t from, int dst, uint64_t to)
{
	struct m3_call *c = &fresh.calls[n];

	memset(c, 0, sizeof(*c));
	c->op = M3_OP_VCOPY;
	c->self = self;
	c->peer = src;
	c->dst = dst;
	c->src_address = from;
	c->dst_address = to;
	c->bytes = COPY_BYTES;
	return m3_start(m, c);
}

/* Owners that were asked for their memory copy it. */
static void serve(void)
{
	int32_t eps[8];

	m3_bell_serve(fresh.ma, eps, 8);
	m3_bell_serve(fresh.mb, eps, 8);
}

static void copy_settle(void)
{
	int i;

	for (i = 0; i < 4; i++) {
		serve();
		fresh_settle();
		m3_finish(fresh.ma, &fresh.calls[0]);
		m3_finish(fresh.ma, &fresh.calls[1]);
	}
}

/* 1 and 3 of node 0 ask `server`, which takes both requests. */
static void asked(struct m3_member *m, int server)
{
	struct m3_message q;
	int i;

	fresh_start(fresh.ma, 0, M3_OP_SENDREC, 1, server);
	fresh_start(fresh.ma, 1, M3_OP_SENDREC, 3, server);
	fresh_settle();
	for (i = 0; i < 2; i++)
		m3_rcvrqst(m, server, &q, M3_NOWAIT);
}

static void clients_end(void)
{
	fresh_end(fresh.ma, 0);
	fresh_end(fresh.ma, 1);
	fresh_settle();
}

static void do_grants(struct scene *s)
{
	uint64_t read, write, far, mine = fresh.near_memory[0].address;
	uint64_t other = fresh.near_memory[1].address;
	struct m3_buffer b;
	int i;

	(void)s;
	for (i = 0; i < 2; i++) {
		/* The memory goes, and the grant with it. */
		m3_alloc(fresh.ma, 1, 5000, &b);
		m3_grant(fresh.ma, 1, 2, b.address, 50, M3_GRANT_READ, &read);
		m3_free(fresh.ma, 1, &b);
		m3_grant(fresh.ma, 1, 2, mine, COPY_BYTES, M3_GRANT_READ,
			 &read);
		m3_grant(fresh.ma, 1, 2, mine, COPY_BYTES, M3_GRANT_WRITE,
			 &write);
		m3_grant(fresh.ma, 1, 11, mine, COPY_BYTES,
			 M3_GRANT_READ | M3_GRANT_WRITE, &far);
		m3_vcopy(fresh.ma, 2, 1, read, 2, other, COPY_BYTES, 1, NULL);
		m3_vcopy(fresh.ma, 2, 2, other, 1, write, COPY_BYTES, 1, NULL);
		start_copy(fresh.mb, 2, 11, 1, far, 11,
			   fresh.far_memory[0].address);
		fresh_settle();
		fresh_end(fresh.mb, 2);
		start_copy(fresh.mb, 2, 11, 11, fresh.far_memory[0].address, 1,
			   far);
		if (i)
			fresh_settle();
		else
			fresh_step(&fresh.b, &fresh.a);
		m3_revoke(fresh.ma, 1, far);
		fresh_settle();
		fresh_end(fresh.mb, 2);
		start_copy(fresh.mb, 2, 11, 1, far, 11,
			   fresh.far_memory[0].address);
		fresh_settle();
		fresh_end(fresh.mb, 2);
		/* It asks while the grant lives, and gets nothing. */
		m3_grant(fresh.ma, 1, 11, mine, COPY_BYTES, M3_GRANT_READ,
			 &far);
		start_copy(fresh.mb, 2, 11, 1, far, 11,
			   fresh.far_memory[0].address);
		fresh_step(&fresh.b, &fresh.a);
		m3_revoke(fresh.ma, 1, far);
		fresh_settle();
		fresh_end(fresh.mb, 2);
		m3_revoke(fresh.ma, 1, read);
		m3_grant(fresh.ma, 1, 2, mine, 100, M3_GRANT_READ, &read);
		m3_grant(fresh.ma, 2, 1, other, 100, M3_GRANT_READ, &write);
		m3_unbind(fresh.ma, 1);
		m3_bind(fresh.ma, 1);
		m3_alloc(fresh.ma, 1, COPY_BYTES, &fresh.near_memory[0]);
		mine = fresh.near_memory[0].address;
	}
}

/* The other party is of the same node: woken, or read by the kernel. */
static void do_private(struct scene *s)
{
	static const enum m3_copy_mode modes[] = {
		M3_COPY_BOUNCE, M3_COPY_PROCESS_VM, M3_COPY_BOUNCE,
	};
	int i, way;

	(void)s;
	for (i = 0; i < 3; i++) {
		m3_copy_mode(fresh.ma, modes[i]);
		for (way = 0; way < 3; way++) {
			asked(fresh.ma, 2);
			start_copy(fresh.ma, 2, 2, way == 1 ? 2 : 1,
				   private_of(0),
				   way == 0 ? 2 : way == 1 ? 1 : 3,
				   private_of(1));
			/* The last time it is given up, half made. */
			if (i == 2 && way == 1)
				m3_cancel(fresh.ma, &fresh.calls[0],
					  M3_ECANCELED);
			else if (i < 2)
				copy_settle();
			fresh_end(fresh.ma, 2);
			serve();
			clients_end();
		}
	}
	asked(fresh.ma, 2);
	start_copy(fresh.ma, 2, 2, 1, private_of(0), 2, private_of(1));
	m3_unbind(fresh.ma, 1);
	serve();
	fresh_end(fresh.ma, 2);
}

/* The requester is on the other node. */
static void do_private_far(struct scene *s)
{
	int i, way;

	(void)s;
	for (i = 0; i < 4; i++)
		for (way = 0; way < 3; way++) {
			asked(fresh.mb, 11);
			start_copy(fresh.mb, 2, 11, way == 1 ? 11 : 1,
				   private_of(0),
				   way == 0 ? 11 : way == 1 ? 1 : 3,
				   private_of(1));
			fresh_settle();
			if (i == 1)
				m3_cancel(fresh.mb, &fresh.calls[2],
					  M3_ECANCELED);
			if (i == 2)
				m3_cancel(fresh.ma, &fresh.calls[0],
					  M3_ECANCELED);
			if (i == 3) {
				serve();
				m3_unbind(fresh.ma, 1);
				m3_bind(fresh.ma, 1);
			}
			copy_settle();
			fresh_end(fresh.mb, 2);
			serve();
			clients_end();
		}
}

const struct act memory_acts[] = {
	FRESH_ACT("grants", do_grants),
	FRESH_ACT("private memory", do_private),
	FRESH_ACT("private memory, far", do_private_far),
};

const unsigned int memory_act_count =
	sizeof(memory_acts) / sizeof(*memory_acts);
