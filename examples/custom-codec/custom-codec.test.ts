// SPDX-License-Identifier: MIT
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { codecFor } from '../../codecs/index.ts';
import type { CodecFactory, Frame } from '../../proxy-runtime/contract.ts';
import { checkPipeline } from '../../proxy-runtime/pipeline.ts';
import { eachRecord, KIND, RECORD } from '../../proxy-runtime/record.ts';
import { codecContract } from '../../test/contract/codec.ts';
import { codecLink, composed, pair } from '../../test/contract/codec-link.ts';
import { fillFrame } from '../../test/testing/record-frame.ts';

const ROOT = join(import.meta.dirname, '../..');
const FILE = join(import.meta.dirname, 'closed.mjs');

/** Loaded as `module:` of a configuration loads it. */
const { default: closed } = (await import(FILE)) as { default: CodecFactory };

const dstOf = ({ view }: Frame, at: number) => view.getInt32(at + RECORD.dst, true);
const outcomeOf = ({ view }: Frame, at: number) => [
  view.getUint16(at + RECORD.kind, true),
  view.getInt32(at + RECORD.status, true),
];

test('between the others it refuses requests to closed endpoints, and nothing else', () => {
  const codecs = [closed({ endpoints: [10, -3] }), codecFor('logging'), codecFor('compression')];
  checkPipeline(codecs, 8);
  const link = pair(composed(codecs));
  const got = link.send(
    fillFrame(link.near.frame(), [
      { kind: KIND.SENDREC, dst: 10 },
      { kind: KIND.SENDREC, dst: 11 },
      { kind: KIND.NOTIFY, dst: -3 },
      { kind: KIND.REPLY, dst: 10 },
    ]),
  );
  expect(link.wire.map((bytes) => bytes[0])).toEqual([1]);
  const arrived = codecLink(2).frame();
  arrived.buf.set(got.bytes, arrived.start);
  arrived.end = arrived.start + got.bytes.length;
  const outcomes: unknown[] = [];
  eachRecord(arrived, (frame, at) => outcomes.push([dstOf(frame, at), ...outcomeOf(frame, at)]));
  expect(outcomes).toEqual([
    [10, KIND.REFUSED, -1],
    [11, KIND.SENDREC, 0],
    [-3, KIND.REFUSED, -1],
    [10, KIND.REPLY, 0],
  ]);
});

describe('it keeps the codec contract', () => {
  for (const clause of codecContract(() => closed({ endpoints: [10] })))
    test(clause.name, () => clause.run());
});

test('it has at most 20 lines of code, imports only the package, and type-checks against what is published', async () => {
  const lines = readFileSync(FILE, 'utf8').split('\n');
  expect(
    lines.filter((line) => line.trim() !== '' && !line.trim().startsWith('/')).length,
  ).toBeLessThanOrEqual(20);
  expect(lines.flatMap((line) => /from '(.*)'/.exec(line)?.[1] ?? [])).toEqual(['m3ipc']);
  const options = ['--ignoreConfig', '--noEmit', '--allowJs', '--checkJs', '--strict', '--skipLibCheck'];
  const target = ['--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
  await promisify(execFile)(join(ROOT, 'node_modules/.bin/tsc'), [...options, ...target, FILE], {
    cwd: ROOT,
  });
});
