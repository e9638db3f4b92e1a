// SPDX-License-Identifier: MIT
/* Management of a node: the core itself, its DCs, nodes and proxies. */
#include "rig.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];

static void make_directory(void)
{
	const char *base = getenv("RIG_DIR");

	snprintf(dir, sizeof(dir), "%s/m3manage.XXXXXX",
		 base ? base : "/dev/shm");
	MUST(mkdtemp(dir));
}

static struct m3_dvs_params dvs_params(void)
{
	struct m3_dvs_params p = {
		.node = 3, .max_nodes = 8, .max_dcs = 4, .cluster = "manage",
	};

	return p;
}

static void core_begins(void)
{
	struct m3_dvs_params p = dvs_params();
	struct m3_dvs_info info;
	struct m3_node *node;

	p.node = 8;
	SAME(m3_dvs_init(dir, &p), -M3_EBADNODEID);
	p = dvs_params();
	p.max_nodes = M3_MAX_NODES + 1;
	SAME(m3_dvs_init(dir, &p), -M3_EBADRANGE);
	p = dvs_params();
	p.max_dcs = 0;
	SAME(m3_dvs_init(dir, &p), -M3_EBADRANGE);
	p = dvs_params();
	memset(p.cluster, 'x', sizeof(p.cluster));
	SAME(m3_dvs_init(dir, &p), -M3_ENAMESIZE);
	SAME(m3_node_open(dir, &node), -M3_EDVSINIT);
	p = dvs_params();
	SAME(m3_dvs_init(dir, &p), 0);
	SAME(m3_dvs_init(dir, &p), -M3_EDVSBUSY);
	rig_ok("dvs_init");
	SAME(m3_node_open(dir, &node), 0);
	SAME(m3_getdvsinfo(node, &info), 0);
	SAME(memcmp(&info.params, &p, sizeof(p)), 0);
	SAME((long)info.abi_version, M3_ABI_VERSION);
	SAME((long)info.dcs, 0);
	SAME((long)info.nodes, 1);
	m3_node_close(node);
	rig_ok("getdvsinfo");
}

static struct m3_dc_params dc_params(int dc, const char *name)
{
	struct m3_dc_params p = {
		.dc = (uint32_t)dc, .tasks = 4, .procs = 12,
		.arena_bytes = 1u << 16, .gid = (uint32_t)-1,
		.warn2proc = 5, .warnmsg = 77,
	};

	snprintf(p.name, sizeof(p.name), "%s", name);
	return p;
}

static void dcs_begin(struct m3_node *node)
{
	struct m3_dc_params p = dc_params(4, "four");
	struct m3_dvs_info info;
	int dc;

	SAME(m3_dc_init(node, &p), -M3_EBADDCID);
	p = dc_params(0, "zero");
	p.procs = M3_MAX_ENDPOINTS;
	SAME(m3_dc_init(node, &p), -M3_EBADRANGE);
	p = dc_params(0, "zero");
	p.tasks = M3_MAX_TASKS + 1;
	SAME(m3_dc_init(node, &p), -M3_EBADRANGE);
	p = dc_params(0, "zero");
	memset(p.name, 'x', sizeof(p.name));
	SAME(m3_dc_init(node, &p), -M3_ENAMESIZE);
	for (dc = 0; dc < 3; dc++) {
		char name[8] = { 'd', 'c', (char)('0' + dc), 0 };

		p = dc_params(dc, name);
		SAME(m3_dc_init(node, &p), 0);
		SAME(m3_dc_init(node, &p), -M3_ERSCBUSY);
	}
	p = dc_params(3, "dc1");
	SAME(m3_dc_init(node, &p), -M3_ERSCBUSY);
	SAME(m3_getdvsinfo(node, &info), 0);
	SAME((long)info.dcs, 3);
	rig_ok("dc_init");
}

static void dc_infos(struct m3_node *node)
{
	struct m3_dc_info info;
	struct m3_dc_params p;
	int dc;

	for (dc = 0; dc < 4; dc++) {
		if (dc == 3) {
			SAME(m3_getdcinfo(node, dc, &info), -M3_EDCNOTRUN);
			continue;
		}
		SAME(m3_getdcinfo(node, dc, &info), 0);
		p = dc_params(dc, info.params.name);
		SAME((long)info.params.dc, dc);
		SAME(info.params.name[2], '0' + dc);
		SAME((long)info.params.tasks, (long)p.tasks);
		SAME((long)info.params.procs, (long)p.procs);
		SAME((long)info.params.arena_bytes, (long)p.arena_bytes);
		SAME(info.params.warn2proc, p.warn2proc);
		SAME(info.params.warnmsg, p.warnmsg);
		SAME((long)info.bound, 0);
	}
	SAME(m3_getdcinfo(node, 4, &info), -M3_EBADDCID);
	SAME(m3_getdcinfo(node, -1, &info), -M3_EBADDCID);
	rig_ok("getdcinfo of each");
}

static void nodes(struct m3_node *node)
{
	struct m3_node_info info;

	SAME(m3_node_up(node, 8, "far"), -M3_EBADNODEID);
	SAME(m3_node_up(node, 3, "self"), -M3_EBADNODEID);
	SAME(m3_node_up(node, 5, "a name too long."), -M3_ENAMESIZE);
	SAME(m3_add_node(node, 0, 5), -M3_ENODEFREE);
	SAME(m3_node_up(node, 5, "far"), 0);
	SAME(m3_node_up(node, 5, "far"), 0);
	SAME(m3_getnodeinfo(node, 5, &info), 0);
	SAME((long)info.flags, M3_NODE_ATTACHED);
	SAME(strcmp(info.name, "far"), 0);
	SAME((long)info.dcs, 0);
	rig_ok("node_up");
	SAME(m3_add_node(node, 3, 5), -M3_EDCNOTRUN);
	SAME(m3_add_node(node, 0, 3), -M3_EBADNODEID);
	SAME(m3_add_node(node, 0, 5), 0);
	SAME(m3_add_node(node, 0, 5), -M3_EDCNODE);
	SAME(m3_add_node(node, 1, 5), 0);
	SAME(m3_dc_spans(node, 0, 5), 1);
	SAME(m3_dc_spans(node, 2, 5), 0);
	SAME(m3_getnodeinfo(node, 5, &info), 0);
	SAME((long)info.dcs, 2);
	rig_ok("add_node");
	SAME(m3_rmtbind(node, 1, "far", 2, 5), 0);
	SAME(m3_del_node(node, 2, 5), -M3_EDCNODE);
	SAME(m3_del_node(node, 0, 5), 0);
	SAME(m3_dc_spans(node, 0, 5), 0);
	SAME(m3_check(node, 0), 0);
	rig_ok("del_node");
}

/* A caller of a remote endpoint learns when its node is taken out. */
static void node_goes_down(struct m3_node *node)
{
	struct m3_proc_info proc;
	struct m3_node_info info;
	struct m3_proxy *proxy;
	struct m3_member *m;
	struct m3_call call;

	SAME(m3_join(dir, 1, &m), 0);
	SAME(m3_bind(m, 1), 0);
	rig_start_call(m, &call, M3_OP_SEND, 1, 2, 7, -M3_ENOPROXY);
	rig_start_call(m, &call, M3_OP_RECEIVE, 1, 2, 0, -M3_ENOPROXY);
	SAME(m3_attach(node, 6, &proxy), -M3_ENODEFREE);
	SAME(m3_attach(node, 9, &proxy), -M3_EBADNODEID);
	SAME(m3_attach(node, 5, &proxy), 0);
	SAME(m3_getnodeinfo(node, 5, &info), 0);
	SAME((long)info.proxy_pid, (long)getpid());
	SAME((long)info.flags, M3_NODE_ATTACHED);
	rig_start_call(m, &call, M3_OP_SEND, 1, 2, 7, M3_PENDING);
	rig_ok("a proxy is bound");
	SAME(m3_node_down(node, 5), 0);
	SAME(m3_finish(m, &call), -M3_ENODEDOWN);
	SAME(m3_getprocinfo(node, 1, 2, &proc), 0);
	SAME((long)proc.rts_flags, M3_RTS_SLOT_FREE);
	SAME(m3_dc_spans(node, 1, 5), 0);
	SAME(m3_node_down(node, 5), -M3_ENODEFREE);
	m3_detach(proxy);
	m3_leave(m);
	SAME(m3_check(node, 1), 0);
	rig_ok("node_down");
}

/* All that runs ends with the core; nothing of it is left. */
static void core_ends(struct m3_node *node)
{
	struct m3_message message = rig_message(1, 0, 0);
	struct m3_member *m;
	struct m3_node *none;

	SAME(m3_join(dir, 2, &m), 0);
	SAME(m3_bind(m, 1), 0);
	SAME(m3_bind(m, 2), 0);
	m3_node_close(node);
	SAME(m3_dvs_end(dir), 0);
	SAME(m3_send(m, 1, 2, &message, 0), -M3_EDCNOTRUN);
	m3_leave(m);
	MUST(access(dir, F_OK) != 0);
	MUST(m3_dvs_end(dir) < 0);
	MUST(m3_node_open(dir, &none) < 0);
	rig_ok("dvs_end");
}

static void proxy_is(struct rig_node *n, unsigned int flags)
{
	struct m3_proxy_info info;

	SAME(m3_getproxyinfo(n->core, 2, &info), 0);
	SAME((long)info.flags, (long)(M3_PROXY_INUSE | flags));
	SAME(info.sender, getpid());
	SAME(info.receiver, getpid());
	SAME(m3_getproxyinfo(n->core, 3, &info), -M3_EPROXYFREE);
	SAME(m3_getproxyinfo(n->core, -1, &info), -M3_EBADNODEID);
}

/* The proxy's side of a link, opened, cut and closed. */
static void connect(void)
{
	struct m3_node_info info;
	struct rig_node a, b;
	struct m3_dc_open open;

	rig_start(&a, 0);
	rig_start(&b, 2);
	rig_pair(&a, &b);
	SAME(m3_getnodeinfo(a.core, 2, &info), 0);
	SAME((long)info.flags, M3_NODE_ATTACHED | M3_NODE_SCONNECTED |
				       M3_NODE_RCONNECTED);
	proxy_is(&a, M3_PROXY_SCONNECTED | M3_PROXY_RCONNECTED);
	SAME(m3_proxy_disconnected(a.proxy), 0);
	proxy_is(&a, 0);
	rig_ok("getproxyinfo");
	SAME(m3_getnodeinfo(a.core, 2, &info), 0);
	SAME((long)info.flags, M3_NODE_ATTACHED);
	SAME(m3_proxy_open(b.proxy, RIG_DC, &open), 0);
	SAME(m3_proxy_opened(a.proxy, &open), 0);
	/* Idempotent; another DC's name is refused. */
	SAME(m3_proxy_opened(a.proxy, &open), 0);
	open.name[0]++;
	SAME(m3_proxy_opened(a.proxy, &open), -M3_EBADVALUE);
	proxy_is(&a, 0);
	SAME(m3_proxy_open(b.proxy, RIG_DC, &open), 0);
	SAME(m3_proxy_opened(a.proxy, &open), 0);
	proxy_is(&a, M3_PROXY_SCONNECTED | M3_PROXY_RCONNECTED);
	/* It has no life any more, whatever else it says; so told twice. */
	memset(&open, 0xff, sizeof(open));
	open.dc = RIG_DC;
	open.incarnation = 0;
	SAME(m3_proxy_opened(a.proxy, &open), 0);
	SAME(m3_proxy_opened(a.proxy, &open), 0);
	proxy_is(&a, 0);
	SAME(m3_proxy_open(a.proxy, RIG_DC + 1, &open), -M3_EDCNOTRUN);
	SOUND(&a);
	rig_stop(&a);
	rig_stop(&b);
	rig_ok("connect and disconnect");
}

/* A runtime that has ended serves nobody, though its parent does not know. */
static void runtime_ends(void)
{
	struct m3_dvs_info info;
	struct rig_node a;
	siginfo_t ended;
	pid_t child;

	rig_start(&a, 0);
	SAME(m3_node_up(a.core, 2, "b"), 0);
	child = fork();
	if (!child) {
		struct m3_node *node;
		struct m3_proxy *proxy;

		_exit(m3_node_open(a.dir, &node) ||
		      m3_attach(node, 2, &proxy));
	}
	SAME(waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT), 0);
	SAME(ended.si_status, 0);
	SAME(m3_getdvsinfo(a.core, &info), 0);
	SAME((long)info.runtime_pid, 0);
	SAME(waitpid(child, NULL, 0), child);
	rig_stop(&a);
	rig_ok("a runtime has ended");
}

static void lane_is(struct rig_node *n, long next, long acked, long expected,
		    long queued)
{
	struct m3_lane_info info;

	SAME(m3_getlaneinfo(n->core, RIG_DC, n->id ? 0 : 2, M3_LANE_NORMAL,
			    &info), 0);
	SAME((long)info.next, next);
	SAME((long)info.acked, acked);
	SAME((long)info.expected, expected);
	SAME((long)info.queued, queued);
	MUST(info.granted >= info.next - 1 && info.window);
}

/* A record waits, is in flight, and is acknowledged. */
static void lanes(void)
{
	struct m3_lane_info info;
	static char frame[M3_FRAME_BYTES];
	struct rig_node a, b;
	struct m3_member *m;
	unsigned int bytes;

	rig_start(&a, 0);
	rig_start(&b, 2);
	rig_pair(&a, &b);
	m = rig_join(&a, 1);
	SAME(m3_rmtbind(a.core, RIG_DC, "far", 5, 2), 0);
	lane_is(&a, 1, 1, 1, 0);
	SAME(m3_notify(m, 1, 5), 0);
	lane_is(&a, 1, 1, 1, 1);
	bytes = rig_take(&a, M3_LANE_NORMAL, frame, sizeof(frame));
	MUST(bytes);
	lane_is(&a, 2, 1, 1, 0);
	MUST(m3_proxy_put(b.proxy, frame, bytes) == 1);
	lane_is(&b, 1, 1, 2, 0);
	rig_settle(&a, &b);
	lane_is(&a, 2, 2, 1, 0);
	SAME(m3_getlaneinfo(a.core, RIG_DC, 2, M3_LANE_CONTROL, &info),
	     -M3_EINVAL);
	SAME(m3_getlaneinfo(a.core, RIG_DC, 2, M3_LANES, &info), -M3_EINVAL);
	SAME(m3_getlaneinfo(a.core, RIG_DC, 1, M3_LANE_BULK, &info),
	     -M3_ENODCNODE);
	SAME(m3_getlaneinfo(a.core, RIG_DC, -1, M3_LANE_BULK, &info),
	     -M3_EBADNODEID);
	SAME(m3_getlaneinfo(a.core, RIG_DC + 1, 2, M3_LANE_BULK, &info),
	     -M3_EDCNOTRUN);
	m3_leave(m);
	rig_stop(&a);
	rig_stop(&b);
	rig_ok("getlaneinfo");
}

int main(void)
{
	struct m3_node *node;

	make_directory();
	core_begins();
	SAME(m3_node_open(dir, &node), 0);
	dcs_begin(node);
	dc_infos(node);
	nodes(node);
	node_goes_down(node);
	core_ends(node);
	connect();
	runtime_ends();
	lanes();
	return 0;
}
