// SPDX-License-Identifier: MIT
/** For tests of transports, codecs and proxies, ours and those of others: `m3ipc/testing`. */
export { type TestContext, type TestCounters, testContext } from './context.ts';
export { testKeys } from './keys.ts';
export { type MemoryEnd, memoryLinkPair } from './memory.ts';
export { memoryTransport } from './memory-transport.ts';
export { seededRandom } from './random.ts';
export { SMALL_DC, type TemporaryCore, type TemporaryCoreParams, temporaryCore } from './temporary-core.ts';
export { type VirtualClock, virtualClock } from './virtual-clock.ts';
