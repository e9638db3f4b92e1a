// SPDX-License-Identifier: MIT
/** The jobs, on Debian's kernel; `npm run test:vm` runs them on others, and those that take too long for a test. */
import { describe, expect, test } from 'vitest';
import { skipReason } from '../contract/requirement.ts';
import { DEADLINE_FACTOR } from './job.ts';
import { JOBS } from './jobs.ts';
import { KERNELS, missingKernel } from './kernels.ts';
import { runJob } from './run-job.ts';

const MOST_SECONDS = 90;

const why = skipReason('vm', missingKernel('debian'));

describe('guests', { skip: why !== undefined }, () => {
  const long = JOBS.filter(({ seconds }) => seconds > MOST_SECONDS).map(({ name }) => name);
  console.warn(`only npm run test:vm runs ${long.join(', ')}`);
  for (const job of JOBS) {
    if (job.seconds > MOST_SECONDS) continue;
    test(`${job.name}: ${job.shows}`, { timeout: (job.seconds * DEADLINE_FACTOR + 60) * 1000 }, async () => {
      const { failures } = await runJob(job, KERNELS.debian.make());
      expect(failures.join('\n')).toBe('');
    });
  }
});
