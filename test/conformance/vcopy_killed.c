// SPDX-License-Identifier: MIT
/*
 * Copies whose parties are stopped or killed in the middle: the requester's
 * deadline holds although the owner does not serve, a death is told, and the
 * other one goes on.
 */
#include "check.h"
#include <sys/mman.h>

#define BYTES 50000u

static uint8_t mine[BYTES];

/* Asks endpoint 1 until it answers with type 9. */
static void client(void)
{
	struct m3_member *member = join_as(2);
	uint8_t *data = malloc(BYTES);
	struct m3_message message;

	do {
		memset(data, 3, BYTES);
		message = message_of(1, "");
		memcpy(message.data, &data, sizeof(data));
		IS(m3_sendrec(member, 2, 1, &message, M3_FOREVER), 0);
	} while (message.type != 9);
	free(data);
	m3_leave(member);
}

static void stop(pid_t pid)
{
	int status;

	IS(kill(pid, SIGSTOP), 0);
	IS(waitpid(pid, &status, WUNTRACED), pid);
	IS(WIFSTOPPED(status), 1);
}

static uint64_t request(struct m3_member *member)
{
	struct m3_message message;
	uint64_t address;

	IS(m3_receive(member, 1, 2, &message, DEADLINE_MS), 0);
	memcpy(&address, message.data, sizeof(address));
	return address;
}

static int pull(struct m3_member *member, uint64_t from, int timeout)
{
	return m3_vcopy(member, 1, 2, from, 1, (uintptr_t)mine, BYTES, timeout,
			NULL);
}

static int push(struct m3_member *member, uint64_t to, int timeout)
{
	return m3_vcopy(member, 1, 1, (uintptr_t)mine, 2, to, BYTES, timeout,
			NULL);
}

/* It does not serve: the deadline holds; then it goes on where it was. */
static void stopped(struct m3_member *member, uint64_t theirs, pid_t child)
{
	IS(m3_copy_mode(member, M3_COPY_BOUNCE), 0);
	stop(child);
	IS(pull(member, theirs, 100), -M3_ETIMEDOUT);
	IS(push(member, theirs, 100), -M3_ETIMEDOUT);
	IS(m3_copy_mode(member, M3_COPY_PROCESS_VM), 0);
	IS(pull(member, theirs, 0), 0);
	IS(mine[BYTES - 1], 3);
	IS(m3_copy_mode(member, M3_COPY_BOUNCE), 0);
	IS(kill(child, SIGCONT), 0);
	IS(pull(member, theirs, DEADLINE_MS), 0);
	IS(push(member, theirs, DEADLINE_MS), 0);
}

/* A process that kills `pid` once endpoint 1 waits for it. */
static pid_t killer(pid_t pid)
{
	pid_t self = fork();

	IS(self >= 0, 1);
	if (self)
		return self;
	wait_flags(1, M3_RTS_SENDING);
	IS(kill(pid, SIGKILL), 0);
	_exit(0);
}

static void killed(struct m3_member *member, int way)
{
	pid_t child = spawn(client), other;
	uint64_t theirs;
	int status;

	wait_bound(2);
	theirs = request(member);
	stop(child);
	other = killer(child);
	if (way)
		IS(push(member, theirs, DEADLINE_MS), -M3_EDSTDIED);
	else
		IS(pull(member, theirs, DEADLINE_MS), -M3_ESRCDIED);
	reap(other);
	IS(waitpid(child, &status, 0), child);
	/* Nor can the kernel copy from the dead. */
	IS(m3_copy_mode(member, M3_COPY_AUTO), 0);
	IS(pull(member, theirs, DEADLINE_MS), -M3_ESRCDIED);
	IS(push(member, theirs, DEADLINE_MS), -M3_EDSTDIED);
	IS(m3_copy_mode(member, M3_COPY_BOUNCE), 0);
}

/* The kernel is asked to copy from who has died unnoticed. */
static void dead(struct m3_member *member, int way)
{
	pid_t child = spawn(client);
	uint64_t theirs;

	wait_bound(2);
	theirs = request(member);
	reap_killed(child);
	IS(m3_copy_mode(member, M3_COPY_PROCESS_VM), 0);
	if (way)
		IS(push(member, theirs, DEADLINE_MS), -M3_EDSTDIED);
	else
		IS(pull(member, theirs, DEADLINE_MS), -M3_ESRCDIED);
}

static int ends = 1;

/* Copies from whoever asks endpoint 3, for ever. */
static void copier(void)
{
	struct m3_member *member = join_as(3);
	struct m3_message message;
	uint64_t from;

	IS(m3_receive(member, 3, M3_ANY, &message, DEADLINE_MS), 0);
	memcpy(&from, message.data, sizeof(from));
	IS(m3_copy_mode(member, M3_COPY_BOUNCE), 0);
	while (ends)
		IS(m3_vcopy(member, 3, 1, from, 3, (uintptr_t)mine, BYTES,
			    DEADLINE_MS, NULL), 0);
}

/* The requester dies: who was served goes on with the code. */
static void requester_killed(struct m3_member *member)
{
	pid_t child = spawn(copier), other;
	struct m3_message message = message_of(1, "");
	uint64_t address = (uintptr_t)mine;
	struct m3_dc_info info;
	struct m3_node *node;
	int i;

	memcpy(message.data, &address, sizeof(address));
	wait_bound(3);
	other = fork();
	IS(other >= 0, 1);
	if (other == 0) {
		/* Not before it copies. */
		IS(m3_node_open(dir, &node), 0);
		for (i = 0; i < DEADLINE_MS; i++) {
			IS(m3_getdcinfo(node, dc, &info), 0);
			if (info.arena_used)
				break;
			pause_1ms();
		}
		IS(kill(child, SIGKILL), 0);
		_exit(0);
	}
	IS(m3_sendrec(member, 1, 3, &message, M3_FOREVER), -M3_ESRCDIED);
	reap(other);
	waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	struct m3_message message;
	uint64_t theirs;
	pid_t child;

	begin(argc, argv);
	member = join_as(1);
	child = spawn(client);
	wait_bound(2);
	theirs = request(member);
	stopped(member, theirs, child);
	message = message_of(9, "");
	IS(m3_reply(member, 1, 2, &message), 0);
	reap(child);
	killed(member, 0);
	killed(member, 1);
	dead(member, 0);
	dead(member, 1);
	requester_killed(member);
	ok("a stopped owner, a deadline");
	ok("the owner is killed");
	ok("the requester is killed");
	m3_leave(member);
	return 0;
}
