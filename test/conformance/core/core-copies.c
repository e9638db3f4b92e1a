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

/* Endpoint 2 is in the middle of a copy by a grant of endpoint 1. */
static void grant_in_use(void)
{
	struct m3_copy copy = { .other = 1, .bytes = 8 };
	struct m3_buffer buffer;
	struct m3_section section;
	struct m3_member *owner, *copier;
	uint64_t granted, other;
	struct m3_call call;
	struct m3_map *map;
	struct rig_node n;

	rig_start(&n, 0);
	owner = rig_join(&n, 1);
	copier = rig_join(&n, 2);
	SAME(m3_map_open(n.dir, RIG_DC, 0, &map), 0);
	SAME(m3_alloc(owner, 1, 8192, &buffer), 0);
	SAME(m3_grant(owner, 1, 2, buffer.address, 8, M3_GRANT_READ,
		      &granted), 0);
	SAME(m3_grant(owner, 1, 2, buffer.address, 8, M3_GRANT_READ,
		      &other), 0);
	copy.other_address = granted;
	map->handle = m3_slot(map->r, m3_slot_of(map->r, 2))->handle;
	SAME(m3_begin(map, &section, M3_LOCK_FOREVER), 0);
	SAME(m3_copy_begin(&section.t, m3_slot_of(map->r, 2), &copy), 0);
	m3_end(&section);
	SAME(m3_revoke(owner, 1, granted), -M3_EONCOPY);
	SAME(m3_revoke(owner, 1, other), 0);
	SAME(m3_free(owner, 1, &buffer), -M3_EONCOPY);
	SAME(m3_unbind(owner, 1), -M3_EONCOPY);
	SAME(m3_unbind_any(n.core, RIG_DC, 1), -M3_EONCOPY);
	SAME(m3_unbind(copier, 2), -M3_EONCOPY);
	SOUND(&n);
	/* The owner may call meanwhile. */
	rig_start_call(owner, &call, M3_OP_RECEIVE, 1, 2, 0, M3_PENDING);
	SAME(m3_cancel(owner, &call, M3_ECANCELED), -M3_ECANCELED);
	SAME(m3_begin(map, &section, M3_LOCK_FOREVER), 0);
	m3_copy_end(&section.t, m3_slot_of(map->r, 2), m3_slot_of(map->r, 1));
	m3_end(&section);
	SAME(m3_revoke(owner, 1, granted), 0);
	SAME(m3_free(owner, 1, &buffer), 0);
	map->handle = M3_RUNTIME;
	m3_map_close(map);
	m3_leave(owner);
	m3_leave(copier);
	SOUND(&n);
	rig_stop(&n);
	rig_ok("a grant in use");
}

int main(void)
{
	rig_embedded_only("it stops a copy between two steps of the "
			  "core, in a region that it maps");
	both_parties_killed();
	unbound_during_a_copy();
	grant_in_use();
	return 0;
}
