// SPDX-License-Identifier: MIT
/** What a guest boots, and where it is kept: outside of the tree, by version. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export type KernelName = 'debian' | 'base' | 'debug' | 'kcsan';

export interface Kernel {
  readonly name: KernelName;
  /** As `uname -r` says it in the guest. */
  readonly release: string;
  /** A bzImage. */
  readonly image: string;
  /** A folder with lib/modules/<release>; undefined if all is built in. */
  readonly modules: string | undefined;
  /** The tree that modules are built against: `make -C <build> M=<folder> modules`. */
  readonly build: string;
}

export interface KernelSource {
  readonly about: string;
  /** How many times longer than on Debian's kernel a job may take. */
  readonly slowness: number;
  /** The kernel, if the cache has it. Throws, with what to install, where this machine cannot tell which one it would be. */
  find(): Kernel | undefined;
  /** Fetches or builds it, into the cache. What the tools say goes to stderr. Throws with what is missing. */
  make(): Kernel;
}

/** `$M3IPC_VM_CACHE`, else m3ipc/vm in the user's cache. Made if it is missing. */
export function cacheFolder(): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folder = process.env.M3IPC_VM_CACHE || join(cache, 'm3ipc', 'vm');
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Runs a tool whose words are for people. Throws if it fails. */
export function tool(name: string, args: readonly string[], cwd?: string): void {
  execFileSync(name, args, { stdio: ['ignore', 2, 2], ...(cwd === undefined ? {} : { cwd }) });
}

/** What a tool prints; undefined if it fails. */
export function ask(name: string, ...args: string[]): string | undefined {
  try {
    return execFileSync(name, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}
