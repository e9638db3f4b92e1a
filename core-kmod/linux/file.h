/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* file.h - what an open file of a device is. */
#ifndef M3_FILE_H
#define M3_FILE_H

#include <linux/fs.h>
#include "../calls/calls.h"

enum role { FRESH, NODE, MEMBER, PROXY, ROLES };

/*
 * A call that goes on while its caller is not in the kernel: an asynchronous
 * one, or one that a signal has interrupted. A caller is not believed to give
 * back what it was given.
 */
struct started {
	struct m3_call call;
	/* Of an interrupted one: who will make the same request again. */
	struct task_struct *thread; /* compared only */
	uint64_t data;
	uint64_t deadline;
};

struct m3_file {
	struct m3_device *device;
	struct mutex lock; /* its becoming; requests of a node or a proxy */
	enum role role; /* stored last, read without the lock */
	struct m3_core *core; /* a reference, unless it is fresh */
	struct m3_node *node; /* of NODE and PROXY */
	struct m3_proxy *proxy;
	struct m3_member *member;
	struct started **started; /* one for each slot */
	struct mm_struct *mm; /* compared only */
	fl_owner_t owner; /* the file table of who has joined */
	bool ended;
};

/*
 * One of the requests dvs_init to attach: of a file that is fresh, and of none
 * that is not. role.c
 */
int m3_fresh_request(struct m3_file *f, uint32_t number, struct m3_request *q);
void m3_member_free(struct m3_file *f);

/* ----------------------------------------------------------- started.c */

/* What follows is the member's whose file it is. */
int m3_started_run(struct m3_file *f, struct m3_request *q,
		   struct m3_call *call);
int m3_started_start(struct m3_file *f, struct m3_call *call);
/* Finishes or, with an error, cancels; one thread at a time has the call. */
int m3_started_finish(struct m3_file *f, struct m3_call *call, int error);

#endif
