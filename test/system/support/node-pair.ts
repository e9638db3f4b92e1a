// SPDX-License-Identifier: MIT
/** Two nodes for a test: configurations in a directory of their own, brought up by `m3ipc up` as users do. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NodeCore } from '../../../core-kmod/binding/core.ts';
import { packageRoot } from '../../../core-kmod/binding/native.ts';
import { generateKeyFile } from '../../../proxy-runtime/key-file.ts';
import { freePort } from './free-port.ts';
import { m3ipcOf, type Program } from './program.ts';

export const DC = 7;
/** Bound on node 2, called from node 1. */
export const SERVER = 10;

/** Of the pair; or 3, which has no configuration but the changes. */
const NODE_IDS = [1, 2, 3] as const;
export type NodeId = (typeof NODE_IDS)[number];

export interface Up extends Program {
  /** Addresses that it told when it was up. */
  readonly listening: readonly string[];
}

export interface Standby extends Program {
  /** Resolves when it has taken over. */
  readonly up: Promise<Up>;
}

export interface NodePair {
  readonly dir: string;
  coreOf(node: number): string;
  /**
   * Writes the node's configuration, with `changes` over it, and returns the file. Each node has a key and knows the
   * other's, so `codecs` may encrypt.
   */
  write(node: NodeId, changes?: object): string;
  /** Writes, starts, and resolves when the node is up. */
  up(node: NodeId, changes?: object): Promise<Up>;
  /** The same, in the place of whoever serves the core. */
  replace(node: NodeId, changes?: object): Promise<Up>;
  /** Writes, starts, and resolves when it waits for the end of whoever serves the core. */
  standby(node: NodeId, changes?: object): Promise<Standby>;
  /** Removes cores that a killed runtime has left, and the directory. */
  remove(): void;
}

/** @param root the package whose command line is run. */
export function nodePair(root: string = packageRoot()): NodePair {
  const dir = mkdtempSync('/dev/shm/m3ipc-test-');
  const coreOf = (node: number): string => join(dir, `core${node}`);
  // Node 2's own, also when it is started again.
  const listen = `tcp://127.0.0.1:${freePort()}`;
  const keyFileOf = (node: number): string => join(dir, `core${node}.key`);
  const publicKeys = {
    1: generateKeyFile(keyFileOf(1)),
    2: generateKeyFile(keyFileOf(2)),
    3: generateKeyFile(keyFileOf(3)),
  };
  const write = (node: NodeId, changes: object = {}): string => {
    const dc = { id: DC, name: 'shop', nodes: [1, 2], arena: '16MiB' };
    const remote = node === 1 ? [{ endpoint: SERVER, node: 2 }] : [];
    const config: Readonly<Record<string, unknown>> & {
      readonly peers?: readonly { readonly node: NodeId }[];
    } = {
      ...{ cluster: 'test', node, core: `embedded:${coreOf(node)}`, dcs: [{ ...dc, remote }] },
      keyFile: keyFileOf(node),
      ...(node === 2 ? { listen, peers: [{ node: 1 }] } : {}),
      ...{ codecs: ['logging', 'compression'], insecure: true, log: { level: 'info' } },
      ...changes,
    };
    const file = join(dir, `node${node}.json`);
    const peers = config.peers?.map((peer) => ({ publicKey: publicKeys[peer.node], ...peer }));
    writeFileSync(file, JSON.stringify({ ...config, peers }));
    return file;
  };
  return {
    dir,
    coreOf,
    write,
    up: (node, changes) => upOf(m3ipcOf(root, 'up', write(node, changes), '--json')),
    replace: (node, changes) => upOf(m3ipcOf(root, 'up', write(node, changes), '--replace', '--json')),
    standby: async (node, changes) => {
      const program = m3ipcOf(root, 'up', write(node, changes), '--standby', '--json');
      await program.says('stdout', /^\{"waiting".*\n/);
      const up = upOf(program);
      // Of one that is ended before its turn nobody waits for more.
      up.catch(() => {});
      return { ...program, up };
    },
    remove: () => {
      for (const core of NODE_IDS.map(coreOf)) {
        try {
          NodeCore.end(core);
        } catch {
          // Ended by its runtime, as it should be.
        }
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function upOf(program: Program): Promise<Up> {
  const [, told = '{}'] = await program.says('stdout', /^(\{"up".*)\n/m);
  const { up } = JSON.parse(told) as { up: { listening: string[] } };
  return { ...program, listening: up.listening };
}

/** The address of a node that is up. */
export function addressOf({ listening }: Up): string {
  const [address] = listening;
  if (address === undefined) throw new Error('the node listens nowhere');
  return address;
}
