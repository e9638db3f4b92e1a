/* SPDX-License-Identifier: MIT */
/*
 * mnx.h - the API of the M3-IPC paper and of its programmer's guide, over
 * libm3ipc.so. A program needs no other header of m3ipc.
 *
 * Returns: 0 or more is success, below 0 an error (EMOL... or EDVS..., both
 * negative). Calls that bind return the endpoint, which may be negative; their
 * errors are below EERRCODE, so `ret < EERRCODE` tells. As in the original,
 * mnx_wait4bind() may also return EMOLTIMEDOUT, EMOLAGAIN or EMOLINTR, which a
 * DC with as many tasks has as endpoints too.
 *
 * Every ..._T variant takes a deadline for the whole call in milliseconds,
 * TIMEOUT_FOREVER or TIMEOUT_NOWAIT.
 *
 * The core is in the directory that the environment variable M3IPC_DIR names,
 * or on its device (kernel:/dev/m3ipc0); without it, in the one core that is in
 * $XDG_RUNTIME_DIR/m3ipc, else in /dev/shm/m3ipc-<uid>. A binding belongs to
 * the process (mnx_bind) or to one thread (mnx_tbind); a thread without one has
 * that of its process. After fork the child is not bound.
 *
 * core-kmod/README.md lists what differs from the original.
 */
#ifndef M3IPC_MNX_H
#define M3IPC_MNX_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>
#include "abi.h"
#include "mnx_errors.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MNX_API __attribute__((visibility("default")))

/* ---------------------------------------------- constants (2.2, 2.3) */

#define OK 0
#define ANY M3_ANY
#define NONE M3_NONE
#define SELF M3_SELF

#define LOCALNODE (-1)
#define HARDWARE M3_HARDWARE
#define KERNEL (-1)
#define SYSTEM (-2)
#define SYSTASK(node) (SYSTEM - (node))
#define SLOTS (-34)
#define CLOCK (-35)
#define IDLE (-36)
#define PM_PROC_NR 0
#define FS_PROC_NR 1
#define RS_PROC_NR 2
#define RDISK_PROC_NR 3
#define LOG_PROC_NR 4
#define TTY_PROC_NR 5
#define ETH_PROC_NR 6
#define DS_PROC_NR 7
#define IS_PROC_NR 8
#define INET_PROC_NR 9
#define INIT_PROC_NR 14

#define NOTIFY_MESSAGE M3_NOTIFY_MESSAGE
#define TIMEOUT_FOREVER M3_FOREVER
#define TIMEOUT_NOWAIT M3_NOWAIT
#define TIMEOUT_MOLCALL 30000 /* of a vcopy, ms */
#define HELLO_PERIOD 30000 /* of mnx_get2rmt, ms */

/* Defaults of DVS and DC; the limits are those of abi.h. */
#define NR_NODES 32
#define NR_DCS 32
#define NR_TASKS 35
#define NR_PROCS 221
#define NR_SYS_PROCS 64
#define MAXCOPYBUF M3_FRAME_BYTES /* payload of mnx_get2rmt, mnx_put2lcl */
#define MAXCOPYLEN M3_MAX_COPY
#define MAXPROCNAME M3_NAME_BYTES
#define MAXDCNAME M3_NAME_BYTES
#define MAXNODENAME M3_NAME_BYTES
#define MAXPROXYNAME M3_NAME_BYTES

/* p_rts_flags and p_misc_flags (2.5, 2.6). */
#define SLOT_FREE M3_RTS_SLOT_FREE
#define SENDING M3_RTS_SENDING
#define RECEIVING M3_RTS_RECEIVING
#define ONCOPY M3_RTS_ONCOPY
#define MIGRATE M3_RTS_MIGRATE
#define REMOTE M3_RTS_REMOTE
#define RMTOPER M3_RTS_RMTOPER
#define WAITMIGR M3_RTS_WAITMIGR
#define WAITUNBIND M3_RTS_WAITUNBIND
#define WAITBIND M3_RTS_WAITBIND
#define MF_PROXY M3_MF_PROXY
#define MF_CONNECTED 0x0002
#define MF_NOTIFY M3_MF_NOTIFY
#define MF_NEEDMIGR M3_MF_NEEDMIGR
#define MF_RMTBACKUP M3_MF_RMTBACKUP
#define MF_GRPLEADER M3_MF_GRPLEADER
#define MF_REPLICATED M3_MF_REPLICATED
#define MF_KILLED M3_MF_KILLED
#define MF_WOKENUP M3_MF_WOKENUP

/* n_flags and px_flags (2.4). */
#define NODE_FREE 0
#define NODE_ATTACHED M3_NODE_ATTACHED
#define NODE_SCONNECTED M3_NODE_SCONNECTED
#define NODE_RCONNECTED M3_NODE_RCONNECTED
#define PROXIES_FREE 0
#define PROXIES_INUSE 1
#define PROXIES_SCONNECTED 2
#define PROXIES_RCONNECTED 4

#define PRIV_USER M3_LEVEL_USER
#define PRIV_SERVER M3_LEVEL_SERVER
#define PRIV_TASK M3_LEVEL_TASK
#define PRIV_SYSTEM M3_LEVEL_SYSTEM
#define PRIV_KERNEL M3_LEVEL_KERNEL
#define PRIV_PROXY M3_LEVEL_PROXY

/* ------------------------------------------------------- message (2.1) */

#define M3_STRING 14

typedef struct { int m1i1, m1i2, m1i3; char *m1p1, *m1p2, *m1p3; } mess_1;
typedef struct { int m2i1, m2i2, m2i3; long m2l1, m2l2; char *m2p1; } mess_2;
typedef struct { int m3i1, m3i2; char *m3p1; char m3ca1[M3_STRING]; } mess_3;
typedef struct { long m4l1, m4l2, m4l3, m4l4, m4l5; } mess_4;
typedef struct {
	short m5c1, m5c2;
	int m5i1, m5i2;
	long m5l1, m5l2, m5l3;
} mess_5;
typedef struct { char m6ca1[sizeof(mess_3)]; } mess_6;
typedef struct { int m7i1, m7i2, m7i3, m7i4; char *m7p1, *m7p2; } mess_7;
typedef struct { int m8i1, m8i2; char *m8p1, *m8p2, *m8p3, *m8p4; } mess_8;
/* A notification: its argument, and when it was made (CLOCK_REALTIME). */
typedef struct { int m9i1, m9i2; long m9l1; struct timespec m9t1; } mess_9;
typedef struct { int mAdst, mAnr, mAi1, mAi2, mAi3, mAi4; } mess_A;
typedef struct { long mBl1; unsigned char mBmd5[16]; } mess_B;
typedef struct { int mCi1, mCi2, mCi3, mCi4; char mCca1[10]; } mess_C;

/* 64 bytes everywhere; the views share its last 56. */
typedef struct {
	int m_source; /* endpoint of the sender */
	int m_type;
	union {
		mess_1 m_m1;
		mess_2 m_m2;
		mess_3 m_m3;
		mess_4 m_m4;
		mess_5 m_m5;
		mess_6 m_m6;
		mess_7 m_m7;
		mess_8 m_m8;
		mess_9 m_m9;
		mess_A m_mA;
		mess_B m_mB;
		mess_C m_mC;
		char m_bytes[56];
	} m_u;
} message;

M3_ASSERT_SIZE(message, 64);

#define m1_i1 m_u.m_m1.m1i1
#define m1_i2 m_u.m_m1.m1i2
#define m1_i3 m_u.m_m1.m1i3
#define m1_p1 m_u.m_m1.m1p1
#define m1_p2 m_u.m_m1.m1p2
#define m1_p3 m_u.m_m1.m1p3
#define m2_i1 m_u.m_m2.m2i1
#define m2_i2 m_u.m_m2.m2i2
#define m2_i3 m_u.m_m2.m2i3
#define m2_l1 m_u.m_m2.m2l1
#define m2_l2 m_u.m_m2.m2l2
#define m2_p1 m_u.m_m2.m2p1
#define m3_i1 m_u.m_m3.m3i1
#define m3_i2 m_u.m_m3.m3i2
#define m3_p1 m_u.m_m3.m3p1
#define m3_ca1 m_u.m_m3.m3ca1
#define m4_l1 m_u.m_m4.m4l1
#define m4_l2 m_u.m_m4.m4l2
#define m4_l3 m_u.m_m4.m4l3
#define m4_l4 m_u.m_m4.m4l4
#define m4_l5 m_u.m_m4.m4l5
#define m5_c1 m_u.m_m5.m5c1
#define m5_c2 m_u.m_m5.m5c2
#define m5_i1 m_u.m_m5.m5i1
#define m5_i2 m_u.m_m5.m5i2
#define m5_l1 m_u.m_m5.m5l1
#define m5_l2 m_u.m_m5.m5l2
#define m5_l3 m_u.m_m5.m5l3
#define m6_ca1 m_u.m_m6.m6ca1
#define m7_i1 m_u.m_m7.m7i1
#define m7_i2 m_u.m_m7.m7i2
#define m7_i3 m_u.m_m7.m7i3
#define m7_i4 m_u.m_m7.m7i4
#define m7_p1 m_u.m_m7.m7p1
#define m7_p2 m_u.m_m7.m7p2
#define m8_i1 m_u.m_m8.m8i1
#define m8_i2 m_u.m_m8.m8i2
#define m8_p1 m_u.m_m8.m8p1
#define m8_p2 m_u.m_m8.m8p2
#define m8_p3 m_u.m_m8.m8p3
#define m8_p4 m_u.m_m8.m8p4
#define m9_i1 m_u.m_m9.m9i1
#define m9_i2 m_u.m_m9.m9i2
#define m9_l1 m_u.m_m9.m9l1
#define m9_t1 m_u.m_m9.m9t1
#define mA_dst m_u.m_mA.mAdst
#define mA_nr m_u.m_mA.mAnr
#define mA_i1 m_u.m_mA.mAi1
#define mA_i2 m_u.m_mA.mAi2
#define mA_i3 m_u.m_mA.mAi3
#define mA_i4 m_u.m_mA.mAi4
#define mB_l1 m_u.m_mB.mBl1
#define mB_md5 m_u.m_mB.mBmd5
#define mC_i1 m_u.m_mC.mCi1
#define mC_i2 m_u.m_mC.mCi2
#define mC_i3 m_u.m_mC.mCi3
#define mC_i4 m_u.m_mC.mCi4
#define mC_ca1 m_u.m_mC.mCca1

/* -------------------------------------------------- descriptors (2.4) */

/* Sets of nodes and DCs show the first 64 (32 where long has 32 bits). */
typedef struct dvs_usr {
	char d_name[M3_NAME_BYTES]; /* the cluster */
	int d_nr_dcs, d_nr_nodes;
	int d_nr_procs, d_nr_tasks, d_nr_sysprocs; /* largest of a DC */
	int d_max_copybuf, d_max_copylen; /* told only */
	unsigned long d_dbglvl; /* 0 */
	int d_version; /* told only, as the next two */
	unsigned int d_flags;
	int d_size_proc;
} dvs_usr_t;

typedef struct dc_usr {
	int dc_dcid;
	unsigned int dc_flags; /* 0: running */
	int dc_nr_procs, dc_nr_tasks, dc_nr_sysprocs, dc_nr_nodes;
	unsigned long dc_nodes; /* told only */
	int dc_warn2proc; /* endpoint told of deaths, or NONE */
	int dc_warnmsg; /* type of that message */
	int dc_pid; /* 0 */
	char dc_name[M3_NAME_BYTES];
	uint64_t dc_cpumask[M3_CPU_WORDS]; /* all 0: any */
} dc_usr_t;

typedef struct proc_usr {
	int p_nr, p_endpoint, p_dcid;
	unsigned int p_rts_flags;
	int p_lpid; /* -1: remote */
	int p_vpid;
	int p_nodeid;
	unsigned long p_nodemap;
	unsigned int p_misc_flags;
	int p_getfrom, p_sendto, p_waitmigr, p_waitunbind, p_proxy;
	long p_lclsent, p_rmtsent, p_lclcopy, p_rmtcopy;
	char p_name[M3_NAME_BYTES];
} proc_usr_t;

typedef struct node_usr {
	int n_nodeid;
	unsigned int n_flags;
	int n_proxies; /* id of its pair, or -1 */
	unsigned long n_dcs;
	struct timespec n_stimestamp, n_rtimestamp;
	unsigned long n_pxsent, n_pxrcvd;
	char n_name[M3_NAME_BYTES];
} node_usr_t;

typedef struct proxies_usr {
	int px_id;
	unsigned int px_flags;
	int px_maxbytes, px_maxbcmds;
	char px_name[M3_NAME_BYTES];
} proxies_usr_t;

typedef struct priv_usr {
	int priv_id;
	int priv_warn; /* endpoint of its system task, or NONE */
	int priv_level; /* PRIV_* */
	short priv_trap_mask; /* 0, as the next */
	uint64_t priv_ipc_from;
	uint64_t priv_ipc_to; /* bit (p_nr + nr_tasks) of the first 64 slots */
	uint64_t priv_dvk_allowed; /* bit of each call: enum m3_call_number */
} priv_usr_t;

/* ------------------------------------------- proxies' commands (3.1, 3.2) */

#define CMD_NONE 0
#define CMD_SEND_MSG 1
#define CMD_NTFY_MSG 2
#define CMD_SNDREC_MSG 3
#define CMD_REPLY_MSG 4
#define CMD_COPYIN_DATA 5
#define CMD_COPYOUT_RQST 6
#define CMD_COPYLCL_RQST 7
#define CMD_COPYRMT_RQST 8
#define CMD_COPYIN_RQST 9
#define CMD_HELLO 10 /* opens a DC, or only acknowledges */
#define CMD_SHUTDOWN 11
#define CMD_CONTROL 15 /* a cancelled call, a death, a relayed request */
#define MASK_ACKNOWLEDGE 0x2000
#define CMD_SEND_ACK (CMD_SEND_MSG | MASK_ACKNOWLEDGE)
#define CMD_SNDREC_ACK (CMD_SNDREC_MSG | MASK_ACKNOWLEDGE)
#define CMD_COPYIN_ACK (CMD_COPYIN_DATA | MASK_ACKNOWLEDGE)
#define CMD_COPYOUT_DATA (CMD_COPYOUT_RQST | MASK_ACKNOWLEDGE)

typedef struct {
	int v_src, v_dst, v_rqtr;
	uint64_t v_saddr, v_daddr;
	int v_bytes;
} vcopy_t;

/*
 * Header of a command. It tells what the payload's first record is; the
 * payload, c_len bytes that are never 0, is what the peer's core acts on. Both
 * are sent as they are: nodes whose proxies do so have one byte order.
 */
typedef struct cmd {
	int c_cmd, c_dcid;
	int c_src, c_dst; /* endpoints */
	int c_snode, c_dnode;
	int c_rcode;
	int c_len;
	int c_pid; /* of the sender, if it is on this node */
	int c_batch_nr; /* 0: the records of a payload are put as one */
	unsigned int c_flags; /* bits 0 to 15 are the proxies' own */
	uint64_t c_snd_seq, c_ack_seq; /* the proxies' own */
	struct timespec c_timestamp;
	vcopy_t c_vcopy;
	message c_msg;
} cmd_t;

typedef cmd_t proxy_hdr_t;
typedef struct { char pay_data[MAXCOPYBUF]; } proxy_payload_t;

/* Status of mnx_proxy_conn(). */
#define CONNECT_SPROXY 1
#define CONNECT_RPROXY 2
#define DISCONNECT_SPROXY 3
#define DISCONNECT_RPROXY 4

/* ------------------------------------------------ communication (1.1) */

MNX_API int mnx_send(int dst_ep, message *m);
MNX_API int mnx_send_T(int dst_ep, message *m, long to_ms);
MNX_API int mnx_receive(int src_ep, message *m);
MNX_API int mnx_receive_T(int src_ep, message *m, long to_ms);
MNX_API int mnx_sendrec(int ep, message *m);
MNX_API int mnx_sendrec_T(int ep, message *m, long to_ms);
MNX_API int mnx_rcvrqst(message *m);
MNX_API int mnx_rcvrqst_T(message *m, long to_ms);
/* Neither waits; the deadline is for programs that give one. */
MNX_API int mnx_reply(int dst_ep, message *m);
MNX_API int mnx_reply_T(int dst_ep, message *m, long to_ms);
MNX_API int mnx_relay(int dst_ep, message *m);
MNX_API int mnx_notify(int dst_ep);
MNX_API int mnx_src_notify(int src_nr, int dst_ep);
MNX_API int mnx_ntfy_value(int src_nr, int dst_ep, int value);
MNX_API int mnx_hdw_notify(int dcid, int dst_ep);
MNX_API int mnx_vcopy(int src_ep, void *src_addr, int dst_ep, void *dst_addr,
		      int bytes);
MNX_API int mnx_vcopy_T(int src_ep, void *src_addr, int dst_ep,
			void *dst_addr, int bytes, long to_ms);

/* -------------------------------------------------- DVS and DC (1.2) */

/* NULL: the defaults. Returns nodeid. */
MNX_API int mnx_dvs_init(int nodeid, dvs_usr_t *dvs);
MNX_API int mnx_dvs_end(void);
/* Returns the id of this node, or -1: there is no DVS. */
MNX_API int mnx_getdvsinfo(dvs_usr_t *dvs);
/* Returns the id of this node. */
MNX_API int mnx_dc_init(dc_usr_t *dc);
MNX_API int mnx_dc_end(int dcid);
/* dcid -1: the caller's, here and in mnx_getprocinfo(). */
MNX_API int mnx_getdcinfo(int dcid, dc_usr_t *dc);
MNX_API int mnx_add_node(int dcid, int nodeid);
MNX_API int mnx_del_node(int dcid, int nodeid);

/* ------------------------------------------------------ binding (1.3) */

MNX_API int mnx_bind(int dcid, int endpoint);
MNX_API int mnx_tbind(int dcid, int endpoint);
/* Waits up to two seconds for that process to wait in mnx_wait4bind(). */
MNX_API int mnx_lclbind(int dcid, int pid, int endpoint);
MNX_API int mnx_rmtbind(int dcid, const char *name, int endpoint, int nodeid);
MNX_API int mnx_bkupbind(int dcid, int pid, int endpoint, int nodeid);
MNX_API int mnx_replbind(int dcid, int pid, int endpoint);
/* endpoint may be SELF. */
MNX_API int mnx_unbind(int dcid, int endpoint);
MNX_API int mnx_unbind_T(int dcid, int endpoint, long to_ms);
/* Returns the endpoint; NONE: the caller is a proxy. */
MNX_API int mnx_wait4bind(void);
MNX_API int mnx_wait4bind_T(long to_ms);
MNX_API int mnx_wait4bindep(int endpoint);
MNX_API int mnx_wait4bindep_T(int endpoint, long to_ms);
MNX_API int mnx_wait4unbind(int endpoint);
MNX_API int mnx_wait4unbind_T(int endpoint, long to_ms);
MNX_API int mnx_getep(int pid); /* -1: the caller */
MNX_API int mnx_getprocinfo(int dcid, int p_nr, proc_usr_t *proc);
MNX_API int mnx_setpriv(int dcid, int endpoint, priv_usr_t *priv);
MNX_API int mnx_getpriv(int dcid, int endpoint, priv_usr_t *priv);
MNX_API int mnx_wakeup(int dcid, int endpoint);

/* -------------------------------------------- nodes and proxies (1.4) */

/* spid and rpid are processes or threads of this node; they may be one. */
MNX_API int mnx_proxies_bind(const char *name, int pxid, int spid, int rpid,
			     int maxbytes);
MNX_API int mnx_proxies_unbind(int pxid);
MNX_API int mnx_proxy_conn(int pxid, int status);
MNX_API int mnx_node_up(const char *name, int nodeid, int pxid);
MNX_API int mnx_node_down(int nodeid);
MNX_API int mnx_getproxyinfo(int pxid, proc_usr_t *sproc, proc_usr_t *rproc);
MNX_API int mnx_getproxiesinfo(int pxid, proxies_usr_t *px);
/* nodeid LOCALNODE: this one. */
MNX_API int mnx_getnodeinfo(int nodeid, node_usr_t *node);
/*
 * Waits for what is to be sent: the header first, then its c_len bytes of
 * payload. By the sender proxy of a pair only. EMOLTIMEDOUT: nothing in
 * HELLO_PERIOD; EMOLNOTCONN, EMOLNOPROXY, EMOLPROXYRUN.
 */
MNX_API int mnx_get2rmt(proxy_hdr_t *hdr, proxy_payload_t *payload);
MNX_API int mnx_get2rmt_T(proxy_hdr_t *hdr, proxy_payload_t *payload,
			  long to_ms);
/*
 * Gives the core what came, in the order in which it was sent. By the receiver
 * proxy only. An error other than EMOLDCNOTRUN and EMOLNODCNODE: close the
 * connection, disconnect, start again.
 */
MNX_API int mnx_put2lcl(proxy_hdr_t *hdr, proxy_payload_t *payload);

/* ------------------------------------------------- migration (1.5, 4) */

/*
 * mnx_migr_start() on every node, on the endpoint's own node last: it leaves
 * what moves along in the directory $M3IPC_MIGRATION (default: beside the
 * core), which the new node must be able to read under the same name. Then
 * mnx_migr_commit(), on the new node first, with the process that goes on
 * (pid -1: the caller; on other nodes it is not used); or mnx_migr_rollback()
 * everywhere. If the endpoint's node is not connected, a commit promotes the
 * backup instead.
 */
MNX_API int mnx_migr_start(int dcid, int endpoint);
MNX_API int mnx_migr_commit(int pid, int dcid, int endpoint, int new_nodeid);
MNX_API int mnx_migr_rollback(int dcid, int endpoint);

#ifdef __cplusplus
}
#endif
#endif
