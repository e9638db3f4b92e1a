// SPDX-License-Identifier: MIT
/** What a guest boots from: busybox, the modules that reach the host's files, the two halves of `init`, the command. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import type { Kernel } from './kernel.ts';
import { busybox } from './machine.ts';

const MODULES = ['virtio_pci', 'virtio_console', '9pnet_virtio', '9p', 'overlay'];

export interface Boot {
  readonly kernel: Kernel;
  /** A shell script. */
  readonly command: string;
  /** Folders that host and guest both write, at the same path. */
  readonly shared: readonly string[];
}

/** Files of the kernel's modules and what they depend on, in the order in which they are loaded. */
function moduleFiles(kernel: Kernel): string[] {
  if (kernel.modules === undefined) return [];
  const args = ['-d', kernel.modules, '-S', kernel.release, '--show-depends'];
  const lines = MODULES.flatMap((name) =>
    execFileSync('/sbin/modprobe', [...args, name], { encoding: 'utf8' }).split('\n'),
  );
  const files = lines.flatMap((line) => line.match(/^insmod (\S+)/)?.[1] ?? []);
  return [...new Set(files)];
}

/** Writes the archive to `<scratch>/initramfs`, and returns that. */
export function initramfs({ kernel, command, shared }: Boot, scratch: string): string {
  const root = join(scratch, 'root');
  for (const folder of ['bin', 'm', 'dev', 'proc', 'sys']) mkdirSync(join(root, folder), { recursive: true });
  copyFileSync(busybox(), join(root, 'bin/busybox'));
  symlinkSync('busybox', join(root, 'bin/sh'));
  const files = moduleFiles(kernel);
  for (const file of files) copyFileSync(file, join(root, 'm', basename(file)));
  const list = (entries: readonly string[]): string => entries.map((entry) => `${entry}\n`).join('');
  writeFileSync(join(root, 'modules'), list(files.map((file) => basename(file))));
  writeFileSync(join(root, 'rw'), list(shared));
  writeFileSync(join(root, 'command'), command);
  if (kernel.modules !== undefined) {
    writeFileSync(join(root, 'moddir'), join(kernel.modules, 'lib/modules', kernel.release));
  }
  for (const half of ['init', 'init2']) {
    copyFileSync(join(packageRoot(), 'test/vm/guest', half), join(root, half));
  }
  chmodSync(join(root, 'init'), 0o755);
  const archive = join(scratch, 'initramfs');
  const { status } = spawnSync('sh', ['-c', `find . | ${busybox()} cpio -o -H newc >'${archive}'`], {
    cwd: root,
  });
  if (status !== 0) throw new Error(`${archive} cannot be written`);
  return archive;
}
