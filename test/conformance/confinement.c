// SPDX-License-Identifier: MIT
/*
 * Two DCs of one core share no endpoint: the same number is two processes, no
 * call, address or management of one reaches the other.
 */
#include "check.h"

static struct m3_node *node;
static struct m3_member *here, *there;
static int other;

static void start_other(void)
{
	struct m3_dc_params params = {
		.procs = 16, .tasks = 2, .arena_bytes = 1 << 20,
		.gid = (uint32_t)-1, .name = "other",
	};

	other = dc + 1;
	params.dc = (uint32_t)other;
	IS(m3_dc_init(node, &params), 0);
	IS(m3_join(dir, other, &there), 0);
}

/* Endpoint 1 in both; 2 in this one alone. */
static void same_endpoint(void)
{
	struct m3_message message = message_of(1, "");
	struct m3_proc_info a, b;

	IS(m3_bind(here, 1), 0);
	IS(m3_bind(there, 1), 0);
	IS(m3_bind(here, 2), 0);
	IS(m3_notify(here, 2, 1), 0);
	IS(m3_receive(there, 1, M3_ANY, &message, M3_NOWAIT), -M3_EAGAIN);
	IS(m3_receive(here, 1, M3_ANY, &message, M3_NOWAIT), 0);
	IS(m3_getprocinfo(node, dc, 1, &a), 0);
	IS(m3_getprocinfo(node, other, 1, &b), 0);
	IS(m3_unbind(there, 1), 0);
	IS(m3_getprocinfo(node, dc, 1, &a), 0);
	IS(a.rts_flags, 0);
	IS(m3_bind(there, 1), 0);
	ok("the same endpoint");
}

static void calls_stay_inside(void)
{
	struct m3_message message = message_of(1, "");

	IS(m3_send(there, 1, 2, &message, M3_NOWAIT), -M3_EDSTDIED);
	IS(m3_sendrec(there, 1, 2, &message, 50), -M3_EDEADSRCDST);
	IS(m3_receive(there, 1, 2, &message, M3_NOWAIT), -M3_ESRCDIED);
	IS(m3_notify(there, 1, 2), -M3_EDSTDIED);
	IS(m3_send(there, 2, 1, &message, M3_NOWAIT), -M3_ENOTBIND);
	IS(m3_unbind(there, 2), -M3_ENOTBIND);
	/* The other DC is smaller: its range is its own. */
	IS(m3_bind(here, 20), 0);
	IS(m3_bind(there, 20), -M3_ERANGE);
	IS(m3_bind(there, -3), -M3_ERANGE);
	ok("calls");
}

static void buffers_stay_inside(void)
{
	struct m3_message message = message_of(1, "");
	struct m3_buffer mine, theirs;
	uint8_t byte = 0;
	struct m3_call call = { .op = M3_OP_SENDREC, .self = 3, .peer = 1 };

	IS(m3_bind(there, 3), 0);
	IS(m3_alloc(here, 1, 4096, &mine), 0);
	IS(m3_alloc(there, 3, 64, &theirs), 0);
	IS(m3_free(there, 3, &mine), -M3_EFAULT);
	IS(m3_start(there, &call), M3_PENDING);
	IS(m3_receive(there, 1, 3, &message, M3_NOWAIT), 0);
	/* Addresses that lie in a buffer of the other DC alone. */
	IS(m3_vcopy(there, 1, 3, mine.address + 2048, M3_SELF,
		    (uintptr_t)&byte, 1, M3_NOWAIT, NULL),
	   -M3_EFAULT);
	IS(m3_vcopy(there, 1, 3, theirs.address, M3_SELF, (uintptr_t)&byte, 1,
		    M3_FOREVER, NULL),
	   0);
	IS(m3_reply(there, 1, 3, &message), 0);
	IS(m3_finish(there, &call), 0);
	ok("buffers");
}

static void management(void)
{
	struct m3_dc_info info;

	IS(m3_unbind_any(node, other, 2), -M3_ENOTBIND);
	IS(m3_unbind_any(node, other + 1, 2), -M3_EDCNOTRUN);
	IS(m3_unbind_any(node, -1, 2), -M3_EBADDCID);
	IS(m3_node_up(node, 4, "four"), 0);
	IS(m3_add_node(node, dc, 4), 0);
	IS(m3_dc_spans(node, dc, 4), 1);
	IS(m3_dc_spans(node, other, 4), 0);
	IS(m3_rmtbind(node, other, "far", 7, 4), -M3_ENODCNODE);
	IS(m3_rmtbind(node, dc, "far", 7, 4), 0);
	IS(m3_del_node(node, other, 4), -M3_EDCNODE);
	IS(m3_dc_end(node, other), 0);
	IS(m3_getdcinfo(node, dc, &info), 0);
	/* 1, 2 and 20 of this process, and the remote 7. */
	IS(info.bound, 4);
	IS(m3_check(node, dc), 0);
	IS(m3_unbind_any(node, dc, 7), 0);
	IS(m3_del_node(node, dc, 4), 0);
	ok("management");
}

int main(int argc, char **argv)
{
	begin(argc, argv);
	IS(m3_node_open(dir, &node), 0);
	here = join();
	start_other();
	same_endpoint();
	calls_stay_inside();
	buffers_stay_inside();
	management();
	m3_leave(there);
	m3_leave(here);
	m3_node_close(node);
	return 0;
}
