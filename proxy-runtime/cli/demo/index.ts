// SPDX-License-Identifier: MIT
/** `m3ipc demo`: the main job of the product on one machine, with nothing simulated. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { FAULTS } from '../../../examples/two-nodes/checker.ts';
import { transports } from '../../../transports/index.ts';
import type { Transport } from '../../contract.ts';
import { readStatus } from '../node-status.ts';
import { EXIT_FAILURE, printJson, printText } from '../output.ts';
import { type Pair, type PairResult, runPairs } from './pairs.ts';
import { BACKENDS, type Backend, openStage, type Stage, startNodes } from './stage.ts';
import { isFaultless, summarize, summaryText } from './summary.ts';

interface Options {
  readonly seconds: number;
  readonly json?: boolean;
  readonly inject?: string;
  readonly transport: keyof typeof transports;
  readonly core: Backend;
}

/** 128 + the signal's number, as a shell tells it. */
const EXIT_SIGNAL = { SIGINT: 130, SIGTERM: 143 } as const;
const MAX_SECONDS = 86_400;

async function action({ seconds, json = false, inject, transport, core }: Options): Promise<void> {
  const stage = openStage(core);
  const left = stopOnSignal(stage);
  try {
    const progress = progressLine();
    await startNodes(stage, transports[transport]);
    const results = await runPairs(stage, { seconds, inject, onProgress: progress.show });
    progress.end();
    await conclude(stage, results, transports[transport], json);
  } finally {
    await stage.clear();
    left();
  }
}

async function conclude(
  stage: Stage,
  results: readonly PairResult[],
  transport: Transport,
  json: boolean,
): Promise<void> {
  const summary = summarize(results, stage.children, transport, await wireBytes(stage));
  if (json) printJson(summary);
  else printText(summaryText(summary));
  if (!isFaultless(summary)) process.exitCode = EXIT_FAILURE;
}

/** Bytes that the transports of both nodes have sent. */
async function wireBytes({ cores }: Stage): Promise<number> {
  const nodes = await Promise.all(cores.map((core) => readStatus(core)));
  const sent = nodes.flatMap(({ counters }) =>
    Object.entries(counters).filter(([name]) => name.startsWith('bytes_out{') && name.includes('transport=')),
  );
  return sent.reduce((total, [, bytes]) => total + bytes, 0);
}

/** Ctrl-C leaves nothing behind: all processes ended, all files removed. */
function stopOnSignal(stage: Stage): () => void {
  const onSignal = (signal: keyof typeof EXIT_SIGNAL): void => {
    void stage.clear().finally(() => process.exit(EXIT_SIGNAL[signal]));
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  return () => process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
}

/** One line that is written over, on a terminal only. */
function progressLine(): {
  show(pair: Pair, progress: { roundTrips: number; copiedBytes: number }): void;
  end(): void;
} {
  const { stderr } = process;
  const latest = new Map<string, string>();
  return {
    show({ language }, { roundTrips, copiedBytes }) {
      if (!stderr.isTTY) return;
      latest.set(
        language,
        `${language}: ${roundTrips} round trips, ${Math.round(copiedBytes / 1e6)} MB copied`,
      );
      stderr.write(`\r\x1b[K${[...latest.values()].join('   ')}`);
    },
    end() {
      if (stderr.isTTY) stderr.write('\r\x1b[K');
    },
  };
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (seconds > 0 && seconds <= MAX_SECONDS) return seconds;
  throw new InvalidArgumentError(`allowed: a number above 0, at most ${MAX_SECONDS}`);
}

export const registerDemo = (program: Command): void => {
  program
    .command('demo')
    .description(
      'two nodes with real proxies, and client and server processes that call each other across them',
    )
    .option('--seconds <n>', 'how long the clients call', parseSeconds, 5)
    .addOption(
      new Option('--transport <scheme>', 'what carries the frames between the nodes')
        .choices(Object.keys(transports))
        .default('tcp'),
    )
    .addOption(
      new Option(
        '--core <backend>',
        "where the nodes' cores are; the kernel's need /dev/m3ipc0 and 1, and root",
      )
        .choices(BACKENDS)
        .default('embedded'),
    )
    .option('--json', 'print one JSON object')
    .addOption(
      new Option('--inject <fault>', "at the checker's input, to prove that it sees one").choices(FAULTS),
    )
    .action(action);
};
