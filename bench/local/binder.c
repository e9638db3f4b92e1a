// SPDX-License-Identifier: MIT
/*
 * Android's binder, where the kernel has it: a transaction and its reply, each
 * copied once, into memory that the kernel has mapped for who gets it. The
 * server of each pair is the context manager of a device of its own:
 * modprobe binder_linux devices=binder0,binder1,binder2,binder3
 */
#include "local.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/android/binder.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAPPED (4u << 20)

/* What one BINDER_WRITE_READ writes: at most these two commands. */
struct __attribute__((packed)) commands {
	uint32_t free;
	binder_uintptr_t buffer;
	uint32_t transact;
	struct binder_transaction_data data;
};

/* Of this process. */
static int fd;
static binder_uintptr_t held; /* what came last, to be freed with the next */

static int binder_open(struct pair *p, enum side side)
{
	uint32_t enter = BC_ENTER_LOOPER;
	struct binder_write_read bwr = {
		.write_size = sizeof(enter),
		.write_buffer = (uintptr_t)&enter,
	};
	char path[32];

	snprintf(path, sizeof(path), "/dev/binder%d", p->index);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return fails("/dev/binder: the kernel has none");
	if (mmap(NULL, MAPPED, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		return fails("binder's memory");
	if (side == CLIENT_SIDE)
		return 0;
	if (ioctl(fd, BINDER_SET_CONTEXT_MGR, 0) ||
	    ioctl(fd, BINDER_WRITE_READ, &bwr))
		return fails("become the context manager");
	return 0;
}

/* The transaction or reply among what was read, if it is there. */
static int find(const char *at, uint64_t bytes, uint32_t wanted,
		struct binder_transaction_data *data)
{
	const char *end = at + bytes;
	uint32_t command;

	while (at + sizeof(command) <= end) {
		memcpy(&command, at, sizeof(command));
		at += sizeof(command);
		if (command == wanted) {
			memcpy(data, at, sizeof(*data));
			return 1;
		}
		if (command == BR_DEAD_REPLY || command == BR_FAILED_REPLY)
			return fails("the other is gone");
		at += _IOC_SIZE(command);
	}
	return 0;
}

/* Writes `command` with its data, if it is one, and reads until `wanted`. */
static int exchange(uint32_t command, void *data, uint32_t bytes,
		    uint32_t wanted, struct binder_transaction_data *got)
{
	struct commands out = {
		.free = BC_FREE_BUFFER, .buffer = held, .transact = command,
		.data = { .data_size = bytes,
			  .data.ptr.buffer = (uintptr_t)data },
	};
	char *from = (char *)&out + (held ? 0 : offsetof(struct commands,
							 transact));
	uint32_t in[128];
	struct binder_write_read bwr = {
		.write_size = command ? sizeof(out) - (size_t)(from -
						      (char *)&out) : 0,
		.write_buffer = (uintptr_t)from,
		.read_size = sizeof(in), .read_buffer = (uintptr_t)in,
	};
	int e;

	do {
		bwr.read_consumed = 0;
		if (ioctl(fd, BINDER_WRITE_READ, &bwr) && errno != EINTR)
			return fails("BINDER_WRITE_READ");
		e = find((char *)in, bwr.read_consumed, wanted, got);
		if (e < 0)
			return e;
		bwr.write_size = bwr.write_consumed = 0;
	} while (!e);
	held = got->data.ptr.buffer;
	return 0;
}

static int binder_call(struct pair *p)
{
	struct binder_transaction_data reply;

	mark(p->buffer, p->request_bytes, ++p->sequence);
	if (exchange(BC_TRANSACTION, p->buffer, p->request_bytes, BR_REPLY,
		     &reply))
		return -1;
	if (reply.data_size == p->reply_bytes &&
	    is_marked((const void *)(uintptr_t)held, p->reply_bytes,
		      p->sequence))
		return 0;
	errno = EBADMSG;
	return fails("wrong reply");
}

static int binder_serve(struct pair *p)
{
	struct binder_transaction_data request;
	uint32_t sequence;
	int e = exchange(0, NULL, 0, BR_TRANSACTION, &request);

	while (!e) {
		memcpy(&sequence, (const void *)(uintptr_t)held,
		       sizeof(sequence));
		mark(p->buffer, p->reply_bytes, sequence);
		e = exchange(BC_REPLY, p->buffer, p->reply_bytes,
			     BR_TRANSACTION, &request);
	}
	return e;
}

const struct mechanism
	binder = { .name = "binder",
		   .about = "Android's binder: a transaction and its reply",
		   .open = binder_open, .call = binder_call,
		   .serve = binder_serve };
