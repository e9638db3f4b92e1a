// SPDX-License-Identifier: MIT
/** What there is more and more of, and what may come of it. */

export const AXES = ['clients', 'endpoints', 'peers', 'dcs'] as const;
export type Axis = (typeof AXES)[number];

/** Of idle ones the first count is what the others are compared with. */
export const COUNTS: Readonly<Record<Axis, readonly number[]>> = {
  clients: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
  endpoints: [0, 16, 1000, 4000],
  peers: [0, 16, 64, 256],
  dcs: [1, 4, 16, 64],
};

export const ABOUT: Readonly<Record<Axis, string>> = {
  clients: 'endpoints that call one server, each with one call outstanding',
  endpoints: 'idle endpoints, half of them on each node, in the DC of a client and a server',
  peers: 'idle nodes that are linked with both nodes and in the DC of a client and a server',
  dcs: 'DCs that span both nodes, idle but for that of a client and a server',
};

/** In the DC: servers and clients are below. */
export const FIRST_IDLE = 32;
/** Room for 4,000 idle ones, and for 512 clients of each kind. */
export const PROCS = FIRST_IDLE + 4000;
export const FIRST_CLIENT = { c: 1000, async: 2000 } as const;
/** More DCs than one, and the DCs with idle endpoints. */
export const FIRST_MORE_DC = 100;
export const FIRST_ENDPOINT_DC = 10;
/** Node ids of the crowd begin behind the two. */
export const FIRST_IDLE_NODE = 3;

/**
 * Idle links are in one process: asked as often as is usual, it would have more to do than the nodes that are measured. All
 * nodes of this bench have it, so that what is compared is alike.
 */
export const LIVENESS = { intervalMs: 10_000 } as const;

/** Of one axis; its first count always. @param most undefined: all. */
export const countsOf = (axis: Axis, most: number | undefined): number[] =>
  COUNTS[axis].filter((count, at) => at === 0 || count <= (most ?? Number.POSITIVE_INFINITY));
