// SPDX-License-Identifier: MIT
/** Every chain that can be made of the codecs of the table: each set of them, in each order that is legal. */
import { describe, expect, test } from 'vitest';
import { type CodecId, codecFor, codecs } from '../../codecs/index.ts';
import type { Codec } from '../../proxy-runtime/contract.ts';
import { checkPipeline } from '../../proxy-runtime/pipeline.ts';
import { chainContract } from '../contract/codec-chain.ts';

/** So that each does something. */
const OPTIONS: Partial<Record<CodecId, Readonly<Record<string, unknown>>>> = {
  filter: { default: 'allow', rules: [{ action: 'deny', source: [1], kinds: ['SEND'] }] },
  encryption: { rekeyFrames: 3 },
};
const make = (ids: readonly CodecId[]): Codec[] => ids.map((id) => codecFor(id, OPTIONS[id]));

function* orders(ids: readonly CodecId[]): Generator<CodecId[]> {
  yield [];
  for (const id of ids) {
    for (const rest of orders(ids.filter((other) => other !== id))) yield [id, ...rest];
  }
}

function isLegal(ids: readonly CodecId[]): boolean {
  try {
    checkPipeline(make(ids), 8);
    return true;
  } catch {
    return false;
  }
}

const all = [...orders(Object.keys(codecs) as CodecId[])];
const legal = all.filter(isLegal);

test('what is illegal is a records codec behind a bytes codec, and nothing else', () => {
  const level = (id: CodecId) => codecFor(id).level;
  const wrong = (ids: readonly CodecId[]) =>
    ids.some(
      (id, at) => level(id) === 'records' && ids.slice(0, at).some((other) => level(other) === 'bytes'),
    );
  expect(legal).toEqual(all.filter((ids) => !wrong(ids)));
});

describe.each(legal.map((ids) => [ids.join(' > ') || 'none', ids] as const))('%s', (_, ids) => {
  for (const clause of chainContract(() => make(ids))) test(clause.name, () => clause.run());
});
