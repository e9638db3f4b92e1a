// SPDX-License-Identifier: MIT
/*
 * A server pushes into a blocked client's buffer (vcopy, vcopy2) and pulls
 * from it (vcopy3): sizes 0, 1, one chunk and its neighbours, 1 MiB.
 */
#include "check.h"

static const uint32_t sizes[] = { 0, 1, 65535, 65536, 65537, 1 << 20 };
static const char *const names[] = {
	"no byte", "one byte", "a chunk less one", "a chunk",
	"a chunk and one", "1 MiB",
};
enum { COUNT = sizeof(sizes) / sizeof(sizes[0]) };

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

static void client(void)
{
	struct m3_member *member = join_as(2);
	struct m3_buffer buffer;
	struct m3_message message;
	int i;

	IS(m3_alloc(member, 2, M3_MAX_COPY, &buffer), 0);
	for (i = 0; i < COUNT; i++) {
		fill(buffer.data, sizes[i], i);
		message = message_of(1, "");
		memcpy(message.data, &buffer.address, sizeof(buffer.address));
		IS(m3_sendrec(member, 2, 1, &message, M3_FOREVER), 0);
		same(buffer.data, sizes[i], i + 100);
	}
	IS(m3_free(member, 2, &buffer), 0);
	m3_leave(member);
}

int main(int argc, char **argv)
{
	static uint8_t data[M3_MAX_COPY];
	struct m3_member *member;
	struct m3_message message;
	uint64_t address, copied;
	pid_t child;
	int i;

	begin(argc, argv);
	member = join_as(1);
	child = spawn(client);
	for (i = 0; i < COUNT; i++) {
		IS(m3_receive(member, 1, M3_ANY, &message, DEADLINE_MS), 0);
		memcpy(&address, message.data, sizeof(address));
		IS(m3_vcopy(member, 1, 2, address, M3_SELF, (uintptr_t)data,
			    sizes[i], M3_FOREVER, &copied),
		   0);
		IS(copied, sizes[i]);
		same(data, sizes[i], i);
		fill(data, sizes[i], i + 100);
		IS(m3_vcopy(member, 1, M3_SELF, (uintptr_t)data, 2, address,
			    sizes[i], M3_FOREVER, &copied),
		   0);
		IS(copied, sizes[i]);
		IS(m3_vcopy(member, 1, 2, address, M3_SELF, (uintptr_t)data,
			    M3_MAX_COPY + 1, M3_FOREVER, NULL),
		   -M3_ERANGE);
		IS(m3_vcopy(member, 1, 2, address + M3_MAX_COPY, M3_SELF,
			    (uintptr_t)data, 65536, M3_FOREVER, NULL),
		   -M3_EFAULT);
		IS(m3_reply(member, 1, 2, &message), 0);
		ok(names[i]);
	}
	ok("more than 1 MiB");
	reap(child);
	IS(m3_vcopy(member, 1, 2, address, M3_SELF, (uintptr_t)data, 1,
		    M3_FOREVER, NULL),
	   -M3_ESRCDIED);
	m3_leave(member);
	return 0;
}
