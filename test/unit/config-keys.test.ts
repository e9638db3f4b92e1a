// SPDX-License-Identifier: MIT
/** Keys in a configuration, and what `m3ipc check` says of the secrecy of each link. */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { configSummary, summaryText } from '../../proxy-runtime/cli/check.ts';
import { writeKeyFile } from '../../proxy-runtime/key-file.ts';
import { keyText, newPrivateKey, publicKeyOf } from '../../proxy-runtime/key-pair.ts';
import { configDirectory, HEAD } from './config-rig.ts';

const rig = configDirectory();
const { directory, inspect } = rig;
afterAll(rig.remove);

const own = newPrivateKey();
const [peer, other] = [publicKeyOf(newPrivateKey()), publicKeyOf(newPrivateKey())];
const keyFile = join(directory, 'own.key');
writeKeyFile(keyFile, [own], [], 'new');
writeKeyFile(join(directory, 'open.key'), [own], [], 'new');
chmodSync(join(directory, 'open.key'), 0o640);

const SEALED = `${HEAD}keyFile: ./own.key\ncodecs: [compression, encryption]\n`;
const peers = (...keys: Uint8Array[]) =>
  `peers: [{ node: 2, publicKey: ${JSON.stringify(keys.map(keyText))} }]`;

const twice = (key: Uint8Array) =>
  `peers: ${JSON.stringify([2, 3].map((node) => ({ node, publicKey: keyText(key) })))}`;

describe('keys in a configuration', () => {
  it('are found: a file beside it, and one public key or two', async () => {
    const { config, texts } = await inspect(`${SEALED}${peers(peer, other)}`);
    expect(texts).toEqual([]);
    expect(config).toMatchObject({ keyFile, pskFile: undefined });
    expect(config?.peers[0]).toMatchObject({ publicKeys: [peer, other], insecure: false });
    const { config: single } = await inspect(`${SEALED}peers: [{ node: 2, publicKey: "${keyText(peer)}" }]`);
    expect(single?.peers[0]?.publicKeys).toEqual([peer]);
  });

  it.each([
    [
      'no key of the peer',
      `${SEALED}peers: [{ node: 2 }]`,
      "peers[0]: encryption needs the peer's public key",
    ],
    [
      'no key of this node',
      `${HEAD}codecs: [encryption]\n${peers(peer)}`,
      'peers[0]: encryption needs a private key of this node',
    ],
    ['no file', `${HEAD}keyFile: ./absent.key\n`, 'keyFile: key file'],
    ['a file that others may read', `${HEAD}pskFile: ./open.key\n`, 'mode 0640 lets others use it'],
    ['half a key', `${SEALED}peers: [{ node: 2, publicKey: "abc=" }]`, 'peers[0].publicKey: wrong'],
    ["another peer's key", `${SEALED}${twice(peer)}`, 'peers[1].publicKey: peers[0].publicKey has it too'],
    ["this node's own key", `${SEALED}${peers(publicKeyOf(own))}`, "the public key is this node's own"],
    ['three keys', `${SEALED}${peers(peer, other, peer)}`, 'peers[0].publicKey: wrong value'],
  ])('are missed or refused in words: %s', async (_, text, message) => {
    const { texts } = await inspect(text);
    expect(texts).toHaveLength(1);
    expect(texts[0]).toContain(message);
    expect(texts[0]).not.toContain(keyText(own));
  });
});

describe('check', () => {
  const summaryOf = async (text: string) => {
    const { config, texts } = await inspect(text);
    if (config === undefined) throw new Error(texts.join());
    return configSummary(config);
  };

  it('says of each link whether it is encrypted, and never a private key', async () => {
    const summary = await summaryOf(
      `${SEALED}peers:\n  - { node: 2, publicKey: "${keyText(peer)}" }\n  - { node: 3, codecs: [], insecure: true }`,
    );
    expect(summary).toMatchObject({ keyFile, pskFile: null, warnings: [] });
    expect(summary.peers).toMatchObject([
      { publicKeys: [keyText(peer)], plaintext: false },
      { publicKeys: [], plaintext: true },
    ]);
    expect(summaryText(summary)).toMatch(
      / 2 +node2 .* encrypted +compression > encryption\n +3 .* PLAINTEXT +none/,
    );
    expect(JSON.stringify(summary) + summaryText(summary)).not.toContain(keyText(own));
  });

  it('warns of what stands behind encryption', async () => {
    const text = SEALED.replace('compression, encryption', 'encryption, compression');
    const { warnings } = await summaryOf(`${text}${peers(peer)}`);
    expect(warnings).toEqual([
      'peer 2: "compression" stands behind "encryption" and gets sealed bytes; put "encryption" last',
    ]);
  });
});
