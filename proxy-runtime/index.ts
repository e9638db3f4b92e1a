// SPDX-License-Identifier: MIT
/** The package `m3ipc`: what plug-ins and custom proxies are written against. */
export { CORE_ERRORS, type CoreErrorName, coreErrorName } from '../core-kmod/binding/abi.ts';
export * from './contract.ts';
export { CoreError, PROXY_ERRORS, ProxyError, type ProxyErrorCode } from './errors.ts';
export { framePool } from './frame.ts';
export { checkPipeline, composePipeline, type Pipeline } from './pipeline.ts';
export { eachRecord, FRAME_TYPE, HEADER, KIND, type Kind, RECORD, refuse } from './record.ts';
