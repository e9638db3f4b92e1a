// SPDX-License-Identifier: MIT
/** `npm run fault -- kill | stop | cut | half-open | slow-reader`. */
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { transports } from '../../../transports/index.ts';
import { runSeed } from '../../testing/seed.ts';
import { buildPrograms } from '../build.ts';
import { progress, tell, whole } from '../command.ts';
import { runLinks } from './index.ts';
import { SCENARIOS, type Scenario, type ScenarioName } from './scenarios.ts';
import { RESTARTS, type Restart } from './stage.ts';
import { linksText } from './text.ts';

interface Options {
  readonly kills?: number;
  readonly cycles?: number;
  readonly messages: number;
  readonly longest: number;
  readonly transport: string;
  readonly codecs: string;
  readonly restart?: Restart;
  readonly timeout: number;
  readonly untimed: boolean;
  readonly seed?: number;
  readonly json: boolean;
}

async function run(scenario: ScenarioName, options: Options): Promise<void> {
  const { kills, cycles, messages, longest, transport, codecs, restart, timeout, untimed, seed, json } =
    options;
  const result = await runLinks({
    ...{ scenario, messages, progress, longestMs: longest, scheme: transport, timeoutMs: timeout, untimed },
    binary: join(buildPrograms(), 'load'),
    cycles: kills ?? cycles ?? 0,
    restart: restart ?? 'cold',
    codecs: codecs.split(',').filter((id) => id !== ''),
    seed: seed ?? runSeed(),
  });
  tell(json, result, linksText(result));
}

const codecsOf = ({ needsEncryption = false }: Scenario): string =>
  needsEncryption ? 'qos,logging,compression,encryption' : 'qos,logging,compression';

const restartOption = (): Option =>
  new Option('--restart <how>', 'by a process that waits for it, or by one that is started')
    .choices(RESTARTS)
    .default('standby');

export function linkCommands(program: Command): void {
  for (const name of Object.keys(SCENARIOS) as ScenarioName[]) {
    const command = program.command(name).description(SCENARIOS[name].description);
    if (name === 'kill') command.option('--kills <n>', 'how often', whole, 100).addOption(restartOption());
    else command.option('--cycles <n>', 'how often', whole, 50);
    command
      .option('--messages <n>', 'at least; the faults are spread over them', whole, 500_000)
      .option('--longest <ms>', 'the longest that a fault lasts; the shortest is 100', whole, 10_000)
      .addOption(
        new Option('--transport <scheme>', 'of the link').choices(Object.keys(transports)).default('tcp'),
      )
      .option('--codecs <ids>', 'of the link, with commas between', codecsOf(SCENARIOS[name]))
      .option('--timeout <ms>', 'deadline of each call', whole, 60_000)
      .option('--untimed', 'judge no times and no memory: of a machine that is busy or emulated', false)
      .option('--seed <n>', 'without it, M3IPC_SEED or chance', whole)
      .option('--json', 'print one JSON object', false)
      .action((options: Options) => run(name, options));
  }
}
