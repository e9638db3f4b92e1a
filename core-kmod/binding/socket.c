// SPDX-License-Identifier: MIT
/*
 * Sockets of any family, and many messages in one system call: recvmmsg(2) and
 * sendmmsg(2), with UDP's segmentation offload (udp(7)). Nothing here waits.
 * Addresses are `struct sockaddr` as bytes, and calls answer 0, a count, or a
 * negative errno of the kernel. Descriptors are numbers: io.ts keeps them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "addon.h"
#include "crc32c.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif

/* Messages of one system call; more are further calls of the caller. */
#define BATCH 64
/* What an address may take: sockaddr_in6 has 28 bytes, sockaddr_tipc 16. */
#define NAME_BYTES 32

/* One message, four words of a Uint32Array; BATCH_WORDS in io.ts. */
struct message {
	uint32_t start; /* of its bytes, in the buffer */
	uint32_t length; /* when received, more than its slot: cut short */
	uint32_t segment; /* UDP: bytes of each datagram in it; 0: it is one */
	uint32_t name; /* bytes of its address; 0: the connected one */
};

struct batch {
	struct mmsghdr headers[BATCH];
	struct iovec vectors[BATCH];
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} controls[BATCH];
};

static int result(long answer)
{
	return answer < 0 ? -errno : (int)answer;
}

static bool would_wait(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK;
}

static int js_socket(struct m3_args *args)
{
	return result(socket(args->v[0].i32,
			     args->v[1].i32 | SOCK_CLOEXEC | SOCK_NONBLOCK,
			     args->v[2].i32));
}

static int js_close_socket(struct m3_args *args)
{
	return result(close(args->v[0].i32));
}

static int js_bind_socket(struct m3_args *args)
{
	return result(bind(args->v[0].i32, args->v[1].data,
			   (socklen_t)args->v[1].length));
}

static int js_connect_socket(struct m3_args *args)
{
	return result(connect(args->v[0].i32, args->v[1].data,
			      (socklen_t)args->v[1].length));
}

static int js_socket_name(struct m3_args *args)
{
	socklen_t length = (socklen_t)args->v[1].length;
	int error = result(getsockname(args->v[0].i32, args->v[1].data,
				       &length));

	if (error)
		return error;
	return length <= args->v[1].length ? (int)length : -EOVERFLOW;
}

static int js_set_option(struct m3_args *args)
{
	return result(setsockopt(args->v[0].i32, args->v[1].i32,
				 args->v[2].i32, &args->v[3].i32,
				 sizeof(int)));
}

static int js_option(struct m3_args *args)
{
	int value = 0;
	socklen_t length = sizeof(value);
	int error = result(getsockopt(args->v[0].i32, args->v[1].i32,
				      args->v[2].i32, &value, &length));

	return error ? error : value;
}

/* How many messages all arrays have room for; without names: the table. */
static size_t rows(const struct m3_arg *table, const struct m3_arg *names)
{
	size_t most = table->length / (sizeof(struct message) / 4);

	if (names->length && most > names->length / NAME_BYTES)
		most = names->length / NAME_BYTES;
	return most;
}

static unsigned int room(const struct m3_arg *table, const struct m3_arg *names)
{
	size_t most = rows(table, names);

	return most < BATCH ? (unsigned int)most : BATCH;
}

/*
 * Without names nothing is asked but the bytes: who asks TIPC for more is told
 * there, and not by an error, that a connection was broken.
 */
static void receive_into(struct batch *batch, unsigned int i, char *bytes,
			 uint32_t slot, const struct m3_arg *names)
{
	struct msghdr *header = &batch->headers[i].msg_hdr;

	batch->vectors[i] = (struct iovec){ bytes + (size_t)i * slot, slot };
	*header = (struct msghdr){
		.msg_iov = &batch->vectors[i],
		.msg_iovlen = 1,
	};
	if (!names->length)
		return;
	header->msg_name = (char *)names->data + (size_t)i * NAME_BYTES;
	header->msg_namelen = NAME_BYTES;
	header->msg_control = batch->controls[i].bytes;
	header->msg_controllen = sizeof(batch->controls[i].bytes);
}

static void describe(struct message *message, struct mmsghdr *header,
		     uint32_t start)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(&header->msg_hdr);
	int segment = 0;

	if (control && control->cmsg_level == IPPROTO_UDP &&
	    control->cmsg_type == UDP_GRO)
		memcpy(&segment, CMSG_DATA(control), sizeof(segment));
	message->start = start;
	message->length = header->msg_len;
	message->segment = (uint32_t)segment;
	message->name = header->msg_hdr.msg_namelen < NAME_BYTES ?
				header->msg_hdr.msg_namelen :
				NAME_BYTES;
}

/* (fd, bytes, slot, names, table): messages received, 0 if none is there. */
static int js_receive_many(struct m3_args *args)
{
	struct batch batch;
	uint32_t slot = args->v[2].u32;
	struct message *table = args->v[4].data;
	unsigned int i, count = room(&args->v[4], &args->v[3]);
	int received;

	if (!slot)
		return -EINVAL;
	if (count > args->v[1].length / slot)
		count = (unsigned int)(args->v[1].length / slot);
	if (!count)
		return -EINVAL;
	for (i = 0; i < count; i++)
		receive_into(&batch, i, args->v[1].data, slot, &args->v[3]);
	do {
		received = recvmmsg(args->v[0].i32, batch.headers, count,
				    MSG_DONTWAIT | MSG_TRUNC, NULL);
	} while (received < 0 && errno == EINTR);
	if (received < 0)
		return would_wait() ? 0 : -errno;
	for (i = 0; i < (unsigned int)received; i++)
		describe(&table[i], &batch.headers[i], i * slot);
	return received;
}

static void segment_by(struct msghdr *header, char *control, uint16_t segment)
{
	struct cmsghdr *message;

	header->msg_control = control;
	header->msg_controllen = CMSG_SPACE(sizeof(segment));
	message = CMSG_FIRSTHDR(header);
	message->cmsg_level = IPPROTO_UDP;
	message->cmsg_type = UDP_SEGMENT;
	message->cmsg_len = CMSG_LEN(sizeof(segment));
	memcpy(CMSG_DATA(message), &segment, sizeof(segment));
}

static int send_from(struct batch *batch, unsigned int i,
		     const struct message *message, const struct m3_arg *bytes,
		     char *name)
{
	struct msghdr *header = &batch->headers[i].msg_hdr;

	if (message->start > bytes->length ||
	    message->length > bytes->length - message->start ||
	    message->segment > UINT16_MAX ||
	    message->name > (name ? NAME_BYTES : 0))
		return -EINVAL;
	batch->vectors[i] = (struct iovec){
		(char *)bytes->data + message->start, message->length
	};
	*header = (struct msghdr){
		.msg_name = message->name ? name : NULL,
		.msg_namelen = message->name,
		.msg_iov = &batch->vectors[i],
		.msg_iovlen = 1,
	};
	if (message->segment)
		segment_by(header, batch->controls[i].bytes,
			   (uint16_t)message->segment);
	return 0;
}

/*
 * (fd, bytes, names, table, from, count): messages that the kernel has taken of
 * table[from, from + count), 0 if it would have to wait.
 */
static int js_send_many(struct m3_args *args)
{
	struct batch batch;
	const struct message *table = args->v[3].data;
	char *names = args->v[2].length ? args->v[2].data : NULL;
	size_t from = args->v[4].u32, count = args->v[5].u32;
	unsigned int i;
	int sent, error;

	if (!count || from + count > rows(&args->v[3], &args->v[2]))
		return -EINVAL;
	if (count > BATCH)
		count = BATCH;
	for (i = 0; i < count; i++) {
		error = send_from(&batch, i, &table[from + i], &args->v[1],
				  names ? names + (from + i) * NAME_BYTES :
					  NULL);
		if (error)
			return error;
	}
	do {
		sent = sendmmsg(args->v[0].i32, batch.headers,
				(unsigned int)count,
				MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return would_wait() ? 0 : -errno;
	return sent;
}

/* (bytes, start, end): the checksum, or undefined for a range outside. */
static napi_value js_crc32c(struct m3_args *args)
{
	const char *bytes = args->v[0].data;
	uint32_t start = args->v[1].u32, end = args->v[2].u32;
	napi_value value;

	if (start > end || end > args->v[0].length)
		return NULL;
	if (napi_create_uint32(args->env, m3_crc32c(bytes + start, end - start),
			       &value))
		return NULL;
	return value;
}

#define FD { "fd", M3_ARG_I32 }

const struct m3_function m3_socket_functions[] = {
	{ "socket", js_socket, NULL,
	  { { "domain", M3_ARG_I32 }, { "type", M3_ARG_I32 },
	    { "protocol", M3_ARG_I32 } } },
	{ "closeSocket", js_close_socket, NULL, { FD } },
	{ "bindSocket", js_bind_socket, NULL, { FD, { "name", M3_ARG_BYTES } } },
	{ "connectSocket", js_connect_socket, NULL,
	  { FD, { "name", M3_ARG_BYTES } } },
	{ "socketName", js_socket_name, NULL, { FD, { "out", M3_ARG_BYTES } } },
	{ "setOption", js_set_option, NULL,
	  { FD, { "level", M3_ARG_I32 }, { "option", M3_ARG_I32 },
	    { "value", M3_ARG_I32 } } },
	{ "option", js_option, NULL,
	  { FD, { "level", M3_ARG_I32 }, { "option", M3_ARG_I32 } } },
	{ "receiveMany", js_receive_many, NULL,
	  { FD, { "bytes", M3_ARG_BYTES }, { "slot", M3_ARG_U32 },
	    { "names", M3_ARG_BYTES }, { "table", M3_ARG_U32S } } },
	{ "sendMany", js_send_many, NULL,
	  { FD, { "bytes", M3_ARG_BYTES }, { "names", M3_ARG_BYTES },
	    { "table", M3_ARG_U32S }, { "from", M3_ARG_U32 },
	    { "count", M3_ARG_U32 } } },
	{ "crc32c", NULL, js_crc32c,
	  { { "bytes", M3_ARG_BYTES }, { "start", M3_ARG_U32 },
	    { "end", M3_ARG_U32 } } },
	{ NULL, NULL, NULL, { { NULL, M3_ARG_END } } },
};
