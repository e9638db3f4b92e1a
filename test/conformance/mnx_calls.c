// SPDX-License-Identifier: MIT
/*
 * The communication calls in the paper's names: each with and without a
 * deadline, notifications in other names, relay.
 */
#include "mnx_check.h"

enum { SERVER = 1, CLIENT = 2, WORKER = 3 };

static void client(void)
{
	message m = { .m_type = 10 };

	IS(mnx_send(SERVER, &m), EMOLNOTBIND);
	IS(mnx_bind(dcid, CLIENT), CLIENT);
	IS(mnx_bind(dcid, CLIENT + 10), EMOLSLOTUSED);
	m.m1_i1 = 1;
	m.m1_p1 = (char *)&m;
	IS(mnx_send(SERVER, &m), OK);
	IS(m.m_source, CLIENT);
	m.m_type = 11;
	IS(mnx_send_T(SERVER, &m, DEADLINE_MS), OK);
	m.m_type = 12;
	IS(mnx_sendrec(SERVER, &m), OK);
	IS(m.m_source, SERVER);
	IS(m.m2_l1, 1234567);
	m.m_type = 13;
	IS(mnx_sendrec_T(SERVER, &m, DEADLINE_MS), OK);
	IS(m.m_type, 130);
	/* Handed on: the worker answers. */
	m.m_type = 14;
	IS(mnx_sendrec(SERVER, &m), OK);
	IS(m.m_source, WORKER);
	IS(m.m_type, 140);
	IS(mnx_notify(SERVER), OK);
	IS(mnx_ntfy_value(SELF, SERVER, 3), OK);
	IS(mnx_ntfy_value(SELF, SERVER, 32), EMOLBADVALUE);
	m.m_type = 15;
	IS(mnx_sendrec(SERVER, &m), OK);
	/* The worker's second reply finds it bound, but not waiting. */
	IS(mnx_wait4unbind_T(WORKER, DEADLINE_MS), OK);
	IS(mnx_unbind(dcid, SELF), OK);
	IS(mnx_receive(ANY, &m), EMOLNOTBIND);
}

static void worker(void)
{
	message m;
	int again;

	IS(mnx_bind(dcid, WORKER), WORKER);
	IS(mnx_rcvrqst_T(&m, DEADLINE_MS), OK);
	IS(m.m_source, CLIENT);
	m.m_type = 140;
	IS(mnx_reply(CLIENT, &m), OK);
	/* It goes on meanwhile, perhaps to its end. */
	again = mnx_reply(CLIENT, &m);
	IS(again == EMOLPROCSTS || again == EMOLDSTDIED, 1);
}

static void messages(void)
{
	message m;

	IS(mnx_receive(ANY, &m), OK);
	IS(m.m_source, CLIENT);
	IS(m.m_type, 10);
	IS(m.m1_i1, 1);
	IS(m.m1_p1 != NULL, 1);
	IS(mnx_receive_T(CLIENT, &m, DEADLINE_MS), OK);
	IS(m.m_type, 11);
	IS(mnx_rcvrqst(&m), OK);
	IS(m.m_type, 12);
	m.m2_l1 = 1234567;
	IS(mnx_reply(CLIENT, &m), OK);
	IS(mnx_receive(ANY, &m), OK);
	m.m_type = 130;
	/* As in the paper, a server may also answer with a send. */
	IS(mnx_send(CLIENT, &m), OK);
	IS(mnx_receive(ANY, &m), OK);
	IS(m.m_type, 14);
	IS(mnx_relay(CLIENT, &m), EMOLENDPOINT);
	IS(mnx_relay(WORKER, &m), OK);
	IS(mnx_relay(WORKER, &m), EMOLPROCSTS);
}

static void notifications(void)
{
	message m;

	IS(mnx_rcvrqst(&m), OK);
	IS(m.m_type, 15);
	IS(mnx_receive(ANY, &m), OK);
	IS(m.m_source, CLIENT);
	IS(m.m_type, NOTIFY_MESSAGE | CLIENT);
	IS(m.m9_l1, 1 << 3);
	IS(m.m9_t1.tv_sec > 1700000000, 1);
	IS(m.m9_t1.tv_nsec >= 0 && m.m9_t1.tv_nsec < 1000000000, 1);
	IS(mnx_hdw_notify(dcid, SERVER), OK);
	IS(mnx_receive(ANY, &m), OK);
	IS(m.m_source, HARDWARE);
	m.m_type = 150;
	IS(mnx_reply(CLIENT, &m), OK);
}

int main(int argc, char **argv)
{
	message m = { .m_type = 1 };
	pid_t clients[2];

	begin(argc, argv);
	IS(mnx_bind(dcid, SERVER), SERVER);
	IS(mnx_send(SERVER, &m), EMOLENDPOINT);
	IS(mnx_send(CLIENT, &m), EMOLDSTDIED);
	IS(mnx_sendrec(CLIENT, &m), EMOLDEADSRCDST);
	IS(mnx_sendrec(CLIENT, &m), EDVSDEADSRCDST);
	IS(mnx_receive_T(ANY, &m, 1), EMOLTIMEDOUT);
	IS(mnx_receive_T(ANY, &m, TIMEOUT_NOWAIT), EMOLAGAIN);
	clients[0] = spawn(client);
	clients[1] = spawn(worker);
	wait_flags(WORKER, RECEIVING);
	messages();
	notifications();
	reap(clients[0]);
	reap(clients[1]);
	IS(mnx_unbind(dcid, SERVER), OK);
	return 0;
}
