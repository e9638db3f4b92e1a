/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * request.h - the calls of m3ipc.h by number, and the one form that they all
 * have at the door of the core: a table of functions in the embedded core, an
 * ioctl(2) of /dev/m3ipc<N> in the kernel's.
 */
#ifndef M3IPC_REQUEST_H
#define M3IPC_REQUEST_H

#include "abi.h"

#ifdef __KERNEL__
#include <linux/ioctl.h>
#else
#include <sys/ioctl.h>
#endif

/* What a call is about; each uses the fields that the table below names. */
struct m3_request {
	int32_t dc;
	int32_t ep; /* the caller's endpoint, or the one that it is about */
	int32_t peer; /* another endpoint */
	int32_t id; /* of a node */
	int32_t pid;
	int32_t timeout; /* ms */
	uint32_t flags;
	uint32_t size; /* bytes at `data`: the room, then what was written */
	uint64_t value;
	uint64_t address, bytes; /* of memory of `ep` */
	uint64_t data; /* address of what is too long for this struct */
	char name[M3_NAME_BYTES];
};

/* Of an endpoint whose process binds it: the calling thread's. */
#define M3_BIND_THREAD 0x1u

/* What lclbind, replbind and bkupbind pass in `flags`. */
enum m3_bind_kind { M3_BIND_LOCAL, M3_BIND_REPLICA, M3_BIND_BACKUP };

/* Of proxy_queues: bells ring for what is new although there is something. */
#define M3_QUEUES_REST 0x1u

/* Of pair_of: as which half; of pair_serves and pair_put. */
#define M3_PAIR_SENDER 0x1u
#define M3_PAIR_RECEIVER 0x2u
#define M3_PAIR_SET 0x1u
#define M3_PAIR_ASKS 0x1u /* the connection is new: the DC is to be opened */

/*
 * X(number, name, whose, data, bytes): a call of a member, a node or a proxy.
 * `data` is what is at request.data: NONE; IN, OUT or BOTH, `bytes` long; or
 * READ and WRITE, request.size long and at most `bytes`: READ gives it to the
 * core, WRITE gets it. Numbers are never used again for something else.
 */
#define M3_REQUESTS(X)                                                         \
	/* ep, flags: M3_BIND_THREAD */                                        \
	X(8, bind, member, NONE, 0)                                            \
	X(9, unbind, member, NONE, 0)                                          \
	/* timeout; ep is the result */                                        \
	X(10, wait4bind, member, NONE, 0)                                      \
	/* pid; ep is the result */                                            \
	X(11, getep, member, NONE, 0)                                          \
	X(12, member_dcinfo, member, OUT, sizeof(struct m3_dc_info))           \
	X(13, member_procinfo, member, OUT, sizeof(struct m3_proc_info))       \
	/* int32_t endpoints; returns how many */                              \
	X(14, bell_serve, member, WRITE, M3_MAX_ENDPOINTS * 4)                 \
	/* ep, flags: on */                                                    \
	X(15, watch, member, NONE, 0)                                          \
	/* timeout */                                                          \
	X(16, run, member, BOTH, sizeof(struct m3_call))                       \
	X(17, start, member, BOTH, sizeof(struct m3_call))                     \
	X(18, finish, member, BOTH, sizeof(struct m3_call))                    \
	/* flags: the error */                                                 \
	X(19, cancel, member, BOTH, sizeof(struct m3_call))                    \
	/* ep, peer */                                                         \
	X(20, reply, member, IN, sizeof(struct m3_message))                    \
	/* ep, peer, value: the call */                                        \
	X(21, reply_to, member, IN, sizeof(struct m3_message))                 \
	/* ep, peer; value is the result */                                    \
	X(22, owed, member, NONE, 0)                                           \
	X(23, relay, member, IN, sizeof(struct m3_message))                    \
	/* ep, peer, id: in whose name, flags: bits of the argument */         \
	X(24, notify, member, NONE, 0)                                         \
	/* ep, bytes; address is the result, value where to map it from */     \
	X(25, alloc, member, NONE, 0)                                          \
	X(26, free, member, NONE, 0)                                           \
	/* ep, peer, address, bytes, flags: rights; value is the result */     \
	X(27, grant, member, NONE, 0)                                          \
	X(28, revoke, member, NONE, 0)                                         \
	/* flags */                                                            \
	X(29, copy_mode, member, NONE, 0)                                      \
	X(30, copy_used, member, NONE, 0)                                      \
	X(40, getdvsinfo, node, OUT, sizeof(struct m3_dvs_info))               \
	X(41, dc_init, node, IN, sizeof(struct m3_dc_params))                  \
	X(42, dc_end, node, NONE, 0)                                           \
	X(43, getdcinfo, node, OUT, sizeof(struct m3_dc_info))                 \
	X(44, dc_counters, node, OUT, sizeof(struct m3_dc_counters))           \
	X(45, getprocinfo, node, OUT, sizeof(struct m3_proc_info))             \
	/* id, name */                                                         \
	X(46, node_up, node, NONE, 0)                                          \
	X(47, node_down, node, NONE, 0)                                        \
	X(48, getnodeinfo, node, OUT, sizeof(struct m3_node_info))             \
	X(49, getproxyinfo, node, OUT, sizeof(struct m3_proxy_info))           \
	X(50, add_node, node, NONE, 0)                                         \
	X(51, del_node, node, NONE, 0)                                         \
	X(52, dc_spans, node, NONE, 0)                                         \
	/* ep, id, name */                                                     \
	X(53, rmtbind, node, NONE, 0)                                          \
	/* ep, pid, id, flags: enum m3_bind_kind */                            \
	X(54, bind_other, node, NONE, 0)                                       \
	X(55, wakeup, node, NONE, 0)                                           \
	X(56, hdw_notify, node, NONE, 0)                                       \
	X(57, getpriv, node, OUT, sizeof(struct m3_priv))                      \
	X(58, setpriv, node, IN, sizeof(struct m3_priv))                       \
	X(59, unbind_any, node, NONE, 0)                                       \
	X(60, check, node, NONE, 0)                                            \
	X(61, sweep, node, NONE, 0)                                            \
	/* ep, id: the target, value: txn, timeout */                          \
	X(62, migr_start, node, NONE, 0)                                       \
	X(63, migr_export, node, WRITE, M3_MAX_STATE)                          \
	/* ep, id, pid, value: txn */                                          \
	X(64, migr_commit, node, READ, M3_MAX_STATE)                           \
	X(65, migr_rollback, node, NONE, 0)                                    \
	/* ep, id, pid, flags */                                               \
	X(66, promote, node, NONE, 0)                                          \
	/* dc, id, flags: the lane */                                          \
	X(67, getlaneinfo, node, OUT, sizeof(struct m3_lane_info))             \
	X(68, setlanes, node, IN, sizeof(struct m3_lanes))                     \
	/* Of mnx.h. id: of a pair */                                          \
	X(69, pair_info, node, OUT, sizeof(struct m3_pair_row))                \
	X(70, pair_bind, node, IN, sizeof(struct m3_pair_row))                 \
	X(71, pair_unbind, node, NONE, 0)                                      \
	/* flags, size: M3_PROXY_* of the halves that are, are not connected */ \
	X(72, pair_connect, node, NONE, 0)                                     \
	X(73, pair_close, node, NONE, 0)                                       \
	/* pid, id: process or thread, flags: M3_PAIR_*; returns the pair */   \
	X(74, pair_of, node, NONE, 0)                                          \
	/* id: of a node, flags: M3_PAIR_SET, value: its pair + 1, or 0 */     \
	X(75, pair_serves, node, NONE, 0)                                      \
	/* id: of the node that it is from, flags: M3_PAIR_ASKS */             \
	X(76, pair_put, node, READ, M3_FRAME_BYTES)                            \
	/* uint16_t DCs; returns how many */                                   \
	X(80, proxy_dcs, proxy, WRITE, M3_MAX_DCS * 2)                         \
	X(81, proxy_open, proxy, OUT, sizeof(struct m3_dc_open))               \
	X(82, proxy_opened, proxy, IN, sizeof(struct m3_dc_open))              \
	X(83, proxy_disconnected, proxy, NONE, 0)                              \
	/* uint32_t queues, flags: M3_QUEUES_*; returns how many */            \
	X(84, proxy_queues, proxy, WRITE, M3_MAX_DCS * M3_LANES * 4)           \
	/* dc, flags: the lane; value: records; returns the bytes */           \
	X(85, proxy_take, proxy, WRITE, M3_FRAME_BYTES)                        \
	X(86, proxy_acknowledge, proxy, WRITE, M3_FRAME_BYTES)                 \
	X(87, proxy_put, proxy, READ, M3_FRAME_BYTES)                          \
	/* flags: the error */                                                 \
	X(88, proxy_give_up, proxy, NONE, 0)                                   \
	/* flags: bytes */                                                     \
	X(89, proxy_chunk, proxy, NONE, 0)                                      \
	/* Of mnx.h. value is how often the peer has asked for DCs */          \
	X(90, proxy_hellos, proxy, NONE, 0)                                    \
	/* As 85; nothing if it has asked since, value: how often it had */    \
	X(91, proxy_take_since, proxy, WRITE, M3_FRAME_BYTES)

#define M3_REQUEST_NUMBER(number, name, whose, data, bytes) \
	M3_REQ_##name = number,
/* The first make an open device what it is; the kernel's core has them only. */
enum m3_request_number {
	M3_REQ_dvs_init = 1, /* data: struct m3_dvs_params */
	M3_REQ_dvs_end = 2,
	M3_REQ_open = 3, /* to manage: EDVSINIT, EPERM */
	M3_REQ_join = 4, /* dc: a member from now on */
	M3_REQ_attach = 5, /* id: its proxy from now on */
	M3_REQUESTS(M3_REQUEST_NUMBER)
	M3_REQ_LAST
};
#undef M3_REQUEST_NUMBER

/* The state of an endpoint that migrates: of the largest DC. */
#define M3_MAX_STATE (1u << 20)

#define M3_IOC(number) _IOWR('3', number, struct m3_request)

#endif
