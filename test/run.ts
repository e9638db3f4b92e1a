// SPDX-License-Identifier: MIT
/**
 * `npm test`: everything, then what was skipped, what failed and why, and one line that any CI can count. Arguments go to
 * vitest (`npm test -- --project unit`).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** The part of vitest's JSON report that is read. */
interface Report {
  readonly numPassedTests: number;
  readonly testResults: readonly TestFile[];
}

interface TestFile {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly {
    readonly status: string;
    readonly fullName: string;
    readonly failureMessages: readonly string[];
  }[];
}

/** vitest's report, if it left one, and the status it ended with. */
interface Run {
  readonly report: Report | undefined;
  readonly status: number | null;
}

/** Of an error's text; a program that fails may say much. */
const MAX_LINES = 60;

const root = process.cwd();
const scratch = mkdtempSync(join(tmpdir(), 'm3ipc-test-'));

function runVitest(): Run {
  const file = join(scratch, 'report.json');
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const options = [vitest, 'run', ...reporters, ...process.argv.slice(2)];
  const { status } = spawnSync(process.execPath, options, { stdio: 'inherit' });
  try {
    return { report: JSON.parse(readFileSync(file, 'utf8')) as Report, status };
  } catch {
    return { report: undefined, status };
  }
}

/** core/ must compile as a kernel would compile it. */
function compilesFreestanding(): boolean {
  const { status } = spawnSync('make', ['-s', '-C', 'core-kmod', 'freestanding'], { stdio: 'inherit' });
  return status === 0;
}

/** One entry for each failure: `<file>: <test>`, and the lines of its errors, indented. */
function failuresOf({ name, status, message, assertionResults }: TestFile): string[] {
  const file = relative(root, name);
  const entry = (title: string, errors: readonly string[]) => {
    const lines = errors
      .flatMap((error) => stripVTControlCharacters(error).split('\n'))
      .filter((line) => !line.includes('node_modules/@vitest/'));
    return [title, ...lines.slice(0, MAX_LINES).map((line) => `    ${line}`)].join('\n');
  };
  const failed = assertionResults.filter((test) => test.status === 'failed');
  // A file that could not be loaded has no failed test of its own.
  if (failed.length === 0 && status === 'failed') return [entry(file, [message])];
  return failed.map((test) => entry(`${file}: ${test.fullName}`, test.failureMessages));
}

function main(): number {
  const failures = compilesFreestanding()
    ? []
    : ['make -C core-kmod freestanding (its errors are printed first)'];
  const passed = 1 - failures.length;
  const { report, status } = runVitest();
  const files = report?.testResults ?? [];
  failures.push(...files.flatMap(failuresOf));
  if (report === undefined) failures.push(`vitest left no report, and ended with ${status}`);
  else if (status !== 0 && failures.length === 0)
    failures.push(`vitest ended with ${status}: an error outside of any test, printed above`);
  const skipped = files.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status !== 'passed' && status !== 'failed'),
  );
  for (const { fullName } of skipped) process.stdout.write(`SKIPPED: ${fullName}\n`);
  for (const failure of failures) process.stdout.write(`FAILED: ${failure}\n`);
  const counts = [`${passed + (report?.numPassedTests ?? 0)} passed`, `${failures.length} failed`];
  if (skipped.length > 0) counts.push(`${skipped.length} skipped`);
  process.stdout.write(`${counts.join(', ')}\n`);
  return failures.length === 0 && report !== undefined && report.numPassedTests > 0 ? 0 : 1;
}

try {
  process.exitCode = main();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
