// SPDX-License-Identifier: MIT
/* The names of the paper (mnx.h): who calls, and where the core is. */
#include "mnx_self.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Memberships last as long as the process: another thread may be inside a call
 * with one when this thread unbinds.
 */
struct membership {
	struct membership *next;
	struct m3_member *member;
	int dc;
};

static struct {
	pthread_mutex_t lock;
	pthread_once_t once;
	pthread_key_t key;
	struct membership *list; /* lock */
	struct mnx_binding process; /* lock */
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT };

static __thread struct mnx_thread thread;

static void end_of_thread(void *data)
{
	struct mnx_thread *t = data;

	if (t->own.member)
		m3_unbind(t->own.member, t->own.ep);
	t->own.member = NULL;
	mnx_drop_links(t);
	if (t->node)
		m3_node_close(t->node);
	t->node = NULL;
}

/* A child is bound to nothing: what it has inherited is its parent's. */
static void forked(void)
{
	struct membership *m;

	pthread_mutex_init(&state.lock, NULL);
	while ((m = state.list)) {
		state.list = m->next;
		m3_leave(m->member);
		free(m);
	}
	state.process.member = NULL;
	thread.own.member = NULL;
	end_of_thread(&thread);
}

static void make_key(void)
{
	pthread_key_create(&state.key, end_of_thread);
	pthread_atfork(NULL, NULL, forked);
}

struct mnx_thread *mnx_thread(void)
{
	pthread_once(&state.once, make_key);
	pthread_setspecific(state.key, &thread);
	return &thread;
}

/* It watches nothing: that asks whether it is this member's, no more. */
int mnx_is_bound(const struct mnx_binding *b)
{
	return b->member && !m3_watch(b->member, b->ep, 0);
}

void mnx_process(struct mnx_binding *b)
{
	pthread_mutex_lock(&state.lock);
	*b = state.process;
	pthread_mutex_unlock(&state.lock);
}

int mnx_self(struct mnx_binding *b)
{
	if (thread.own.member) {
		*b = thread.own;
		return 0;
	}
	mnx_process(b);
	return b->member ? 0 : -M3_ENOTBIND;
}

void mnx_set(const struct mnx_binding *b, int of_thread)
{
	if (of_thread) {
		mnx_thread()->own = *b;
		return;
	}
	pthread_once(&state.once, make_key);
	pthread_mutex_lock(&state.lock);
	state.process = *b;
	pthread_mutex_unlock(&state.lock);
}

/* ---------------------------------------------------------- memberships */

static struct m3_member *joined(int dc)
{
	struct m3_dc_info info;
	struct membership *m;

	/* That of a DC which has ended stays: who uses it gets EDCNOTRUN. */
	for (m = state.list; m; m = m->next)
		if (m->dc == dc && !m3_member_dcinfo(m->member, &info))
			return m->member;
	return NULL;
}

struct m3_member *mnx_joined(int dc)
{
	struct m3_member *member;

	pthread_mutex_lock(&state.lock);
	member = joined(dc);
	pthread_mutex_unlock(&state.lock);
	return member;
}

static int keep(int dc, struct m3_member *member)
{
	struct membership *m = calloc(1, sizeof(*m));

	if (!m)
		return -M3_ENOMEM;
	m->member = member;
	m->dc = dc;
	m->next = state.list;
	state.list = m;
	return 0;
}

void mnx_keep(int dc, struct m3_member *member)
{
	pthread_once(&state.once, make_key);
	pthread_mutex_lock(&state.lock);
	keep(dc, member);
	pthread_mutex_unlock(&state.lock);
}

int mnx_join(int dc, struct m3_member **member)
{
	char dir[PATH_MAX];
	int e = mnx_dir(dir, sizeof(dir), -1);

	if (e)
		return e;
	pthread_once(&state.once, make_key);
	pthread_mutex_lock(&state.lock);
	*member = joined(dc);
	if (!*member) {
		e = m3_join(dir, dc, member);
		if (!e)
			e = keep(dc, *member);
	}
	pthread_mutex_unlock(&state.lock);
	return e;
}

/* ------------------------------------------------------------ the core */

/* The only core below `base`, whose entries are node ids. */
static int only_core(char *dir, size_t size, const char *base)
{
	DIR *entries = opendir(base);
	struct dirent *entry;
	int found = 0, n;

	if (!entries)
		return -M3_EDVSINIT;
	while ((entry = readdir(entries))) {
		if (!entry->d_name[0] ||
		    strspn(entry->d_name, "0123456789") !=
			    strlen(entry->d_name))
			continue;
		n = snprintf(dir, size, "%s/%s", base, entry->d_name);
		found += n > 0 && (size_t)n < size;
	}
	closedir(entries);
	return found == 1 ? 0 : -M3_EDVSINIT;
}

/* It may lie where everyone can write: nobody else may have made it before. */
static int is_ours(const char *base)
{
	struct stat st;

	return !lstat(base, &st) && S_ISDIR(st.st_mode) &&
	       st.st_uid == getuid() && !(st.st_mode & 022);
}

int mnx_dir(char *dir, size_t size, int nodeid)
{
	const char *set = getenv("M3IPC_DIR");
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char base[PATH_MAX];
	int n;

	if (set && *set) {
		n = snprintf(dir, size, "%s", set);
		return n > 0 && (size_t)n < size ? 0 : -M3_EDVSINIT;
	}
	if (runtime && *runtime == '/')
		n = snprintf(base, sizeof(base), "%s/m3ipc", runtime);
	else
		n = snprintf(base, sizeof(base), "/dev/shm/m3ipc-%u",
			     (unsigned int)getuid());
	if (n < 0 || (size_t)n >= sizeof(base))
		return -M3_EDVSINIT;
	if (nodeid >= 0 && mkdir(base, 0755) && errno != EEXIST)
		return -M3_EDVSINIT;
	if (access(base, F_OK) == 0 && !is_ours(base))
		return -M3_EPRIVILEGES;
	if (nodeid < 0)
		return only_core(dir, size, base);
	n = snprintf(dir, size, "%s/%d", base, nodeid);
	return n > 0 && (size_t)n < size ? 0 : -M3_EDVSINIT;
}

/* Was that core ended, and perhaps another made, since it was opened? */
static int is_gone(struct m3_node *node, const char *dir)
{
	char path[M3_PATH_BYTES];
	struct stat there, ours;
	struct m3_dvs_info info;

	if (m3_device_path(dir))
		return strcmp(node->platform.dir, m3_device_path(dir)) ||
		       m3_getdvsinfo(node, &info);
	if (node->device >= 0)
		return 1;
	snprintf(path, sizeof(path), "%s/node", dir);
	return stat(path, &there) || fstat(node->platform.fd, &ours) ||
	       there.st_ino != ours.st_ino || there.st_dev != ours.st_dev;
}

static int open_node(struct mnx_thread *t, const char *dir)
{
	int e = m3_node_open(dir, &t->node);

	if (e) {
		t->node = NULL;
		return e;
	}
	return m3_getdvsinfo(t->node, &t->about);
}

int mnx_node(struct m3_node **node)
{
	struct mnx_thread *t = mnx_thread();
	char dir[PATH_MAX];
	int e = mnx_dir(dir, sizeof(dir), -1);

	if (e)
		return e;
	if (t->node && is_gone(t->node, dir)) {
		mnx_drop_links(t);
		m3_node_close(t->node);
		t->node = NULL;
	}
	if (!t->node)
		e = open_node(t, dir);
	*node = t->node;
	return mnx_error(e);
}

const struct m3_dvs_params *mnx_about(void)
{
	return &mnx_thread()->about.params;
}

int mnx_runs(struct m3_node *node, int dcid)
{
	struct m3_dc_info info;

	return !m3_getdcinfo(node, dcid, &info);
}

int mnx_dcid(int *dcid)
{
	struct mnx_binding b;
	int e;

	if (*dcid != -1)
		return 0;
	e = mnx_self(&b);
	*dcid = e ? -1 : b.dc;
	return e;
}

/* -------------------------------------------------------------- errors */

int mnx_error(int e)
{
	switch (-e) {
	case M3_ENOENT:
		return -M3_EDVSINIT;
	case M3_EACCES:
	case M3_EPERM:
		return -M3_EPRIVILEGES;
	default:
		return e;
	}
}

int mnx_bind_error(int e)
{
	switch (-e) {
	case M3_EINTR:
	case M3_EAGAIN:
	case M3_ETIMEDOUT:
		return e;
	case M3_ERANGE:
		return -M3_EBADRANGE;
	case M3_ENOSPC:
	case M3_ENOMEM:
		return -M3_EALLOCMEM;
	case M3_EBUSY:
		return -M3_ERSCBUSY;
	default:
		e = mnx_error(e);
		return e < 0 && e >= EERRCODE ? -M3_EBADVALUE : e;
	}
}

int mnx_ms(long to_ms)
{
	return to_ms < 0 || to_ms > INT_MAX ? M3_FOREVER : (int)to_ms;
}
