// SPDX-License-Identifier: MIT
/** Endpoints in the DC: servers are bound on node 2, clients on node 1. */

export const SERVER = { async: 10, sync: 11, c: 12 } as const;
export const CLIENT = { async: 20, sync: 90, c: 100 } as const;

/** At most so many calls are outstanding. */
export const MAX_OUTSTANDING = 64;

/** What a request and a reply carry: a message of m3ipc, and as many bytes of the peers'. */
export const BYTES = 64;
