// SPDX-License-Identifier: MIT
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { type Frame, LANE } from '../../proxy-runtime/contract.ts';
import { KIND } from '../../proxy-runtime/record.ts';
import { codecLink, collector, receive } from '../../test/contract/codec-link.ts';
import { fillFrame } from '../../test/testing/record-frame.ts';
import { logging } from './index.ts';

/** The codec on a link whose log lines are kept. */
function logged(options: Record<string, unknown>, level = 'trace') {
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { level, base: null, timestamp: false },
    { write: (line) => lines.push(JSON.parse(line)) },
  );
  const link = { ...codecLink(1), log };
  const out = collector();
  const codec = logging(options);
  return {
    lines,
    log,
    link,
    out,
    encode: codec.encode(out.sink, link),
    decode: codec.decode(out.sink, link),
  };
}

const records = [
  { kind: KIND.SENDREC, src: 5, dst: 10, call: 2n ** 63n + 1n, body: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
  { kind: KIND.ERROR, src: -3, dst: 5, call: 7n, status: -109, body: new Uint8Array(0) },
];

describe('lines', () => {
  test('every record has one, with its headers, in both directions', () => {
    const { lines, link, encode, decode } = logged({ level: 'info' });
    encode(fillFrame(link.frame(), records, { dc: 7, lane: LANE.urgent }));
    decode(fillFrame(link.frame(), records, { dc: 7, lane: LANE.bulk }));
    const common = { level: 30, dc: 7, msg: 'record' };
    const sendrec = { kind: 'SENDREC', src: 5, dst: 10, call: '9223372036854775809', bytes: 72, status: 0 };
    const error = { kind: 'ERROR', src: -3, dst: 5, call: '7', bytes: 64, status: -109 };
    expect(lines).toEqual([
      { ...common, direction: 'out', lane: 'urgent', ...sendrec },
      { ...common, direction: 'out', lane: 'urgent', ...error },
      { ...common, direction: 'in', lane: 'bulk', ...sendrec },
      { ...common, direction: 'in', lane: 'bulk', ...error },
    ]);
  });

  test('contents appear only when asked for, and never beyond the limit or the record', () => {
    const shown = (options: Record<string, unknown>) => {
      const { lines, link, encode } = logged(options);
      encode(fillFrame(link.frame(), records));
      return lines.map(({ contents }) => contents);
    };
    expect(shown({})).toEqual([undefined, undefined]);
    expect(shown({ contentBytes: 3 })).toEqual(['010203', '']);
    expect(shown({ contentBytes: 65_536 })).toEqual(['0102030405060708', '']);
  });

  test('a kind without a name is shown by its number', () => {
    const { lines, link, encode } = logged({});
    const frame = fillFrame(link.frame(), [{}]);
    frame.view.setUint16(frame.start + 128 + 4, 999, true);
    encode(frame);
    expect(lines).toMatchObject([{ kind: 999 }]);
  });

  test('a bad record is told and the frame goes on: to refuse it is for the core', () => {
    const { lines, link, out, decode } = logged({});
    const frame = fillFrame(link.frame(), [{}, {}]);
    frame.view.setUint32(frame.start + 128 + 128, 4, true);
    decode(frame);
    decode(receive(link.frame(), new Uint8Array(3)));
    expect(lines.map(({ msg }) => msg)).toEqual([
      'record',
      'frame with a bad record',
      'frame with a bad record',
    ]);
    expect(out.seen).toHaveLength(2);
    expect(link.failures).toEqual([]);
  });
});

describe('level', () => {
  /** A frame that says how often its bytes were looked at. */
  function watched(frame: Frame): { frame: Frame; looks: () => number } {
    let looks = 0;
    const view = new Proxy(frame.view, {
      get: (target, key) => {
        looks++;
        const value = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    return {
      frame: Object.create(frame, { view: { value: view }, release: { value: () => frame.release() } }),
      looks: () => looks,
    };
  }

  test('no record is looked at while it is off; it can be switched on while running', () => {
    const { lines, log, link, out, encode } = logged({}, 'info');
    const off = watched(fillFrame(link.frame(), records));
    encode(off.frame);
    expect([off.looks(), lines.length, out.seen.length]).toEqual([0, 0, 1]);
    log.level = 'debug';
    const on = watched(fillFrame(link.frame(), records));
    encode(on.frame);
    expect(on.looks()).toBeGreaterThan(0);
    expect(lines).toHaveLength(2);
  });

  test.each(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])('%s is the level of the lines', (level) => {
    const { lines, log, link, encode } = logged({ level });
    encode(fillFrame(link.frame(), records));
    expect(lines.map((line) => line.level)).toEqual([log.levels.values[level], log.levels.values[level]]);
    log.level = 'silent';
    encode(fillFrame(link.frame(), records));
    expect(lines).toHaveLength(2);
  });
});

describe('selection', () => {
  const asked = [
    { kind: KIND.SENDREC, src: 5, dst: 10 },
    { kind: KIND.REPLY, src: 10, dst: 5 },
    { kind: KIND.NOTIFY, src: -3, dst: 11 },
  ];
  const NAMES = ['SENDREC', 'REPLY', 'NOTIFY'];

  /** Kinds that have a line, of a frame of DC 7 in each direction. */
  function shown(options: Record<string, unknown>) {
    const { lines, link, encode, decode } = logged(options);
    encode(fillFrame(link.frame(), asked, { dc: 7 }));
    const out = lines.splice(0).map(({ kind }) => kind);
    decode(fillFrame(link.frame(), asked, { dc: 7 }));
    return [out, lines.map(({ kind }) => kind)];
  }

  test.each([
    ['no rule', [], [[], []]],
    ['another DC', [{ dc: 8 }], [[], []]],
    ['this DC', [{ dc: 7 }], [NAMES, NAMES]],
    [
      'an endpoint, source or destination',
      [{ endpoints: [5] }],
      [
        ['SENDREC', 'REPLY'],
        ['SENDREC', 'REPLY'],
      ],
    ],
    ['a range', [{ endpoints: ['-5..-1', 12] }], [['NOTIFY'], ['NOTIFY']]],
    [
      'kinds',
      [{ kinds: ['REPLY', 'NOTIFY'] }],
      [
        ['REPLY', 'NOTIFY'],
        ['REPLY', 'NOTIFY'],
      ],
    ],
    ['a direction', [{ direction: 'in', kinds: ['REPLY'] }], [[], ['REPLY']]],
    ['all that one rule says', [{ dc: 7, endpoints: [11], kinds: ['REPLY'] }], [[], []]],
    [
      'what any of several rules says',
      [{ endpoints: [11] }, { kinds: ['REPLY'] }],
      [NAMES.slice(1), NAMES.slice(1)],
    ],
  ])('%s', (_, only, lines) => {
    expect(shown({ only })).toEqual(lines);
  });

  test('one in so many, across frames, of those that a rule names', () => {
    const { lines, link, encode } = logged({ sample: 3, only: [{ kinds: ['SENDREC'] }] });
    for (let call = 0n; call < 8n; call++) {
      encode(fillFrame(link.frame(), [{ kind: KIND.NOTIFY }, { kind: KIND.SENDREC, call }]));
    }
    expect(lines.map(({ call }) => call)).toEqual(['0', '3', '6']);
  });

  test('other options hold from the next frame on, on a link that exists; bad ones change nothing', () => {
    const codec = logging({ only: [] });
    const lines: Record<string, unknown>[] = [];
    const log = pino({ level: 'info', base: null }, { write: (line) => lines.push(JSON.parse(line)) });
    const link = { ...codecLink(1), log };
    const encode = codec.encode(collector().sink, link);
    const send = () => encode(fillFrame(link.frame(), records));
    send();
    codec.reconfigure?.({ level: 'warn', only: [{ endpoints: [-3] }], contentBytes: 1 });
    send();
    expect(() => codec.reconfigure?.({ level: 'loud' })).toThrow('level');
    send();
    codec.reconfigure?.({});
    send();
    expect(lines.map(({ level, src, contents }) => [level, src, contents])).toEqual([
      [40, -3, ''],
      [40, -3, ''],
    ]);
  });
});

describe('options', () => {
  test.each([
    [{ levle: 'info' }, 'codec "logging" has no option "levle"; did you mean "level"?'],
    [
      { sampling: 3 },
      'codec "logging" has no option "sampling"; there is "level", "contentBytes", "sample", "only"',
    ],
    [
      { level: 'loud' },
      'codec "logging": option "level" must be one of trace, debug, info, warn, error, fatal, not "loud"',
    ],
    [
      { contentBytes: true },
      'codec "logging": option "contentBytes" must be a whole number of bytes from 0 to 65536, not true',
    ],
    [
      { contentBytes: -1 },
      'codec "logging": option "contentBytes" must be a whole number of bytes from 0 to 65536, not -1',
    ],
    [
      { only: [{ endpoints: ['5..2'] }] },
      'codec "logging": option "only.0.endpoints.0" must be an endpoint, or a range such as "0..15", not "5..2"',
    ],
    [{ only: [{ dc: 4096 }] }, 'codec "logging": option "only.0.dc" must be a DC\'s id, 0 to 1023, not 4096'],
  ])('%j is refused in words', (options, message) => {
    expect(() => logging(options)).toThrow(expect.objectContaining({ code: 'M3_CONFIG', message }));
  });
});
