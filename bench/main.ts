// SPDX-License-Identifier: MIT
/** npm run bench -- <scenario> [options], or --compare <before> <after>. Progress on stderr, the result on stdout. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { packageRoot } from '../core-kmod/binding/native.ts';
import { printJson, printText } from '../proxy-runtime/cli/output.ts';
import { cacheLineRoundTripNs } from './cache-line.ts';
import { codecs } from './codecs/index.ts';
import { compare, comparisonText } from './compare.ts';
import { conditions, conditionsText } from './conditions.ts';
import { copy } from './flow/copy.ts';
import { stream } from './flow/stream.ts';
import { load } from './load/index.ts';
import { local } from './local/index.ts';
import { matrix } from './matrix/index.ts';
import { paper } from './paper/index.ts';
import { peers } from './peers/index.ts';
import { createProgress } from './progress.ts';
import { qos } from './qos/index.ts';
import { reportOf } from './report/index.ts';
import { README_CHART, README_RESULT, readmePart, withPart } from './report/readme.ts';
import { readResult } from './report/result-file.ts';
import { scale } from './scale/index.ts';
import type { Scenario, Settings } from './scenario.ts';
import { stages } from './stages/index.ts';
import { transports } from './transports/index.ts';

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  codecs,
  copy,
  load,
  local,
  matrix,
  paper,
  peers,
  qos,
  scale,
  stages,
  stream,
  transports,
};

function whole(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('allowed: a whole number above 0');
}

const list = (text: string): string[] => text.split(',').filter((name) => name !== '');

const option = (flags: string, about: string): Option => new Option(flags, about);

const optionsOf = ({ milliseconds = 50 }: Scenario) =>
  ({
    milliseconds: option('--milliseconds <n>', 'of each measurement').argParser(whole).default(milliseconds),
    roundTrips: option('--round-trips <n>', 'of each repetition, one outstanding')
      .argParser(whole)
      .default(5000),
    pin: option('--pin', 'bind processes to cores').default(false),
    most: option('--most <n>', 'no more clients, endpoints, nodes, DCs than these').argParser(whole),
    only: option('--only <names>', 'contenders, separated by commas').argParser(list),
    backend: option('--backend <name>', "whose core; the kernel's is made on /dev/m3ipc0, by root")
      .choices(['embedded', 'kernel'])
      .default('embedded'),
    codecs: option('--codecs <names>', 'of the link, separated by commas').argParser(list).default([]),
  }) satisfies Record<Scenario['options'][number], Option>;

interface Output {
  readonly json: boolean;
  /** A file for the JSON; what is printed does not depend on it. */
  readonly output?: string;
}

async function run(
  name: string,
  scenario: Scenario,
  options: Omit<Settings, 'progress'> & Output,
): Promise<void> {
  const progress = createProgress(process.stderr, () => performance.now());
  const began = conditions();
  const before = await cacheLineRoundTripNs();
  const { conditions: own, json, text } = await scenario.run({ ...options, progress });
  progress.end();
  const common = { ...began, cacheLineRoundTripNs: [before, await cacheLineRoundTripNs()] };
  const result = { bench: name, conditions: { ...common, ...own }, ...json };
  if (options.output !== undefined) writeFileSync(options.output, `${JSON.stringify(result, null, 1)}\n`);
  if (options.json) printJson(result);
  else printText(`${conditionsText(common)}\n${text}`);
}

const DEFAULT_THRESHOLD = 10;
const EXIT_SIGNAL = 130;

/** Exit status 1 where a figure is worse. */
function compareFiles(files: readonly string[], threshold: number, json: boolean): void {
  const [before, after, ...more] = files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as unknown);
  if (after === undefined || more.length > 0) throw new Error('--compare wants two files: before and after');
  const comparison = compare(before, after, threshold / 100);
  if (json) printJson(comparison);
  else printText(comparisonText(comparison));
  if (comparison.differences.some(({ verdict }) => verdict === 'worse')) process.exitCode = 1;
}

/** Scenarios clear up what they have opened. Before they have opened anything, an end is an exit, which runs what is left to do. */
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(EXIT_SIGNAL);
  });

const program = new Command('npm run bench --')
  .description('measures m3ipc beside others, side by side')
  .enablePositionalOptions()
  .option('--compare <results...>', 'two results, before and after: which figures have become worse')
  .option('--threshold <percent>', 'from which on a median is worse', whole, DEFAULT_THRESHOLD)
  .option('--json', 'of --compare: print one JSON object', false)
  .action(({ compare: files, threshold, json }) => {
    if (files === undefined) program.help({ error: true });
    else compareFiles(files, threshold, json);
  });
for (const [name, scenario] of Object.entries(SCENARIOS)) {
  const command = program
    .command(name)
    .description(scenario.summary)
    .option('--json', 'print one JSON object', false)
    .option('-o, --output <file>', 'write the JSON object to a file')
    .option('--repetitions <n>', 'of everything, interleaved', whole, 7);
  const options = optionsOf(scenario);
  for (const key of scenario.options) command.addOption(options[key]);
  command.action((given) => run(name, scenario, given));
}
program
  .command('report')
  .description('results as one HTML file with charts')
  .argument('<results...>', 'files that --output has written')
  .requiredOption('-o, --output <file>', 'the HTML file')
  .action((files: string[], { output }: { output: string }) => {
    writeFileSync(output, reportOf(files.map(readResult)));
  });
program
  .command('readme')
  .description(`README.md's table and chart, from ${README_RESULT}`)
  .action(() => {
    const [page, result, chart] = ['README.md', README_RESULT, README_CHART].map((name) =>
      join(packageRoot(), name),
    ) as [string, string, string];
    const { markdown, svg } = readmePart(readResult(result));
    writeFileSync(page, withPart(readFileSync(page, 'utf8'), markdown));
    writeFileSync(chart, svg);
  });
try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
