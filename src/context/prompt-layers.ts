import type { KeptContext } from '../core/context.ts';
import type { Job } from '../core/job.ts';
import { unpackText } from '../core/packed-text.ts';
import type { Report } from '../core/report.ts';
import { role } from './prompt.ts';

/** A part of what the model was told. */
export interface PromptLayer {
  name: 'role' | 'conversation' | 'context' | 'news' | 'instruction';
  /** Null where the app does not have it. */
  text: string | null;
  /** Estimated from the characters, or as the runner counted them; null where nobody can say. */
  tokens: number | null;
}

export interface ToldRun {
  job: Job;
  /** What was kept for the run; null for one that needs nothing of the ticket. */
  context: Pick<KeptContext, 'text' | 'delta'> | null;
  /** Null while the run has told nothing: then it is what is meant to be told. */
  report: Pick<Report, 'session'> | null;
}

/** A rule of thumb for English prose and code. */
const charactersPerToken = 4;

/**
 * What the model was told in a run, in its order, as far as the app knows: the engine's own system prompt and tools, the
 * notes of the runner and the news of the branch are made on the runner.
 */
export function promptLayers({ job, context, report }: ToldRun): PromptLayer[] {
  if (job.session.mode === 'forget') return [];
  const session = report?.session;
  const isResumed = (session?.mode ?? job.session.mode) === 'resume';
  const delta = isResumed ? context?.delta : undefined;
  const expected = session?.resumption?.expectedCacheRead ?? 0;
  const layers: PromptLayer[] = [
    isResumed
      ? { name: 'conversation', text: null, tokens: expected > 0 ? expected : null }
      : layer('role', role),
    delta ? layer('news', delta.markdown) : layer('context', context?.text ?? inInputs(job)),
    layer('instruction', job.instruction),
  ];
  return layers.filter(({ text }) => text === null || text !== '');
}

function layer(name: PromptLayer['name'], text: string): PromptLayer {
  return { name, text, tokens: Math.ceil(text.length / charactersPerToken) };
}

function inInputs({ context }: Job): string {
  return unpackText(context) ?? '';
}
