// SPDX-License-Identifier: MIT
/** The simulated cluster: who is where. Clients call any server of their DC, on their own node too. */
export const NODES = [1, 2, 3] as const;
export type NodeId = (typeof NODES)[number];

export interface Seat {
  readonly node: NodeId;
  readonly ep: number;
  readonly role: 'server' | 'client';
}

export interface Dc {
  readonly id: number;
  readonly nodes: readonly NodeId[];
  readonly seats: readonly Seat[];
}

const server = (node: NodeId): Seat => ({ node, ep: node, role: 'server' });
const client = (node: NodeId, ep: number): Seat => ({ node, ep, role: 'client' });

const DCS: readonly Dc[] = [
  {
    id: 1,
    nodes: NODES,
    seats: [server(1), server(2), server(3), client(1, 11), client(1, 12), client(2, 13), client(3, 14)],
  },
  { id: 2, nodes: [1, 2], seats: [server(1), server(2), client(1, 11), client(2, 12)] },
];

export const serversOf = (dc: Dc): readonly Seat[] => dc.seats.filter(({ role }) => role === 'server');
export const dcsOf = (node: number): readonly Dc[] =>
  DCS.filter(({ nodes }) => nodes.some((id) => id === node));
/** Other nodes that it shares a DC with. */
export const peersOf = (node: number): readonly number[] =>
  NODES.filter((id) => id !== node && dcsOf(node).some(({ nodes }) => nodes.includes(id)));
