// SPDX-License-Identifier: MIT
/** The peers' packages: bench/peers/package.json, installed when one of them is first wanted. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageRoot } from '../../core-kmod/binding/native.ts';

const REASON_LINES = 4;

const folder = (): string => join(packageRoot(), 'bench/peers');

/** The version that is there, or why there is none. */
export type Installed = { readonly version: string } | { readonly missing: string };

/** What a peer's package exports. Its own types are there only once it is installed: the caller says what it uses. */
export const peerPackage = (name: string): unknown => createRequire(join(folder(), 'package.json'))(name);

/** Installs what the lock file says, unless it is there. Scripts are not run: the packages bring their binaries. */
export async function installPeers(
  names: readonly string[],
  progress: (line: string) => void,
): Promise<Readonly<Record<string, Installed>>> {
  const { packages } = JSON.parse(readFileSync(join(folder(), 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { readonly version?: string }>>;
  };
  const wanted = (name: string): string => packages[`node_modules/${name}`]?.version ?? 'of no version';
  const lacking = names.filter((name) => versionOf(name) !== wanted(name));
  if (lacking.length > 0)
    progress(`installing ${lacking.map((name) => `${name} ${wanted(name)}`).join(', ')} in bench/peers`);
  const problem = lacking.length > 0 ? await npmCi() : undefined;
  return Object.fromEntries(names.map((name) => [name, installed(name, wanted(name), problem)]));
}

function installed(name: string, wanted: string, problem: string | undefined): Installed {
  const version = versionOf(name);
  if (version === wanted) return { version };
  return { missing: `${name} ${wanted} is not installed: ${problem ?? 'npm did not deliver it'}` };
}

function versionOf(name: string): string | undefined {
  try {
    return JSON.parse(readFileSync(join(folder(), 'node_modules', name, 'package.json'), 'utf8')).version;
  } catch {
    return undefined;
  }
}

/** Why it failed, or undefined. */
function npmCi(): Promise<string | undefined> {
  const quick = ['--prefer-offline', '--fetch-retries=1', '--fetch-retry-mintimeout=1000'];
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...quick];
  const child = spawn('npm', args, { cwd: folder(), stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (part: Buffer) => {
    said += part.toString('utf8');
  });
  return new Promise((resolve) => {
    child.once('error', ({ message }) => resolve(`npm does not start: ${message}`));
    child.once('close', (code) =>
      resolve(
        code === 0 ? undefined : `'npm ci' in bench/peers failed; is there a network?\n${firstLines(said)}`,
      ),
    );
  });
}

/** npm's reasons come first; what follows is about npm. */
const firstLines = (said: string): string => said.split('\n').slice(0, REASON_LINES).join('\n');
