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

#ifndef __KERNEL__
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#endif
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

#include "manage.h"

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
 * (no proxy serves the node), ENOTCONN and ENODEDOWN (the node is out of
 * reach, or lost: m3_proxy_give_up()), EUNKNOWN.
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
 * What the peer told. Idempotent. One without an incarnation says that it has
 * no such DC, or none any more: calls to it end, and nothing is taken until it
 * has another. EDCNOTRUN, ENODCNODE, EPROTO (expected number never given),
 * EBADVALUE (name or size of the DC differ: as if it had none), EPROXYRUN.
 */
M3_API int m3_proxy_opened(struct m3_proxy *proxy,
			   const struct m3_dc_open *open);
/* The link is gone: nothing is taken until the next m3_proxy_opened(). */
M3_API int m3_proxy_disconnected(struct m3_proxy *proxy);
/*
 * The node is out of reach, or has been for so long that it is taken for dead:
 * calls to it end with `error`, M3_ENOTCONN or M3_ENODEDOWN, or with EUNKNOWN
 * where something of them had left, and new ones are refused, until the next
 * m3_proxy_opened() or m3_attach(). DCs that are open are left alone.
 * EBADVALUE: another error. (protocol 6, 16)
 */
M3_API int m3_proxy_give_up(struct m3_proxy *proxy, int error);
/*
 * From now on m3_proxy_take() cuts copies into chunks of at most `bytes`, one
 * in a frame: on a slow link a short message then waits less for one.
 * EBADVALUE: not a multiple of 8 from 8 to M3_CHUNK_BYTES, which is what it is
 * at first.
 */
M3_API int m3_proxy_chunk(struct m3_proxy *proxy, uint32_t bytes);
/* Queues that can be taken from: dc << 8 | lane. Returns how many. */
M3_API int m3_proxy_queues(struct m3_proxy *proxy, uint32_t *out, int max);
/*
 * The same for a proxy that takes from none of them for now: its bell rings
 * for each new record all the same.
 */
M3_API int m3_proxy_rest(struct m3_proxy *proxy, uint32_t *out, int max);
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
