// SPDX-License-Identifier: MIT
import type { Command } from 'commander';
import { generateKeyFile, writeKeyFile } from '../key-file.ts';
import { newPrivateKey } from '../key-pair.ts';
import { printJson, printText } from './output.ts';

interface Options {
  readonly psk?: boolean;
  readonly json?: boolean;
}

function action(file: string, { psk = false, json = false }: Options): void {
  if (!psk) {
    const publicKey = generateKeyFile(file);
    if (json) printJson({ file, publicKey });
    else printText(publicKey);
    return;
  }
  writeKeyFile(file, [newPrivateKey()], ['m3ipc: pre-shared key, for every node of the cluster'], 'new');
  if (json) printJson({ file });
  else printText(`pre-shared key written to ${file}: copy it to the other nodes as \`pskFile\``);
}

export const registerKeygen = (program: Command): void => {
  program
    .command('keygen')
    .description("make a node's private key, for `keyFile`, and print the public key, for its peers")
    .argument('<file>', 'to be written; it must not exist')
    .option('--psk', 'make a pre-shared key instead, for `pskFile` of every node')
    .option('--json', 'print JSON')
    .action(action);
};
