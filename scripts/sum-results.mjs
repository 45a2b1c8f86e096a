// Adds up what the vitest runs of .ci/run left in a folder, and prints one plain line. Plain JavaScript:
// it has to run on the machine's own Node too, when the install failed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
const runs = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')));
const sum = (count) => runs.reduce((total, run) => total + count(run), 0);

const passed = sum((run) => run.numPassedTests);
// A file that cannot be loaded has no tests to count; it failed all the same.
const failed = sum(
  (run) =>
    run.numFailedTests +
    run.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length,
);
const skipped = sum((run) => run.numPendingTests + run.numTodoTests);

if (passed + failed === 0) console.error('No test ran.');
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
