// SPDX-License-Identifier: MIT
/** What is measured, and what is to be reached. */
import { codecFor } from '../../codecs/index.ts';
import type { Codec } from '../../proxy-runtime/contract.ts';
import type { TrafficName } from './traffic.ts';

export interface Case {
  readonly name: string;
  readonly codec: () => Codec;
  readonly traffic: readonly TrafficName[];
  /** ns for each message of 64 bytes, 32 in a frame, on the way out. */
  readonly targetNs?: number;
  /** For a chunk of 64 KiB on the way out. */
  readonly targetMegabytesPerSecond?: number;
}

const MESSAGES = ['messages'] as const;
const ALL = ['messages', 'text', 'noise'] as const;

export const CASES: readonly Case[] = [
  {
    name: 'logging, level off',
    codec: () => codecFor('logging', { level: 'debug' }),
    traffic: MESSAGES,
  },
  {
    name: 'logging, nothing selected',
    codec: () => codecFor('logging', { level: 'info', only: [{ endpoints: ['100..120'] }] }),
    traffic: MESSAGES,
    targetNs: 10,
  },
  {
    name: 'logging, 1 in 100',
    codec: () => codecFor('logging', { level: 'info', sample: 100 }),
    traffic: MESSAGES,
    targetNs: 60,
  },
  {
    name: 'logging, everything',
    codec: () => codecFor('logging', { level: 'info' }),
    traffic: MESSAGES,
  },
  {
    name: 'filter, 10 rules that do not fit',
    codec: () =>
      codecFor('filter', {
        default: 'allow',
        rules: Array.from({ length: 10 }, (_, at) => ({ action: 'deny', destination: [100 + at] })),
      }),
    traffic: MESSAGES,
  },
  {
    name: 'qos, two classes and a limit',
    codec: () =>
      codecFor('qos', {
        link: { bytesPerSecond: 1e9 },
        classes: [
          { name: 'first', dc: 7, endpoints: ['0..15'] },
          { name: 'second', dc: 7, endpoints: ['20..31'], bytesPerSecond: 1e9 },
        ],
      }),
    traffic: MESSAGES,
    targetNs: 60,
  },
  { name: 'compression', codec: () => codecFor('compression'), traffic: ALL, targetNs: 400 },
  {
    name: 'encryption',
    codec: () => codecFor('encryption'),
    traffic: ['messages', 'noise'],
    targetNs: 150,
    targetMegabytesPerSecond: 1500,
  },
];
