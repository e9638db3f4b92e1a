/* SPDX-License-Identifier: MIT */
/*
 * Two nodes inside the folder that a program is given, or on devices behind the
 * one that it is given (check.h), each with a sender and a receiver proxy that are processes of their own, as the guide's example has
 * them: get2rmt, send the header, send the payload / receive both, put2lcl.
 * SIGUSR1 makes a sender disconnect and connect again.
 */
#ifndef M3IPC_MNX_NODES_H
#define M3IPC_MNX_NODES_H

#include "mnx_check.h"
#include <sys/socket.h>

static char dirs[2][PATH_MAX];
static int sockets[2][2]; /* of direction i: from node i to the other */
static volatile sig_atomic_t cut;

static void on_cut(int number)
{
	(void)number;
	cut = 1;
}

static inline void node_is(int id)
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

static inline void sender(int id)
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

static inline void receiver(int id)
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

static inline void start_node(const char *dir, int id)
{
	dc_usr_t dc = { .dc_dcid = 1, .dc_warn2proc = NONE, .dc_name = "dc" };

	name_core(dirs[id], dir, id);
	node_is(id);
	IS(mnx_dvs_init(id, NULL), id);
	IS(mnx_dc_init(&dc), id);
}

static inline void start_proxies(int id, pid_t pids[2])
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

static inline void wait_connected(int id)
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

static inline void stop_node(int id)
{
	node_is(id);
	IS(mnx_proxies_unbind(1 - id), OK);
	IS(mnx_dvs_end(), OK);
}

/* Both, connected; `pids` gets sender and receiver of each. */
static inline void start_nodes(const char *dir, pid_t pids[4])
{
	struct sigaction action = { .sa_handler = on_cut };
	int i;

	sigaction(SIGUSR1, &action, NULL);
	for (i = 0; i < 2; i++) {
		IS(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets[i]), 0);
		start_node(dir, i);
	}
	for (i = 0; i < 2; i++)
		start_proxies(i, pids + 2 * i);
	for (i = 0; i < 2; i++)
		wait_connected(i);
}

static inline void stop_nodes(const pid_t pids[4])
{
	int i;

	for (i = 0; i < 2; i++)
		stop_node(i);
	for (i = 0; i < 4; i++)
		waitpid(pids[i], NULL, 0);
}

#endif
