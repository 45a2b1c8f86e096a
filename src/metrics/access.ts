import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';
import { isLoopbackAddress, isLoopbackHost } from '../core/loopback.ts';
import { sameSecret } from '../core/same-secret.ts';

export interface MetricsAccess {
  /** Of `DEXTER_METRICS_TOKEN`. */
  token: string | undefined;
  /** Address under which people and runners reach the app. */
  appUrl: string;
}

/** What tells whether somebody sits at this machine. */
export interface LocalAsker {
  /** Of the other end of the connection, numeric; undefined where it is not known. */
  address: string | undefined;
  /** The header `Host`. */
  host: string | undefined;
  /** Names of the headers by which proxies tell that somebody stands behind them, of those that are there. */
  forwarding: readonly string[];
}

/** What is known of somebody who asks for metrics. */
export interface Asker extends LocalAsker {
  authorization: string | undefined;
}

export type Verdict = { outcome: 'admitted' } | { outcome: 'refused'; status: 401 | 403; error: string };

const forwardingHeaders = [
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
] as const;

export function askerOf(c: Context): Asker {
  const { env } = c;
  return {
    authorization: c.req.header('authorization'),
    address:
      typeof env === 'object' && env !== null && 'incoming' in env
        ? getConnInfo(c).remote.address
        : undefined,
    host: c.req.header('host'),
    forwarding: forwardingHeaders.filter((name) => c.req.header(name) !== undefined),
  };
}

/**
 * Whether somebody may read the metrics: with the token, where there is one. Without one only this machine may, and only
 * of an app that is there for this machine: a reverse proxy beside it need not say for whom it asks.
 */
export function judgeAsker(asker: Asker, { token, appUrl }: MetricsAccess): Verdict {
  if (token !== undefined) {
    return sameSecret(asker.authorization ?? '', `Bearer ${token}`)
      ? { outcome: 'admitted' }
      : {
          outcome: 'refused',
          status: 401,
          error: 'Send the token of DEXTER_METRICS_TOKEN as a bearer token.',
        };
  }
  const why = whyNotLocal(asker, appUrl);
  if (why === undefined) return { outcome: 'admitted' };
  return {
    outcome: 'refused',
    status: 403,
    error: `Without a token metrics are for this machine alone, and ${why}. Set DEXTER_METRICS_TOKEN, and send it as a bearer token.`,
  };
}

/** Undefined for somebody at this machine, of an app that nobody else reaches. */
export function whyNotLocal({ address, host, forwarding }: LocalAsker, appUrl: string): string | undefined {
  if (address === undefined || !isLoopbackAddress(address)) return 'the connection does not come from it';
  if (forwarding.length > 0) return `a proxy speaks for somebody else (${forwarding.join(', ')})`;
  // A page in a browser of this machine can reach it by a name of its own.
  if (host === undefined || !namesThisMachine(`http://${host}`))
    return 'the address that was asked for is not of it';
  if (!namesThisMachine(appUrl)) return 'DEXTER_URL says that others reach the app too';
  return undefined;
}

function namesThisMachine(url: string): boolean {
  return URL.canParse(url) && isLoopbackHost(new URL(url).hostname);
}
