import { configDefaults, defineConfig } from 'vitest/config';

/** What has not ended by then never will, however busy the machine. */
const HANGS_MS = 120_000;
/** The same of tests that run many processes, or boot machines. */
const PROCESSES_HANG_MS = 300_000;

/** Judge the core, in C, and its rules; which Node runs them changes nothing, so CI does it on one. */
const OF_THE_CORE = [
  'test/conformance/core-hard.test.ts',
  'test/conformance/programs.test.ts',
  'test/fault/fault.test.ts',
  'test/fault/links/mutants.test.ts',
  'test/sim/**/*.test.ts',
];

/** Each project is one kind of test; `npm run check` runs the first two, `npm test` all of them. */
const project = (name: string, include: string[], testTimeout = HANGS_MS, exclude: string[] = []) => ({
  test: {
    ...{ name, include, exclude: [...configDefaults.exclude, ...exclude] },
    ...{ testTimeout, hookTimeout: testTimeout, pool: 'forks' as const },
  },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', ['test/unit/**/*.test.ts', '{codecs,transports,proxy-runtime}/**/*.test.ts']),
      project('contract', ['test/contract/**/*.test.ts']),
      project('core', OF_THE_CORE, PROCESSES_HANG_MS),
      project('conformance', ['test/conformance/**/*.test.ts'], HANGS_MS, OF_THE_CORE),
      project(
        'system',
        ['test/system/**/*.test.ts', 'test/fault/**/*.test.ts', 'examples/**/*.test.ts'],
        PROCESSES_HANG_MS,
        OF_THE_CORE,
      ),
      project('vm', ['test/vm/**/*.test.ts'], PROCESSES_HANG_MS),
    ],
  },
});
