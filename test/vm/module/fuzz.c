// SPDX-License-Identifier: MIT
/*
 * fuzz <seconds> <calls> [seed]: random requests to the kernel's core, from
 * processes of root and of nobody, over files of every role: numbers that there
 * are and that there are not, fields that make sense and that do not, addresses
 * that are memory, are none, or are somebody else's. Ends when both the time
 * and the number of calls are reached, or when nobody has made one for a
 * minute. It prints what it did; whether the kernel minds is for its console to
 * say.
 */
#include <m3ipc/m3ipc.h>
#include <m3ipc/request.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEVICES 2
#define PROCESSES 6
#define FILES 8
#define NOBODY 65534
#define BUFFER (128u << 10)

#define NUMBERS 100 /* requests have smaller ones */
#define STILL 60 /* seconds without a call: they hang */

static struct shared {
	uint64_t calls, succeeded;
	uint64_t made[NUMBERS], good[NUMBERS]; /* of each request */
} *shared;

static uint64_t state;
static char *buffer;

/* What succeeded lately: values that mean something to the core. */
#define SEEN 16
static uint64_t seen[SEEN];
static struct m3_call pending; /* an asynchronous call that was begun */

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint32_t below(uint32_t n)
{
	return (uint32_t)(next() >> 16) % n;
}

/* Mostly small, sometimes at a limit, seldom anything. */
static int64_t number(void)
{
	static const int64_t edges[] = {
		-1, 0x7fffffff, -0x7fffffff - 1, 0xffffffff, 4096, 4095, 65536,
		1 << 20, (1 << 20) + 1, M3_ANY, M3_NONE, M3_SELF,
		(int64_t)0x8000000000000000ull, 0x7fffffffffffffffll,
	};

	switch (below(16)) {
	case 0:
		return edges[below(sizeof(edges) / sizeof(edges[0]))];
	case 1:
		return (int64_t)next();
	default:
		return (int64_t)below(12) - 2;
	}
}

static uint64_t address(void)
{
	switch (below(10)) {
	case 0:
		return 0;
	case 8:
	case 9:
		return seen[below(SEEN)];
	case 1:
		return next();
	case 2: /* of the kernel */
		return 0xffff888000000000ull + below(1u << 30);
	case 3: /* its end is no memory */
		return (uint64_t)(uintptr_t)buffer + BUFFER - below(200);
	case 4: /* the arena's */
		return 1ull << 63 | (uint64_t)number() << 12;
	default:
		return (uint64_t)(uintptr_t)buffer + below(BUFFER);
	}
}

static void fill_open(void)
{
	struct m3_dc_open *open = (struct m3_dc_open *)(void *)buffer;
	int i;

	*open = (struct m3_dc_open){
		.dc = below(3), .endpoints = 2u << 16 | 14, .incarnation = 7,
		.peer_incarnation = seen[below(SEEN)],
	};
	for (i = 0; i < M3_LANES; i++) {
		open->expected[i] = 1 + below(2);
		open->grant[i] = below(3) * 1000;
	}
	snprintf(open->name, sizeof(open->name), "dc%u", open->dc);
}

/* What that request wants; 0: nothing special. */
static int fill_fitting(uint32_t what)
{
	struct m3_dvs_params dvs = { .node = 1, .max_nodes = 4, .max_dcs = 4,
				     .cluster = "fuzz" };

	switch (what) {
	case M3_REQ_dvs_init:
		memcpy(buffer, &dvs, sizeof(dvs));
		return 1;
	case M3_REQ_finish:
	case M3_REQ_cancel:
		memcpy(buffer, &pending, sizeof(pending));
		return 1;
	case M3_REQ_proxy_opened:
		fill_open();
		return 1;
	default:
		return 0;
	}
}

static void remember(uint32_t what, const struct m3_request *q)
{
	seen[below(SEEN)] = q->value;
	seen[below(SEEN)] = q->address;
	if (what == M3_REQ_start && q->data == (uintptr_t)buffer)
		memcpy(&pending, buffer, sizeof(pending));
	if (what == M3_REQ_proxy_open && q->data == (uintptr_t)buffer)
		seen[below(SEEN)] =
			((struct m3_dc_open *)(void *)buffer)->incarnation;
}

/* What a request's data points at: a call, parameters, a frame, noise. */
static void fill(uint32_t what)
{
	struct m3_call *call = (struct m3_call *)(void *)buffer;
	struct m3_dc_params *dc = (struct m3_dc_params *)(void *)buffer;
	struct m3_frame_header *frame =
		(struct m3_frame_header *)(void *)buffer;
	uint32_t i;

	if (below(2) && fill_fitting(what))
		return;
	switch (below(4)) {
	case 0:
		for (i = 0; i < 512; i += 8)
			*(uint64_t *)(void *)(buffer + i) = next();
		break;
	case 1:
		*dc = (struct m3_dc_params){
			.dc = below(4), .tasks = below(8), .procs = below(32),
			.arena_bytes = below(4) * 65536, .mode = 0666,
			.gid = (uint32_t)-1, .flags = below(4),
		};
		dc->name[0] = (char)('a' + below(4));
		break;
	case 2:
		memset(frame, 0, sizeof(*frame));
		frame->type = (uint8_t)below(6);
		frame->lane = (uint8_t)below(5);
		frame->dc = (uint16_t)below(4);
		frame->count = below(4);
		frame->first = (uint64_t)number();
		for (i = 0; i < 512; i += 8)
			*(int64_t *)(void *)(buffer + 128 + i) = number();
		break;
	default:
		*call = (struct m3_call){
			.op = below(11), .self = (int32_t)number(),
			.peer = (int32_t)number(), .dst = (int32_t)number(),
			.src_address = address(), .dst_address = address(),
			.bytes = (uint64_t)number(),
			.scratch = below(4) ? 0 : next(),
		};
		call->message.source = (int32_t)number();
	}
}

static void one_request(int fd)
{
	struct m3_request q = {
		.dc = (int32_t)number(), .ep = (int32_t)number(),
		.peer = (int32_t)number(), .id = (int32_t)number(),
		.pid = below(4) ? getpid() : (int)number(),
		.timeout = below(50) ? (int)below(2) : -1,
		.flags = (uint32_t)number(), .size = (uint32_t)number(),
		.value = (uint64_t)number(), .address = address(),
		.bytes = (uint64_t)number(),
		.data = below(8) ? (uint64_t)(uintptr_t)buffer : address(),
		.name = "x",
	};
	uint32_t what = below(NUMBERS);
	unsigned long command = M3_IOC(what);
	int is_good;

	/* Ending a core, or a DC, ends the others' work: seldom. */
	if ((what == M3_REQ_dvs_end || what == M3_REQ_dc_end) && below(200))
		return;
	if (!below(64))
		command = (unsigned long)next();
	if (!below(4))
		q.size = below(BUFFER);
	fill(what);
	is_good = ioctl(fd, command, below(100) ? (void *)&q :
			(void *)address()) >= 0;
	__atomic_fetch_add(&shared->succeeded, is_good, __ATOMIC_RELAXED);
	__atomic_fetch_add(&shared->calls, 1, __ATOMIC_RELAXED);
	if (is_good)
		remember(what, &q);
	if (command == M3_IOC(what)) {
		__atomic_fetch_add(&shared->made[what], 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&shared->good[what], is_good,
				   __ATOMIC_RELAXED);
	}
}

/* A file of some role; what it becomes may be refused. */
static int open_file(void)
{
	struct m3_request q = { .dc = (int32_t)below(3), .id = 2 };
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/dev/m3ipc%u", below(DEVICES));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		exit(2);
	if (below(4))
		ioctl(fd, M3_IOC(M3_REQ_open + below(3)), &q);
	for (q.ep = 0; q.ep < 3; q.ep++)
		ioctl(fd, M3_IOC(M3_REQ_bind), &q);
	return fd;
}

static void map_some(int fd)
{
	size_t bytes = 4096u << below(4);
	char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			below(4) ? MAP_SHARED : MAP_PRIVATE, fd,
			(off_t)below(1u << 20) << 12);

	if (at == MAP_FAILED)
		return;
	at[0] = 1;
	munmap(at, bytes);
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* What waits for ever is interrupted; a fault ends the process. */
static void interrupt_often(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval time = { { 0, 20000 }, { 0, 20000 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &time, NULL);
}

static void fuzz(int is_root)
{
	int files[FILES], i;

	if (!is_root && (setgid(NOBODY) || setuid(NOBODY)))
		exit(2);
	buffer = mmap(NULL, BUFFER + 4096, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(buffer + BUFFER, 4096);
	interrupt_often();
	for (i = 0; i < FILES; i++)
		files[i] = open_file();
	for (;;) {
		i = (int)below(FILES);
		one_request(files[i]);
		if (!below(64))
			map_some(files[i]);
		if (!below(500)) {
			close(files[i]);
			files[i] = open_file();
		}
	}
}

static pid_t spawn(int i)
{
	pid_t pid;

	next();
	pid = fork();
	if (pid == 0) {
		state ^= (uint64_t)getpid() << 32;
		fuzz(i % 3 != 2);
	}
	return pid;
}

/* A core with DCs that anybody may join, if there is none. */
static void make_cores(void)
{
	struct m3_dvs_params dvs = { .node = 1, .max_nodes = 4, .max_dcs = 4,
				     .cluster = "fuzz" };
	struct m3_dc_params dc = { .tasks = 2, .procs = 14, .mode = 0666,
				   .arena_bytes = 1 << 20,
				   .gid = (uint32_t)-1 };
	struct m3_node *node;
	char dir[32];
	int i;

	for (i = 0; i < DEVICES; i++) {
		snprintf(dir, sizeof(dir), "kernel:/dev/m3ipc%d", i);
		m3_dvs_init(dir, &dvs);
		if (m3_node_open(dir, &node))
			continue;
		m3_node_up(node, 2, "two");
		for (dc.dc = 0; dc.dc < 3; dc.dc++) {
			snprintf(dc.name, sizeof(dc.name), "dc%u", dc.dc);
			m3_dc_init(node, &dc);
			m3_add_node(node, (int)dc.dc, 2);
			m3_rmtbind(node, (int)dc.dc, "far", 5, 2);
		}
		m3_node_close(node);
	}
}

static void watch(pid_t *children, int seconds, uint64_t calls)
{
	time_t start = time(NULL), now, moved = start;
	struct timespec pause = { 0, 50000000 };
	uint64_t seen_calls = 0;
	int i;

	do {
		nanosleep(&pause, NULL);
		make_cores();
		/* Killed in the middle of whatever it is in. */
		i = (int)below(PROCESSES);
		if (!below(4))
			kill(children[i], SIGKILL);
		for (i = 0; i < PROCESSES; i++)
			if (waitpid(children[i], NULL, WNOHANG) > 0)
				children[i] = spawn(i);
		now = time(NULL);
		if (shared->calls != seen_calls)
			moved = now;
		seen_calls = shared->calls;
	} while (now - moved < STILL &&
		 (now - start < seconds || shared->calls < calls));
}

static int cores_sound(void)
{
	struct m3_node *node;
	char dir[32];
	int i, dc, e, bad = 0;

	for (i = 0; i < DEVICES; i++) {
		snprintf(dir, sizeof(dir), "kernel:/dev/m3ipc%d", i);
		if (m3_node_open(dir, &node))
			continue;
		for (dc = 0; dc < 4; dc++) {
			e = m3_check(node, dc);
			if (e > 0)
				fprintf(stderr, "DC %d of %s: check line %d\n",
					dc, dir, e);
			bad += e > 0;
		}
		m3_node_close(node);
		m3_dvs_end(dir);
	}
	return !bad;
}

/* How much of the door that was. */
static void tell_requests(void)
{
#define NUMBER(number, name, whose, data, bytes) number,
	static const uint32_t all[] = { 1, 2, 3, 4, 5, M3_REQUESTS(NUMBER) };
	uint64_t least = UINT64_MAX;
	uint32_t i, n = sizeof(all) / sizeof(all[0]), good = 0;

	for (i = 0; i < n; i++) {
		if (shared->made[all[i]] < least)
			least = shared->made[all[i]];
		good += shared->good[all[i]] > 0;
	}
	printf("%u requests, each made %llu times or more, %u of them with "
	       "success\n", n, (unsigned long long)least, good);
	for (i = 0; i < n; i++)
		if (!shared->good[all[i]])
			printf("request %u never succeeded\n", all[i]);
}

int main(int argc, char **argv)
{
	pid_t children[PROCESSES];
	int i, sound;

	if (argc < 3) {
		fprintf(stderr, "usage: fuzz <seconds> <calls> [seed]\n");
		return 2;
	}
	state = argc > 3 ? strtoull(argv[3], NULL, 0) :
			   (uint64_t)time(NULL) * 2654435761u | 1;
	printf("seed %llu\n", (unsigned long long)state);
	fflush(stdout);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	make_cores();
	for (i = 0; i < PROCESSES; i++)
		children[i] = spawn(i);
	watch(children, atoi(argv[1]), strtoull(argv[2], NULL, 0));
	for (i = 0; i < PROCESSES; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
	sound = cores_sound();
	tell_requests();
	printf("%llu calls, %llu succeeded\n",
	       (unsigned long long)shared->calls,
	       (unsigned long long)shared->succeeded);
	return sound && shared->calls >= strtoull(argv[2], NULL, 0) ? 0 : 1;
}
