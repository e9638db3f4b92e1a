// SPDX-License-Identifier: MIT
/**
 * When a suite may be skipped: if the machine cannot run its subject, and nobody has said that it must.
 * `M3IPC_REQUIRE=tipc,kernel` names what must run here; it is for machines that are set up for it.
 */

/**
 * The reason for skipping, said aloud; undefined when the suite must run.
 * Throws when the subject is required and missing.
 * @param name the scheme, codec id or backend.
 * @param missing what its `missing()` said.
 */
export function skipReason(
  name: string,
  missing: string | undefined,
  required: string | undefined = process.env.M3IPC_REQUIRE,
): string | undefined {
  if (missing === undefined) return undefined;
  const names = (required ?? '').split(',').map((entry) => entry.trim());
  if (names.includes(name)) throw new Error(`${name} is required by M3IPC_REQUIRE, but: ${missing}`);
  process.stderr.write(`skipped: ${name} (${missing})\n`);
  return missing;
}
