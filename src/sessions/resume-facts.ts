import type { SessionManifest } from '../core/session.ts';
import { requestsOf } from '../pricing/expected-cost.ts';
import { transcriptPath } from './session-files.ts';

/** What a saved session says about what going on with it takes. All sizes are tokens. */
export interface SessionSize {
  /** The whole conversation with its base. */
  fullTokens: number;
  compactedTokens?: number | undefined;
  baseTokens: number;
  cacheLife: '5m' | '1h';
  /** When the last request was made, as milliseconds since 1970. */
  lastRequestAt: number;
  /** Of a follow-up. */
  requests: number;
  start: { contextTokens: number; requests: number };
  /** Some of it was not noted when the session was saved. */
  isEstimated: boolean;
}

/** Bytes of a transcript for each token of its conversation: tool results stand in it twice, with much around them. */
const bytesPerToken = 8;
/** Tools and system prompt with `tools: auto` and the default rules; measured with 2.1.330: docs/prompt-cache.md. */
const usualBaseTokens = 7_800;
/** The same of the CLI as it is, which earlier versions of Dexter took. */
const wholeBaseTokens = 12_000;
/** What a request of a run that looks around brings in; measured: 140,000 tokens in 23 requests. */
const tokensPerRequest = 6_000;

/**
 * Reads the sizes out of a manifest. What an earlier version of Dexter did not note, or a run that died could not, is
 * estimated from what there is.
 */
export function sessionSize(manifest: SessionManifest): SessionSize {
  const { figures, compacted, contextTokens, createdAt } = manifest;
  const fullTokens = contextTokens || figures?.start.contextTokens || tokensOfFiles(manifest);
  const start = {
    contextTokens: figures?.start.contextTokens || fullTokens,
    requests: figures?.start.requests || Math.ceil(fullTokens / tokensPerRequest),
  };
  return {
    fullTokens,
    ...(compacted === undefined ? {} : { compactedTokens: compacted.contextTokens }),
    baseTokens: Math.min(fullTokens, figures?.baseTokens || estimatedBase(manifest)),
    cacheLife: figures?.cacheLife ?? '5m',
    lastRequestAt: Date.parse(figures?.lastRequestAt ?? createdAt),
    requests: requestsOf(figures?.followUps ?? []),
    start,
    isEstimated: figures === undefined || contextTokens === 0,
  };
}

/** Pins without a list of tools are those of a run with the CLI's own choice of them. */
function estimatedBase({ pins }: SessionManifest): number {
  return pins === undefined || pins.tools === null ? wholeBaseTokens : usualBaseTokens;
}

function tokensOfFiles({ files, sessionId }: SessionManifest): number {
  const transcript = files.find(({ path }) => path === transcriptPath(sessionId));
  return Math.ceil((transcript?.bytes ?? 0) / bytesPerToken);
}
