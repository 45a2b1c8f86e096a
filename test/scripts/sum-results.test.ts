import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/sum-results.mjs', import.meta.url));

const run = (passed: number, failed = 0, skipped = 0, brokenFiles = 0) => ({
  numPassedTests: passed,
  numFailedTests: failed,
  numPendingTests: skipped,
  numTodoTests: 0,
  testResults: Array.from({ length: brokenFiles }, () => ({ status: 'failed', assertionResults: [] })),
});

test.each([
  ['several runs are added up', [run(3), run(4)], '7 passed, 0 failed', 0],
  ['a failed test fails', [run(3, 1), run(4)], '7 passed, 1 failed', 1],
  ['a file that does not load counts as failed', [run(3, 0, 0, 1)], '3 passed, 1 failed', 1],
  ['skipped tests are named', [run(3, 0, 2)], '3 passed, 0 failed, 2 skipped', 0],
  ['nothing at all fails', [], '0 passed, 0 failed', 1],
  ['only skipped tests fail', [run(0, 0, 5)], '0 passed, 0 failed, 5 skipped', 1],
])('%s', (_name, runs, line, status) => {
  const folder = mkdtempSync(join(tmpdir(), 'dexter-results-'));
  try {
    for (const [index, content] of runs.entries()) {
      writeFileSync(join(folder, `${index}.json`), JSON.stringify(content));
    }
    const result = spawnSync(process.execPath, [script, folder], { encoding: 'utf8' });
    expect(result.stdout.trim()).toBe(line);
    expect(result.status).toBe(status);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
