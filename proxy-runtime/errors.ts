// SPDX-License-Identifier: MIT
/**
 * The two error classes and their tables. `m3ipc explain <code>` prints a row of either.
 */
import { CORE_ERRORS, type CoreErrorName } from '../core-kmod/binding/abi.ts';

/** Codes of the runtime, the transports and the codecs: what happened, and what to do. */
export const PROXY_ERRORS = {
  M3_CONFIG: ['the configuration is wrong', 'correct the named key; `m3ipc check <file>` shows all mistakes'],
  M3_UNAVAILABLE: ['this machine cannot run it', 'install what the message names; `m3ipc doctor` shows all'],
  M3_ADDR_IN_USE: ['the address is in use', 'stop the other program, or listen on another address'],
  M3_REFUSED: [
    'the peer refused the connection',
    'start the peer, and compare its `listen` with this `dial`',
  ],
  M3_TIMEOUT: ['the other side did not answer in time', 'look at the peer and at the network'],
  M3_PEER_MISMATCH: ['the peer is another node, cluster or version', 'make both configurations agree'],
  M3_PIPELINE_MISMATCH: ['the peer runs other codecs', 'give both nodes the same codecs in the same order'],
  M3_AUTH: ['the peer could not prove who it is', 'compare the keys of both nodes'],
  M3_CORRUPT: [
    'bytes that break the protocol arrived',
    'look at the network; a peer that repeats it is faulty',
  ],
  M3_TOO_BIG: ['a frame or message is over the limit', 'send less at once'],
  M3_LINK_LOST: ['the link broke', 'none needed: it is dialled again and nothing is lost'],
  M3_CORE: ['the core refused the call', '`m3ipc explain` with the core error that the message names'],
  M3_CLOSED: ['it has been closed', 'open a new one'],
  M3_BUG: ['a rule of the contract was broken inside this process', 'report it, with the stack'],
} as const satisfies Record<string, readonly [what: string, remedy: string]>;

export type ProxyErrorCode = keyof typeof PROXY_ERRORS;

/** An error of the runtime, a transport or a codec. Tell them apart by `code`, never by the message. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly code: ProxyErrorCode;
  /** What to do about it, one sentence: that of the code, unless another one is told. */
  readonly remedy: string;
  constructor(code: ProxyErrorCode, message: string, options?: { cause?: unknown; remedy?: string }) {
    super(message, options);
    this.code = code;
    this.remedy = options?.remedy ?? PROXY_ERRORS[code][1];
  }
}

/** An error of the IPC core. `errno` is negative, as the C API returns it. */
export class CoreError extends Error {
  override readonly name = 'CoreError';
  readonly code: CoreErrorName;
  readonly errno: number;
  /** The call that failed (`sendrec`) and the endpoint it was aimed at, where there is one. */
  readonly call: string;
  readonly endpoint: number | undefined;
  constructor(code: CoreErrorName, errno: number, call: string, endpoint?: number, detail?: string) {
    const target = endpoint === undefined ? '' : ` ${endpoint}`;
    super(`${call}${target}: ${code}: ${CORE_ERRORS[code].cause}${detail ? ` (${detail})` : ''}`);
    this.code = code;
    this.errno = errno;
    this.call = call;
    this.endpoint = endpoint;
  }
  get remedy(): string {
    return CORE_ERRORS[this.code].remedy;
  }
}

/** The core has no such DC that runs and spans the peer: no failure, for one that has ended. */
export function isAbsence(error: unknown): boolean {
  return error instanceof CoreError && (error.code === 'EDCNOTRUN' || error.code === 'ENODCNODE');
}
