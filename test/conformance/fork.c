// SPDX-License-Identifier: MIT
/* A forked child cannot use its parent's handle; it may join for itself. */
#include "check.h"

static struct m3_member *inherited;

static void child(void)
{
	struct m3_message message = message_of(1, "");

	IS(m3_bind(inherited, 2), -M3_EFORKED);
	IS(m3_send(inherited, 1, 1, &message, M3_NOWAIT), -M3_EFORKED);
	m3_leave(inherited);
	m3_leave(join_as(2));
}

int main(int argc, char **argv)
{
	begin(argc, argv);
	inherited = join_as(1);
	reap(spawn(child));
	wait_flags(1, 0);
	IS(m3_bind(inherited, 2), 0);
	m3_leave(inherited);
	return 0;
}
