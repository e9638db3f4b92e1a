// SPDX-License-Identifier: MIT
/**
 * TypeScript and C agree on the ABI: a C program prints what the header says, and every value is compared. For arm64 it is
 * cross-compiled, and run under qemu.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ABI_VERSION,
  ANY,
  CALLS,
  CORE_ERRORS,
  DC_FLAGS,
  GRANT_RIGHTS,
  HARDWARE,
  LEVELS,
  LIMITS,
  MAX_CPUS,
  MISC_FLAGS,
  NONE,
  NOTIFY_MESSAGE,
  PROMOTE_RETRY,
  RTS_FLAGS,
  SELF,
  WAITS,
  WIRE_VERSION,
} from '../../core-kmod/binding/abi.ts';
import { BODY_BYTES, MESSAGE_BYTES } from '../../core-kmod/binding/message.ts';
import { loadNative, OP, PENDING, packageRoot } from '../../core-kmod/binding/native.ts';
import { FRAME_BYTES, FRAME_HEADER_BYTES, LANE, LANES } from '../../proxy-runtime/contract.ts';
import { FORMER_KIND, FRAME_TYPE, HEADER, KIND, RECORD } from '../../proxy-runtime/record.ts';
import { skipReason } from '../contract/requirement.ts';
import { MACHINES, type Machine, missingTools } from './support/machines.ts';

const include = join(packageRoot(), 'core-kmod', 'include');
const header = readFileSync(join(include, 'm3ipc', 'abi.h'), 'utf8');

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Offsets of a struct: TypeScript's name and C's expression. `bytes` is the size of the whole. */
function offsets(table: Readonly<Record<string, number>>, struct: string): [string, string, number][] {
  return Object.entries(table).map(([name, value]) => [
    `${struct}.${name}`,
    name === 'bytes' ? `sizeof(struct ${struct})` : `offsetof(struct ${struct}, ${snake(name)})`,
    value,
  ]);
}

function constants(table: Readonly<Record<string, number>>, prefix: string): [string, string, number][] {
  return Object.entries(table).map(([name, value]) => [name, `${prefix}${name.toUpperCase()}`, value]);
}

const LIMIT_NAMES: Record<keyof typeof LIMITS, string> = {
  nodes: 'M3_MAX_NODES',
  dcs: 'M3_MAX_DCS',
  endpoints: 'M3_MAX_ENDPOINTS',
  tasks: 'M3_MAX_TASKS',
  nameBytes: 'M3_NAME_BYTES',
  copyBytes: 'M3_MAX_COPY',
  chunkBytes: 'M3_CHUNK_BYTES',
};

const values: [name: string, expression: string, value: number][] = [
  ...offsets(RECORD, 'm3_record'),
  ...offsets(HEADER, 'm3_frame_header'),
  ...constants(KIND, 'M3_REC_'),
  ['FORMER_KIND', 'M3_RF_KIND', FORMER_KIND],
  ...constants(FRAME_TYPE, 'M3_FRAME_'),
  ...constants(LANE, 'M3_LANE_'),
  ...constants(RTS_FLAGS, 'M3_RTS_'),
  ...constants(MISC_FLAGS, 'M3_MF_'),
  ...constants(OP, 'M3_OP_'),
  ...constants(CALLS, 'M3_CALL_'),
  ...constants(LEVELS, 'M3_LEVEL_'),
  ...constants(WAITS, 'M3_WAIT_'),
  ...constants(DC_FLAGS, 'M3_DC_'),
  ...constants(GRANT_RIGHTS, 'M3_GRANT_'),
  ...Object.entries(LIMIT_NAMES).map(([name, expression]): [string, string, number] => [
    `LIMITS.${name}`,
    expression,
    LIMITS[name as keyof typeof LIMITS],
  ]),
  ['LANES', 'M3_LANES', LANES],
  ['PENDING', 'M3_PENDING', PENDING],
  ['ABI_VERSION', 'M3_ABI_VERSION', ABI_VERSION],
  ['WIRE_VERSION', 'M3_WIRE_VERSION', WIRE_VERSION],
  ['ANY', 'M3_ANY', ANY],
  ['NONE', 'M3_NONE', NONE],
  ['SELF', 'M3_SELF', SELF],
  ['HARDWARE', 'M3_HARDWARE', HARDWARE],
  ['PROMOTE_RETRY', 'M3_PROMOTE_RETRY', PROMOTE_RETRY],
  ['MAX_CPUS', '64 * M3_CPU_WORDS', MAX_CPUS],
  ['NOTIFY_MESSAGE', 'M3_NOTIFY_MESSAGE', NOTIFY_MESSAGE],
  ['FRAME_BYTES', 'M3_FRAME_BYTES', FRAME_BYTES],
  ['FRAME_HEADER_BYTES', 'sizeof(struct m3_frame_header)', FRAME_HEADER_BYTES],
  ['MESSAGE_BYTES', 'sizeof(struct m3_message)', MESSAGE_BYTES],
  ['BODY_BYTES', 'sizeof(((struct m3_message *)0)->data)', BODY_BYTES],
  ['message.source', 'offsetof(struct m3_message, source)', 0],
  ['message.type', 'offsetof(struct m3_message, type)', 4],
  ['OPEN_BYTES', 'sizeof(struct m3_dc_open)', 128],
  ['callBytes', 'sizeof(struct m3_call)', loadNative().callBytes],
  ['callCopied', 'offsetof(struct m3_call, copied)', loadNative().callCopied],
];

const program = `
#include <stdio.h>
#include <m3ipc/m3ipc.h>
#define ROW(name, number, cause, remedy) printf("E\\t" #name "\\t%d\\t%s\\t%s\\n", number, cause, remedy);
int main(void)
{
	M3_ERRORS(ROW)
${values.map(([name, expression]) => `\tprintf("V\\t${name}\\t%lld\\n", (long long)(${expression}));`).join('\n')}
	return 0;
}
`;

const folder = mkdtempSync(join(tmpdir(), 'm3ipc-abi-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The rows that the program prints when it is compiled for the machine. */
function rowsOf(name: string, { compiler: [cc = '', ...flags], emulator }: Machine): string[][] {
  const source = join(folder, 'abi.c');
  const binary = join(folder, `abi-${name}`);
  writeFileSync(source, program);
  execFileSync(cc, [...flags, '-Wall', '-Wextra', '-Werror', `-I${include}`, '-o', binary, source]);
  const [command = binary, ...args] = [...emulator, binary];
  return execFileSync(command, args, { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
}

for (const [name, machine] of Object.entries(MACHINES)) {
  const why = skipReason(name, missingTools(machine));
  describe(`abi.h and TypeScript, ${name}${why === undefined ? '' : `, skipped: ${why}`}`, {
    skip: why !== undefined,
  }, () => {
    let rows: string[][] = [];
    beforeAll(() => {
      rows = rowsOf(name, machine);
    }, 60_000);

    test('agree on every offset, size, number and limit', () => {
      const fromC = rows.filter(([kind]) => kind === 'V').map(([, name, value]) => [name, Number(value)]);
      expect(fromC).toEqual(values.map(([name, , value]) => [name, value]));
    });

    test('agree on every error, its number and its texts', () => {
      const fromC = rows
        .filter(([kind]) => kind === 'E')
        .map(([, name, errno, cause, remedy]) => [name, { errno: Number(errno), cause, remedy }]);
      expect(Object.fromEntries(fromC)).toEqual(CORE_ERRORS);
      expect(new Set(fromC.map(([, row]) => JSON.stringify(row))).size).toBe(fromC.length);
    });
  });
}

describe('abi.h and TypeScript', () => {
  test.each([
    ['m3_record', RECORD],
    ['m3_frame_header', HEADER],
  ])('no field of struct %s is missing', (struct, table) => {
    const body = header.match(new RegExp(`struct ${struct} \\{([^}]*)\\}`))?.[1] ?? '';
    const fields = [...body.replace(/\/\*.*?\*\//gs, '').matchAll(/(\w+)(?:\[\w+\])?;/g)]
      .map(([, field]) => field)
      .filter((field) => !field?.startsWith('reserved'));
    const known = Object.keys(table).filter((name) => name !== 'bytes');
    expect(known.map(snake)).toEqual(fields);
  });

  test.each([
    ['M3_RTS_', RTS_FLAGS],
    ['M3_MF_', MISC_FLAGS],
  ])('no flag %s* is missing', (prefix, table) => {
    const names = [...header.matchAll(new RegExp(`#define ${prefix}(\\w+)`, 'g'))].map(([, name]) => name);
    expect(Object.keys(table)).toEqual(names);
  });

  test.each([
    ['M3_REC_', 'M3_REC_KINDS', KIND],
    ['M3_FRAME_', 'M3_FRAME_TYPES', FRAME_TYPE],
    ['M3_CALL_', '', CALLS],
    ['M3_LEVEL_', '', LEVELS],
    ['M3_WAIT_', '', WAITS],
  ])('no member of %s* is missing', (prefix, last, table) => {
    const names = [...header.matchAll(new RegExp(`^\\t${prefix}(\\w+) = \\d`, 'gm'))].map(([, name]) => name);
    expect(Object.keys(table)).toEqual(names.filter((name) => `${prefix}${name}` !== last));
  });
});
