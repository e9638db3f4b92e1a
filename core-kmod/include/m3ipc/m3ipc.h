/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * m3ipc.h - the C API of m3ipc, offered by libm3ipc.so.
 *
 * Calls return 0 (or a count where the call says so) or a negative M3_E...
 * number of abi.h; m3_strerror() gives its name. No call sets errno. Unless a
 * call says so it may be made from any thread, but an endpoint has one call in
 * progress at a time: a second one gets -M3_EPROCRUN. A node and its proxies
 * are used by one thread at a time. Nothing here may be called from a signal
 * handler.
 */
#ifndef M3IPC_H
#define M3IPC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define M3_API __attribute__((visibility("default")))

/* A node's core, opened for management or for its proxies. */
struct m3_node;
/* This process's membership in one DC. It may own many endpoints. */
struct m3_member;
/* The proxy of one peer node. */
struct m3_proxy;

/* Name ("EDSTDIED") and cause of an error; never NULL. */
M3_API const char *m3_strerror(int error);
M3_API const char *m3_cause(int error);

/* ------------------------------------------------------ management */

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
	uint32_t reserved;
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
 * ENOSPC: the file system cannot hold it; EACCES.
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

/* ------------------------------------------------------ membership */

/*
 * Joins a DC of the core in `dir`. ENOENT, EDVSINIT, EDCNOTRUN, EVERSION,
 * EACCES (not in the DC's group), EPIDNS, ENOSPC, EBUSY (too many members).
 */
M3_API int m3_join(const char *dir, int dc, struct m3_member **member);
/* Unbinds its endpoints, frees their buffers, leaves. */
M3_API void m3_leave(struct m3_member *member);

/*
 * m3_getdcinfo() and m3_getprocinfo() of the DC that this process has joined,
 * which need no right to manage the core. EDCNOTRUN, EFORKED; EBADPROC.
 * (reference 1.2, 1.3: getdcinfo and getprocinfo of -1)
 */
M3_API int m3_member_dcinfo(struct m3_member *member, struct m3_dc_info *info);
M3_API int m3_member_procinfo(struct m3_member *member, int p_nr,
			      struct m3_proc_info *info);

/*
 * Binds an endpoint of this member. ERANGE, ESLOTUSED, EDCNOTRUN, EFORKED;
 * ENOSPC: the file system cannot hold its tables.
 */
M3_API int m3_bind(struct m3_member *member, int ep);
/* The same for the calling thread: getprocinfo shows its id, and the affinity
 * of this thread follows the DC's. (reference 1.3, tbind) */
M3_API int m3_tbind(struct m3_member *member, int ep);
/* A backup's endpoint stays, remote. ENOTBIND, EONCOPY, EBADCALL. */
M3_API int m3_unbind(struct m3_member *member, int ep);

/*
 * Waits until m3_lclbind(), m3_replbind() or a promotion binds an endpoint to
 * this process; `*ep` is one that no such wait has returned yet, or, if none
 * is left, any it has. ETIMEDOUT, EAGAIN, EINTR. (reference 1.3, wait4bind)
 */
M3_API int m3_wait4bind(struct m3_member *member, int *ep, int timeout);
/*
 * Waits until `ep` is bound, to a process of any node. EENDPOINT: it is `self`;
 * ERANGE, ETIMEDOUT. (reference 1.3, wait4bind)
 */
M3_API int m3_wait4bindep(struct m3_member *member, int self, int ep,
			  int timeout);
/*
 * Waits until `ep` is free, or its process on another node has ended. Errors as
 * above. (reference 1.3, wait4unbind)
 */
M3_API int m3_wait4unbind(struct m3_member *member, int self, int ep,
			  int timeout);
/*
 * First endpoint of a local process of the DC, or of a thread that has bound
 * one; -1: of this process. EBADPID: no such process; ENOTBIND: it has none.
 * (reference 1.3, getep)
 */
M3_API int m3_getep(struct m3_member *member, int pid, int *ep);

/*
 * A descriptor that polls readable when an endpoint with a started call, or a
 * watched endpoint, may have something. Owned by the member; never read it.
 */
M3_API int m3_bell(struct m3_member *member);
/*
 * Drains the bell and writes up to `max` endpoints that may have something.
 * Returns how many; `max` means: call again. Then arms the bell.
 */
M3_API int m3_bell_serve(struct m3_member *member, int32_t *eps, int max);
/*
 * Rings this member's bell when a message or notification waits for `ep`, which
 * is bound by it (ENOTBIND). `on` 0 ends that.
 */
M3_API int m3_watch(struct m3_member *member, int ep, int on);

/* ---------------------------------------------------- synchronous calls */

/*
 * `self` is a bound endpoint of the member. `timeout` is in milliseconds for
 * the whole call, M3_FOREVER or M3_NOWAIT. Errors of all: ENOTBIND, EPROCRUN,
 * EDCNOTRUN, ERANGE, EENDPOINT (self, or not that endpoint), ETIMEDOUT, EAGAIN
 * (M3_NOWAIT, or no notification block left), EINTR, ENODCNODE, ENOPROXY
 * (no proxy serves the node), ENODEDOWN, EUNKNOWN.
 */

/*
 * Waits until the message was taken. EDSTDIED; ELOCKED, as of m3_sendrec: the
 * destination waits, perhaps through others of this node, for `self`, or for
 * it across two nodes. (reference 1.1, send)
 */
M3_API int m3_send(struct m3_member *member, int self, int dst,
		   struct m3_message *message, int timeout);
/*
 * Takes a notification or message from `src` or M3_ANY. ESRCDIED: the source
 * awaited is gone. (reference 1.1, receive)
 */
M3_API int m3_receive(struct m3_member *member, int self, int src,
		      struct m3_message *message, int timeout);
/*
 * Sends and waits for the reply of that endpoint, in the same buffer.
 * EDEADSRCDST: not bound; EDSTDIED: died before it took the request, ESRCDIED:
 * after. (reference 1.1, sendrec)
 */
M3_API int m3_sendrec(struct m3_member *member, int self, int dst,
		      struct m3_message *message, int timeout);
/*
 * Answers the sendrec of `dst`. Never waits: it returns when the core has the
 * reply. EPROCSTS: dst does not wait for `self`.
 */
M3_API int m3_reply(struct m3_member *member, int self, int dst,
		    struct m3_message *message);
/*
 * Takes a request: a message whose sender waits for the reply. Messages of
 * m3_send() and notifications stay where they are. EWOKENUP. (reference 1.1)
 */
M3_API int m3_rcvrqst(struct m3_member *member, int self,
		      struct m3_message *message, int timeout);
/*
 * m3_reply() and m3_receive(M3_ANY) in one call: the message is the reply, and
 * then what was received. If the reply fails nothing is received; EAGAIN,
 * ETIMEDOUT, EINTR and EWOKENUP mean that it was made and nothing received.
 */
M3_API int m3_reply_receive(struct m3_member *member, int self, int dst,
			    struct m3_message *message, int timeout);
/*
 * Id of the call in which `client` waits for the reply of `self`; the same
 * when a promotion repeats it, so that a server can tell. EPROCSTS: it does
 * not wait. m3_reply_to() answers that call only, and fails with EPROCSTS if
 * the client has given it up since, even if it has called again.
 */
M3_API int m3_request(struct m3_member *member, int self, int client,
		      uint64_t *call);
M3_API int m3_reply_to(struct m3_member *member, int self, int dst,
		       uint64_t call, struct m3_message *message);
/*
 * Hands the request of message->source on to `dst`, as if that client had
 * called it: `dst` sees the client as the source and its reply goes there;
 * `self` owes nothing any more. Never waits. EPROCSTS: message->source does not
 * wait for `self`; EENDPOINT: `dst` is the client; EAGAIN: the client was
 * exported by a migration and has not moved yet; EDEADSRCDST, ELOCKED as of
 * m3_sendrec() by the client. A client on another node is served by its own
 * core (protocol 23), which may not know `dst`, or know it better: then the
 * client gets those errors. (reference 1.1, relay)
 */
M3_API int m3_relay(struct m3_member *member, int self, int dst,
		    struct m3_message *message);
/* Never waits; merged with one that `dst` has not taken. EAGAIN. */
M3_API int m3_notify(struct m3_member *member, int self, int dst);
/*
 * In the name of another local endpoint, M3_SELF or M3_HARDWARE. ESRCDIED:
 * nobody is bound to `src`; ERMTPROC: it is remote, or HARDWARE's target is.
 */
M3_API int m3_src_notify(struct m3_member *member, int self, int src, int dst);
/*
 * The same, and sets bit `value` (0..31) in the argument of the notification
 * (bytes 8..15 of its data), which collects them until it is taken. EBADVALUE.
 */
M3_API int m3_ntfy_value(struct m3_member *member, int self, int src, int dst,
			 int value);
/*
 * Waits for the call that `self` had in progress when it migrated here, and
 * gets its result and message; until then other calls get EPROCRUN. After a
 * time-out the call has ended like any other; after EAGAIN (M3_NOWAIT) it goes
 * on, and may be asked for again. EPROCSTS: there is none: what its
 * former process was about to call had not begun. (protocol 12)
 */
M3_API int m3_resume(struct m3_member *member, int self,
		     struct m3_message *message, int timeout);

/* A buffer in the DC's arena: what may be copied from and to. */
struct m3_buffer {
	void *data; /* in this process */
	uint64_t address; /* what a message may carry to name it */
	uint64_t bytes;
};

/* EALLOCMEM: no free range; ENOSPC: the file system is full; EINVAL. */
M3_API int m3_alloc(struct m3_member *member, int self, uint64_t bytes,
		    struct m3_buffer *buffer);
/* EFAULT: not a buffer of `self`; EONCOPY. */
M3_API int m3_free(struct m3_member *member, int self,
		   const struct m3_buffer *buffer);

#define M3_GRANT_READ 0x1u
#define M3_GRANT_WRITE 0x2u
/*
 * Lets `grantee` (any node) copy from or to a range of one of `self`'s
 * buffers, blocked or not, until m3_revoke(), or until one of them is unbound
 * or migrates. `*granted` is the address of the range that the grantee passes
 * to m3_vcopy(), plus an offset; it lets it do what `rights` says (EFAULT).
 * EFAULT: not in one buffer; EAGAIN: the DC's M3_MAX_GRANTS are in use; EINVAL:
 * `rights`, or 0 bytes; EDSTDIED: nobody is bound to `grantee`.
 */
M3_API int m3_grant(struct m3_member *member, int self, int grantee,
		    uint64_t address, uint64_t bytes, uint32_t rights,
		    uint64_t *granted);
/* EFAULT: no grant of `self`; EONCOPY: a copy uses it at this moment. */
M3_API int m3_revoke(struct m3_member *member, int self, uint64_t granted);

/*
 * Copies between two endpoints; `self` is one of them (M3_SELF works too), or
 * neither. Every party but `self` must be blocked in a sendrec to `self`
 * (EPROCSTS): being blocked in that call is what grants the access (protocol
 * 19), to its buffers and to any memory of its process; or the address is one
 * that the party granted to `self`. An address of `self` is one of its
 * buffers, or a pointer in this process. EFAULT: not such memory; ERANGE: more
 * than M3_MAX_COPY bytes; EBUSY: the party takes part in another copy;
 * EALLOCMEM: private memory passes through the arena, which is full. `*copied`,
 * if given, gets the bytes known to be copied, also on error.
 */
M3_API int m3_vcopy(struct m3_member *member, int self, int src,
		    uint64_t src_address, int dst, uint64_t dst_address,
		    uint64_t bytes, int timeout, uint64_t *copied);

/* How a local copy from or to private memory of the other party is made. */
enum m3_copy_mode {
	M3_COPY_AUTO = 0, /* by the kernel where it lets us; or else bounced */
	M3_COPY_BOUNCE = 1, /* the other copies through the arena, woken for it */
	M3_COPY_PROCESS_VM = 2, /* process_vm_readv(2), process_vm_writev(2) */
	M3_COPY_ARENA = 3, /* only an answer: the memory was in the arena */
};
/*
 * What this member's copies are to use; EINVAL: not one of the first three.
 * Where M3_COPY_PROCESS_VM is asked for and not allowed, a copy gets EPERM.
 */
M3_API int m3_copy_mode(struct m3_member *member, enum m3_copy_mode mode);
/* What the last local copy of this member used; M3_COPY_AUTO: none was made. */
M3_API enum m3_copy_mode m3_copy_used(struct m3_member *member);

/* --------------------------------------------------- asynchronous calls */

enum m3_op {
	M3_OP_SEND = 1,
	M3_OP_RECEIVE = 2,
	M3_OP_SENDREC = 3,
	M3_OP_VCOPY = 4,
	M3_OP_RCVRQST = 5,
	M3_OP_WAITBIND = 6,
	M3_OP_WAITUNBIND = 7,
	M3_OP_REPLY_RECEIVE = 8, /* `peer` is replied to */
	M3_OP_RESUME = 9,
};

#define M3_PENDING 1

struct m3_call {
	uint32_t op; /* enum m3_op */
	int32_t self;
	int32_t peer; /* of a message; of a copy: source */
	int32_t dst; /* of a copy */
	struct m3_message message; /* in, and out */
	uint64_t src_address, dst_address, bytes; /* of a copy */
	uint64_t copied; /* out */
	uint64_t scratch; /* the library's */
};

/*
 * Starts a call without waiting. Returns 0: done; M3_PENDING: the bell rings
 * when m3_finish() has something; a negative error otherwise.
 */
M3_API int m3_start(struct m3_member *member, struct m3_call *call);
/* The result of a started call, or M3_PENDING. */
M3_API int m3_finish(struct m3_member *member, struct m3_call *call);
/*
 * Ends a started call with `error` (ETIMEDOUT, ECANCELED), with the semantics
 * of a time-out. Returns the result if it had finished before, -error if it
 * was cancelled, M3_PENDING while a copy still touches its memory or the
 * endpoint is frozen by a migration.
 */
M3_API int m3_cancel(struct m3_member *member, struct m3_call *call,
		     int error);

/* ------------------------------------------------------------- proxies */

/*
 * Becomes the proxy of a node. An older holder's calls fail with EPROXYRUN.
 * EBADNODEID, ENODEFREE: not attached by m3_node_up.
 */
M3_API int m3_attach(struct m3_node *node, int id, struct m3_proxy **proxy);
/* Its link counts as lost; what is in flight waits for the next proxy. */
M3_API void m3_detach(struct m3_proxy *proxy);

/* A descriptor that polls readable when a proxy of `node` may have work. */
M3_API int m3_node_bell(struct m3_node *node);
/*
 * Drains the bell, arms it, and writes the ids of peers with something to
 * take. Returns how many; `max` means: call again.
 */
M3_API int m3_node_serve(struct m3_node *node, int32_t *ids, int max);

/* The DCs that span this node and the peer. Returns how many there are. */
M3_API int m3_proxy_dcs(struct m3_proxy *proxy, uint16_t *dcs, int max);
/* What to tell the peer of a DC. EDCNOTRUN, ENODCNODE, EPROXYRUN. */
M3_API int m3_proxy_open(struct m3_proxy *proxy, int dc,
			 struct m3_dc_open *open);
/*
 * What the peer told. Idempotent. EDCNOTRUN, ENODCNODE, EPROTO (expected
 * number never given), EBADVALUE (name or size of the DC differ), EPROXYRUN.
 */
M3_API int m3_proxy_opened(struct m3_proxy *proxy,
			   const struct m3_dc_open *open);
/* The link is gone: nothing is taken until the next m3_proxy_opened(). */
M3_API int m3_proxy_disconnected(struct m3_proxy *proxy);
/* Queues that can be taken from: dc << 8 | lane. Returns how many. */
M3_API int m3_proxy_queues(struct m3_proxy *proxy, uint32_t *out, int max);
/*
 * Fills `frame` (size bytes, at least 128) with the header and whole records.
 * Returns the bytes, 0 if there is nothing to take or the first record does
 * not fit; *count gets the number of records. EPROXYRUN, EDCNOTRUN.
 */
M3_API int m3_proxy_take(struct m3_proxy *proxy, int dc, int lane, void *frame,
			 uint32_t size, uint32_t *count);
/* A frame of 0 records, if the peer is owed acknowledgements; else 0. */
M3_API int m3_proxy_acknowledge(struct m3_proxy *proxy, int dc, void *frame,
				uint32_t size);
/*
 * Takes a DATA frame from the peer. Returns the number of records accepted.
 * EPROTO: the frame breaks the protocol, close the link; EDCNOTRUN, ENODCNODE,
 * EPROXYRUN.
 */
M3_API int m3_proxy_put(struct m3_proxy *proxy, const void *frame,
			uint32_t size);

#ifdef __cplusplus
}
#endif
#endif
