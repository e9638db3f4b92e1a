// SPDX-License-Identifier: MIT
// @ts-check
import { CORE_ERRORS, eachRecord, KIND, RECORD, refuse } from 'm3ipc';

/** @type {import('m3ipc').CodecFactory} Whoever calls one of `options.endpoints` from the other node gets EPERM. */
export default function closed({ endpoints }) {
  const shut = new Set(/** @type {number[]} */ (endpoints));
  const requests = new Set([KIND.SEND, KIND.SENDREC, KIND.NOTIFY].map(Number));
  /** @type {(frame: import('m3ipc').Frame, at: number) => void} */
  const guard = (frame, at) => {
    if (!requests.has(frame.view.getUint16(at + RECORD.kind, true))) return;
    if (shut.has(frame.view.getInt32(at + RECORD.dst, true))) refuse(frame, at, -CORE_ERRORS.EPERM.errno);
  };
  /** @type {import('m3ipc').Codec['decode']} */
  const decode = (next) => (frame) => {
    eachRecord(frame, guard);
    next(frame);
  };
  return { id: 'closed', level: 'records', room: [0, 0], encode: (next) => next, decode };
}
