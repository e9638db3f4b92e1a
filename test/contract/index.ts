// SPDX-License-Identifier: MIT
/** The contract suites, for whoever writes a plug-in: `m3ipc/contract`. */
export type { Clause } from './clause.ts';
export { codecContract } from './codec.ts';
export { chainContract } from './codec-chain.ts';
export { coreContract } from './core.ts';
export type { CoreBench } from './core-stage.ts';
export { skipReason } from './requirement.ts';
export { transportContract } from './transport.ts';
