import { join } from 'node:path';
import { workspaceStore } from '../../src/stores/workspace.ts';
import { runShell } from '../child.ts';
import type { Result } from '../figure.ts';
import { medians } from '../rounds.ts';
import { restoring, saving } from './custody.ts';
import { emptied, type Ground } from './ground.ts';
import type { Scrubbed } from './scrub.ts';

/** The workspace store against what a shell does without sealing, checking or scrubbing. */
export async function* measureWorkspace(ground: Ground, scrubbed: Scrubbed): AsyncGenerator<Result> {
  const { bytes, directory, leftovers, log, rounds } = ground;
  const store = workspaceStore({ root: join(directory, 'workspaces') });
  const save = saving(ground, store, scrubbed);
  const shell = { cwd: directory, leftovers };
  log('workspace: save');
  const saved = await medians(
    {
      ours: save,
      tar: {
        run: () => runShell(`tar c -C ${scrubbed.directory} . | zstd -q -3 --long=27 > plain.tar.zst`, shell),
      },
    },
    rounds,
    log,
  );
  log('workspace: restore');
  const plain = join(directory, 'restored-plain');
  const restored = await medians(
    {
      ours: restoring(ground, store, 'workspace'),
      tar: {
        prepare: () => emptied(plain),
        run: () => runShell(`zstd -q -dc --long=27 plain.tar.zst | tar x -C ${plain}`, shell),
      },
    },
    rounds,
    log,
  );
  yield { figure: 'restore_ratio', value: restored.ours / restored.tar, unit: 'ratio', goal: '<=1.3' };
  yield { figure: 'save_ratio', value: saved.ours / saved.tar, unit: 'ratio', goal: '<=1.5' };
  yield { figure: 'size_ratio', value: bytes / save.bytes(), unit: 'ratio', goal: '>=15' };
}
