// SPDX-License-Identifier: MIT
/** What each program that runs a node of two-nodes.ts answers about its links. */
import type { NodeProcess } from '../../../proxy-runtime/cli/node-process.ts';

export function linkAnswers({ runtime }: Pick<NodeProcess, 'runtime'>) {
  return {
    listening: () => runtime.status().listening,
    connected: (peer: number) =>
      runtime.proxies
        .find((proxy) => proxy.peer === peer)
        ?.connected()
        .then(() => true),
  };
}
