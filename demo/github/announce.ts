import type { RefChange } from './git.ts';
import type { JsonObject } from './json.ts';
import { formatRun, type WorkflowRun } from './workflow-runs.ts';
import { addresses, type World } from './world.ts';

/** Tells the App that a workflow run is over. */
export async function announceRun(world: World, run: WorkflowRun): Promise<void> {
  const { repo, repositoryUrl, htmlUrl } = addresses(world);
  const repository = await world.emulator.request('GET', repo, world.emulator.ownToken);
  world.relay.send('workflow_run', {
    action: 'completed',
    workflow_run: formatRun(run, repositoryUrl, htmlUrl),
    repository: repository.body,
  });
}

/** Tells the App which pull requests a push moved, and closes those whose branch is gone, as GitHub does. */
export async function announce(world: World, changes: RefChange[], sender: JsonObject): Promise<void> {
  const { emulator, pulls, relay } = world;
  const { repo } = addresses(world);
  for (const { ref, before, after } of changes) {
    for (const number of await pulls.openOn(ref.replace('refs/heads/', ''))) {
      if (after === null) {
        await emulator.request('PATCH', `${repo}/pulls/${number}`, emulator.ownToken, { state: 'closed' });
        continue;
      }
      const pull = await pulls.read(number);
      const repository = await emulator.request('GET', repo, emulator.ownToken);
      relay.send('pull_request', {
        action: 'synchronize',
        number,
        before,
        after,
        pull_request: pull.body,
        repository: repository.body,
        sender,
      });
    }
  }
}
