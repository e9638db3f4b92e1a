// SPDX-License-Identifier: MIT
/**
 * Cores that leave out what keeps links exact, each by one change of one file. The checker has to see what comes of it, or
 * a run without a finding shows nothing.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../core-kmod/binding/native.ts';
import type { ScenarioName } from './scenarios.ts';

export interface Mutant {
  readonly name: string;
  /** What is left out. */
  readonly without: string;
  /** Below core-kmod/. */
  readonly file: string;
  /** A text that occurs once, and what is there instead. */
  readonly find: string;
  readonly replace: string;
  /** In which it shows. */
  readonly scenario: ScenarioName;
  /** So many that it shows in one of them. */
  readonly cycles: number;
  /** What the checker says: the first words of a problem. */
  readonly shows: RegExp;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'duplicate-filter',
    without: 'dropping records that were accepted already',
    file: 'core/put.c',
    find: 'r->counts.duplicates++;',
    replace: 'm3_record_put_d(t, node, h->lane, &in); m3_commit(r);',
    scenario: 'late',
    cycles: 20,
    shows: /^duplicated: /,
  },
  {
    name: 'replay',
    without: 'sending again what was not accepted',
    file: 'core/peer.c',
    find: 'm3_set64(r, &l->cursor, from);',
    replace: 'm3_set64(r, &l->cursor, l->next);',
    scenario: 'cut',
    cycles: 4,
    shows: /^lost: /,
  },
  {
    name: 'incarnation',
    without: 'asking whether the core of the peer is still the same',
    file: 'core/peer.c',
    find: 'if (p->incarnation && (p->incarnation != open->incarnation ||',
    replace: 'if (0 && (p->incarnation != open->incarnation ||',
    scenario: 'core-loss',
    cycles: 2,
    shows: /^lost: /,
  },
];

/** Folders of the core that its make needs, with what has been made of them. */
const SOURCES = ['core', 'calls', 'embedded', 'lib', 'include', 'binding'];

/**
 * Makes a package in the empty folder `root` that differs from this one in the mutant's change.
 * @throws Error where the text to replace does not occur once: then what it left out has moved.
 */
export function makeMutant({ name, file, find, replace }: Mutant, root: string): void {
  const own = packageRoot();
  const copy = (path: string): void =>
    cpSync(join(own, path), join(root, path), { recursive: true, preserveTimestamps: true });
  copy('package.json');
  copy('dist');
  copy('core-kmod/Makefile');
  for (const folder of SOURCES) copy(`core-kmod/${folder}`);
  for (const folder of SOURCES.filter((of) => of !== 'include')) copy(`core-kmod/build/${folder}`);
  symlinkSync(join(own, 'node_modules'), join(root, 'node_modules'));
  const path = join(root, 'core-kmod', file);
  const parts = readFileSync(path, 'utf8').split(find);
  if (parts.length !== 2) throw new Error(`mutant ${name}: ${file} has ${parts.length - 1} times: ${find}`);
  writeFileSync(path, parts.join(replace));
  execFileSync('make', ['-s', '-C', join(root, 'core-kmod'), 'addon'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
