// SPDX-License-Identifier: MIT
/**
 * npm's prepack script: puts what a machine without a compiler needs into prebuilds/, for each architecture that this
 * machine has a compiler for. install.mjs looks there before it builds. What is there before is replaced.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const core = dirname(dirname(fileURLToPath(import.meta.url)));
const root = dirname(core);
const headers = createRequire(import.meta.url)('node-api-headers').include_dir;
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const major = version.split('.')[0];

/** Debian's cross compilers: apt-get install gcc-x86-64-linux-gnu, gcc-aarch64-linux-gnu. */
const TARGETS = { x64: 'x86_64-linux-gnu-', arm64: 'aarch64-linux-gnu-' };

/** What is made, and its name in the package, which has no links: programs look for the soname. */
const FILES = {
  'm3ipc.node': 'm3ipc.node',
  'libm3ipc.so': `libm3ipc.so.${major}`,
  'two-nodes-client': 'two-nodes-client',
  'two-nodes-server': 'two-nodes-server',
};

const has = (tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0;

function prebuild(arch, prefix) {
  const build = `build/prebuilt-${arch}`;
  const folder = join(root, 'prebuilds', `linux-${arch}`);
  const goals = Object.keys(FILES).map((file) => `${build}/${file}`);
  const settings = [`BUILD=${build}`, `CC=${prefix}gcc`, 'CFLAGS=-O2', `NODE_API_HEADERS=${headers}`];
  execFileSync('make', ['-s', '-C', core, ...settings, ...goals], { stdio: 'inherit' });
  mkdirSync(folder, { recursive: true });
  for (const [made, name] of Object.entries(FILES)) {
    copyFileSync(join(core, build, made), join(folder, name));
    execFileSync(`${prefix}strip`, ['--strip-unneeded', join(folder, name)]);
  }
}

rmSync(join(root, 'prebuilds'), { recursive: true, force: true });
for (const [arch, cross] of Object.entries(TARGETS)) {
  const prefix = arch === process.arch ? '' : cross;
  if (has(`${prefix}gcc`)) prebuild(arch, prefix);
  else console.warn(`prebuilds: none for linux-${arch}, as ${prefix}gcc is not installed`);
}
