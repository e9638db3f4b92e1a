// SPDX-License-Identifier: MIT
/*
 * Calls between two nodes whose proxies are written in the paper's names. The
 * connections are cut and made again in the middle: nothing is lost.
 */
#include "mnx_nodes.h"

enum { CLIENT = 1, SERVER = 2, CALLS = 400 };

static void server(void)
{
	message m;
	int i;

	node_is(1);
	IS(mnx_bind(1, SERVER), SERVER);
	for (i = 0; i < CALLS; i++) {
		IS(mnx_receive(ANY, &m), OK);
		IS(m.m1_i1, i);
		m.m_type = 100 + m.m_type;
		IS(mnx_reply(CLIENT, &m), OK);
		IS(mnx_notify(CLIENT), OK);
	}
	IS(mnx_receive(CLIENT, &m), OK);
	IS(m.m_type, 7);
}

static void client(pid_t *proxies)
{
	message m;
	int i;

	node_is(0);
	IS(mnx_bind(1, CLIENT), CLIENT);
	IS(mnx_rmtbind(1, "server", SERVER, 1), SERVER);
	for (i = 0; i < CALLS; i++) {
		if (i % 100 == 50)
			kill(proxies[i % 200 == 50 ? 0 : 2], SIGUSR1);
		m.m_type = 1;
		m.m1_i1 = i;
		IS(mnx_sendrec_T(SERVER, &m, 4 * DEADLINE_MS), OK);
		IS(m.m_type, 101);
		IS(m.m1_i1, i);
	}
	IS(mnx_receive_T(SERVER, &m, DEADLINE_MS), OK);
	IS(m.m_type, NOTIFY_MESSAGE | SERVER);
	m.m_type = 7;
	IS(mnx_send_T(SERVER, &m, DEADLINE_MS), OK);
	IS(mnx_unbind(1, SELF), OK);
}

int main(int argc, char **argv)
{
	pid_t pids[4], serving;

	begin(argc, argv);
	start_nodes(argv[1], pids);
	serving = spawn(server);
	node_is(1);
	wait_flags(SERVER, RECEIVING);
	client(pids);
	reap(serving);
	stop_nodes(pids);
	return 0;
}
