// SPDX-License-Identifier: MIT
/**
 * node programs-guest.js: the C programs of the conformance suite on the kernel's core, one after the other, without vitest, which
 * takes most of the time where machines are emulated. Built before: $M3IPC_PROGRAMS. Exits with 1 if one of them fails.
 */
import { join } from 'node:path';
import { conformanceCore } from '../../conformance/backend.ts';
import { programsIn, run, workFolder } from '../../conformance/programs.ts';

type Start = (skip: (note: string) => void) => Promise<void>;

const counts = { passed: 0, skipped: 0, failed: 0 };

async function one(name: string, start: Start): Promise<void> {
  const started = performance.now();
  let outcome: keyof typeof counts = 'passed';
  let words = '';
  try {
    await start(() => {
      outcome = 'skipped';
    });
  } catch (error) {
    outcome = 'failed';
    words = `\n${(error as Error).message}`;
  }
  counts[outcome] += 1;
  process.stdout.write(`${outcome} ${name} ${Math.round(performance.now() - started)} ms${words}\n`);
}

/** With a core of its own, whose invariants hold and which nobody is bound in afterwards. */
async function withCore(binary: string, source: string, skip: (note: string) => void): Promise<void> {
  const node = conformanceCore();
  try {
    await run({ binary, source, args: [node.dir, '1'] }, skip);
    node.core.sweep();
    const line = node.core.check(1);
    const left = node.core.procs(1).length;
    if (line !== 0 || left > 0) throw new Error(`check says ${line}, and ${left} endpoints are left`);
  } finally {
    node.close();
  }
}

const programs = workFolder('programs').path;
const core = join(workFolder('core').path, 'watched');
for (const name of programsIn('.'))
  await one(name, (skip) => withCore(join(programs, name), `${name}.c`, skip));
for (const name of programsIn('core', 'core-'))
  await one(name, (skip) => run({ binary: join(core, name), source: `core/${name}.c` }, skip));
process.stdout.write(
  `programs: ${counts.passed} passed, ${counts.skipped} skipped, ${counts.failed} failed\n`,
);
process.exitCode = counts.failed > 0 ? 1 : 0;
