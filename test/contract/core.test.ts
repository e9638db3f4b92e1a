// SPDX-License-Identifier: MIT
import { describe, test } from 'vitest';
import { joinDc, type NodeCore } from '../../core-kmod/binding/core.ts';
import { SMALL_DC, temporaryCore } from '../testing/temporary-core.ts';
import { coreContract } from './core.ts';
import type { CoreBench } from './core-stage.ts';

const dcs = [SMALL_DC, { ...SMALL_DC, dc: 2, name: 'alone' }];

/** DC 1 spans both nodes, DC 2 does not. */
function span(core: NodeCore, peer: number): void {
  core.nodeUp(peer, `node${peer}`);
  core.addNode(1, peer);
}

function embedded(): CoreBench {
  const first = temporaryCore({ node: 1, dcs });
  let second = temporaryCore({ node: 2, dcs });
  span(first.core, 2);
  span(second.core, 1);
  return {
    get cores() {
      return [first.core, second.core] as const;
    },
    join: (node, dc) => joinDc((node === 1 ? first : second).dir, dc),
    restart() {
      second = second.restart();
      span(second.core, 1);
    },
    close() {
      first.close();
      second.close();
    },
  };
}

describe('core embedded', () => {
  for (const clause of coreContract(embedded)) test(clause.name, clause.run);
});
