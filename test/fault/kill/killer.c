// SPDX-License-Identifier: MIT
/*
 * killer <kills> <seed> <hits> [quick] - kills a victim `kills` times and, if
 * not in a hurry, goes on until each crash point that the acts can reach was
 * hit `hits` times. Standard output: one line a fact, for index.ts. Exit 1: the
 * region is broken, a process hangs or a check of the driver failed; the last
 * line says which.
 */
#include "scene.h"
#include <linux/futex.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 10000
#define MAX_SITES 4096u
#define MAX_ACTS 512u
#define MAX_CODES 512
#define SOON_NS 250000000ull
#define RANDOM_EVERY 5 /* one kill in five comes from outside */

/* A crash point: where it is, where acts pass it, how often one died there. */
struct site {
	uint32_t address, hits;
	uint32_t tries; /* kills that aimed at it */
	uint16_t act[8]; /* some places where it was met */
	uint32_t ordinal[8];
	uint32_t places;
};

struct board *board;
struct m3_member *victim;

static struct scene scene;
static struct site sites[MAX_SITES];
static uint32_t site_count;
static unsigned long crash_at;
static int crash_armed, crash_quiet;
static uint32_t codes[SURVIVORS][MAX_CODES];
static uint64_t died_at; /* when the last victim had ended, ns */
static unsigned int random_kills, act_kills[MAX_ACTS];

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

void m3_crash_point(void);

void m3_crash_point(void)
{
	uintptr_t site = (uintptr_t)__builtin_return_address(0);
	uint32_t n;

	if (!crash_armed)
		return;
	if (crash_quiet) {
		if (--crash_at == 0)
			kill(getpid(), SIGKILL);
		return;
	}
	n = board->passed++;
	if (n < LOG_MAX)
		board->log[n] = (uint32_t)site;
	if (n + 1 != crash_at)
		return;
	board->site = site;
	board->killed_at = now_ns();
	kill(getpid(), SIGKILL);
}

void crash_arm(unsigned long n)
{
	crash_at = n;
	crash_armed = 1;
}

void crash_die_quietly(unsigned long n)
{
	crash_quiet = 1;
	crash_arm(n);
	crash_armed = n != 0;
}

static const struct {
	const struct act *acts;
	const unsigned int *count;
} tables[] = {
	{ local_acts, &local_act_count }, { link_acts, &link_act_count },
	{ fresh_acts, &fresh_act_count }, { call_acts, &call_act_count },
	{ memory_acts, &memory_act_count },
	{ migrate_acts, &migrate_act_count },
	{ death_acts, &death_act_count },
	{ mesh_acts, &mesh_act_count },
};

#define TABLES (sizeof(tables) / sizeof(*tables))

/* Each variant of an act is one: of all of them, in order. */
struct variant {
	const struct act *act;
	unsigned int number;
};

static struct variant acts[MAX_ACTS];
static unsigned int act_count;

static void list_acts(void)
{
	unsigned int t, i, n;

	for (t = 0; t < TABLES; t++)
		for (i = 0; i < *tables[t].count; i++) {
			const struct act *act = &tables[t].acts[i];

			for (n = 0; n < act_variants(act); n++) {
				MUST(act_count < MAX_ACTS);
				acts[act_count].act = act;
				acts[act_count++].number = n;
			}
		}
}

/* ---------------------------------------------------------- sites */

static struct site *site_of(uint32_t address)
{
	uint32_t i;

	for (i = 0; i < site_count; i++)
		if (sites[i].address == address)
			return &sites[i];
	MUST(site_count < MAX_SITES);
	sites[site_count].address = address;
	return &sites[site_count++];
}

/* Where the last victim has passed its points. */
static void learn(unsigned int act)
{
	uint32_t i, n = board->passed < LOG_MAX ? board->passed : LOG_MAX;

	for (i = 0; i < n; i++) {
		struct site *s = site_of(board->log[i]);
		uint32_t at = s->places < 8 ? s->places : rig_random(64);

		if (at >= 8)
			continue;
		s->act[at] = (uint16_t)act;
		s->ordinal[at] = i + 1;
		if (s->places < 8)
			s->places++;
	}
}

/* The site that was hit least often, for its tries; NULL: all are done. */
static struct site *neediest(uint32_t hits)
{
	struct site *best = NULL;
	uint32_t i, from = site_count ? rig_random(site_count) : 0;

	for (i = 0; i < site_count; i++) {
		struct site *s = &sites[(from + i) % site_count];

		if (s->hits >= hits || s->tries > 100 * hits)
			continue;
		if (!best || s->tries < best->tries)
			best = s;
	}
	return best;
}

/* -------------------------------------------------------- one kill */

static void wait_ready(int stage)
{
	unsigned long end = rig_now() + PATIENCE_MS;

	while (board->ready < stage) {
		/* Node 1 may still know the victim's forerunner. */
		if (scene.far_client.op && !scene.runtime_away &&
		    m3_finish(scene.there, &scene.far_client) ==
			    -M3_EDSTDIED)
			driver_ask(&scene, 1, ASK_PLAIN);
		if (!driver_step(&scene))
			rig_sleep(30);
		MUST(rig_now() < end);
	}
}

static void run_victim(const struct act *act, unsigned long n)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	victim = rig_join(&scene.near, EP_VICTIM);
	board->ready = 1;
	act->prepare(&scene);
	board->ready = 2;
	while (!board->go)
		rig_sleep(20);
	crash_arm(n);
	act->act(&scene);
	crash_armed = 0;
	board->over = 1;
	for (;;)
		pause();
}

/* Survivors are in their calls, or have ended them. */
static void survivors_go(void)
{
	unsigned long end = rig_now() + PATIENCE_MS;
	struct m3_proc_info info;
	int i;

	/*
	 * Who looks often buries the dead and wakes the others: now and then
	 * those who sleep are alone.
	 */
	board->taking_part = rig_random(4) ? 15 : 1 + rig_random(15);
	if (rig_random(8) == 0)
		board->taking_part = 1u << (rig_random(2) ? SLEEPING :
							    ASYNCHRONOUS);
	board->round++;
	syscall(SYS_futex, &board->round, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	for (i = 0; i < SURVIVORS; i++)
		for (; board->taking_part >> i & 1;) {
			struct survivor_report *r = &board->survivors[i];

			MUST(rig_now() < end);
			SAME(m3_getprocinfo(scene.near.core, RIG_DC,
					    EP_SURVIVOR + i, &info), 0);
			if (r->left == board->round || info.rts_flags ||
			    (i == POLLING && r->entered == board->round))
				break;
			rig_sleep(30);
		}
}

/* Serves until the victim is dead; kills it at `instant` (ns) or at its end. */
static void await_death(pid_t pid, uint64_t instant)
{
	unsigned long end = rig_now() + PATIENCE_MS;
	int status;

	for (;;) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
		if (!board->killed_at &&
		    (board->over || (instant && now_ns() >= instant) ||
		     rig_now() >= end)) {
			board->killed_at = now_ns();
			kill(pid, SIGKILL);
		}
		if (!driver_step(&scene))
			rig_sleep(30);
	}
	died_at = now_ns();
	MUST(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	printf("death %lu\n",
	       (unsigned long)((died_at - board->killed_at) / 1000));
}

/* Their codes, and how long after the kill they had them. */
static void survivors_done(const struct act *act)
{
	unsigned long end = rig_now() + PATIENCE_MS;
	uint64_t took;
	int i, hang = 0;

	for (i = 0; i < SURVIVORS; i++) {
		struct survivor_report *r = &board->survivors[i];

		if (!(board->taking_part >> i & 1))
			continue;
		while (r->left != board->round && rig_now() < end)
			if (!driver_step(&scene))
				rig_sleep(200);
		if (r->left != board->round) {
			printf("hang %s in: %s\n", survivor_name(i), act->name);
			hang = 1;
			continue;
		}
		took = r->at > board->killed_at ? r->at - board->killed_at : 0;
		printf("took %d %lu\n", i, (unsigned long)(took / 1000));
		/* A process that the kernel has not ended yet still lives. */
		if (took > SOON_NS && r->at > died_at + SOON_NS)
			printf("late %s %lu ms in: %s\n", survivor_name(i),
			       (unsigned long)(took / 1000000), act->name);
		if (survivor_code_wrong(i, r->code))
			printf("undocumented %s: %d in: %s\n",
			       survivor_name(i), r->code, act->name);
		if (r->code <= 0 && r->code > -MAX_CODES)
			codes[i][-r->code]++;
	}
	fflush(stdout);
	if (hang)
		_exit(1);
}

/* Nothing of the dead is left, and both regions are whole. */
static void inspect(const struct act *act)
{
	struct m3_dc_info info;
	int e[2];

	e[0] = m3_check(scene.near.core, RIG_DC);
	e[1] = m3_check(scene.far.core, RIG_DC);
	m3_sweep(scene.near.core);
	m3_sweep(scene.far.core);
	if (act->after)
		act->after(&scene);
	driver_rest(&scene);
	if (!e[0])
		e[0] = m3_check(scene.near.core, RIG_DC);
	if (!e[1])
		e[1] = m3_check(scene.far.core, RIG_DC);
	SAME(m3_getdcinfo(scene.near.core, RIG_DC, &info), 0);
	/* 1, 4, 5, the survivors, and three of the other node. */
	if (e[0] || e[1] || info.bound != 6 + SURVIVORS ||
	    info.members != 1 + SURVIVORS ||
	    info.arena_used != 2 * ((COPY_BYTES + 4095) & ~4095u)) {
		printf("inconsistent check %d %d bound %u members %u arena %u "
		       "site %lx in: %s\n", e[0], e[1], info.bound,
		       info.members, info.arena_used,
		       (unsigned long)board->site, act->name);
		fflush(stdout);
		_exit(1);
	}
}

static void kill_once(unsigned int a, unsigned long n, uint64_t delay_ns)
{
	const struct act *act = acts[a].act;
	pid_t pid;

	board->ready = board->go = board->over = 0;
	board->killed_at = 0;
	board->site = 0;
	board->passed = 0;
	board->act = act->name;
	scene.variant = acts[a].number;
	scene.slow = !!(act->flags & ACT_SLOW);
	if (act->before)
		act->before(&scene);
	scene.runtime_away = !!(act->flags & ACT_RUNTIME);
	fflush(stdout);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0)
		run_victim(act, n);
	wait_ready(1);
	if (act->flags & ACT_ASK)
		driver_ask(&scene, 0, ASK_PLAIN);
	if (act->flags & ACT_FAR_ASK)
		driver_ask(&scene, 1, ASK_PLAIN);
	survivors_go();
	wait_ready(2);
	board->go = 1;
	await_death(pid, delay_ns ? now_ns() + delay_ns : 0);
	survivors_done(act);
	learn(a);
	if (board->site) {
		site_of((uint32_t)board->site)->hits++;
	} else if (delay_ns) {
		random_kills++;
	}
	act_kills[a]++;
	inspect(act);
}

/* ------------------------------------------------------------ main */

static void report(unsigned int kills)
{
	uint32_t i;
	int s, c;

	for (i = 0; i < site_count; i++)
		printf("site %x %u\n", sites[i].address, sites[i].hits);
	for (s = 0; s < SURVIVORS; s++)
		for (c = 0; c < MAX_CODES; c++)
			if (codes[s][c])
				printf("code %s %d %u\n", survivor_name(s), -c,
				       codes[s][c]);
	for (i = 0; i < act_count; i++)
		printf("act %u %s\n", act_kills[i], acts[i].act->name);
	printf("kills %u %u\n", kills, random_kills);
}

int main(int argc, char **argv)
{
	unsigned int kills, hits, i, n;
	struct site *aim;

	MUST(argc == 4 || argc == 5);
	kills = (unsigned int)atoi(argv[1]);
	hits = (unsigned int)atoi(argv[3]);
	argv[1] = argv[2];
	rig_seed(argc, argv);
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(board != MAP_FAILED);
	list_acts();
	driver_begin(&scene);
	survivors_start(scene.near.dir);
	/* First each act to its end: what points does it pass? */
	for (i = 0; i < act_count; i++)
		kill_once(i, 0, 0);
	for (n = act_count;; n++) {
		aim = neediest(hits);
		if (n >= kills && (!aim || argc == 5))
			break;
		if (n % RANDOM_EVERY == 0 || !aim) {
			kill_once(rig_random(act_count), 0,
				  1 + rig_random(3000000));
			continue;
		}
		i = rig_random(aim->places);
		aim->tries++;
		kill_once(aim->act[i], aim->ordinal[i], 0);
	}
	report(n);
	survivors_stop();
	driver_end(&scene);
	fresh_stop();
	printf("end\n");
	return 0;
}
