// SPDX-License-Identifier: MIT
/**
 * Rules that join several keys. Each looks only at what the schema accepted, so none repeats or multiplies a mistake
 * that `checkShape` has told already.
 */
import { LIMITS } from '../../core-kmod/binding/abi.ts';
import type { Draft, Report } from './draft.ts';
import { type KeyPath, keyText } from './mistake.ts';

type Rule = (draft: Draft, report: Report) => void;

/** Applies all rules. */
export function checkRules(draft: Draft, report: Report): void {
  for (const rule of RULES) rule(draft, report);
}

const peerIdsDiffer: Rule = ({ peers }, report) =>
  eachRepeated(
    peers.map(({ fields }) => fields.node),
    (at) => ['peers', at, 'node'],
    (path, value, first) =>
      report(path, `${keyText(first)} has the same node id`, {
        value,
        remedy: 'give each peer its own node id, or remove one entry',
      }),
  );

const peersAreOthers: Rule = ({ top, peers }, report) => {
  for (const [at, { fields }] of peers.entries()) {
    if (fields.node === undefined || fields.node !== top.node) continue;
    report(['peers', at, 'node'], "it is this node's own id", {
      value: fields.node,
      allowed: `any other id below ${LIMITS.nodes}`,
      remedy: 'name another node, correct the top-level `node`, or remove the entry',
    });
  }
};

/** Whose key another node has, can speak as that node. */
const publicKeysDiffer: Rule = ({ peers }, report) => {
  const all = peers.flatMap(({ fields }, at) => [fields.publicKey ?? []].flat().map((key) => ({ key, at })));
  eachRepeated(
    all.map(({ key }) => key),
    (entry) => ['peers', all[entry]?.at ?? 0, 'publicKey'],
    (path, value, first) =>
      report(path, `${keyText(first)} has it too`, {
        value,
        remedy: 'give each node a key of its own, and name it once',
      }),
  );
};

const someoneDials: Rule = ({ top, peers }, report) => {
  if (top.listen !== null) return;
  for (const [at, { fields }] of peers.entries()) {
    if (!('dial' in fields) || fields.dial !== undefined) continue;
    const peer = fields.node === undefined ? 'this peer' : `node ${fields.node}`;
    report(
      ['peers', at],
      `neither node can dial: this node has no \`listen\`, and this entry no \`dial\` for ${peer}`,
      {
        remedy: 'add `dial` here (the smaller id dials, as a rule), or `listen` at the top if the peer dials',
      },
    );
  }
};

const dcIdsDiffer: Rule = ({ dcs }, report) =>
  eachRepeated(
    dcs.map(({ id }) => id),
    (at) => ['dcs', at, 'id'],
    (path, value, first) =>
      report(path, `${keyText(first)} is the same`, { value, remedy: 'give each DC its own id' }),
  );

const dcNamesDiffer: Rule = ({ dcs }, report) =>
  eachRepeated(
    dcs.map(({ name }) => name),
    (at) => ['dcs', at, 'name'],
    (path, value, first) =>
      report(path, `${keyText(first)} is the same`, { value, remedy: 'give each DC its own name' }),
  );

const dcNodesDiffer: Rule = ({ dcs }, report) => {
  for (const [dc, { nodes = [] }] of dcs.entries()) {
    eachRepeated(
      nodes,
      (at) => ['dcs', dc, 'nodes', at],
      (path, value) => report(path, 'the node is listed twice', { value, remedy: 'remove one of them' }),
    );
  }
};

const dcSpansThisNode: Rule = ({ top, dcs }, report) => {
  if (top.node === undefined) return;
  for (const [dc, { nodes }] of dcs.entries()) {
    if (nodes === undefined || nodes.includes(top.node)) continue;
    report(['dcs', dc, 'nodes'], `this node (${top.node}) is not among them`, {
      value: nodes,
      remedy: `add ${top.node}, or remove the DC from this file`,
    });
  }
};

const dcSpansPeers: Rule = ({ top, dcs, peers }, report) => {
  const known = [top.node, ...peers.map(({ fields }) => fields.node)];
  if (known.includes(undefined)) return;
  const allowed = known.join(', ');
  for (const [dc, { nodes = [] }] of dcs.entries()) {
    for (const [at, node] of nodes.entries()) {
      if (known.includes(node)) continue;
      report(['dcs', dc, 'nodes', at], `node ${node} is not a peer`, {
        value: node,
        allowed,
        remedy: `add a peer with \`node: ${node}\`, or remove it here`,
      });
    }
  }
};

const dcFits: Rule = ({ dcs }, report) => {
  for (const [dc, { tasks = 0, procs = 0 }] of dcs.entries()) {
    if (tasks + procs <= LIMITS.endpoints) continue;
    report(['dcs', dc, 'procs'], `tasks + procs is ${tasks + procs}`, {
      value: procs,
      allowed: `at most ${LIMITS.endpoints - tasks} with ${tasks} tasks`,
      remedy: 'make `procs` or `tasks` smaller',
    });
  }
};

const warnFits: Rule = ({ dcs }, report) => {
  for (const [dc, { warn, tasks = 35, procs = 221 }] of dcs.entries()) {
    if (!warn || (warn.endpoint >= -tasks && warn.endpoint < procs)) continue;
    report(['dcs', dc, 'warn', 'endpoint'], 'the DC has no such endpoint', {
      value: warn.endpoint,
      allowed: `${-tasks} to ${procs - 1}`,
      remedy: 'name an endpoint of the DC, or make `procs` or `tasks` larger on every node',
    });
  }
};

const dcCpusDiffer: Rule = ({ dcs }, report) => {
  for (const [dc, { cpus = [] }] of dcs.entries()) {
    eachRepeated(
      cpus,
      (at) => ['dcs', dc, 'cpus', at],
      (path, value) => report(path, 'the CPU is listed twice', { value, remedy: 'remove one of them' }),
    );
  }
};

const remotesFit: Rule = ({ top, dcs }, report) => {
  for (const [dc, { remote = [], nodes = [], tasks = 35, procs = 221 }] of dcs.entries()) {
    const others = nodes.filter((node) => node !== top.node);
    for (const [at, { endpoint, node }] of remote.entries()) {
      const path = ['dcs', dc, 'remote', at] as const;
      if (endpoint < -tasks || endpoint >= procs) {
        report([...path, 'endpoint'], 'the DC has no such endpoint', {
          value: endpoint,
          allowed: `${-tasks} to ${procs - 1}`,
          remedy: 'name an endpoint of the DC, or make `procs` or `tasks` larger on every node',
        });
      }
      if (!others.includes(node)) {
        report([...path, 'node'], `the DC spans no other node ${node}`, {
          value: node,
          allowed: others.join(', ') || 'none: the DC is on this node only',
          remedy: "name one of the DC's other nodes, or add it to `nodes`",
        });
      }
    }
    eachRepeated(
      remote.map(({ endpoint }) => endpoint),
      (at) => ['dcs', dc, 'remote', at, 'endpoint'],
      (where, value, first) =>
        report(where, `${keyText(first)} is the same`, { value, remedy: 'remove one of them' }),
    );
  }
};

const holdsOnlyIfHeld: Rule = ({ top: { onDisconnect } }, report) => {
  if (onDisconnect?.policy !== 'fail' || onDisconnect.holdMs === null) return;
  report(['onDisconnect', 'holdMs'], 'calls that fail at once are not held', {
    value: onDisconnect.holdMs,
    remedy: 'remove it, or say `policy: hold`',
  });
};

const backOffGrows: Rule = ({ top: { reconnect } }, report) => {
  if (reconnect === undefined || reconnect.minMs <= reconnect.maxMs) return;
  report(['reconnect', 'maxMs'], 'it is less than minMs', {
    value: reconnect.maxMs,
    allowed: `at least ${reconnect.minMs}, the value of minMs`,
    remedy: 'make `maxMs` larger, or `minMs` smaller',
  });
};

const RULES: readonly Rule[] = [
  peerIdsDiffer,
  peersAreOthers,
  publicKeysDiffer,
  someoneDials,
  dcIdsDiffer,
  dcNamesDiffer,
  dcNodesDiffer,
  dcSpansThisNode,
  dcSpansPeers,
  dcFits,
  dcCpusDiffer,
  warnFits,
  remotesFit,
  holdsOnlyIfHeld,
  backOffGrows,
];

function eachRepeated<T>(
  values: readonly (T | undefined)[],
  pathAt: (at: number) => KeyPath,
  found: (path: KeyPath, value: T, first: KeyPath) => void,
): void {
  for (const [at, value] of values.entries()) {
    const first = values.indexOf(value);
    if (value !== undefined && first < at) found(pathAt(at), value, pathAt(first));
  }
}
