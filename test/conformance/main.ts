// SPDX-License-Identifier: MIT
/**
 * npm run conformance -- [--backend embedded] [--write] [--json]
 *
 * Runs what the rows of the table name on a backend, and says how many rows hold, and which are left out and why. Exits 1
 * if a row does not hold, 2 if the backend cannot be used here. `--write` writes the page of the table and runs nothing.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../core-kmod/binding/native.ts';
import { EXIT_FAILURE, EXIT_USAGE, printJson, printText } from '../../proxy-runtime/cli/output.ts';
import { BACKEND_VARIABLE, backendOf } from './backend.ts';
import { type Report, summary, testFileOf, type Verdict, verdictsOf } from './report.ts';
import { DOCS, docsText } from './table/docs.ts';
import { TABLE } from './table/index.ts';
import { isCovered, proofsOn } from './table/row.ts';

const root = packageRoot();

/** vitest's report of the files that the table names. Its progress goes to stderr. */
function runTests(backend: string): Report {
  const scratch = mkdtempSync(join(tmpdir(), 'm3ipc-conformance-'));
  const file = join(scratch, 'report.json');
  const files = new Set(TABLE.filter(isCovered).flatMap((row) => proofsOn(row, backend).map(testFileOf)));
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  try {
    spawnSync(process.execPath, [vitest, 'run', ...reporters, ...files], {
      cwd: root,
      stdio: ['ignore', 2, 2],
      env: { ...process.env, [BACKEND_VARIABLE]: backend },
    });
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function text(verdicts: readonly Verdict[]): string {
  const without = verdicts.filter(({ reason }) => reason !== undefined);
  const lines = without.map(
    ({ row, reason, isFailure }) =>
      `${isFailure ? 'FAILED' : 'left out'}: ${row.id} (${row.section}): ${reason}`,
  );
  return [...lines, summary(verdicts)].join('\n');
}

function json(backend: string, verdicts: readonly Verdict[]): unknown {
  return {
    backend,
    summary: summary(verdicts),
    rows: verdicts.map(({ row, reason, isFailure }) => ({
      id: row.id,
      section: row.section,
      holds: row.holds,
      status: reason === undefined ? 'passed' : isFailure ? 'failed' : 'left out',
      reason,
    })),
  };
}

function main(): number {
  const { values } = parseArgs({
    options: {
      backend: { type: 'string', default: 'embedded' },
      write: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.write) {
    writeFileSync(join(root, DOCS), docsText(TABLE));
    return 0;
  }
  backendOf(values.backend);
  const verdicts = verdictsOf(TABLE, runTests(values.backend), root, values.backend);
  if (values.json) printJson(json(values.backend, verdicts));
  else printText(text(verdicts));
  return verdicts.some(({ isFailure }) => isFailure) ? EXIT_FAILURE : 0;
}

try {
  process.exitCode = main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = EXIT_USAGE;
}
