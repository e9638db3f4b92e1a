// SPDX-License-Identifier: MIT
/*
 * The kernel's core, and processes that have no business in a DC: of nobody,
 * outside it, with a file of somebody else's, or a member that names what is
 * another member's. Each attempt, and what it gets.
 */
#include <m3ipc/request.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include "check.h"

#define NOBODY 65534
#define OWNER 1 /* endpoints */
#define OTHER 2

static char device[64];
static int theirs; /* the file of a member, inherited */
static int manager; /* that of who manages the core */
static struct m3_buffer secret;

static int ask(int fd, uint32_t number, struct m3_request *q)
{
	return ioctl(fd, M3_IOC(number), q) < 0 ? -errno : 0;
}

/* One attempt: what it is, and what it must get. */
#define TRY(what, expression, wanted)                       \
	do {                                                \
		IS(expression, wanted);                     \
		printf("%-52s %s\n", what,                  \
		       m3_strerror((int)(wanted)));         \
	} while (0)

static int fresh(void)
{
	int fd = open(device, O_RDWR | O_CLOEXEC);

	IS(fd >= 0, 1);
	return fd;
}

static int fresh_ask(uint32_t number, struct m3_request q)
{
	int fd = fresh(), e = ask(fd, number, &q);

	close(fd);
	return e;
}

static int read_proc(void)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/proc/m3ipc/%s/procs",
		 device + strlen("/dev/m3ipc"));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : 0;
}

static void manages(void)
{
	struct m3_dvs_params dvs = { .node = 1, .max_nodes = 2, .max_dcs = 2 };
	struct m3_node *node;
	char free_core[64];

	other_core(free_core, sizeof(free_core), "");
	TRY("make a core on a free device", m3_dvs_init(free_core, &dvs),
	    -M3_EPERM);
	TRY("end the core", m3_dvs_end(dir), -M3_EPERM);
	TRY("open it: status of nodes, DCs, endpoints",
	    m3_node_open(dir, &node), -M3_EPERM);
	TRY("read the endpoints in /proc/m3ipc", read_proc(), -M3_EACCES);
	TRY("become the proxy of a node",
	    fresh_ask(M3_REQ_attach, (struct m3_request){ .id = 2 }),
	    -M3_EPERM);
}

static void joins(void)
{
	struct m3_message message = message_of(1, "");
	struct m3_request q = { .dc = dc, .ep = OTHER, .peer = OWNER,
				.data = (uintptr_t)&message };
	struct m3_call call = { .op = M3_OP_SEND, .self = OTHER,
				.peer = OWNER };
	struct m3_member *member;

	TRY("join the DC (mode 0660)", m3_join(dir, dc, &member), -M3_EACCES);
	TRY("bind an endpoint without having joined",
	    fresh_ask(M3_REQ_bind, q), -M3_EBADREQUEST);
	TRY("notify without having joined", fresh_ask(M3_REQ_notify, q),
	    -M3_EBADREQUEST);
	q.data = (uintptr_t)&call;
	TRY("send without having joined", fresh_ask(M3_REQ_run, q),
	    -M3_EBADREQUEST);
	call.op = M3_OP_VCOPY;
	TRY("copy without having joined", fresh_ask(M3_REQ_run, q),
	    -M3_EBADREQUEST);
	TRY("an endpoint's state without having joined",
	    fresh_ask(M3_REQ_member_procinfo, q), -M3_EBADREQUEST);
}

/* The owner's buffer, through that file. */
static int map(int fd)
{
	void *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd,
			(off_t)(secret.address & ~(1ull << 63)));

	return at == MAP_FAILED ? -errno : 0;
}

/* Files that another process has opened: inherited, or passed. */
static void uses_files(void)
{
	struct m3_call call = { .op = M3_OP_SEND, .self = OWNER,
				.peer = OTHER };
	struct m3_request q = { .ep = OWNER, .bytes = 4096,
				.data = (uintptr_t)&call };
	int fd = fresh();

	TRY("send through a member's file", ask(theirs, M3_REQ_run, &q),
	    -M3_EFORKED);
	TRY("bind through a member's file", ask(theirs, M3_REQ_bind, &q),
	    -M3_EFORKED);
	TRY("map a member's buffer through his file", map(theirs), -M3_EACCES);
	TRY("map it through a file of one's own", map(fd), -M3_EACCES);
	TRY("manage through a member's file",
	    ask(theirs, M3_REQ_getdvsinfo, &q), -M3_EBADREQUEST);
	close(fd);
}

static void stranger(void)
{
	close(manager);
	IS(setgid(NOBODY), 0);
	IS(setuid(NOBODY), 0);
	printf("user %d, who has not joined, attempts to%21s\n", getuid(),
	       "gets");
	manages();
	joins();
	uses_files();
}

/* Of the DC that everybody may join: as far as its own endpoint. */
static void guest(void)
{
	struct m3_message message = message_of(1, "");
	struct m3_call call = { .op = M3_OP_RECEIVE, .self = OWNER };
	struct m3_request q = { .ep = OWNER, .flags = M3_EINTR,
				.data = (uintptr_t)&call };
	struct m3_buffer mine, alien = secret;
	struct m3_member *member;
	uint64_t granted;
	char byte[8];

	IS(setgid(NOBODY), 0);
	IS(setuid(NOBODY), 0);
	IS(m3_join(dir, dc + 1, &member), 0);
	IS(m3_bind(member, OTHER), 0);
	printf("user %d, member of an open DC, attempts to%19s\n", getuid(),
	       "gets");
	TRY("bind another's endpoint", m3_bind(member, OWNER), -M3_ESLOTUSED);
	TRY("unbind another's endpoint", m3_unbind(member, OWNER),
	    -M3_ENOTBIND);
	TRY("send as another's endpoint",
	    m3_send(member, OWNER, OTHER, &message, 0), -M3_ENOTBIND);
	TRY("take another's messages",
	    m3_receive(member, OWNER, M3_ANY, &message, 0), -M3_ENOTBIND);
	TRY("have memory in another's name",
	    m3_alloc(member, OWNER, 4096, &mine), -M3_ENOTBIND);
	TRY("free another's buffer", m3_free(member, OTHER, &alien),
	    -M3_EFAULT);
	TRY("map another's buffer", map(m3_bell(member)), -M3_EFAULT);
	TRY("end another's call by its handle",
	    ask(m3_bell(member), M3_REQ_cancel, &q), -M3_ESHUTDOWN);
	TRY("be served what another is asked for",
	    ask(m3_bell(member), M3_REQ_finish, &q), -M3_ESHUTDOWN);
	TRY("manage through a member's own file",
	    ask(m3_bell(member), M3_REQ_getprocinfo, &q), -M3_EBADREQUEST);
	TRY("grant another's buffer",
	    m3_grant(member, OTHER, OWNER, alien.address, 8, M3_GRANT_READ,
		     &granted), -M3_EFAULT);
	TRY("read a process that is not blocked in a call to it",
	    m3_vcopy(member, OTHER, OWNER, (uintptr_t)byte, OTHER,
		     (uintptr_t)byte, sizeof(byte), 0, NULL), -M3_EPROCSTS);
	TRY("write to one",
	    m3_vcopy(member, OTHER, OTHER, (uintptr_t)byte, OWNER,
		     (uintptr_t)byte, sizeof(byte), 0, NULL), -M3_EPROCSTS);
	TRY("copy from the kernel's memory",
	    m3_vcopy(member, OTHER, OTHER, 0xffff888000000000ull, OWNER,
		     (uintptr_t)byte, sizeof(byte), 0, NULL), -M3_EFAULT);
	m3_leave(member);
}

static void owner_of(int id)
{
	struct m3_member *member;

	IS(m3_join(dir, id, &member), 0);
	IS(m3_bind(member, OWNER), 0);
	IS(m3_alloc(member, OWNER, 4096, &secret), 0);
	strcpy(secret.data, "secret");
	/* A child has the file; its number is that of the bell. */
	theirs = m3_bell(member);
}

int main(int argc, char **argv)
{
	struct m3_dc_params open = { .procs = 8, .mode = 0666,
				     .arena_bytes = 65536,
				     .gid = (uint32_t)-1, .name = "open" };
	struct m3_request q = { 0 };
	struct m3_node *node;

	begin(argc, argv);
	if (!is_kernel() || getuid()) {
		fprintf(stderr, "it is about the kernel's core, and starts "
				"as root\n");
		return 77;
	}
	snprintf(device, sizeof(device), "%s", dir + strlen("kernel:"));
	IS(m3_node_open(dir, &node), 0);
	open.dc = (uint32_t)dc + 1;
	IS(m3_dc_init(node, &open), 0);
	manager = fresh();
	IS(ask(manager, M3_REQ_open, &q), 0);
	owner_of(dc);
	reap(spawn(stranger));
	ok("who has not joined");
	owner_of(dc + 1);
	reap(spawn(guest));
	ok("who has joined, about others");
	IS(m3_dc_end(node, dc + 1), 0);
	m3_node_close(node);
	return 0;
}
