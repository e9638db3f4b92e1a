// SPDX-License-Identifier: MIT
/** A node's status as text, with the reference's names for columns and flags (section 6). */
import { ANY, LIMITS, MISC_FLAGS, NONE, RTS_FLAGS } from '../../core-kmod/binding/abi.ts';
import {
  type DcStatus,
  type LinkStatus,
  NODE_FLAGS,
  type NodeStatus,
  PROXY_FLAGS,
  type PrivilegeRow,
  type ProcStatus,
  type ProxyRow,
} from '../status.ts';
import { lanesText, waitsText } from './backlog-view.ts';
import { compressionText } from './compression-view.ts';
import { tableText } from './table.ts';

export interface ViewOptions {
  /** Colour what needs attention: for a terminal. */
  readonly color: boolean;
}

/** All of it, in sections; ends with a line end. */
export function statusText(status: NodeStatus, { color }: ViewOptions): string {
  const sections = [
    infoText(status),
    section('nodes', nodesText(status)),
    section('proxies: info', proxiesText(status.proxies)),
    section('proxies: procs', proxyProcsText(status.proxies)),
    section('links', linksText(status.links, color)),
    section('links: codecs', stagesText(status.links)),
    section('links: compression', compressionText(status.counters)),
    ...status.dcs.flatMap(dcSections),
    section('counters', countersText(status.counters)),
  ];
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

/** CONNECTED of p_misc_flags (reference 2.6), which only a proxy has. */
const PROXY_CONNECTED = 0x2;

const section = (title: string, body: string): string => (body === '' ? '' : `${title}\n${body}`);

function infoText({ info, nodes, dcs }: NodeStatus): string {
  return pairs({
    name: info.cluster,
    nodeid: info.node,
    node_name: info.name,
    nr_dcs: dcs.length,
    nr_nodes: nodes.length,
    max_dcs: info.maxDcs,
    max_nodes: info.maxNodes,
    max_nr_procs: LIMITS.endpoints,
    max_nr_tasks: LIMITS.tasks,
    max_sys_procs: LIMITS.endpoints,
    max_copy_buf: LIMITS.chunkBytes,
    max_copy_len: LIMITS.copyBytes,
    version: info.abiVersion,
    incarnation: info.incarnation,
    core: info.core,
    runtime_pid: info.runtimePid === 0 ? 'none' : info.runtimePid,
    ...(info.runtimeError === undefined ? {} : { runtime_error: info.runtimeError }),
  });
}

function nodesText({ nodes, proxies }: NodeStatus): string {
  if (nodes.length === 0) return '';
  return tableText({
    head: ['ID', 'Flags', 'Proxies', '-pxsent-', '-pxrcvd-', RULER, 'Name', 'flags'],
    left: [RULER, 'Name', 'flags'],
    rows: nodes.map((node) => [
      node.node,
      hex(node.flags),
      proxies.find((proxy) => proxy.nodes.includes(node.node))?.id ?? '-',
      node.recordsSent,
      node.recordsReceived,
      ruled(node.dcs),
      node.name,
      flagNames(node.flags, NODE_FLAGS),
    ]),
  });
}

/** Numbers 31 to 0, by their last digit: the columns of {@link ruled}. */
const RULER = '10987654321098765432109876543210';

/** A set as the reference shows it: X under its columns; what is beyond them is named. */
function ruled(members: readonly number[]): string {
  const beyond = members.filter((member) => member > 31);
  const bits = Array.from({ length: 32 }, (_, at) => (members.includes(31 - at) ? 'X' : '-')).join('');
  return beyond.length === 0 ? bits : `${bits} ${beyond.join(',')}`;
}

function proxiesText(proxies: readonly ProxyRow[]): string {
  if (proxies.length === 0) return '';
  return tableText({
    head: ['Proxies', 'Flags', 'Sender', 'Receiver', '--Proxies_Name-', RULER, 'flags'],
    left: ['--Proxies_Name-', RULER, 'flags'],
    rows: proxies.map(({ id, flags, sender, receiver, name, nodes }) => [
      ...[id, hex(flags), sender, receiver, name, ruled(nodes), flagNames(flags, PROXY_FLAGS)],
    ]),
  });
}

/** Both halves of each pair. A half sends or receives records; it never waits for an endpoint. */
function proxyProcsText(proxies: readonly ProxyRow[]): string {
  if (proxies.length === 0) return '';
  const half = (proxy: ProxyRow, type: 'send' | 'recv') => {
    const isSender = type === 'send';
    const connected = proxy.flags & (isSender ? PROXY_FLAGS.SCONNECTED : PROXY_FLAGS.RCONNECTED);
    return [
      ...[proxy.id, type, isSender ? proxy.sender : proxy.receiver, 0],
      ...[hex(MISC_FLAGS.PROXY | (connected === 0 ? 0 : PROXY_CONNECTED))],
      ...[isSender ? proxy.sent : 0, isSender ? 0 : proxy.received, 'NONE', 'NONE', 'NONE', proxy.name],
    ];
  };
  return tableText({
    head: [
      ...['ID', 'Type', '-lpid-', '-flag-', '-misc-', '-pxsent-', '-pxrcvd-', '-getf-', '-sendt', '-wmig-'],
      'name',
    ],
    left: ['Type', 'name'],
    rows: proxies.flatMap((proxy) => [half(proxy, 'send'), half(proxy, 'recv')]),
  });
}

function linksText(links: readonly LinkStatus[], color: boolean): string {
  if (links.length === 0) return '';
  const table = tableText({
    head: ['peer', 'name', 'state', 'transport', 'codecs', 'connected since', 'reconnects', 'round trip'],
    left: ['name', 'state', 'transport', 'codecs', 'connected since'],
    rows: links.map((link) => [
      link.peer,
      link.name,
      link.state,
      link.url || '-',
      link.codecs.join(' > ') || 'none',
      link.connectedSince ?? '-',
      link.reconnects,
      link.roundTripMs === null ? '-' : `${link.roundTripMs.toFixed(2)} ms`,
    ]),
  });
  const errors = links.flatMap(({ peer, lastError }) =>
    lastError === undefined ? [] : `peer ${peer}: last error: ${lastError}`,
  );
  return [table, ...links.flatMap(passedOver), ...errors, ...plaintextWarning(links, color)].join('\n');
}

/** Which of several addresses is in use is in the table; this is why those before it are not. */
function passedOver({ peer, addresses }: LinkStatus): string[] {
  if (addresses.length < 2) return [];
  return addresses.flatMap(({ url, error }) =>
    error === undefined ? [] : `peer ${peer}: ${url} is not used: ${error}`,
  );
}

/** Of frames that were timed. */
function stagesText(links: readonly LinkStatus[]): string {
  const rows = links.flatMap(({ peer, stages }) =>
    stages.map(({ codec, way, frames, nsPerFrame, nsPerMessage }) => [
      ...[peer, codec, way, frames, nsPerFrame, nsPerMessage.toFixed(1)],
    ]),
  );
  const head = ['peer', 'codec', 'way', 'timed', 'ns/frame', 'ns/message'];
  return rows.length === 0 ? '' : tableText({ head, left: ['codec', 'way'], rows });
}

/** Said in words, not by colour alone. */
function plaintextWarning(links: readonly LinkStatus[], color: boolean): string[] {
  const peers = links.filter(({ plaintext }) => plaintext).map(({ peer }) => peer);
  if (peers.length === 0) return [];
  const text = `PLAINTEXT: nothing is encrypted on the link${peers.length > 1 ? 's' : ''} to ${peers.join(', ')}`;
  return [color ? `\u001b[31m${text}\u001b[39m` : text];
}

function dcSections(dc: DcStatus): string[] {
  const info = pairs({
    dcid: dc.id,
    flags: dcFlags(dc) || 0,
    dc_name: dc.name,
    nr_procs: dc.procs,
    nr_tasks: dc.tasks,
    nr_sysprocs: dc.tasks + dc.procs,
    nr_nodes: dc.nodes.length,
    dc_nodes: hexSet(dc.nodes),
    nodes: dc.nodes.join(','),
    warn2proc: endpointName(dc.warn2proc),
    warnmsg: dc.warnmsg,
    cpumask: dc.cpus.length === 0 ? 'any' : hexSet(dc.cpus),
    bound: dc.bound,
    members: dc.members,
    arena: `${dc.arenaUsed}/${dc.arenaBytes}`,
    mode: `0${dc.mode.toString(8)}`,
  });
  const title = `DC ${dc.name}`;
  return [
    section(title, info),
    section(`${title}: procs`, dc.processes.length === 0 ? '' : procsText(dc)),
    section(`${title}: lanes`, lanesText(dc)),
    section(`${title}: waits`, waitsText(dc)),
    section(`${title}: stats`, dc.processes.length === 0 ? '' : statsText(dc)),
    section(
      `${title}: ipcto`,
      privilegesText(dc, TO_RULER, ({ to }) => to),
    ),
    section(
      `${title}: dvkcalls`,
      privilegesText(dc, CALL_RULER, ({ calls }) => calls),
    ),
    section(`${title}: counters`, countersText(dc.counters)),
  ];
}

const dcFlags = ({ affinity, implicitGrants }: DcStatus): string =>
  [affinity ? 'AFFINITY' : '', implicitGrants ? '' : 'NO_IMPLICIT_GRANTS'].filter((name) => name).join('|');

const hexSet = (members: readonly number[]): string =>
  members.reduce((set, member) => set | (1n << BigInt(member)), 0n).toString(16);

/** Columns 63 to 0 of the first slots, and 47 to 0 of the calls, by their last digit. */
const ruler = (columns: number): string =>
  Array.from({ length: columns }, (_, at) => (columns - 1 - at) % 10).join('');
const TO_RULER = ruler(64);
const CALL_RULER = ruler(48);

/** What local processes may do: X in a column that is allowed. */
function privilegesText(
  { privileges, tasks }: DcStatus,
  columns: string,
  setOf: (row: PrivilegeRow) => string,
): string {
  if (privileges.length === 0) return '';
  return tableText({
    head: ['-nr', 'id', '--wr-', 'lv', columns],
    left: [columns],
    rows: privileges.map((row) => {
      const set = BigInt(`0x${setOf(row)}`);
      const bits = Array.from(columns, (_, at) => (set >> BigInt(columns.length - 1 - at)) & 1n);
      const drawn = bits.map((bit) => (bit === 1n ? 'X' : '-')).join('');
      return [row.slot, row.slot + tasks, endpointName(row.warn), row.level, drawn];
    }),
  });
}

function procsText(dc: DcStatus): string {
  return tableText({
    head: [
      ...['DC', 'p_nr', '-endp-', '-lpid-', 'node', 'flag', 'misc', '-getf-', '-sndt-', '-wmig-', '-prxy-'],
      ...['name', 'flags'],
    ],
    left: ['name', 'flags'],
    rows: dc.processes.map((proc) => [
      ...[dc.id, proc.slot, proc.endpoint, pidText(proc), proc.node, hex(proc.rtsFlags), hex(proc.miscFlags)],
      ...[proc.getfrom, proc.sendto, proc.waitmigr, proc.proxy].map(endpointName),
      proc.name,
      [flagNames(proc.rtsFlags, RTS_FLAGS), flagNames(proc.miscFlags, MISC_FLAGS)]
        .filter((names) => names !== '')
        .join(' / '),
    ]),
  });
}

function statsText(dc: DcStatus): string {
  return tableText({
    head: ['DC', 'pnr', '-endp', '-lpid-', 'nd', '--lsnt--', '--rsnt--', '-lcopy--', '-rcopy--', 'name'],
    left: ['name'],
    rows: dc.processes.map((proc) => [
      ...[dc.id, proc.slot, proc.endpoint, pidText(proc), proc.node],
      ...[proc.localSent, proc.remoteSent, proc.localCopies, proc.remoteCopies, proc.name],
    ]),
  });
}

/** Zeros are left out: what happened is what is looked for. */
function countersText(counters: Readonly<Record<string, number>>): string {
  return pairs(Object.fromEntries(Object.entries(counters).filter(([, value]) => value !== 0)));
}

const pairs = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n');

const hex = (flags: number): string => flags.toString(16);
const pidText = ({ pid }: ProcStatus): string | number => (pid === 0 ? '-' : pid);

/** `RECEIVING|ONCOPY`; bits without a name as one hexadecimal rest. */
export function flagNames(flags: number, names: Readonly<Record<string, number>>): string {
  const known = Object.entries(names).filter(([, bit]) => (flags & bit) !== 0);
  const rest = known.reduce((left, [, bit]) => left & ~bit, flags);
  return [...known.map(([name]) => name), ...(rest === 0 ? [] : [`0x${hex(rest)}`])].join('|');
}

function endpointName(endpoint: number): string | number {
  if (endpoint === NONE) return 'NONE';
  return endpoint === ANY ? 'ANY' : endpoint;
}
