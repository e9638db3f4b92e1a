// SPDX-License-Identifier: MIT
/*
 * What nodes tell each other of the end of endpoints: DEATH records out and
 * in, and what else says the same.
 */
#include "forge.h"
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct forge_record rec;

#define takes(f, kind, src) FORGE_NEXT(f, &rec, kind, src)

/* ----------------------------------------------------------- told */

/* Behind what it has said, by unbind and by kill; of who has said nothing too. */
static void told_of_deaths(void)
{
	struct m3_message message;
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);
	uint64_t binding = rig_info(&n, 1).binding;

	SAME(m3_bind(m, 2), 0);
	SAME(forge_message(&f, M3_REC_SENDREC, 20, 1, 5, 7), 1);
	SAME(m3_receive(m, 1, M3_ANY, &message, 0), 0);
	SAME(m3_reply(m, 1, 20, &message), 0);
	SAME(m3_unbind(m, 1), 0);
	SAME(m3_unbind(m, 2), 0);
	takes(&f, M3_REC_REPLY, 1);
	takes(&f, M3_REC_DEATH, 1);
	SAME((long)rec.head.src_binding, (long)binding);
	SAME((long)rec.head.length, 64);
	takes(&f, M3_REC_DEATH, 2);
	forge_nothing(&f);

	forge_killed_server(&f);
	takes(&f, M3_REC_REPLY, 3);
	takes(&f, M3_REC_DEATH, 3);
	forge_nothing(&f);
	rig_close(&n, m);
}

/* Whom the endpoint told something un-taken knows it only when it is dead. */
static void told_after_the_death(void)
{
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);
	uint64_t binding = rig_info(&n, 1).binding;

	SAME(m3_rmtbind(n.core, RIG_DC, "far", 20, 1), 0);
	SAME(m3_notify(m, 1, 20), 0);
	SAME(m3_unbind(m, 1), 0);
	SAME(m3_bind(m, 1), 0);
	takes(&f, M3_REC_NOTIFY, 1);
	takes(&f, M3_REC_DEATH, 1);
	SAME((long)rec.head.src_binding, (long)binding);
	MUST(rig_info(&n, 1).binding != binding);
	forge_nothing(&f);
	rig_close(&n, m);
}

/*
 * A death that need not be told, as somebody else is bound, is a queue that
 * turns out to be empty: what comes next rings all the same.
 */
static void rung_after_an_empty_queue(void)
{
	char frame[4096];
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);
	uint32_t queues[4], count;
	int32_t peers[4];

	SAME(m3_rmtbind(n.core, RIG_DC, "far", 20, 1), 0);
	SAME(m3_bind(m, 2), 0);
	SAME(m3_unbind(m, 2), 0);
	SAME(m3_bind(m, 2), 0);
	SAME(m3_proxy_queues(n.proxy, queues, 4), 1);
	SAME(m3_proxy_take(n.proxy, RIG_DC, M3_LANE_NORMAL, frame,
			   sizeof(frame), &count), 0);
	m3_node_serve(n.core, peers, 4);
	SAME(m3_notify(m, 1, 20), 0);
	SAME(m3_node_serve(n.core, peers, 4), 1);
	takes(&f, M3_REC_NOTIFY, 1);
	rig_close(&n, m);
}

/* Deaths are state: no link is down for too long, and the last one counts. */
static void many_deaths_without_a_link(void)
{
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);
	uint64_t binding[20];
	int i, ep, seen = 0;

	SAME(m3_proxy_disconnected(n.proxy), 0);
	for (i = 0; i < 3; i++)
		for (ep = 2; ep < 20; ep++) {
			SAME(forge_open(&f), 0);
			SAME(m3_bind(m, ep), 0);
			binding[ep] = rig_info(&n, ep).binding;
			SAME(forge_message(&f, M3_REC_NOTIFY, 20, ep, 0, 0), 1);
			SAME(m3_proxy_disconnected(n.proxy), 0);
			SAME(m3_unbind(m, ep), 0);
		}
	SOUND(&n);
	SAME(forge_open(&f), 0);
	while (forge_take(&f, M3_LANE_NORMAL, &rec)) {
		SAME(rec.head.kind, M3_REC_DEATH);
		SAME((long)rec.head.src_binding, (long)binding[rec.head.src]);
		seen++;
	}
	SAME(seen, 18);
	rig_close(&n, m);
}

/* A node that has only declared it hears of a death, but not of an heir's. */
static void told_without_a_word(void)
{
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);
	uint64_t binding;
	int i;

	/* Bound again before it was told: somebody may wait for the heir. */
	for (i = 0; i < 3; i++) {
		SAME(m3_bind(m, 2), 0);
		binding = rig_info(&n, 2).binding;
		SAME(m3_unbind(m, 2), 0);
	}
	SAME(m3_bind(m, 3), 0);
	SAME(m3_unbind(m, 3), 0);
	SAME(m3_bind(m, 3), 0);
	takes(&f, M3_REC_DEATH, 2);
	SAME((long)rec.head.src_binding, (long)binding);
	forge_nothing(&f);
	SOUND(&n);
	/* The peer gets to know the heir, and is told of that one's end. */
	SAME(m3_unbind(m, 3), 0);
	SAME(m3_bind(m, 3), 0);
	binding = rig_info(&n, 3).binding;
	SAME(forge_message(&f, M3_REC_NOTIFY, 20, 3, 0, 0), 1);
	SAME(m3_unbind(m, 3), 0);
	SAME(m3_bind(m, 3), 0);
	takes(&f, M3_REC_DEATH, 3);
	SAME((long)rec.head.src_binding, (long)binding);
	forge_nothing(&f);
	rig_close(&n, m);
}

/* What ended before the peer's core was heard of, and is not bound again. */
static void told_when_it_opens(void)
{
	struct rig_node n;
	struct forge f;
	struct m3_member *m;
	uint64_t binding;
	int ep;

	rig_start(&n, 0);
	m = rig_join(&n, 1);
	for (ep = 2; ep < 5; ep++)
		SAME(m3_bind(m, ep), 0);
	binding = rig_info(&n, 3).binding;
	SAME(m3_unbind(m, 2), 0);
	SAME(m3_unbind(m, 3), 0);
	SAME(m3_bind(m, 2), 0);
	forge_begin(&f, &n, 1);
	takes(&f, M3_REC_DEATH, 3);
	SAME((long)rec.head.src_binding, (long)binding);
	forge_nothing(&f);
	/* The same opening again: it has been told. */
	SAME(forge_open(&f), 0);
	forge_nothing(&f);
	rig_close(&n, m);
}

/* A peer whose core was lost knows nobody. */
static void lost_peers_know_nobody(void)
{
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);
	int i;

	SAME(forge_message(&f, M3_REC_NOTIFY, 20, 1, 0, 0), 1);
	SAME(m3_bind(m, 2), 0);
	SAME(forge_message(&f, M3_REC_NOTIFY, 20, 2, 0, 0), 1);
	SAME(m3_unbind(m, 2), 0);
	f.incarnation++;
	for (i = 0; i < M3_LANES; i++)
		f.next[i] = f.seen[i] = 1;
	SAME(m3_bind(m, 2), 0);
	SAME(forge_open(&f), 0);
	SAME(m3_unbind(m, 1), 0);
	SAME(m3_bind(m, 1), 0);
	forge_nothing(&f);
	rig_close(&n, m);
}

/* A lane that never runs dry: a death has its turn all the same. */
static void told_in_a_busy_lane(void)
{
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);
	int i, at = -1;

	SAME(m3_rmtbind(n.core, RIG_DC, "far", 20, 1), 0);
	SAME(m3_bind(m, 2), 0);
	SAME(forge_message(&f, M3_REC_NOTIFY, 20, 2, 0, 0), 1);
	SAME(m3_unbind(m, 2), 0);
	SAME(m3_bind(m, 3), 0);
	for (i = 0; i < 40 && at < 0; i++) {
		SAME(m3_notify(m, 1, 20), 0);
		SAME(m3_notify(m, 3, 20), 0);
		SAME(forge_take(&f, M3_LANE_NORMAL, &rec), 1);
		if (rec.head.kind == M3_REC_DEATH)
			at = i;
	}
	MUST(at >= 0);
	rig_close(&n, m);
}

/* ---------------------------------------------------------- learned */

static void learns_of_a_death(void)
{
	struct m3_message message;
	struct m3_call receive, unsent, sent;
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);

	/* A client bound by its first record: its request, its notification. */
	SAME(forge_message(&f, M3_REC_NOTIFY, 20, 1, 0, 0), 1);
	SAME(forge_message(&f, M3_REC_SENDREC, 20, 1, 5, 7), 1);
	SAME(m3_bind(m, 2), 0);
	rig_start_call(m, &receive, M3_OP_RECEIVE, 2, 20, 0, M3_PENDING);
	forge_death(&f, 20, FORGE_BINDING);
	SAME(m3_finish(m, &receive), -M3_ESRCDIED);
	SAME(m3_receive(m, 1, M3_ANY, &message, 0), -M3_EAGAIN);
	SAME(rig_rts(&n, 20), M3_RTS_SLOT_FREE);
	SOUND(&n);

	/* One that management has bound stays, its next life unknown. */
	SAME(m3_rmtbind(n.core, RIG_DC, "far", 21, 1), 0);
	SAME(m3_bind(m, 3), 0);
	SAME(forge_message(&f, M3_REC_NOTIFY, 21, 1, 0, 0), 1);
	rig_start_call(m, &sent, M3_OP_SENDREC, 1, 21, 7, M3_PENDING);
	takes(&f, M3_REC_SENDREC, 1);
	rig_start_call(m, &receive, M3_OP_RECEIVE, 2, 21, 0, M3_PENDING);
	rig_start_call(m, &unsent, M3_OP_SEND, 3, 21, 7, M3_PENDING);
	forge_death(&f, 21, FORGE_BINDING);
	SAME(m3_finish(m, &receive), -M3_ESRCDIED);
	SAME(m3_finish(m, &unsent), -M3_EDSTDIED);
	SAME(rig_rts(&n, 21), M3_RTS_REMOTE);
	SAME((long)rig_info(&n, 21).binding, 0);
	/* What has left is answered by the core it went to. */
	SAME(m3_finish(m, &sent), M3_PENDING);
	forge_fill(&f, &rec, M3_REC_ERROR, 21, 1, 1, 0);
	rec.head.call = 1;
	rec.head.src_binding = 0;
	rec.head.status = -M3_EDSTDIED;
	SAME(forge_put(&f, M3_LANE_NORMAL, &rec), 1);
	SAME(m3_finish(m, &sent), -M3_EDSTDIED);
	rig_close(&n, m);
}

/* Deaths of former lives, of strangers, of others' and of local endpoints. */
static void ignores_deaths(void)
{
	struct m3_message message;
	struct m3_call receive;
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);

	SAME(forge_message(&f, M3_REC_SENDREC, 20, 1, 5, 7), 1);
	rig_start_call(m, &receive, M3_OP_RECEIVE, 1, 2, 0, -M3_ESRCDIED);
	forge_death(&f, 20, FORGE_BINDING - 1);
	forge_death(&f, 22, FORGE_BINDING);
	forge_death(&f, 1, FORGE_BINDING);
	forge_death(&f, 4000, FORGE_BINDING);
	SAME(m3_node_up(n.core, 2, "third"), 0);
	SAME(m3_add_node(n.core, RIG_DC, 2), 0);
	SAME(m3_rmtbind(n.core, RIG_DC, "third", 23, 2), 0);
	forge_death(&f, 23, FORGE_BINDING);
	SAME(rig_rts(&n, 23), M3_RTS_REMOTE);
	SAME(rig_rts(&n, 22), M3_RTS_SLOT_FREE);
	SAME(rig_rts(&n, 1), 0);
	SAME(m3_receive(m, 1, M3_ANY, &message, 0), 0);
	SAME(message.source, 20);
	SAME(m3_reply(m, 1, 20, &message), 0);
	rig_close(&n, m);
}

/* The first words of a new life say that the former one has ended. */
static void learns_from_a_new_life(void)
{
	struct m3_message message;
	struct m3_call receive;
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);

	SAME(forge_message(&f, M3_REC_NOTIFY, 20, 1, 0, 0), 1);
	SAME(m3_receive(m, 1, 20, &message, 0), 0);
	rig_start_call(m, &receive, M3_OP_RECEIVE, 1, 20, 0, M3_PENDING);
	forge_fill(&f, &rec, M3_REC_NOTIFY, 20, 1, 0, 64);
	rec.head.src_binding++;
	SAME(forge_put(&f, M3_LANE_NORMAL, &rec), 1);
	SAME(m3_finish(m, &receive), -M3_ESRCDIED);
	SAME(m3_receive(m, 1, 20, &message, 0), 0);
	forge_death(&f, 20, FORGE_BINDING);
	SAME(rig_rts(&n, 20), M3_RTS_REMOTE);
	rig_close(&n, m);
}

/*
 * A receive that names a process of another node, and a wait for its unbind:
 * it unbinds, or is killed. It has said something, or has only been declared.
 */
static void waits_from_afar(int killed, int silent)
{
	struct m3_call receive, gone;
	struct m3_message message;
	struct rig_node a, b;
	struct m3_member *m;
	pid_t pid;

	rig_start(&a, 0);
	rig_start(&b, 1);
	rig_pair(&a, &b);
	SAME(m3_rmtbind(a.core, RIG_DC, "far", 2, 1), 0);
	SAME(m3_rmtbind(b.core, RIG_DC, "far", 1, 0), 0);
	m = rig_join(&a, 1);
	SAME(m3_bind(m, 3), 0);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		struct m3_member *far = rig_join(&b, 2);

		if (!silent)
			SAME(m3_notify(far, 2, 1), 0);
		SAME(m3_receive(far, 2, 1, &message, M3_FOREVER),
		     -M3_ESHUTDOWN);
		m3_leave(far);
		_exit(0);
	}
	rig_until(&b, 2, M3_RTS_RECEIVING);
	rig_settle(&a, &b);
	SAME(m3_receive(m, 1, 2, &message, 0), silent ? -M3_EAGAIN : 0);
	rig_start_call(m, &gone, M3_OP_WAITUNBIND, 3, 2, 0, M3_PENDING);
	rig_start_call(m, &receive, M3_OP_RECEIVE, 1, 2, 0, M3_PENDING);
	if (killed)
		SAME(kill(pid, SIGKILL), 0);
	else
		SAME(m3_unbind_any(b.core, RIG_DC, 2), 0);
	SAME(waitpid(pid, NULL, 0), pid);
	SAME(m3_sweep(b.core), rig_left(killed));
	SAME(m3_finish(m, &receive), M3_PENDING);
	rig_settle(&a, &b);
	SAME(m3_finish(m, &receive), -M3_ESRCDIED);
	SAME(m3_finish(m, &gone), 0);
	SAME((long)rig_rts(&a, 2), M3_RTS_REMOTE);
	SOUND(&a);
	SOUND(&b);
	rig_close(&a, m);
	rig_stop(&b);
}

/* One frame tells of a whole life: who waited for it has seen it. */
static void a_life_in_one_frame(void)
{
	static unsigned char frame[M3_FRAME_BYTES];
	struct m3_frame_header h;
	struct m3_call bound;
	struct rig_node n;
	struct forge f;
	struct m3_member *m = forge_alone(&n, &f);
	unsigned int bytes;

	rig_start_call(m, &bound, M3_OP_WAITBIND, 1, 20, 0, M3_PENDING);
	forge_fill(&f, &rec, M3_REC_NOTIFY, 20, 1, 0,
		   sizeof(struct m3_message));
	bytes = forge_frame(&f, M3_LANE_NORMAL, &rec, frame);
	forge_fill(&f, &rec, M3_REC_DEATH, 20, M3_NONE, 0, 0);
	rec.head.src_binding = FORGE_BINDING;
	memcpy(frame + bytes, &rec, rec.head.length);
	memcpy(&h, frame, sizeof(h));
	h.count = 2;
	memcpy(frame, &h, sizeof(h));
	SAME(m3_proxy_put(n.proxy, frame, bytes + rec.head.length), 2);
	SAME(m3_finish(m, &bound), 0);
	SAME(rig_rts(&n, 20), M3_RTS_SLOT_FREE);
	SOUND(&n);
	rig_close(&n, m);
}

int main(void)
{
	alarm(100);
	told_of_deaths();
	told_after_the_death();
	rung_after_an_empty_queue();
	many_deaths_without_a_link();
	told_without_a_word();
	told_when_it_opens();
	lost_peers_know_nobody();
	told_in_a_busy_lane();
	learns_of_a_death();
	ignores_deaths();
	learns_from_a_new_life();
	a_life_in_one_frame();
	waits_from_afar(0, 0);
	waits_from_afar(1, 0);
	waits_from_afar(0, 1);
	waits_from_afar(1, 1);
	return 0;
}
