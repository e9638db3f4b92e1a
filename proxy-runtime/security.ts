// SPDX-License-Identifier: MIT
/** What a proxy must be told before it makes a link. */
import { systemRandom } from './clock.ts';
import { ProxyError } from './errors.ts';
import { isPlaintext } from './pipeline.ts';
import type { ProxyOptions } from './proxy-options.ts';

/** Throws M3_CONFIG for a plaintext link that nobody has asked for, and for keys with which no handshake can succeed. */
export function checkSecurity(options: ProxyOptions): void {
  checkSecrecy(options);
  checkKeys(options);
}

function checkSecrecy({ peer, codecs, insecure = false }: ProxyOptions): void {
  if (insecure || !isPlaintext(codecs)) return;
  const text = `the link to node ${peer} would be plaintext: add a codec that encrypts, or \`insecure: true\` on a trusted network`;
  throw new ProxyError('M3_CONFIG', text);
}

/** A handshake that can never succeed is a mistake of now, not of the first link. */
function checkKeys({ core: { node }, peer, codecs, keys, random = systemRandom }: ProxyOptions): void {
  for (const codec of codecs) {
    codec.handshake?.({ initiator: true, node, peer, random, keys: keys?.() });
  }
}
