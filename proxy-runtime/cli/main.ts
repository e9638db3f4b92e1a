#!/usr/bin/env node
// SPDX-License-Identifier: MIT
/** The command line `m3ipc`. One file per command; this table is the only place that knows them all. */
import { registerBench } from './bench.ts';
import { registerCapture } from './capture.ts';
import { registerCheck } from './check.ts';
import { registerDemo } from './demo/index.ts';
import { registerDoctor } from './doctor.ts';
import { registerExplain } from './explain.ts';
import { registerKey } from './key.ts';
import { registerKeygen } from './keygen.ts';
import { registerKit } from './kit.ts';
import { type Register, run } from './program.ts';
import { registerReload } from './reload.ts';
import { registerSchema } from './schema.ts';
import { registerStatus } from './status.ts';
import { registerUp } from './up.ts';

const COMMANDS: readonly Register[] = [
  registerDemo,
  registerUp,
  registerStatus,
  registerReload,
  registerCheck,
  registerCapture,
  registerKeygen,
  registerKey,
  registerExplain,
  registerDoctor,
  registerSchema,
  registerKit,
  registerBench,
];

// A reader that has had enough (`m3ipc explain | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await run(COMMANDS, process.argv.slice(2));
