// SPDX-License-Identifier: MIT
/*
 * Explicit grants: a process copies from and to what was granted to it, though
 * the owner does not wait for it, until it is revoked or one of them ends.
 */
#include "check.h"

#define BYTES 100000u

static struct m3_member *owner;
static struct m3_buffer buffer;
static uint64_t granted;

/* The grantee is another process: it gets one order after the other. */
static void grantee(void)
{
	struct m3_member *member = join_as(2);
	static uint8_t mine[BYTES];
	struct m3_message order;
	uint64_t arg[3];
	int e;

	do {
		IS(m3_receive(member, 2, 1, &order, DEADLINE_MS), 0);
		memcpy(arg, order.data, sizeof(arg));
		memset(mine, order.type, BYTES);
		e = m3_vcopy(member, 2, arg[2] ? 2 : 1, arg[2] ?
			     (uintptr_t)mine : arg[0], arg[2] ? 1 : 2,
			     arg[2] ? arg[0] : (uintptr_t)mine, arg[1],
			     DEADLINE_MS, NULL);
		arg[0] = (uint64_t)(int64_t)e;
		arg[1] = mine[0];
		memcpy(order.data, arg, sizeof(arg));
		IS(m3_send(member, 2, 1, &order, DEADLINE_MS), 0);
	} while (order.type != 99);
	m3_leave(member);
}

/* The result of a copy by the grantee; *first is a byte it has got. */
static int order(uint64_t address, uint64_t bytes, int push, int type,
		 uint64_t *first)
{
	uint64_t arg[3] = { address, bytes, (uint64_t)push };
	struct m3_message m = message_of(type, "");

	memcpy(m.data, arg, sizeof(arg));
	IS(m3_send(owner, 1, 2, &m, DEADLINE_MS), 0);
	IS(m3_receive(owner, 1, 2, &m, DEADLINE_MS), 0);
	memcpy(arg, m.data, sizeof(arg));
	if (first)
		*first = arg[1];
	return (int)(int64_t)arg[0];
}

static void uses(void)
{
	uint8_t *data = buffer.data;
	uint64_t first, other;

	memset(data, 7, BYTES);
	IS(m3_grant(owner, 1, 2, buffer.address + 100, 70000,
		    M3_GRANT_READ | M3_GRANT_WRITE, &granted), 0);
	IS(order(granted, 70000, 0, 1, &first), 0);
	IS(first, 7);
	IS(order(granted + 69999, 1, 1, 42, NULL), 0);
	IS(data[70099], 42);
	IS(data[70098], 7);
	IS(data[70100], 7);
	IS(order(granted + 69999, 2, 1, 43, NULL), -M3_EFAULT);
	IS(order(granted + 70001, 0, 1, 43, NULL), 0);
	IS(order(granted, 70001, 0, 43, NULL), -M3_EFAULT);
	/* Without the right to. */
	IS(m3_grant(owner, 1, 2, buffer.address, 10, M3_GRANT_READ, &other), 0);
	IS(order(other, 10, 1, 44, NULL), -M3_EFAULT);
	IS(order(other, 10, 0, 44, NULL), 0);
	IS(m3_grant(owner, 1, 2, buffer.address, 10, M3_GRANT_WRITE, &other),
	   0);
	IS(order(other, 10, 0, 45, NULL), -M3_EFAULT);
	IS(order(other, 10, 1, 45, NULL), 0);
	IS(data[9], 45);
	/* The buffer's own address is not granted. */
	IS(order(buffer.address, 10, 0, 46, NULL), -M3_EPROCSTS);
	IS(m3_revoke(owner, 1, granted), 0);
	IS(m3_revoke(owner, 1, granted), -M3_EFAULT);
	IS(order(granted, 1, 0, 47, NULL), -M3_EPROCSTS);
	IS(order(other, 10, 1, 48, NULL), 0);
}

static void arguments(void)
{
	uint64_t g, at = buffer.address;
	struct m3_buffer second;

	IS(m3_grant(owner, 1, 2, at, 10, 0, &g), -M3_EINVAL);
	IS(m3_grant(owner, 1, 2, at, 10, 4, &g), -M3_EINVAL);
	IS(m3_grant(owner, 1, 2, at, 0, M3_GRANT_READ, &g), -M3_EINVAL);
	IS(m3_grant(owner, 1, 1, at, 10, M3_GRANT_READ, &g), -M3_EENDPOINT);
	IS(m3_grant(owner, 1, 9999, at, 10, M3_GRANT_READ, &g), -M3_ERANGE);
	IS(m3_grant(owner, 1, 7, at, 10, M3_GRANT_READ, &g), -M3_EDSTDIED);
	IS(m3_grant(owner, 1, 2, at, BYTES + 1, M3_GRANT_READ, &g),
	   -M3_EFAULT);
	IS(m3_grant(owner, 1, 2, (uintptr_t)&g, 8, M3_GRANT_READ, &g),
	   -M3_EFAULT);
	IS(m3_grant(owner, 5, 2, at, 10, M3_GRANT_READ, &g), -M3_ENOTBIND);
	/* A grant ends with its buffer. */
	IS(m3_alloc(owner, 1, BYTES, &second), 0);
	IS(m3_grant(owner, 1, 2, second.address, 10, M3_GRANT_READ, &g), 0);
	IS(m3_free(owner, 1, &second), 0);
	IS(m3_alloc(owner, 1, BYTES, &second), 0);
	IS(order(g, 10, 0, 50, NULL), -M3_EPROCSTS);
	IS(m3_revoke(owner, 1, g), -M3_EFAULT);
	IS(m3_free(owner, 1, &second), 0);
}

static void too_many(void)
{
	uint64_t all[M3_MAX_GRANTS], g;
	unsigned int n = 0;
	int e;

	while ((e = m3_grant(owner, 1, 2, buffer.address, 10, M3_GRANT_READ,
			     &g)) == 0)
		all[n++] = g;
	IS(e, -M3_EAGAIN);
	IS(n > M3_MAX_GRANTS - 8, 1);
	IS(order(all[n - 1], 10, 0, 51, NULL), 0);
	while (n)
		IS(m3_revoke(owner, 1, all[--n]), 0);
}

int main(int argc, char **argv)
{
	uint64_t g;
	pid_t child;

	begin(argc, argv);
	owner = join_as(1);
	IS(m3_alloc(owner, 1, BYTES, &buffer), 0);
	child = spawn(grantee);
	wait_bound(2);
	uses();
	arguments();
	too_many();
	/* With its grantee, too: a namesake does not inherit it. */
	IS(m3_grant(owner, 1, 2, buffer.address, 10, M3_GRANT_READ, &g), 0);
	IS(order(g, 10, 0, 99, NULL), 0);
	reap(child);
	child = spawn(grantee);
	wait_bound(2);
	IS(order(g, 10, 0, 99, NULL), -M3_EPROCSTS);
	IS(m3_revoke(owner, 1, g), -M3_EFAULT);
	reap(child);
	ok("granted, revoked, ended");
	m3_leave(owner);
	return 0;
}
