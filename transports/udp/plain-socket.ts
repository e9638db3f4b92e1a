// SPDX-License-Identifier: MIT
/**
 * UDP as Node itself has it, a system call for each datagram: where the addon is not to be had. It cannot forbid
 * fragmentation, so it stays at the size that every path takes.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { AF_INET6, endpointOf, familyOf, sockaddrOf } from './address.ts';
import { checksum } from './checksum.ts';
import { DATAGRAM_BYTES } from './datagram.ts';
import { BASE_BYTES } from './path-mtu.ts';
import type { DatagramSocket, SocketOptions } from './socket.ts';

/** Datagrams that Node may hold for us before `reserve` says no. */
const QUEUED_BYTES = 262_144;
const NOBODY = new Uint8Array();

/** Throws Node's error if the address is not to be had. */
export async function openPlainSocket(options: SocketOptions): Promise<DatagramSocket> {
  const { local, remote } = options;
  const type = familyOf(local ?? remote ?? NOBODY) === AF_INET6 ? 'udp6' : 'udp4';
  const socket = createSocket({ type });
  try {
    if (local !== undefined) {
      const { address, port } = endpointOf(local);
      socket.bind({ address, port, exclusive: true });
      await once(socket, 'listening');
    }
    if (remote !== undefined) {
      const { address, port } = endpointOf(remote);
      socket.connect(port, address);
      await once(socket, 'connect');
    }
  } catch (error) {
    socket.close();
    throw error;
  }
  return plainSocket(socket, options);
}

function plainSocket(socket: Socket, { events, counters, remote }: SocketOptions): DatagramSocket {
  const buf = Buffer.allocUnsafeSlow(DATAGRAM_BYTES);
  const view = new DataView(buf.buffer, buf.byteOffset, buf.length);
  let isFull = false;
  let isOpen = true;

  const sent = (error: NodeJS.ErrnoException | null): void => {
    if (!isOpen) return;
    if (error) events.failed(error);
    if (!isFull || socket.getSendQueueSize() >= QUEUED_BYTES) return;
    isFull = false;
    events.writable();
  };
  socket.on('error', (error) => events.failed(error));
  socket.on('message', (message: Buffer, from: RemoteInfo) => {
    counters.add('receive_calls');
    const name = remote === undefined ? sockaddrOf(from) : NOBODY;
    const whole = new DataView(message.buffer, message.byteOffset, message.length);
    events.datagram(message, whole, 0, message.length, name);
    if (isOpen) events.settled();
  });

  return {
    name: sockaddrOf(socket.address()),
    buf,
    view,
    receiveBytes: socket.getRecvBufferSize() / 2,
    reserve: (bytes) => {
      isFull ||= socket.getSendQueueSize() >= QUEUED_BYTES;
      return isFull || bytes > buf.length ? -1 : 0;
    },
    commit: (at, bytes, to) => {
      counters.add('datagrams_out');
      counters.add('send_calls');
      // Node keeps it until the kernel has taken it.
      const copy = Buffer.from(buf.subarray(at, at + bytes));
      if (to.length === 0) return socket.send(copy, sent);
      const { address, port } = endpointOf(to);
      socket.send(copy, port, address, sent);
    },
    flush: () => undefined,
    mostBytes: () => BASE_BYTES,
    checksum,
    close: () => {
      isOpen = false;
      socket.close();
    },
  };
}
