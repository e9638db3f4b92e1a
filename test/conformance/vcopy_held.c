// SPDX-License-Identifier: MIT
/*
 * Copies that are held on in the middle, however the core copies: a page that
 * they need is not there before this program says so (userfaultfd(2)). What
 * their parties may do meanwhile, and what becomes of them.
 */
#include "check.h"
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define PAGE 4096u
#define BYTES 8u
#define OWNER 1
#define COPIER 2

static struct m3_member *owner, *copier;
static struct m3_buffer buffer; /* the owner's */
static struct m3_call asks; /* the owner's call to the copier */

/* -------------------------------------------------- a page that is held */

struct held {
	int fd;
	char *page;
};

static struct held hold_page(void)
{
	struct uffdio_register part = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };
	struct held h;

	h.fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (h.fd < 0) {
		fprintf(stderr, "userfaultfd: %s\n", strerror(errno));
		exit(77);
	}
	h.page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	IS(h.page != MAP_FAILED, 1);
	part.range.start = (uintptr_t)h.page;
	part.range.len = PAGE;
	IS(ioctl(h.fd, UFFDIO_API, &api), 0);
	IS(ioctl(h.fd, UFFDIO_REGISTER, &part), 0);
	return h;
}

/* Waits until somebody cannot go on without it. */
static void wait_needed(const struct held *h)
{
	struct pollfd p = { .fd = h->fd, .events = POLLIN };
	struct uffd_msg message;

	IS(poll(&p, 1, DEADLINE_MS), 1);
	IS(read(h->fd, &message, sizeof(message)), sizeof(message));
	IS(message.event, UFFD_EVENT_PAGEFAULT);
}

/* There it is, all zero. */
static void let_go(const struct held *h)
{
	struct uffdio_zeropage zero = { .range.len = PAGE };

	zero.range.start = (uintptr_t)h->page;
	IS(ioctl(h->fd, UFFDIO_ZEROPAGE, &zero), 0);
}

static void forget(struct held *h)
{
	close(h->fd);
	munmap(h->page, PAGE);
}

/* ------------------------------------------------------------- a scene */

static void scene(void)
{
	owner = join_as(OWNER);
	copier = join_as(COPIER);
	IS(m3_alloc(owner, OWNER, PAGE, &buffer), 0);
	strcpy(buffer.data, "owned");
}

/* The owner waits for the copier, which lets that copy. */
static void ask(void)
{
	struct m3_message message;

	asks = (struct m3_call){ .op = M3_OP_SENDREC, .self = OWNER,
				 .peer = COPIER };
	IS(m3_start(owner, &asks), M3_PENDING);
	IS(m3_receive(copier, COPIER, OWNER, &message, 0), 0);
}

static void sound(void)
{
	struct m3_node *node;

	IS(m3_node_open(dir, &node), 0);
	IS(m3_check(node, dc), 0);
	m3_node_close(node);
}

static int unbind_any(int ep)
{
	struct m3_node *node;
	int e;

	IS(m3_node_open(dir, &node), 0);
	e = m3_unbind_any(node, dc, ep);
	m3_node_close(node);
	return e;
}

static void leave(void)
{
	sound();
	m3_leave(owner);
	m3_leave(copier);
	sound();
}

/* A pull by the copier, in a thread: it will be held. */
struct pull {
	uint64_t from;
	void *to;
	pthread_t thread;
	int result;
};

static void *run_pull(void *arg)
{
	struct pull *p = arg;

	p->result = m3_vcopy(copier, COPIER, OWNER, p->from, COPIER,
			     (uintptr_t)p->to, BYTES, DEADLINE_MS, NULL);
	return NULL;
}

static void start_pull(struct pull *p, uint64_t from, void *to)
{
	p->from = from;
	p->to = to;
	IS(pthread_create(&p->thread, NULL, run_pull, p), 0);
}

static void end_pull(struct pull *p)
{
	IS(pthread_join(p->thread, NULL), 0);
	IS(p->result, 0);
}

/* ------------------------------------------- its parties, meanwhile */

static void parties_are_pinned(void)
{
	IS(m3_unbind(owner, OWNER), -M3_EONCOPY);
	IS(m3_unbind(copier, COPIER), -M3_EONCOPY);
	IS(unbind_any(OWNER), -M3_EONCOPY);
	IS(unbind_any(COPIER), -M3_EONCOPY);
	IS(m3_free(owner, OWNER, &buffer), -M3_EONCOPY);
	sound();
}

/* Into a page of the copier's that is not there, or from one of the owner's. */
static void unbound(int from_private)
{
	struct held held = hold_page();
	char mine[BYTES] = "mine";
	struct pull pull;

	scene();
	ask();
	if (from_private)
		start_pull(&pull, (uintptr_t)held.page, mine);
	else
		start_pull(&pull, buffer.address, held.page);
	wait_needed(&held);
	parties_are_pinned();
	IS(m3_cancel(owner, &asks, M3_ETIMEDOUT), M3_PENDING);
	let_go(&held);
	end_pull(&pull);
	IS(strcmp(from_private ? mine : held.page,
		  from_private ? "" : "owned"), 0);
	IS(m3_cancel(owner, &asks, M3_ETIMEDOUT), -M3_ETIMEDOUT);
	IS(m3_unbind(copier, COPIER), 0);
	IS(m3_unbind(owner, OWNER), 0);
	leave();
	forget(&held);
}

/* What is granted is copied, whatever the owner does; but not revoked. */
static void granted(void)
{
	struct m3_call waits = { .op = M3_OP_RECEIVE, .self = OWNER,
				 .peer = COPIER };
	struct held held = hold_page();
	uint64_t used, other;
	struct pull pull;

	scene();
	IS(m3_grant(owner, OWNER, COPIER, buffer.address, BYTES, M3_GRANT_READ,
		    &used), 0);
	IS(m3_grant(owner, OWNER, COPIER, buffer.address, BYTES, M3_GRANT_READ,
		    &other), 0);
	start_pull(&pull, used, held.page);
	wait_needed(&held);
	IS(m3_revoke(owner, OWNER, used), -M3_EONCOPY);
	IS(m3_revoke(owner, OWNER, other), 0);
	parties_are_pinned();
	IS(m3_start(owner, &waits), M3_PENDING);
	IS(m3_cancel(owner, &waits, M3_ECANCELED), -M3_ECANCELED);
	let_go(&held);
	end_pull(&pull);
	IS(strcmp(held.page, "owned"), 0);
	IS(m3_revoke(owner, OWNER, used), 0);
	IS(m3_free(owner, OWNER, &buffer), 0);
	leave();
	forget(&held);
}

/* ------------------------------------ an owner that copies, meanwhile */

static void *run_ask(void *result)
{
	struct m3_message message = { .type = 1 };

	*(int *)result = m3_sendrec(owner, OWNER, COPIER, &message,
				    DEADLINE_MS);
	return NULL;
}

static int start_push(struct m3_call *c, void *from, void *to)
{
	*c = (struct m3_call){
		.op = M3_OP_VCOPY, .self = COPIER, .peer = COPIER,
		.dst = OWNER, .src_address = (uintptr_t)from,
		.dst_address = (uintptr_t)to, .bytes = BYTES,
	};
	return m3_start(copier, c);
}

/* The copier gives up while the owner is at it: it stays at it. */
static void second_copy(void)
{
	struct held held = hold_page();
	struct m3_message message;
	char mine[BYTES] = "mine";
	struct m3_call push;
	pthread_t thread;
	int result;

	scene();
	IS(pthread_create(&thread, NULL, run_ask, &result), 0);
	IS(m3_receive(copier, COPIER, M3_ANY, &message, DEADLINE_MS), 0);
	IS(m3_copy_mode(copier, M3_COPY_BOUNCE), 0);
	IS(start_push(&push, mine, held.page), M3_PENDING);
	wait_needed(&held);
	IS(m3_cancel(copier, &push, M3_ETIMEDOUT), -M3_ETIMEDOUT);
	IS(start_push(&push, mine, held.page), -M3_EBUSY);
	IS(m3_unbind(owner, OWNER), -M3_EONCOPY);
	IS(unbind_any(OWNER), -M3_EONCOPY);
	sound();
	let_go(&held);
	wait_flags(OWNER, M3_RTS_RECEIVING);
	strcpy(mine, "next");
	IS(m3_vcopy(copier, COPIER, COPIER, (uintptr_t)mine, OWNER,
		    (uintptr_t)held.page, BYTES, DEADLINE_MS, NULL), 0);
	IS(strcmp(held.page, "next"), 0);
	IS(m3_reply(copier, COPIER, OWNER, &message), 0);
	IS(pthread_join(thread, NULL), 0);
	IS(result, 0);
	leave();
	forget(&held);
}

static void *run_finish(void *arg)
{
	struct m3_call *call = arg;
	int e;

	/* Not before the owner has served it. */
	while ((e = m3_finish(copier, call)) == M3_PENDING)
		pause_1ms();
	IS(e, 0);
	return NULL;
}

/* What the owner has filled is the copier's until it has taken it out. */
static void handed_over(void)
{
	struct held held = hold_page();
	struct m3_message message;
	char theirs[BYTES] = "theirs";
	struct m3_call pull = {
		.op = M3_OP_VCOPY, .self = COPIER, .peer = OWNER,
		.dst = COPIER, .src_address = (uintptr_t)theirs,
		.dst_address = (uintptr_t)held.page, .bytes = BYTES,
	};
	pthread_t asking, finishing;
	int result;

	scene();
	IS(pthread_create(&asking, NULL, run_ask, &result), 0);
	IS(m3_receive(copier, COPIER, M3_ANY, &message, DEADLINE_MS), 0);
	IS(m3_copy_mode(copier, M3_COPY_BOUNCE), 0);
	IS(m3_start(copier, &pull), M3_PENDING);
	IS(pthread_create(&finishing, NULL, run_finish, &pull), 0);
	wait_needed(&held);
	IS(m3_unbind(copier, COPIER), -M3_EONCOPY);
	IS(unbind_any(COPIER), -M3_EONCOPY);
	sound();
	let_go(&held);
	IS(pthread_join(finishing, NULL), 0);
	IS(strcmp(held.page, "theirs"), 0);
	IS(m3_reply(copier, COPIER, OWNER, &message), 0);
	IS(pthread_join(asking, NULL), 0);
	IS(result, 0);
	leave();
	forget(&held);
}

/*
 * The copier's file is closed in the middle, by another thread: the copy goes
 * on, so that its parties are still what they are; then its endpoint is gone.
 */
static void closed(void)
{
	struct held held = hold_page();
	struct pull pull;

	scene();
	ask();
	start_pull(&pull, buffer.address, held.page);
	wait_needed(&held);
	IS(close(m3_bell(copier)), 0);
	IS(m3_unbind(owner, OWNER), -M3_EONCOPY);
	IS(m3_free(owner, OWNER, &buffer), -M3_EONCOPY);
	IS(unbind_any(COPIER), -M3_EONCOPY);
	sound();
	let_go(&held);
	end_pull(&pull);
	IS(strcmp(held.page, "owned"), 0);
	IS(info_of(COPIER).rts_flags, M3_RTS_SLOT_FREE);
	IS(m3_finish(owner, &asks), -M3_ESRCDIED);
	sound();
	m3_leave(owner);
	forget(&held);
}

static void wait_for_ever(void)
{
	pause();
}

/*
 * A child has the owner's file too. What the copy kept is buried with its end,
 * but nobody takes the owner's place before the file is gone.
 */
static void inherited(void)
{
	struct held held = hold_page();
	struct m3_member *next;
	struct pull pull;
	pid_t child;

	scene();
	ask();
	child = spawn(wait_for_ever);
	start_pull(&pull, buffer.address, held.page);
	wait_needed(&held);
	m3_leave(owner);
	IS(info_of(OWNER).rts_flags & M3_RTS_ONCOPY, M3_RTS_ONCOPY);
	let_go(&held);
	end_pull(&pull);
	IS(strcmp(held.page, "owned"), 0);
	IS(info_of(OWNER).rts_flags, M3_RTS_SLOT_FREE);
	next = join_as(OWNER);
	reap_killed(child);
	IS(m3_unbind(next, OWNER), 0);
	m3_leave(next);
	m3_leave(copier);
	sound();
	forget(&held);
}

/* ---------------------------------------------------- they are killed */

static int told[2]; /* a byte comes when the copy is held */

static void ask_for_ever(void)
{
	struct m3_message message = { .type = 1 };
	uint64_t address;

	owner = join_as(OWNER);
	IS(m3_alloc(owner, OWNER, PAGE, &buffer), 0);
	address = buffer.address;
	memcpy(message.data, &address, sizeof(address));
	IS(m3_sendrec(owner, OWNER, COPIER, &message, M3_FOREVER),
	   -M3_ESRCDIED);
}

static void copy_for_ever(void)
{
	struct held held = hold_page();
	struct m3_message message;
	struct pull pull;
	uint64_t from;

	copier = join_as(COPIER);
	IS(m3_receive(copier, COPIER, M3_ANY, &message, DEADLINE_MS), 0);
	memcpy(&from, message.data, sizeof(from));
	start_pull(&pull, from, held.page);
	wait_needed(&held);
	IS(write(told[1], "", 1), 1);
	pause();
}

static void sweep(int found)
{
	struct m3_node *node;

	IS(m3_node_open(dir, &node), 0);
	IS(m3_sweep(node), left(found));
	IS(m3_check(node, dc), 0);
	m3_node_close(node);
}

/*
 * The one that is pinned first: it is buried when the other one is. Or the
 * other one first: the one that is pinned learns of it.
 */
static void killed(int owner_first)
{
	pid_t client, server;
	char byte;

	IS(pipe(told), 0);
	server = spawn(copy_for_ever);
	wait_flags(COPIER, M3_RTS_RECEIVING);
	client = spawn(ask_for_ever);
	IS(read(told[0], &byte, 1), 1);
	if (owner_first) {
		reap_killed(client);
		sweep(0);
		IS(info_of(OWNER).rts_flags & M3_RTS_SLOT_FREE, 0);
	}
	reap_killed(server);
	if (!owner_first)
		reap(client);
	sweep(owner_first ? 2 : 1);
	IS(info_of(OWNER).rts_flags, M3_RTS_SLOT_FREE);
	IS(info_of(COPIER).rts_flags, M3_RTS_SLOT_FREE);
	close(told[0]);
	close(told[1]);
}

int main(int argc, char **argv)
{
	begin(argc, argv);
	killed(1);
	killed(0);
	ok("both parties are killed");
	unbound(0);
	unbound(1);
	ok("a party is unbound, or gives up");
	granted();
	ok("a grant in use");
	second_copy();
	ok("a second copy, an unbind");
	handed_over();
	ok("what was handed over");
	/* A member in shared memory has no file that its calls go through. */
	if (is_kernel()) {
		closed();
		ok("a file that is closed in the middle");
		inherited();
		ok("a file that a child has too");
	}
	return 0;
}
