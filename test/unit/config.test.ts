// SPDX-License-Identifier: MIT
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { plugIns } from '../../proxy-runtime/cli/plug-ins.ts';
import { inspectConfig, loadConfig, mistakeText } from '../../proxy-runtime/config/index.ts';
import { ProxyError } from '../../proxy-runtime/errors.ts';
import { configDirectory, HEAD } from './config-rig.ts';

const rig = configDirectory();
const { directory, inspect } = rig;
afterAll(rig.remove);

const PEER = 'peers: [{ node: 2, dial: tcp://127.0.0.1:7102 }]\n';

/** Each wrong file: what follows HEAD, and what its only mistake must say, place first. */
const WRONG: readonly [what: string, rest: string, essentials: readonly string[]][] = [
  [
    'unknown key',
    'transprts: []',
    [
      '4:1: transprts: unknown key',
      'did you mean "transports"?',
      'value: []',
      'allowed: cluster, node',
      'rename it to `transports`',
    ],
  ],
  ['unknown key, nothing near', 'zzzzzz: 1', ['4:1: zzzzzz: unknown key\n', 'value: 1', 'remove it']],
  [
    'unknown key of a peer',
    'peers: [{ node: 2, dail: tcp://h:1, dial: tcp://h:1 }]',
    [
      '4:20: peers[0].dail: unknown key; did you mean "dial"?',
      'allowed: node, name, dial, codecs, publicKey, insecure',
    ],
  ],
  [
    'wrong type',
    'name: 12',
    ['4:7: name: wrong type: a number', 'value: 12', 'allowed: 1 to 15 letters', 'correct `name`'],
  ],
  [
    'wrong type: text for a number',
    'pool: { slabs: many }',
    ['4:16: pool.slabs: wrong type: a string', 'value: "many"', 'allowed: a whole number from 8 to 65536'],
  ],
  [
    'wrong type: a mapping for a list',
    'peers: { node: 2 }',
    ['4:8: peers: wrong type: a mapping', 'allowed: a list of peers'],
  ],
  ['wrong type: null', 'codecs:', ['codecs: wrong type: null', 'allowed: a list of codecs']],
  [
    'fraction',
    'liveness: { misses: 1.5 }',
    ['4:21: liveness.misses: wrong value', 'value: 1.5', 'from 1 to 100'],
  ],
  ['name too long', 'name: sixteen-letters-', ['name: wrong value', 'allowed: 1 to 15 letters']],
  [
    'unquoted mode',
    'dcs: [{ id: 7, name: a, nodes: [1], mode: 0660 }]',
    ['4:43: dcs[0].mode: wrong type: a number', 'value: 660', 'four octal digits in quotes, such as "0660"'],
  ],
  [
    'arena without step',
    'dcs: [{ id: 7, name: a, nodes: [1], arena: 100KiB }]',
    ['dcs[0].arena: wrong value', 'allowed: a multiple of 64 KiB'],
  ],
  [
    'arena of another unit',
    'dcs: [{ id: 7, name: a, nodes: [1], arena: 64MB }]',
    ['dcs[0].arena', 'value: "64MB"', 'KiB, MiB or GiB'],
  ],
  [
    'arena too large',
    'dcs: [{ id: 7, name: a, nodes: [1], arena: 4GiB }]',
    ['dcs[0].arena: wrong value', '4194240KiB'],
  ],
  [
    'DC id over the limit',
    'dcs: [{ id: 1024, name: a, nodes: [1] }]',
    ['dcs[0].id: wrong value', 'value: 1024', 'from 0 to 1023'],
  ],
  [
    'tasks over the limit',
    'dcs: [{ id: 7, name: a, nodes: [1], tasks: 257 }]',
    ['dcs[0].tasks', 'from 0 to 256'],
  ],
  [
    'too many endpoints',
    'dcs: [{ id: 7, name: a, nodes: [1], tasks: 200, procs: 4000 }]',
    ['4:56: dcs[0].procs: tasks + procs is 4200', 'value: 4000', 'at most 3896 with 200 tasks'],
  ],
  [
    'missing key of a DC',
    'dcs: [{ id: 7, name: a }]',
    ['dcs[0].nodes: it is missing', 'allowed: a list of node ids', 'add `nodes`'],
  ],
  [
    'half a warning',
    'dcs: [{ id: 7, name: a, nodes: [1], warn: { endpoint: 2 } }]',
    ['dcs[0].warn.type: it is missing', 'a whole number from 1 to 2147483647', 'add `type`'],
  ],
  [
    'a warning of type 0',
    'dcs: [{ id: 7, name: a, nodes: [1], warn: { endpoint: 2, type: 0 } }]',
    ['dcs[0].warn.type: wrong value', 'value: 0'],
  ],
  [
    'a warning to nobody',
    'dcs: [{ id: 7, name: a, nodes: [1], procs: 10, warn: { endpoint: 10, type: 70 } }]',
    ['dcs[0].warn.endpoint: the DC has no such endpoint', 'value: 10', 'allowed: -35 to 9'],
  ],
  [
    'a CPU over the limit',
    'dcs: [{ id: 7, name: a, nodes: [1], cpus: [0, 256] }]',
    ['dcs[0].cpus[1]: wrong value', 'value: 256', 'from 0 to 255'],
  ],
  [
    'a CPU twice',
    'dcs: [{ id: 7, name: a, nodes: [1], cpus: [3, 3] }]',
    ['dcs[0].cpus[1]: the CPU is listed twice', 'value: 3'],
  ],
  [
    'grants that are neither on nor off',
    'dcs: [{ id: 7, name: a, nodes: [1], implicitGrants: maybe }]',
    ['dcs[0].implicitGrants: wrong type: a string', 'allowed: true or false'],
  ],
  [
    'a cgroup of no absolute path',
    'dcs: [{ id: 7, name: a, nodes: [1], cgroup: shop }]',
    ['dcs[0].cgroup', 'allowed: an absolute path, such as /sys/fs/cgroup/shop'],
  ],
  [
    'a cgroup of an embedded core',
    'core: embedded:./core\ndcs: [{ id: 7, name: a, nodes: [1], cgroup: /sys/fs/cgroup/shop }]',
    ['dcs[0].cgroup: an embedded core knows no cgroups', 'do: name `core: kernel:<device>`, or leave it out'],
  ],
  [
    'two DCs with one id',
    'dcs: [{ id: 7, name: a, nodes: [1] }, { id: 7, name: b, nodes: [1] }]',
    ['4:45: dcs[1].id: dcs[0].id is the same', 'value: 7'],
  ],
  [
    'two DCs with one name',
    'dcs: [{ id: 7, name: a, nodes: [1] }, { id: 8, name: a, nodes: [1] }]',
    ['dcs[1].name: dcs[0].name is the same', 'value: "a"'],
  ],
  [
    'DC with a node that is no peer',
    `dcs: [{ id: 7, name: a, nodes: [1, 3] }]\n${PEER}`,
    ['4:36: dcs[0].nodes[1]: node 3 is not a peer', 'allowed: 1, 2', 'add a peer with `node: 3`'],
  ],
  [
    'DC without this node',
    `dcs: [{ id: 7, name: a, nodes: [2] }]\n${PEER}`,
    ['dcs[0].nodes: this node (1) is not among them', 'value: [2]', 'add 1'],
  ],
  [
    'DC with a node twice',
    'dcs: [{ id: 7, name: a, nodes: [1, 1] }]',
    ['dcs[0].nodes[1]: the node is listed twice'],
  ],
  [
    'a remote endpoint that the DC does not have',
    `dcs: [{ id: 7, name: a, nodes: [1, 2], remote: [{ endpoint: 221, node: 2 }] }]\n${PEER}`,
    ['dcs[0].remote[0].endpoint: the DC has no such endpoint', 'value: 221', 'allowed: -35 to 220'],
  ],
  [
    'a remote endpoint on a node that the DC does not span',
    `dcs: [{ id: 7, name: a, nodes: [1], remote: [{ endpoint: 10, node: 2 }] }]\n${PEER}`,
    ['dcs[0].remote[0].node: the DC spans no other node 2', 'allowed: none: the DC is on this node only'],
  ],
  [
    'a remote endpoint twice',
    `dcs: [{ id: 7, name: a, nodes: [1, 2], remote: [{ endpoint: 10, node: 2 }, { endpoint: 10, node: 2 }] }]\n${PEER}`,
    ['dcs[0].remote[1].endpoint: dcs[0].remote[0].endpoint is the same', 'value: 10'],
  ],
  [
    'unknown group',
    'dcs: [{ id: 7, name: a, nodes: [1], group: no-such-group }]',
    ['dcs[0].group: /etc/group has no group "no-such-group"'],
  ],
  [
    'two peers with one id',
    'peers: [{ node: 2 }, { node: 2 }]',
    ['4:30: peers[1].node: peers[0].node has the same node id', 'value: 2', 'own node id'],
  ],
  [
    'peer is this node',
    'peers: [{ node: 1 }]',
    ["4:17: peers[0].node: it is this node's own id", 'value: 1', 'any other id below 1024'],
  ],
  [
    'unknown scheme',
    'peers: [{ node: 2, dial: "tcpp://h:1" }]',
    [
      '4:26: peers[0].dial: tcpp://h:1: no transport "tcpp"',
      'value: "tcpp://h:1"',
      'did you mean "tcp"?',
      'allowed: a URL of tcp',
    ],
  ],
  [
    'address that the transport refuses',
    'peers: [{ node: 2, dial: "tcp://h" }]',
    ['peers[0].dial: tcp://h: the port is missing', 'correct the address'],
  ],
  [
    'not a URL',
    'peers: [{ node: 2, dial: somewhere }]',
    ['peers[0].dial: wrong value', 'value: "somewhere"', 'a URL such as tcp://'],
  ],
  [
    'one of several addresses that no transport takes',
    'peers: [{ node: 2, dial: [tcp://h:1, "tcpp://h:1"] }]',
    ['peers[0].dial[1]: tcpp://h:1: no transport "tcpp"', 'value: "tcpp://h:1"'],
  ],
  [
    'one of several addresses that is no URL',
    'peers: [{ node: 2, dial: [tcp://h:1, somewhere] }]',
    ['peers[0].dial[1]: wrong value', 'value: "somewhere"', 'a URL such as tcp://'],
  ],
  [
    'no address where there should be some',
    'peers: [{ node: 2, dial: [] }]',
    ['peers[0].dial: wrong value', 'a list of 1 to 8 of them'],
  ],
  [
    'codec order',
    'codecs: [compression, logging]',
    [
      '4:9: codecs: codec "logging" reads records and must stand before "compression"',
      'value: ["compression","logging"]',
      'records codecs first',
      'write [logging, compression], on the peer too',
    ],
  ],
  [
    'codec order of one peer',
    'peers: [{ node: 2, codecs: [compression, logging] }]',
    ['4:28: peers[0].codecs: codec "logging" reads records'],
  ],
  [
    'too much room',
    `codecs: [{ module: ./codec.mjs, head: 205 }]\n${PEER}`,
    ['codecs: the codecs need 209 bytes of room'],
  ],
  [
    'unknown codec',
    'codecs: [compresion]',
    [
      '4:10: codecs[0]: unknown codec "compresion"; did you mean "compression"?',
      `allowed: ${Object.keys(plugIns.codecs).join(', ')}`,
    ],
  ],
  [
    'unknown codec option',
    'codecs: [{ id: compression, min: 1 }]',
    ['codecs[0]: codec "compression" has no option "min"', 'correct the options of "compression"'],
  ],
  ['codec without id', 'codecs: [{ minBytes: 1 }]', ['codecs[0]: wrong value', 'id or module']],
  [
    'codec of a wrong type',
    'codecs: [{ id: 5 }]',
    ['4:16: codecs[0].id: wrong type: a number', 'the id of a codec'],
  ],
  [
    'urgent endpoints of no DC',
    'peers: [{ node: 9, dial: "tcp://h:1" }]\ncodecs: [{ id: qos, classes: [{ name: a, dc: 9, lane: urgent, endpoints: [1] }] }]',
    ['codecs[0]: codec "qos" calls endpoints 1..1 of DC 9 urgent: there is no DC 9', 'of a DC of this file'],
  ],
  [
    'urgent endpoints that a DC has not',
    'dcs: [{ id: 7, name: shop, nodes: [1], procs: 10 }]\npeers: [{ node: 9, dial: "tcp://h:1" }]\ncodecs: [{ id: qos, classes: [{ name: a, dc: 7, lane: urgent, endpoints: ["0..10"] }] }]',
    ['calls endpoints 0..10 of DC 7 urgent: it has endpoints -35 to 9'],
  ],
  [
    'codec module missing',
    'codecs: [{ module: ./absent.mjs }]',
    ['codecs[0]: it cannot be loaded', 'absent.mjs'],
  ],
  [
    'codec module that is no codec',
    'codecs: [{ module: ./no-decode.mjs }]',
    ['4:9: codecs: codec 1 ("mine"): `level` must be'],
  ],
  [
    'codec module without default',
    'codecs: [{ module: ./no-default.mjs }]',
    ['codecs[0]: it has no default export'],
  ],
  ['codec module that throws', 'codecs: [{ module: ./throws.mjs }]', ['it cannot be loaded: no such device']],
  ['module of another kind', 'transports: [./mine.ts]', ['transports[0]: wrong value', '.js or .mjs']],
  [
    'transport module that is none',
    'transports: [./no-dial.mjs]',
    ['transports[0]: it does not give a Transport', 'missing or wrong: framing, dial'],
  ],
  [
    'transport with a scheme that exists',
    'transports: [./tcp-again.mjs]',
    ['transports[0]: scheme "tcp" exists already'],
  ],
  ['unknown core', 'core: embeded:/tmp/x', ['core: wrong value', 'auto, embedded:<directory> or kernel:']],
  [
    'a hold that fails',
    'onDisconnect: { policy: fail, holdMs: 50 }',
    ['4:39: onDisconnect.holdMs: calls that fail at once are not held', 'what to do: remove it'],
  ],
  [
    'a policy that is none',
    'onDisconnect: { policy: wait }',
    ['4:25: onDisconnect.policy: wrong type: a string', 'value: "wait"', 'allowed: hold or fail'],
  ],
  [
    'back-off that shrinks',
    'reconnect: { minMs: 100, maxMs: 50 }',
    ['4:33: reconnect.maxMs: it is less than minMs', 'at least 100'],
  ],
  [
    'unknown log level',
    'log: { level: verbose }',
    ['log.level: wrong type: a string', 'value: "verbose"', 'allowed: trace, debug, info'],
  ],
  [
    'metrics address',
    'metrics: { listen: 9464 }',
    ['metrics.listen: wrong type: a number', 'http://<host>:<port>, or null'],
  ],
  ['syntax', 'peers: [', ['correct the YAML or JSON syntax']],
  ['repeated key', 'node: 2', ['4:1: Map keys must be unique', 'keep one of them']],
];

describe('a wrong configuration', () => {
  it.each(WRONG)('%s', async (_what, rest, essentials) => {
    const { config, texts } = await inspect(`${HEAD}${rest}\ninsecure: true\n`);
    expect(config).toBeUndefined();
    expect(texts).toHaveLength(1);
    for (const essential of essentials) expect(texts[0]).toContain(essential);
    expect(texts[0]).toMatch(/^node\.yaml:\d+:\d+: .*\n {4}.*what to do: ./);
  });

  it('missing keys at the top, no way to dial, an empty file, and a file that is no mapping', async () => {
    const { texts } = await inspect('name: alpha');
    expect(texts).toEqual([
      expect.stringContaining('cluster: it is missing'),
      expect.stringContaining('node: it is missing'),
    ]);
    const { texts: noDial } = await inspect('cluster: demo\nnode: 1\npeers: [{ node: 2, insecure: true }]');
    expect(noDial).toEqual([expect.stringMatching(/3:9: peers\[0\]: neither node can dial: .* for node 2/)]);
    expect((await inspect('')).texts[0]).toContain('the file is empty');
    expect((await inspect('hello')).texts[0]).toContain('wrong type: a string');
  });

  it('a link that would be plaintext, unless the file says that it may be so', async () => {
    const peers = 'peers: [{ node: 2 }, { node: 3, insecure: true }, { node: 4, insecure: false }]';
    const plaintext = (node: number) =>
      expect.stringMatching(
        new RegExp(
          `peers\\[${node - 2}\\]: the link would be plaintext.*\\n.*value: \\["logging"\\].*insecure: true`,
        ),
      );
    const { texts } = await inspect(`${HEAD}codecs: [logging]\n${peers}`);
    expect(texts).toEqual([plaintext(2), plaintext(4)]);
    const { texts: allowed } = await inspect(`${HEAD}codecs: [logging]\ninsecure: true\n${peers}`);
    expect(allowed).toEqual([plaintext(4)]);
  });

  it('a file that is not there, or cannot be read as one', async () => {
    const absent = await inspectConfig(join(directory, 'absent.yaml'), plugIns);
    expect(absent.mistakes.map(mistakeText)).toEqual([
      expect.stringMatching(/absent\.yaml: no such file\n.*what to do: name an existing file/),
    ]);
    expect((await inspectConfig(directory, plugIns)).mistakes[0]?.problem).toBe('it is a directory');
  });

  it('tells all mistakes at once, in the order of the file, as one error', async () => {
    const file = join(directory, 'many.yaml');
    writeFileSync(
      file,
      'cluster: demo\nnode: 1\nlissen: tcp://h:1\ncodecs: [compression, logging]\npeers:\n  - { node: 1, dail: x }\n  - { node: 2, dial: ftp://h:1, nam: b }\n  - { node: 2, dial: tcp://h:1 }\ndcs: [{ id: 7, name: a, nodes: [1, 9] }]\npool: { slabs: 0 }\ninsecure: true\n',
    );
    const error = await loadConfig(file, plugIns).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ProxyError);
    const { code, message } = error as ProxyError;
    expect(code).toBe('M3_CONFIG');
    expect(message.split('\n')[0]).toBe(`10 mistakes in ${file}`);
    const keys = message.split('\n').flatMap((line) => /^\S+:\d+:\d+: (\S+): /.exec(line)?.[1] ?? []);
    expect(keys).toEqual([
      'lissen',
      'codecs',
      'peers[0]',
      'peers[0].node',
      'peers[0].dail',
      'peers[1].dial',
      'peers[1].nam',
      'peers[2].node',
      'dcs[0].nodes[1]',
      'pool.slabs',
    ]);
  });
});
