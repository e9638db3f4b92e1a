// SPDX-License-Identifier: MIT
/*
 * A server moves from node to node under clients that go on asking and have
 * blocks copied there and back, every byte compared: the scenarios T1 to T3 of
 * the reference. It moves with requests in its queue, with one that it has
 * taken, and between two copies.
 */
#include "mesh.h"
#include <string.h>
#include <unistd.h>

#define E 20
#define CLIENTS 3
#define ROUNDS 8
#define BYTES (M3_CHUNK_BYTES + 1000)

/* When the server moves in a round. */
enum moment { QUEUED, TAKEN, PULLED, PUSHED, MOMENTS };

static struct mesh m;
static struct m3_call asked[CLIENTS];
static struct m3_buffer theirs[CLIENTS];
static unsigned char data[BYTES]; /* the server's memory: it moves along */
static int at[CLIENTS], clients;
static int here; /* the server's node */
static uint64_t txn;

static int client_ep(int i)
{
	return 5 + i;
}

static unsigned char byte_of(int i, int round, unsigned int k)
{
	return (unsigned char)(i * 71 + round * 13 + (int)(k * 7 + (k >> 8)));
}

static void ask(int i, int round)
{
	struct m3_call *c = &asked[i];
	unsigned char *p = theirs[i].data;
	unsigned int k;

	for (k = 0; k < BYTES; k++)
		p[k] = byte_of(i, round, k);
	memset(c, 0, sizeof(*c));
	c->op = M3_OP_SENDREC;
	c->self = client_ep(i);
	c->peer = E;
	c->message = rig_message(round, theirs[i].address, 0);
	SAME(m3_start(m.member[at[i]], c), M3_PENDING);
}

/* Between the server's memory and the client's, through a buffer. */
static void copy(int client, unsigned long address, int push)
{
	struct m3_call c;
	struct m3_buffer b;
	int e;

	SAME(m3_alloc(m.member[here], E, BYTES, &b), 0);
	if (push)
		memcpy(b.data, data, BYTES);
	memset(&c, 0, sizeof(c));
	c.op = M3_OP_VCOPY;
	c.self = E;
	c.peer = push ? E : client;
	c.dst = push ? client : E;
	c.src_address = push ? b.address : address;
	c.dst_address = push ? address : b.address;
	c.bytes = BYTES;
	e = m3_start(m.member[here], &c);
	if (e == M3_PENDING) {
		mesh_settle(&m);
		e = m3_finish(m.member[here], &c);
	}
	SAME(e, 0);
	SAME((long)c.copied, BYTES);
	if (!push)
		memcpy(data, b.data, BYTES);
	SAME(m3_free(m.member[here], E, &b), 0);
}

static void move(int to)
{
	if (to == here)
		return;
	mesh_migrate(&m, E, here, to, ++txn);
	here = to;
	mesh_settle(&m);
	mesh_sound(&m);
}

/* One request, in which the server moves at that moment. */
static void serve(enum moment moment, int to)
{
	struct m3_message in;
	unsigned long address;
	unsigned int k;
	int i;

	if (moment == QUEUED)
		move(to);
	SAME(m3_receive(m.member[here], E, M3_ANY, &in, 0), 0);
	i = in.source - client_ep(0);
	address = rig_word(&in, 0);
	if (moment == TAKEN)
		move(to);
	copy(in.source, address, 0);
	for (k = 0; k < BYTES; k++) {
		SAME(data[k], byte_of(i, in.type, k));
		data[k] = (unsigned char)~data[k];
	}
	if (moment == PULLED)
		move(to);
	copy(in.source, address, 1);
	if (moment == PUSHED)
		move(to);
	SAME(m3_reply(m.member[here], E, in.source, &in), 0);
	mesh_settle(&m);
}

static void answered(int i, int round)
{
	const unsigned char *p = theirs[i].data;
	unsigned int k;

	SAME(m3_finish(m.member[at[i]], &asked[i]), 0);
	SAME(asked[i].message.source, E);
	SAME(asked[i].message.type, round);
	for (k = 0; k < BYTES; k++)
		SAME(p[k], (unsigned char)~byte_of(i, round, k));
}

/* In each round the server goes to the next node of its way. */
static void travel(const char *name, const int *way, int stations)
{
	int round, i, to;

	mesh_begin(&m);
	here = way[0];
	mesh_bind(&m, E, here);
	for (i = 0; i < clients; i++) {
		mesh_bind(&m, client_ep(i), at[i]);
		SAME(m3_alloc(m.member[at[i]], client_ep(i), BYTES,
			      &theirs[i]), 0);
	}
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < clients; i++)
			ask(i, round);
		mesh_settle(&m);
		to = way[(round + 1) % stations];
		for (i = 0; i < clients; i++)
			serve((enum moment)(round % MOMENTS), to);
		for (i = 0; i < clients; i++)
			answered(i, round);
	}
	mesh_end(&m);
	rig_ok(name);
}

int main(void)
{
	static const int there[] = { 1, 0 }, round[] = { 0, 1, 2 };

	clients = 1;
	at[0] = 0;
	travel("T1", there, 2);
	at[0] = 1;
	travel("T2", there, 2);
	clients = CLIENTS;
	at[0] = 2;
	at[1] = 1;
	at[2] = 0;
	travel("T3", round, 3);
	return 0;
}
