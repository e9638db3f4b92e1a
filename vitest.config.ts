import { defineConfig } from 'vitest/config';

/** What has not ended by then never will, however busy the machine. */
const HANGS_MS = 120_000;
/** The same of tests that run many processes, or boot machines. */
const PROCESSES_HANG_MS = 300_000;

/** Each project is one kind of test; `npm run check` runs the first two, `npm test` all of them. */
const project = (name: string, include: string[], testTimeout = HANGS_MS) => ({
  test: { name, include, testTimeout, hookTimeout: testTimeout, pool: 'forks' as const },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', ['test/unit/**/*.test.ts', '{codecs,transports,proxy-runtime}/**/*.test.ts']),
      project('contract', ['test/contract/**/*.test.ts']),
      project('conformance', ['test/conformance/**/*.test.ts']),
      project(
        'system',
        [
          'test/system/**/*.test.ts',
          'test/fault/**/*.test.ts',
          'test/sim/**/*.test.ts',
          'examples/**/*.test.ts',
        ],
        PROCESSES_HANG_MS,
      ),
      project('vm', ['test/vm/**/*.test.ts'], PROCESSES_HANG_MS),
    ],
  },
});
