// SPDX-License-Identifier: MIT
import { type Command, Option } from 'commander';
import { type Config, coreText, loadConfig } from '../config/index.ts';
import { createLogger } from '../log.ts';
import type { RuntimeStatus } from '../runtime.ts';
import { startNode } from './node-process.ts';
import { printText } from './output.ts';
import { plugIns } from './plug-ins.ts';
import { type TakeOver, takeOver } from './take-over.ts';

/** 128 + SIGTERM: what a shell tells of a process that a second signal forced to end. */
const EXIT_FORCED = 143;

/** Resolves at the first SIGINT or SIGTERM; the second calls `forced`. */
function signalled(forced: () => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first = true;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (first) resolve(signal);
      else forced();
      first = false;
    };
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  });
}

/** What a script that started it waits for: it is up, and these are the addresses it really listens at. */
function tellUp(config: Config, { listening }: RuntimeStatus, json: boolean): void {
  const up = { node: config.node, pid: process.pid, core: coreText(config.core), listening };
  if (json) process.stdout.write(`${JSON.stringify({ up })}\n`);
  else
    printText(
      `up: node ${up.node}, pid ${up.pid}, ${up.core}, listening at ${listening.join(', ') || 'no address'}`,
    );
}

/** All is loaded, and the core is served by process `serving` as yet. */
function tellWaiting(config: Config, serving: number, json: boolean): void {
  const waiting = { node: config.node, pid: process.pid, core: coreText(config.core), serving };
  if (json) process.stdout.write(`${JSON.stringify({ waiting })}\n`);
  else printText(`waiting: node ${waiting.node}, pid ${waiting.pid}, for the end of process ${serving}`);
}

interface Options {
  readonly json?: boolean;
  readonly standby?: boolean;
  readonly replace?: boolean;
}

async function action(file: string, { json = false, standby, replace }: Options): Promise<void> {
  const config = await loadConfig(file, plugIns);
  const logger = createLogger(config.log.level, config.node);
  const { log } = logger;
  const how: TakeOver | undefined = replace ? 'replace' : standby ? 'standby' : undefined;
  if (how !== undefined) await takeOver(config, how, log, (pid) => tellWaiting(config, pid, json));
  const node = await startNode(config, logger);
  process.on('SIGHUP', () => {
    void node
      .reload()
      .catch((error: unknown) => log.error({ err: error }, 'the configuration stays as it was'));
  });
  let exitCode = 0;
  const asked = signalled(() => {
    exitCode = EXIT_FORCED;
    log.warn('second signal: the links end without being drained');
    void node.stop({ force: true }).finally(() => process.exit(exitCode));
  });
  tellUp(config, node.runtime.status(), json);
  const signal = await asked;
  log.info({ signal }, 'draining');
  await node.stop();
  log.info('down');
  // Nothing is left to wait for; signal handlers would not keep the process either.
  process.exit(exitCode);
}

export const registerUp = (program: Command): void => {
  program
    .command('up')
    .description("create the node's core, DCs and proxies, and run until SIGINT or SIGTERM")
    .argument('<config>', 'a YAML or JSON file')
    .addOption(
      new Option('--standby', 'take over when the process that serves the core has ended').conflicts(
        'replace',
      ),
    )
    .option('--replace', 'end the process that serves the core, and take over')
    .option('--json', 'tell on stdout, as one line of JSON, when it is up')
    .action(action);
};
