// SPDX-License-Identifier: MIT
/* What each call answers to arguments that it cannot serve. */
#include "check.h"

int main(int argc, char **argv)
{
	struct m3_message message = message_of(1, "");
	struct m3_member *member, *none;
	struct m3_buffer buffer;

	begin(argc, argv);
	IS(m3_join(dir, 31, &none), -M3_EDCNOTRUN);
	IS(m3_join(dir, 5000, &none), -M3_EBADDCID);
	IS(m3_join("/nonexistent", dc, &none), -M3_ENOENT);
	IS(m3_join("/", dc, &none), -M3_EDVSINIT);
	member = join_as(1);
	IS(m3_bind(member, 1), -M3_ESLOTUSED);
	IS(m3_bind(member, 100000), -M3_ERANGE);
	IS(m3_bind(member, -100000), -M3_ERANGE);
	IS(m3_send(member, 1, 100000, &message, M3_NOWAIT), -M3_ERANGE);
	IS(m3_send(member, 1, 1, &message, M3_NOWAIT), -M3_EENDPOINT);
	IS(m3_send(member, 1, 2, &message, M3_NOWAIT), -M3_EDSTDIED);
	IS(m3_sendrec(member, 1, 2, &message, M3_NOWAIT), -M3_EDEADSRCDST);
	IS(m3_receive(member, 1, 2, &message, M3_NOWAIT), -M3_ESRCDIED);
	IS(m3_receive(member, 1, 1, &message, M3_NOWAIT), -M3_EENDPOINT);
	IS(m3_notify(member, 1, 2), -M3_EDSTDIED);
	IS(m3_reply(member, 1, 2, &message), -M3_EDSTDIED);
	IS(m3_send(member, 3, 1, &message, M3_NOWAIT), -M3_ENOTBIND);
	IS(m3_unbind(member, 3), -M3_ENOTBIND);
	IS(m3_alloc(member, 1, 0, &buffer), -M3_EINVAL);
	IS(m3_alloc(member, 1, 1ull << 40, &buffer), -M3_EALLOCMEM);
	IS(m3_alloc(member, 1, 4096, &buffer), 0);
	IS(m3_free(member, 1, &buffer), 0);
	IS(m3_free(member, 1, &buffer), -M3_EFAULT);
	m3_leave(member);
	IS(strcmp(m3_strerror(-M3_EDSTDIED), "EDSTDIED"), 0);
	IS(strcmp(m3_strerror(M3_EDSTDIED), "EDSTDIED"), 0);
	IS(strlen(m3_cause(-M3_EDSTDIED)) > 0, 1);
	IS(m3_strerror(-999) != NULL && m3_cause(-999) != NULL, 1);
	return 0;
}
