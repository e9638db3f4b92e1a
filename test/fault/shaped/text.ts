// SPDX-License-Identifier: MIT
import type { Calls, ShapedResult } from './index.ts';

const row = (name: string, { calls, p50Us, p99Us, maxUs }: Calls): string =>
  `${name.padEnd(24)} ${calls} calls, p50 ${p50Us} us, p99 ${p99Us} us, longest ${maxUs} us`;

export function shapedText(result: ShapedResult): string {
  const { mbitPerSecond, idle, beside, busy, limitUs, copiedMBPerSecond, reconnects, ok } = result;
  return [
    `a wire of ${mbitPerSecond} Mbit/s`,
    row('idle', idle),
    row('beside copies', beside),
    ...(busy === null ? [] : [row('and busy processors', busy)]),
    `${copiedMBPerSecond} MB/s copied; the p99 beside copies may be ${limitUs} us; link lost ${reconnects} times`,
    ok ? 'ok' : 'FAILED',
  ].join('\n');
}
