// SPDX-License-Identifier: MIT
/* A pending notification of an endpoint that unbinds is removed. */
#include "check.h"

int main(int argc, char **argv)
{
	struct m3_member *member;
	struct m3_message message;

	begin(argc, argv);
	member = join_as(1);
	IS(m3_bind(member, 2), 0);
	IS(m3_notify(member, 2, 1), 0);
	IS(m3_unbind(member, 2), 0);
	IS(m3_receive(member, 1, M3_ANY, &message, M3_NOWAIT), -M3_EAGAIN);
	m3_leave(member);
	return 0;
}
