import { createCloudClient } from 'jira.js';
import { z } from 'zod';
import { AppError } from '../core/errors.ts';
import { formatSize } from '../core/size.ts';
import { type JiraSite, jiraError, withinTime } from './client.ts';

export interface TicketState {
  /** ISO 8601 in UTC. */
  updated: string;
  attachments: { id: string; name: string; mimeType: string; bytes: number }[];
}

/** What is read of tickets besides the ticket itself. Errors are AppErrors: `ticket-unreadable`, `jira-failed`. */
export interface TicketReader {
  readState(issueKey: string): Promise<TicketState>;
  search(jql: string, limit: number): Promise<{ key: string; summary: string; status: string }[]>;
  /** At most `maxBytes`. */
  readAttachment(id: string, maxBytes: number): Promise<{ mimeType: string; content: Uint8Array }>;
}

/** A date when the library recognised the answer, a string when it did not. */
const Moment = z.union([z.date(), z.string().pipe(z.coerce.date())]);

const State = z.looseObject({
  fields: z.looseObject({
    updated: Moment,
    attachment: z
      .array(
        z.looseObject({
          id: z.coerce.string(),
          filename: z.string().default(''),
          mimeType: z.string().default('application/octet-stream'),
          size: z.number().default(0),
        }),
      )
      .nullish(),
  }),
});

const Found = z.looseObject({
  issues: z
    .array(
      z.looseObject({
        key: z.string(),
        fields: z.looseObject({
          summary: z.string().nullish(),
          status: z.looseObject({ name: z.string().optional() }).nullish(),
        }),
      }),
    )
    .default([]),
});

const timeoutMs = 20_000;

/** https://developer.atlassian.com/cloud/jira/platform/rest/v3/ */
export function ticketReader(site: JiraSite): TicketReader {
  const host = site.apiUrl ?? site.url;
  const client = createCloudClient({
    host,
    auth: { type: 'basic', email: site.email, apiToken: site.token },
    onSchemaMismatch: 'silent',
    retry: { maxAttempts: 3, initialDelayMs: 500, backoffFactor: 2 },
  });

  async function say<T>(what: string, request: () => Promise<T>): Promise<T> {
    try {
      return await withinTime(request());
    } catch (error) {
      throw jiraError(site, what, error);
    }
  }

  return {
    readState: (issueKey) =>
      say(`reading the state of ${issueKey}`, async () => {
        const { fields } = State.parse(
          await client.issues.getIssue({ issueIdOrKey: issueKey, fields: ['updated', 'attachment'] }),
        );
        const attachments = (fields.attachment ?? []).map(({ id, filename, mimeType, size }) => ({
          id,
          name: filename,
          mimeType,
          bytes: size,
        }));
        return { updated: fields.updated.toISOString(), attachments };
      }),

    search: (jql, limit) =>
      say('searching tickets', async () => {
        const { issues } = Found.parse(
          await client.issueSearch.searchAndReconsileIssuesUsingJqlPost({
            jql,
            maxResults: limit,
            fields: ['summary', 'status'],
          }),
        );
        return issues.map(({ key, fields }) => ({
          key,
          summary: fields.summary ?? '',
          status: fields.status?.name ?? '',
        }));
      }),

    readAttachment: (id, maxBytes) =>
      say(`reading attachment ${id}`, async () => {
        // By hand: the library would follow a redirect, and has no limit.
        const address = new URL(`${host.replace(/\/$/, '')}/rest/api/3/attachment/content/`);
        address.pathname += encodeURIComponent(id);
        address.search = 'redirect=false';
        const response = await fetch(address, {
          headers: {
            authorization: `Basic ${Buffer.from(`${site.email}:${site.token}`).toString('base64')}`,
          },
          redirect: 'manual',
          signal: AbortSignal.timeout(timeoutMs),
        });
        if (!response.ok || response.body === null) {
          await response.body?.cancel();
          throw refused(site, id, response.status);
        }
        const mimeType = response.headers.get('content-type') ?? 'application/octet-stream';
        const content = await bytesOf(response.body, maxBytes, id);
        return { mimeType, content };
      }),
  };
}

function refused(site: JiraSite, id: string, status: number): AppError {
  if (status >= 300 && status < 400) {
    return new AppError('ticket-unreadable', {
      message: `JIRA (${site.url}) sent Dexter to another address for attachment ${id}, which it does not follow.`,
      hint: 'Go on without the attachment.',
    });
  }
  const isKept = status === 403 || status === 404;
  return new AppError(isKept ? 'ticket-unreadable' : 'jira-failed', {
    message: `JIRA (${site.url}) did not hand over attachment ${id} (HTTP ${status}).`,
    hint: 'Check that the attachment exists and that the account may see it.',
  });
}

async function bytesOf(body: ReadableStream<Uint8Array>, maxBytes: number, id: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) {
      throw new AppError('ticket-unreadable', {
        message: `Attachment ${id} is larger than ${formatSize(maxBytes)}.`,
        hint: 'Go on without it.',
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
