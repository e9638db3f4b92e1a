// SPDX-License-Identifier: MIT
/** What a row of the conformance table is, and the shorthand in which the sections write theirs. */

/** `7.x`: of the reference; `own`: what the reference does not ask, but a program here shows. */
export type Section = '7.1' | '7.2' | '7.3' | 'own';

/** Where a row is shown to hold. */
export interface Proof {
  /** From the repository's root: a C program, or a file of tests. */
  readonly file: string;
  /** What the C program prints behind `ok `, or a part of the tests' titles; undefined: all of it. */
  readonly part: string | undefined;
}

interface Subject {
  readonly section: Section;
  /** The reference's name of the test, or ours of the case. Unique. */
  readonly id: string;
  /** What holds, in one sentence without a full stop. */
  readonly holds: string;
}

export interface Covered extends Subject {
  /** Of m3ipc.h and manage.h, without `m3_`. */
  readonly calls: readonly string[];
  readonly proofs: readonly Proof[];
  /** What is shown of it on the kernel's core, and why that is not the same; none: there is nothing to show. */
  readonly kernel?: { readonly why: string; readonly proofs: readonly Proof[] };
}

export interface LeftOut extends Subject {
  readonly reason: string;
}

export type Row = Covered | LeftOut;

export const isCovered = (row: Row): row is Covered => 'proofs' in row;

/** The proofs of a row that can be had on a backend. */
export const proofsOn = (row: Covered, backend: string): readonly Proof[] =>
  (backend === 'kernel' ? row.kernel?.proofs : undefined) ?? row.proofs;

/** A row before it is known of which section it is. */
export type Line = Omit<Covered, 'section'> | Omit<LeftOut, 'section'>;

const HERE = 'test/conformance';

/** `rs.c`, `core/core-link.c: a case`, `calls.test.ts: title`; a file elsewhere is named from the root. */
function proofOf(text: string): Proof {
  const [name = '', ...rest] = text.split(': ');
  const file = /^(core\/)?[^/]+$/.test(name) ? `${HERE}/${name}` : name;
  return { file, part: rest.length > 0 ? rest.join(': ') : undefined };
}

/** @param calls names separated by blanks. */
export function row(id: string, holds: string, calls: string, ...proofs: string[]): Line {
  return { id, holds, calls: calls.split(' '), proofs: proofs.map(proofOf) };
}

/** The same row, shown on the kernel's core by these proofs only; by none, where it has nothing of the kind. */
export function onKernel(why: string, line: Line, ...proofs: string[]): Line {
  return 'proofs' in line ? { ...line, kernel: { why, proofs: proofs.map(proofOf) } } : line;
}

export function leftOut(id: string, holds: string, reason: string): Line {
  return { id, holds, reason };
}

export const section = (name: Section, lines: readonly Line[]): Row[] =>
  lines.map((line) => ({ section: name, ...line }));
