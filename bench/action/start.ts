import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IssueKey } from '../../src/core/issue-key.ts';
import { save } from '../../src/sessions/save.ts';
import { workspaceStore } from '../../src/stores/workspace.ts';
import { createWorld, type World } from '../../test/action/world.ts';
import type { BenchOptions } from '../bench.ts';
import { runToEnd } from '../child.ts';
import type { Result } from '../figure.ts';
import { medians } from '../rounds.ts';
import { factsOf, writeConfig } from '../sessions/ground.ts';

const sessionMegabytes = 10;
const ref = { installationId: 1, repositoryId: 20, issueKey: IssueKey.parse('DXTR-1') };
const branch = 'dexter/DXTR-1-coupons';

/**
 * A follow-up on a pull request, on a runner that has worked on the issue before: from the start of the action to
 * that of the CLI, with claim, fetch, checkout and the restore of the session between them. A script that notes the
 * time stands in for the CLI; what it takes to start it by itself is taken off.
 */
export async function* measureStart(options: BenchOptions): AsyncGenerator<Result> {
  const { leftovers, log, megabytes, rounds } = options;
  const world = await createWorld({ bundled: true });
  leftovers.defer(() => world[Symbol.asyncDispose]());
  await world.repository.commit(branch, { 'src/coupon.ts': 'export {};\n' }, 'main');
  log('action: start');
  await saveSession(world, Math.min(megabytes, sessionMegabytes));
  const stamp = join(world.directory, 'started');
  const command = join(world.directory, 'timed-claude');
  const script = `#!/bin/sh\n[ "$1" = --version ] && echo 9.9.9 && exit\ndate +%s%N > '${stamp}'\n`;
  await writeFile(command, script);
  await chmod(command, 0o755);

  const untilStamp = async (start: () => Promise<unknown>): Promise<number> => {
    await rm(stamp, { force: true });
    const begun = performance.timeOrigin + performance.now();
    await start();
    return Number(await readFile(stamp, 'utf8')) / 1e6 - begun;
  };
  let generation = 1;
  const action = async () => {
    const job = {
      inputs: { 'claude-path': command },
      session: { generation },
      target: { branch, pullRequest: 7 },
    };
    const ended = await world.run(job);
    const report = world.forge.reports.at(-1);
    if (report?.session?.mode !== 'resume') throw new Error(`The session was not resumed:\n${ended.output}`);
    generation = report.session.generation;
  };
  const cwd = world.directory;
  const taken = await medians(
    {
      action: { run: () => untilStamp(action) },
      cli: { run: () => untilStamp(() => runToEnd(command, [], { cwd, leftovers })) },
    },
    rounds,
    log,
  );
  yield { figure: 'start_extra', value: (taken.action - taken.cli) / 1000, unit: 's', goal: '<1.5' };
}

async function saveSession(world: World, megabytes: number): Promise<void> {
  const configDirectory = join(world.directory, 'config');
  await writeConfig(configDirectory, megabytes * 1e6);
  const saved = await save({
    store: workspaceStore({ root: world.workspace }),
    keys: world.forge.sessionKeys,
    configDirectory,
    temporaryDirectory: world.directory,
    facts: { ...factsOf(1), ref },
    secrets: [],
  });
  if (saved.outcome !== 'saved') throw new Error(`The session was not saved: ${saved.outcome}`);
}
