// SPDX-License-Identifier: MIT
/** No link is plaintext because nobody thought of it. */
import { isPlaintext } from '../pipeline.ts';
import type { Chain } from './chain.ts';
import type { Draft, Report } from './draft.ts';

/** Reports each peer whose link nothing encrypts, unless the file says that it may be so. */
export function checkSecrecy(
  { top, peers }: Draft,
  chains: readonly (Chain | undefined)[],
  report: Report,
): void {
  // A value that is no boolean is a mistake of its own.
  if (!('insecure' in top)) return;
  for (const [at, { fields }] of peers.entries()) {
    const codecs = chains[at]?.make();
    if (codecs === undefined || fields.insecure === true || !isPlaintext(codecs)) continue;
    if (top.insecure === true && fields.insecure !== false) continue;
    report(['peers', at], 'the link would be plaintext: no codec of it encrypts', {
      value: codecs.map(({ id }) => id),
      allowed: 'a codec that encrypts, or insecure: true',
      remedy: 'add the codec on both nodes; on a trusted network, `insecure: true` here or at the top',
    });
  }
}
