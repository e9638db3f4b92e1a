// SPDX-License-Identifier: MIT
/** A serial port of a guest, as a socket of ours that qemu connects to: binary-clean, and its writer waits for us. */
import { once } from 'node:events';
import { createServer } from 'node:net';

export interface Port {
  readonly name: string;
  readonly path: string;
  /** All that came. Valid when qemu has ended. */
  bytes(): Buffer;
  /** Resolves when all that qemu has sent was read. */
  close(): Promise<void>;
}

export async function openPort(name: string, path: string, onBytes: (bytes: Buffer) => void): Promise<Port> {
  const parts: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on('data', (part: Buffer) => {
      parts.push(part);
      onBytes(part);
    });
    // How qemu ends is told by its status.
    socket.on('error', () => undefined);
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    name,
    path,
    bytes: () => Buffer.concat(parts),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** What makes qemu give the guest this port. */
export const portArgs = ({ name, path }: Port): string[] => [
  ...['-chardev', `socket,id=${name},path=${path}`],
  ...['-device', `virtserialport,chardev=${name},name=${name}`],
];
