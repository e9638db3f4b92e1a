// SPDX-License-Identifier: MIT
/*
 * A member may write anything into the region it has joined. It may ruin its
 * DC, but not the process that serves the node: no crash, no endless walk, no
 * byte outside a frame or an arena. Runs best under the address sanitizer.
 */
#include "forge.h"
#include <embedded/embedded.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct forge_record rec;

/* The region as its member sees it: all of it can be written. */
struct victim {
	unsigned char *at;
	struct m3_layout layout;
};

static void map_victim(struct victim *v, const char *dir)
{
	char path[M3_PATH_BYTES];
	int fd;

	m3_dc_path(path, dir, RIG_DC, "");
	fd = open(path, O_RDWR);
	MUST(fd >= 0);
	MUST(pread(fd, &v->layout, sizeof(v->layout), 0) ==
	     sizeof(v->layout));
	v->at = mmap(NULL, v->layout.bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		     fd, 0);
	MUST(v->at != MAP_FAILED);
	close(fd);
}

static uint32_t value(const struct victim *v)
{
	switch (rig_random(6)) {
	case 0:
		return 0;
	case 1:
		return rig_random(8);
	case 2:
		return rig_random(2 * v->layout.slots + 300);
	case 3:
		return 0xffffffffu - rig_random(4);
	case 4:
		return 1u << rig_random(32);
	default:
		return rig_random(0xffffffffu);
	}
}

/* One word somewhere in a table, but not the lock, nor the end of the DC. */
static void corrupt(struct victim *v)
{
	const struct m3_layout *l = &v->layout;
	const uint64_t table[][2] = {
		{ 0, sizeof(struct m3_region) },
		{ sizeof(struct m3_region), 4096 },
		{ l->slots_at, 256ull * l->slots },
		{ l->slots_at, 256ull * l->slots },
		{ l->blocks_at, l->transfers_at - l->blocks_at },
		{ l->transfers_at, 128ull * l->slots },
		{ l->bits_at, 4ull * l->bits_words * l->slots },
		{ l->handles_at, (uint64_t)l->handles * l->handle_bytes },
		{ l->more_at, 128ull * l->slots },
		{ l->units_at, 16ull * l->units },
		{ l->spans_at, 4ull * l->nodes },
		{ l->more_at, 128ull * l->slots },
		{ l->peers_at + l->peer_bytes, sizeof(struct m3_peer) },
		{ l->peers_at + l->peer_bytes, 16384 },
		{ l->peers_at + l->peer_bytes + sizeof(struct m3_peer) +
			  2 * M3_WINDOW * sizeof(struct m3_entry), 4096 },
	};
	unsigned int t = rig_random(sizeof(table) / sizeof(table[0]));
	uint64_t at = table[t][0] +
		      rig_random((unsigned int)table[t][1] / 4) * 4ull;

	if (at == offsetof(struct m3_region, lock) ||
	    at == offsetof(struct m3_region, running))
		return;
	*(volatile uint32_t *)(v->at + at) = value(v);
}

/* A frame no larger than it says: the sanitizer sees each byte beyond. */
static void take(struct rig_node *n)
{
	uint32_t size = 128 + rig_random(700), count;
	void *frame;

	if (rig_random(4) == 0)
		size = M3_FRAME_BYTES;
	frame = malloc(size);
	m3_proxy_take(n->proxy, RIG_DC, 1 + (int)rig_random(3), frame, size,
		      &count);
	m3_proxy_acknowledge(n->proxy, RIG_DC, frame, size);
	free(frame);
}

static void put(struct forge *f)
{
	static const unsigned char kinds[] = {
		M3_REC_SEND, M3_REC_SENDREC, M3_REC_REPLY, M3_REC_NOTIFY,
		M3_REC_SEND_ACK, M3_REC_ERROR, M3_REC_CANCEL, M3_REC_COPY_PULL,
		M3_REC_COPY_DATA, M3_REC_COPY_ACK, M3_REC_REFUSED,
		M3_REC_DEATH,
	};
	int kind = kinds[rig_random(sizeof(kinds))];
	unsigned int body = kind == M3_REC_COPY_DATA ? 16 + 1024 :
			    kind == M3_REC_COPY_PULL ? 16 :
			    kind <= M3_REC_NOTIFY ? 64 : 0;
	struct m3_dc_open open;
	int lane = kind == M3_REC_COPY_DATA ? M3_LANE_BULK : M3_LANE_NORMAL;

	forge_fill(f, &rec, kind, 10 + (int)rig_random(20), (int)rig_random(9),
		   rig_random(6), body);
	rec.head.transfer = rig_random(6);
	rec.head.flags = (uint16_t)rig_random(4);
	if (kind == M3_REC_COPY_DATA || kind == M3_REC_COPY_PULL) {
		rec.body.copy.bytes = 1 + rig_random(1024);
		rec.body.copy.address = M3_ARENA_BIT | rig_random(1u << 23);
	}
	/* Numbers as the region says they are now, whatever that is. */
	if (m3_proxy_open(f->to->proxy, RIG_DC, &open))
		return;
	f->next[lane] = open.expected[lane];
	forge_put(f, lane, &rec);
}

static void manage(struct rig_node *n)
{
	struct m3_dc_counters counters;
	struct m3_node_info node;
	struct m3_proc_info proc;
	struct m3_dc_info dc;
	uint32_t queues[8];
	int32_t ids[4];

	m3_getdcinfo(n->core, RIG_DC, &dc);
	m3_dc_counters(n->core, RIG_DC, &counters);
	m3_getnodeinfo(n->core, 1, &node);
	m3_getprocinfo(n->core, RIG_DC, (int)rig_random(30), &proc);
	m3_check(n->core, RIG_DC);
	m3_proxy_queues(n->proxy, queues, 8);
	m3_node_serve(n->core, ids, 4);
	if (rig_random(8) == 0)
		m3_sweep(n->core);
	if (rig_random(8) == 0)
		m3_unbind_any(n->core, RIG_DC, (int)rig_random(32));
	if (rig_random(32) == 0)
		m3_rmtbind(n->core, RIG_DC, "far", (int)rig_random(32), 1);
	if (rig_random(32) == 0 && m3_del_node(n->core, RIG_DC, 1) == 0)
		m3_add_node(n->core, RIG_DC, 1);
}

/* The node's runtime: what it does while a member writes. */
static void serve(struct rig_node *n, int rounds)
{
	struct forge f = { .to = n, .node = 1, .incarnation = 77 };
	struct victim v;
	int i;

	SAME(m3_node_open(n->dir, &n->core), 0);
	rig_attach(n, 1);
	map_victim(&v, n->dir);
	for (i = 0; i < M3_LANES; i++)
		f.next[i] = f.seen[i] = 1;
	for (i = 0; i < rounds; i++) {
		int k = (int)rig_random(4);

		while (k-- > 0)
			corrupt(&v);
		switch (rig_random(4)) {
		case 0:
			take(n);
			break;
		case 1:
			put(&f);
			break;
		case 2:
			manage(n);
			break;
		default: {
			struct m3_dc_open open;

			if (m3_proxy_open(n->proxy, RIG_DC, &open))
				break;
			open.peer_incarnation = open.incarnation;
			open.incarnation = f.incarnation;
			m3_proxy_opened(n->proxy, &open);
			}
		}
	}
	/* Not by the book: the region is a ruin. */
	_exit(0);
}

/* Members with calls, buffers and copies in every state. */
static void populate(struct rig_node *n, struct forge *f)
{
	static struct m3_call calls[8];
	struct m3_message message;
	struct m3_buffer buffer;
	struct m3_member *m;
	int ep;

	m = rig_join(n, 0);
	for (ep = 1; ep < 8; ep++) {
		SAME(m3_bind(m, ep), 0);
		SAME(m3_alloc(m, ep, 200000, &buffer), 0);
		m3_rmtbind(n->core, RIG_DC, "far", 10 + ep, 1);
		rig_start_call(m, &calls[ep], 1 + ep % 3, ep,
			       ep < 4 ? 0 : 10 + ep, 7, M3_PENDING);
	}
	for (ep = 20; ep < 24; ep++)
		forge_message(f, M3_REC_SENDREC, ep, 0, 5, 7);
	m3_receive(m, 0, M3_ANY, &message, 0);
	while (forge_take(f, M3_LANE_NORMAL, &rec))
		;
	forge_fill(f, &rec, M3_REC_COPY_PULL, rec.head.dst, rec.head.src,
		   rec.head.call, 16);
	rec.head.transfer = 9;
	rec.body.copy.address = buffer.address;
	rec.body.copy.bytes = buffer.bytes;
	forge_put(f, M3_LANE_NORMAL, &rec);
}

int main(int argc, char **argv)
{
	struct rig_node n;
	struct forge f;
	int i, rounds, status;
	pid_t pid;

	rig_embedded_only("a member of the kernel's core has no region "
			  "to write to");
	rig_seed(argc, argv);
	rounds = rig_rounds(argc, argv, 40);
	for (i = 0; i < rounds; i++) {
		rig_start(&n, 0);
		forge_begin(&f, &n, 1);
		populate(&n, &f);
		rig_ruin();
		pid = fork();
		MUST(pid >= 0);
		if (pid == 0) {
			alarm(20);
			rig_branch((unsigned int)i);
			serve(&n, 400);
		}
		MUST(waitpid(pid, &status, 0) == pid);
		if (status)
			fprintf(stderr, "round %d: status %x\n", i, status);
		MUST(status == 0);
		m3_node_close(n.core);
		SAME(m3_dvs_end(n.dir), 0);
		MUST(access(n.dir, F_OK) != 0);
	}
	/* The members were never left: their region was a ruin. */
	fflush(stdout);
	_exit(0);
}
