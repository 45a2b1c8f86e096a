import { z } from 'zod';
import { type Answer, unreachable } from '../../../core/answer.ts';
import type { Check } from '../check.ts';
import { noAnswer } from '../no-answer.ts';
import { failed, ok, type Verdict } from '../verdict.ts';

export interface ServerFacts {
  url: string;
  /** Address of GitHub for people. */
  serverUrl: string;
  health: Answer<true>;
  /** Status of `/readyz`; 404 where the app has no such page. */
  readyStatus?: number;
}

export const server: Check = {
  id: 'server',
  area: 'app',
  title: 'Server',
  looksAt:
    'The app answers under `DEXTER_URL` (`/healthz`, and `/readyz` where there is one), and GitHub can be meant to reach that address.',
  mend: 'Start the app, or correct `DEXTER_URL`, the reverse proxy, DNS or the certificate.',
  needs: ['configuration'],
  async inspect({ config }, _, signal) {
    const { url, github } = await config();
    const { health, readyStatus } = await askServer(url, signal);
    return judgeServer({
      url,
      serverUrl: github.serverUrl,
      health,
      ...(readyStatus === undefined ? {} : { readyStatus }),
    });
  },
};

async function askServer(
  url: string,
  signal: AbortSignal,
): Promise<Pick<ServerFacts, 'health' | 'readyStatus'>> {
  try {
    const health = await fetch(`${url}/healthz`, { redirect: 'manual', signal });
    const body = await health.json().catch(() => undefined);
    if (!health.ok) return { health: { outcome: 'refused', status: health.status, said: '' } };
    if (!z.object({ ok: z.literal(true) }).safeParse(body).success) return { health: { outcome: 'strange' } };
    const ready = await fetch(`${url}/readyz`, { redirect: 'manual', signal });
    await ready.body?.cancel();
    return { health: { outcome: 'answered', value: true }, readyStatus: ready.status };
  } catch (error) {
    return { health: unreachable(error) };
  }
}

export function judgeServer({ url, serverUrl, health, readyStatus = 404 }: ServerFacts): Verdict {
  if (isLoopback(url) && !isLoopback(serverUrl)) {
    return failed(
      `DEXTER_URL is ${url}: nobody but this machine reaches that address, and GitHub is at ${serverUrl}.`,
      'Set DEXTER_URL to the address under which GitHub, JIRA and the runners reach the app, such as https://dexter.example.com.',
    );
  }
  switch (health.outcome) {
    case 'answered':
      if (readyStatus >= 500) {
        return failed(
          `The app runs at ${url}, but is not ready (/readyz: HTTP ${readyStatus}).`,
          `Look at ${url}/readyz and at the log of the app.`,
        );
      }
      return ok(`The app answers at ${url}.`);
    case 'refused':
      return failed(
        `${url}/healthz answers with HTTP ${health.status}, which the app does not.`,
        'Start the app (`npm start`), and let the reverse proxy of DEXTER_URL pass on all paths to it.',
      );
    case 'strange':
      return noAnswer({ name: 'the app', at: url, setting: 'DEXTER_URL' }, health);
    case 'unreachable': {
      const verdict = noAnswer({ name: 'the app', at: url, setting: 'DEXTER_URL' }, health);
      if (health.code !== 'ECONNREFUSED') return verdict;
      return failed(verdict.message, 'Start the app: `npm start`. If it runs elsewhere, correct DEXTER_URL.');
    }
  }
}

function isLoopback(url: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\]|0\.0\.0\.0)$/.test(new URL(url).hostname);
}
