import { z } from 'zod';
import type { Services } from '../jobs/services.ts';
import { type EndedRun, keepConclusion } from '../ledger/runs.ts';
import { Common, parsePayload } from './payload.ts';

const Payload = Common.extend({
  workflow_run: z.looseObject({
    id: z.number().int().positive(),
    event: z.string(),
    conclusion: z.string().nullable(),
    display_title: z.string().nullish(),
  }),
});

const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** `workflow_run.completed`: a run that is over; undefined for one that nobody dispatched, which is none of Dexter's. */
export function readWorkflowRun(payload: unknown): EndedRun | undefined {
  const { repository, workflow_run: run } = parsePayload(Payload, payload);
  if (run.event !== 'workflow_dispatch') return undefined;
  return {
    repositoryId: repository.id,
    runId: String(run.id),
    conclusion: run.conclusion ?? 'unknown',
    // The `run-name` of the workflow holds the command id.
    commandId: uuid.exec(run.display_title ?? '')?.[0],
  };
}

/** Keeps how the run of a command ended: what that means for the command is decided elsewhere, at once. */
export async function receiveRun(
  services: Pick<Services, 'db' | 'log' | 'wake'>,
  ended: EndedRun | undefined,
): Promise<void> {
  if (ended === undefined) return;
  const commandId = await keepConclusion(services.db, ended);
  if (commandId === undefined) return;
  const { runId, conclusion } = ended;
  services.log.info({ commandId, runId, conclusion }, 'run of a command is over');
  services.wake();
}
