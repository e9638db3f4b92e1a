// SPDX-License-Identifier: MIT
/** Cores for tests: embedded, in a directory of their own, gone when closed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DcParams, NodeCore } from '../../core-kmod/binding/core.ts';

export interface TemporaryCore {
  /** What `joinDc` takes. */
  readonly dir: string;
  readonly core: NodeCore;
  /** Ends the core and starts another in its place: the same node and DCs, another incarnation. */
  restart(): TemporaryCore;
  /** Ends the core and removes its directory. Members that are still there get EDCNOTRUN. Idempotent. */
  close(): void;
}

export interface TemporaryCoreParams {
  readonly node?: number;
  /** Nodes that every DC spans besides this one. */
  readonly peers?: readonly number[];
  readonly dcs?: readonly DcParams[];
  /** An existing, empty directory, or a device of the kernel's; default: a fresh directory. */
  readonly dir?: string;
}

/** A small DC 1, which is what most tests need. */
export const SMALL_DC: DcParams = { dc: 1, name: 'test', tasks: 8, procs: 56, arenaBytes: 8 << 20 };

/** Where region files belong: memory. */
const SHARED_MEMORY = '/dev/shm';

/** A core of node 1 with DC 1, unless told otherwise. */
export function temporaryCore(params: TemporaryCoreParams = {}): TemporaryCore {
  const { node = 1, peers = [], dcs = [SMALL_DC] } = params;
  const dir = params.dir ?? mkdtempSync(join(folder(), 'm3ipc-test-'));
  const core = NodeCore.create(dir, { node, cluster: 'test' });
  for (const peer of peers) core.nodeUp(peer, `node${peer}`);
  for (const dc of dcs) {
    core.dcInit(dc);
    for (const peer of peers) core.addNode(dc.dc, peer);
  }
  let isOpen = true;
  const end = () => {
    if (!isOpen) return;
    isOpen = false;
    core.close();
    NodeCore.end(dir);
  };
  return {
    dir,
    core,
    restart() {
      end();
      return temporaryCore({ ...params, dir });
    },
    close() {
      end();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function folder(): string {
  return process.platform === 'linux' ? SHARED_MEMORY : tmpdir();
}
