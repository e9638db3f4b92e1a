// SPDX-License-Identifier: MIT
/** The contract suites, for whoever writes a plug-in: `m3ipc/contract`. */
export type { Clause } from './clause.ts';
export { codecContract } from './codec.ts';
export { skipReason } from './requirement.ts';
export { transportContract } from './transport.ts';
