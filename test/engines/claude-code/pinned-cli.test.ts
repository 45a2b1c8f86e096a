import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { isSince } from '../../../src/engines/claude-code/cli-version.ts';
import { oldestCli, pinnedCli } from '../../../src/engines/claude-code/pinned-cli.ts';

const read = (name: string) => readFile(join(import.meta.dirname, '../../..', name), 'utf8');
const start = 'node_modules/@anthropic-ai/claude-code-';

describe('the pinned CLI', () => {
  it('is the one that the tests run', async () => {
    const { devDependencies } = JSON.parse(await read('package.json'));
    expect(pinnedCli.version).toBe(devDependencies['@anthropic-ai/claude-code']);
  });

  it('has for each platform the hash of the lock file', async () => {
    const Lock = z.object({
      packages: z.record(
        z.string(),
        z.object({ version: z.string().optional(), integrity: z.string().optional() }),
      ),
    });
    const { packages } = Lock.parse(JSON.parse(await read('package-lock.json')));
    const locked = Object.entries(packages).filter(([path]) => path.startsWith(start));
    expect(
      Object.fromEntries(locked.map(([path, { integrity }]) => [path.slice(start.length), integrity])),
    ).toEqual(pinnedCli.integrity);
    expect(new Set(locked.map(([, { version }]) => version))).toEqual(new Set([pinnedCli.version]));
  });

  it('is the default of the action', async () => {
    const { inputs } = parse(await read('action/action.yml'));
    expect(inputs['claude-version'].default).toBe(pinnedCli.version);
    expect(inputs['claude-path'].default).toBe('');
  });

  it('is newer than the oldest one, and both are in the table of what was tried', async () => {
    expect(isSince(pinnedCli.version, oldestCli)).toBe(true);
    const table = (await read('docs/cli-versions.md')).match(/^\| written by (.*)$/m)?.[1] ?? '';
    expect(table.split('|').map((cell) => cell.trim())).toEqual(
      expect.arrayContaining([oldestCli, pinnedCli.version]),
    );
  });
});
