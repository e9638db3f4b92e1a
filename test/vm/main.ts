// SPDX-License-Identifier: MIT
/** npm run test:vm -- [jobs | exec | kernel]. Progress on stderr; exits 1 if a job fails, 2 if no guest can be booted here. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { EXIT_FAILURE, EXIT_USAGE, printJson, printText } from '../../proxy-runtime/cli/output.ts';
import { reportsIn, runGuest, tailOf } from './guest.ts';
import type { GuestJob } from './job.ts';
import { JOBS } from './jobs.ts';
import type { KernelName } from './kernel.ts';
import { KERNELS, kernelNamed } from './kernels.ts';
import { missing } from './machine.ts';
import { type JobResult, runJob } from './run-job.ts';

function parsed<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  };
}

function whole(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new Error('allowed: a whole number above 0');
}

function jobsNamed(text: string): GuestJob[] {
  return text.split(',').map((name) => {
    const job = JOBS.find((each) => each.name === name);
    if (job === undefined) {
      throw new Error(`there is no job "${name}"; allowed: ${JOBS.map((each) => each.name).join(', ')}`);
    }
    return job;
  });
}

const kernelOption = (): Option =>
  new Option('--kernel <name>', Object.keys(KERNELS).join(', '))
    .argParser(parsed(kernelNamed))
    .default('debian');

function canBoot(): boolean {
  const why = missing();
  if (why !== undefined) process.stderr.write(`no guest can be booted here: ${why}\n`);
  return why === undefined;
}

/** Told to end, it ends its guests first, and so leaves no file behind. */
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());

const seconds = (value: number): string => `${value.toFixed(1)} s`;

function line({ job, failures, seconds: took }: JobResult): string {
  const word = failures.length === 0 ? 'ok' : 'FAILED';
  return [`${word} ${job} (${seconds(took)})`, ...failures].join('\n');
}

interface JobsOptions {
  readonly kernel: KernelName;
  readonly only?: readonly GuestJob[];
  readonly verbose: boolean;
  readonly json: boolean;
}

async function jobs({ kernel: name, only = JOBS, verbose, json }: JobsOptions): Promise<number> {
  if (!canBoot()) return EXIT_USAGE;
  const kernel = KERNELS[name].make();
  const results: JobResult[] = [];
  for (const job of only.filter(({ kernels }) => kernels === undefined || kernels.includes(name))) {
    process.stderr.write(`${job.name}: ${job.shows}\n`);
    const watch = verbose ? (text: string) => void process.stderr.write(text) : undefined;
    const result = await runJob(job, kernel, { watch, signal: stopping.signal });
    process.stderr.write(`${line(result)}\n`);
    results.push(result);
    if (stopping.signal.aborted) break;
  }
  const failed = results.filter(({ failures }) => failures.length > 0).length;
  const sum = `${results.length - failed} passed, ${failed} failed`;
  if (json) printJson({ kernel: name, release: kernel.release, summary: sum, jobs: results });
  else printText(`kernel ${name} (${kernel.release})\n${sum}`);
  return failed === 0 && results.length > 0 ? 0 : EXIT_FAILURE;
}

interface ExecOptions {
  readonly kernel: KernelName;
  readonly cpus: number;
  readonly memory: number;
  readonly seconds: number;
  readonly console: boolean;
}

/** The command's status, unless the guest died or its kernel reported something. */
async function exec(command: string[], options: ExecOptions): Promise<number> {
  if (!canBoot()) return EXIT_USAGE;
  const cwd = process.cwd();
  const { status, timedOut, console, qemu } = await runGuest({
    ...{ kernel: KERNELS[options.kernel].make(), command, cwd, shared: [cwd] },
    ...{ cpus: options.cpus, memoryMiB: options.memory, deadlineMs: options.seconds * 1000 },
    signal: stopping.signal,
    onOutput: (stream, bytes) => process[stream].write(bytes),
  });
  const reports = reportsIn(console);
  if (options.console) process.stderr.write(console);
  else if (status === undefined || reports.length > 0) process.stderr.write(tailOf(console));
  process.stderr.write(qemu);
  if (timedOut) process.stderr.write(`it had not ended after ${options.seconds} s\n`);
  return reports.length > 0 ? EXIT_FAILURE : (status ?? EXIT_FAILURE);
}

const program = new Command('npm run test:vm --').description(
  'runs what needs a kernel of its own, in virtual machines',
);
program
  .command('jobs', { isDefault: true })
  .description('the jobs, one after the other: what each command must say, and a console without reports')
  .addOption(kernelOption())
  .option('--only <names>', JOBS.map(({ name }) => name).join(','), parsed(jobsNamed))
  .option('--verbose', 'show what the guests say', false)
  .option('--json', 'print one JSON object', false)
  .action(async (options: JobsOptions) => {
    process.exitCode = await jobs(options);
  });
program
  .command('exec')
  .description('one command, in this folder, which the guest may write; exits with its status')
  .argument('<command...>')
  .addOption(kernelOption())
  .option('--cpus <n>', '', parsed(whole), 2)
  .option('--memory <MiB>', '', parsed(whole), 1024)
  .option('--seconds <n>', 'until it is ended', parsed(whole), 300)
  .option('--console', "show the kernel's console", false)
  .action(async (command: string[], options: ExecOptions) => {
    process.exitCode = await exec(command, options);
  });
program
  .command('kernel')
  .description('fetch or build a kernel, and print where it is')
  .argument(
    '[name]',
    Object.entries(KERNELS)
      .map(([name, { about }]) => `${name}: ${about}`)
      .join('; '),
    parsed(kernelNamed),
    'debian',
  )
  .action((name: KernelName) => printJson(KERNELS[name].make()));
try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = EXIT_USAGE;
}
