// SPDX-License-Identifier: MIT
/**
 * npm's install script: uses the addon that came with the package, else builds it. Needs make and a C compiler, and nothing
 * else: no Python, no headers of Node, no network. Plain JavaScript, since it runs before anything is built.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const require = createRequire(import.meta.url);

/** Whether an addon for this platform came with the package, and loads here. */
function isPrebuilt() {
  const path = join(root, 'prebuilds', `${process.platform}-${process.arch}`, 'm3ipc.node');
  if (!existsSync(path)) return false;
  try {
    require(path);
    return true;
  } catch {
    return false;
  }
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isOnPath(name) {
  if (name.includes('/')) return isProgram(name);
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.some((folder) => isProgram(join(folder, name)));
}

/** What make is told as CC: the user's choice, with its arguments, or the first compiler there is. */
function findCompiler() {
  const chosen = process.env.CC?.trim();
  if (chosen) return isOnPath(chosen.split(/\s+/)[0]) ? chosen : undefined;
  return ['cc', 'gcc', 'clang'].find(isOnPath);
}

function giveUp(message) {
  console.error(`m3ipc: ${message}`);
  process.exit(1);
}

function build() {
  const compiler = findCompiler();
  const missing = [];
  if (!isOnPath('make')) missing.push('make');
  if (compiler === undefined) missing.push(`a C compiler (${process.env.CC || 'cc, gcc or clang'})`);
  if (missing.length > 0) {
    giveUp(
      `${missing.join(' and ')} not found, and no prebuilt addon for ${process.platform}-${process.arch}. ` +
        "Install the tools ('apt-get install build-essential'), then run 'npm ci' again.",
    );
  }
  const headers = require('node-api-headers').include_dir;
  const args = ['-s', '-C', join(root, 'core-kmod'), `NODE_API_HEADERS=${headers}`, `CC=${compiler}`];
  const { status, error } = spawnSync('make', args, { stdio: 'inherit' });
  if (status !== 0) {
    giveUp(
      `the C library and the addon could not be built${error ? ` (${error.message})` : ''}; the compiler's messages are above. ` +
        "'apt-get install build-essential' installs all that is needed.",
    );
  }
}

if (process.platform !== 'linux') giveUp(`it runs on Linux only, not on ${process.platform}.`);
if (!isPrebuilt()) build();
