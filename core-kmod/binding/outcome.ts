// SPDX-License-Identifier: MIT
/** What the addon answers, as TypeScript has it: a value, or a CoreError that is thrown. */
import { CoreError } from '../../proxy-runtime/errors.ts';
import { coreErrorName } from './abi.ts';

/** A CoreError for a negative error number. */
export function coreError(errno: number, call: string, endpoint?: number, detail?: string): CoreError {
  return new CoreError(coreErrorName(errno), errno, call, endpoint, detail);
}

/** The number, unless it is negative: then it is thrown. */
export function checked(answer: number, call: string, endpoint?: number): number {
  if (answer < 0) throw coreError(answer, call, endpoint);
  return answer;
}

/** The value, unless it is a number: then that is an error number, and thrown. */
export function made<T extends object>(answer: T | number, call: string, endpoint?: number): T {
  if (typeof answer === 'number') throw coreError(answer, call, endpoint);
  return answer;
}
