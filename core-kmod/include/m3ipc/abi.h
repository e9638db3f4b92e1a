/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The ABI of m3ipc: everything that two programs must agree on to the byte.
 *
 * Message, record, frame header and DC-open are what crosses a link, so they
 * are little-endian, fixed-width and free of host addresses. Error numbers and
 * limits are shared by every language binding. test/unit/abi.test.ts compiles
 * a program against this header and compares it with proxy-runtime/record.ts.
 */
#ifndef M3IPC_ABI_H
#define M3IPC_ABI_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdint.h>
#endif

#define M3_ABI_VERSION 3u /* of a region file: its layout and the calls on it */
#define M3_WIRE_VERSION 3u /* of a link: one integer, no negotiation */
#define M3_REGION_MAGIC 0x4350494d33ull /* "3MIPC" */

/* Limits: the largest values that dvs_init and dc_init accept. */
#define M3_MAX_NODES 1024u
#define M3_MAX_DCS 1024u
#define M3_MAX_ENDPOINTS 4096u /* tasks + procs of one DC */
#define M3_MAX_TASKS 256u
#define M3_MAX_HANDLES 4096u /* processes that have joined one DC */
#define M3_NAME_BYTES 16u /* names, with the NUL (reference 2.3) */
#define M3_MAX_COPY (1u << 20) /* bytes of one vcopy (reference 2.3) */
#define M3_CHUNK_BYTES 65536u /* of a copy that crosses a link */
#define M3_FRAME_BYTES 65792u /* one chunk, its header, the frame header */
#define M3_MAX_GRANTS 1024u /* explicit grants of one DC */
#define M3_CPU_WORDS 4u /* CPU masks: 256 CPUs */

/* Special endpoints (reference 2.2). */
#define M3_ANY 31438
#define M3_NONE 27342
#define M3_SELF 35534
#define M3_HARDWARE (-1)

/* Timeouts in milliseconds (reference 1): a deadline for the whole call. */
#define M3_FOREVER (-1)
#define M3_NOWAIT 0

/* m_type of a notification: NOTIFY_MESSAGE | source slot (reference 1.1). */
#define M3_NOTIFY_MESSAGE 0x1000

/*
 * A message: 64 bytes, one cache line. The reference's views m1..m9 are unions
 * over `data`; they live in mnx.h.
 */
struct m3_message {
	int32_t source; /* set by the core: endpoint of the sender */
	int32_t type;
	uint8_t data[56];
};

/* Lanes of a link. Each is its own FIFO and sequence space (protocol 1). */
enum m3_lane_id {
	M3_LANE_CONTROL = 0, /* acks, grants, ping: no numbered record */
	M3_LANE_URGENT = 1, /* messages of pairs that QoS calls urgent */
	M3_LANE_NORMAL = 2, /* messages */
	M3_LANE_BULK = 3, /* copy data only */
	M3_LANES = 4,
};

/* What a record is. The number is the wire's; never reuse one. */
enum m3_record_kind {
	M3_REC_VOID = 1, /* a number whose record is gone: consume, ignore */
	M3_REC_REFUSED = 2, /* a codec refused it: answer the source `status` */
	M3_REC_SEND = 3, /* message; the sender waits until it is taken */
	M3_REC_SENDREC = 4, /* message; the sender waits for the reply */
	M3_REC_REPLY = 5, /* message; answers SENDREC */
	M3_REC_NOTIFY = 6, /* message built by the sending core */
	M3_REC_SEND_ACK = 7, /* answers SEND: it was taken */
	M3_REC_ERROR = 8, /* answers any call with `status` < 0 */
	M3_REC_CANCEL = 9, /* `call` and all older calls of source ended */
	M3_REC_DEATH = 10, /* the source endpoint is gone */
	M3_REC_COPY_PULL = 11, /* send me data: struct m3_copy_body */
	M3_REC_COPY_DATA = 12, /* struct m3_copy_body, then bytes (bulk lane) */
	M3_REC_COPY_ACK = 13, /* answers COPY_DATA: applied, `offset` bytes */
	M3_REC_RELAY = 14, /* message; the caller waits for endpoint `transfer` */
	M3_REC_KINDS = 15,
};

/* Record flags. */
#define M3_RF_LAST 0x1u /* COPY_DATA: the transfer's last chunk */
#define M3_RF_PULL 0x2u /* COPY_DATA: answers COPY_PULL */
#define M3_RF_STAGED 0x4u /* COPY_DATA: `status` holds the bytes of the transfer */
#define M3_RF_KIND 8 /* REFUSED: the flags from this bit on are its former kind */

/*
 * A record: this header, then a body of `length` - 64 bytes. Messages carry
 * one struct m3_message. A binding is (epoch << 32 | generation): generation
 * tells two lives of an endpoint apart, epoch two owners (protocol 17); 0 is
 * "not known yet". A call id grows with each blocking call of a binding; what
 * answers a call carries it (protocol 7).
 */
struct m3_record {
	uint32_t length; /* of header and body; multiple of 8 */
	uint16_t kind; /* enum m3_record_kind */
	uint16_t flags;
	int32_t src; /* endpoints */
	int32_t dst;
	uint64_t src_binding;
	uint64_t dst_binding;
	uint64_t call; /* the blocking call this opens, answers or touches */
	uint64_t transfer; /* copies: the requester's call */
	uint64_t offset; /* copies: bytes from the transfer's start */
	int32_t status; /* answers: 0 or -error */
	uint16_t src_node;
	uint16_t dst_node;
};

/* Body of COPY_PULL and COPY_DATA: whose memory, where, how much. */
struct m3_copy_body {
	uint64_t address; /* in the arena of the node that owns the memory */
	uint64_t bytes; /* PULL: of the transfer; DATA: of this chunk */
};

/* Types of a frame. DATA is the core's; the session owns the others. */
enum m3_frame_type {
	M3_FRAME_DATA = 1, /* `count` records; 0 records: only acknowledgements */
	M3_FRAME_OPEN = 2, /* struct m3_dc_open: opens or closes a DC here */
	M3_FRAME_PING = 3,
	M3_FRAME_PONG = 4,
	M3_FRAME_BYE = 5, /* drained: nothing follows */
	M3_FRAME_TYPES = 6,
};

/*
 * The first 128 bytes of every frame's range. It is inside what bytes codecs
 * seal. `first` is the number of the first record; the others follow without
 * a gap. ack[l]: every record of lane l below it has been accepted here.
 * grant[l]: the highest number of lane l that this node will take.
 */
struct m3_frame_header {
	uint8_t type; /* enum m3_frame_type */
	uint8_t lane; /* enum m3_lane_id */
	uint16_t dc;
	uint32_t count;
	uint64_t session; /* DATA: both incarnations of the DC, added */
	uint64_t first;
	uint32_t flags;
	uint32_t reserved0;
	uint64_t ack[M3_LANES];
	uint64_t grant[M3_LANES];
	uint64_t reserved[4];
};

/*
 * Body of an OPEN frame. A numbering space belongs to the pair of incarnations
 * (protocol 10): where either differs from what the other remembers, both
 * directions start again at 1. Without an incarnation it closes the DC: the
 * sender has no such DC, or none any more, and of the rest only `dc` counts.
 */
struct m3_dc_open {
	uint32_t dc;
	uint32_t endpoints; /* tasks << 16 | procs: equal on both nodes */
	uint64_t incarnation; /* mine: start time << 32 | random; 0: none */
	uint64_t peer_incarnation; /* the last of yours that I used, or 0 */
	uint64_t expected[M3_LANES]; /* under that pair */
	uint64_t grant[M3_LANES];
	char name[M3_NAME_BYTES]; /* equal on both nodes */
	uint64_t reserved[3];
};

/*
 * Errors. POSIX names take Linux's numbers, the others the reference's (1.7),
 * but for four whose numbers Linux uses for a POSIX error that occurs here:
 * EBADREQUEST (107, ENOTCONN), ETRAPDENIED (110, ETIMEDOUT), and the POSIX
 * ESHUTDOWN, whose 108 is ESRCDIED. Those carry numbers above 400.
 * X(name, number, "cause", "remedy")
 */
#define M3_ERRORS(X) \
	X(EPERM, 1, "not permitted", "run as the owner of the core, or as root") \
	X(ENOENT, 2, "no such core or DC", "create it with 'm3ipc up', or name another directory") \
	X(EINTR, 4, "a signal interrupted the call", "call again; a remote request may have been executed") \
	X(EIO, 5, "the region file could not be read or mapped", "look at the directory and its file system") \
	X(E2BIG, 7, "more bytes than the limit", "copy in pieces of at most 1 MiB") \
	X(EAGAIN, 11, "the call would have to wait", "wait, or give a deadline") \
	X(ENOMEM, 12, "out of memory", "free memory") \
	X(EACCES, 13, "the directory or DC file does not allow this user", "join the DC's group, or have its mode changed") \
	X(EFAULT, 14, "the range is not inside one buffer of that endpoint", "use a buffer that m3_alloc gave to that endpoint") \
	X(EBUSY, 16, "it is in use", "try again when the present user has finished") \
	X(EEXIST, 17, "it exists already", "use it, or remove it first") \
	X(EINVAL, 22, "an argument is outside what the call allows", "see the call's description") \
	X(ENOSPC, 28, "no space left for the region", "give the tmpfs more space, or choose another directory") \
	X(ERANGE, 34, "an endpoint or size is out of range", "use an endpoint of the DC, and at most 1 MiB") \
	X(EPROTO, 71, "the peer broke the protocol", "look at the counters of the link") \
	X(ENOSYS, 38, "the core does not offer this call", "use the backend that offers it") \
	X(EMSGSIZE, 90, "the buffer is too small", "give a larger one") \
	X(ENOTCONN, 107, "the node is not connected", "wait for the link, or look at its proxy") \
	X(ETIMEDOUT, 110, "the deadline passed", "a remote request may have been executed") \
	X(ECANCELED, 125, "the caller cancelled the call", "a remote request may have been executed") \
	X(EGENERIC, 99, "error", "see the log") \
	X(ELOCKED, 101, "the call would close a circle of waiting processes", "let one of them wait for any source") \
	X(EBADCALL, 102, "this process may not make this call", "ask for the privilege") \
	X(EDEADSRCDST, 105, "the destination of a sendrec does not exist", "bind it first") \
	X(ESRCDIED, 108, "the process waited for has ended", "start it again") \
	X(EDSTDIED, 109, "the destination has ended or is not bound", "bind it first") \
	X(EBADNODEID, 301, "no such node", "use a node id of the configuration") \
	X(EBADDCID, 302, "no such DC", "use a DC id of the configuration") \
	X(EDCNOTRUN, 303, "the DC is not running", "start it with 'm3ipc up'") \
	X(EBADPROC, 304, "no such process slot", "use an endpoint of the DC") \
	X(EBADPID, 305, "no such process", "use the pid of a live process") \
	X(EENDPOINT, 306, "not that endpoint", "name another, bound endpoint") \
	X(ENOPROXY, 307, "no proxy serves that node", "add it to 'peers' and start the node's runtime") \
	X(ERMTPROC, 308, "the endpoint is remote", "make the call on its node") \
	X(ELCLPROC, 309, "the endpoint is local", "use a remote endpoint") \
	X(ENOTBIND, 310, "not bound", "bind the endpoint first") \
	X(EPROXYRUN, 311, "a newer proxy has taken over", "stop this one") \
	X(ENODEBUSY, 315, "the node is in use", "use another id") \
	X(ENONODE, 316, "the endpoint is on another node", "bind it to the right node") \
	X(EDVSBUSY, 317, "the core exists already", "end it first, or use another directory") \
	X(EDVSINIT, 318, "the core is not initialised", "start it with 'm3ipc up'") \
	X(ENODCNODE, 319, "the node is not in the DC", "add it to the DC's nodes") \
	X(EPROCRUN, 320, "the endpoint has a call in progress", "await it, or use another endpoint") \
	X(EDCRUN, 323, "the DC is running", "end it first") \
	X(EPROCSTS, 324, "the process is not in the state the call needs", "reply only to a caller that waits, copy only with one") \
	X(ENODEFREE, 325, "the node is not attached", "node_up first") \
	X(EDCNODE, 326, "the node is (not) a member of the DC already", "look at the DC's nodes") \
	X(EBADPROXY, 327, "not the proxy of that node", "attach first") \
	X(EONCOPY, 328, "the endpoint takes part in a copy", "wait until it has ended") \
	X(EENQUEUED, 329, "the endpoint is queued already", "wait until it has ended") \
	X(EOVERRUN, 330, "notifications were merged", "none needed") \
	X(EMIGRATE, 332, "the endpoint is migrating", "try again") \
	X(EPROXYFREE, 333, "no such proxy", "attach it first") \
	X(EPRIVILEGES, 335, "management needs the core's owner", "run as the owner of the core") \
	X(EBINDTYPE, 336, "unknown kind of binding", "see the call's description") \
	X(ESLOTUSED, 337, "the endpoint is bound by another process", "use another, or end that process") \
	X(EBADRANGE, 338, "a limit is out of range", "see the limits in abi.h") \
	X(EBADVALUE, 339, "a value is not allowed", "see the call's description") \
	X(ERSCBUSY, 342, "the id or name is taken", "use another") \
	X(ENAMESIZE, 343, "a name is too long", "use at most 15 characters") \
	X(EALLOCMEM, 344, "the arena has no free range of that size", "free buffers, or configure a larger arena") \
	X(EWOKENUP, 348, "woken up by wakeup()", "look at what woke you") \
	X(ENODEDOWN, 403, "the node's core was lost before the request left", "the request was not executed; send it again") \
	X(EUNKNOWN, 404, "the node's core was lost after the request left", "the request may have been executed; ask the application") \
	X(EVERSION, 405, "the region file is of another version", "use the m3ipc that made it, or remove the directory") \
	X(EBADREQUEST, 407, "unknown request", "see the call's description") \
	X(ESHUTDOWN, 408, "the endpoint was unbound by another process", "bind again") \
	X(ETRAPDENIED, 410, "the call is not allowed to that destination", "ask for the privilege") \
	X(EPIDNS, 411, "the core belongs to another pid namespace", "run in that pid namespace, or start a node of your own") \
	X(EFORKED, 412, "the handle was opened before fork()", "open the DC again in the child") \
	X(ESUSPENDED, 413, "the DC's lock is held by a stopped process", "continue or kill that process")

#define M3_ERROR_ENUM(name, number, cause, remedy) M3_##name = number,
enum m3_error { M3_ERRORS(M3_ERROR_ENUM) M3_ERROR_LAST };
#undef M3_ERROR_ENUM

/* p_rts_flags: runnable if 0 (reference 2.5). */
#define M3_RTS_SLOT_FREE 0x0001u
#define M3_RTS_SENDING 0x0004u
#define M3_RTS_RECEIVING 0x0008u
#define M3_RTS_ONCOPY 0x0400u
#define M3_RTS_MIGRATE 0x0800u
#define M3_RTS_REMOTE 0x1000u
#define M3_RTS_RMTOPER 0x2000u
#define M3_RTS_WAITMIGR 0x8000u
#define M3_RTS_WAITUNBIND 0x20000u
#define M3_RTS_WAITBIND 0x40000u

/* p_misc_flags (reference 2.6). */
#define M3_MF_PROXY 0x0001u
#define M3_MF_NOTIFY 0x0004u
#define M3_MF_NEEDMIGR 0x0008u
#define M3_MF_RMTBACKUP 0x0010u
#define M3_MF_GRPLEADER 0x0020u
#define M3_MF_REPLICATED 0x0080u
#define M3_MF_KILLED 0x0100u
#define M3_MF_WOKENUP 0x0200u
#define M3_MF_RESUME 0x10000u /* its call migrated here: m3_resume() */

/* Calls, as privileges name them: bits of m3_priv.calls (reference 1.6). */
enum m3_call_number {
	M3_CALL_SEND = 2,
	M3_CALL_RECEIVE = 3,
	M3_CALL_NOTIFY = 4,
	M3_CALL_SENDREC = 5,
	M3_CALL_RCVRQST = 6,
	M3_CALL_REPLY = 7,
	M3_CALL_UNBIND = 10,
	M3_CALL_VCOPY = 13,
	M3_CALL_RELAY = 16,
	M3_CALL_GETEP = 26,
	M3_CALL_WAIT4BIND = 29,
};
#define M3_CALLS_ALL (~0ull)

/* Levels of privilege (reference 2.4). */
enum m3_level {
	M3_LEVEL_USER = 0,
	M3_LEVEL_SERVER = 1,
	M3_LEVEL_TASK = 2,
	M3_LEVEL_SYSTEM = 3,
	M3_LEVEL_KERNEL = 4,
	M3_LEVEL_PROXY = 5,
};

/* How far a call to another node has come. */
enum m3_wait {
	M3_WAIT_NONE = 0, /* it makes no such call */
	M3_WAIT_QUEUED = 1, /* a record of it has still to leave */
	M3_WAIT_IN_FLIGHT = 2, /* all have left, and may be on their way */
	M3_WAIT_ANSWER = 3, /* the other core has accepted all */
};

/* Node flags (reference 2.4). */
#define M3_NODE_ATTACHED 0x2u
#define M3_NODE_SCONNECTED 0x4u
#define M3_NODE_RCONNECTED 0x8u

#ifndef __KERNEL__
#ifdef __cplusplus
#define M3_ASSERT_SIZE(type, size) static_assert(sizeof(type) == (size), #type)
#else
#define M3_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)
#endif
M3_ASSERT_SIZE(struct m3_message, 64);
M3_ASSERT_SIZE(struct m3_record, 64);
M3_ASSERT_SIZE(struct m3_copy_body, 16);
M3_ASSERT_SIZE(struct m3_frame_header, 128);
M3_ASSERT_SIZE(struct m3_dc_open, 128);
#endif

#endif
