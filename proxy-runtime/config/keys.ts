// SPDX-License-Identifier: MIT
/** Keys in a configuration: files of this node's, which must be usable now, and public keys of its peers. */
import { resolve } from 'node:path';
import { systemRandom } from '../clock.ts';
import type { Codec, LinkKeys } from '../contract.ts';
import { readKeyFile } from '../key-file.ts';
import { keyOfText, keyText, publicKeyOf } from '../key-pair.ts';
import type { Chain } from './chain.ts';
import type { Draft, Report } from './draft.ts';

/** Absolute paths. */
export interface KeyFiles {
  readonly keyFile: string | undefined;
  readonly pskFile: string | undefined;
}

export function publicKeysOf(text: string | readonly string[] = []): Uint8Array[] {
  return [text].flat().flatMap((each) => keyOfText(each) ?? []);
}

/** Reports files that cannot be used, and each peer that a codec of its link cannot greet with the keys there are. */
export function checkKeys(
  { top, peers }: Draft,
  chains: readonly (Chain | undefined)[],
  base: string,
  report: Report,
): KeyFiles {
  const mistakes: string[] = [];
  const read = (key: 'keyFile' | 'pskFile'): { path?: string; keys: Uint8Array[] } => {
    const path = top[key] === undefined ? undefined : resolve(base, top[key]);
    try {
      return path === undefined ? { keys: [] } : { path, keys: readKeyFile(path) };
    } catch (error) {
      mistakes.push(key);
      report([key], (error as Error).message, { value: top[key], remedy: 'make the file usable' });
      return { keys: [] };
    }
  };
  const [own, psk] = [read('keyFile'), read('pskFile')];
  for (const [at, { fields }] of mistakes.length > 0 ? [] : peers.entries()) {
    // A value that is no key is a mistake of its own.
    if (!('publicKey' in fields)) continue;
    const keys = { own: own.keys, peer: publicKeysOf(fields.publicKey), psk: psk.keys[0] };
    const problem =
      ownKeyProblem(keys) ?? greetingProblem(chains[at]?.make() ?? [], top.node ?? 0, fields.node ?? 0, keys);
    if (problem === undefined) continue;
    report(['peers', at], problem, { remedy: 'name `keyFile` at the top and `publicKey` here' });
  }
  return { keyFile: own.path, pskFile: psk.path };
}

/** A node that had it as a peer's would greet itself. */
function ownKeyProblem({ own, peer }: LinkKeys): string | undefined {
  const mine = own.map((key) => keyText(publicKeyOf(key)));
  return peer.some((key) => mine.includes(keyText(key)))
    ? "the public key is this node's own, not the peer's"
    : undefined;
}

function greetingProblem(
  codecs: readonly Codec[],
  node: number,
  peer: number,
  keys: LinkKeys,
): string | undefined {
  try {
    for (const codec of codecs)
      codec.handshake?.({ initiator: true, node, peer, random: systemRandom, keys });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
