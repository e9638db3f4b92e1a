// SPDX-License-Identifier: MIT
/** Whether this machine can boot guests, and where its tools are. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Every tool that the rig starts, and the package that has it. */
const TOOLS = {
  'qemu-system-x86_64': 'qemu-system-x86',
  busybox: 'busybox-static',
  depmod: 'kmod',
  setpriv: 'util-linux',
} as const;

/** What to install for everything in this folder. */
const PACKAGES = 'qemu-system-x86 busybox-static kmod linux-headers-amd64 iproute2';

function find(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/sbin', '/usr/sbin'];
  return folders
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** It is all that an initramfs has: a dynamic one would find no libraries there. */
export function busybox(): string {
  const path = find('busybox');
  if (path === undefined || readFileSync(path).subarray(0, 4096).includes('/ld-linux')) {
    throw new Error('busybox must be static: apt-get install busybox-static');
  }
  return path;
}

/** Why no guest can be booted here, and what to do; undefined: one can. */
export function missing(): string | undefined {
  if (process.arch !== 'x64') return `guests are x86-64, this machine is ${process.arch}`;
  const absent = Object.keys(TOOLS).filter((name) => find(name) === undefined);
  if (absent.length > 0) return `no ${absent.join(', no ')}: apt-get install ${PACKAGES}`;
  try {
    busybox();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
