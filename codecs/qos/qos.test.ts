// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { type Counters, FRAME_BYTES, LANE, type Lane, type Schedule } from '../../proxy-runtime/contract.ts';
import { codecLink, collector } from '../../test/contract/codec-link.ts';
import { fillFrame } from '../../test/testing/record-frame.ts';
import { virtualClock } from '../../test/testing/virtual-clock.ts';
import { qos } from './index.ts';

const queue = (dc: number, lane: Lane) => (dc << 8) | lane;
const BULK7 = queue(7, LANE.bulk);
const BULK8 = queue(8, LANE.bulk);

/** A codec with its schedule, on a clock of the test's, and what it has counted. */
function rig(options: Record<string, unknown>) {
  const counted: Record<string, number> = {};
  const counters: Counters = {
    add: (name, amount = 1) => {
      counted[name] = (counted[name] ?? 0) + amount;
    },
    set: () => undefined,
  };
  const clock = virtualClock();
  const codec = qos(options);
  const link = { ...codecLink(1), clock, counters };
  const out = collector();
  const schedule = codec.schedule?.({ clock, counters }) as Schedule;
  return { codec, clock, link, counted, out, schedule, encode: codec.encode(out.sink, link) };
}

type Rig = ReturnType<typeof rig>;

/** Takes full frames from queues that never run empty until `ms` have passed; bytes of each. */
function saturate({ schedule, clock }: Rig, queues: readonly number[], ms: number): number[] {
  const all = Uint32Array.from(queues);
  const taken = new Map(queues.map((one) => [one, 0]));
  const end = clock.now() + ms;
  while (clock.now() < end) {
    const at = schedule.next(all, all.length);
    if (at < 0) {
      clock.advance(Math.min(Math.ceil(schedule.waitMs()), end - clock.now()));
      continue;
    }
    const chosen = all[at] ?? -1;
    schedule.served(chosen, FRAME_BYTES, 1);
    taken.set(chosen, (taken.get(chosen) ?? 0) + FRAME_BYTES);
    // What a link of 100 MB/s takes for it.
    clock.advance(FRAME_BYTES / 100_000);
  }
  return [...taken.values()];
}

describe('shares', () => {
  test('DCs of weight 8 and 1 that are both saturated', () => {
    const [seven = 0, eight = 0] = saturate(
      rig({ dcs: [{ dc: 7, weight: 8 }, { dc: 8 }] }),
      [BULK7, BULK8],
      60_000,
    );
    expect(seven / eight).toBeCloseTo(8, 1);
  });

  test('lanes by their weights', () => {
    const all = saturate(rig({ weights: { urgent: 2, bulk: 1 } }), [queue(7, LANE.urgent), BULK7], 60_000);
    expect((all[0] ?? 0) / (all[1] ?? 0)).toBeCloseTo(2, 1);
  });
});

describe('limits', () => {
  test('a DC has its rate in all lanes together, and the others the rest', () => {
    const subject = rig({ dcs: [{ dc: 7, bytesPerSecond: 20e6 }] });
    const [normal = 0, bulk = 0, other = 0] = saturate(
      subject,
      [queue(7, LANE.normal), BULK7, BULK8],
      60_000,
    );
    expect((normal + bulk) / 60 / 20e6).toBeCloseTo(1, 1);
    expect(other / 60 / 80e6).toBeCloseTo(1, 1);
    expect(subject.counted.pauses_dc_7).toBeGreaterThan(1000);
    expect(subject.counted.paused_ms_dc_7).toBeGreaterThan(30_000);
  });

  test('the link has its rate, which DCs share by their weights', () => {
    const options = { link: { bytesPerSecond: 50e6 }, dcs: [{ dc: 7, weight: 4 }] };
    const [seven = 0, eight = 0] = saturate(rig(options), [BULK7, BULK8], 60_000);
    expect((seven + eight) / 60 / 50e6).toBeCloseTo(1, 1);
    expect(seven / eight).toBeCloseTo(4, 1);
  });

  test('a burst passes at once; then it is paid for', () => {
    const { schedule, clock } = rig({ dcs: [{ dc: 7, bytesPerSecond: 1000, burstBytes: 5000 }] });
    const all = Uint32Array.of(BULK7);
    let frames = 0;
    for (; schedule.next(all, 1) === 0; frames++) schedule.served(BULK7, 2000, 1);
    expect([frames, schedule.waitMs()]).toEqual([3, 1000]);
    clock.advance(999);
    expect(schedule.next(all, 1)).toBe(-1);
    clock.advance(2);
    expect(schedule.next(all, 1)).toBe(0);
  });

  test('a limit in messages', () => {
    const { schedule, clock } = rig({ dcs: [{ dc: 7, messagesPerSecond: 100, burstMessages: 1 }] });
    const all = Uint32Array.of(BULK7);
    schedule.served(BULK7, 128, 51);
    expect(schedule.next(all, 1)).toBe(-1);
    expect(schedule.waitMs()).toBe(500);
    clock.advance(501);
    expect(schedule.next(all, 1)).toBe(0);
  });

  test('without a limit nothing is left out, and nothing to wait for', () => {
    const { schedule } = rig({});
    expect(schedule.next(Uint32Array.of(BULK7), 1)).toBe(0);
    expect(schedule.waitMs()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('classes', () => {
  const CLASSES = [
    { name: 'control', dc: 7, endpoints: ['0..9'], lane: 'urgent' },
    { name: 'batch', dc: 7, endpoints: [20, '30..39'], messagesPerSecond: 10, burstMessages: 2 },
    { name: 'rest', dc: 7 },
  ];
  const from = (...sources: number[]) => sources.map((src) => ({ src, body: new Uint8Array(64) }));

  test('each record is counted in the first class that has its source', () => {
    const { encode, counted, link, out } = rig({ classes: CLASSES });
    encode(fillFrame(link.frame(), from(1, 9, 20), { dc: 7, lane: LANE.urgent }));
    encode(fillFrame(link.frame(), from(20, 35, 21, 40), { dc: 7, lane: LANE.normal }));
    encode(fillFrame(link.frame(), from(20), { dc: 8, lane: LANE.normal }));
    expect(counted).toEqual({
      ...{ records_control: 2, bytes_control: 256, records_batch: 2, bytes_batch: 256 },
      ...{ records_rest: 2, bytes_rest: 256 },
    });
    expect(out.seen).toHaveLength(3);
    expect(link.pool.inUse).toBe(0);
  });

  test('a class that has used up its limit pauses its lane of its DC, and no other', () => {
    const { encode, schedule, clock, link } = rig({ classes: CLASSES });
    const normal = queue(7, LANE.normal);
    const all = Uint32Array.of(normal, queue(7, LANE.urgent), queue(8, LANE.normal), BULK7);
    encode(fillFrame(link.frame(), from(20, 20, 20), { dc: 7, lane: LANE.normal }));
    const open = new Set<number>();
    for (let n = 0; n < 100; n++) {
      const chosen = all[schedule.next(all, 4)] ?? -1;
      open.add(chosen);
      schedule.served(chosen, FRAME_BYTES, 1);
    }
    expect(open).toEqual(new Set([...all].slice(1)));
    expect(schedule.next(Uint32Array.of(normal), 1)).toBe(-1);
    clock.advance(schedule.waitMs() + 1);
    expect(schedule.next(Uint32Array.of(normal), 1)).toBe(0);
  });

  test('the sources of urgent classes are told to the core', () => {
    expect(qos({ classes: CLASSES }).urgent?.()).toEqual([{ dc: 7, first: 0, last: 9 }]);
  });

  test('a record that does not fit the frame ends the count; the frame goes on', () => {
    const { encode, counted, link, out } = rig({ classes: CLASSES });
    const frame = fillFrame(link.frame(), from(20, 20), { dc: 7, lane: LANE.normal });
    frame.view.setUint32(frame.start + 128 + 128, 3, true);
    encode(frame);
    expect([counted.records_batch, out.seen.length]).toEqual([1, 1]);
  });
});

test('other options hold at once, for schedule and links; bad ones change nothing', () => {
  const { codec, schedule, encode, counted, link } = rig({
    dcs: [{ dc: 7, bytesPerSecond: 1, burstBytes: 1 }],
  });
  const all = Uint32Array.of(BULK7);
  schedule.served(BULK7, FRAME_BYTES, 1);
  expect(schedule.next(all, 1)).toBe(-1);
  expect(() => codec.reconfigure?.({ dcs: [{ dc: 7, weight: 0 }] })).toThrow('weight');
  expect(schedule.next(all, 1)).toBe(-1);
  codec.reconfigure?.({ classes: [{ name: 'all', dc: 1 }] });
  expect(schedule.next(all, 1)).toBe(0);
  encode(fillFrame(link.frame(), [{}], { dc: 1 }));
  expect(counted.records_all).toBe(1);
});

test.each([
  [{ weights: { control: 1 } }, /option "weights\.control" must be/],
  [{ dcs: [{ dc: 7 }, { dc: 7 }] }, /dc 7 stands in the list twice/],
  [
    {
      classes: [
        { name: 'a', dc: 1 },
        { name: 'a', dc: 2 },
      ],
    },
    /class a stands in the list twice/,
  ],
  [
    { classes: [{ name: 'A', dc: 1 }] },
    /option "classes\.0\.name" must be a name of at most 24 small letters/,
  ],
  [
    { classes: [{ name: 'a', dc: 1, lane: 'control' }] },
    /must be one of urgent, normal, bulk, not "control"/,
  ],
  [{ classes: [{ name: 'a', dc: 1, lane: 'urgent' }] }, /class a is urgent and must say whose records are/],
  [{ dcs: [{ dc: 1, burstBytes: 5 }] }, /"burstBytes" means nothing without "bytesPerSecond"/],
  [{ dcs: [{ dc: 1, burstMessages: 5 }] }, /"burstMessages" means nothing without "messagesPerSecond"/],
  [
    {
      classes: [
        { name: 'a', dc: 1, endpoints: ['0..9'], lane: 'urgent' },
        { name: 'b', dc: 1, endpoints: ['9..20'] },
      ],
    },
    /classes a and b put an endpoint of DC 1 in two lanes/,
  ],
])('%j is refused in words', (options, message) => {
  expect(() => qos(options)).toThrow(
    expect.objectContaining({ code: 'M3_CONFIG', message: expect.stringMatching(message) }),
  );
});
