import { createHmac, hkdfSync } from 'node:crypto';

/**
 * Tokens by which a run identifies itself, derived from a secret of the app: nothing has to be stored, and a
 * job that is dispatched again after a crash gets the same one.
 */
export interface RunTokens {
  /** For the claim of a command's run. */
  claim(commandId: string): string;
  /** For the heartbeats and the report under one fencing token. */
  run(commandId: string, fence: number): string;
}

/**
 * Tokens of 43 URL-safe characters: HMAC-SHA-256 of what each is for, under a key derived from the secret by HKDF
 * (RFC 5869). Another secret makes others, so that changing it ends the runs under way.
 */
export function runTokens(secret: string): RunTokens {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'dexter run tokens v1', 32));
  const token = (purpose: string) => createHmac('sha256', key).update(purpose).digest('base64url');
  return {
    claim: (commandId) => token(`claim:${commandId}`),
    run: (commandId, fence) => token(`run:${commandId}:${fence}`),
  };
}
