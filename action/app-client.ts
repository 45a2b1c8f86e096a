import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { AppError, messageOf } from '../src/core/errors.ts';
import type { Progress, Report } from '../src/core/report.ts';
import {
  attachmentPath,
  type ClaimRequest,
  ClaimResponse,
  claimPath,
  HeartbeatResponse,
  heartbeatPath,
  Refusal,
  reportPath,
} from '../src/core/runner.ts';
import { formatSize } from '../src/core/size.ts';

export type Answer<T> =
  | { outcome: 'ok'; value: T }
  | { outcome: 'refused'; status: number; refusal: Refusal };

/** What the runner says to the app. A 4xx is a refusal; what stays unreachable is an error. */
export interface AppClient {
  /** `token` says which run this is: from the local dispatcher, or GitHub's OIDC token for the app. */
  claim(request: ClaimRequest, token: string): Promise<Answer<ClaimResponse>>;
  /** Tried once: the next one follows soon. Refused only when the app itself says that the run lost its command. */
  heartbeat(claim: HeldClaim, progress: Progress): Promise<Answer<HeartbeatResponse>>;
  report(claim: HeldClaim, report: Report): Promise<Answer<void>>;
  /**
   * The content of an attachment of the ticket, of at most `maxBytes`. Tried once; rejects when it cannot be had, and
   * when `signal` aborts.
   */
  attachment(claim: HeldClaim, id: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array>;
}

/** What shows that a run holds its command. */
export type HeldClaim = Pick<ClaimResponse, 'fence' | 'runToken'>;

export interface AppClientOptions {
  appUrl: string;
  commandId: string;
  /** Waits between tries, in milliseconds; one more try than waits. */
  waits?: readonly number[];
}

/** About two minutes, enough for a restart of the app. */
export const patientWaits = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000];

const requestTimeoutMs = 20_000;
const attachmentTimeoutMs = 90_000;

export function appClient({ appUrl, commandId, waits = patientWaits }: AppClientOptions): AppClient {
  const base = appUrl.replace(/\/+$/, '');

  return {
    async claim(request, token) {
      return parsed(await post(claimPath(commandId), request, token, waits), ClaimResponse);
    },
    async heartbeat({ fence, runToken }, progress) {
      const answer = await post(heartbeatPath(commandId), { fence, progress }, runToken, []);
      if (answer.outcome === 'refused' && !takesAway(answer)) {
        throw unreachable(new Error(`HTTP ${answer.status}`));
      }
      return parsed(answer, HeartbeatResponse);
    },
    async report({ fence, runToken }, report) {
      const answer = await post(reportPath(commandId), { fence, report }, runToken, waits);
      return answer.outcome === 'ok' ? { outcome: 'ok', value: undefined } : answer;
    },
    attachment: attachmentOf,
  };

  async function attachmentOf(
    { fence, runToken }: HeldClaim,
    id: string,
    maxBytes: number,
    ended: AbortSignal,
  ): Promise<Uint8Array> {
    const response = await fetch(`${base}${attachmentPath(commandId, id)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${runToken}` },
      body: JSON.stringify({ fence }),
      redirect: 'error',
      signal: AbortSignal.any([ended, AbortSignal.timeout(attachmentTimeoutMs)]),
    });
    if (!response.ok) throw new Error(refusalOf(response.status, await response.text()).message);
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw new Error(`it is larger than ${formatSize(maxBytes)}`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  async function post(
    path: string,
    body: unknown,
    token: string,
    pauses: readonly number[],
  ): Promise<Answer<string>> {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await tryOnce(path, body, token);
      if ('outcome' in answer) return answer;
      const pause = pauses[attempt];
      if (pause === undefined) throw unreachable(answer.failure);
      await sleep(pause);
    }
  }

  async function tryOnce(
    path: string,
    body: unknown,
    token: string,
  ): Promise<Answer<string> | { failure: unknown }> {
    try {
      const response = await fetch(`${base}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
        redirect: 'error',
        signal: AbortSignal.timeout(requestTimeoutMs),
      });
      const text = await response.text();
      if (response.ok) return { outcome: 'ok', value: text };
      if (isTransient(response.status)) return { failure: new Error(`HTTP ${response.status}`) };
      return { outcome: 'refused', status: response.status, refusal: refusalOf(response.status, text) };
    } catch (failure) {
      return { failure };
    }
  }

  function unreachable(cause: unknown): AppError {
    return new AppError('internal', {
      message: `The app at ${base} did not answer: ${messageOf(cause)}.`,
      hint: 'Check that the app runs and that the runner can reach its address.',
      cause,
    });
  }
}

function parsed<T>(answer: Answer<string>, schema: z.ZodType<T>): Answer<T> {
  if (answer.outcome === 'refused') return answer;
  const value = schema.safeParse(jsonOf(answer.value));
  if (value.success) return { outcome: 'ok', value: value.data };
  throw new AppError('internal', {
    message: 'The app answered something that this version of the action does not understand.',
    hint: 'Use the version of the action that belongs to the app.',
    cause: value.error,
  });
}

function isTransient(status: number): boolean {
  return status >= 500 || status === 408 || status === 429;
}

/** Whether the app itself refused, and not whatever stands before it, such as an ingress during a deploy. */
export function isExplained({ status, refusal }: { status: number; refusal: Refusal }): boolean {
  return refusal.code !== unexplained(status);
}

function takesAway(answer: { status: number; refusal: Refusal }): boolean {
  return (answer.status === 401 || answer.status === 409) && isExplained(answer);
}

function unexplained(status: number): string {
  return `http-${status}`;
}

function refusalOf(status: number, text: string): Refusal {
  return (
    Refusal.safeParse(jsonOf(text)).data ?? {
      code: unexplained(status),
      message: `The app refused the request with HTTP ${status}.`,
      hint: 'Look at the log of the app.',
    }
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
