/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * manage.h - management of a node's core: its DCs, nodes and endpoints, and
 * how these migrate. Part of m3ipc.h, which includes it.
 */
#ifndef M3IPC_MANAGE_H
#define M3IPC_MANAGE_H

#ifndef M3IPC_H
#error "include <m3ipc/m3ipc.h>"
#endif

/*
 * Calls on a node's DCs, and of proxies, wait a second at most for a DC's lock:
 * ESUSPENDED, and nothing was done: a process is stopped that holds it.
 */

struct m3_dvs_params {
	uint32_t node; /* this node's id */
	uint32_t max_nodes; /* 1..M3_MAX_NODES; ids are below it */
	uint32_t max_dcs; /* 1..M3_MAX_DCS */
	char cluster[M3_NAME_BYTES];
};

struct m3_dc_params {
	uint32_t dc;
	uint32_t tasks; /* endpoints -tasks..-1 */
	uint32_t procs; /* endpoints 0..procs-1 */
	uint32_t arena_bytes; /* for m3_alloc; multiple of 64 KiB */
	uint32_t mode; /* of the DC's file: who may join; 0: 0660 */
	uint32_t gid; /* group of the DC's file, or (uint32_t)-1 */
	/*
	 * Of a process that ends without m3_unbind() or m3_leave() this
	 * endpoint gets, for each of its endpoints and in its name, a message
	 * of type `warnmsg`, first ints -1 (exit code: not known) and -1. Its
	 * partners have got their codes by then, and nobody waits for an
	 * answer. The endpoint is in use (M3_MF_KILLED) until it was taken.
	 */
	int32_t warn2proc;
	int32_t warnmsg; /* 0: nobody is told */
	uint32_t flags; /* M3_DC_* */
	int32_t cgroup; /* M3_DC_CGROUP: descriptor of its open directory */
	/*
	 * CPUs that threads keep to while they have an endpoint that they
	 * bound or waited for; all 0, or none that a thread may use: any
	 */
	uint64_t cpus[M3_CPU_WORDS];
	char name[M3_NAME_BYTES];
};

/*
 * A thread that waits in a call of one partner moves to that one's CPU, and
 * has its CPUs back after unbind or leave (reference 2.7).
 */
#define M3_DC_AFFINITY 0x1u
/* Being blocked in a call to a process does not let it copy (protocol 19). */
#define M3_DC_NO_IMPLICIT_GRANTS 0x2u
/*
 * Only processes in the cgroup (version 2), or below it, may join and bind;
 * others get EPERM. Of the kernel's core only.
 */
#define M3_DC_CGROUP 0x4u

struct m3_dvs_info {
	struct m3_dvs_params params;
	uint64_t incarnation; /* start time (s) << 32 | random */
	uint32_t abi_version;
	uint32_t dcs; /* running */
	uint32_t nodes; /* attached, this one included */
	uint32_t runtime_pid; /* of the live proxy process, or 0 */
};

struct m3_node_info {
	uint32_t node;
	uint32_t flags; /* M3_NODE_* */
	uint32_t dcs; /* how many DCs span it */
	uint32_t proxy_pid; /* holder of its proxy, or 0 */
	uint64_t frames_sent, frames_received;
	uint64_t records_sent, records_received;
	uint64_t send_time, receive_time; /* CLOCK_REALTIME ns, or 0 */
	char name[M3_NAME_BYTES];
};

/* Who carries the traffic of a node. */
struct m3_proxy_info {
	uint32_t id; /* of the pair; that of the node, if it is nobody else's */
	uint32_t flags; /* M3_PROXY_* */
	int32_t sender, receiver; /* pids; one process may be both */
	uint32_t max_bytes; /* of a frame */
	char name[M3_NAME_BYTES];
};

#define M3_PROXY_INUSE 0x1u
#define M3_PROXY_SCONNECTED 0x2u
#define M3_PROXY_RCONNECTED 0x4u

/* One lane of a DC to a node. Numbers are first given as 1. */
struct m3_lane_info {
	uint64_t next; /* of the next record that leaves for the node */
	uint64_t acked; /* all below it were accepted by the node's core */
	uint64_t granted; /* the highest that it takes now */
	uint64_t expected; /* of the next record that comes from the node */
	uint32_t queued; /* records, or bulk copies, that wait to leave */
	uint32_t window; /* at most so many are in flight: acked..next-1 */
};

struct m3_dc_info {
	struct m3_dc_params params;
	uint64_t incarnation;
	uint32_t bound; /* endpoints */
	uint32_t members; /* handles of live processes */
	uint32_t arena_used; /* bytes */
	uint32_t copies; /* 1 << enum m3_copy_mode: ways used so far */
};

struct m3_proc_info {
	int32_t p_nr; /* slot number: -tasks..procs-1 */
	int32_t endpoint;
	int32_t pid; /* 0: remote */
	int32_t node;
	uint32_t rts_flags, misc_flags; /* M3_RTS_*, M3_MF_* */
	int32_t getfrom, sendto, waitmigr, proxy; /* endpoint or M3_NONE */
	uint32_t wait; /* enum m3_wait; for `sendto` */
	uint32_t wait_lane; /* that its records travel in */
	uint64_t wait_since; /* CLOCK_REALTIME ns, when it was made; or 0 */
	uint64_t binding;
	uint64_t local_sent, remote_sent, local_copies, remote_copies;
	char name[M3_NAME_BYTES];
};

/* What was dropped or refused in a DC, and what happened on its links. */
struct m3_dc_counters {
	uint64_t delivered; /* records accepted and acted on */
	uint64_t duplicates; /* records below the expected number */
	uint64_t replayed; /* records taken again after a reconnect */
	uint64_t voided; /* numbered records whose caller had gone */
	uint64_t stale_answers; /* answers to calls that had ended */
	uint64_t merged_notifies;
	uint64_t bad_length, bad_kind, bad_node, bad_endpoint, bad_binding;
	uint64_t refused; /* by a codec of the peer */
	uint64_t rejected; /* answered with an error record */
	uint64_t dropped; /* other records dropped */
	uint64_t repairs; /* of the DC after a death inside the core */
};

/*
 * Creates the core of a node in the empty or absent directory `dir`.
 * EDVSBUSY: it holds a core already; EBADRANGE, EBADNODEID, ENAMESIZE: the
 * parameters; EACCES, ENOENT, ENOSPC, EIO: the directory.
 */
M3_API int m3_dvs_init(const char *dir, const struct m3_dvs_params *params);

/* Ends all DCs and removes the core's files; EDVSINIT: there is no core. */
M3_API int m3_dvs_end(const char *dir);

/*
 * Opens a core for management and proxies. EDVSINIT: no core in `dir`; ENOENT:
 * no such directory; EVERSION: made by another version; EACCES; EPIDNS.
 */
M3_API int m3_node_open(const char *dir, struct m3_node **node);
/* Closes it, and its proxies. The core goes on. */
M3_API void m3_node_close(struct m3_node *node);
M3_API int m3_getdvsinfo(struct m3_node *node, struct m3_dvs_info *info);

/*
 * Starts a DC. ERSCBUSY: id or name taken; EBADRANGE, EBADDCID, ENAMESIZE;
 * ENOSPC: the file system cannot hold it; EACCES; EINVAL: no such cgroup;
 * ENOSYS: the core is an embedded one, and knows no cgroups.
 */
M3_API int m3_dc_init(struct m3_node *node, const struct m3_dc_params *params);
/* Ends a DC: members' calls return EDCNOTRUN. EDCNOTRUN: it is not running. */
M3_API int m3_dc_end(struct m3_node *node, int dc);
/* EDCNOTRUN, EBADDCID; of m3_dc_counters() too. */
M3_API int m3_getdcinfo(struct m3_node *node, int dc, struct m3_dc_info *info);
M3_API int m3_dc_counters(struct m3_node *node, int dc,
			  struct m3_dc_counters *counters);
/* EDCNOTRUN, EBADPROC: p_nr outside the DC. Free slots too: SLOT_FREE. */
M3_API int m3_getprocinfo(struct m3_node *node, int dc, int p_nr,
			  struct m3_proc_info *info);

/* Attaches a remote node. EBADNODEID, ENAMESIZE; idempotent. */
M3_API int m3_node_up(struct m3_node *node, int id, const char *name);
/*
 * Detaches it; its remote endpoints are unbound in all DCs, as by
 * m3_del_node(). ENODEFREE: not attached; EBADNODEID.
 */
M3_API int m3_node_down(struct m3_node *node, int id);
/* Attached or not; -1: this node. EBADNODEID. */
M3_API int m3_getnodeinfo(struct m3_node *node, int id,
			  struct m3_node_info *info);
/* EINVAL: `lane` carries no numbers; EBADNODEID, ENODCNODE, EDCNOTRUN. */
M3_API int m3_getlaneinfo(struct m3_node *node, int dc, int id, int lane,
			  struct m3_lane_info *info);
/* EPROXYFREE: the node has none; EBADNODEID. */
M3_API int m3_getproxyinfo(struct m3_node *node, int id,
			   struct m3_proxy_info *info);
/*
 * Makes a DC span a node. ENODEFREE: not attached; EDCNODE: member already;
 * ENOSPC.
 */
M3_API int m3_add_node(struct m3_node *node, int dc, int id);
/*
 * Undoes it: calls aimed at the node end with ENODEDOWN or EUNKNOWN, its
 * endpoints are unbound in this DC. EDCNODE: the DC does not span it.
 */
M3_API int m3_del_node(struct m3_node *node, int dc, int id);
/* 1 if the DC spans the node, 0 if not. EDCNOTRUN, EBADNODEID. */
M3_API int m3_dc_spans(struct m3_node *node, int dc, int id);

/*
 * Declares a remote endpoint. One that its own first message has bound here
 * becomes a declared one: it stays when its process ends. EBADNODEID,
 * ENODCNODE, ESLOTUSED, ERANGE, ENOSPC.
 */
M3_API int m3_rmtbind(struct m3_node *node, int dc, const char *name, int ep,
		      int id);
/*
 * Binds an endpoint to another local process, which must have joined the DC
 * (EBADPID: it has not). That process learns it from m3_wait4bind(). ERANGE,
 * ESLOTUSED. (reference 1.3, lclbind)
 */
M3_API int m3_lclbind(struct m3_node *node, int dc, int pid, int ep);
/*
 * Makes a local process the backup of an endpoint whose primary is on node
 * `id`: the endpoint stays remote, and the process cannot call (ERMTPROC),
 * until m3_promote() or a migration to this node. Errors of m3_lclbind() and
 * m3_rmtbind(). (reference 1.3, bkupbind)
 */
M3_API int m3_bkupbind(struct m3_node *node, int dc, int pid, int ep, int id);
/*
 * Binds a replica: a local process although other nodes have one with the same
 * endpoint (active replication). Of its namesakes on other nodes only
 * notifications are accepted; requests get ELCLPROC. (reference 1.3, replbind)
 */
M3_API int m3_replbind(struct m3_node *node, int dc, int pid, int ep);
/*
 * Ends the wait of a process in receive(ANY) or rcvrqst with EWOKENUP. If it
 * does not wait so, its next one ends so at once, and this call returns
 * EPROCRUN. ERMTPROC, EMIGRATE, EDSTDIED. (reference 1.3, wakeup)
 */
M3_API int m3_wakeup(struct m3_node *node, int dc, int ep);
/*
 * Notifies in the name of HARDWARE, from no process. ERMTPROC: `dst` is
 * remote; EMIGRATE; EOVERRUN: merged with a pending one. (reference 1.1)
 */
M3_API int m3_hdw_notify(struct m3_node *node, int dc, int dst);

/* What a process may do. A new binding may do everything. */
struct m3_priv {
	int32_t level; /* enum m3_level; shown, not enforced */
	int32_t warn; /* endpoint of its system task, or M3_NONE; shown */
	uint64_t calls; /* bit n: call n of enum m3_call_number allowed */
	/* bit (endpoint + tasks): destination allowed */
	uint64_t to[M3_MAX_ENDPOINTS / 64];
};

/*
 * EBADPROC: no such slot, or `warn` is none; EDSTDIED: not bound; EBADVALUE:
 * `level`. A call that is not allowed gets EBADCALL, a destination (of any
 * call that names one, replies, copies and grants too) ETRAPDENIED. Getep is of
 * a process, not of an endpoint: its bit is kept, not enforced. (reference 1.3,
 * setpriv)
 */
M3_API int m3_getpriv(struct m3_node *node, int dc, int ep,
		      struct m3_priv *priv);
M3_API int m3_setpriv(struct m3_node *node, int dc, int ep,
		      const struct m3_priv *priv);

/* Which endpoints of a DC are urgent on their way to other nodes. */
struct m3_lanes {
	/* bit (endpoint + tasks): its records take the urgent lane */
	uint64_t urgent[M3_MAX_ENDPOINTS / 64];
};

/*
 * Loads a DC's lanes; at first no endpoint is urgent. All records of an
 * endpoint, requests and replies, take one lane; it changes for each peer once
 * that one has accepted what was said before. EDCNOTRUN, EBADDCID.
 */
M3_API int m3_setlanes(struct m3_node *node, int dc,
		       const struct m3_lanes *lanes);

/*
 * Unbinds any endpoint of a DC; of a backup's only the process goes. ENOTBIND,
 * ERANGE, EONCOPY.
 */
M3_API int m3_unbind_any(struct m3_node *node, int dc, int ep);

/*
 * Verifies every invariant of a DC's region under its lock. Returns 0, or the
 * line of the first check that failed, as a positive number.
 */
M3_API int m3_check(struct m3_node *node, int dc);
/* Unbinds what dead members left, in all DCs. Returns how many. */
M3_API int m3_sweep(struct m3_node *node);

/* ------------------------------------------- migration and backup */

/*
 * An endpoint moves in three steps, of which each is made on every node of the
 * DC and may be repeated: m3_migr_start() everywhere; m3_migr_export() on the
 * old node; m3_migr_commit() on the new node, which decides, then on the old
 * one, then on the others. Instead of the commits, m3_migr_rollback()
 * everywhere. `txn` names the migration, the same on all nodes, never 0.
 * (reference 4, protocol 12)
 */

/*
 * Freezes an endpoint: who calls it, and the process itself, waits; answers
 * and notifications to it are kept. Returns when all that this node has sent
 * to or from it is acknowledged, and its process has collected what its last
 * call got. From then on that process gets nothing, its deadlines included,
 * and each call that it makes waits. `target` is the new node, or -1 if not
 * known yet: then any node of the DC may turn out to be. ETIMEDOUT: not yet,
 * call again or roll back; EMIGRATE: another migration of it is on; EPROCSTS:
 * committed by `txn`; EDSTDIED, ERANGE, EBADNODEID, EINVAL: `txn` is 0.
 */
M3_API int m3_migr_start(struct m3_node *node, int dc, int ep, int target,
			 uint64_t txn, int timeout);
/*
 * What moves along: its pending notifications, queued senders, debts to
 * clients, and its own call. `*size` is the room at `state`, and then the
 * bytes used. EMSGSIZE: *size says how many are needed; EPROCSTS: not frozen
 * by `txn`; ERMTPROC: the endpoint is not local; EBUSY: m3_migr_start() has not
 * returned 0 here. The last state exported counts. Its process must live until
 * the commit on this node: should it die, roll back.
 */
M3_API int m3_migr_export(struct m3_node *node, int dc, int ep, uint64_t txn,
			  void *state, uint32_t *size);
/*
 * The endpoint is on node `id` from now on. There, `pid` is the process that
 * takes it over (it has joined the DC; EBADPID) and `state` what was exported;
 * elsewhere they are 0, NULL and 0. On the old node its process becomes a
 * backup: a call that it is in ends with EMIGRATE. EBADVALUE: not such a state;
 * EBUSY: m3_migr_start() has not returned 0 here. Repeated with
 * the same txn: 0. EPROCSTS: neither frozen nor committed by `txn`.
 */
M3_API int m3_migr_commit(struct m3_node *node, int dc, int ep, int id, int pid,
			  uint64_t txn, const void *state, uint32_t size);
/* It stays where it was. Repeated: 0. EPROCSTS: committed by `txn`. */
M3_API int m3_migr_rollback(struct m3_node *node, int dc, int ep, uint64_t txn);

/* A numbered call to the lost primary is made again, not ended by EUNKNOWN. */
#define M3_PROMOTE_RETRY 0x1u
/*
 * The node of the endpoint's primary is dead - a person says so - and node
 * `id` has the endpoint from now on. On that node `pid` is its backup, or 0:
 * whoever was bound as its backup. Made on every surviving node. Records of
 * the former primary are refused from now on, by their epoch (protocol 21).
 */
M3_API int m3_promote(struct m3_node *node, int dc, int ep, int id, int pid,
		      uint32_t flags);

#endif
