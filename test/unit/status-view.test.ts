// SPDX-License-Identifier: MIT
import { expect, it } from 'vitest';
import { ANY, MISC_FLAGS, NONE, RTS_FLAGS } from '../../core-kmod/binding/abi.ts';
import { flagNames, statusText } from '../../proxy-runtime/cli/status-view.ts';
import { tableText } from '../../proxy-runtime/cli/table.ts';
import type { NodeStatus, ProcStatus } from '../../proxy-runtime/status.ts';

const idle: ProcStatus = {
  slot: 10,
  endpoint: 10,
  pid: 4711,
  node: 1,
  rtsFlags: RTS_FLAGS.RECEIVING,
  miscFlags: MISC_FLAGS.GRPLEADER,
  getfrom: ANY,
  sendto: NONE,
  waitmigr: NONE,
  proxy: NONE,
  wait: 0,
  waitLane: 0,
  waitSinceMs: 0,
  localSent: 5,
  remoteSent: 1200,
  localCopies: 0,
  remoteCopies: 65_536,
  name: 'server',
};
const remote: ProcStatus = {
  ...idle,
  slot: 20,
  endpoint: 20,
  pid: 0,
  node: 2,
  rtsFlags: 0x1000,
  miscFlags: 0,
  getfrom: NONE,
  name: 'client',
};

const status: NodeStatus = {
  info: {
    cluster: 'demo',
    node: 1,
    name: 'alpha',
    core: 'embedded:/run/m3ipc/1',
    incarnation: '6921e0f2deadbeef',
    abiVersion: 1,
    maxNodes: 32,
    maxDcs: 16,
    runtimePid: 99,
  },
  nodes: [
    { node: 1, name: 'alpha', flags: 6, dcs: [7], proxyPid: 0, recordsSent: 0, recordsReceived: 0 },
    { node: 2, name: 'beta', flags: 14, dcs: [7, 40], proxyPid: 99, recordsSent: 1200, recordsReceived: 31 },
  ],
  proxies: [
    { id: 2, flags: 7, sender: 98, receiver: 99, name: 'beta', nodes: [2], sent: 1200, received: 31 },
  ],
  dcs: [
    {
      id: 7,
      name: 'shop',
      tasks: 35,
      procs: 221,
      nodes: [1, 2],
      bound: 2,
      members: 1,
      arenaBytes: 1 << 26,
      arenaUsed: 4096,
      mode: 0o660,
      warn2proc: 2,
      warnmsg: 70,
      affinity: true,
      implicitGrants: false,
      cpus: [0, 1, 33],
      privileges: [{ slot: 10, level: 1, warn: NONE, to: '1f', calls: 'ffffffffffffffef' }],
      lanes: [
        { peer: 2, lane: 'urgent', queued: 0, inFlight: 0, window: 1024 },
        { peer: 2, lane: 'normal', queued: 1, inFlight: 7, window: 1024 },
      ],
      waits: [{ endpoint: 10, to: 20, node: 2, lane: 'normal', stage: 'in flight', forMs: 1500 }],
      processes: [idle, remote],
      counters: { delivered: 31, duplicates: 0 },
    },
  ],
  links: [
    {
      peer: 2,
      name: 'beta',
      state: 'connected',
      url: 'tcp://127.0.0.1:7102',
      codecs: ['logging', 'compression'],
      plaintext: true,
      connectedSince: '2026-01-02T03:04:05.000Z',
      reconnects: 3,
      roundTripMs: 0.128,
      addresses: [{ url: 'unix:///run/beta', error: 'nobody listens' }, { url: 'tcp://127.0.0.1:7102' }],
      stages: [{ codec: 'logging', way: 'out', frames: 12, nsPerFrame: 640, nsPerMessage: 20 }],
    },
  ],
  counters: { frames_sent: 17, frames_corrupt: 0 },
};

const PLAIN = `name=demo
nodeid=1
node_name=alpha
nr_dcs=1
nr_nodes=2
max_dcs=16
max_nodes=32
max_nr_procs=4096
max_nr_tasks=256
max_sys_procs=4096
max_copy_buf=65536
max_copy_len=1048576
version=1
incarnation=6921e0f2deadbeef
core=embedded:/run/m3ipc/1
runtime_pid=99

nodes
ID  Flags  Proxies  -pxsent-  -pxrcvd-  10987654321098765432109876543210     Name   flags
 1      6        -         0         0  ------------------------X-------     alpha  ATTACHED|SCONNECTED
 2      e        2      1200        31  ------------------------X------- 40  beta   ATTACHED|SCONNECTED|RCONNECTED

proxies: info
Proxies  Flags  Sender  Receiver  --Proxies_Name-  10987654321098765432109876543210  flags
      2      7      98        99  beta             -----------------------------X--  INUSE|SCONNECTED|RCONNECTED

proxies: procs
ID  Type  -lpid-  -flag-  -misc-  -pxsent-  -pxrcvd-  -getf-  -sendt  -wmig-  name
 2  send      98       0       3      1200         0    NONE    NONE    NONE  beta
 2  recv      99       0       3         0        31    NONE    NONE    NONE  beta

links
peer  name  state      transport             codecs                 connected since           reconnects  round trip
   2  beta  connected  tcp://127.0.0.1:7102  logging > compression  2026-01-02T03:04:05.000Z           3     0.13 ms
peer 2: unix:///run/beta is not used: nobody listens
PLAINTEXT: nothing is encrypted on the link to 2

links: codecs
peer  codec    way  timed  ns/frame  ns/message
   2  logging  out     12       640        20.0

DC shop
dcid=7
flags=AFFINITY|NO_IMPLICIT_GRANTS
dc_name=shop
nr_procs=221
nr_tasks=35
nr_sysprocs=256
nr_nodes=2
dc_nodes=6
nodes=1,2
warn2proc=2
warnmsg=70
cpumask=200000003
bound=2
members=1
arena=4096/67108864
mode=0660

DC shop: procs
DC  p_nr  -endp-  -lpid-  node  flag  misc  -getf-  -sndt-  -wmig-  -prxy-  name    flags
 7    10      10    4711     1     8    20     ANY    NONE    NONE    NONE  server  RECEIVING / GRPLEADER
 7    20      20       -     2  1000     0    NONE    NONE    NONE    NONE  client  REMOTE

DC shop: lanes
peer  lane    queued  in flight  window
   2  normal       1          7    1024

DC shop: waits
-endp-  waits for  node  lane    stage        ms
    10         20     2  normal  in flight  1500

DC shop: stats
DC  pnr  -endp  -lpid-  nd  --lsnt--  --rsnt--  -lcopy--  -rcopy--  name
 7   10     10    4711   1         5      1200         0     65536  server
 7   20     20       -   2         5      1200         0     65536  client

DC shop: ipcto
-nr  id  --wr-  lv  3210987654321098765432109876543210987654321098765432109876543210
 10  45   NONE   1  -----------------------------------------------------------XXXXX

DC shop: dvkcalls
-nr  id  --wr-  lv  765432109876543210987654321098765432109876543210
 10  45   NONE   1  XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX-XXXX

DC shop: counters
delivered=31

counters
frames_sent=17
`;

it('shows the node, its nodes, links, DCs and counters under the names of the reference', () => {
  expect(statusText(status, { color: false })).toBe(PLAIN);
});

it('warns of plaintext in red on a terminal only, and not of an encrypted link', () => {
  expect(statusText(status, { color: true })).toContain(
    '\u001b[31mPLAINTEXT: nothing is encrypted on the link to 2\u001b[39m',
  );
  const sealed = { ...status, links: status.links.map((link) => ({ ...link, plaintext: false })) };
  expect(statusText(sealed, { color: true })).not.toContain('PLAINTEXT');
});

it('shows a node without runtime, peers or DCs, and why a link broke', () => {
  const empty = {
    ...status,
    info: { ...status.info, runtimePid: 0 },
    nodes: [],
    proxies: [],
    dcs: [],
    links: [],
    counters: {},
  };
  const text = statusText(empty, { color: false });
  expect(text).toContain('nr_dcs=0');
  expect(text).toMatch(/runtime_pid=none\n$/);
  const down = status.links.map((link) => ({
    ...link,
    state: 'dialling' as const,
    connectedSince: null,
    roundTripMs: null,
    codecs: [],
    lastError: 'M3_REFUSED: nobody listens',
  }));
  expect(statusText({ ...empty, links: down }, { color: false })).toMatch(
    /dialling +tcp:\S+ +none +- +3 +-\npeer 2: unix:\S+ is not used: nobody listens\npeer 2: last error: M3_REFUSED: nobody listens\n/,
  );
});

it('names flags, and keeps bits that have no name', () => {
  expect(flagNames(0, RTS_FLAGS)).toBe('');
  expect(flagNames(RTS_FLAGS.ONCOPY | RTS_FLAGS.RECEIVING | 0x2, RTS_FLAGS)).toBe('RECEIVING|ONCOPY|0x2');
});

it('aligns to the right but for the columns named, without trailing blanks', () => {
  const table = tableText({
    head: ['n', 'name'],
    rows: [
      [1000, 'a'],
      [7, 'longer'],
    ],
    left: ['name'],
  });
  expect(table).toBe('   n  name\n1000  a\n   7  longer');
});

it('shows what compression makes of each link that sends through it', () => {
  const of = (peer: number, name: string) => `${name}{peer="${peer}",codec="compression"}`;
  const counters = {
    ...{ [of(2, 'bytes_before')]: 10_000, [of(2, 'bytes_after')]: 2500, [of(2, 'frames_compressed')]: 4 },
    ...{ [of(3, 'frames_passed')]: 9, [of(3, 'frames_skipped')]: 7, [of(3, 'bytes_before')]: 900 },
    ...{ [of(3, 'bytes_after')]: 909, [of(4, 'refused_flag')]: 1, 'bytes_before{peer="5",codec="mine"}': 1 },
  };
  expect(statusText({ ...status, counters }, { color: false })).toContain(`links: compression
peer  bytes  became  ratio  compressed  passed  of these untried
   2  10000    2500   0.25           4       0                 0
   3    900     909   1.01           0       9                 7

`);
  expect(statusText(status, { color: false })).not.toContain('links: compression');
});
