// SPDX-License-Identifier: MIT
/** Chains of codecs that are measured side by side, unless another one is asked for. */
export interface Chain {
  readonly name: string;
  readonly codecs: readonly string[];
}

export const PLAIN = 'plain';
export const ENCRYPTED = 'encryption';

export const chainsOf = (codecs: readonly string[]): Chain[] =>
  codecs.length > 0
    ? [{ name: codecs.join(' > '), codecs }]
    : [
        { name: PLAIN, codecs: [] },
        { name: ENCRYPTED, codecs: [ENCRYPTED] },
      ];
