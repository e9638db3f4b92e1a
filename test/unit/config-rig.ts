// SPDX-License-Identifier: MIT
/** A directory with files that a configuration may name, and a way to inspect text as if it were a file there. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plugIns } from '../../proxy-runtime/cli/plug-ins.ts';
import { inspectConfig, type Mistake, mistakeText } from '../../proxy-runtime/config/index.ts';

const MODULES = {
  'codec.mjs':
    "export default (options) => ({ id: 'mine', level: 'bytes', room: [options.head ?? 0, 0], encode: (n) => n, decode: (n) => n });",
  'no-decode.mjs': "export default () => ({ id: 'mine', level: 'byte', room: [0, 0], encode: (n) => n });",
  'no-default.mjs': 'export const codec = 1;',
  'throws.mjs': "throw new Error('no such device');",
  'transport.mjs':
    "const f = () => {}; export default { scheme: 'own', framing: 4, missing: f, loopback: () => 'own:///tmp/x', check: f, listen: f, dial: f };",
  'no-dial.mjs':
    "const f = () => {}; export default { scheme: 'own', framing: -1, missing: f, loopback: f, check: f, listen: f };",
  'tcp-again.mjs':
    "const f = () => {}; export default { scheme: 'tcp', framing: 4, missing: f, loopback: f, check: f, listen: f, dial: f };",
};

export const HEAD = 'cluster: demo\nnode: 1\nlisten: tcp://127.0.0.1:7101\n';

/** The caller removes it. */
export function configDirectory() {
  const directory = mkdtempSync(join(tmpdir(), 'm3ipc-config-'));
  for (const [name, text] of Object.entries(MODULES)) writeFileSync(join(directory, name), text);
  const inspect = async (text: string, name = 'node.yaml') => {
    const file = join(directory, name);
    writeFileSync(file, text);
    const { config, mistakes } = await inspectConfig(file, plugIns, {
      runtimeDir: '/run/user/7',
      uid: 7,
      hasDevice: () => false,
    });
    const texts = mistakes.map((mistake: Mistake) => mistakeText({ ...mistake, file: name }));
    return { config, texts };
  };
  return { directory, inspect, remove: () => rmSync(directory, { recursive: true }) };
}
