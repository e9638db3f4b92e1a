// SPDX-License-Identifier: MIT
/* TIPC between two sockets of one node: streams on a service address. */
#include "local.h"
#include <errno.h>
#include <linux/tipc.h>
#include <sys/socket.h>
#include <unistd.h>

#define SERVICE 0x4d33b000u /* type; the instance is this process's id */

static int listen_on(struct sockaddr_tipc *at)
{
	int fd = socket(AF_TIPC, SOCK_STREAM, 0);

	*at = (struct sockaddr_tipc){
		.family = AF_TIPC,
		.addrtype = TIPC_SERVICE_ADDR,
		.scope = TIPC_NODE_SCOPE,
		.addr.name.name = { .type = SERVICE,
				    .instance = (uint32_t)getpid() },
	};
	if (fd < 0)
		return fails("TIPC");
	if (bind(fd, (struct sockaddr *)at, sizeof(*at)) || listen(fd, 1)) {
		close(fd);
		return fails("bind");
	}
	return fd;
}

static int prepare(struct pair *p)
{
	struct sockaddr_tipc at;
	int listener = listen_on(&at), near, far;

	if (listener < 0)
		return -1;
	near = socket(AF_TIPC, SOCK_STREAM, 0);
	if (near < 0 || connect(near, (struct sockaddr *)&at, sizeof(at)))
		return fails("connect");
	far = accept(listener, NULL, NULL);
	close(listener);
	if (far < 0)
		return fails("accept");
	use_both_ways(p, CLIENT_SIDE, near);
	use_both_ways(p, SERVER_SIDE, far);
	return 0;
}

const struct mechanism tipc = { .name = "tipc",
				.about = "TIPC within one node, a stream",
				.prepare = prepare,
				.send = send_all, .receive = receive_all };
