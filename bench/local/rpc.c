// SPDX-License-Identifier: MIT
/* Sun RPC (libtirpc) over UDP and TCP, not registered with any rpcbind. */
#include "local.h"

#define OVER_UDP .name = "rpc-udp", .about = "Sun RPC (libtirpc) over UDP"
#define OVER_TCP .name = "rpc-tcp", .about = "Sun RPC (libtirpc) over TCP"

#ifdef HAVE_RPC
#include <arpa/inet.h>
#include <errno.h>
#include <rpc/rpc.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#define PROGRAM 0x20001234u
#define VERSION 1u
#define CALL 1u
#define UDP_BYTES 60000u
#define TCP_BUFFER (1u << 17)

/* Of this process: callbacks get no argument of ours. */
static struct pair *own;
static CLIENT *handle;

/* Which way is known: a request out of a client, a reply out of a server. */
static bool_t xdr_block(XDR *x, uint32_t bytes)
{
	u_int length = bytes;

	return xdr_u_int(x, &length) && length == bytes &&
	       xdr_opaque(x, own->buffer, bytes);
}

static bool_t xdr_request(XDR *x, ...)
{
	return xdr_block(x, own->request_bytes);
}

static bool_t xdr_reply(XDR *x, ...)
{
	return xdr_block(x, own->reply_bytes);
}

static int prepare(struct pair *p, int type)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t length = sizeof(at);
	int fd = socket(AF_INET, type, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, length) ||
	    getsockname(fd, (struct sockaddr *)&at, &length) ||
	    (type == SOCK_STREAM && listen(fd, 1)))
		return fails("bind");
	p->fd[SERVER_SIDE][0] = fd;
	p->fd[CLIENT_SIDE][0] = at.sin_port;
	return 0;
}

static int prepare_udp(struct pair *p)
{
	return prepare(p, SOCK_DGRAM);
}

static int prepare_tcp(struct pair *p)
{
	return prepare(p, SOCK_STREAM);
}

static void dispatch(struct svc_req *request, SVCXPRT *transport)
{
	uint32_t sequence;

	(void)request;
	if (!svc_getargs(transport, xdr_request, own->buffer)) {
		svcerr_decode(transport);
		return;
	}
	memcpy(&sequence, own->buffer, sizeof(sequence));
	mark(own->buffer, own->reply_bytes, sequence);
	svc_sendreply(transport, xdr_reply, own->buffer);
}

static int open_server(struct pair *p, SVCXPRT *transport)
{
	own = p;
	if (transport && svc_register(transport, PROGRAM, VERSION, dispatch, 0))
		return 0;
	errno = EIO;
	return fails("svc_register");
}

static int open_client(struct pair *p, int is_tcp)
{
	struct timeval retry = { 5, 0 };
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = (in_port_t)p->fd[CLIENT_SIDE][0],
	};
	int fd = RPC_ANYSOCK;

	own = p;
	handle = is_tcp ? clnttcp_create(&at, PROGRAM, VERSION, &fd,
					 TCP_BUFFER, TCP_BUFFER) :
			  clntudp_bufcreate(&at, PROGRAM, VERSION, retry, &fd,
					    UDP_BYTES + 512, UDP_BYTES + 512);
	if (handle)
		return 0;
	errno = EIO;
	return fails("clnt_create");
}

static int open_udp(struct pair *p, enum side side)
{
	if (side == CLIENT_SIDE)
		return open_client(p, 0);
	return open_server(p, svcudp_bufcreate(p->fd[SERVER_SIDE][0],
					       UDP_BYTES + 512,
					       UDP_BYTES + 512));
}

static int open_tcp(struct pair *p, enum side side)
{
	if (side == CLIENT_SIDE)
		return open_client(p, 1);
	return open_server(p, svctcp_create(p->fd[SERVER_SIDE][0], TCP_BUFFER,
					    TCP_BUFFER));
}

static int call(struct pair *p)
{
	struct timeval patience = { 20, 0 };

	mark(p->buffer, p->request_bytes, ++p->sequence);
	if (clnt_call(handle, CALL, xdr_request, p->buffer, xdr_reply,
		      p->buffer, patience) != RPC_SUCCESS) {
		errno = EIO;
		return fails("clnt_call");
	}
	if (is_marked(p->buffer, p->reply_bytes, p->sequence))
		return 0;
	errno = EBADMSG;
	return fails("wrong reply");
}

static int serve(struct pair *p)
{
	(void)p;
	svc_run();
	return fails("svc_run");
}

static uint32_t udp_max(void)
{
	return UDP_BYTES;
}

const struct mechanism
	rpc_udp = { OVER_UDP, .max = udp_max, .prepare = prepare_udp,
		    .open = open_udp, .call = call, .serve = serve },
	rpc_tcp = { OVER_TCP, .prepare = prepare_tcp, .open = open_tcp,
		    .call = call, .serve = serve };
#else
#define MISSING .missing = "rpc/rpc.h was not found; install libtirpc-dev"
const struct mechanism rpc_udp = { OVER_UDP, MISSING },
		       rpc_tcp = { OVER_TCP, MISSING };
#endif
