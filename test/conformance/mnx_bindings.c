// SPDX-License-Identifier: MIT
/*
 * Binding in the paper's names: by a parent, and waiting for it without knowing
 * the DC; waiting for others; privileges; wakeup.
 */
#include "mnx_check.h"

enum { PARENT = 1, CHILD = 2 };

/* Does not know its DC or endpoint before its parent binds it. */
static void child(void)
{
	message m = { .m_type = 5 };

	IS(mnx_getep(-1), EMOLNOTBIND);
	IS(mnx_wait4bind_T(DEADLINE_MS), CHILD);
	IS(mnx_wait4bind(), CHILD);
	IS(mnx_getep(-1), CHILD);
	IS(mnx_sendrec(PARENT, &m), OK);
	IS(mnx_receive(ANY, &m), EMOLWOKENUP);
	IS(mnx_send(PARENT, &m), EMOLBADCALL);
	IS(mnx_unbind(dcid, SELF), OK);
}

static void bindings(void)
{
	priv_usr_t priv;
	proc_usr_t proc;
	dc_usr_t dc;
	message m;
	pid_t pid;

	IS(mnx_getdcinfo(-1, &dc), EMOLNOTBIND);
	IS(mnx_getprocinfo(-1, CHILD, &proc), EMOLNOTBIND);
	IS(mnx_wait4bind_T(1), EMOLTIMEDOUT);
	IS(mnx_bind(dcid, PARENT), PARENT);
	IS(mnx_wait4bindep_T(CHILD, 1), EMOLTIMEDOUT);
	pid = spawn(child);
	IS(mnx_lclbind(dcid, pid, CHILD), CHILD);
	IS(mnx_wait4bindep_T(CHILD, DEADLINE_MS), CHILD);
	IS(mnx_getep(pid), CHILD);
	IS(mnx_getdcinfo(-1, &dc), OK);
	IS(dc.dc_dcid, dcid);
	IS(mnx_getprocinfo(-1, CHILD, &proc), OK);
	IS(proc.p_lpid, pid);
	IS(mnx_receive(CHILD, &m), OK);
	IS(mnx_getpriv(dcid, CHILD, &priv), OK);
	priv.priv_dvk_allowed &= ~(1ull << M3_CALL_SEND);
	IS(mnx_setpriv(dcid, CHILD, &priv), OK);
	IS(mnx_reply(CHILD, &m), OK);
	wait_flags(CHILD, RECEIVING);
	IS(mnx_wakeup(dcid, CHILD), OK);
	IS(mnx_wait4unbind_T(CHILD, DEADLINE_MS), OK);
	reap(pid);
	IS(mnx_unbind_T(dcid, PARENT, DEADLINE_MS), OK);
	IS(mnx_bind(dcid, -4), -4);
	IS(mnx_unbind(dcid, SELF), OK);
}

int main(int argc, char **argv)
{
	begin(argc, argv);
	bindings();
	return 0;
}
