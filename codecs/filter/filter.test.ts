// SPDX-License-Identifier: MIT
import { describe, expect, test } from 'vitest';
import { KIND, type Kind, RECORD } from '../../proxy-runtime/record.ts';
import { codecLink, collector } from '../../test/contract/codec-link.ts';
import { fillFrame, type RecordFields } from '../../test/testing/record-frame.ts';
import { filter } from './index.ts';

const ETRAPDENIED = -410;

function message(type: number): Uint8Array {
  const body = new Uint8Array(64);
  new DataView(body.buffer).setInt32(4, type, true);
  return body;
}

/** The codec on a link whose counters can be read: what becomes of records. */
function filtered(options: Record<string, unknown>) {
  const counts: Record<string, number> = {};
  const add = (name: string, amount = 1) => {
    counts[name] = (counts[name] ?? 0) + amount;
  };
  const link = { ...codecLink(1), counters: { add, set: add } };
  const outcomes: string[] = [];
  const out = collector(({ view, start, end }) => {
    for (let at = start + 128; at < end; at += view.getUint32(at, true)) {
      const refused = view.getUint16(at + RECORD.kind, true) === KIND.REFUSED;
      if (refused) expect(view.getInt32(at + RECORD.status, true)).toBe(ETRAPDENIED);
      outcomes.push(refused ? 'denied' : 'allowed');
    }
  });
  const codec = filter(options);
  const sinks = { out: codec.encode(out.sink, link), in: codec.decode(out.sink, link) };
  const pass = (records: readonly RecordFields[], dc = 7, way: 'out' | 'in' = 'out') => {
    sinks[way](fillFrame(link.frame(), records, { dc }));
    return outcomes.splice(0);
  };
  return { pass, counts, codec, link };
}

const only = (rule: object, otherwise = 'deny') =>
  filtered({ rules: [{ action: 'allow', ...rule }], default: otherwise });
const kindsOf = (...kinds: Kind[]) => kinds.map((kind) => ({ kind }));

describe('a rule names records by', () => {
  test.each<[string, object, RecordFields[], string]>([
    ['source', { source: [5, '8..9'] }, [{ src: 5 }, { src: 7 }, { src: 8 }, { src: 9 }], 'adaa'],
    ['destination', { destination: ['-3..0'] }, [{ dst: -4 }, { dst: -3 }, { dst: 0 }, { dst: 1 }], 'daad'],
    [
      'both',
      { source: [1], destination: [2] },
      [
        { src: 1, dst: 2 },
        { src: 2, dst: 1 },
      ],
      'ad',
    ],
    ['kind', { kinds: ['SEND'] }, kindsOf(KIND.SEND, KIND.SENDREC, KIND.NOTIFY), 'add'],
    [
      'type of message',
      { types: [70, -1] },
      [{ body: message(70) }, { body: message(71) }, { body: message(-1) }, { body: new Uint8Array(8) }],
      'adad',
    ],
    ['nothing: all requests', {}, kindsOf(KIND.SEND, KIND.SENDREC, KIND.NOTIFY), 'aaa'],
  ])('%s', (_, rule, records, expected) => {
    const letters = only(rule)
      .pass(records)
      .map(([letter]) => letter)
      .join('');
    expect(letters).toBe(expected);
  });

  test('DC and direction', () => {
    const { pass } = filtered({
      rules: [{ action: 'allow', dc: 7, direction: 'in' }],
    });
    expect([pass([{}], 7, 'in'), pass([{}], 8, 'in'), pass([{}], 7, 'out')].flat()).toEqual([
      'allowed',
      'denied',
      'denied',
    ]);
  });
});

test('the first rule that names it decides, then the default, and each is counted', () => {
  const { pass, counts } = filtered({
    default: 'allow',
    rules: [
      { action: 'allow', destination: [10], source: [5], name: 'the_one' },
      { action: 'deny', destination: [10] },
    ],
  });
  expect(
    pass([
      { src: 5, dst: 10 },
      { src: 6, dst: 10 },
      { src: 6, dst: 11 },
    ]),
  ).toEqual(['allowed', 'denied', 'allowed']);
  pass([{ src: 6, dst: 10 }], 9, 'in');
  expect(counts).toEqual({ the_one_allowed: 1, rule_2_denied: 2, default_allowed: 1 });
});

test('without rules requests are denied, and what answers or belongs to them is not', () => {
  const { pass } = filtered({});
  const requests = kindsOf(KIND.SEND, KIND.SENDREC, KIND.NOTIFY);
  const rest = Object.values(KIND).filter(
    (kind) => ![KIND.SEND, KIND.SENDREC, KIND.NOTIFY].includes(kind as never),
  );
  expect(new Set(pass(requests))).toEqual(new Set(['denied']));
  const others = rest.filter((kind) => kind !== KIND.REFUSED);
  expect(new Set(pass(kindsOf(...others)))).toEqual(new Set(['allowed']));
});

test('answers and copies are denied by a rule that names their kind', () => {
  const { pass } = filtered({ default: 'allow', rules: [{ action: 'deny', kinds: ['REPLY', 'COPY_PULL'] }] });
  expect(pass(kindsOf(KIND.REPLY, KIND.COPY_PULL, KIND.COPY_DATA, KIND.SENDREC))).toEqual([
    ...['denied', 'denied', 'allowed', 'allowed'],
  ]);
});

test('other rules hold from the next frame on, on links that exist; wrong ones change nothing', () => {
  const { pass, codec } = only({ destination: [10] });
  expect(pass([{ dst: 10 }, { dst: 11 }])).toEqual(['allowed', 'denied']);
  codec.reconfigure?.({ rules: [{ action: 'allow', destination: [11] }] });
  expect(pass([{ dst: 10 }, { dst: 11 }])).toEqual(['denied', 'allowed']);
  expect(() => codec.reconfigure?.({ rules: [{ action: 'permit' }] })).toThrow('allow or deny');
  expect(pass([{ dst: 10 }, { dst: 11 }])).toEqual(['denied', 'allowed']);
});

test('a frame with a bad record goes on: to refuse it is for the core', () => {
  const { codec, link } = filtered({});
  const out = collector();
  const frame = fillFrame(link.frame(), [{}, {}]);
  frame.view.setUint32(frame.start + 128 + 128, 4, true);
  codec.decode(out.sink, link)(frame);
  expect([out.seen.length, link.failures.length, link.pool.inUse]).toEqual([1, 0, 0]);
});

describe('options', () => {
  test.each([
    [{ defalut: 'allow' }, 'codec "filter" has no option "defalut"; did you mean "default"?'],
    [{ default: 'maybe' }, 'option "default" must be allow or deny, not "maybe"'],
    [{ rules: [{}] }, 'option "rules.0.action" must be'],
    [{ rules: [{ action: 'deny', dst: 5 }] }, 'option "rules.0.dst" must be'],
    [{ rules: [{ action: 'deny', kinds: ['DEATH'] }] }, 'one of SEND, SENDREC, NOTIFY, REPLY, RELAY'],
    [{ rules: [{ action: 'deny', source: ['9..3'] }] }, 'an endpoint, or a range such as "0..15"'],
    [{ rules: [{ action: 'deny', types: [2 ** 31] }] }, 'a list of message types'],
    [{ rules: [{ action: 'deny', name: 'A b' }] }, 'a name of up to 32 small letters'],
  ])('%j is refused in words', (options, message) => {
    expect(() => filter(options)).toThrow(
      expect.objectContaining({ code: 'M3_CONFIG', message: expect.stringContaining(message) }),
    );
  });
});
