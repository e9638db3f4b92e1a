// SPDX-License-Identifier: MIT
/** Numbers of libibverbs (infiniband/verbs.h of rdma-core) that the model uses, under its names and with its values. */

/** `enum ibv_wc_status`, those that a reliable connection can come to here. */
export const WC_STATUS = {
  IBV_WC_SUCCESS: 0,
  /** A receive buffer is smaller than what was sent to it. */
  IBV_WC_LOC_LEN_ERR: 1,
  /** Memory on this side: not registered, beyond its region, or of another protection domain. */
  IBV_WC_LOC_PROT_ERR: 4,
  /** The queue pair is in its error state; the request was not tried. */
  IBV_WC_WR_FLUSH_ERR: 5,
  /** The other side could not do what was asked, such as take a message into a buffer that is too small. */
  IBV_WC_REM_INV_REQ_ERR: 9,
  /** Memory of the other side: a key that it does not have, beyond the region, or without that right. */
  IBV_WC_REM_ACCESS_ERR: 10,
  /** The other side has no room for a completion. */
  IBV_WC_REM_OP_ERR: 11,
  /** The other side is gone. */
  IBV_WC_RETRY_EXC_ERR: 12,
  /** The other side has posted no receive. */
  IBV_WC_RNR_RETRY_EXC_ERR: 13,
} as const;
export type WcStatus = (typeof WC_STATUS)[keyof typeof WC_STATUS];

const NAMES = new Map<number, string>(Object.entries(WC_STATUS).map(([name, status]) => [status, name]));

/** `IBV_WC_REM_ACCESS_ERR`, or the number. */
export const wcStatusName = (status: number): string => NAMES.get(status) ?? `status ${status}`;

/** `enum ibv_wc_opcode`. */
export const WC_OPCODE = {
  SEND: 0,
  RDMA_WRITE: 1,
  RDMA_READ: 2,
  RECV: 128,
  RECV_RDMA_WITH_IMM: 129,
} as const;

/** `enum ibv_access_flags`. */
export const ACCESS = { LOCAL_WRITE: 1, REMOTE_WRITE: 2, REMOTE_READ: 4 } as const;

/** `enum ibv_qp_state`. */
export const QP_STATE = { RESET: 0, INIT: 1, RTR: 2, RTS: 3, ERR: 6 } as const;
export type QpState = (typeof QP_STATE)[keyof typeof QP_STATE];

/** What posting answers, as errno(3): 0 or one of these. */
export const POST = { OK: 0, ENOMEM: 12, EINVAL: 22 } as const;
