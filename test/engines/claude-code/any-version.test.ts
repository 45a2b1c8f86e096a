import { mkdir, readdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anyVersion } from '../../../src/engines/claude-code/any-version.ts';
import type { EngineTask } from '../../../src/engines/engine.ts';
import { fakeEngine } from '../../fakes/fake-engine.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';

const sessionId = '11111111-2222-4333-8444-555555555555';
const never = new AbortController().signal;

/** An engine that looks for its session where a CLI of `version` does, and writes it there. */
async function setUp(version: string) {
  const directory = await temporaryDirectory();
  const path = (name: string) => join(directory.path, name);
  for (const name of ['checkout', 'config', 'home', 'tmp']) await mkdir(path(name));
  const command = path('claude');
  await writeFile(command, `#!/bin/sh\npwd >>asked\nenv >>asked\necho "${version} (Claude Code)"\n`, {
    mode: 0o755,
  });
  const task: EngineTask = {
    prompt: 'do it',
    sessionId,
    mode: 'fresh',
    workingDirectory: path('checkout'),
    configDirectory: path('config'),
    effort: 'high',
    allowedTools: [],
  };
  const folders: string[][] = [];
  let writesTo = 'work';
  let fails = false;
  const engine = fakeEngine({
    async projectFolder({ configDirectory }) {
      folders.push(await readdir(join(configDirectory, 'projects')).catch(() => []));
      return writesTo;
    },
    turns() {
      if (fails) throw new Error('broken');
      return [{ text: 'Done.' }];
    },
  });
  const options = {
    command,
    env: { PATH: '/usr/bin:/bin', GITHUB_TOKEN: 'a token' },
    homeDirectory: path('home'),
    temporaryDirectory: path('tmp'),
    projectFolder: 'work',
  };
  return {
    path,
    task,
    tasks: engine.tasks,
    folders,
    compactions: engine.compactions,
    engine: anyVersion(engine, options),
    write: (name: string) => {
      writesTo = name;
    },
    fail: () => {
      fails = true;
    },
    [Symbol.asyncDispose]: directory.remove,
  };
}

const slugOf = async (path: string) => (await realpath(path)).replaceAll(/[^A-Za-z0-9]/g, '-');
const ignore = () => undefined;

describe('anyVersion', () => {
  it('gives an older CLI its session under the name of the checkout, and brings it home after each run', async () => {
    await using world = await setUp('2.1.233');
    const slug = await slugOf(world.path('checkout'));
    world.write(slug);
    for (const mode of ['fresh', 'resume'] as const) {
      await world.engine.run({ ...world.task, mode }, ignore, never);
      expect(await readdir(world.path('config/projects'))).toEqual(['work']);
    }
    expect(world.folders).toEqual([[], [slug]]);
    const transcript = await readFile(world.path(`config/projects/work/${sessionId}.jsonl`), 'utf8');
    expect(transcript.match(/Done\./g)).toHaveLength(2);
  });

  it('does so for a compaction too', async () => {
    await using world = await setUp('2.1.20');
    const slug = await slugOf(world.path('checkout'));
    world.write(slug);
    await world.engine.run(world.task, ignore, never);
    const { prompt: _, mode: __, ...pins } = world.task;
    const task = { ...pins, copyId: 'copy', instructions: 'all', timeLimitMs: 1_000 };
    expect(await world.engine.compact(task, never)).toMatchObject({ outcome: 'compacted' });
    // The session is looked for, and the copy is made.
    expect(world.folders.slice(1)).toEqual([[slug], [slug]]);
    expect(await readdir(world.path('config/projects'))).toEqual(['work']);
    expect(world.compactions[0]).toMatchObject({ sessionId, copyId: 'copy' });
    expect(world.compactions[0]).not.toHaveProperty('effort');
  });

  it('goes by the real path of the checkout', async () => {
    await using world = await setUp('2.1.20');
    const slug = await slugOf(world.path('checkout'));
    await symlink(world.path('checkout'), world.path('link'));
    world.write(slug);
    const task = { ...world.task, workingDirectory: world.path('link') };
    for (const mode of ['fresh', 'resume'] as const) {
      await world.engine.run({ ...task, mode }, ignore, never);
    }
    expect(world.folders).toEqual([[], [slug]]);
  });

  it('leaves the folder alone for a CLI that takes its name', async () => {
    await using world = await setUp('2.1.234');
    for (const _ of [1, 2]) await world.engine.run(world.task, ignore, never);
    expect(world.folders).toEqual([[], ['work']]);
  });

  it('brings the folder home when the engine fails', async () => {
    await using world = await setUp('2.1.20');
    world.write(await slugOf(world.path('checkout')));
    world.fail();
    await expect(world.engine.run(world.task, ignore, never)).rejects.toThrow('broken');
    expect(await readdir(world.path('config/projects'))).toEqual(['work']);
  });

  it.each([
    ['2.1.37', undefined],
    ['2.1.38', 'high'],
  ])('tells %s the effort %s', async (version, effort) => {
    await using world = await setUp(version);
    await world.engine.run(world.task, ignore, never);
    expect(world.tasks[0]?.effort).toBe(effort);
    expect(world.tasks[0]).toMatchObject({ prompt: 'do it', sessionId });
  });

  it('asks for the version once, in the private directory, without the secrets of the runner', async () => {
    await using world = await setUp('2.1.330');
    for (const _ of [1, 2]) await world.engine.run(world.task, ignore, never);
    const asked = await readFile(world.path('tmp/asked'), 'utf8');
    expect(asked.split('\n').filter((line) => line === world.path('tmp'))).toHaveLength(1);
    expect(asked).toContain(`HOME=${world.path('home')}`);
    expect(asked).not.toContain('a token');
    expect(await readdir(world.path('checkout'))).toEqual([]);
  });
});
