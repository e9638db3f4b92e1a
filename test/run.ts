// SPDX-License-Identifier: MIT
/**
 * `npm test`: everything, then one line that any CI can count. Arguments go to vitest (`npm test -- --project unit`).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The part of vitest's JSON report that is read. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const root = process.cwd();
const scratch = mkdtempSync(join(tmpdir(), 'm3ipc-test-'));

function runVitest(): Report | undefined {
  const file = join(scratch, 'report.json');
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  spawnSync(process.execPath, [vitest, 'run', ...reporters, ...process.argv.slice(2)], { stdio: 'inherit' });
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return undefined;
  }
}

/** core/ must compile as a kernel would compile it. */
function compilesFreestanding(): boolean {
  const { status } = spawnSync('make', ['-s', '-C', 'core-kmod', 'freestanding'], { stdio: 'inherit' });
  return status === 0;
}

function main(): number {
  const freestanding = compilesFreestanding();
  const report = runVitest();
  if (report === undefined) {
    process.stdout.write('vitest left no report\n0 passed, 1 failed\n');
    return 1;
  }
  const { testResults } = report;
  // A file that could not be loaded has no failed test of its own.
  const broken = testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && assertionResults.every((test) => test.status !== 'failed'),
  );
  const failed = report.numFailedTests + broken.length + (freestanding ? 0 : 1);
  const passed = report.numPassedTests + (freestanding ? 1 : 0);
  const skipped = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status !== 'passed' && status !== 'failed'),
  );
  for (const { fullName } of skipped) process.stdout.write(`SKIPPED: ${fullName}\n`);
  const counts = [`${passed} passed`, `${failed} failed`];
  if (skipped.length > 0) counts.push(`${skipped.length} skipped`);
  process.stdout.write(`${counts.join(', ')}\n`);
  return failed === 0 && passed > 1 ? 0 : 1;
}

try {
  process.exitCode = main();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
