// SPDX-License-Identifier: MIT
/*
 * What a call gets whose endpoint migrates: it waits, visibly, within its own
 * deadline; without waiting it gets EAGAIN; signals and the end of the DC end
 * it. After a rollback all goes on.
 */
#include "rig.h"
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define E 10
#define P 11
#define Q 12
#define TXN 5

static struct rig_node node;
static struct m3_member *owner, *caller;

static struct m3_proc_info state(int ep)
{
	struct m3_proc_info info;

	SAME(m3_getprocinfo(node.core, RIG_DC, ep, &info), 0);
	return info;
}

static void begin(void)
{
	rig_start(&node, 0);
	owner = rig_join(&node, E);
	caller = rig_join(&node, P);
	SAME(m3_migr_start(node.core, RIG_DC, E, -1, TXN, 0), 0);
	SAME((long)state(E).rts_flags, M3_RTS_MIGRATE);
}

static void thaw(void)
{
	SAME(m3_migr_rollback(node.core, RIG_DC, E, TXN), 0);
	SAME((long)state(E).rts_flags, 0);
}

static void end(void)
{
	SOUND(&node);
	m3_leave(owner);
	m3_leave(caller);
	rig_stop(&node);
}

static void deadlines(void)
{
	struct m3_message message = rig_message(7, 0, 0);
	unsigned long start = rig_now();

	begin();
	SAME(m3_send(caller, P, E, &message, 50), -M3_ETIMEDOUT);
	SAME(m3_sendrec(caller, P, E, &message, 50), -M3_ETIMEDOUT);
	MUST(rig_now() - start >= 100);
	SAME((long)state(P).rts_flags, 0);
	thaw();
	SAME(m3_receive(owner, E, M3_ANY, &message, 0), -M3_EAGAIN);
	end();
	rig_ok("deadline");
}

static void no_wait(void)
{
	struct m3_message message = rig_message(7, 0, 0);

	begin();
	SAME(m3_send(caller, P, E, &message, 0), -M3_EAGAIN);
	SAME(m3_sendrec(caller, P, E, &message, 0), -M3_EAGAIN);
	SAME((long)state(P).rts_flags, 0);
	thaw();
	SAME(m3_receive(owner, E, M3_ANY, &message, 0), -M3_EAGAIN);
	end();
	rig_ok("no wait");
}

/* What has no call to wait in is kept, or refused. */
static void others(void)
{
	struct m3_message message;
	struct m3_buffer buffer;
	uint64_t granted;

	begin();
	/* Its memory is its own affair. */
	SAME(m3_alloc(owner, E, 100, &buffer), 0);
	SAME(m3_grant(owner, E, P, buffer.address, 100, M3_GRANT_READ,
		      &granted), 0);
	SAME(m3_revoke(owner, E, granted), 0);
	SAME(m3_free(owner, E, &buffer), 0);
	SAME(m3_notify(caller, P, E), 0);
	SAME(m3_wakeup(node.core, RIG_DC, E), -M3_EMIGRATE);
	SAME(m3_hdw_notify(node.core, RIG_DC, E), -M3_EMIGRATE);
	thaw();
	SAME(m3_receive(owner, E, M3_ANY, &message, 0), 0);
	SAME(message.type, M3_NOTIFY_MESSAGE | P);
	SAME(m3_receive(owner, E, M3_ANY, &message, 0), -M3_EAGAIN);
	end();
	rig_ok("notify, wakeup, hdw_notify");
}

static void waits_for(int expected)
{
	struct m3_message message = rig_message(7, 0, 0);
	struct m3_member *m = rig_join(&node, P + 1);

	SAME(m3_send(m, P + 1, E, &message, 5000), expected);
	m3_leave(m);
	_exit(0);
}

static void on_signal(int number)
{
	(void)number;
}

static pid_t sender(int expected)
{
	struct sigaction action;
	pid_t pid = fork();

	MUST(pid >= 0);
	if (!pid) {
		memset(&action, 0, sizeof(action));
		action.sa_handler = on_signal;
		sigaction(SIGUSR1, &action, NULL);
		waits_for(expected);
	}
	rig_until(&node, P + 1, M3_RTS_WAITMIGR);
	SAME(state(P + 1).waitmigr, E);
	return pid;
}

static void ended(pid_t pid)
{
	int status;

	SAME(waitpid(pid, &status, 0), pid);
	SAME(status, 0);
}

static void interrupted(void)
{
	unsigned long end_at = rig_now() + 5000;
	int status;
	pid_t pid;

	begin();
	pid = sender(-M3_EINTR);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		MUST(rig_now() < end_at);
		SAME(kill(pid, SIGUSR1), 0);
		rig_sleep(1000);
	}
	SAME(status, 0);
	thaw();
	end();
	rig_ok("signal");
}

static void killed(void)
{
	struct m3_message message;
	pid_t pid;

	begin();
	pid = sender(0);
	SAME(kill(pid, SIGKILL), 0);
	SAME(waitpid(pid, NULL, 0), pid);
	SAME(m3_sweep(node.core), rig_left(1));
	thaw();
	SAME(m3_receive(owner, E, M3_ANY, &message, 0), -M3_EAGAIN);
	end();
	rig_ok("the caller is killed");
}

static void dc_ends(void)
{
	pid_t pid;

	begin();
	pid = sender(-M3_EDCNOTRUN);
	SAME(m3_dc_end(node.core, RIG_DC), 0);
	ended(pid);
	m3_leave(owner);
	m3_leave(caller);
	rig_stop(&node);
	rig_ok("dc_end");
}

/* Who waits for it is told of its end. */
static void unbound(void)
{
	pid_t pid;

	begin();
	pid = sender(-M3_EDSTDIED);
	SAME(m3_unbind_any(node.core, RIG_DC, E), 0);
	ended(pid);
	SAME((long)state(E).rts_flags, M3_RTS_SLOT_FREE);
	end();
	rig_ok("it is unbound");
}

/* What E's wait is for: Q to be bound, or P to be unbound. */
static int awaited(int op)
{
	return op == M3_OP_WAITBIND ? Q : P;
}

static void come_true(int op)
{
	if (op == M3_OP_WAITBIND)
		SAME(m3_bind(caller, Q), 0);
	else
		SAME(m3_unbind(caller, P), 0);
}

/* It begins to wait when it goes on, whoever is bound before. */
static void waits_later(int op)
{
	struct m3_call wait;

	begin();
	rig_start_call(owner, &wait, op, E, awaited(op), 0, M3_PENDING);
	SAME(m3_bind(caller, Q + 1), 0);
	SAME(m3_finish(owner, &wait), M3_PENDING);
	SOUND(&node);
	thaw();
	SAME(m3_finish(owner, &wait), M3_PENDING);
	come_true(op);
	SAME(m3_finish(owner, &wait), 0);
	end();
}

/* Its wait is over, and that is held back from it, and not over twice. */
static void waits_no_more(int op)
{
	struct m3_call wait;

	begin();
	thaw();
	rig_start_call(owner, &wait, op, E, awaited(op), 0, M3_PENDING);
	SAME(m3_migr_start(node.core, RIG_DC, E, -1, TXN + 1, 0), 0);
	come_true(op);
	SAME(m3_bind(caller, Q + 1), 0);
	SAME(m3_finish(owner, &wait), M3_PENDING);
	SOUND(&node);
	SAME(m3_migr_rollback(node.core, RIG_DC, E, TXN + 1), 0);
	SAME(m3_finish(owner, &wait), 0);
	end();
}

/* It is unbound before it could begin, or before it was told. */
static void never_waits(int op, int held_back)
{
	struct m3_call wait;

	begin();
	if (held_back)
		thaw();
	rig_start_call(owner, &wait, op, E, awaited(op), 0, M3_PENDING);
	if (held_back) {
		SAME(m3_migr_start(node.core, RIG_DC, E, -1, TXN + 1, 0), 0);
		come_true(op);
	}
	SAME(m3_unbind_any(node.core, RIG_DC, E), 0);
	SAME(m3_finish(owner, &wait), -M3_ESHUTDOWN);
	end();
}

static void own_waits(void)
{
	int op;

	for (op = M3_OP_WAITBIND; op <= M3_OP_WAITUNBIND; op++) {
		waits_later(op);
		waits_no_more(op);
		never_waits(op, 0);
		never_waits(op, 1);
	}
	rig_ok("its own wait4bindep, wait4unbind");
}

int main(void)
{
	deadlines();
	no_wait();
	others();
	interrupted();
	killed();
	dc_ends();
	unbound();
	own_waits();
	return 0;
}
