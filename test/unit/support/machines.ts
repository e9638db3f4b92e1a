// SPDX-License-Identifier: MIT
/** Machines that C programs are compiled for, and run on: this one, and one that is emulated. */
import { spawnSync } from 'node:child_process';

export interface Machine {
  readonly compiler: readonly string[];
  /** What runs its programs here. */
  readonly emulator: readonly string[];
  /** Debian packages with both. */
  readonly packages: string;
}

export const MACHINES = {
  native: { compiler: [process.env.CC ?? 'cc'], emulator: [], packages: 'build-essential' },
  arm64: {
    compiler: ['aarch64-linux-gnu-gcc', '-static'],
    emulator: ['qemu-aarch64'],
    packages: 'gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user',
  },
} satisfies Record<string, Machine>;

const has = (tool: string | undefined): boolean =>
  tool === undefined || spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0;

/** Which packages to install, if a tool is missing here. */
export function missingTools({ compiler, emulator, packages }: Machine): string | undefined {
  return has(compiler[0]) && has(emulator[0]) ? undefined : `apt-get install ${packages}`;
}
