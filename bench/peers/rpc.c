// SPDX-License-Identifier: MIT
/*
 * Sun RPC (libtirpc), not registered with any rpcbind: a client handle for
 * each thread, and one server in svc_run, which is all that there is.
 */
#include "peer.h"

#define OVER_TCP .name = "rpc-tcp", .arguments = "[<port>]"
#define OVER_UDP .name = "rpc-udp", .arguments = "[<port>]"

#ifdef HAVE_RPC
#include <arpa/inet.h>
#include <rpc/rpc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>

#define PROGRAM 0x20001234u
#define VERSION 1u
#define CALL 1u
#define BUFFER 4096u
#define BACKLOG 128
#define PATIENCE_S 20

static bool_t xdr_message(XDR *x, ...)
{
	va_list arguments;
	bool_t done;

	va_start(arguments, x);
	done = xdr_opaque(x, va_arg(arguments, char *), BYTES);
	va_end(arguments);
	return done;
}

static void dispatch(struct svc_req *request, SVCXPRT *transport)
{
	char bytes[BYTES];

	(void)request;
	if (svc_getargs(transport, xdr_message, bytes))
		svc_sendreply(transport, xdr_message, bytes);
	else
		svcerr_decode(transport);
}

static void serve(int type)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(at);
	int fd = socket(AF_INET, type, 0);
	SVCXPRT *transport;

	must(fd >= 0 && !bind(fd, (struct sockaddr *)&at, length) &&
	     !getsockname(fd, (struct sockaddr *)&at, &length) &&
	     (type != SOCK_STREAM || !listen(fd, BACKLOG)), "bind");
	transport = type == SOCK_STREAM ?
			    svctcp_create(fd, BUFFER, BUFFER) :
			    svcudp_bufcreate(fd, BUFFER, BUFFER);
	must(transport && svc_register(transport, PROGRAM, VERSION, dispatch,
				       0), "svc_register");
	ready(ntohs(at.sin_port));
	svc_run();
	must(0, "svc_run");
}

static void serve_tcp(char **arguments)
{
	(void)arguments;
	serve(SOCK_STREAM);
}

static void serve_udp(char **arguments)
{
	(void)arguments;
	serve(SOCK_DGRAM);
}

static void *join(char **arguments)
{
	(void)arguments;
	return NULL;
}

static void *open_handle(char **arguments, int is_tcp)
{
	struct timeval retry = { 5, 0 };
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)atoi(arguments[0])),
	};
	int fd = RPC_ANYSOCK;
	CLIENT *handle = is_tcp ? clnttcp_create(&at, PROGRAM, VERSION, &fd,
						 BUFFER, BUFFER) :
				  clntudp_bufcreate(&at, PROGRAM, VERSION,
						    retry, &fd, BUFFER, BUFFER);

	must(handle != NULL, "clnt_create");
	return handle;
}

static void *open_tcp(void *joined, char **arguments, long thread)
{
	(void)joined;
	(void)thread;
	return open_handle(arguments, 1);
}

static void *open_udp(void *joined, char **arguments, long thread)
{
	(void)joined;
	(void)thread;
	return open_handle(arguments, 0);
}

static void call(void *opened, char bytes[BYTES])
{
	struct timeval patience = { PATIENCE_S, 0 };

	must(clnt_call((CLIENT *)opened, CALL, xdr_message, bytes, xdr_message,
		       bytes, patience) == RPC_SUCCESS, "clnt_call");
}

const struct contender rpc_tcp = { OVER_TCP, .serve = serve_tcp, .join = join,
				   .open = open_tcp, .call = call },
		       rpc_udp = { OVER_UDP, .serve = serve_udp, .join = join,
				   .open = open_udp, .call = call };
#else
#define MISSING .missing = "rpc/rpc.h was not found; install libtirpc-dev, and build again"
const struct contender rpc_tcp = { OVER_TCP, MISSING },
		       rpc_udp = { OVER_UDP, MISSING };
#endif
