// SPDX-License-Identifier: MIT
/*
 * Slots that a peer has a part in: the notice to a warn-on-death endpoint
 * elsewhere, the quota of automatic descriptors, replicas, backups.
 */
#include "forge.h"
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct forge_record rec;

#define takes(f, kind, src) FORGE_NEXT(f, &rec, kind, src)

/* -------------------------------------------------------- the notice */

/* A core whose deaths are told to endpoint 20, on node 1. */
static struct m3_member *begin_warned(struct rig_node *n, struct forge *f)
{
	struct m3_dc_params dc = {
		.dc = RIG_DC, .tasks = RIG_TASKS, .procs = RIG_PROCS,
		.gid = (uint32_t)-1, .name = "rig",
		.warn2proc = 20, .warnmsg = 77,
	};

	rig_start(n, 0);
	SAME(m3_dc_end(n->core, RIG_DC), 0);
	SAME(m3_dc_init(n->core, &dc), 0);
	forge_begin(f, n, 1);
	SAME(m3_rmtbind(n->core, RIG_DC, "far", 20, 1), 0);
	return rig_join(n, 1);
}

/* One that node 1 has heard of dies. */
static void die(struct rig_node *n, struct forge *f)
{
	forge_killed_server(f);
	SAME((long)rig_info(n, 3).misc_flags, M3_MF_KILLED);
	SAME((long)rig_rts(n, 3), M3_RTS_SENDING | M3_RTS_RMTOPER);
	SOUND(n);
	takes(f, M3_REC_REPLY, 3);
}

static void notice_to_another_node(void)
{
	struct rig_node n;
	struct forge f;
	struct m3_member *m = begin_warned(&n, &f);
	int32_t words[2];

	die(&n, &f);
	takes(&f, M3_REC_SEND, 3);
	SAME(rec.body.message.type, 77);
	memcpy(words, rec.body.message.data, sizeof(words));
	SAME(words[0], -1);
	SAME(words[1], -1);
	/* Its death comes behind it: it would take the notice with it. */
	forge_nothing(&f);
	SAME(m3_bind(m, 3), -M3_ESLOTUSED);
	forge_fill(&f, &rec, M3_REC_SEND_ACK, 20, 3, rec.head.call, 0);
	SAME(forge_put(&f, M3_LANE_NORMAL, &rec), 1);
	SAME(rig_rts(&n, 3), M3_RTS_SLOT_FREE);
	takes(&f, M3_REC_DEATH, 3);
	forge_nothing(&f);
	SAME(m3_bind(m, 3), 0);
	rig_close(&n, m);
}

/* Whatever becomes of the notice, the slot gets free. */
static void notice_that_is_lost(int how)
{
	struct rig_node n;
	struct forge f;
	struct m3_member *m = begin_warned(&n, &f);

	if (how == 3) {
		/* There is no way to node 1's endpoint at all. */
		SAME(m3_unbind_any(n.core, RIG_DC, 20), 0);
		SAME(m3_node_up(n.core, 2, "unserved"), 0);
		SAME(m3_add_node(n.core, RIG_DC, 2), 0);
		SAME(m3_rmtbind(n.core, RIG_DC, "far", 20, 2), 0);
		m3_leave(m);
		m = rig_join(&n, 3);
		if (fork() == 0) {
			rig_join(&n, 4);
			_exit(0);
		}
		SAME(wait(NULL) > 0, 1);
		SAME(m3_sweep(n.core), rig_left(1));
		SAME(rig_rts(&n, 4), M3_RTS_SLOT_FREE);
		rig_close(&n, m);
		return;
	}
	die(&n, &f);
	if (how)
		takes(&f, M3_REC_SEND, 3);
	if (how == 2)
		SAME(m3_unbind_any(n.core, RIG_DC, 3), 0);
	else
		SAME(m3_del_node(n.core, RIG_DC, 1), 0);
	SAME(rig_rts(&n, 3), M3_RTS_SLOT_FREE);
	if (how == 2) {
		takes(&f, M3_REC_CANCEL, 3);
		takes(&f, M3_REC_DEATH, 3);
	}
	rig_close(&n, m);
}

/* ------------------------------------------- who may bind and speak */

/* The clients of a lost core are dead: their descriptors go with it. */
static void clients_of_a_lost_core(void)
{
	struct m3_message message;
	struct m3_call receive, gone;
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);
	int life, ep, i;

	SAME(m3_bind(m, 2), 0);
	/* More of them than a peer's share, but never at a time. */
	for (life = 0; life < 2; life++) {
		for (ep = 8 - 4 * life; ep < 28 - 4 * life; ep++)
			SAME(forge_message(&f, M3_REC_NOTIFY, ep, 1, 0, 0), 1);
		SAME(rig_rts(&n, ep - 1), M3_RTS_REMOTE);
		rig_start_call(m, &receive, M3_OP_RECEIVE, 1, ep - 1, 0, 0);
		rig_start_call(m, &receive, M3_OP_RECEIVE, 1, ep - 1, 0,
			       M3_PENDING);
		rig_start_call(m, &gone, M3_OP_WAITUNBIND, 2, ep - 1, 0,
			       M3_PENDING);
		f.incarnation++;
		for (i = 0; i < M3_LANES; i++)
			f.next[i] = f.seen[i] = 1;
		SAME(forge_open(&f), 0);
		SAME(m3_finish(m, &receive), -M3_ENODEDOWN);
		SAME(m3_finish(m, &gone), 0);
		SAME(rig_rts(&n, ep - 1), M3_RTS_SLOT_FREE);
		SAME(m3_receive(m, 1, M3_ANY, &message, 0), -M3_EAGAIN);
		SOUND(&n);
	}
	rig_close(&n, m);
}

static void quota_of_descriptors(void)
{
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);
	struct m3_message message;
	int ep;

	/* Three quarters of the 32: endpoints 8 to 31. */
	for (ep = 8; ep < 32; ep++)
		SAME(forge_message(&f, M3_REC_NOTIFY, ep, 1, 0, 0), 1);
	SAME(forge_message(&f, M3_REC_NOTIFY, 4, 1, 0, 0), 1);
	forge_nothing(&f);
	SAME(forge_message(&f, M3_REC_SENDREC, 4, 1, 9, 7), 1);
	SAME(rig_rts(&n, 4), M3_RTS_SLOT_FREE);
	takes(&f, M3_REC_ERROR, 1);
	SAME(rec.head.dst, 4);
	SAME((long)rec.head.call, 9);
	SAME(rec.head.status, -M3_EAGAIN);
	SAME((long)rec.head.dst_binding, (long)FORGE_BINDING);
	SOUND(&n);
	/* The same answer once, and never more than a peer's share. */
	for (ep = 0; ep < 100; ep++)
		SAME(forge_message(&f, M3_REC_SEND, 4 + ep % 2, 1,
				   10 + (uint64_t)ep / 4, 7), 1);
	SOUND(&n);
	for (ep = 0; forge_take(&f, M3_LANE_NORMAL, &rec); ep++)
		SAME(rec.head.status, -M3_EAGAIN);
	SAME(ep, 50);
	/* Room again: one dies, one is made management's. */
	forge_death(&f, 8, FORGE_BINDING);
	SAME(forge_message(&f, M3_REC_NOTIFY, 4, 1, 0, 0), 1);
	SAME(rig_rts(&n, 4), M3_RTS_REMOTE);
	SAME(m3_rmtbind(n.core, RIG_DC, "adopted", 9, 1), 0);
	SAME(strcmp(rig_info(&n, 9).name, "adopted"), 0);
	SAME(m3_rmtbind(n.core, RIG_DC, "again", 9, 1), -M3_ESLOTUSED);
	SAME(forge_message(&f, M3_REC_NOTIFY, 6, 1, 0, 0), 1);
	SAME(rig_rts(&n, 6), M3_RTS_REMOTE);
	SAME(forge_message(&f, M3_REC_NOTIFY, 7, 1, 0, 0), 1);
	SAME(rig_rts(&n, 7), M3_RTS_SLOT_FREE);
	SAME(m3_receive(m, 1, M3_ANY, &message, 0), 0);
	rig_close(&n, m);
}

/* A request in the name of an endpoint of this node gets ELCLPROC. */
static void namesakes(void)
{
	struct m3_message message;
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);

	SAME(m3_replbind(n.core, RIG_DC, getpid(), 5), 0);
	SAME(m3_bind(m, 6), 0);
	/* Of a replica, notifications are accepted; not its own. */
	SAME(forge_message(&f, M3_REC_NOTIFY, 5, 1, 0, 0), 1);
	SAME(forge_message(&f, M3_REC_NOTIFY, 5, 5, 0, 0), 1);
	SAME(forge_message(&f, M3_REC_NOTIFY, 6, 1, 0, 0), 1);
	SAME(m3_receive(m, 1, M3_ANY, &message, 0), 0);
	SAME(message.source, 5);
	SAME(m3_receive(m, 1, M3_ANY, &message, 0), -M3_EAGAIN);
	SAME(m3_receive(m, 5, M3_ANY, &message, 0), -M3_EAGAIN);
	MUST(rig_info(&n, 5).binding != FORGE_BINDING);
	forge_nothing(&f);
	SAME(forge_message(&f, M3_REC_SENDREC, 5, 1, 3, 7), 1);
	takes(&f, M3_REC_ERROR, 1);
	SAME(rec.head.status, -M3_ELCLPROC);
	SAME((long)rec.head.call, 3);
	SAME(forge_message(&f, M3_REC_SEND, 6, 1, 4, 7), 1);
	takes(&f, M3_REC_ERROR, 1);
	SAME(rec.head.status, -M3_ELCLPROC);
	SAME(m3_receive(m, 1, M3_ANY, &message, 0), -M3_EAGAIN);
	/* Its death elsewhere is nobody's here. */
	forge_death(&f, 5, FORGE_BINDING);
	SAME(rig_rts(&n, 5), 0);
	/* In the name of a third node's endpoint. */
	SAME(m3_node_up(n.core, 2, "third"), 0);
	SAME(m3_add_node(n.core, RIG_DC, 2), 0);
	SAME(m3_rmtbind(n.core, RIG_DC, "third", 23, 2), 0);
	SAME(forge_message(&f, M3_REC_SENDREC, 23, 1, 3, 7), 1);
	takes(&f, M3_REC_ERROR, 1);
	SAME(rec.head.status, -M3_ENONODE);
	SAME((long)rig_info(&n, 23).node, 2);
	rig_close(&n, m);
}

/* A backup is remote: nobody reaches its process, from no side. */
static void backup_with_traffic(void)
{
	struct m3_call call;
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);

	SAME(m3_bkupbind(n.core, RIG_DC, getpid(), 5, 1), 0);
	rig_start_call(m, &call, M3_OP_SENDREC, 1, 5, 7, M3_PENDING);
	takes(&f, M3_REC_SENDREC, 1);
	SAME(m3_unbind(m, 5), 0);
	SAME(m3_finish(m, &call), M3_PENDING);
	SAME(m3_bkupbind(n.core, RIG_DC, getpid(), 5, 1), 0);
	SAME(forge_message(&f, M3_REC_REPLY, 5, 1, rec.head.call, 8), 1);
	SAME(m3_finish(m, &call), 0);
	SAME(forge_message(&f, M3_REC_SENDREC, 20, 5, 3, 7), 1);
	takes(&f, M3_REC_ERROR, 5);
	SAME(rec.head.status, -M3_ERMTPROC);
	/* The primary dies: the backup is still one. */
	forge_death(&f, 5, FORGE_BINDING);
	SAME((long)rig_info(&n, 5).misc_flags, M3_MF_RMTBACKUP);
	SAME(rig_rts(&n, 5), M3_RTS_REMOTE);
	rig_close(&n, m);
}

int main(void)
{
	int i;

	alarm(100);
	notice_to_another_node();
	for (i = 0; i < 4; i++)
		notice_that_is_lost(i);
	clients_of_a_lost_core();
	quota_of_descriptors();
	namesakes();
	backup_with_traffic();
	return 0;
}
