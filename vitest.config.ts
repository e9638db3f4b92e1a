import { defineConfig } from 'vitest/config';

/** Each project is one kind of test; `npm run check` runs the first two, `npm test` all of them. */
const project = (name: string, include: string[], testTimeout: number) => ({
  test: { name, include, testTimeout, hookTimeout: testTimeout, pool: 'forks' as const },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', ['test/unit/**/*.test.ts', '{codecs,transports,proxy-runtime}/**/*.test.ts'], 20_000),
      project('contract', ['test/contract/**/*.test.ts'], 20_000),
      project('conformance', ['test/conformance/**/*.test.ts'], 30_000),
      project(
        'system',
        [
          'test/system/**/*.test.ts',
          'test/fault/**/*.test.ts',
          'test/sim/**/*.test.ts',
          'examples/**/*.test.ts',
        ],
        120_000,
      ),
      project('vm', ['test/vm/**/*.test.ts'], 300_000),
    ],
  },
});
