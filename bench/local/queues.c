// SPDX-License-Identifier: MIT
/* Message queues of POSIX and of System V: one for each direction. */
#include "local.h"
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <unistd.h>

/* fd[side][0]: the queue that it receives from. */
static int inbox(const struct pair *p, enum side side)
{
	return p->fd[side][0];
}

static enum side other(enum side side)
{
	return side == CLIENT_SIDE ? SERVER_SIDE : CLIENT_SIDE;
}

/* The limit that the kernel publishes, at most MAX_BYTES. */
static uint32_t limit(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned long value = 0;

	if (file) {
		if (fscanf(file, "%lu", &value) != 1)
			value = 0;
		fclose(file);
	}
	return value < MAX_BYTES ? (uint32_t)value : MAX_BYTES;
}

/* ---------------------------------------------------------------- POSIX */

static int mq_make(struct pair *p, enum side side, uint32_t bytes)
{
	struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = bytes };
	char name[64];

	snprintf(name, sizeof(name), "/m3ipc-bench-%d-%d-%d", (int)getpid(),
		 p->index, (int)side);
	p->fd[side][0] = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr);
	if (p->fd[side][0] < 0)
		return fails("mq_open");
	mq_unlink(name);
	return 0;
}

static int mq_prepare(struct pair *p)
{
	int e = mq_make(p, SERVER_SIDE, p->request_bytes);

	return e ? e : mq_make(p, CLIENT_SIDE, p->reply_bytes);
}

static int mq_out(struct pair *p, enum side from, void *data, uint32_t bytes)
{
	return mq_send(inbox(p, other(from)), data, bytes, 0) ?
		       fails("mq_send") :
		       0;
}

static int mq_in(struct pair *p, enum side to, void *data, uint32_t bytes)
{
	return mq_receive(inbox(p, to), data, bytes, NULL) < 0 ?
		       fails("mq_receive") :
		       0;
}

static uint32_t mq_max(void)
{
	return limit("/proc/sys/fs/mqueue/msgsize_max");
}

/* ------------------------------------------------------------- System V */

static int sysv_prepare(struct pair *p)
{
	p->fd[SERVER_SIDE][0] = msgget(IPC_PRIVATE, 0600);
	p->fd[CLIENT_SIDE][0] = msgget(IPC_PRIVATE, 0600);
	if (p->fd[SERVER_SIDE][0] < 0 || p->fd[CLIENT_SIDE][0] < 0)
		return fails("msgget");
	return 0;
}

/* Its type goes in front of the data, into the buffer's headroom. */
static int sysv_out(struct pair *p, enum side from, void *data, uint32_t bytes)
{
	long *type = (long *)(void *)((char *)data - sizeof(long));

	*type = 1;
	return msgsnd(inbox(p, other(from)), type, bytes, 0) ?
		       fails("msgsnd") :
		       0;
}

static int sysv_in(struct pair *p, enum side to, void *data, uint32_t bytes)
{
	void *type = (char *)data - sizeof(long);

	return msgrcv(inbox(p, to), type, bytes, 0, 0) < 0 ? fails("msgrcv") :
							     0;
}

static void sysv_clear(struct pair *p)
{
	if (p->fd[SERVER_SIDE][0] >= 0)
		msgctl(p->fd[SERVER_SIDE][0], IPC_RMID, NULL);
	if (p->fd[CLIENT_SIDE][0] >= 0)
		msgctl(p->fd[CLIENT_SIDE][0], IPC_RMID, NULL);
}

static uint32_t sysv_max(void)
{
	return limit("/proc/sys/kernel/msgmax");
}

const struct mechanism
	posix_mq = { .name = "posix-mq", .about = "two POSIX message queues",
		     .max = mq_max, .prepare = mq_prepare, .send = mq_out,
		     .receive = mq_in },
	sysv_queue = { .name = "sysv-queue",
		       .about = "two System V message queues",
		       .max = sysv_max, .prepare = sysv_prepare,
		       .send = sysv_out, .receive = sysv_in,
		       .clear = sysv_clear };
