// SPDX-License-Identifier: MIT
/** Which rows of the table hold, according to vitest's JSON report of a run of their tests. */
import { relative } from 'node:path';
import { isCovered, type Proof, proofsOn, type Row, type Section } from './table/row.ts';

/** The part of the report that is read. */
export interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly Assertion[];
  }[];
}

interface Assertion {
  readonly status: string;
  readonly title: string;
  readonly fullName: string;
}

/** Files of vitest that run the C programs of a folder. */
const HARNESSES: Readonly<Record<string, string>> = {
  'test/conformance': 'test/conformance/programs.test.ts',
  'test/conformance/core': 'test/conformance/core-hard.test.ts',
};

const folderOf = (file: string): string => file.slice(0, file.lastIndexOf('/'));
const baseOf = (file: string): string => file.slice(file.lastIndexOf('/') + 1);

/** The file of vitest that runs a proof. */
export const testFileOf = ({ file }: Proof): string =>
  file.endsWith('.c') ? (HARNESSES[folderOf(file)] ?? file) : file;

/** The tests that are the proof. */
function testsOf(proof: Proof, tests: ReadonlyMap<string, readonly Assertion[]>): readonly Assertion[] {
  const all = tests.get(testFileOf(proof)) ?? [];
  if (proof.file.endsWith('.c')) return all.filter(({ title }) => `${title}.c` === baseOf(proof.file));
  const { part } = proof;
  return part === undefined ? all : all.filter(({ fullName }) => fullName.includes(part));
}

export interface Verdict {
  readonly row: Row;
  /** Why it does not hold, or is not shown here; undefined: it holds. */
  readonly reason: string | undefined;
  /** It was to be shown, and was not. */
  readonly isFailure: boolean;
}

function verdictOf(row: Row, tests: ReadonlyMap<string, readonly Assertion[]>, backend: string): Verdict {
  if (!isCovered(row)) return { row, reason: row.reason, isFailure: false };
  const proofs = proofsOn(row, backend);
  if (proofs.length === 0) return { row, reason: row.kernel?.why, isFailure: false };
  for (const proof of proofs) {
    const name = `${proof.file}${proof.part === undefined ? '' : `: ${proof.part}`}`;
    const found = testsOf(proof, tests);
    if (found.length === 0) return { row, reason: `${name}: no such test ran`, isFailure: true };
    if (found.some(({ status }) => status === 'failed')) {
      return { row, reason: `${name}: failed`, isFailure: true };
    }
    if (found.some(({ status }) => status !== 'passed')) {
      return { row, reason: `${name}: cannot run here`, isFailure: false };
    }
  }
  return { row, reason: undefined, isFailure: false };
}

export function verdictsOf(
  rows: readonly Row[],
  report: Report,
  root: string,
  backend = 'embedded',
): Verdict[] {
  const tests = new Map(
    report.testResults.map(({ name, assertionResults }) => [relative(root, name), assertionResults]),
  );
  return rows.map((row) => verdictOf(row, tests, backend));
}

function count(verdicts: readonly Verdict[], ...sections: Section[]): string {
  const all = verdicts.filter(({ row }) => sections.includes(row.section));
  return `${all.filter(({ reason }) => reason === undefined).length} of ${all.length}`;
}

/** `section 7: n of m rows, 7.3: n of m`. */
export const summary = (verdicts: readonly Verdict[]): string =>
  `section 7: ${count(verdicts, '7.1', '7.2')} rows, 7.3: ${count(verdicts, '7.3')}`;
