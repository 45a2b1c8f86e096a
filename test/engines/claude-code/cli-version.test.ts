import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isSince, readCliVersion } from '../../../src/engines/claude-code/cli-version.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

describe('isSince', () => {
  it.each([
    ['2.1.38', '2.1.38', true],
    ['2.1.37', '2.1.38', false],
    ['2.1.100', '2.1.38', true],
    ['2.2.0', '2.1.38', true],
    ['2.0.99', '2.1.38', false],
    ['1.9.999', '2.1.38', false],
    ['10.0.0', '2.1.38', true],
    [undefined, '2.1.38', true],
  ])('of %s and %s is %s', (version, first, expected) => {
    expect(isSince(version, first)).toBe(expected);
  });
});

describe('readCliVersion', () => {
  it.each([
    ['prints it', 'echo "2.1.330 (Claude Code)"', '2.1.330'],
    ['prints something else first', 'echo "wrapper of ours"; echo 2.1.20', '2.1.20'],
    ['prints something else', 'echo "Claude Code"', undefined],
    ['fails', 'echo "2.1.330 (Claude Code)"; exit 1', undefined],
    ['reads its input first', 'cat; echo "2.1.330 (Claude Code)"', '2.1.330'],
  ])('asks a CLI that %s', async (_name, script, expected) => {
    await using directory = await temporaryDirectory();
    const command = join(directory.path, 'claude');
    await writeFile(command, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    expect(await readCliVersion(command, { PATH: '/usr/bin:/bin' }, directory.path)).toBe(expected);
  });

  it('does not know the version of a CLI that is not there, or that hangs when the run is cancelled', async () => {
    await using directory = await temporaryDirectory();
    const command = join(directory.path, 'claude');
    expect(await readCliVersion(command, {}, directory.path)).toBeUndefined();
    await writeFile(command, '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
    const cancelled = AbortSignal.timeout(50);
    expect(
      await readCliVersion(command, { PATH: '/usr/bin:/bin' }, directory.path, cancelled),
    ).toBeUndefined();
  });
});
