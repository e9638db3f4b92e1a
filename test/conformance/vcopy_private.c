// SPDX-License-Identifier: MIT
/*
 * A server copies from and to the private memory of a client that sleeps in
 * its call: by the kernel, and by the client, woken for it. The client does
 * not notice, and memory that is none is an error, not its end.
 */
#include "check.h"
#include <sys/mman.h>

static const uint32_t sizes[] = { 0, 1, 65535, 65536, 65537, 1 << 20 };
enum { COUNT = sizeof(sizes) / sizeof(sizes[0]) };

static uint8_t mine[M3_MAX_COPY];

static void fill(uint8_t *data, uint32_t bytes, int seed)
{
	uint32_t i;

	for (i = 0; i < bytes; i++)
		data[i] = (uint8_t)(i * 7 + seed + (i >> 8));
}

static void same(const uint8_t *data, uint32_t bytes, int seed)
{
	uint32_t i;

	for (i = 0; i < bytes; i++)
		IS(data[i], (uint8_t)(i * 7 + seed + (i >> 8)));
}

/* For each way and size: two rounds, the first of which pulls. */
static void client(void)
{
	struct m3_member *member = join_as(2);
	struct m3_message message;
	int i;

	for (i = 0; i < 2 * COUNT; i++) {
		uint8_t *data = malloc(sizes[i % COUNT] + 1);

		fill(data, sizes[i % COUNT], i);
		data[sizes[i % COUNT]] = 0xa5;
		message = message_of(1, "");
		memcpy(message.data, &data, sizeof(data));
		IS(m3_sendrec(member, 2, 1, &message, M3_FOREVER), 0);
		same(data, sizes[i % COUNT], i + 100);
		IS(data[sizes[i % COUNT]], 0xa5);
		free(data);
	}
	m3_leave(member);
}

static void copies(struct m3_member *member, uint64_t own, uint8_t *data,
		   uint64_t theirs, uint32_t bytes, int seed)
{
	uint64_t copied;

	IS(m3_vcopy(member, 1, 2, theirs, M3_SELF, own, bytes, M3_FOREVER,
		    &copied), 0);
	IS(copied, bytes);
	same(data, bytes, seed);
	fill(data, bytes, seed + 100);
	IS(m3_vcopy(member, 1, M3_SELF, own, 2, theirs, bytes, DEADLINE_MS,
		    &copied), 0);
	IS(copied, bytes);
}

static void errors(struct m3_member *member, uint64_t theirs)
{
	uint64_t copied = 1;

	IS(m3_vcopy(member, 1, 2, theirs, 1, (uintptr_t)mine, M3_MAX_COPY + 1,
		    M3_FOREVER, NULL), -M3_ERANGE);
	IS(m3_vcopy(member, 1, 2, 4096, 1, (uintptr_t)mine, 100, M3_FOREVER,
		    &copied), -M3_EFAULT);
	IS(copied, 0);
	IS(m3_vcopy(member, 1, 1, (uintptr_t)mine, 2, 1ull << 47, 100,
		    M3_FOREVER, NULL), -M3_EFAULT);
	IS(m3_vcopy(member, 1, 1, (uintptr_t)mine, 2, (uintptr_t)sizes, 4,
		    M3_FOREVER, NULL), -M3_EFAULT);
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	struct m3_message message;
	struct m3_buffer buffer;
	uint64_t theirs;
	pid_t child;
	int i, way, arena;

	begin(argc, argv);
	member = join_as(1);
	IS(m3_alloc(member, 1, M3_MAX_COPY, &buffer), 0);
	child = spawn(client);
	for (i = 0; i < 2 * COUNT; i++) {
		arena = i >= COUNT;
		IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
		memcpy(&theirs, message.data, sizeof(theirs));
		for (way = M3_COPY_BOUNCE; way <= M3_COPY_PROCESS_VM; way++) {
			IS(m3_copy_mode(member, (enum m3_copy_mode)way), 0);
			copies(member, arena ? buffer.address :
				       (uintptr_t)mine,
			       arena ? buffer.data : mine, theirs,
			       sizes[i % COUNT], i + 100 *
			       (way - M3_COPY_BOUNCE));
			if (sizes[i % COUNT])
				IS(m3_copy_used(member), way);
			errors(member, theirs);
			/* So that the second way finds what the first left. */
			if (way == M3_COPY_BOUNCE)
				continue;
			fill(arena ? buffer.data : mine, sizes[i % COUNT],
			     i + 100);
			IS(m3_vcopy(member, 1, 1, arena ? buffer.address :
				    (uintptr_t)mine, 2, theirs,
				    sizes[i % COUNT], DEADLINE_MS, NULL), 0);
		}
		IS(m3_reply(member, 1, 2, &message), 0);
	}
	reap(child);
	IS(m3_copy_mode(member, M3_COPY_ARENA), -M3_EINVAL);
	ok("by the kernel and by the owner");
	ok("no such memory");
	m3_leave(member);
	return 0;
}
