// SPDX-License-Identifier: MIT
/** Bound on node 2. */
export const SERVER = 10;
