// SPDX-License-Identifier: MIT
/* The names of the paper: binding and privileges (reference 1.3). */
#include "mnx_self.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_NS 1000000ull
#define JOIN_NS 2000000000ull /* how long mnx_lclbind() waits for a process */

static void pause_ns(uint64_t ns)
{
	struct timespec time = { (time_t)(ns / 1000000000u),
				 (long)(ns % 1000000000u) };

	nanosleep(&time, NULL);
}

static int bind_self(int dcid, int ep, int of_thread)
{
	struct mnx_binding old, b = { NULL, dcid, ep };
	int e;

	if (of_thread)
		old = mnx_thread()->own;
	else
		mnx_process(&old);
	if (mnx_is_bound(&old))
		return -M3_ESLOTUSED;
	e = mnx_join(dcid, &b.member);
	if (!e)
		e = of_thread ? m3_tbind(b.member, ep) : m3_bind(b.member, ep);
	if (e)
		return mnx_bind_error(e);
	mnx_set(&b, of_thread);
	return ep;
}

int mnx_bind(int dcid, int endpoint)
{
	return bind_self(dcid, endpoint, 0);
}

int mnx_tbind(int dcid, int endpoint)
{
	return bind_self(dcid, endpoint, 1);
}

typedef int (*bind_fn)(struct m3_node *node, int dc, int pid, int ep, int id);

static int lclbind(struct m3_node *node, int dc, int pid, int ep, int id)
{
	(void)id;
	return m3_lclbind(node, dc, pid, ep);
}

static int replbind(struct m3_node *node, int dc, int pid, int ep, int id)
{
	(void)id;
	return m3_replbind(node, dc, pid, ep);
}

/* A process joins in mnx_wait4bind(): it may not have come that far. */
static int bind_other(bind_fn fn, int dcid, int pid, int ep, int id)
{
	uint64_t deadline = m3_clock_ns() + JOIN_NS;
	struct m3_node *node;
	int e = mnx_node(&node);

	if (e)
		return e;
	while ((e = fn(node, dcid, pid, ep, id)) == -M3_EBADPID && pid > 0 &&
	       (kill(pid, 0) == 0 || errno != ESRCH) &&
	       m3_clock_ns() < deadline)
		pause_ns(PAUSE_NS);
	return e ? mnx_bind_error(e) : ep;
}

/* The caller itself joins here, and has the endpoint at once. */
static int bind_pid(bind_fn fn, int dcid, int pid, int ep, int id)
{
	struct mnx_binding b = { NULL, dcid, ep };
	int e;

	if (pid == -1)
		pid = getpid();
	if (pid == getpid()) {
		e = mnx_join(dcid, &b.member);
		if (e)
			return mnx_bind_error(e);
	}
	e = bind_other(fn, dcid, pid, ep, id);
	if (e == ep && pid == getpid() && fn != m3_bkupbind)
		mnx_set(&b, 0);
	return e;
}

int mnx_lclbind(int dcid, int pid, int endpoint)
{
	return bind_pid(lclbind, dcid, pid, endpoint, 0);
}

int mnx_bkupbind(int dcid, int pid, int endpoint, int nodeid)
{
	return bind_pid(m3_bkupbind, dcid, pid, endpoint, nodeid);
}

int mnx_replbind(int dcid, int pid, int endpoint)
{
	return bind_pid(replbind, dcid, pid, endpoint, 0);
}

int mnx_rmtbind(int dcid, const char *name, int endpoint, int nodeid)
{
	struct m3_node *node;
	int e = mnx_node(&node);

	if (!e)
		e = m3_rmtbind(node, dcid, name, endpoint, nodeid);
	return e ? mnx_bind_error(e) : endpoint;
}

static void forget(int dcid, int ep)
{
	struct mnx_binding none = { NULL, 0, 0 }, b;
	struct mnx_thread *t = mnx_thread();

	if (t->own.member && t->own.dc == dcid && t->own.ep == ep)
		t->own.member = NULL;
	else if (!mnx_self(&b) && b.dc == dcid && b.ep == ep)
		mnx_set(&none, 0);
}

int mnx_unbind(int dcid, int endpoint)
{
	struct m3_member *member = mnx_joined(dcid);
	struct mnx_binding b;
	struct m3_node *node;
	int e;

	if (endpoint == SELF) {
		e = mnx_self(&b);
		if (e)
			return e;
		endpoint = b.ep;
	}
	e = member ? m3_unbind(member, endpoint) : -M3_ENOTBIND;
	if (!e) {
		forget(dcid, endpoint);
		return 0;
	}
	if (e != -M3_ENOTBIND)
		return e;
	e = mnx_node(&node);
	return e ? e : m3_unbind_any(node, dcid, endpoint);
}

/* A copy that it takes part in is all that an unbind may have to wait for. */
int mnx_unbind_T(int dcid, int endpoint, long to_ms)
{
	int timeout = mnx_ms(to_ms), e;
	uint64_t start = m3_clock_ns();

	while ((e = mnx_unbind(dcid, endpoint)) == -M3_EONCOPY) {
		if (timeout >= 0 && m3_clock_ns() - start >=
					    (uint64_t)timeout * 1000000u)
			return timeout ? -M3_ETIMEDOUT : -M3_EAGAIN;
		pause_ns(PAUSE_NS);
	}
	return e;
}

/* ------------------------------------------------------------- waiting */

/* Memberships that one mnx_wait4bind() looks through, one for each DC. */
struct waiting {
	struct m3_node *node;
	struct m3_member *members[M3_MAX_DCS];
	uint8_t fresh[M3_MAX_DCS]; /* joined for this wait */
};

static void join_all(struct waiting *w)
{
	char dir[PATH_MAX];
	uint32_t dc;

	if (mnx_dir(dir, sizeof(dir), -1))
		return;
	for (dc = 0; dc < mnx_about()->max_dcs; dc++) {
		if (w->members[dc] || !mnx_runs(w->node, (int)dc))
			continue;
		w->members[dc] = mnx_joined((int)dc);
		if (!w->members[dc] &&
		    !m3_join(dir, (int)dc, &w->members[dc]))
			w->fresh[dc] = 1;
	}
}

static int look(struct waiting *w, struct mnx_binding *b)
{
	uint32_t dc;
	int ep;

	join_all(w);
	for (dc = 0; dc < mnx_about()->max_dcs; dc++) {
		if (!w->members[dc] ||
		    m3_wait4bind(w->members[dc], &ep, M3_NOWAIT))
			continue;
		if (w->fresh[dc])
			mnx_keep((int)dc, w->members[dc]);
		w->fresh[dc] = 0;
		*b = (struct mnx_binding){ w->members[dc], (int)dc, ep };
		return 1;
	}
	return 0;
}

static int wait_for_bind(struct waiting *w, struct mnx_binding *b, int timeout)
{
	uint64_t start = m3_clock_ns();
	struct timespec time = { 0, PAUSE_NS };

	while (!look(w, b)) {
		if (mnx_pair_of(w->node, 1, 1) >= 0)
			return NONE;
		if (timeout == M3_NOWAIT)
			return -M3_EAGAIN;
		if (timeout > 0 && m3_clock_ns() - start >=
					   (uint64_t)timeout * 1000000u)
			return -M3_ETIMEDOUT;
		if (nanosleep(&time, NULL) && errno == EINTR)
			return -M3_EINTR;
	}
	mnx_set(b, gettid() != getpid());
	return b->ep;
}

/* Not known before it is bound: which DC. So it joins them all for a while. */
int mnx_wait4bind_T(long to_ms)
{
	struct waiting w = { NULL, { NULL }, { 0 } };
	struct mnx_binding b;
	uint32_t dc;
	int e;

	if (!mnx_self(&b) && mnx_is_bound(&b))
		return b.ep;
	e = mnx_node(&w.node);
	if (e)
		return e;
	if (mnx_pair_of(w.node, 1, 1) >= 0)
		return NONE;
	e = wait_for_bind(&w, &b, mnx_ms(to_ms));
	for (dc = 0; dc < M3_MAX_DCS; dc++)
		if (w.fresh[dc])
			m3_leave(w.members[dc]);
	return e;
}

int mnx_wait4bind(void)
{
	return mnx_wait4bind_T(TIMEOUT_FOREVER);
}

int mnx_wait4bindep_T(int endpoint, long to_ms)
{
	struct mnx_binding b;
	int e = mnx_self(&b);

	if (!e)
		e = m3_wait4bindep(b.member, b.ep, endpoint, mnx_ms(to_ms));
	return e ? mnx_bind_error(e) : endpoint;
}

int mnx_wait4bindep(int endpoint)
{
	return mnx_wait4bindep_T(endpoint, TIMEOUT_FOREVER);
}

int mnx_wait4unbind_T(int endpoint, long to_ms)
{
	struct mnx_binding b;
	int e = mnx_self(&b);

	return e ? e : m3_wait4unbind(b.member, b.ep, endpoint, mnx_ms(to_ms));
}

int mnx_wait4unbind(int endpoint)
{
	return mnx_wait4unbind_T(endpoint, TIMEOUT_FOREVER);
}

int mnx_getep(int pid)
{
	struct mnx_binding b;
	int ep, e = mnx_self(&b);

	if (e)
		return e;
	if (pid == -1 || pid == gettid())
		return b.ep;
	e = m3_getep(b.member, pid, &ep);
	return e ? mnx_bind_error(e) : ep;
}

/* ---------------------------------------------------------- privileges */

int mnx_getpriv(int dcid, int endpoint, priv_usr_t *priv)
{
	struct m3_node *node;
	struct m3_priv core;
	int e = mnx_node(&node);

	if (!e)
		e = m3_getpriv(node, dcid, endpoint, &core);
	if (e)
		return e;
	memset(priv, 0, sizeof(*priv));
	priv->priv_id = endpoint;
	priv->priv_warn = core.warn;
	priv->priv_level = core.level;
	priv->priv_ipc_to = core.to[0];
	priv->priv_dvk_allowed = core.calls;
	return 0;
}

/* A map of the original names 64 slots: the others stay as they are. */
int mnx_setpriv(int dcid, int endpoint, priv_usr_t *priv)
{
	struct m3_node *node;
	struct m3_priv core;
	int e = mnx_node(&node);

	if (!e)
		e = m3_getpriv(node, dcid, endpoint, &core);
	if (e)
		return e;
	core.warn = priv->priv_warn;
	core.level = priv->priv_level;
	core.to[0] = priv->priv_ipc_to;
	core.calls = priv->priv_dvk_allowed;
	return m3_setpriv(node, dcid, endpoint, &core);
}

int mnx_wakeup(int dcid, int endpoint)
{
	struct m3_node *node;
	int e = mnx_node(&node);

	return e ? e : m3_wakeup(node, dcid, endpoint);
}
