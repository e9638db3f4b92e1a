// SPDX-License-Identifier: MIT
/** The package `m3ipc`: proxies, runtimes, and what plug-ins and custom proxies are written against. */
export { CORE_ERRORS, type CoreErrorName, coreErrorName } from '../core-kmod/binding/abi.ts';
export { systemClock, systemRandom } from './clock.ts';
export * from './contract.ts';
export { CoreError, PROXY_ERRORS, ProxyError, type ProxyErrorCode } from './errors.ts';
export { framePool } from './frame.ts';
export { readKeyFile } from './key-file.ts';
export { keyOfText, keyText, newPrivateKey, publicKeyOf } from './key-pair.ts';
export { createLaneOrder, EQUAL_DCS, type Weights } from './lane-order.ts';
export { prometheusText } from './metrics/prometheus.ts';
export { createMetrics, type Labels, type Metrics, type Sample } from './metrics/registry.ts';
export { checkPipeline, composePipeline, type Pipeline } from './pipeline.ts';
export { createProxy } from './proxy.ts';
export type { Address, PeerProxy, ProxyOptions, StopOptions } from './proxy-options.ts';
export type { AddressStatus, ProxyState, ProxyStatus } from './proxy-status.ts';
export { eachRecord, FRAME_TYPE, HEADER, KIND, type Kind, RECORD, refuse } from './record.ts';
export {
  createRuntime,
  type PeerOptions,
  type Runtime,
  type RuntimeOptions,
  type RuntimeStatus,
} from './runtime.ts';
export { LIMITS_DEFAULT, type Limits, type Services, type SettingsOptions } from './settings.ts';
