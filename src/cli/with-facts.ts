import type { Environment } from '../config.ts';
import { type Facts, factsOfLedger } from '../ledger/facts.ts';
import { factsOfApp, isThere } from './facts-of-app.ts';
import { withLedger } from './with-ledger.ts';

/**
 * Asks the app that runs, when DEXTER_API_TOKEN is set; where it does not run, or without the token, its ledger.
 * @throws AppError when neither can be asked.
 */
export async function withFacts<Result>(
  env: Environment,
  read: (facts: Facts) => Promise<Result>,
): Promise<Result> {
  const token = env.DEXTER_API_TOKEN;
  const url =
    env.DEXTER_URL?.replace(/\/+$/, '') || `http://${env.HOST || 'localhost'}:${env.PORT || '3000'}`;
  // An address that somebody named is meant, whether it answers or not; the usual one is a guess.
  if (token && (env.DEXTER_URL || (await isThere(url)))) return read(factsOfApp(url, token));
  return withLedger(env, (db) => read(factsOfLedger(db)));
}
