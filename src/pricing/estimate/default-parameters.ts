import type { EstimateParameters } from './estimate.ts';
import { noteParameters } from './note-parameters.ts';

/** Of a session's directory to its sealed archive: 150 MB of transcripts came to 6.6 MB. */
export const archiveShare = 6.6 / 150;

/**
 * The research note's parameters, and for what it does not ask about (requests, the copy, what a run writes) those of
 * the benchmark with the real CLI: the first run reads some 55 files in 33 requests, a new start 38 of them in 23, and
 * a follow-up that knows them takes 4.
 */
export const defaultParameters: EstimateParameters = {
  ...noteParameters,
  gaps: [
    { seconds: 120, share: 1 / 3 },
    { seconds: 3600, share: 1 / 3 },
    { seconds: 86_400, share: 1 / 3 },
  ],
  cacheLife: '5m',
  baseTokens: 5000,
  taskTokens: 131_250,
  compactedTokens: 8000,
  summaryTokens: 3000,
  firstRequests: 33,
  requests: 4,
  newTokens: 7000,
  outputTokens: 2000,
  archiveMb: noteParameters.sessionMb[1] * archiveShare,
};
