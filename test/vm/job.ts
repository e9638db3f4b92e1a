// SPDX-License-Identifier: MIT
/** What runs in a guest, and what it must show. A new job is a file in `jobs/` and a line in `jobs.ts`. */
import type { Kernel, KernelName } from './kernel.ts';

export interface GuestJob {
  /** Of its file in `jobs/`. */
  readonly name: string;
  /** What it shows, in one line. */
  readonly shows: string;
  /** One guest, or two that are joined by a wire (`guest.ts`). They boot at once; the job ends when all have. */
  readonly guests: readonly [JobGuest] | readonly [JobGuest, JobGuest];
  /** For all of it, on Debian's kernel and an idle machine, multiplied by {@link DEADLINE_FACTOR}. */
  readonly seconds: number;
  /** Where it makes sense; every kernel unless told. */
  readonly kernels?: readonly KernelName[];
  /** Run on this machine before the boot: builds into `folder` what the guests need. Throws if it cannot. */
  readonly prepare?: (kernel: Kernel, folder: string) => void;
}

export interface JobGuest {
  /**
   * A program and its arguments, run as root in the package's folder. `M3IPC_JOB` names the job's folder: what `prepare` put
   * there is there, all guests may write to it, and it is gone after the job.
   */
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Each must be found in what it writes to stdout. Besides, it must exit with 0, and the kernel must report nothing. */
  readonly says: readonly RegExp[];
  /** 2 unless told. */
  readonly cpus?: number;
  /** 1024 unless told. */
  readonly memoryMiB?: number;
}

/** A machine under load takes twice as long to emulate; no job may fail for that. */
export const DEADLINE_FACTOR = 4;
