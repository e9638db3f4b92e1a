// SPDX-License-Identifier: MIT
/** Simulates its share of the seeds, and sends what came of each. */
import { mkdirSync } from 'node:fs';
import { loadSim } from './native.ts';
import type { Share } from './seeds.ts';
import { World } from './world.ts';

const { addon, dir, first, step, end, faults } = JSON.parse(process.argv[2] ?? '{}') as Share;
const native = loadSim(addon);
mkdirSync(dir, { recursive: true });
for (let seed = first; seed < end; seed += step) {
  const world = new World(native, seed, dir);
  const result = await world.live(seed, faults);
  world.end();
  process.send?.(result);
}
process.disconnect();
