import type { Report } from '../src/core/report.ts';
import { savingOf } from '../src/pricing/saving.ts';
import type { Talk } from './converse.ts';
import type { Work } from './work.ts';

/** What the run has of the conversation that it continued, and of its own. */
type Continued = {
  conversation: Pick<Talk['conversation'], 'mode' | 'restored'>;
  result: Pick<Talk['result'], 'stopReason' | 'contextTokens' | 'requests'>;
};

/** What the session saved, once the report says what the run cost. Nothing for a run that kept no session. */
export function reckonSaving(
  report: Report,
  { conversation, result }: Continued,
  pricesOf: Work['pricesOf'],
): Pick<Report, 'saving'> {
  const { session, usage, costUsd } = report;
  if (!session) return {};
  const { restored, mode } = conversation;
  // One that could not be continued as it was chosen went on another way.
  const choice = mode === 'fresh' ? 'fresh' : (session.resumption?.choice ?? 'warm');
  const fullTokens = restored?.contextTokens ?? 0;
  const saving = savingOf({
    choice,
    isFinished: result.stopReason === 'completed',
    usage,
    costUsd,
    compaction: session.compaction,
    requests: result.requests,
    contextTokens: result.contextTokens,
    restoredTokens: choice === 'compacted' ? (restored?.compacted?.contextTokens ?? 0) : fullTokens,
    fullTokens,
    figures: restored?.figures,
    prices: session.model === null ? undefined : pricesOf(session.model),
  });
  return { saving };
}
