// SPDX-License-Identifier: MIT
/** The crash points of a program: each call of m3_crash_point, by the place in the core's source that has it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A point's name, `core/slot.c:72 m3_slot_bind stored: <the line>`, by the address that its call returns to. */
export type Sites = ReadonlyMap<number, string>;

/** What has just happened when a function of journal.h passes its point. */
const MOMENTS: Readonly<Record<string, string>> = {
  m3_note: 'noted',
  m3_note_range: 'noted',
  m3_set32: 'stored',
  m3_seti: 'stored',
  m3_set64: 'stored',
  m3_commit: 'committed',
};

/** Addresses behind each call of m3_crash_point. */
function returnAddresses(binary: string): number[] {
  const options = { encoding: 'utf8', maxBuffer: 64 << 20 } as const;
  const text = execFileSync('objdump', ['-d', '--no-show-raw-insn', binary], options);
  const found: number[] = [];
  let called = false;
  for (const row of text.split('\n')) {
    const [, address, instruction] = /^\s*([0-9a-f]+):\s+(.*)$/.exec(row) ?? [];
    if (address === undefined || instruction === undefined) continue;
    if (called) found.push(Number.parseInt(address, 16));
    called = /^(call|bl)\w*\s.*<m3_crash_point>/.test(instruction);
  }
  return found;
}

interface Frame {
  readonly function: string;
  readonly file: string;
  readonly line: string;
}

/** The frames of an address, innermost first: functions that were inlined have one too. */
function parseFrames(block: string): Frame[] {
  const rows = block.split('\n').filter((row) => row !== '');
  return rows.flatMap((name, at) => {
    const [, file, line] = /^(.*):(\d+|\?)/.exec(rows[at + 1] ?? '') ?? [];
    return at % 2 === 0 && file !== undefined && line !== undefined ? [{ function: name, file, line }] : [];
  });
}

/** Lines of source files, each read once. */
function sourceReader(): (file: string, line: string) => string {
  const files = new Map<string, string[]>();
  return (file, line) => {
    const lines = files.get(file) ?? readFileSync(file, 'utf8').split('\n');
    files.set(file, lines);
    return lines[Number(line) - 1]?.trim() ?? '';
  };
}

function nameOf(frames: readonly Frame[], source: ReturnType<typeof sourceReader>): string {
  const at = frames.findIndex(({ file }) => !file.endsWith('/journal.h'));
  const outer = frames[at];
  if (outer === undefined) return 'unknown';
  const moment = MOMENTS[frames[at - 1]?.function ?? ''] ?? MOMENTS[frames[0]?.function ?? ''] ?? 'passed';
  // m3_note passes its own point inside of the function that stores.
  const inner = frames[0]?.function === 'm3_note' ? 'noted' : moment;
  const file = outer.file.split('/').slice(-2).join('/');
  const text = source(outer.file, outer.line);
  return `${file}:${outer.line} ${outer.function} ${inner}: ${text}`;
}

/** Every crash point that is compiled into the program. */
export function sitesOf(binary: string): Sites {
  const addresses = returnAddresses(binary);
  // The call itself lies before the address that it returns to. A marker ends each block.
  const input = addresses.flatMap((address) => [`0x${(address - 1).toString(16)}`, '0x0']).join('\n');
  const options = { encoding: 'utf8', input, maxBuffer: 64 << 20 } as const;
  const text = execFileSync('addr2line', ['-i', '-f', '-e', binary], options);
  const blocks = text.split('??\n??:0\n');
  const source = sourceReader();
  return new Map(addresses.map((address, at) => [address, nameOf(parseFrames(blocks[at] ?? ''), source)]));
}
