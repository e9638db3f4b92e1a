// SPDX-License-Identifier: MIT
/*
 * Two nodes in the paper's names, each with a sender and a receiver proxy,
 * which are processes of their own, as the guide's example has them: get2rmt,
 * send the header, send the payload / receive both, put2lcl. The connections
 * are cut and made again in the middle of the traffic: nothing is lost.
 */
#include "mnx_check.h"
#include <sys/socket.h>

enum { CLIENT = 1, SERVER = 2, CALLS = 400, COPY = 200000 };

static char dirs[2][PATH_MAX];
static int sockets[2][2]; /* of direction i: from node i to the other */
static volatile sig_atomic_t cut;

static void on_cut(int number)
{
	(void)number;
	cut = 1;
}

static void node_is(int id)
{
	setenv("M3IPC_DIR", dirs[id], 1);
}

static int write_all(int fd, const void *data, size_t size)
{
	const char *at = data;
	ssize_t n;

	for (; size; at += n, size -= (size_t)n) {
		n = send(fd, at, size, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return -1;
	}
	return 0;
}

static int read_all(int fd, void *data, size_t size)
{
	char *at = data;
	ssize_t n;

	for (; size; at += n, size -= (size_t)n) {
		n = recv(fd, at, size, 0);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			return -1;
	}
	return 0;
}

static void sender(int id)
{
	static proxy_payload_t payload;
	proxy_hdr_t hdr;
	int ret;

	node_is(id);
	IS(mnx_wait4bind_T(DEADLINE_MS), NONE);
	IS(mnx_proxy_conn(1 - id, CONNECT_SPROXY), OK);
	while (1) {
		ret = mnx_get2rmt(&hdr, &payload);
		if (ret == EMOLTIMEDOUT || ret == EMOLINTR)
			continue;
		if (ret == EMOLNOPROXY)
			exit(0); /* unbound */
		IS(ret, OK);
		IS(hdr.c_len > 0 && hdr.c_len <= (int)MAXCOPYBUF, 1);
		if (write_all(sockets[id][0], &hdr, sizeof(hdr)) ||
		    write_all(sockets[id][0], payload.pay_data,
			      (size_t)hdr.c_len))
			exit(0);
		if (cut) {
			/* As if the connection broke, and a new one came. */
			cut = 0;
			IS(mnx_proxy_conn(1 - id, DISCONNECT_SPROXY), OK);
			IS(mnx_get2rmt(&hdr, &payload), EMOLNOTCONN);
			IS(mnx_proxy_conn(1 - id, CONNECT_SPROXY), OK);
		}
	}
}

static void receiver(int id)
{
	static proxy_payload_t payload;
	proxy_hdr_t hdr;
	int ret;

	node_is(id);
	IS(mnx_wait4bind_T(DEADLINE_MS), NONE);
	IS(mnx_put2lcl(&(proxy_hdr_t){ .c_cmd = CMD_SEND_MSG }, &payload),
	   EMOLNOTCONN);
	IS(mnx_proxy_conn(1 - id, CONNECT_RPROXY), OK);
	while (!read_all(sockets[1 - id][1], &hdr, sizeof(hdr)) &&
	       !read_all(sockets[1 - id][1], payload.pay_data,
			 (size_t)hdr.c_len)) {
		ret = mnx_put2lcl(&hdr, &payload);
		if (ret == EMOLNOPROXY)
			break;
		/* Of a DC that does not span that node here yet. */
		IS(ret == OK || ret == EMOLNODCNODE, 1);
	}
	exit(0);
}

static void start_node(const char *dir, int id)
{
	dc_usr_t dc = { .dc_dcid = 1, .dc_warn2proc = NONE, .dc_name = "dc" };

	snprintf(dirs[id], sizeof(dirs[id]), "%s/node%d", dir, id);
	node_is(id);
	IS(mnx_dvs_init(id, NULL), id);
	IS(mnx_dc_init(&dc), id);
}

static void start_proxies(int id, pid_t pids[2])
{
	void (*halves[2])(int) = { sender, receiver };
	int i;

	for (i = 0; i < 2; i++) {
		pids[i] = fork_here();
		if (pids[i] == 0)
			halves[i](id);
	}
	node_is(id);
	IS(mnx_proxies_bind("other", 1 - id, pids[0], pids[1], MAXCOPYBUF),
	   OK);
	IS(mnx_node_up("other", 1 - id, 1 - id), OK);
	IS(mnx_add_node(1, 1 - id), OK);
}

static void wait_connected(int id)
{
	node_usr_t node = { .n_flags = 0 };
	int i;

	node_is(id);
	for (i = 0; i < DEADLINE_MS && !(node.n_flags & NODE_RCONNECTED); i++) {
		IS(mnx_getnodeinfo(1 - id, &node), OK);
		pause_1ms();
	}
	IS(node.n_flags & NODE_RCONNECTED, NODE_RCONNECTED);
}

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

static void stop_node(int id)
{
	node_is(id);
	IS(mnx_proxies_unbind(1 - id), OK);
	IS(mnx_dvs_end(), OK);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_cut };
	pid_t pids[4], serving;
	int i;

	begin(argc, argv);
	sigaction(SIGUSR1, &action, NULL);
	for (i = 0; i < 2; i++) {
		IS(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets[i]), 0);
		start_node(argv[1], i);
	}
	start_proxies(0, pids);
	start_proxies(1, pids + 2);
	wait_connected(0);
	wait_connected(1);
	serving = spawn(server);
	node_is(1);
	wait_flags(SERVER, RECEIVING);
	client(pids);
	reap(serving);
	for (i = 0; i < 2; i++)
		stop_node(i);
	for (i = 0; i < 4; i++)
		waitpid(pids[i], NULL, 0);
	return 0;
}
