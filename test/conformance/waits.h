/* SPDX-License-Identifier: MIT */
/*
 * The calls that wait, of endpoint 1, alike: for programs that end each of
 * them in some way. Endpoint 2 is bound and says nothing; 5 is not bound.
 */
#ifndef M3IPC_WAITS_H
#define M3IPC_WAITS_H

#include "check.h"

static inline int do_receive(struct m3_member *member,
			     struct m3_message *message)
{
	return m3_receive(member, 1, M3_ANY, message, DEADLINE_MS);
}

static inline int do_send(struct m3_member *member,
			  struct m3_message *message)
{
	return m3_send(member, 1, 2, message, DEADLINE_MS);
}

static inline int do_sendrec(struct m3_member *member,
			     struct m3_message *message)
{
	return m3_sendrec(member, 1, 2, message, DEADLINE_MS);
}

static inline int do_rcvrqst(struct m3_member *member,
			     struct m3_message *message)
{
	return m3_rcvrqst(member, 1, message, DEADLINE_MS);
}

static inline int do_wait4bindep(struct m3_member *member,
				 struct m3_message *message)
{
	(void)message;
	return m3_wait4bindep(member, 1, 5, DEADLINE_MS);
}

static inline int do_wait4unbind(struct m3_member *member,
				 struct m3_message *message)
{
	(void)message;
	return m3_wait4unbind(member, 1, 2, DEADLINE_MS);
}

#endif
