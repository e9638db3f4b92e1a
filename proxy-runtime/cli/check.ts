// SPDX-License-Identifier: MIT
import type { Command } from 'commander';
import {
  type Address,
  type Config,
  coreText,
  inspectConfig,
  mistakesError,
  surroundings,
} from '../config/index.ts';
import type { Codec } from '../contract.ts';
import { keyText } from '../key-pair.ts';
import { isPlaintext } from '../pipeline.ts';
import { EXIT_FAILURE, failureOf, printFailure, printJson, printText } from './output.ts';
import { plugIns } from './plug-ins.ts';
import { tableText } from './table.ts';

/** A configuration with every default filled in; what can be written as JSON. */
export function configSummary(config: Config) {
  const {
    cluster,
    node,
    name,
    core,
    listen,
    dcs,
    peers,
    pool,
    reconnect,
    liveness,
    onDisconnect,
    log,
    metrics,
    keyFile = null,
    pskFile = null,
  } = config;
  return {
    cluster,
    node,
    name,
    core: coreText(core),
    coreWhy: core.why ?? null,
    listen: listen.map(hrefOf),
    dcs: dcs.map(({ mode, ...dc }) => ({ ...dc, mode: modeText(mode) })),
    keyFile,
    pskFile,
    peers: peers.map(({ dial, codecs, codecOptions, publicKeys, ...peer }) => ({
      ...peer,
      dial: dial.map(hrefOf),
      codecs: codecs.map(({ id, level }, at) => ({ id, level, ...codecOptions[at] })),
      publicKeys: publicKeys.map(keyText),
      plaintext: isPlaintext(codecs),
    })),
    pool,
    reconnect,
    liveness,
    onDisconnect,
    log,
    metrics: { listen: metrics.listen?.href ?? null },
    warnings: warningsOf(config),
  };
}

const hrefOf = ({ url }: Address): string => url.href;

type Summary = ReturnType<typeof configSummary>;

const coreWarnings = (core: Config['core']): string[] =>
  core.backend === 'embedded' || surroundings().hasDevice(core.path)
    ? []
    : [`core ${coreText(core)}: no such device: load the kernel module, see core-kmod/README.md`];

/** Right in itself, yet this machine cannot start it, or it is hardly what was meant. */
function warningsOf({ core, listen, peers }: Config): string[] {
  const addresses = [...listen, ...peers.flatMap(({ dial }) => dial)];
  const transports = new Set(addresses.map(({ transport }) => transport));
  const missing = [...transports].flatMap((transport) => {
    const why = transport.missing();
    return why === undefined ? [] : `transport ${transport.scheme}: ${why}`;
  });
  const behind = peers.flatMap(({ node, codecs }) =>
    behindEncryption(codecs).map((why) => `peer ${node}: ${why}`),
  );
  return [...coreWarnings(core), ...missing, ...behind];
}

/** Sealed bytes do not shrink, and what stands behind the seal takes bytes that nobody has authenticated. */
function behindEncryption(codecs: readonly Codec[]): string[] {
  const at = codecs.findIndex(({ handshake }) => handshake !== undefined);
  const last = codecs[at];
  if (last === undefined) return [];
  return codecs
    .slice(at + 1)
    .map(({ id }) => `"${id}" stands behind "${last.id}" and gets sealed bytes; put "${last.id}" last`);
}

const modeText = (mode: number): string => `0${mode.toString(8).padStart(3, '0')}`;

export function summaryText(summary: Summary): string {
  const { cluster, node, name, core, coreWhy, listen, pool, reconnect, liveness, onDisconnect } = summary;
  const lines = [
    'ok',
    `node ${node} (${name}) of cluster ${cluster}`,
    `core       ${core}${coreWhy === null ? '' : ` (auto: ${coreWhy})`}`,
    `listen     ${listen.join(', ') || 'none, this node only dials'}`,
    `pool       ${pool.slabs} slabs`,
    `reconnect  after ${reconnect.minMs} to ${reconnect.maxMs} ms`,
    `liveness   ping after ${liveness.intervalMs} ms, closed after ${liveness.misses} misses`,
    `no link    calls ${holdText(onDisconnect)}`,
    ...[dcsText(summary), peersText(summary)].filter((table) => table !== '').map((table) => `\n${table}`),
    ...summary.warnings.map((warning) => `\nwarning: ${warning}`),
  ];
  return lines.join('\n');
}

function holdText({ policy, holdMs }: Summary['onDisconnect']): string {
  if (policy === 'fail') return 'end at once';
  return holdMs === null ? 'wait to their deadline' : `wait ${holdMs} ms`;
}

function dcsText({ dcs }: Summary): string {
  if (dcs.length === 0) return '';
  return tableText({
    head: ['DC', 'name', 'tasks', 'procs', 'arena', 'mode', 'group', 'nodes'],
    left: ['name', 'nodes'],
    rows: dcs.map((dc) => [
      ...[dc.id, dc.name, dc.tasks, dc.procs, `${dc.arenaBytes / 1024} KiB`, dc.mode, dc.gid ?? '-'],
      dc.nodes.join(', '),
    ]),
  });
}

function peersText({ peers }: Summary): string {
  if (peers.length === 0) return '';
  return tableText({
    head: ['peer', 'name', 'link', 'secrecy', 'codecs'],
    left: ['name', 'link', 'secrecy', 'codecs'],
    rows: peers.map(({ node, name, dial, codecs, plaintext }) => [
      node,
      name,
      dial.length === 0 ? 'the peer dials' : `dials ${dial.join(', else ')}`,
      plaintext ? 'PLAINTEXT' : 'encrypted',
      codecs.map(({ id }) => id).join(' > ') || 'none',
    ]),
  });
}

async function action(file: string, { json = false }: { json?: boolean }): Promise<void> {
  const { config, mistakes } = await inspectConfig(file, plugIns);
  if (config !== undefined) {
    const summary = configSummary(config);
    if (json) printJson({ ok: true, config: summary });
    else printText(summaryText(summary));
    return;
  }
  const failure = failureOf(mistakesError(file, mistakes));
  if (json) printJson({ ok: false, error: failure, mistakes });
  else printFailure({ ...failure, remedy: 'correct what each line names' }, false);
  process.exitCode = EXIT_FAILURE;
}

export const registerCheck = (program: Command): void => {
  program
    .command('check')
    .description("check a node's configuration; tells all mistakes at once, or what it comes to")
    .argument('<config>', 'a YAML or JSON file')
    .option('--json', 'print JSON')
    .action(action);
};
