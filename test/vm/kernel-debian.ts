// SPDX-License-Identifier: MIT
/** Debian's own kernel: the release whose headers are installed, unpacked from its package. Nothing is installed. */
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ask, cacheFolder, type Kernel, type KernelSource, tool } from './kernel.ts';

const HEADERS = 'linux-headers-amd64';

// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query expands it.
const DEPENDS = '${Depends}';

function release(): string {
  const depends = ask('dpkg-query', '-W', '-f', DEPENDS, HEADERS) ?? '';
  const [, found] = depends.match(/linux-headers-([^ ,]+)/) ?? [];
  if (found === undefined) throw new Error(`${HEADERS} is not installed: apt-get install ${HEADERS}`);
  return found;
}

function kernelIn(folder: string, release: string): Kernel {
  return {
    name: 'debian',
    release,
    image: join(folder, 'boot', `vmlinuz-${release}`),
    modules: folder,
    build: `/lib/modules/${release}/build`,
  };
}

function fetch(folder: string, release: string): void {
  const part = mkdtempSync(`${folder}.`);
  try {
    tool('apt-get', ['download', '-q', '-o', 'APT::Sandbox::User=root', `linux-image-${release}`], part);
    const [file = ''] = readdirSync(part);
    const root = join(part, 'root');
    tool('dpkg-deb', ['-x', join(part, file), root]);
    tool('/sbin/depmod', ['-b', root, release]);
    // Whole or not at all; who was faster has the same.
    if (!existsSync(folder)) renameSync(root, folder);
  } catch (cause) {
    throw new Error(
      `linux-image-${release} cannot be had: apt-get update, and install the current ${HEADERS}`,
      { cause },
    );
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

const folderOf = (release: string): string => join(cacheFolder(), `debian-${release}`);

export const debianKernel: KernelSource = {
  about: "Debian's own",
  slowness: 1,
  find() {
    const current = release();
    const folder = folderOf(current);
    return existsSync(folder) ? kernelIn(folder, current) : undefined;
  },
  make() {
    const current = release();
    const folder = folderOf(current);
    if (!existsSync(folder)) fetch(folder, current);
    return kernelIn(folder, current);
  },
};
