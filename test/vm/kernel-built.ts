// SPDX-License-Identifier: MIT
/**
 * Kernels of our own: Debian's kernel source, configured as `kernel/*.config` says. Each is kept under the version of the
 * source and a hash of its configuration, and built once: minutes, and 0.3 to 0.7 GB beside 1.7 GB of source.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import { ask, cacheFolder, type Kernel, type KernelName, type KernelSource, tool } from './kernel.ts';

const TOOLS = 'flex bison bc libelf-dev libssl-dev xz-utils';

interface Source {
  /** linux-source-6.1 */
  readonly name: string;
  readonly version: string;
}

/** The newest source package that apt offers. */
function source(): Source {
  const [, name] =
    (ask('apt-cache', 'show', 'linux-source') ?? '').match(/^Depends: (linux-source-\S+)/m) ?? [];
  const [, version] = ((name && ask('apt-cache', 'show', name)) || '').match(/^Version: (\S+)/m) ?? [];
  if (name === undefined || version === undefined) {
    throw new Error('apt offers no linux-source: apt-get update, on Debian');
  }
  return { name, version };
}

/** The lines of configuration: those of `base`, and the flavour's own. */
function fragment(flavour: string): string {
  const names = flavour === 'base' ? ['base'] : ['base', flavour];
  const folder = join(packageRoot(), 'test/vm/kernel');
  return names.map((name) => readFileSync(join(folder, `${name}.config`), 'utf8')).join('');
}

function unpack({ name, version }: Source): string {
  const folder = join(cacheFolder(), `${name}-${version}`);
  if (existsSync(folder)) return folder;
  const part = mkdtempSync(`${folder}.`);
  try {
    tool('apt-get', ['download', '-q', '-o', 'APT::Sandbox::User=root', name], part);
    const [file = ''] = readdirSync(part);
    tool('dpkg-deb', ['-x', join(part, file), part]);
    tool('tar', ['-xf', join(part, 'usr/src', `${name}.tar.xz`)], part);
    renameSync(join(part, name), folder);
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
  return folder;
}

/** Lines that the kernel's configuration did not take over: an option is gone, or one that it needs is off. */
function refused(wanted: string, config: string): string[] {
  const lines = new Set(config.split('\n'));
  return wanted.split('\n').filter((line) => {
    const [, name, value] = line.match(/^(CONFIG_\w+)=(.*)$/) ?? [];
    if (name === undefined) return false;
    return value === 'n' ? config.includes(`\n${name}=`) : !lines.has(line);
  });
}

function configure(flavour: string, sourceFolder: string, folder: string): void {
  const wanted = fragment(flavour);
  const file = join(folder, 'fragment');
  writeFileSync(file, wanted);
  tool('make', ['-s', '-C', sourceFolder, `O=${folder}`, `KCONFIG_ALLCONFIG=${file}`, 'allnoconfig']);
  const lost = refused(wanted, readFileSync(join(folder, '.config'), 'utf8'));
  if (lost.length > 0) throw new Error(`this kernel does not take: ${lost.join(', ')}`);
}

function compile(flavour: string, from: Source, folder: string): void {
  const sourceFolder = unpack(from);
  mkdirSync(folder, { recursive: true });
  configure(flavour, sourceFolder, folder);
  const jobs = `-j${availableParallelism()}`;
  // Two runs that want it at once would spoil each other's.
  const make = ['make', '-s', '-C', sourceFolder, `O=${folder}`, jobs, 'bzImage', 'modules'];
  tool('flock', [join(folder, 'lock'), ...make]);
  writeFileSync(join(folder, 'complete'), '');
}

function kernelIn(name: KernelName, folder: string): Kernel {
  return {
    name,
    release: readFileSync(join(folder, 'include/config/kernel.release'), 'utf8').trim(),
    image: join(folder, 'arch/x86/boot/bzImage'),
    modules: undefined,
    build: folder,
  };
}

export function builtKernel(flavour: KernelName, about: string, slowness: number): KernelSource {
  const folderOf = ({ version }: Source): string => {
    const hash = createHash('sha256').update(fragment(flavour)).digest('hex').slice(0, 12);
    return join(cacheFolder(), `${flavour}-${version}-${hash}`);
  };
  const find = (): Kernel | undefined => {
    const folder = folderOf(source());
    return existsSync(join(folder, 'complete')) ? kernelIn(flavour, folder) : undefined;
  };
  return {
    about,
    slowness,
    find,
    make() {
      const there = find();
      if (there !== undefined) return there;
      const from = source();
      const folder = folderOf(from);
      try {
        compile(flavour, from, folder);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`the kernel "${flavour}" was not built (${why}); it needs ${TOOLS}`, { cause });
      }
      return kernelIn(flavour, folder);
    },
  };
}
