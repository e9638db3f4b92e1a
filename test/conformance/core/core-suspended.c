// SPDX-License-Identifier: MIT
/*
 * A member that is stopped while it holds the DC's lock: who has a proxy to run
 * or manages the node gets ESUSPENDED within a bound, and nothing is half done
 * (protocol 14). Its death, or its going on, ends that.
 */
#include "rig.h"
#include <lib/lib.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define BOUND_MS 3000

/* A process that stops inside; 0 if it is to be the child. */
static pid_t holder(struct rig_node *n)
{
	struct m3_section s;
	struct m3_member *m;
	pid_t pid = fork();
	int status;

	MUST(pid >= 0);
	if (pid == 0) {
		m = rig_join(n, M3_NONE);
		SAME(m3_begin(m->map, &s, M3_LOCK_FOREVER), 0);
		raise(SIGSTOP);
		m3_end(&s);
		m3_leave(m);
		_exit(0);
	}
	SAME(waitpid(pid, &status, WUNTRACED), pid);
	MUST(WIFSTOPPED(status));
	return pid;
}

static void suspended(struct rig_node *a, struct rig_node *b, int killed)
{
	static char frame[M3_FRAME_BYTES];
	struct m3_node_info info;
	unsigned long start;
	uint32_t count;
	pid_t pid = holder(a);
	int status;

	start = rig_now();
	SAME(m3_proxy_take(a->proxy, RIG_DC, M3_LANE_NORMAL, frame,
			   sizeof(frame), &count), -M3_ESUSPENDED);
	MUST(rig_now() - start < BOUND_MS);
	SAME(m3_check(a->core, RIG_DC), -M3_ESUSPENDED);
	SAME(m3_unbind_any(a->core, RIG_DC, 1), -M3_ESUSPENDED);
	/* A node is not detached as long as a DC still spans it. */
	SAME(m3_node_down(a->core, 1), -M3_ESUSPENDED);
	SAME(m3_getnodeinfo(a->core, 1, &info), 0);
	MUST(info.flags & M3_NODE_ATTACHED);
	SAME(m3_dc_spans(a->core, RIG_DC, 1), 1);
	SAME(kill(pid, killed ? SIGKILL : SIGCONT), 0);
	SAME(waitpid(pid, &status, 0), pid);
	MUST(killed ? WIFSIGNALED(status) : WIFEXITED(status));
	SOUND(a);
	SAME(rig_settle(a, b), 0);
	SAME(m3_proxy_take(a->proxy, RIG_DC, M3_LANE_NORMAL, frame,
			   sizeof(frame), &count), 0);
}

int main(void)
{
	struct rig_node a, b;

	rig_embedded_only("nobody can be stopped while he holds a lock "
			  "of the kernel's core");
	alarm(100);
	rig_start(&a, 0);
	rig_start(&b, 1);
	rig_pair(&a, &b);
	suspended(&a, &b, 0);
	suspended(&a, &b, 1);
	SAME(m3_node_down(a.core, 1), 0);
	rig_stop(&a);
	rig_stop(&b);
	rig_ok("a stopped holder of the lock");
	return 0;
}
