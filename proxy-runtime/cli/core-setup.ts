// SPDX-License-Identifier: MIT
/** A node's core as its configuration wants it: created, or, after a runtime that was killed, taken over as it is. */
import { existsSync, lstatSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { NodeCore } from '../../core-kmod/binding/core.ts';
import { type Config, coreName, coreNameText, type DcConfig } from '../config/index.ts';
import { CoreError, ProxyError } from '../errors.ts';

/** Nodes and DCs a core has room for; ids in a configuration are below these. */
const MIN_NODES = 32;
const MIN_DCS = 32;
const OTHERS_WRITE = 0o022;

/** Throws CoreErrors, M3_CONFIG when it is the core of another node, M3_UNAVAILABLE when there is no such device. */
export function setUpCore(config: Config): NodeCore {
  const core = openOrCreate(config);
  try {
    for (const { node, name } of config.peers) core.nodeUp(node, name);
    for (const dc of config.dcs) setUpDc(core, dc);
    loadLanes(core, config);
    return core;
  } catch (error) {
    core.close();
    throw error;
  }
}

/** The process that serves the core, or 0. M3_CONFIG: the core is another node's. */
export function servingPid(config: Config): number {
  const core = openExisting(config);
  try {
    return core?.info().runtimePid ?? 0;
  } finally {
    core?.close();
  }
}

function openOrCreate(config: Config): NodeCore {
  const dir = coreName(config.core);
  const core = openExisting(config);
  if (core !== undefined) return unserved(core, dir);
  if (config.core.backend === 'embedded') {
    makeParent(dir);
    checkPlace(config);
  } else checkDevice(config.core.path);
  return NodeCore.create(dir, {
    node: config.node,
    cluster: config.cluster,
    maxNodes: roomFor([config.node, ...config.peers.map(({ node }) => node)], MIN_NODES),
    maxDcs: roomFor(
      config.dcs.map(({ id }) => id),
      MIN_DCS,
    ),
  });
}

/** Undefined: there is none. */
function openExisting(config: Config): NodeCore | undefined {
  const dir = coreName(config.core);
  checkPlace(config);
  try {
    return ownCore(NodeCore.open(dir), config, dir);
  } catch (error) {
    if (!(error instanceof CoreError) || !['EDVSINIT', 'ENOENT'].includes(error.code)) throw error;
    return undefined;
  }
}

const roomFor = (ids: readonly number[], least: number): number =>
  Math.max(least, ...ids.map((id) => id + 1));

function makeParent(dir: string): void {
  try {
    makeDirectory(dirname(dir));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ProxyError('M3_CONFIG', `core embedded:${dir}: its directory cannot be made: ${reason}`, {
      cause,
    });
  }
}

/**
 * A default place lies where everyone may write: somebody else may have made it before, with a core, or to change what is
 * put there. A place that the configuration names is its author's business.
 */
function checkPlace({ core }: Config): void {
  if (core.backend !== 'embedded' || core.why === undefined) return;
  const place = dirname(core.path);
  const stat = lstatSync(place, { throwIfNoEntry: false });
  if (stat === undefined) return;
  const me = process.getuid?.() ?? stat.uid;
  if (stat.isDirectory() && stat.uid === me && (stat.mode & OTHERS_WRITE) === 0) return;
  const mode = (stat.mode & 0o777).toString(8);
  const text = `${place} is no directory that user ${me} alone can write to (it is user ${stat.uid}'s, of mode 0${mode})`;
  throw new ProxyError('M3_CONFIG', `core embedded:${core.path}: ${text}`, {
    remedy: 'remove it, or name another place: `core: embedded:<directory>`',
  });
}

function checkDevice(path: string): void {
  if (existsSync(path)) return;
  throw new ProxyError(
    'M3_UNAVAILABLE',
    `core kernel:${path}: there is no such device; load the kernel module (core-kmod/README.md), or say embedded:<directory>`,
  );
}

/** Not `recursive: true`: Node tries for ever where a file system answers ENOENT to every mkdir, as /proc does. */
function makeDirectory(dir: string): void {
  try {
    mkdirSync(dir, { mode: 0o755 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(dir) === dir || existsSync(dirname(dir))) throw error;
    makeDirectory(dirname(dir));
    mkdirSync(dir, { mode: 0o755 });
  }
}

function ownCore(core: NodeCore, config: Config, dir: string): NodeCore {
  const { node, cluster } = core.info();
  if (node === config.node && cluster === config.cluster) return core;
  const text = `it is of node ${node} of cluster ${cluster}, the configuration of node ${config.node} of ${config.cluster}`;
  return refused(core, `core ${coreNameText(dir)}: ${text}; name another, or end that one`);
}

function unserved(core: NodeCore, dir: string): NodeCore {
  const { runtimePid } = core.info();
  if (runtimePid === 0 || runtimePid === process.pid) return core;
  const remedy = 'take its place with `up --replace` or `--standby`, or name another directory';
  return refused(core, `core ${coreNameText(dir)}: process ${runtimePid} serves it already; ${remedy}`);
}

function refused(core: NodeCore, text: string): never {
  core.close();
  throw new ProxyError('M3_CONFIG', text);
}

function existing({ name }: DcConfig, cgroup: string): string {
  if (existsSync(cgroup)) return cgroup;
  throw new ProxyError(
    'M3_CONFIG',
    `DC ${name}: there is no cgroup ${cgroup}: make that directory, or name another`,
  );
}

function setUpDc(core: NodeCore, dc: DcConfig): void {
  const { id, name, tasks, procs, arenaBytes, mode, gid, warn, affinity, cpus, implicitGrants, cgroup } = dc;
  try {
    checkDc(core, dc);
  } catch (error) {
    if (!isCode(error, 'EDCNOTRUN')) throw error;
    core.dcInit({
      ...{ dc: id, name, tasks, procs, arenaBytes, mode, affinity, cpus, implicitGrants },
      ...(gid === null ? {} : { gid }),
      ...(warn === null ? {} : { warn }),
      ...(cgroup === null ? {} : { cgroup: existing(dc, cgroup) }),
    });
  }
  for (const node of dc.nodes) {
    if (node !== core.node) unless('EDCNODE', () => core.addNode(id, node));
  }
  // Bound already: by an earlier start, or by the client's first call.
  for (const { endpoint, node, name } of dc.remote) {
    unless('ESLOTUSED', () => core.rmtbind(id, name, endpoint, node));
  }
}

/** Endpoints that a codec of any link calls urgent are, in their DC; an endpoint has one lane to all its peers. */
export function loadLanes(core: NodeCore, { dcs, peers }: Config): void {
  const ranges = peers.flatMap(({ codecs }) => codecs.flatMap((codec) => codec.urgent?.() ?? []));
  for (const { id, tasks, procs } of dcs) {
    let urgent = 0n;
    for (const { dc, first, last } of ranges) {
      if (dc !== id) continue;
      for (let endpoint = Math.max(first, -tasks); endpoint <= Math.min(last, procs - 1); endpoint++) {
        urgent |= 1n << BigInt(endpoint + tasks);
      }
    }
    core.setLanes(id, urgent);
  }
}

function checkDc(core: NodeCore, dc: DcConfig): void {
  const { name, tasks, procs } = core.dcInfo(dc.id);
  if (name === dc.name && tasks === dc.tasks && procs === dc.procs) return;
  throw new ProxyError(
    'M3_CONFIG',
    `DC ${dc.id} runs as ${name} with ${tasks} tasks and ${procs} procs, the configuration says ${dc.name} with ${dc.tasks} and ${dc.procs}; end it first, or make them agree`,
  );
}

function unless(code: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!isCode(error, code)) throw error;
  }
}

const isCode = (error: unknown, code: string): boolean => error instanceof CoreError && error.code === code;
