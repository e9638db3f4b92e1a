// SPDX-License-Identifier: MIT
import type { Command } from 'commander';
import { type Config, coreText, loadConfig } from '../config/index.ts';
import { createLogger } from '../log.ts';
import type { RuntimeStatus } from '../runtime.ts';
import { startNode } from './node-process.ts';
import { printText } from './output.ts';
import { plugIns } from './plug-ins.ts';

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

async function action(file: string, { json = false }: { json?: boolean }): Promise<void> {
  const config = await loadConfig(file, plugIns);
  const log = createLogger(config.log.level, config.node);
  const node = await startNode(config, log);
  const asked = signalled(() => {
    log.warn('second signal: the links end without being drained');
    void node.stop({ force: true }).finally(() => process.exit(EXIT_FORCED));
  });
  tellUp(config, node.runtime.status(), json);
  const signal = await asked;
  log.info({ signal }, 'draining');
  await node.stop();
  log.info('down');
  // Nothing is left to wait for; signal handlers would not keep the process either.
  process.exit(0);
}

export const registerUp = (program: Command): void => {
  program
    .command('up')
    .description("create the node's core, DCs and proxies, and run until SIGINT or SIGTERM")
    .argument('<config>', 'a YAML or JSON file')
    .option('--json', 'tell on stdout, as one line of JSON, when it is up')
    .action(action);
};
