// SPDX-License-Identifier: MIT
#include "forge.h"
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int forge_open(struct forge *f)
{
	struct m3_dc_open open;
	int i;

	SAME(m3_proxy_open(f->to->proxy, RIG_DC, &open), 0);
	open.peer_incarnation = open.incarnation;
	f->session = open.incarnation + f->incarnation;
	open.incarnation = f->incarnation;
	for (i = 0; i < M3_LANES; i++) {
		open.expected[i] = f->seen[i];
		open.grant[i] = f->seen[i] + 100;
	}
	return m3_proxy_opened(f->to->proxy, &open);
}

void forge_begin(struct forge *f, struct rig_node *to, int node)
{
	int i;

	memset(f, 0, sizeof(*f));
	f->to = to;
	f->node = node;
	f->incarnation = 0x1234567800000001ull;
	for (i = 0; i < M3_LANES; i++)
		f->next[i] = f->seen[i] = 1;
	SAME(m3_node_up(to->core, node, "forged"), 0);
	SAME(m3_add_node(to->core, RIG_DC, node), 0);
	rig_attach(to, node);
	SAME(forge_open(f), 0);
}

void forge_fill(struct forge *f, struct forge_record *r, int kind, int src,
		int dst, uint64_t call, unsigned int body)
{
	memset(r, 0, sizeof(*r));
	r->head.length = (uint32_t)sizeof(r->head) + body;
	r->head.kind = (uint16_t)kind;
	r->head.src = src;
	r->head.dst = dst;
	r->head.src_binding = FORGE_BINDING;
	r->head.call = call;
	r->head.src_node = (uint16_t)f->node;
	r->head.dst_node = (uint16_t)f->to->id;
}

unsigned int forge_frame(struct forge *f, int lane,
			 const struct forge_record *r, void *frame)
{
	struct m3_frame_header *h = frame;
	int i;

	memset(h, 0, sizeof(*h));
	h->type = M3_FRAME_DATA;
	h->lane = (uint8_t)lane;
	h->dc = RIG_DC;
	h->count = 1;
	h->session = f->session;
	h->first = f->next[lane];
	for (i = 0; i < M3_LANES; i++) {
		h->ack[i] = f->seen[i];
		h->grant[i] = f->seen[i] + 100;
	}
	memcpy(h + 1, r, r->head.length);
	return (unsigned int)sizeof(*h) + r->head.length;
}

int forge_put(struct forge *f, int lane, const struct forge_record *r)
{
	static unsigned char frame[M3_FRAME_BYTES];
	unsigned int bytes = forge_frame(f, lane, r, frame);
	int e = m3_proxy_put(f->to->proxy, frame, bytes);

	if (e == 1)
		f->next[lane]++;
	return e;
}

int forge_message(struct forge *f, int kind, int src, int dst, uint64_t call,
		  int type)
{
	static struct forge_record r;

	forge_fill(f, &r, kind, src, dst, call, sizeof(struct m3_message));
	r.body.message = rig_message(type, 0, 0);
	return forge_put(f, M3_LANE_NORMAL, &r);
}

void forge_death(struct forge *f, int src, uint64_t binding)
{
	static struct forge_record r;

	forge_fill(f, &r, M3_REC_DEATH, src, M3_NONE, 0, 0);
	r.head.src_binding = binding;
	SAME(forge_put(f, M3_LANE_NORMAL, &r), 1);
}

int forge_take(struct forge *f, int lane, struct forge_record *r)
{
	static unsigned char frame[M3_FRAME_BYTES];
	unsigned int bytes, small;

	/* One record a frame, so that the rest is taken again next time. */
	bytes = rig_take(f->to, lane, frame, sizeof(frame));
	if (!bytes)
		return 0;
	MUST(((struct m3_frame_header *)frame)->first == f->seen[lane]);
	memset(r, 0, sizeof(*r));
	memcpy(&r->head, frame + sizeof(struct m3_frame_header),
	       sizeof(r->head));
	small = r->head.length - (unsigned int)sizeof(r->head);
	MUST(small <= sizeof(r->body));
	memcpy(&r->body, frame + sizeof(struct m3_frame_header) +
				 sizeof(r->head), small);
	f->seen[lane]++;
	SAME(forge_open(f), 0);
	return 1;
}

void forge_nothing(struct forge *f)
{
	static struct forge_record r;

	SAME(forge_take(f, M3_LANE_NORMAL, &r), 0);
}

void forge_next_at(struct forge *f, struct forge_record *r, int kind, int src,
		   const char *file, int line)
{
	rig_same(forge_take(f, M3_LANE_NORMAL, r), 1, "taken", file, line);
	rig_same(r->head.kind, kind, "its kind", file, line);
	rig_same(r->head.src, src, "its source", file, line);
}

void forge_expect(struct forge *f, struct forge_record *r, int kind, int src,
		  int dst, long call)
{
	SAME(forge_take(f, M3_LANE_NORMAL, r), 1);
	SAME(r->head.kind, kind);
	SAME(r->head.src, src);
	SAME(r->head.dst, dst);
	SAME((long)r->head.call, call);
}

void forge_give_up(struct m3_member *m, struct forge *f, int ep, long call)
{
	static struct forge_record r;
	struct m3_call c;

	rig_start_call(m, &c, M3_OP_SENDREC, 1, ep, 7, M3_PENDING);
	forge_expect(f, &r, M3_REC_SENDREC, 1, ep, call);
	SAME(m3_cancel(m, &c, M3_ETIMEDOUT), -M3_ETIMEDOUT);
}

static void serve_once(struct rig_node *n)
{
	struct m3_member *m = rig_join(n, 3);
	struct m3_message message;

	SAME(m3_receive(m, 3, M3_ANY, &message, 5000), 0);
	SAME(m3_reply(m, 3, 20, &message), 0);
	m3_receive(m, 3, M3_ANY, &message, M3_FOREVER);
	_exit(1);
}

void forge_killed_server(struct forge *f)
{
	pid_t pid = fork();

	MUST(pid >= 0);
	if (pid == 0)
		serve_once(f->to);
	rig_until(f->to, 3, M3_RTS_RECEIVING);
	SAME(forge_message(f, M3_REC_SENDREC, 20, 3, 100, 7), 1);
	rig_until(f->to, 3, M3_RTS_RECEIVING);
	SAME(kill(pid, SIGKILL), 0);
	SAME(waitpid(pid, NULL, 0), pid);
	SAME(m3_sweep(f->to->core), rig_left(1));
}

struct m3_member *forge_alone(struct rig_node *n, struct forge *f)
{
	rig_start(n, 0);
	forge_begin(f, n, 1);
	return rig_join(n, 1);
}

struct m3_member *forge_core(struct rig_node *n, struct forge *f)
{
	struct m3_member *m = forge_alone(n, f);

	SAME(m3_rmtbind(n->core, RIG_DC, "far", 20, 1), 0);
	return m;
}
