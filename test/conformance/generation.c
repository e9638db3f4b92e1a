// SPDX-License-Identifier: MIT
/* A binding is told apart from the one before it. */
#include "check.h"

static uint64_t binding_of(int ep)
{
	struct m3_proc_info info;
	struct m3_node *node;

	IS(m3_node_open(dir, &node), 0);
	IS(m3_getprocinfo(node, dc, ep, &info), 0);
	m3_node_close(node);
	return info.binding;
}

int main(int argc, char **argv)
{
	struct m3_member *member;
	uint64_t first;

	begin(argc, argv);
	member = join_as(1);
	first = binding_of(1);
	IS(first != 0, 1);
	IS(m3_unbind(member, 1), 0);
	IS(m3_bind(member, 1), 0);
	IS(binding_of(1) != first, 1);
	m3_leave(member);
	return 0;
}
