import { cacheCanary, livedStill } from '../src/sessions/canary.ts';
import { losesPromptCache, pinsMoved } from '../src/sessions/pins.ts';
import type { Talk } from './converse.ts';
import type { Work } from './work.ts';

interface Watched extends Pick<Work, 'report' | 'startedAt'> {
  inputs: { job: { session: Pick<Work['inputs']['job']['session'], 'model'> } };
}

interface Ran extends Pick<Talk, 'pins'> {
  conversation: Pick<Talk['conversation'], 'mode' | 'restored' | 'resumption'>;
  result: Pick<Talk['result'], 'firstRequest'>;
}

/** Says in the report what of a resumed session is not what it was, and whether the prompt cache suffered. */
export function watchCache(
  { inputs, report, startedAt }: Watched,
  { conversation, pins, result }: Ran,
): void {
  const { mode, restored, resumption } = conversation;
  if (mode !== 'resume' || restored === undefined) return;
  const moved = pinsMoved(restored.pins, pins);
  const warned = cacheCanary({
    expected: resumption.expectedCacheRead,
    first: result.firstRequest,
    moved,
    before: restored,
    startedAt,
  });
  if (warned !== undefined) {
    report.notices.push(warned.notice);
    if (report.session !== undefined) report.session.canary = warned.canary;
    return;
  }
  // Nobody expects anything of a cache that has expired anyway.
  if (!livedStill(restored, startedAt)) return;
  // Whoever asked for another model knows it; of another engine the reason for the choice tells.
  const untold = moved.filter(
    ({ pin }) => pin !== 'engine' && (pin !== 'model' || inputs.job.session.model === undefined),
  );
  if (losesPromptCache(untold))
    report.notices.push(
      `Since this session was saved, ${untold.map(({ words }) => words).join(', and ')}: what is kept in the prompt cache for it may be of no use.`,
    );
}
