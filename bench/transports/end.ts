// SPDX-License-Identifier: MIT
/** node end.js listen <contender> | dial <contender> <url>. One of the two processes of a measurement. */
import { answerQuestions } from '../../test/system/rig/questions.ts';
import { closedLoop, type Load } from '../closed-loop.ts';
import { CONTENDERS } from './contender.ts';

/** What the listening side has received, and when it looked. */
export interface Count {
  readonly frames: number;
  readonly bytes: number;
  readonly atMs: number;
  /** CPU time that the process has used. */
  readonly cpuMs: number;
  /** Of its transport. */
  readonly counters: Readonly<Record<string, number>>;
}

/** The side that is measured at: it counts, or gives back what comes. */
export interface Listening {
  /** Where it listens. */
  readonly url: string;
  readonly count: () => Omit<Count, 'atMs' | 'cpuMs'>;
  /** Whether each frame is sent back. */
  echo(on: boolean): void;
  /** Leaves nothing of its address behind. */
  close(): Promise<void>;
}

/** The side that sends. */
export interface Dialling {
  /** Sends frames of so many bytes, as fast as they are taken, until told to stop. */
  start(bytes: number): void;
  stop(): void;
  /** One frame of 64 bytes there and back. */
  call(): Promise<void>;
  readonly counters: () => Readonly<Record<string, number>>;
}

const [what = '', name = '', url = ''] = process.argv.slice(2);
const contender = CONTENDERS[name];
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

if (contender === undefined) throw new Error(`no contender ${name}`);
if (what === 'listen') {
  const end = contender.listen();
  const close = async () => (await end).close();
  process.once('SIGTERM', () => void close().finally(() => process.exit(0)));
  const answers = {
    ready: async () => (await end).url,
    count: async (): Promise<Count> => ({ ...(await end).count(), atMs: performance.now(), cpuMs: cpuMs() }),
    echo: async (on: boolean) => (await end).echo(on),
  };
  answerQuestions(answers, close);
} else {
  const end = contender.dial(url);
  answerQuestions({
    ready: async () => void (await end),
    start: async (bytes: number) => (await end).start(bytes),
    stop: async () => (await end).stop(),
    usage: async () => ({ cpuMs: cpuMs(), counters: (await end).counters() }),
    measure: async (load: Load) => closedLoop(load, (await end).call),
  });
}
