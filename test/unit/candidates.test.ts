// SPDX-License-Identifier: MIT
import { expect, test } from 'vitest';
import { codecFor } from '../../codecs/index.ts';
import { chooseCandidate, createCandidates, type Party } from '../../proxy-runtime/candidates.ts';
import { type Codec, FRAME_BYTES, type LinkKeys } from '../../proxy-runtime/contract.ts';
import { newPrivateKey, publicKeyOf } from '../../proxy-runtime/key-pair.ts';
import { seededRandom } from '../testing/random.ts';

const NODE = 1;
const PEERS = Array.from({ length: 20 }, (_, at) => at + 2);

const helloOf = (node: number, peer?: number) => ({
  ...{ version: 1, cluster: 'test', node, name: `node${node}`, pipeline: ['encryption'] },
  ...{ limits: { frameBytes: FRAME_BYTES }, ...(peer !== undefined && { peer }) },
});

function party(node: number, peer: number, codec: Codec, keys: LinkKeys): Party {
  const adopt = () => expect.fail('no link was made');
  return { peer, hello: helloOf(node, peer), codecs: [codec], keys: () => keys, adopt };
}

/** Counts how often the work of a first message is done. */
function counting(codec: Codec): { codec: Codec; works: () => number } {
  let works = 0;
  const handshake: Codec['handshake'] = (context) => {
    const once = <T>(key: object, make: () => T): T => {
      const count = () => {
        works++;
        return make();
      };
      return context.once === undefined ? count() : context.once(key, count);
    };
    return codec.handshake?.({ ...context, once }) ?? expect.fail('it has no handshake');
  };
  return { codec: { ...codec, handshake }, works: () => works };
}

const own = [newPrivateKey()];
const privateKeys = new Map(PEERS.map((peer) => [peer, newPrivateKey()]));
const privateKey = (peer: number) => privateKeys.get(peer) ?? newPrivateKey();

function callOf(peer: number, key = privateKey(peer), to = publicKeyOf(own[0] ?? new Uint8Array(32))) {
  const codec = codecFor('encryption');
  const candidates = createCandidates(
    [party(peer, NODE, codec, { own: [key], peer: [to] })],
    true,
    seededRandom(1),
  );
  return chooseCandidate(candidates, candidates, undefined, true).step.send;
}

function called() {
  const { codec, works } = counting(codecFor('encryption'));
  const parties = PEERS.map((peer) =>
    party(NODE, peer, codec, { own, peer: [publicKeyOf(privateKey(peer))] }),
  );
  const candidates = createCandidates(parties, false, seededRandom(2));
  return { candidates, works };
}

test('of many peers the caller is the one whose key it proves, found at the price of one', () => {
  const { candidates, works } = called();
  const { candidate, theirs } = chooseCandidate(candidates, candidates, callOf(15), false);
  expect([candidate.party.peer, theirs?.node, works()]).toEqual([15, 15, 1]);
});

test.each([
  ['who has the key of none', () => callOf(15, newPrivateKey())],
  ['who does not know this node', () => callOf(15, privateKey(15), publicKeyOf(newPrivateKey()))],
  ['who sends rubbish', () => new Uint8Array(400).fill(9)],
])('a stranger %s is refused at that price too', (_, call) => {
  const { candidates, works } = called();
  expect(() => chooseCandidate(candidates, candidates, call(), false)).toThrow(
    expect.objectContaining({ code: 'M3_AUTH' }),
  );
  expect(works()).toBe(1);
});

test('a peer that says it is another one is found out', () => {
  const { candidates } = called();
  const codec = codecFor('encryption');
  const lying = {
    ...party(15, NODE, codec, { own: [privateKey(15)], peer: [publicKeyOf(own[0] ?? new Uint8Array(32))] }),
    hello: helloOf(16, NODE),
  };
  const [liar] = createCandidates([lying], true, seededRandom(3));
  const call = liar === undefined ? undefined : liar.handshake.next(undefined, liar.hello).send;
  expect(() => chooseCandidate(candidates, candidates, call, false)).toThrow(
    'node 16 calls node 1 with the key of node 15',
  );
});
