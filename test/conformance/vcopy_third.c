// SPDX-License-Identifier: MIT
/*
 * A server has one client's memory copied to another while both are blocked
 * in a call to it (vcopy4), buffers and private memory, both ways of it.
 */
#include "check.h"

static const uint32_t sizes[] = { 0, 1, 65535, 65536, 65537, 1 << 20 };
enum { COUNT = sizeof(sizes) / sizeof(sizes[0]), MODES = 8 };

/* Bit 0: the source is private; 1: the destination is; 2: how it is copied. */
static void client(int self, int private_bit, int seed)
{
	struct m3_member *member = join_as(self);
	uint8_t *private = malloc(M3_MAX_COPY);
	struct m3_message message;
	struct m3_buffer buffer;
	int i;

	IS(m3_alloc(member, self, M3_MAX_COPY, &buffer), 0);
	for (i = 0; i < COUNT * MODES; i++) {
		int is_private = i / COUNT & private_bit;
		uint8_t *data = is_private ? private : buffer.data;
		uint64_t address = is_private ? (uintptr_t)private :
						buffer.address;
		uint32_t bytes = sizes[i % COUNT], n;

		memset(data, self == 2 ? i : 0xff, bytes);
		message = message_of(1, "");
		memcpy(message.data, &address, sizeof(address));
		IS(m3_sendrec(member, self, 1, &message, M3_FOREVER), 0);
		for (n = 0; n < bytes; n++)
			IS(data[n], (uint8_t)(i + seed));
	}
	free(private);
	m3_leave(member);
}

static void source(void)
{
	client(2, 1, 0);
}

static void destination(void)
{
	client(3, 2, 0);
}

static uint64_t request(struct m3_member *member, int from)
{
	struct m3_message message;
	uint64_t address;

	IS(m3_receive(member, 1, from, &message, DEADLINE_MS), 0);
	memcpy(&address, message.data, sizeof(address));
	return address;
}

/* Bytes that the kernel's core has moved for copies of the DC so far. */
static uint64_t moved(void)
{
	char path[128], line[512];
	uint64_t sum = 0;
	FILE *file;
	int id;

	snprintf(path, sizeof(path), "/proc/m3ipc/%s/dcs",
		 dir + strlen("kernel:/dev/m3ipc"));
	file = fopen(path, "re");
	IS(file != NULL, 1);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "dcid=%d", &id) == 1 && id == dc)
			sum = strtoull(strstr(line, " moved=") + 7, NULL, 10);
	fclose(file);
	return sum;
}

int main(int argc, char **argv)
{
	struct m3_message message = message_of(2, "");
	struct m3_member *member;
	uint64_t from, to, copied, before = 0;
	pid_t one, two;
	int i;

	begin(argc, argv);
	member = join_as(1);
	one = spawn(source);
	two = spawn(destination);
	wait_bound(2);
	wait_bound(3);
	for (i = 0; i < COUNT * MODES; i++) {
		IS(m3_copy_mode(member, i / COUNT & 4 ? M3_COPY_PROCESS_VM :
							M3_COPY_BOUNCE), 0);
		from = request(member, 2);
		/* The other party does not wait yet. */
		IS(m3_vcopy(member, 1, 2, from, 1, 8, M3_MAX_COPY + 1,
			    M3_FOREVER, NULL), -M3_ERANGE);
		to = request(member, 3);
		if (is_kernel())
			before = moved();
		IS(m3_vcopy(member, 1, 2, from, 3, to, sizes[i % COUNT],
			    DEADLINE_MS, &copied), 0);
		IS(copied, sizes[i % COUNT]);
		/* There it goes from the one to the other at once. */
		if (is_kernel() && i / COUNT & 4)
			IS(moved() - before, copied);
		IS(m3_vcopy(member, 1, 2, from, 2, to, 1, DEADLINE_MS, NULL),
		   -M3_EENDPOINT);
		IS(m3_reply(member, 1, 2, &message), 0);
		/* It asks again, or has ended. */
		if (i < COUNT * MODES - 1)
			IS(m3_vcopy(member, 1, 2, from, 3, to, 1, DEADLINE_MS,
				    &copied), -M3_EPROCSTS);
		IS(m3_reply(member, 1, 3, &message), 0);
	}
	reap(one);
	reap(two);
	ok("between two clients");
	m3_leave(member);
	return 0;
}
