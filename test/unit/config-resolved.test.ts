// SPDX-License-Identifier: MIT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { coreName, coreText, defaultCoreDirectory } from '../../proxy-runtime/config/index.ts';
import { configJsonSchemaText } from '../../proxy-runtime/config/json-schema.ts';
import { coreLocation } from '../../proxy-runtime/config/location.ts';
import { configDirectory, HEAD } from './config-rig.ts';

const rig = configDirectory();
const { directory, inspect } = rig;
afterAll(rig.remove);

describe('a good configuration', () => {
  const GOOD = `${HEAD}name: alpha
core: embedded:./alpha
dcs:
  - { id: 7, name: shop, tasks: 4, procs: 60, arena: 1MiB, mode: "0640", group: root, nodes: [1, 2] }
peers:
  - { node: 2, name: beta, dial: "tcp://127.0.0.1:7102", codecs: [{ module: ./codec.mjs, head: 3 }] }
  - { node: 3, dial: "own:///tmp/c" }
transports: [./transport.mjs]
codecs: [logging, { id: compression, minBytes: 512 }]
metrics: { listen: "http://127.0.0.1:9464" }
insecure: true
`;

  it('is resolved', async () => {
    const { config, texts } = await inspect(GOOD);
    expect(texts).toEqual([]);
    expect(config).toMatchObject({
      cluster: 'demo',
      node: 1,
      name: 'alpha',
      core: { backend: 'embedded', path: join(directory, 'alpha') },
      dcs: [
        { id: 7, name: 'shop', nodes: [1, 2], tasks: 4, procs: 60, arenaBytes: 1 << 20, mode: 0o640, gid: 0 },
      ],
      pool: { slabs: 256 },
      reconnect: { minMs: 50, maxMs: 2000 },
      liveness: { intervalMs: 1000, misses: 3 },
      onDisconnect: { policy: 'hold', holdMs: null },
      log: { level: 'info' },
    });
    expect(config?.listen.map(({ url }) => url.href)).toEqual(['tcp://127.0.0.1:7101']);
    expect(config?.metrics.listen?.port).toBe('9464');
    const links = config?.peers.map(({ name, dial, codecs }) => [
      name,
      dial[0]?.transport.scheme,
      codecs.map(({ id, room }) => `${id}+${room[0]}`),
    ]);
    expect(links).toEqual([
      ['beta', 'tcp', ['mine+3']],
      ['node3', 'own', ['logging+0', 'compression+1']],
    ]);
  });

  it('has defaults for all but cluster and node, in YAML or JSON', async () => {
    for (const text of ['cluster: c\nnode: 0\n', '{\n\t"cluster": "c",\n\t"node": 0\n}']) {
      const { config } = await inspect(text, 'node.json');
      expect(config).toMatchObject({ name: 'node0', dcs: [], peers: [], listen: [] });
      expect(config && coreText(config.core)).toBe('embedded:/run/user/7/m3ipc/0');
    }
    const { config } = await inspect(`${HEAD}dcs: [{ id: 7, name: a, nodes: [1] }]`);
    expect(config?.dcs[0]).toEqual({
      id: 7,
      name: 'a',
      nodes: [1],
      tasks: 35,
      procs: 221,
      arenaBytes: 64 << 20,
      mode: 0o660,
      gid: null,
      remote: [],
      warn: null,
      affinity: false,
      cpus: [],
      implicitGrants: true,
      cgroup: null,
    });
  });

  it('waits for a peer without dial when this node listens', async () => {
    const { config } = await inspect(`${HEAD}insecure: true\npeers: [{ node: 2 }]`);
    expect(config?.peers[0]?.dial).toEqual([]);
  });

  it('takes one address or several, of any transports, to listen and to dial', async () => {
    const { config, texts } = await inspect(
      'cluster: c\nnode: 1\ninsecure: true\nlisten: [unix:///run/a, tcp://127.0.0.1:1]\npeers: [{ node: 2, dial: [unix:///run/b, tcp://h:2] }]',
    );
    expect(texts).toEqual([]);
    expect(config?.listen.map(({ transport }) => transport.scheme)).toEqual(['unix', 'tcp']);
    expect(config?.peers[0]?.dial.map(({ url }) => url.href)).toEqual(['unix:///run/b', 'tcp://h:2']);
  });

  it('gives each link codecs of its own', async () => {
    const { config } = await inspect(
      `${HEAD}codecs: [logging]\ninsecure: true\npeers: [{ node: 2, dial: tcp://h:1 }, { node: 3, dial: tcp://h:2 }]`,
    );
    expect(config?.peers[0]?.codecs[0]).not.toBe(config?.peers[1]?.codecs[0]);
  });

  it('may name the kernel backend, by a name of its own at the core', async () => {
    const { config } = await inspect(`${HEAD}core: kernel:/dev/m3ipc0`);
    expect(config?.core).toEqual({ backend: 'kernel', path: '/dev/m3ipc0' });
    expect(config && coreName(config.core)).toBe('kernel:/dev/m3ipc0');
  });

  it('chooses the kernel for root where the node has a device, and says why', () => {
    const chosen = (uid: number, ...devices: string[]) => {
      const around = { runtimeDir: undefined, uid, hasDevice: (path: string) => devices.includes(path) };
      const core = coreLocation('auto', 0, '/', around);
      return `${coreText(core)}: ${core.why}`;
    };
    expect(chosen(0)).toBe('embedded:/dev/shm/m3ipc-0/0: there is no /dev/m3ipc0');
    expect(chosen(0, '/dev/m3ipc1')).toContain('embedded:');
    expect(chosen(0, '/dev/m3ipc0')).toBe('kernel:/dev/m3ipc0: there is /dev/m3ipc0');
    expect(chosen(7, '/dev/m3ipc0')).toBe('embedded:/dev/shm/m3ipc-7/0: /dev/m3ipc0 is for root');
  });
});

it('the default directory is under XDG_RUNTIME_DIR if that is absolute, else in /dev/shm', () => {
  expect(defaultCoreDirectory(3, { runtimeDir: '/run/user/5', uid: 5 })).toBe('/run/user/5/m3ipc/3');
  expect(defaultCoreDirectory(3, { runtimeDir: undefined, uid: 5 })).toBe('/dev/shm/m3ipc-5/3');
  expect(defaultCoreDirectory(3, { runtimeDir: 'run', uid: 5 })).toBe('/dev/shm/m3ipc-5/3');
});

it('schema.json is current (`m3ipc schema > proxy-runtime/config/schema.json` renews it)', () => {
  const file = new URL('../../proxy-runtime/config/schema.json', import.meta.url);
  expect(readFileSync(file, 'utf8')).toBe(configJsonSchemaText());
});
