// SPDX-License-Identifier: MIT
/**
 * A caller that gets the preamble or the hello wrong, over every transport: each field at each border and cut at each byte.
 * He is hung up on, under a reason of its own, and nothing that he says reaches the core.
 */
import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WIRE_VERSION } from '../../core-kmod/binding/abi.ts';
import { systemClock } from '../../proxy-runtime/clock.ts';
import { FRAME_BYTES, type Transport } from '../../proxy-runtime/contract.ts';
import { HANDSHAKE_FRAME_BYTES } from '../../proxy-runtime/handshake.ts';
import { HELLO_BYTES } from '../../proxy-runtime/hello.ts';
import { createRuntime, type Runtime } from '../../proxy-runtime/runtime.ts';
import { transports } from '../../transports/index.ts';
import { skipReason } from '../contract/requirement.ts';
import { counted } from '../unit/support/nodes.ts';
import { type QueueCore, queueCore } from '../unit/support/queue-core.ts';
import { rawCall } from '../unit/support/raw-peer.ts';

const DC = 7;
const MOST = 0xffff_ffff;
const HIGH_BIT = 0x8000_0000;
const HELLO = {
  version: WIRE_VERSION,
  cluster: 'test',
  node: 2,
  peer: 1,
  name: 'b',
  pipeline: [] as string[],
  limits: { frameBytes: FRAME_BYTES },
};

/** What is sent, frame by frame, and the reason under which that is counted. */
interface Case {
  readonly what: string;
  readonly reason: string;
  readonly frames: readonly Uint8Array[];
}

function preamble(version: number, handshake: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(0x5049_334d, version, handshake).buffer);
}

const good = preamble(WIRE_VERSION, 0);
const message = (text: string): Uint8Array => Uint8Array.of(1, ...new TextEncoder().encode(text));
const without = (key: string): object =>
  Object.fromEntries(Object.entries(HELLO).filter(([name]) => name !== key));

function preambleCases(): Case[] {
  const wrong = (reason: string, what: string, bytes: Uint8Array): Case => ({
    what,
    reason,
    frames: [bytes],
  });
  const versions = [0, WIRE_VERSION + 1, WIRE_VERSION | HIGH_BIT, HIGH_BIT, MOST].filter(
    (v) => v !== WIRE_VERSION,
  );
  return [
    ...Array.from({ length: good.length - 1 }, (_, at) =>
      wrong('bad_magic', `cut behind byte ${at + 1}`, good.slice(0, at + 1)),
    ),
    ...[0, 1, 2, 3].map((at) =>
      wrong('bad_magic', `byte ${at} of the magic with its high bit turned`, turned(good, at)),
    ),
    ...versions.map((value) => wrong('version', `version ${value >>> 0}`, preamble(value, 0))),
    ...[1, 2, HIGH_BIT, MOST].map((value) =>
      wrong('handshake_id', `handshake ${value >>> 0}`, preamble(WIRE_VERSION, value)),
    ),
    wrong('oversize', 'a frame of a byte too many', new Uint8Array(HANDSHAKE_FRAME_BYTES + 1)),
    wrong('oversize', 'the largest frame', new Uint8Array(FRAME_BYTES)),
  ];
}

function turned(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, index) => (index === at ? byte ^ 0x80 : byte));
}

/** Values of each field of the hello that differ from the right one, and what each comes to. */
const FIELDS: readonly (readonly [field: string, reason: string, values: readonly unknown[]])[] = [
  ['version', 'version', [0, WIRE_VERSION + 1, HIGH_BIT, MOST, Number.MAX_SAFE_INTEGER]],
  ['version', 'hello_malformed', [-1, 1.5, '1', null, [1]]],
  ['cluster', 'cluster', ['', 'tes', 'testt', 'x'.repeat(15)]],
  ['cluster', 'hello_malformed', ['x'.repeat(16), 'x'.repeat(500), 1, null, {}]],
  ['node', 'node', [0, 1, 3, 1023]],
  ['node', 'hello_malformed', [-1, 1024, 1.5, MOST, '2', null]],
  ['peer', 'node', [0, 2, 1023]],
  ['peer', 'hello_malformed', [-1, 1024, HIGH_BIT, '1', null]],
  ['name', 'hello_malformed', ['x'.repeat(16), 1, null, ['b']]],
  ['pipeline', 'pipeline', [['logging'], ['x'.repeat(32)], Array(16).fill('x')]],
  ['pipeline', 'hello_malformed', [Array(17).fill('x'), ['x'.repeat(33)], [1], 'logging', null, {}]],
  ['limits', 'limits', [1, FRAME_BYTES - 1, FRAME_BYTES + 1, MOST].map((frameBytes) => ({ frameBytes }))],
  [
    'limits',
    'hello_malformed',
    [{}, { frameBytes: 0 }, { frameBytes: -1 }, { frameBytes: 1, more: 1 }, null],
  ],
  ['more', 'hello_malformed', [0, 'x', null]],
];

function helloCases(): Case[] {
  const wrong = (reason: string, what: string, bytes: Uint8Array): Case => ({
    what,
    reason,
    frames: [good, bytes],
  });
  const text = JSON.stringify(HELLO);
  const fields = FIELDS.flatMap(([field, reason, values]) =>
    values.map((value) => {
      const shown = `${field}: ${JSON.stringify(value).slice(0, 40)}`;
      return wrong(reason, shown, message(JSON.stringify({ ...HELLO, [field]: value })));
    }),
  );
  const needed = ['version', 'cluster', 'node', 'name', 'pipeline', 'limits'];
  return [
    ...fields,
    ...needed.map((key) => wrong('hello_malformed', `no ${key}`, message(JSON.stringify(without(key))))),
    ...Array.from(text, (_, at) =>
      wrong('hello_malformed', `cut before byte ${at}`, message(text.slice(0, at))),
    ),
    ...[0, 3, 0x80, 0xff].map((type) =>
      wrong('garbage', `a message of type ${type}`, message(text).with(0, type)),
    ),
    wrong('refused_by_peer', 'a refusal', message(text).with(0, 2)),
    wrong('hello_malformed', 'no UTF-8', Uint8Array.of(1, 0xff, 0xfe)),
    wrong('hello_malformed', 'a byte too many', message(' '.repeat(HELLO_BYTES + 1 - text.length) + text)),
    wrong('oversize', 'a frame of a byte too many', new Uint8Array(HANDSHAKE_FRAME_BYTES + 1).fill(1)),
  ];
}

for (const [scheme, transport] of Object.entries(transports) as [string, Transport][]) {
  const why = skipReason(scheme, transport.missing());
  const title = `over ${scheme}${why === undefined ? '' : `, skipped: ${why}`}`;
  describe(title, { skip: why !== undefined }, () => suite(transport));
}

function suite(transport: Transport): void {
  const clock = systemClock();
  let core: QueueCore;
  let runtime: Runtime;
  let url = '';

  beforeEach(async () => {
    core = queueCore({ node: 1, soon: clock.soon, dcs: { [DC]: [1, 2] } });
    const peers = [{ peer: 2, transport, codecs: [], insecure: true }];
    const listen = [{ transport, url: transport.loopback() }];
    runtime = createRuntime({ core, clock, log: pino({ level: 'silent' }), listen, peers });
    await runtime.start();
    [url = ''] = runtime.status().listening;
  });

  afterEach(async () => {
    await runtime.stop({ force: true });
    expect(core.received(2, DC)).toEqual([]);
    const { pool } = runtime.status();
    expect(pool.inUse).toBe(0);
    expect(pool.slabs).toBeLessThan(20);
  });

  /** Sends all of it, and resolves when the link has been closed. */
  async function call(frames: readonly Uint8Array[]): Promise<void> {
    const raw = await rawCall({ transport, clock }, url);
    for (const frame of frames) raw.send(frame);
    while (!raw.closed) await new Promise((resolve) => setImmediate(resolve));
  }

  test.each([
    ['preamble', preambleCases()],
    ['hello', helloCases()],
  ])('each field of the %s at each border, and cut at each byte, has its own reason', async (_, cases) => {
    for (const { what, reason, frames } of cases) {
      const before = counted(runtime.metrics, `handshake_failed_${reason}`);
      await call(frames);
      expect(counted(runtime.metrics, `handshake_failed_${reason}`), `${what}: ${reason}`).toBe(before + 1);
    }
    expect(runtime.status().links).toMatchObject([{ state: 'waiting', dcs: [] }]);
  });

  test('frames of random bytes crash nothing and reach nobody', async () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 1100 });
    const afterPreamble = fc.tuple(fc.constant(good), bytes, bytes);
    const frames = fc.oneof(fc.array(bytes, { minLength: 1, maxLength: 4 }), afterPreamble);
    await fc.assert(
      fc.asyncProperty(frames, async (sent) => {
        // Whoever is not understood yet gets a frame that cannot be.
        await call([...sent, new Uint8Array(HANDSHAKE_FRAME_BYTES + 1)]);
      }),
      { numRuns: 60 },
    );
  });
}
