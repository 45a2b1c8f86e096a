import { setTimeout } from 'node:timers/promises';
import { type CloudClient, createCloudClient, isApiError, isNetworkError } from 'jira.js';
import { type Client, createClient } from 'jira.js/core';
import { AppError } from '../core/errors.ts';
import { readAdf } from './adf.ts';
import { adfToWiki } from './adf-to-wiki.ts';
import type { JiraSite } from './site.ts';

/** One HTTP request to JIRA, tries that failed included. */
export interface JiraRequest {
  method: string;
  /** Without the query. */
  path: string;
}

export interface TransportOptions {
  /** Called before each request: who counts JIRA's calls counts here. */
  onRequest?: (request: JiraRequest) => void;
  /** Called after each of them with the HTTP status of the answer; undefined when none came. */
  onAnswer?: (status: number | undefined) => void;
  /** Pause before the second try, doubled before the third. */
  retryDelayMs?: number;
}

export interface JiraTransport {
  client: CloudClient;
  /** The answer to a GET request for which the library has no function. */
  get(path: string, query: Record<string, string>): Promise<unknown>;
  /**
   * The bytes of a file of JIRA's own, never more than `maxBytes`. A redirect is refused, wherever it leads.
   * @throws AppError `jira-failed`, or the library's error for an answer that is none.
   */
  download(path: string, maxBytes: number): Promise<Uint8Array>;
}

const timeoutMs = 20_000;

const downloadTimeoutMs = 60_000;

const maxTries = 3;

/**
 * All that goes over the wire to a site: jira.js with its requests counted, limited in time and tried again when a
 * gateway or the network failed. For Server and Data Center the same requests go to REST v2, which has the same paths
 * and takes and gives strings of wiki markup where v3 has documents.
 */
export function jiraTransport(
  site: JiraSite,
  { onRequest, onAnswer, retryDelayMs = 500 }: TransportOptions,
): JiraTransport {
  const host = (site.apiUrl ?? site.url).replace(/\/+$/, '');
  const auth =
    site.type === 'server'
      ? ({ type: 'bearer', token: site.token } as const)
      : ({ type: 'basic', email: site.email, apiToken: site.token } as const);
  // The shapes that count are checked where they are read; the library would check all of them, and slowly.
  const wire = createClient({ host, auth, onSchemaMismatch: 'silent' });

  /** The library says the status of errors alone: other answers were good ones. */
  function telling<T>(request: Promise<T>): Promise<T> {
    if (!onAnswer) return request;
    return request.then(
      (answer) => {
        onAnswer(200);
        return answer;
      },
      (error: unknown) => {
        onAnswer(isApiError(error) ? error.status : undefined);
        throw error;
      },
    );
  }

  const counting: Client = {
    async sendRequest(request) {
      const { schema: _, ...unchecked } = site.type === 'server' ? forServer(request) : request;
      return withTries(retryDelayMs, () => {
        onRequest?.({ method: unchecked.method ?? 'GET', path: unchecked.url });
        return telling(withinTime(wire.sendRequest(unchecked)));
      });
    },
  };

  return {
    client: createCloudClient(counting),
    get: (path, query) => counting.sendRequest({ url: path, method: 'GET', searchParams: query }),
    async download(path, maxBytes) {
      onRequest?.({ method: 'GET', path: path.replace(/\?.*$/, '') });
      const credentials =
        auth.type === 'bearer'
          ? `Bearer ${auth.token}`
          : `Basic ${Buffer.from(`${auth.email}:${auth.apiToken}`).toString('base64')}`;
      const response = await fetch(`${host}${path}`, {
        headers: { authorization: credentials, accept: '*/*' },
        redirect: 'manual',
        signal: AbortSignal.timeout(downloadTimeoutMs),
      }).catch((error: unknown) => {
        onAnswer?.(undefined);
        throw error;
      });
      onAnswer?.(response.status);
      try {
        if (response.status >= 300 && response.status < 400) throw redirected(site, response);
        if (!response.ok) throw notServed(site, response);
        return await bytesOf(response, maxBytes, site);
      } finally {
        await response.body?.cancel().catch(() => undefined);
      }
    },
  };
}

/** The library sends strings to v2 without their properties: so it is given documents, and they become markup here. */
function forServer<T extends { url: string; body?: unknown }>(request: T): T {
  const url = request.url.replace(/^\/rest\/api\/3\//, '/rest/api/2/').replace(/\/search\/jql$/, '/search');
  const { body } = request;
  if (typeof body !== 'object' || body === null || !('body' in body)) return { ...request, url };
  const document = readAdf(body.body)?.document;
  return { ...request, url, ...(document ? { body: { ...body, body: adfToWiki(document) } } : {}) };
}

/** Writes are tried again too: JIRA's gateway says 502 to 504 of what it did not pass on. */
async function withTries<T>(delayMs: number, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      const passing = isApiError(error)
        ? [502, 503, 504].includes(error.status)
        : isNetworkError(error) && error.transient;
      if (!passing || tries === maxTries) throw error;
      await setTimeout(delayMs * 2 ** (tries - 1));
    }
  }
}

/** JIRA said nothing for too long. */
export class NoAnswer extends Error {}

/** The library has no time limit of its own. */
async function withinTime<T>(request: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = setTimeout(timeoutMs, undefined, { signal: timer.signal, ref: false }).then(() => {
    throw new NoAnswer(`no answer within ${timeoutMs / 1000} s`);
  });
  try {
    return await Promise.race([request, late]);
  } finally {
    timer.abort();
    late.catch(() => undefined);
  }
}

async function bytesOf(response: Response, maxBytes: number, site: JiraSite): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooLarge(site, maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function redirected(site: JiraSite, response: Response): AppError {
  const location = response.headers.get('location') ?? '';
  const host = URL.canParse(location) ? new URL(location).host : 'another address';
  return new AppError('jira-failed', {
    message: `JIRA (${site.url}) sent Dexter on to ${host} for an attachment, which Dexter does not follow.`,
    hint: 'Paste what matters of the attachment into the ticket.',
  });
}

function notServed(site: JiraSite, response: Response): AppError {
  return new AppError('jira-failed', {
    message: `JIRA (${site.url}) did not hand out an attachment (HTTP ${response.status}).`,
    hint: 'Check that the attachment exists and that the account of Dexter may see it.',
  });
}

function tooLarge(site: JiraSite, maxBytes: number): AppError {
  return new AppError('jira-failed', {
    message: `JIRA (${site.url}) sent more than ${maxBytes} bytes of an attachment.`,
    hint: 'Attach a smaller file, or paste what matters of it into the ticket.',
  });
}
