import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';

const integration = 'test/**/*.integration.test.ts';
const services = 'test/**/*.services.test.ts';
const notOurs = [...configDefaults.exclude, 'demo/repository/**'];

// Set by .ci/run: each vitest run leaves its counts there, under a name of its own.
const results = process.env.DEXTER_TEST_RESULTS;

export default defineConfig({
  test: {
    pool: 'forks',
    // Most of what is tested waits for other processes; one worker more than there are cores leaves none idle.
    maxWorkers: availableParallelism() + 1,
    // Files and tests in a new order each time; a failure prints the seed (`--sequence.seed=N` repeats it).
    sequence: { shuffle: true },
    reporters: results ? ['default', 'json'] : ['default'],
    ...(results ? { outputFile: { json: join(results, `vitest-${process.pid}-${Date.now()}.json`) } } : {}),
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...notOurs, integration, services],
          setupFiles: ['test/network-off.ts'],
          // Against hanging alone: two workers on two busy cores make a test of many runs several times as long.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // Real processes, real git, servers on loopback, an embedded database.
        extends: true,
        test: {
          name: 'integration',
          include: [integration],
          globalSetup: 'test/ledger/empty-database.ts',
          exclude: notOurs,
          // The same; a test that starts several programs has waited for a minute on a machine that was busy.
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        // Needs a server that scripts/test-services.sh starts, or a long install from the registry.
        extends: true,
        test: {
          name: 'services',
          include: [services],
          globalSetup: 'test/ledger/empty-database.ts',
          exclude: notOurs,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
