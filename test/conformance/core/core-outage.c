// SPDX-License-Identifier: MIT
/*
 * The link between two nodes is cut in each phase of each call, by a proxy that
 * loses it and by one that is replaced: the call goes on afterwards, and has
 * its effect once. Where the far core itself is lost the call ends, and says
 * whether it may have been executed.
 */
#include "rig.h"
#include <stdio.h>
#include <string.h>

enum { CLIENT = 1, SERVER = 20, BYTES = 3 * M3_CHUNK_BYTES };

static struct rig_node here, there;
static struct m3_member *client, *server;
static struct m3_buffer theirs, ours; /* the client's, the server's */

/* Frames that may go each way before the cut; the next one is lost. */
static int frames_left;

static void lose_link(int replaced)
{
	if (replaced) {
		m3_detach(here.proxy);
		rig_attach(&here, there.id);
		m3_detach(there.proxy);
		rig_attach(&there, here.id);
	} else {
		m3_proxy_disconnected(here.proxy);
		m3_proxy_disconnected(there.proxy);
	}
	rig_open(&here, &there);
}

/* One frame of a lane; 1: there was one. The last one allowed is lost. */
static int carry(struct rig_node *from, struct rig_node *to, int lane,
		 int replaced)
{
	static char frame[M3_FRAME_BYTES];
	unsigned int bytes = rig_take(from, lane, frame, sizeof(frame));

	if (!bytes)
		return 0;
	if (frames_left-- == 0)
		lose_link(replaced);
	else
		MUST(m3_proxy_put(to->proxy, frame, bytes) >= 0);
	return 1;
}

static void carry_all(int replaced)
{
	int lane, moved;

	do {
		moved = 0;
		for (lane = M3_LANE_URGENT; lane < M3_LANES; lane++) {
			moved += carry(&here, &there, lane, replaced);
			moved += carry(&there, &here, lane, replaced);
		}
	} while (moved);
	/* Acknowledgements that only a later frame would carry. */
	rig_settle(&here, &there);
	SOUND(&here);
	SOUND(&there);
}

static void send_once(int replaced)
{
	struct m3_message message;
	struct m3_call call;

	rig_start_call(client, &call, M3_OP_SEND, CLIENT, SERVER, 7,
		       M3_PENDING);
	carry_all(replaced);
	SAME(m3_receive(server, SERVER, M3_ANY, &message, 0), 0);
	carry_all(replaced);
	SAME(m3_finish(client, &call), 0);
	SAME(m3_receive(server, SERVER, M3_ANY, &message, 0), -M3_EAGAIN);
}

static void sendrec_once(int replaced)
{
	struct m3_message message;
	struct m3_call call;

	rig_start_call(client, &call, M3_OP_SENDREC, CLIENT, SERVER, 7,
		       M3_PENDING);
	carry_all(replaced);
	SAME(m3_receive(server, SERVER, M3_ANY, &message, 0), 0);
	message = rig_message(8, 0, 0);
	SAME(m3_reply(server, SERVER, CLIENT, &message), 0);
	carry_all(replaced);
	SAME(m3_finish(client, &call), 0);
	SAME(call.message.type, 8);
	SAME(m3_receive(server, SERVER, M3_ANY, &message, 0), -M3_EAGAIN);
	SAME(m3_reply(server, SERVER, CLIENT, &message), -M3_EPROCSTS);
}

static void notify_once(int replaced)
{
	struct m3_message message;

	SAME(m3_notify(client, CLIENT, SERVER), 0);
	carry_all(replaced);
	SAME(m3_receive(server, SERVER, M3_ANY, &message, 0), 0);
	SAME(m3_receive(server, SERVER, M3_ANY, &message, 0), -M3_EAGAIN);
}

static void copy_once(int replaced, int push)
{
	unsigned char *from = push ? ours.data : theirs.data;
	unsigned char *to = push ? theirs.data : ours.data;
	struct m3_message message;
	struct m3_call ask, copy;
	unsigned int i;

	for (i = 0; i < BYTES; i++) {
		from[i] = (unsigned char)(i * 31 + (i >> 8));
		to[i] = 0;
	}
	rig_start_call(client, &ask, M3_OP_SENDREC, CLIENT, SERVER, 7,
		       M3_PENDING);
	rig_settle(&here, &there);
	SAME(m3_receive(server, SERVER, M3_ANY, &message, 0), 0);
	memset(&copy, 0, sizeof(copy));
	copy.op = M3_OP_VCOPY;
	copy.self = SERVER;
	copy.peer = push ? SERVER : CLIENT;
	copy.dst = push ? CLIENT : SERVER;
	copy.src_address = push ? ours.address : theirs.address;
	copy.dst_address = push ? theirs.address : ours.address;
	copy.bytes = BYTES;
	SAME(m3_start(server, &copy), M3_PENDING);
	carry_all(replaced);
	SAME(m3_finish(server, &copy), 0);
	SAME((long)copy.copied, BYTES);
	MUST(!memcmp(from, to, BYTES));
	SAME(m3_reply(server, SERVER, CLIENT, &message), 0);
	rig_settle(&here, &there);
	SAME(m3_finish(client, &ask), 0);
}

static void push_once(int replaced)
{
	copy_once(replaced, 1);
}

static void pull_once(int replaced)
{
	copy_once(replaced, 0);
}

static const struct {
	const char *name;
	void (*once)(int replaced);
} calls[] = {
	{ "send", send_once },	   { "sendrec", sendrec_once },
	{ "notify", notify_once }, { "push", push_once },
	{ "pull", pull_once },
};

/* After 0, 1, 2 ... frames, until a call needs no more of them. */
static void cut_everywhere(void (*once)(int replaced))
{
	int replaced, frames;

	for (replaced = 0; replaced < 2; replaced++)
		for (frames = 0;; frames++) {
			frames_left = frames;
			once(replaced);
			if (frames_left >= 0)
				break;
			MUST(frames < 30);
		}
}

/* ------------------------------------------------ the far core is lost */

static void restart_there(void)
{
	struct m3_dc_params dc = {
		.dc = RIG_DC, .tasks = RIG_TASKS, .procs = RIG_PROCS,
		.arena_bytes = 8u << 20, .gid = (uint32_t)-1, .name = "rig",
	};
	uint16_t dcs[2];

	m3_leave(server);
	SAME(m3_dc_end(there.core, RIG_DC), 0);
	SAME(m3_dc_init(there.core, &dc), 0);
	SAME(m3_add_node(there.core, RIG_DC, here.id), 0);
	SAME(m3_proxy_dcs(there.proxy, dcs, 2), 1);
	server = rig_join(&there, SERVER);
	rig_open(&here, &there);
	rig_settle(&here, &there);
}

enum phase { NOT_SENT, LOST, QUEUED, TAKEN };

static void core_lost(int op, enum phase phase, int expected)
{
	static char frame[M3_FRAME_BYTES];
	struct m3_message message;
	struct m3_call call;

	rig_start_call(client, &call, op, CLIENT, SERVER, 7, M3_PENDING);
	if (phase == LOST)
		MUST(rig_take(&here, M3_LANE_NORMAL, frame, sizeof(frame)));
	if (phase == QUEUED || phase == TAKEN)
		rig_settle(&here, &there);
	if (phase == TAKEN)
		SAME(m3_receive(server, SERVER, M3_ANY, &message, 0), 0);
	restart_there();
	SAME(m3_finish(client, &call), expected);
	SAME(m3_receive(server, SERVER, M3_ANY, &message, 0), -M3_EAGAIN);
	SOUND(&here);
}

static void core_losses(void)
{
	core_lost(M3_OP_SEND, NOT_SENT, -M3_ENODEDOWN);
	core_lost(M3_OP_SENDREC, NOT_SENT, -M3_ENODEDOWN);
	rig_ok("core lost: not sent");
	core_lost(M3_OP_SEND, LOST, -M3_EUNKNOWN);
	core_lost(M3_OP_SENDREC, LOST, -M3_EUNKNOWN);
	rig_ok("core lost: on its way");
	core_lost(M3_OP_SEND, QUEUED, -M3_EUNKNOWN);
	core_lost(M3_OP_SENDREC, QUEUED, -M3_EUNKNOWN);
	rig_ok("core lost: queued");
	core_lost(M3_OP_SENDREC, TAKEN, -M3_EUNKNOWN);
	rig_ok("core lost: taken");
}

/* Who serves a lost client: its request is gone, a reply to it fails. */
static void client_core_lost(void)
{
	struct m3_dc_params dc = {
		.dc = RIG_DC, .tasks = RIG_TASKS, .procs = RIG_PROCS,
		.arena_bytes = 8u << 20, .gid = (uint32_t)-1, .name = "rig",
	};
	struct m3_call first, second;
	struct m3_message message;
	uint16_t dcs[2];

	SAME(m3_bind(client, CLIENT + 1), 0);
	rig_start_call(client, &first, M3_OP_SENDREC, CLIENT, SERVER, 7,
		       M3_PENDING);
	rig_start_call(client, &second, M3_OP_SENDREC, CLIENT + 1, SERVER, 8,
		       M3_PENDING);
	rig_settle(&here, &there);
	SAME(m3_receive(server, SERVER, M3_ANY, &message, 0), 0);
	SAME(message.source, CLIENT);
	m3_leave(client);
	SAME(m3_dc_end(here.core, RIG_DC), 0);
	SAME(m3_dc_init(here.core, &dc), 0);
	SAME(m3_add_node(here.core, RIG_DC, there.id), 0);
	SAME(m3_proxy_dcs(here.proxy, dcs, 2), 1);
	rig_open(&here, &there);
	SAME(m3_receive(server, SERVER, M3_ANY, &message, 0), -M3_EAGAIN);
	MUST(m3_reply(server, SERVER, CLIENT, &message) < 0);
	SOUND(&there);
	client = rig_join(&here, CLIENT);
	rig_ok("core lost: of the client");
}

/* An older proxy of the same peer does nothing any more. */
static void replaced_proxy(void)
{
	static char frame[M3_FRAME_BYTES];
	struct m3_proxy *old = here.proxy;
	struct m3_dc_open open;
	uint32_t count;

	rig_attach(&here, there.id);
	SAME(m3_proxy_take(old, RIG_DC, M3_LANE_NORMAL, frame, sizeof(frame),
			   &count), -M3_EPROXYRUN);
	SAME(m3_proxy_open(old, RIG_DC, &open), -M3_EPROXYRUN);
	m3_detach(old);
	rig_open(&here, &there);
	frames_left = 1000;
	sendrec_once(0);
	rig_ok("a replaced proxy");
}

static void declare(void)
{
	SAME(m3_rmtbind(here.core, RIG_DC, "far", SERVER, there.id), 0);
	SAME(m3_alloc(client, CLIENT, BYTES, &theirs), 0);
	SAME(m3_alloc(server, SERVER, BYTES, &ours), 0);
}

int main(void)
{
	unsigned int i;

	rig_start(&here, 0);
	rig_start(&there, 2);
	rig_pair(&here, &there);
	client = rig_join(&here, CLIENT);
	server = rig_join(&there, SERVER);
	declare();
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		cut_everywhere(calls[i].once);
		rig_ok(calls[i].name);
	}
	replaced_proxy();
	core_losses();
	client_core_lost();
	m3_leave(client);
	m3_leave(server);
	rig_stop(&here);
	rig_stop(&there);
	return 0;
}
