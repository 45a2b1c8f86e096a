import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchOptions } from '../bench.ts';
import { prepareGround } from '../economics/ground.ts';
import { fullResume } from '../economics/plain-cli.ts';
import { makeWorkload, ticketSize, type WorkloadSize } from '../economics/workload.ts';
import type { Conversation } from './conversation.ts';

/** What the real CLI asks the simulated model for the ticket of the bench `economics` and its follow-ups, resumed each time. */
export async function recordTicket(
  { leftovers }: Pick<BenchOptions, 'leftovers'>,
  size: WorkloadSize = ticketSize,
): Promise<Conversation> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'dexter-bench-')));
  leftovers.defer(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));
  const stopping = new AbortController();
  leftovers.defer(() => stopping.abort());
  const workload = makeWorkload(size);
  await using ground = await prepareGround({ root, workload, signal: stopping.signal });
  const contestant = await fullResume.open(ground);
  for (const [index, step] of workload.steps.entries()) {
    await contestant.run(step, workload.steps.slice(0, index));
  }
  const requests = ground.model.requests.filter(({ kind }) => kind === 'task').map(({ body }) => body);
  return { name: `the CLI’s ticket (${requests.length} turns)`, requests, onlyGrows: false };
}
