// SPDX-License-Identifier: MIT
/** Who may import whom (`ARCHITECTURE.md`), and where time and chance come from: checked over every source file. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const ROOMS = ['core-kmod/binding', 'proxy-runtime', 'transports', 'codecs'];

const ABI = 'core-kmod/binding/abi.ts';
const IO = 'core-kmod/binding/io.ts';
const AEAD = 'core-kmod/binding/aead.ts';
/** What plug-in authors have: these import nothing but each other, the ABI's numbers and packages. */
const BASE = /^proxy-runtime\/(contract|contract-handshake|errors|record|frame|lane-order)\.ts$/;
const TOP_OF_RUNTIME = /^proxy-runtime\/[^/]+\.ts$/;
const CLI = /^proxy-runtime\/cli\//;
const CODEC = /^codecs\//;
const TRANSPORT = /^transports\//;
const PLUG_IN = /^(codecs|transports)\//;

interface Rule {
  readonly says: string;
  /** Whose imports it is about. */
  readonly of: RegExp;
  /** Whether `file` may import `target`; both are paths from the root. */
  allows(target: string, file: string): boolean;
}

const RULES: readonly Rule[] = [
  {
    says: 'contract, errors, record, frame and lane-order import only each other and the ABI',
    of: BASE,
    allows: (target) => BASE.test(target) || target === ABI,
  },
  {
    says: 'a codec imports the contract, the ABI, what all codecs share, its own folder, and aead.ts of the binding',
    of: CODEC,
    allows: (target, file) =>
      BASE.test(target) || target === ABI || target === AEAD || inOwnRoom(target, file),
  },
  {
    says: 'a transport imports the contract, what all transports share, its own folder, and io.ts of the binding',
    of: TRANSPORT,
    allows: (target, file) => BASE.test(target) || target === IO || inOwnRoom(target, file),
  },
  {
    says: 'the runtime imports no transport and no codec; configuration and command line do',
    of: TOP_OF_RUNTIME,
    allows: (target) => !PLUG_IN.test(target),
  },
  {
    says: 'nothing imports the command line',
    of: /^(?!proxy-runtime\/cli\/)/,
    allows: (target) => !CLI.test(target),
  },
  {
    says: 'the binding imports nothing of the runtime but the contract',
    of: /^core-kmod\/binding\//,
    allows: (target) => BASE.test(target) || target.startsWith('core-kmod/binding/'),
  },
];

/** The table of a room sees all of it; a plug-in sees what lies beside the folders, and its own. */
function inOwnRoom(target: string, file: string): boolean {
  const [room, ...path] = file.split('/');
  const [targetRoom, ...targetPath] = target.split('/');
  if (room !== targetRoom) return false;
  const isTable = path.length === 1 && path[0] === 'index.ts';
  const isShared = targetPath.length === 1 && targetPath[0] !== 'index.ts';
  return isTable || isShared || path[0] === targetPath[0];
}

const TIME_AND_CHANCE = /\b(Date\.now|setTimeout|setInterval|setImmediate|Math\.random)\b/g;

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '');
}

/** Relative imports, as paths from the root: static, dynamic, re-exports, types included. */
function imports(file: string, source: string): string[] {
  const pattern = /\b(?:from|import)\s*\(?\s*(['"])(\.[^'"]*)\1/g;
  return [...withoutComments(source).matchAll(pattern)].map(([, , path = '']) =>
    posix.join(posix.dirname(file), path),
  );
}

function violations(file: string, source: string): string[] {
  const found = imports(file, source).flatMap((target) =>
    RULES.filter((rule) => rule.of.test(file) && !rule.allows(target, file)).map(
      ({ says }) => `${file} imports ${target}: ${says}`,
    ),
  );
  if (!file.startsWith('proxy-runtime/') || file === 'proxy-runtime/clock.ts') return found;
  const uses = [...withoutComments(source).matchAll(TIME_AND_CHANCE)].map(
    ([name]) => `${file} uses ${name}: time and chance come from clock.ts`,
  );
  return [...found, ...uses];
}

function sources(): string[] {
  return ROOMS.filter((room) => existsSync(join(ROOT, room))).flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
      .map((path) => posix.join(room, path)),
  );
}

test('every source file keeps the rules', () => {
  const files = sources();
  expect(files).toEqual(expect.arrayContaining(['proxy-runtime/contract.ts', 'codecs/index.ts']));
  expect(files.flatMap((file) => violations(file, readFileSync(join(ROOT, file), 'utf8')))).toEqual([]);
});

describe('the rules', () => {
  test.each([
    ['proxy-runtime/contract.ts', '../core-kmod/binding/core.ts'],
    ['proxy-runtime/record.ts', './pipeline.ts'],
    ['codecs/logging/index.ts', '../compression/index.ts'],
    ['codecs/logging/index.ts', '../index.ts'],
    ['codecs/logging/index.ts', '../../proxy-runtime/config/schema.ts'],
    ['codecs/logging/index.ts', '../../proxy-runtime/pipeline.ts'],
    ['codecs/logging/index.ts', '../../core-kmod/binding/io.ts'],
    ['transports/tcp/index.ts', '../udp/index.ts'],
    ['transports/tcp/index.ts', '../../codecs/logging/index.ts'],
    ['transports/framing.ts', './tcp/index.ts'],
    ['transports/tipc/index.ts', '../../core-kmod/binding/core.ts'],
    ['proxy-runtime/proxy.ts', '../transports/index.ts'],
    ['proxy-runtime/session.ts', '../codecs/logging/index.ts'],
    ['proxy-runtime/config/load.ts', '../cli/main.ts'],
    ['core-kmod/binding/core.ts', '../../proxy-runtime/proxy.ts'],
  ])('%s may not import %s', (file, target) => {
    for (const source of [
      `import { x } from '${target}';`,
      `import type { X } from "${target}";`,
      `export * from '${target}';`,
      `import '${target}';`,
      `const x = await import('${target}');`,
      `import {\n  x,\n  y,\n} from '${target}';`,
    ]) {
      expect(violations(file, source)).toHaveLength(1);
    }
  });

  test.each([
    ['proxy-runtime/errors.ts', '../core-kmod/binding/abi.ts'],
    ['codecs/index.ts', './logging/index.ts'],
    ['codecs/logging/index.ts', '../options.ts'],
    ['codecs/logging/index.ts', '../../core-kmod/binding/abi.ts'],
    ['codecs/logging/sampling.ts', './index.ts'],
    ['codecs/encryption/index.ts', '../../core-kmod/binding/aead.ts'],
    ['transports/udp/index.ts', '../../core-kmod/binding/io.ts'],
    ['transports/udp/index.ts', '../framing.ts'],
    ['proxy-runtime/config/load.ts', '../../transports/index.ts'],
    ['proxy-runtime/cli/main.ts', './demo.ts'],
    ['core-kmod/binding/core.ts', '../../proxy-runtime/errors.ts'],
  ])('%s may import %s', (file, target) => {
    expect(violations(file, `import { x } from '${target}'; // from './elsewhere.ts'`)).toEqual([]);
  });

  test.each(['Date.now()', 'setTimeout(f, 1)', 'setInterval(f, 1)', 'x = setImmediate', 'Math.random()'])(
    'proxy-runtime may not use %s, but for clock.ts',
    (use) => {
      expect(violations('proxy-runtime/session.ts', `const a = 1;\n${use};`)).toHaveLength(1);
      expect(violations('proxy-runtime/session.ts', `/* ${use} */\n// ${use}\n`)).toEqual([]);
      expect(violations('proxy-runtime/clock.ts', `${use};`)).toEqual([]);
      expect(violations('transports/tcp/index.ts', `${use};`)).toEqual([]);
    },
  );
});
