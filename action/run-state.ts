import { z } from 'zod';
import { EngineName } from '../src/core/engine.ts';
import { StoreUse } from '../src/core/report.ts';
import {
  CompactedCopy,
  ResumeChoice,
  SessionFigures,
  SessionManifest,
  SessionMode,
  SessionPins,
  SessionRef,
} from '../src/core/session.ts';
import { SessionKeys } from '../src/core/session-key.ts';
import { TranscriptSizes } from '../src/engines/claude-code/transcript-usage.ts';
import { PriceOverrides } from '../src/pricing/price-overrides.ts';

/** What the post step needs to know of a run that died: kept with `core.saveState`, step by step. */
export const RunState = z.object({
  commandId: z.string(),
  /** Empty for a run without the app. */
  appUrl: z.string(),
  claim: z.object({ fence: z.number(), runToken: z.string() }),
  sessionKeys: SessionKeys,
  startedAt: z.number(),
  workspace: z.string(),
  ref: SessionRef,
  prices: PriceOverrides,
  /** Set once the engine may have begun. */
  session: z
    .object({
      id: z.string(),
      mode: SessionMode,
      choice: ResumeChoice,
      engine: EngineName,
      nextGeneration: z.number(),
      parentGeneration: z.number(),
      /** The store did not say which generation is its newest. */
      isGuessed: z.boolean(),
      model: z.string().nullable(),
      effort: z.string().nullable(),
      costBeforeUsd: z.number(),
      /** Tokens of what was gone on with; 0 for none. */
      resumedTokens: z.number().int().nonnegative(),
      /** The compacted copy of what was continued, and the length of the whole transcript before the run. */
      copy: CompactedCopy.extend({ bytesBefore: z.number() }).optional(),
      /** As they were before the run. */
      figures: SessionFigures.optional(),
      /** How long the transcripts were when the engine began: what comes after it is of this run. */
      transcripts: TranscriptSizes,
      headCommit: z.string(),
      baseBranchCommit: SessionManifest.shape.baseBranchCommit,
      ticket: SessionManifest.shape.ticket,
      workingDirectory: z.string(),
      pins: SessionPins.optional(),
      /** What the store did until the engine began; absent in the state that an earlier version left. */
      store: StoreUse.optional(),
    })
    .optional(),
});
export type RunState = z.infer<typeof RunState>;

/** Names under which the main step leaves things for the post step. */
export const stateNames = { run: 'run', reported: 'reported', alone: 'alone' } as const;

/** File for a report that did not reach the app, in the runner's temporary directory. */
export function undeliveredReportName(commandId: string): string {
  return `dexter-report-${commandId}.json`;
}
