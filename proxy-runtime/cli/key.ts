// SPDX-License-Identifier: MIT
import type { Command } from 'commander';
import { loadConfig } from '../config/index.ts';
import { ProxyError } from '../errors.ts';
import { readKeyFile, writeKeyFile } from '../key-file.ts';
import { keyText, newPrivateKey, publicKeyOf } from '../key-pair.ts';
import { printJson, printText } from './output.ts';
import { plugIns } from './plug-ins.ts';

interface Options {
  readonly finish?: boolean;
  readonly json?: boolean;
}

/** The file that a configuration names, and the private keys in it. */
async function keysOf(file: string): Promise<{ readonly path: string; readonly keys: Uint8Array[] }> {
  const { keyFile: path } = await loadConfig(file, plugIns);
  if (path !== undefined) return { path, keys: readKeyFile(path) };
  throw new ProxyError('M3_CONFIG', `${file} names no \`keyFile\`; \`m3ipc keygen\` makes one`);
}

const publicText = (key: Uint8Array): string => keyText(publicKeyOf(key));

async function show(file: string, { json = false }: Options): Promise<void> {
  const { path, keys } = await keysOf(file);
  const publicKeys = keys.map(publicText);
  if (json) printJson({ file: path, publicKeys });
  else printText(publicKeys.join('\n'));
}

async function rotate(file: string, { finish = false, json = false }: Options): Promise<void> {
  const { path, keys } = await keysOf(file);
  const [newest, older] = keys;
  const next = finish ? finished(path, newest, older) : begun(path, newest, older);
  const publicKeys = next.map(publicText);
  writeKeyFile(
    path,
    next,
    ['m3ipc: private keys of a node, the newest first', ...comments(publicKeys)],
    'replace',
  );
  if (json) printJson({ file: path, publicKeys });
  else printText(finish ? finishedText(publicKeys) : begunText(publicKeys, file));
}

const comments = (publicKeys: readonly string[]): string[] => publicKeys.map((key) => `public key: ${key}`);

function begun(path: string, newest: Uint8Array | undefined, older: Uint8Array | undefined): Uint8Array[] {
  if (newest !== undefined && older === undefined) return [newPrivateKey(), newest];
  const text = `key file ${path} holds two keys already: end that rotation first, with \`--finish\``;
  throw new ProxyError('M3_CONFIG', text);
}

function finished(path: string, newest: Uint8Array | undefined, older: Uint8Array | undefined): Uint8Array[] {
  if (newest !== undefined && older !== undefined) return [newest];
  throw new ProxyError('M3_CONFIG', `key file ${path} holds one key: there is no rotation to finish`);
}

const begunText = ([next, old]: readonly string[], file: string): string =>
  [
    `new public key  ${next}`,
    `old public key  ${old}`,
    'Both are valid, from now on and without a restart; links that stand go on.',
    `1. On every peer: publicKey: ["${next}", "${old}"], then \`m3ipc reload\`.`,
    `2. Then here: \`m3ipc key rotate --finish ${file}\`.`,
    '3. Then on every peer: the new one alone, and `m3ipc reload`.',
  ].join('\n');

const finishedText = ([key]: readonly string[]): string =>
  `public key  ${key}\nThe old one is gone. Peers may forget it now.`;

export const registerKey = (program: Command): void => {
  const command = program.command('key').description("a node's keys: show, rotate");
  command
    .command('show')
    .description('print the public keys that belong to the private keys of a node, the newest first')
    .argument('<config>', "the node's configuration")
    .option('--json', 'print JSON')
    .action(show);
  command
    .command('rotate')
    .description("put a new private key beside a node's present one; both are valid until --finish")
    .argument('<config>', "the node's configuration")
    .option('--finish', 'remove the old one, once every peer knows the new one')
    .option('--json', 'print JSON')
    .action(rotate);
};
