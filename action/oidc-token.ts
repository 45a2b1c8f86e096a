import { setTimeout as sleep } from 'node:timers/promises';
import * as core from '@actions/core';
import { z } from 'zod';
import { AppError, messageOf } from '../src/core/errors.ts';

/** Between tries; a runner whose token service is down for longer has other problems too. */
const pausesMs = [500, 2_000, 5_000];
const requestTimeoutMs = 20_000;

const Answer = z.object({ value: z.string().min(1) });

/**
 * GitHub's own word on which run this is, made for the app alone: runner and app share no secret. Asked for as the
 * toolkit does (`getIDToken`), whose HTTP client alone would take as long to load as all of the action.
 * https://docs.github.com/en/actions/reference/security/oidc#methods-for-requesting-the-oidc-token
 */
export async function oidcToken(
  audience: string,
  env: Readonly<Record<string, string | undefined>>,
  pauses: readonly number[] = pausesMs,
): Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = env;
  if (!url || !token) throw noToken('the job may not have one');
  const address = new URL(url);
  address.searchParams.set('audience', audience);
  for (let attempt = 0; ; attempt += 1) {
    const answer = await ask(address, token);
    if ('value' in answer) {
      core.setSecret(answer.value);
      return answer.value;
    }
    const pause = pauses[attempt];
    if (answer.isFinal || pause === undefined) throw noToken(answer.problem);
    await sleep(pause);
  }
}

async function ask(
  address: URL,
  token: string,
): Promise<{ value: string } | { problem: string; isFinal: boolean }> {
  try {
    const response = await fetch(address, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/json; api-version=2.0' },
      redirect: 'error',
      signal: AbortSignal.timeout(requestTimeoutMs),
    });
    const text = await response.text();
    if (response.ok) return { value: Answer.parse(JSON.parse(text)).value };
    const isFinal = response.status < 500 && response.status !== 429 && response.status !== 408;
    return { problem: `HTTP ${response.status}`, isFinal };
  } catch (error) {
    return { problem: messageOf(error), isFinal: false };
  }
}

function noToken(why: string): AppError {
  return new AppError('claim-refused', {
    message: `GitHub gave the run no OIDC token, by which it identifies itself to the app: ${why}.`,
    hint: 'Give the job `permissions: id-token: write`.',
  });
}
