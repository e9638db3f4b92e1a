// SPDX-License-Identifier: MIT
/* Copies within one core, and what pins their parties. */
#include "rig.h"
#include <embedded/embedded.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Endpoint 1 asks endpoint 2 to read its buffer, for ever. */
static void client(struct rig_node *n)
{
	struct m3_member *m = rig_join(n, 1);
	struct m3_message message;
	struct m3_buffer buffer;

	SAME(m3_alloc(m, 1, 4096, &buffer), 0);
	message = rig_message(7, buffer.address, buffer.bytes);
	m3_sendrec(m, 1, 2, &message, M3_FOREVER);
	_exit(0);
}

/* Begins a copy inside the core, as m3_vcopy does, and stops there. */
static void pin(struct m3_map *map, uint32_t handle, const void *request)
{
	struct m3_copy copy = { .other = 1, .bytes = 8 };
	struct m3_section s;

	copy.other_address = rig_word(request, 0);
	SAME(m3_begin(map, &s, M3_LOCK_FOREVER), 0);
	s.t.handle = handle;
	SAME(m3_copy_begin(&s.t, m3_slot_of(map->r, 2), &copy), 0);
	m3_end(&s);
}

static void unpin(struct m3_map *map)
{
	struct m3_section s;

	SAME(m3_begin(map, &s, M3_LOCK_FOREVER), 0);
	m3_copy_end(&s.t, m3_slot_of(map->r, 2), m3_slot_of(map->r, 1));
	m3_end(&s);
}

static pid_t child(struct rig_node *n, void (*body)(struct rig_node *))
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0) {
		body(n);
		_exit(0);
	}
	return pid;
}

static void server_that_pins(struct rig_node *n)
{
	struct m3_member *m = rig_join(n, 2);
	struct m3_message message;
	struct m3_map *map;

	SAME(m3_receive(m, 2, M3_ANY, &message, 5000), 0);
	SAME(m3_map_open(n->dir, RIG_DC, 0, &map), 0);
	pin(map, m3_slot(map->r, m3_slot_of(map->r, 2))->handle, &message);
	raise(SIGSTOP);
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	SAME(waitpid(pid, NULL, 0), pid);
}

/*
 * Both parties of a copy are killed, the one that is pinned first: burying it
 * must not wait for the other, which nobody may ever look at.
 */
static void both_parties_killed(void)
{
	struct rig_node n;
	pid_t copier, owner;
	int status;

	rig_start(&n, 0);
	copier = child(&n, server_that_pins);
	rig_until(&n, 2, M3_RTS_RECEIVING);
	owner = child(&n, client);
	SAME(waitpid(copier, &status, WUNTRACED), copier);
	MUST(WIFSTOPPED(status));
	end_child(owner);
	SAME(m3_sweep(n.core), 0);
	end_child(copier);
	SAME(m3_sweep(n.core), 2);
	SOUND(&n);
	rig_stop(&n);
	rig_ok("both parties are killed");
}

/* A copy goes on outside the lock: its parties cannot be unbound meanwhile. */
static void unbound_during_a_copy(void)
{
	struct m3_message message;
	struct m3_member *m, *other;
	struct m3_buffer buffer;
	struct m3_call call;
	struct rig_node n;
	struct m3_map *map;

	rig_start(&n, 0);
	m = rig_join(&n, 1);
	other = rig_join(&n, 2);
	SAME(m3_map_open(n.dir, RIG_DC, 0, &map), 0);
	SAME(m3_alloc(m, 1, 4096, &buffer), 0);
	rig_start_call(m, &call, M3_OP_SENDREC, 1, 2, 7, M3_PENDING);
	SAME(m3_receive(other, 2, 1, &message, 0), 0);
	message = rig_message(7, buffer.address, buffer.bytes);
	pin(map, m3_slot(map->r, m3_slot_of(map->r, 2))->handle, &message);
	SAME(m3_unbind(m, 1), -M3_EONCOPY);
	SAME(m3_unbind(other, 2), -M3_EONCOPY);
	SAME(m3_unbind_any(n.core, RIG_DC, 1), -M3_EONCOPY);
	SAME(m3_unbind_any(n.core, RIG_DC, 2), -M3_EONCOPY);
	SAME(m3_free(m, 1, &buffer), -M3_EONCOPY);
	SAME(m3_cancel(m, &call, M3_ETIMEDOUT), M3_PENDING);
	SOUND(&n);
	unpin(map);
	SAME(m3_cancel(m, &call, M3_ETIMEDOUT), -M3_ETIMEDOUT);
	SAME(m3_unbind(other, 2), 0);
	SAME(m3_unbind(m, 1), 0);
	SOUND(&n);
	m3_map_close(map);
	m3_leave(m);
	m3_leave(other);
	rig_stop(&n);
	rig_ok("a party is unbound, or gives up");
}

/*
 * A circle of processes that wait for each other: the one that would close it
 * gets ELOCKED. An answer closes none, and neither does a receive.
 */
static void circles(void)
{
	struct m3_call one, two, three;
	struct m3_message message;
	struct m3_member *m;
	struct rig_node n;

	rig_start(&n, 0);
	m = rig_join(&n, 1);
	SAME(m3_bind(m, 2), 0);
	SAME(m3_bind(m, 3), 0);
	/* Two that send to each other; and a third, through the second. */
	rig_start_call(m, &one, M3_OP_SEND, 1, 2, 7, M3_PENDING);
	rig_start_call(m, &two, M3_OP_SEND, 2, 1, 7, -M3_ELOCKED);
	rig_start_call(m, &two, M3_OP_SENDREC, 2, 1, 7, -M3_ELOCKED);
	rig_start_call(m, &two, M3_OP_SENDREC, 2, 3, 7, M3_PENDING);
	rig_start_call(m, &three, M3_OP_SENDREC, 3, 1, 7, -M3_ELOCKED);
	/* 2's request was taken: 3 may answer it by a send, not ask 1. */
	SAME(m3_receive(m, 3, M3_ANY, &message, 0), 0);
	rig_start_call(m, &three, M3_OP_SEND, 3, 1, 7, -M3_ELOCKED);
	rig_start_call(m, &three, M3_OP_SEND, 3, 2, 7, 0);
	SAME(m3_finish(m, &two), 0);
	SAME(m3_cancel(m, &one, M3_ECANCELED), -M3_ECANCELED);
	/* Who receives may be served by anybody. */
	rig_start_call(m, &one, M3_OP_RECEIVE, 1, 2, 7, M3_PENDING);
	rig_start_call(m, &three, M3_OP_SEND, 3, 1, 7, M3_PENDING);
	rig_start_call(m, &two, M3_OP_SEND, 2, 3, 7, M3_PENDING);
	SAME(m3_cancel(m, &one, M3_ECANCELED), -M3_ECANCELED);
	SAME(m3_cancel(m, &two, M3_ECANCELED), -M3_ECANCELED);
	SAME(m3_cancel(m, &three, M3_ECANCELED), -M3_ECANCELED);
	SOUND(&n);
	m3_leave(m);
	rig_stop(&n);
	rig_ok("circles of two and three");
}

/* Two on two nodes: exactly one of the two fails, whatever crosses what. */
static void circle_of_two_nodes(void)
{
	struct m3_member *a, *b;
	struct rig_node na, nb;
	struct m3_call one, two;
	int op, first, e1, e2;

	rig_start(&na, 0);
	rig_start(&nb, 1);
	rig_pair(&na, &nb);
	a = rig_join(&na, 1);
	b = rig_join(&nb, 2);
	SAME(m3_rmtbind(na.core, RIG_DC, "far", 2, 1), 0);
	SAME(m3_rmtbind(nb.core, RIG_DC, "far", 1, 0), 0);
	for (op = 0; op < 4; op++)
		for (first = 0; first < 3; first++) {
			int ask = op & 1 ? M3_OP_SEND : M3_OP_SENDREC;
			int back = op & 2 ? M3_OP_SEND : M3_OP_SENDREC;

			memset(&one, 0, sizeof(one));
			memset(&two, 0, sizeof(two));
			one.op = (uint32_t)ask;
			one.self = 1;
			one.peer = 2;
			two.op = (uint32_t)back;
			two.self = 2;
			two.peer = 1;
			e1 = first == 1 ? 1 : m3_start(a, &one);
			if (first == 0)
				rig_settle(&na, &nb);
			e2 = m3_start(b, &two);
			if (first == 1) {
				rig_settle(&na, &nb);
				e1 = m3_start(a, &one);
			}
			rig_settle(&na, &nb);
			if (e1 == M3_PENDING)
				e1 = m3_finish(a, &one);
			if (e2 == M3_PENDING)
				e2 = m3_finish(b, &two);
			MUST((e1 == -M3_ELOCKED) + (e2 == -M3_ELOCKED) == 1);
			MUST((e1 == M3_PENDING) + (e2 == M3_PENDING) == 1);
			if (e1 == M3_PENDING)
				m3_cancel(a, &one, M3_ECANCELED);
			else
				m3_cancel(b, &two, M3_ECANCELED);
			rig_settle(&na, &nb);
			SOUND(&na);
			SOUND(&nb);
		}
	m3_leave(a);
	m3_leave(b);
	rig_stop(&na);
	rig_stop(&nb);
	rig_ok("circles of two nodes");
}

int main(void)
{
	rig_embedded_only("it stops a copy between two steps of the "
			  "core, in a region that it maps");
	circles();
	circle_of_two_nodes();
	both_parties_killed();
	unbound_during_a_copy();
	return 0;
}
