// SPDX-License-Identifier: MIT
/* Descriptors that carry bytes or packets: pipes, FIFOs, sockets. */
#include "local.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOCKET_BYTES (4 << 20)
#define UDP_BYTES 65000u /* 65,507 is IPv4's limit */

int send_all(struct pair *p, enum side from, void *data, uint32_t bytes)
{
	char *at = data;
	ssize_t n;

	while (bytes) {
		n = write(p->fd[from][WRITE], at, bytes);
		if (n <= 0)
			return fails("write");
		at += n;
		bytes -= (uint32_t)n;
	}
	return 0;
}

int receive_all(struct pair *p, enum side to, void *data,
		       uint32_t bytes)
{
	char *at = data;
	ssize_t n;

	while (bytes) {
		n = read(p->fd[to][READ], at, bytes);
		if (n <= 0)
			return fails("read");
		at += n;
		bytes -= (uint32_t)n;
	}
	return 0;
}

void use_both_ways(struct pair *p, enum side side, int fd)
{
	p->fd[side][READ] = fd;
	p->fd[side][WRITE] = fd;
}

/* ------------------------------------------------- pipes and FIFOs */

static int pipe_prepare(struct pair *p)
{
	int request[2], reply[2];

	if (pipe(request) || pipe(reply))
		return fails("pipe");
	p->fd[SERVER_SIDE][READ] = request[0];
	p->fd[CLIENT_SIDE][WRITE] = request[1];
	p->fd[CLIENT_SIDE][READ] = reply[0];
	p->fd[SERVER_SIDE][WRITE] = reply[1];
	return 0;
}

/* Opened for reading and writing first, so that nobody waits for anybody. */
static int fifo_open(const char *name, int *reader, int *writer)
{
	if (mkfifo(name, 0600))
		return fails("mkfifo");
	*reader = open(name, O_RDWR);
	*writer = open(name, O_WRONLY);
	unlink(name);
	return *reader < 0 || *writer < 0 ? fails("open") : 0;
}

static int fifo_prepare(struct pair *p)
{
	char dir[] = "/tmp/m3ipc-bench-XXXXXX", name[64];
	int e;

	if (!mkdtemp(dir))
		return fails("mkdtemp");
	snprintf(name, sizeof(name), "%s/fifo", dir);
	e = fifo_open(name, &p->fd[SERVER_SIDE][READ],
		      &p->fd[CLIENT_SIDE][WRITE]);
	if (!e)
		e = fifo_open(name, &p->fd[CLIENT_SIDE][READ],
			      &p->fd[SERVER_SIDE][WRITE]);
	rmdir(dir);
	return e;
}

/* ------------------------------------------------------------ sockets */

/* As large as the largest reply, where this process may. */
static void enlarge(int fd)
{
	int bytes = SOCKET_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

static int unix_prepare(struct pair *p, int type)
{
	int fd[2];

	if (socketpair(AF_UNIX, type, 0, fd))
		return fails("socketpair");
	enlarge(fd[0]);
	enlarge(fd[1]);
	use_both_ways(p, CLIENT_SIDE, fd[0]);
	use_both_ways(p, SERVER_SIDE, fd[1]);
	return 0;
}

static int stream_prepare(struct pair *p)
{
	return unix_prepare(p, SOCK_STREAM);
}

static int seqpacket_prepare(struct pair *p)
{
	return unix_prepare(p, SOCK_SEQPACKET);
}

static int dgram_prepare(struct pair *p)
{
	return unix_prepare(p, SOCK_DGRAM);
}

/* A socket bound to a free port of the loopback, and its address. */
static int loopback(int type, struct sockaddr_in *at)
{
	socklen_t length = sizeof(*at);
	int fd = socket(AF_INET, type, 0);

	*at = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	if (fd < 0 || bind(fd, (struct sockaddr *)at, length) ||
	    getsockname(fd, (struct sockaddr *)at, &length))
		return fails("bind");
	return fd;
}

static int tcp_prepare(struct pair *p)
{
	struct sockaddr_in at;
	int listener = loopback(SOCK_STREAM, &at), on = 1, near, far;

	near = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || near < 0 || listen(listener, 1) ||
	    connect(near, (struct sockaddr *)&at, sizeof(at)))
		return fails("connect");
	far = accept(listener, NULL, NULL);
	close(listener);
	if (far < 0 ||
	    setsockopt(near, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
	    setsockopt(far, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
		return fails("accept");
	use_both_ways(p, CLIENT_SIDE, near);
	use_both_ways(p, SERVER_SIDE, far);
	return 0;
}

static int udp_prepare(struct pair *p)
{
	struct sockaddr_in near_at, far_at;
	int near = loopback(SOCK_DGRAM, &near_at);
	int far = loopback(SOCK_DGRAM, &far_at);

	if (near < 0 || far < 0 ||
	    connect(near, (struct sockaddr *)&far_at, sizeof(far_at)) ||
	    connect(far, (struct sockaddr *)&near_at, sizeof(near_at)))
		return fails("connect");
	enlarge(near);
	enlarge(far);
	use_both_ways(p, CLIENT_SIDE, near);
	use_both_ways(p, SERVER_SIDE, far);
	return 0;
}

static uint32_t udp_max(void)
{
	return UDP_BYTES;
}

#define BYTES .send = send_all, .receive = receive_all

const struct mechanism
	pipe_pair = { .name = "pipe", .about = "two pipes, blocking",
		      .prepare = pipe_prepare, BYTES },
	fifo_pair = { .name = "fifo", .about = "two FIFOs, blocking",
		      .prepare = fifo_prepare, BYTES },
	unix_stream = { .name = "unix-stream",
			.about = "a pair of Unix stream sockets",
			.prepare = stream_prepare, BYTES },
	unix_seqpacket = { .name = "unix-seqpacket",
			   .about = "a pair of Unix seqpacket sockets",
			   .prepare = seqpacket_prepare, BYTES },
	unix_dgram = { .name = "unix-dgram",
		       .about = "a pair of Unix datagram sockets",
		       .prepare = dgram_prepare, BYTES },
	tcp = { .name = "tcp", .about = "TCP over loopback, no delay",
		.prepare = tcp_prepare, BYTES },
	udp = { .name = "udp", .about = "UDP over loopback", .max = udp_max,
		.prepare = udp_prepare, BYTES };
