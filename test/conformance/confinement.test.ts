// SPDX-License-Identifier: MIT
/**
 * Confinement: a peer with all the right keys, whose core lies in every record (protocol rule 18). Nothing of it reaches a
 * process, and the core of the other node counts each lie under its reason. M3IPC_FORGED=1000000 for as many.
 */
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { codecFor } from '../../codecs/index.ts';
import { joinDc, Message } from '../../core-kmod/binding/core.ts';
import { LANE, type LinkKeys, type Random } from '../../proxy-runtime/contract.ts';
import { createMetrics } from '../../proxy-runtime/metrics/registry.ts';
import { createProxy } from '../../proxy-runtime/proxy.ts';
import { KIND, type Kind } from '../../proxy-runtime/record.ts';
import { tcp } from '../../transports/tcp/index.ts';
import { seededRandom, temporaryCore, testKeys } from '../testing/index.ts';
import type { RecordFields } from '../testing/record-frame.ts';
import { noise, pick, runSeed } from '../testing/seed.ts';
import { type Forgery, type ForgingCore, forgingCore } from './forging-core.ts';

const RECORDS = Number(process.env.M3IPC_FORGED ?? 20_000);
/** An idle machine takes a tenth of it. */
const DEADLINE_MS = 60_000 + RECORDS / 2;

const DC = { dc: 1, name: 'target', tasks: 8, procs: 120, arenaBytes: 1 << 20 } as const;
/** Spans both nodes too, but the peer has not opened it; and one that does not span the peer. */
const OTHER = { ...DC, dc: 2, name: 'other' };
const PRIVATE = { ...DC, dc: 3, name: 'private' };

/** Bound in DC 1 by a process of the node that is attacked. */
const VICTIM = 10;
/** Bound there in DC 3 alone. */
const PRIVATE_ENDPOINT = 11;
/** Of a third node. */
const THIRD = 12;
/** The attacker's own clients; and one of it that has moved and lived before. */
const CLIENTS = [40, 55] as const;
const MOVED = 60;

const binding = (epoch: number, generation: number): bigint =>
  (BigInt(epoch) << 32n) | BigInt((1 << 22) | generation);
const HERE = binding(3, 1000);

/** Counters of the core that a lie adds 1 to. */
type Reason =
  | 'badNode'
  | 'badEndpoint'
  | 'badKind'
  | 'badLength'
  | 'badBinding'
  | 'staleAnswers'
  | 'rejected';
type Lie = {
  readonly reasons: readonly Reason[];
  readonly lane?: typeof LANE.bulk;
  record(random: Random, call: bigint): RecordFields;
};

const REQUESTS = [KIND.SEND, KIND.SENDREC] as const;
const ANSWERS = [KIND.REPLY, KIND.SEND_ACK, KIND.ERROR, KIND.COPY_ACK, KIND.RELAY] as const;
const MESSAGES: readonly Kind[] = [KIND.SEND, KIND.SENDREC, KIND.REPLY, KIND.NOTIFY, KIND.RELAY];
const oneOf = <T>(random: Random, list: readonly T[]): T => list[pick(random, list.length)] as T;
const client = (random: Random) => CLIENTS[0] + pick(random, CLIENTS[1] - CLIENTS[0]);
const request = (random: Random, call: bigint): RecordFields => ({
  ...{ kind: oneOf(random, REQUESTS), src: client(random), dst: VICTIM, call, srcNode: 1, dstNode: 2 },
  ...{ srcBinding: binding(0, 500), dstBinding: 0n, body: noise(random, 64) },
});
const bodyOf = (kind: Kind) => new Uint8Array(MESSAGES.includes(kind) ? 64 : 0);
/** Something to which there is no answer. */
const untold = (random: Random, call: bigint) => answer(random, call, [KIND.NOTIFY, ...ANSWERS]);
const answer = (random: Random, call: bigint, kinds: readonly Kind[]): RecordFields => {
  const kind = oneOf(random, kinds);
  return { ...request(random, call), kind, status: -1, body: bodyOf(kind) };
};
const copyBody = (random: Random, bytes: number) => {
  const body = noise(random, 16 + bytes);
  new DataView(body.buffer).setBigUint64(8, BigInt(bytes === 0 ? 4096 : bytes), true);
  return body;
};

/** What a hostile core may say, and under what the other one counts it. */
const LIES: Readonly<Record<string, Lie>> = {
  'in the name of another node': {
    reasons: ['badNode'],
    record: (random, call) => ({ ...request(random, call), srcNode: oneOf(random, [0, 2, 3, 1023, 65_535]) }),
  },
  'for another node': {
    reasons: ['badNode'],
    record: (random, call) => ({ ...request(random, call), dstNode: oneOf(random, [0, 1, 3, 65_535]) }),
  },
  "in the name of the victim's own process": {
    reasons: ['badNode'],
    record: (random, call) => ({ ...untold(random, call), src: VICTIM, dst: oneOf(random, [VICTIM, 5]) }),
  },
  "in the name of a third node's process": {
    reasons: ['badNode'],
    record: (random, call) => ({ ...untold(random, call), src: THIRD }),
  },
  "a request in the name of the victim's own process": {
    reasons: ['badNode'],
    record: (random, call) => ({ ...request(random, call), src: VICTIM, dst: oneOf(random, [VICTIM, 5]) }),
  },
  "a request in the name of a third node's process": {
    reasons: ['badNode'],
    record: (random, call) => ({ ...request(random, call), src: THIRD }),
  },
  'from an endpoint that the DC does not have': {
    reasons: ['badEndpoint'],
    record: (random, call) => ({
      ...request(random, call),
      src: oneOf(random, [-9, 120, 4096, 2 ** 31 - 1, -(2 ** 31)]),
    }),
  },
  'of a kind that does not exist': {
    reasons: ['badKind'],
    record: (random, call) => ({
      ...request(random, call),
      kind: oneOf(random, [0, 15, 31, 32, 999, 65_535]) as Kind,
    }),
  },
  'in a lane where its kind has no business': {
    reasons: ['badKind'],
    record: (random, call) => ({ ...request(random, call), kind: KIND.COPY_DATA, transfer: call }),
  },
  'with a body that its kind does not have': {
    reasons: ['badLength'],
    record: (random, call) => ({
      ...request(random, call),
      body: noise(random, oneOf(random, [0, 8, 56, 72, 200])),
    }),
  },
  'under an owner of before': {
    reasons: ['badBinding'],
    record: (random, call) => ({
      ...request(random, call),
      ...{ src: MOVED, srcBinding: binding(pick(random, 3), 1000) },
    }),
  },
  'from a life of before': {
    reasons: ['badBinding'],
    record: (random, call) => ({
      ...request(random, call),
      ...{ src: MOVED, srcBinding: binding(3, 900 - pick(random, 800)) },
    }),
  },
  'for another life of the victim': {
    reasons: ['badBinding', 'rejected'],
    record: (random, call) => ({ ...request(random, call), dstBinding: binding(0, 1 + pick(random, 1000)) }),
  },
  'for an endpoint of another DC': {
    reasons: ['rejected'],
    record: (random, call) => ({ ...request(random, call), dst: PRIVATE_ENDPOINT }),
  },
  'for an endpoint that is not there': {
    reasons: ['rejected'],
    record: (random, call) => ({
      ...request(random, call),
      dst: oneOf(random, [-8, 119, 120, 4096, -(2 ** 31)]),
    }),
  },
  'an answer that nobody waits for': {
    reasons: ['staleAnswers'],
    record: (random, call) => answer(random, call, ANSWERS),
  },
  'a pull of memory that was not granted': {
    reasons: ['rejected'],
    record: (random, call) => ({
      ...request(random, call),
      ...{ kind: KIND.COPY_PULL, transfer: call, body: copyBody(random, 0) },
    }),
  },
  'bytes for memory that was not granted': {
    reasons: ['rejected'],
    lane: LANE.bulk,
    record: (random, call) => ({
      ...request(random, call),
      ...{ kind: KIND.COPY_DATA, transfer: call, body: copyBody(random, 64) },
    }),
  },
};
const NAMES = Object.keys(LIES);
const OTHER_DC = 'a frame of another DC';
/** One record in so many. */
const OTHER_DC_SHARE = 2000;

/** So that the core knows the attacker's endpoints; nobody is there to be notified. */
const introductions = [
  ...Array.from({ length: CLIENTS[1] - CLIENTS[0] }, (_, at) => CLIENTS[0] + at),
  MOVED,
].map(
  (src): Forgery => ({
    what: 'introduction',
    lane: LANE.normal,
    record: {
      ...{ kind: KIND.NOTIFY, src, dst: 100, srcNode: 1, dstNode: 2, dstBinding: 0n },
      ...{ srcBinding: src === MOVED ? HERE : binding(0, 500), body: new Uint8Array(64) },
    },
  }),
);

/**
 * Requests in the name of these are told to whoever sent them while there is room, and `rejected` as often. Each such answer
 * arrives, so the attacker knows how often that was.
 */
const STRANGERS = [VICTIM, THIRD] as const;

/** What the core has to have counted, by reason: for each lie, and for each answer that came. */
function wantedOf({ tally, errors }: ForgingCore): Map<Reason, number> {
  const wanted = new Map<Reason, number>();
  const add = (reason: Reason, n: number) => wanted.set(reason, (wanted.get(reason) ?? 0) + n);
  for (const [what, n] of tally) for (const reason of LIES[what]?.reasons ?? []) add(reason, n);
  for (const stranger of STRANGERS) add('rejected', errors.get(stranger) ?? 0);
  return wanted;
}

/** Introductions, so many lies, and the truth. */
function liar(random: Random): () => Forgery | undefined {
  const first = [...introductions];
  const last = [truth];
  let made = 0;
  return () => {
    if (first.length > 0) return first.shift();
    if (made === RECORDS) return last.shift();
    const call = BigInt(++made);
    if (pick(random, OTHER_DC_SHARE) === 0) {
      const dc = oneOf(random, [0, OTHER.dc, PRIVATE.dc, 31, 1023]);
      return { what: OTHER_DC, lane: LANE.normal, record: request(random, call), dc };
    }
    const what = oneOf(random, NAMES);
    const lie = LIES[what] as Lie;
    return { what, lane: lie.lane ?? LANE.normal, record: lie.record(random, call) };
  };
}

/** The last record is an honest one: it arrives, so what came before it was on the right way. */
const truth: Forgery = {
  what: 'the truth',
  lane: LANE.normal,
  record: {
    ...{ kind: KIND.SEND, src: CLIENTS[0], dst: VICTIM, call: 2n ** 40n, srcNode: 1, dstNode: 2 },
    ...{ srcBinding: binding(0, 500), dstBinding: 0n, body: Message.of(77, 'true').bytes },
  },
};

function attacked(keys: LinkKeys) {
  const node = temporaryCore({ node: 2, peers: [1, 3], dcs: [DC, OTHER] });
  node.core.dcInit(PRIVATE);
  node.core.rmtbind(DC.dc, 'third', THIRD, 3);
  const member = joinDc(node.dir, DC.dc);
  const victim = member.bind(VICTIM);
  const elsewhere = joinDc(node.dir, PRIVATE.dc);
  elsewhere.bind(PRIVATE_ENDPOINT);
  const metrics = createMetrics();
  const common = { codecs: [codecFor('encryption')], keys: () => keys, transport: tcp };
  const log = pino({ level: 'silent' });
  const proxy = createProxy({
    ...{ ...common, core: node.core, peer: 1, listen: tcp.loopback(), metrics, log },
  });
  return { node, victim, metrics, proxy, members: [member, elsewhere] };
}

test(
  `${RECORDS} lies of an authenticated peer: none is delivered, each is counted under its reason`,
  async () => {
    const seed = runSeed();
    console.log(`confinement: seed ${seed}`);
    const by = AbortSignal.timeout(DEADLINE_MS);
    const [theirs, ours] = testKeys();
    const { node, victim, metrics, proxy, members } = attacked(ours);
    await proxy.start();
    const core = forgingCore({
      node: 1,
      cluster: 'test',
      dc: DC,
      next: liar(seededRandom(seed)),
      soon: setImmediate,
    });
    const attacker = createProxy({
      ...{ core, peer: 2, transport: tcp, codecs: [codecFor('encryption')], keys: () => theirs },
      ...{ dial: proxy.url ?? '', log: pino({ level: 'silent' }), limits: { retryMs: 1, retryMaxMs: 1 } },
    });
    try {
      await attacker.start();
      while (!core.done) {
        by.throwIfAborted();
        await new Promise((resolve) => setImmediate(resolve));
      }
      const told = await victim.receive(undefined, { timeoutMs: 0 });
      expect([told.source, told.type, told.getString(0)]).toEqual([CLIENTS[0], 77, 'true']);
      await expect(victim.receive(undefined, { timeoutMs: 0 })).rejects.toMatchObject({ code: 'EAGAIN' });
      expect(node.core.check(DC.dc)).toBe(0);
      const { tally } = core;
      expect([...tally.values()].reduce((sum, n) => sum + n, 0)).toBe(introductions.length + RECORDS + 1);
      const counters = node.core.counters(DC.dc);
      // The last answers are still on their way.
      while (wantedOf(core).get('rejected') !== counters.rejected && !by.aborted)
        await new Promise((resolve) => setImmediate(resolve));
      const wanted = wantedOf(core);
      const counted = [...wanted.keys()].map((reason) => [reason, counters[reason]] as const);
      expect(new Map(counted)).toEqual(wanted);
      for (const stranger of STRANGERS) expect(core.errors.get(stranger)).toBeGreaterThan(0);
      const frames = metrics.snapshot().find(({ name }) => name === 'corrupt_frame_dc')?.value ?? 0;
      expect(frames).toBe(tally.get(OTHER_DC) ?? 0);
      for (const name of NAMES) expect(tally.get(name) ?? 0, name).toBeGreaterThan(0);
    } finally {
      await Promise.all([attacker.stop({ force: true }), proxy.stop({ force: true })]);
      for (const member of members) member.close();
      node.close();
    }
  },
  DEADLINE_MS + 10_000,
);
