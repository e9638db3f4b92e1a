// SPDX-License-Identifier: MIT
/**
 * The IPC core, typed: `m3ipc/core`.
 *
 * An application joins a DC and binds endpoints: {@link joinDc}. Management and proxies open a node's core:
 * {@link NodeCore}. Errors of the core are CoreErrors; a missing addon is a ProxyError M3_UNAVAILABLE, thrown by the
 * first call, not by the import.
 */
export { CoreError, ProxyError } from '../../proxy-runtime/errors.ts';
export {
  ABI_VERSION,
  ANY,
  CORE_ERRORS,
  type CoreErrorName,
  LIMITS,
  MISC_FLAGS,
  NONE,
  NOTIFY_MESSAGE,
  RTS_FLAGS,
  SELF,
} from './abi.ts';
export { type ArenaBuffer, Endpoint } from './endpoint.ts';
export { joinDc, Member } from './member.ts';
export { BODY_BYTES, MESSAGE_BYTES, Message } from './message.ts';
export type { Address, DcCounters, DcState, NodeState, PeerState, ProcState } from './native.ts';
export { type DcParams, NodeCore, type NodeParams } from './node-core.ts';
export type { AsyncCallOptions, CallOptions } from './outstanding.ts';
