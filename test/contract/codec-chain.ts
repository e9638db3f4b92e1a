// SPDX-License-Identifier: MIT
/** What a chain of codecs promises, whichever they are: what each promises alone, through all of them. */
import assert from 'node:assert/strict';
import { type Codec, LANES, type Lane, WIRE_FRAME_BYTES } from '../../proxy-runtime/contract.ts';
import { checkPipeline } from '../../proxy-runtime/pipeline.ts';
import { seededRandom } from '../testing/random.ts';
import { fillFrame } from '../testing/record-frame.ts';
import { pick, runSeed } from '../testing/seed.ts';
import { type Clause, seededClauses } from './clause.ts';
import { collector, composed, linkOf, pair, receive } from './codec-link.ts';
import { assertSame, loads, seenOf } from './codec-loads.ts';

/** @param make the codecs, from the core to the wire, afresh for each clause. */
export function chainContract(make: () => readonly Codec[], seed = runSeed()): Clause[] {
  return seededClauses(
    {
      'is a pipeline': () => checkPipeline(make(), 8),
      'gives back every load, in any lane, in order, with two slabs': () => {
        const link = pair(composed(make()), 2);
        for (const [at, [name, load]] of Object.entries(loads(seed)).entries()) {
          const lane = (at % LANES) as Lane;
          const frame = fillFrame(link.near.frame(), load, { dc: 900 + lane, lane });
          const sent = seenOf(frame);
          assertSame({ level: 'records' }, sent, link.send(frame), name);
        }
        for (const bytes of link.wire) assert.ok(bytes.length <= WIRE_FRAME_BYTES, 'a frame is too long');
      },
      'survives damage: each frame comes out or fails the link, and is released': () => {
        const [chain, random] = [composed(make()), seededRandom(seed)];
        const { wire, ...link } = pair(chain);
        for (const load of Object.values(loads(seed))) link.send(fillFrame(link.near.frame(), load));
        const [, far] = linkOf(chain);
        const out = collector();
        const decode = chain.decode(out.sink, far);
        for (const good of wire) {
          for (let at = 0; at < 20; at++) {
            const bad = good.slice(0, pick(random, 4) === 0 ? pick(random, good.length) : good.length);
            if (bad.length > 0) bad[pick(random, bad.length)] = pick(random, 256);
            decode(receive(far.frame(), bad));
            const came = out.seen.splice(0).length + far.failures.splice(0).length;
            assert.equal(came, 1, 'neither came out nor failed, or both');
            assert.equal(far.pool.inUse, 0, 'a frame was not released');
          }
        }
      },
    },
    seed,
  );
}
