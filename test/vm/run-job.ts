// SPDX-License-Identifier: MIT
/** Runs one job, and says whether it showed what it must. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import { type GuestResult, reportsIn, runGuest, tailOf } from './guest.ts';
import { DEADLINE_FACTOR, type GuestJob, type JobGuest } from './job.ts';
import type { Kernel } from './kernel.ts';
import { KERNELS } from './kernels.ts';

export interface JobResult {
  readonly job: string;
  readonly kernel: string;
  readonly seconds: number;
  /** What is wrong, guest by guest, with what they said; empty if nothing is. */
  readonly failures: readonly string[];
  /** What each guest wrote to stdout. */
  readonly stdout: readonly string[];
}

/** What is wrong with the end of a guest; undefined: nothing. */
function complaint(guest: JobGuest, result: GuestResult): string | undefined {
  const { status, timedOut, stdout, console } = result;
  const tail = tailOf(console);
  if (timedOut) return `it had not ended at its deadline; its console ends with\n${tail}`;
  if (status === undefined) return `it died; its console ends with\n${tail}`;
  if (status !== 0) return `its command exited with ${status}`;
  const reports = reportsIn(console);
  if (reports.length > 0) return `its kernel reports\n${reports.join('\n')}\non\n${tail}`;
  const unsaid = guest.says.filter((pattern) => !pattern.test(stdout.toString()));
  return unsaid.length > 0 ? `it did not say ${unsaid.join(', ')}` : undefined;
}

function failuresOf(guests: readonly JobGuest[], results: readonly GuestResult[]): string[] {
  return guests.flatMap((guest, index) => {
    const result = results[index];
    const what = result && complaint(guest, result);
    if (result === undefined || what === undefined) return [];
    const said = [result.stdout.toString(), result.stderr.toString(), result.qemu].join('\n').trim();
    return [`guest ${index + 1}: ${what}\nit said\n${said}`];
  });
}

export interface JobOptions {
  /** Gets both streams of all guests, as they come, for a person to watch. */
  readonly watch?: ((text: string) => void) | undefined;
  /** Ends the guests; the job has failed then. */
  readonly signal?: AbortSignal;
}

export async function runJob(
  job: GuestJob,
  kernel: Kernel,
  { watch, signal }: JobOptions = {},
): Promise<JobResult> {
  const started = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'm3ipc-job-'));
  const guests: readonly JobGuest[] = job.guests;
  const deadlineMs = job.seconds * 1000 * KERNELS[kernel.name].slowness * DEADLINE_FACTOR;
  try {
    job.prepare?.(kernel, folder);
    const results = await Promise.all(
      guests.map(({ command, env, cpus, memoryMiB }, index) =>
        runGuest({
          ...{ kernel, command, deadlineMs, cwd: packageRoot(), shared: [folder] },
          ...{ cpus: cpus ?? 2, memoryMiB: memoryMiB ?? 1024, env: { ...env, M3IPC_JOB: folder } },
          wire: guests.length > 1 ? { end: index === 0 ? 1 : 2, folder } : undefined,
          onOutput: (_stream, bytes) => watch?.(bytes.toString()),
          signal,
        }),
      ),
    );
    return {
      job: job.name,
      kernel: kernel.name,
      seconds: (performance.now() - started) / 1000,
      failures: failuresOf(guests, results),
      stdout: results.map(({ stdout }) => stdout.toString()),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
