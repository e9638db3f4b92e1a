// SPDX-License-Identifier: MIT
/** npm run fault -- <test> [options]. Progress on stderr, the result on stdout; exits 1 if the test fails. */
import { join } from 'node:path';
import { Command } from 'commander';
import { runSeed } from '../testing/seed.ts';
import { buildPrograms, withRegions } from './build.ts';
import { progress, tell, whole } from './command.ts';
import { killText, runKills } from './kill/index.ts';
import { linkCommands } from './links/command.ts';
import { runModel } from './model/index.ts';
import { modelText } from './model/text.ts';
import { runShaped } from './shaped/index.ts';
import { missing } from './shaped/namespaces.ts';
import { shapedText } from './shaped/text.ts';

interface ModelOptions {
  readonly seeds: number;
  readonly steps: number;
  readonly first?: number;
  readonly json: boolean;
}

async function model({ seeds, steps, first, json }: ModelOptions): Promise<void> {
  const binary = join(buildPrograms(), 'executor');
  const settings = { binary, seeds, steps, first: first ?? runSeed(), jobs: 2, progress };
  const result = await withRegions((dir) => runModel({ ...settings, dir }));
  tell(json, result, modelText(result));
}

interface KillOptions {
  readonly kills: number;
  readonly hits: number;
  readonly seed?: number;
  readonly quick: boolean;
  readonly json: boolean;
}

async function coreKill({ kills, hits, seed, quick, json }: KillOptions): Promise<void> {
  const binary = join(buildPrograms(), 'killer');
  const settings = { binary, kills, hits, quick, seed: seed ?? runSeed(), jobs: 2, progress };
  const result = await withRegions((dir) => runKills({ ...settings, dir }));
  tell(json, result, killText(result));
}

interface ShapedOptions {
  readonly mbit: number;
  readonly queue: number;
  readonly seconds: number;
  readonly idle?: number;
  readonly qos: boolean;
  readonly busy: boolean;
  readonly json: boolean;
}

async function shaped({ mbit, queue, seconds, idle, qos, busy, json }: ShapedOptions): Promise<void> {
  const why = missing();
  if (why !== undefined) throw new Error(why);
  const binary = join(buildPrograms(), 'shaped-load');
  const wire = { mbitPerSecond: mbit, queueMs: queue };
  const result = await runShaped({
    binary,
    ...wire,
    seconds,
    idleSeconds: idle ?? seconds,
    qos,
    busy,
    progress,
  });
  tell(json, result, shapedText(result));
}

const program = new Command('npm run fault --').description(
  'faults and random operations against cores and links',
);
program
  .command('core-kill')
  .description('processes killed at every crash point of the core, and at random instants')
  .option('--kills <n>', 'at least', whole, 2000)
  .option('--hits <n>', 'of each crash point, at least', whole, 10)
  .option('--quick', 'no more than that: some points are not hit', false)
  .option('--seed <n>', 'without it, M3IPC_SEED or chance', whole)
  .option('--json', 'print one JSON object', false)
  .action(coreKill);
program
  .command('model')
  .description('random operations of real processes, compared with a model of the semantics')
  .option('--seeds <n>', 'programs', whole, 2000)
  .option('--steps <n>', 'operations of each', whole, 120)
  .option('--first <n>', 'first seed; without it, M3IPC_SEED or chance', whole)
  .option('--json', 'print one JSON object', false)
  .action(model);
program
  .command('shaped')
  .description('small calls beside copies that fill a slow wire between two network namespaces')
  .option('--mbit <n>', 'rate of the wire', whole, 500)
  .option('--queue <ms>', 'how long a packet may wait for it', whole, 50)
  .option('--seconds <n>', 'of small calls beside copies', whole, 30)
  .option('--idle <n>', 'seconds of small calls on the idle wire; without it as many', whole)
  .option('--qos', 'with the codec qos, and small calls urgent', false)
  .option('--busy', 'also with all processors busy, for the record', false)
  .option('--json', 'print one JSON object', false)
  .action(shaped);
linkCommands(program);
try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
