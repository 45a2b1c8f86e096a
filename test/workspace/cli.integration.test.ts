import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addWorkspaceCommands } from '../../src/cli/workspace.ts';
import { lockSession } from '../../src/workspace/lock-session.ts';
import { fakeTerminal } from '../cli/fake-terminal.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';
import { addCheckout, addMirror, refOf } from './filled-workspace.ts';

let workspace: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ path: workspace, remove } = await temporaryDirectory());
  await addCheckout(workspace, refOf('DXTR-1'), { days: 40, unpushed: true });
  await addCheckout(workspace, refOf('DXTR-2'), { days: 2 });
  await addMirror(workspace, refOf('DXTR-1'));
});
afterEach(() => remove());

async function dexter(args: string[], answer?: boolean) {
  const fake = fakeTerminal({
    env: { DEXTER_WORKSPACE: workspace },
    ...(answer === undefined ? {} : { answer }),
  });
  let exitCode: number | undefined;
  const program = new Command().exitOverride();
  addWorkspaceCommands(program, async (command) => {
    exitCode = await command(fake.terminal);
  });
  for (const command of program.commands.flatMap((each) => each.commands))
    command.exitOverride().configureOutput({ writeErr: (text) => fake.told.push(text) });
  await program.parseAsync(['workspace', ...args], { from: 'user' });
  return { ...fake, exitCode, said: fake.printed.join('\n'), complained: fake.told.join('\n') };
}

describe('dexter workspace ls', () => {
  it('shows checkouts, the newest first, and mirrors', async () => {
    const { exitCode, printed, said } = await dexter(['ls']);
    expect(exitCode).toBe(0);
    expect(printed[1]).toMatch(/^DXTR-2 +acme\/shop +2 days ago +\d+ kB$/);
    expect(printed[2]).toMatch(/^DXTR-1 +acme\/shop +40 days ago +\d+ kB +unpushed commits$/);
    expect(said).toMatch(/^1-20\.git +acme\/shop/m);
    expect(said).toMatch(/2 checkouts, 1 mirror, 0 saved sessions: \d+ kB together\.$/);
  });

  it('gives it to scripts, with what is in use', async () => {
    await using _ = await lockSession(workspace, refOf('DXTR-2'));
    const { said } = await dexter(['ls', '--json']);
    expect(JSON.parse(said)).toMatchObject({
      checkouts: [
        { ref: { issueKey: 'DXTR-2' }, inUse: true, unpushed: false },
        { ref: { issueKey: 'DXTR-1' }, inUse: false, unpushed: true },
      ],
      mirrors: [{ inUse: false }],
    });
  });
});

describe('dexter workspace rm', () => {
  const left = async () => (await readdir(join(workspace, 'work'))).length;

  it('asks, and goes by the answer', async () => {
    const no = await dexter(['rm', 'DXTR-1'], false);
    expect(no.questions).toEqual([expect.stringContaining('with commits that were not pushed')]);
    expect([no.exitCode, await left()]).toEqual([1, 2]);
    const yes = await dexter(['rm', 'DXTR-1'], true);
    expect([yes.exitCode, await left()]).toEqual([0, 1]);
  });

  it('wants a word where nobody can be asked', async () => {
    const { exitCode, complained } = await dexter(['rm', 'DXTR-1']);
    expect(exitCode).toBe(1);
    expect(complained).toContain('--yes');
    expect(await left()).toBe(2);
  });

  it('refuses one that is in use, says what to do, and goes on with the next', async () => {
    await using _ = await lockSession(workspace, refOf('DXTR-2'));
    const { exitCode, complained, said } = await dexter(['rm', '--yes', 'DXTR-2', 'DXTR-9', 'DXTR-1']);
    expect(exitCode).toBe(1);
    expect(complained).toContain('Another run');
    expect(complained).toContain('There is no checkout of DXTR-9');
    expect(said).toContain('Removed the checkout of DXTR-1');
    expect(await left()).toBe(1);
  });

  it('asks which of several is meant', async () => {
    await addCheckout(workspace, refOf('DXTR-1', 21));
    const { exitCode, complained } = await dexter(['rm', '--yes', 'DXTR-1']);
    expect([exitCode, await left()]).toEqual([1, 3]);
    expect(complained).toContain('--repository-id');
    await dexter(['rm', '--yes', '--repository-id', '21', 'DXTR-1']);
    expect(await left()).toBe(2);
  });
});

describe('dexter workspace gc', () => {
  it('says what it would remove, and then removes it', async () => {
    const dry = await dexter(['gc', '--max-age', '30d', '--dry-run']);
    expect(dry.said).toContain('Would remove the checkout of DXTR-1');
    expect((await readdir(join(workspace, 'work'))).length).toBe(2);
    const { exitCode, said } = await dexter([
      'gc',
      '--max-age',
      '30d',
      '--max-sessions',
      '5',
      '--max-size',
      '1GB',
    ]);
    expect(exitCode).toBe(0);
    expect(said).toMatch(/Removed the checkout of DXTR-1 .*beyond the age limit/);
    expect((await readdir(join(workspace, 'work'))).length).toBe(1);
  });

  it('answers scripts in JSON', async () => {
    const { said } = await dexter(['gc', '--max-sessions', '1', '--json']);
    expect(JSON.parse(said)).toMatchObject({ dryRun: false, removed: [{ ref: { issueKey: 'DXTR-2' } }] });
  });

  it.each([
    ['--max-sessions', 'many'],
    ['--max-age', '30'],
    ['--max-size', 'big'],
  ])('refuses %s %s', async (flag, value) => {
    await expect(dexter(['gc', flag, value])).rejects.toThrow(/It must be/);
  });
});
