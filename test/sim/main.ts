// SPDX-License-Identifier: MIT
/** npm run sim -- [options]. Progress on stderr, the result on stdout; exits 1 if anything was violated. */
import { Command, InvalidArgumentError } from 'commander';
import { pino } from 'pino';
import { printJson, printText } from '../../proxy-runtime/cli/output.ts';
import { withRegions } from '../fault/build.ts';
import { runSeed } from '../testing/seed.ts';
import { type Catch, catchMutant, MUTANTS } from './mutants.ts';
import { buildAddon, loadSim } from './native.ts';
import { runSeeds } from './seeds.ts';
import { catchText, simText } from './text.ts';
import { World } from './world.ts';

function whole(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('allowed: a whole number above 0');
}

interface Options {
  readonly seeds: number;
  readonly first?: number;
  readonly jobs: number;
  readonly log: boolean;
  readonly mutants: boolean;
  readonly json: boolean;
}

const progress = (line: string): void => void process.stderr.write(`${line}\n`);

async function simulate({ seeds, first = runSeed(), jobs, json }: Options): Promise<void> {
  const addon = buildAddon();
  const result = await withRegions((dir) => runSeeds({ addon, dir, first, seeds, jobs, progress }));
  if (json) printJson(result);
  else printText(simText(result));
  process.exitCode = result.ok ? 0 : 1;
}

/** Each core that leaves out a rule must be caught within so many seeds. */
async function simulateMutants({ seeds, first = runSeed(), jobs, json }: Options): Promise<void> {
  const catches: Catch[] = [];
  for (const mutant of MUTANTS) {
    const one = await withRegions((dir) => catchMutant(mutant, { dir, first, seeds, jobs, progress }));
    catches.push(one);
    progress(catchText(one));
  }
  const missed = catches.filter(({ caught }) => caught === null).length;
  if (json) printJson({ ok: missed === 0, firstSeed: first, seeds, missed, mutants: catches });
  else printText(`missed: ${missed} of ${catches.length}`);
  process.exitCode = missed === 0 ? 0 : 1;
}

/** One seed, and all that happens in it. */
async function show(seed: number): Promise<void> {
  const native = loadSim(buildAddon());
  const write = (line: string): void => {
    const { level: _level, ms, msg, ...rest } = JSON.parse(line) as Record<string, unknown>;
    printText(`${ms}  ${msg}  ${JSON.stringify(rest)}`);
  };
  await withRegions(async (dir) => {
    const mixin = () => ({ ms: world.scheduler.now.toFixed(3) });
    const log = pino({ level: 'trace', base: null, timestamp: false, mixin }, { write });
    const world: World = new World(native, seed, dir, log);
    const { violations } = await world.live(seed);
    world.end();
    printText([...violations, `violations: ${violations.length}`].join('\n'));
    process.exitCode = violations.length === 0 ? 0 : 1;
  });
}

const program = new Command('npm run sim --')
  .description('production proxies and sessions over real cores, in virtual time, with everything failing')
  .option('--seeds <n>', 'worlds', whole, 1000)
  .option('--first <n>', 'first seed; without it, M3IPC_SEED or chance', whole)
  .option('--jobs <n>', 'processes', whole, 2)
  .option('--log', 'print what happens in the first seed, and nothing else', false)
  .option('--json', 'print one JSON object', false)
  .option('--mutants', 'cores that leave out one rule each: each must be caught within --seeds', false)
  .action((options: Options) => {
    if (options.log) return show(options.first ?? runSeed());
    return options.mutants ? simulateMutants(options) : simulate(options);
  });
try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
