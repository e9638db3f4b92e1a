// SPDX-License-Identifier: MIT
/** npm run bench -- <scenario> [options]. Progress on stderr, the result on stdout. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { printJson, printText } from '../proxy-runtime/cli/output.ts';
import { codecs } from './codecs/index.ts';
import { local } from './local/index.ts';
import { peers } from './peers/index.ts';
import { qos } from './qos/index.ts';
import type { Scenario, Settings } from './scenario.ts';
import { transports } from './transports/index.ts';

const SCENARIOS: Readonly<Record<string, Scenario>> = { codecs, local, peers, qos, transports };

function whole(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('allowed: a whole number above 0');
}

const list = (text: string): string[] => text.split(',').filter((name) => name !== '');

const option = (flags: string, about: string): Option => new Option(flags, about);

const OPTIONS = {
  milliseconds: option('--milliseconds <n>', 'of each measurement').argParser(whole).default(50),
  roundTrips: option('--round-trips <n>', 'of each repetition, one outstanding')
    .argParser(whole)
    .default(5000),
  pin: option('--pin', 'bind processes to cores').default(false),
  only: option('--only <names>', 'contenders, separated by commas').argParser(list),
  codecs: option('--codecs <names>', 'of the link, separated by commas').argParser(list).default([]),
} as const satisfies Record<Scenario['options'][number], Option>;

async function run(
  scenario: Scenario,
  options: Omit<Settings, 'progress'> & { json: boolean },
): Promise<void> {
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const { json, text } = await scenario.run({ ...options, progress });
  if (options.json) printJson(json);
  else printText(text);
}

const program = new Command('npm run bench --').description('measures m3ipc beside others, side by side');
for (const [name, scenario] of Object.entries(SCENARIOS)) {
  const command = program
    .command(name)
    .description(scenario.summary)
    .option('--json', 'print one JSON object', false)
    .option('--repetitions <n>', 'of everything, interleaved', whole, 7);
  for (const key of scenario.options) command.addOption(OPTIONS[key]);
  command.action((options) => run(scenario, options));
}
try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
