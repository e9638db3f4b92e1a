// SPDX-License-Identifier: MIT
import type { Command } from 'commander';
import { writeKeyFile } from '../key-file.ts';
import { keyText, newPrivateKey, publicKeyOf } from '../key-pair.ts';
import { printJson, printText } from './output.ts';

interface Options {
  readonly psk?: boolean;
  readonly json?: boolean;
}

function action(file: string, { psk = false, json = false }: Options): void {
  const key = newPrivateKey();
  if (psk) {
    writeKeyFile(file, [key], ['m3ipc: pre-shared key, for every node of the cluster'], 'new');
    if (json) printJson({ file });
    else printText(`pre-shared key written to ${file}: copy it to the other nodes as \`pskFile\``);
    return;
  }
  const publicKey = keyText(publicKeyOf(key));
  writeKeyFile(file, [key], ['m3ipc: private key of a node', `public key: ${publicKey}`], 'new');
  if (json) printJson({ file, publicKey });
  else printText(publicKey);
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
