// SPDX-License-Identifier: MIT
/**
 * Crash points that the kill test does not reach, and why. A point that is neither hit nor named here fails the test; one
 * that is hit all the same counts like any other.
 */
export const NEVER: readonly { readonly point: RegExp; readonly reason: string }[] = [];
