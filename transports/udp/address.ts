// SPDX-License-Identifier: MIT
/** IP addresses as the kernel has them: `struct sockaddr_in` and `sockaddr_in6`, see ip(7) and ipv6(7). */
import { isIPv4 } from 'node:net';

const AF_INET = 2;
export const AF_INET6 = 10;
const V4_BYTES = 16;
const V6_BYTES = 28;
const V4_AT = 4;
const V6_AT = 8;
const PORT_AT = 2;
const GROUPS = 8;

export interface Endpoint {
  /** As Node writes it: 192.0.2.1, or 2001:db8::1 without brackets. */
  readonly address: string;
  readonly port: number;
}

/** The family is in the byte order of the machine, which is little-endian here; the port is in that of the network. */
export function sockaddrOf({ address, port }: Endpoint): Uint8Array {
  const isV4 = isIPv4(address);
  const name = new Uint8Array(isV4 ? V4_BYTES : V6_BYTES);
  const view = new DataView(name.buffer);
  view.setUint16(0, isV4 ? AF_INET : AF_INET6, true);
  view.setUint16(PORT_AT, port);
  if (isV4) name.set(address.split('.').map(Number), V4_AT);
  else for (const [i, group] of groupsOf(address).entries()) view.setUint16(V6_AT + 2 * i, group);
  return name;
}

export function endpointOf(name: Uint8Array): Endpoint {
  const view = new DataView(name.buffer, name.byteOffset, name.length);
  const port = view.getUint16(PORT_AT);
  if (view.getUint16(0, true) === AF_INET) {
    return { address: name.subarray(V4_AT, V4_AT + 4).join('.'), port };
  }
  const groups = Array.from({ length: GROUPS }, (_, i) => view.getUint16(V6_AT + 2 * i).toString(16));
  // URL knows how to shorten it.
  return { address: new URL(`udp://[${groups.join(':')}]`).hostname.slice(1, -1), port };
}

export const familyOf = (name: Uint8Array): number => name[0] ?? 0;

/** What IP and UDP put in front of a datagram. */
export const headerBytes = (name: Uint8Array): number => (familyOf(name) === AF_INET6 ? 48 : 28);

/** `udp://192.0.2.1:7000`, `udp://[2001:db8::1]:7000`. */
export function urlOf(name: Uint8Array): string {
  const { address, port } = endpointOf(name);
  return `udp://${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** The eight groups of an IPv6 address, one `::` filled with zeros, and a dotted end made hexadecimal. */
function groupsOf(address: string): number[] {
  const plain = new URL(`udp://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = plain.split('::');
  const parse = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const before = parse(head);
  const behind = tail === undefined ? [] : parse(tail);
  return [...before, ...Array<number>(GROUPS - before.length - behind.length).fill(0), ...behind];
}
