// SPDX-License-Identifier: MIT
/* Deadlines and NOWAIT of every call; a call that gave up leaves nothing. */
#include "check.h"

static long now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

#define TAKES_50_MS(call)                                 \
	do {                                              \
		long start_ = now_ms();                   \
		IS(call, -M3_ETIMEDOUT);                  \
		IS(now_ms() - start_ >= 50, 1);           \
		IS(now_ms() - start_ < DEADLINE_MS, 1);   \
	} while (0)

int main(int argc, char **argv)
{
	struct m3_message message = message_of(1, "");
	struct m3_member *member;

	begin(argc, argv);
	member = join_as(1);
	IS(m3_bind(member, 2), 0);
	TAKES_50_MS(m3_send(member, 1, 2, &message, 50));
	TAKES_50_MS(m3_sendrec(member, 1, 2, &message, 50));
	TAKES_50_MS(m3_receive(member, 1, M3_ANY, &message, 50));
	TAKES_50_MS(m3_receive(member, 1, 2, &message, 50));
	IS(m3_send(member, 1, 2, &message, M3_NOWAIT), -M3_EAGAIN);
	IS(m3_sendrec(member, 1, 2, &message, M3_NOWAIT), -M3_EAGAIN);
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), -M3_EAGAIN);
	IS(m3_receive(member, 2, M3_ANY, &message, M3_NOWAIT), -M3_EAGAIN);
	wait_flags(1, 0);
	wait_flags(2, 0);
	m3_leave(member);
	return 0;
}
