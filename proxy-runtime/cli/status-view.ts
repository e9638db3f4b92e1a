// SPDX-License-Identifier: MIT
/** A node's status as text, with the reference's names for columns and flags (section 6). */
import { ANY, MISC_FLAGS, NONE, RTS_FLAGS } from '../../core-kmod/binding/abi.ts';
import { type DcStatus, type LinkStatus, NODE_FLAGS, type NodeStatus, type ProcStatus } from '../status.ts';
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
    section('links', linksText(status.links, color)),
    ...status.dcs.flatMap(dcSections),
    section('counters', countersText(status.counters)),
  ];
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`;
}

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
    version: info.abiVersion,
    incarnation: info.incarnation,
    core: info.core,
    runtime_pid: info.runtimePid === 0 ? 'none' : info.runtimePid,
  });
}

function nodesText({ nodes }: NodeStatus): string {
  if (nodes.length === 0) return '';
  return tableText({
    head: ['ID', 'Flags', 'Proxies', '-pxsent-', '-pxrcvd-', 'DCs', 'Name', 'flags'],
    left: ['Name', 'flags'],
    rows: nodes.map((node) => [
      node.node,
      hex(node.flags),
      node.proxyPid === 0 ? '-' : node.proxyPid,
      node.recordsSent,
      node.recordsReceived,
      node.dcs,
      node.name,
      flagNames(node.flags, NODE_FLAGS),
    ]),
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
  return [table, ...errors, ...plaintextWarning(links, color)].join('\n');
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
    dc_name: dc.name,
    nr_procs: dc.procs,
    nr_tasks: dc.tasks,
    nr_nodes: dc.nodes.length,
    dc_nodes: dc.nodes.join(','),
    warn2proc: endpointName(dc.warn2proc),
    bound: dc.bound,
    members: dc.members,
    arena: `${dc.arenaUsed}/${dc.arenaBytes}`,
    mode: `0${dc.mode.toString(8)}`,
  });
  const title = `DC ${dc.name}`;
  return [
    section(title, info),
    section(`${title}: procs`, dc.processes.length === 0 ? '' : procsText(dc)),
    section(`${title}: stats`, dc.processes.length === 0 ? '' : statsText(dc)),
    section(`${title}: counters`, countersText(dc.counters)),
  ];
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
