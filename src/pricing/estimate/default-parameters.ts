import type { EstimateParameters } from './estimate.ts';
import { noteParameters } from './note-parameters.ts';

/** Of a session's directory to its sealed archive: 150 MB of transcripts came to 6.6 MB. */
export const archiveShare = 6.6 / 150;

/**
 * The research note's parameters, and for what it does not ask about (the base, requests, the copy) what was measured
 * with the real CLI: on the benchmark the first run reads 55 files in 30 requests, a new start 38 of them in 23, and a
 * follow-up that knows them takes 4. Where each comes from is told with its flag.
 */
export const defaultParameters: EstimateParameters = {
  ...noteParameters,
  gaps: [
    { seconds: 120, share: 1 / 3 },
    { seconds: 3600, share: 1 / 3 },
    { seconds: 86_400, share: 1 / 3 },
  ],
  cacheLife: '5m',
  baseTokens: 7760,
  taskTokens: 131_250,
  compactedTokens: 15_000,
  summaryTokens: 3000,
  firstRequests: 30,
  requests: 4,
  newTokens: 7000,
  outputTokens: 2000,
  archiveMb: noteParameters.sessionMb[1] * archiveShare,
};
