// SPDX-License-Identifier: MIT
/* Bare TCP: a connection for each thread, and a thread for each connection. */
#include "peer.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 128

static void at_once(int fd)
{
	int on = 1;

	must(!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)),
	     "TCP_NODELAY");
}

/* 0: the other side has closed the connection. */
static int read_all(int fd, char *bytes)
{
	size_t got = 0;

	while (got < BYTES) {
		ssize_t n = read(fd, bytes + got, BYTES - got);

		must(n >= 0, "read");
		if (n == 0)
			return 0;
		got += (size_t)n;
	}
	return 1;
}

static void write_all(int fd, const char *bytes)
{
	must(write(fd, bytes, BYTES) == BYTES, "write");
}

static void *answer(void *data)
{
	int fd = (int)(intptr_t)data;
	char bytes[BYTES];

	at_once(fd);
	while (read_all(fd, bytes))
		write_all(fd, bytes);
	close(fd);
	return NULL;
}

static void serve(char **arguments)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	pthread_t thread;

	(void)arguments;
	must(fd >= 0 && !bind(fd, (struct sockaddr *)&at, length) &&
	     !getsockname(fd, (struct sockaddr *)&at, &length) &&
	     !listen(fd, BACKLOG), "listen");
	ready(ntohs(at.sin_port));
	for (;;) {
		intptr_t one = accept(fd, NULL, NULL);

		must(one >= 0, "accept");
		must(!pthread_create(&thread, NULL, answer, (void *)one) &&
		     !pthread_detach(thread), "pthread_create");
	}
}

static void *join(char **arguments)
{
	(void)arguments;
	return NULL;
}

static void *open_connection(void *joined, char **arguments, long thread)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)atoi(arguments[0])),
	};
	intptr_t fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)joined;
	(void)thread;
	must(fd >= 0 && !connect((int)fd, (struct sockaddr *)&at, sizeof(at)),
	     "connect");
	at_once((int)fd);
	return (void *)fd;
}

static void call(void *opened, char bytes[BYTES])
{
	int fd = (int)(intptr_t)opened;

	write_all(fd, bytes);
	must(read_all(fd, bytes), "the server has closed the connection");
}

const struct contender tcp = {
	.name = "tcp",
	.arguments = "[<port>]",
	.serve = serve,
	.join = join,
	.open = open_connection,
	.call = call,
};
