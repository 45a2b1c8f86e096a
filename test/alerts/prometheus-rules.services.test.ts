import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

// Set by scripts/test-services.sh where it could be had.
const promtool = process.env.TEST_PROMTOOL ?? '';
if (promtool === '')
  console.warn('The tests with promtool do not run: it is not here, TEST_PROMTOOL does not say where.');

const rules = fileURLToPath(new URL('../../docs/prometheus-rules.yml', import.meta.url));
const tests = fileURLToPath(new URL('prometheus-rules.test.yml', import.meta.url));

async function run(change: (text: string) => string, ...args: string[]) {
  await using place = await temporaryDirectory();
  await cp(tests, join(place.path, 'tests.yml'));
  await writeFile(join(place.path, 'prometheus-rules.yml'), change(await readFile(rules, 'utf8')));
  return await execa(promtool, args, {
    cwd: place.path,
    extendEnv: false,
    env: {},
    reject: false,
    all: true,
  });
}

describe.skipIf(promtool === '')('docs/prometheus-rules.yml', () => {
  it('is taken by Prometheus', async () => {
    const { all, exitCode } = await run((text) => text, 'check', 'rules', 'prometheus-rules.yml');
    expect(all).toContain('SUCCESS');
    expect(exitCode).toBe(0);
  });

  it('raises and ends its alerts as its unit tests say', async () => {
    const { all, exitCode } = await run((text) => text, 'test', 'rules', 'tests.yml');
    expect(all).toContain('SUCCESS');
    expect(exitCode).toBe(0);
  });

  it('would be seen to have another threshold', async () => {
    const { all, exitCode } = await run(
      (text) => text.replace('> 500e6', '> 5000e6'),
      'test',
      'rules',
      'tests.yml',
    );
    expect(all).toContain('DexterRedisMemory');
    expect(exitCode).toBe(1);
  });
});
