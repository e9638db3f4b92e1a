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
  CALLS,
  CORE_ERRORS,
  type CoreErrorName,
  HARDWARE,
  LEVELS,
  LIMITS,
  MISC_FLAGS,
  NONE,
  NOTIFY_MESSAGE,
  RTS_FLAGS,
  SELF,
  WAITS,
} from './abi.ts';
export { Endpoint } from './endpoint.ts';
export { joinDc, Member } from './member.ts';
export type { ArenaBuffer, Grant, GrantRights } from './memory.ts';
export { BODY_BYTES, MESSAGE_BYTES, Message } from './message.ts';
export type { Address } from './native.ts';
export { NodeCore } from './node-core.ts';
export type { DcParams, NodeParams } from './node-params.ts';
export type { AsyncCallOptions, CallOptions } from './outstanding.ts';
export type {
  DcCounters,
  DcState,
  LaneState,
  NodeState,
  PeerState,
  Privileges,
  ProcState,
  ProxyState,
} from './state.ts';
