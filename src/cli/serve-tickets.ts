import { dirname } from 'node:path';
import { z } from 'zod';
import { jiraServer, serveOn } from '../mcp/jira-server.ts';
import { responseCache } from '../mcp/response-cache.ts';
import type { ProxyWorld } from '../mcp/run-proxy.ts';
import { ticketAnswers } from '../mcp/ticket-answers.ts';
import { readTicketSnapshot } from '../mcp/ticket-snapshot.ts';
import type { TicketSource } from '../mcp/ticket-source.ts';
import { flagValues } from './flag-values.ts';
import type { Terminal } from './terminal.ts';

const Site = z.object({
  url: z.url({ protocol: /^https?$/ }).optional(),
  email: z.string().optional(),
  token: z.string().optional(),
});

/** `dexter mcp-jira`: serves until the client leaves or a signal comes. */
export async function serveTickets(
  { snapshot, ttlMs, version }: { snapshot: string | undefined; ttlMs: number; version: string },
  terminal: Terminal,
  { input, output, onSignal }: ProxyWorld,
): Promise<number> {
  const stopped = Promise.withResolvers<void>();
  const stopListening = onSignal(() => stopped.resolve());
  const source = await sourceOf(terminal);
  const cache = responseCache({ ttlMs, maxEntries: 1_000, maxBytes: 64_000_000 }, (operation) =>
    terminal.tell(JSON.stringify(operation)),
  );
  const answers = ticketAnswers({
    ...(snapshot === undefined
      ? {}
      : { snapshot: { file: await readTicketSnapshot(snapshot), directory: dirname(snapshot) } }),
    ...(source === undefined ? {} : { source }),
    cache,
    now: () => terminal.now().getTime(),
  });
  await serveOn(jiraServer(answers, version), input, output, stopped.promise);
  stopListening();
  return 0;
}

/** Undefined without credentials: then the snapshot is all there is. */
async function sourceOf({ env, tell }: Terminal): Promise<TicketSource | undefined> {
  const { url, email, token } = flagValues(
    Site,
    {
      url: { flag: '', variables: ['JIRA_URL'] },
      email: { flag: '', variables: ['JIRA_EMAIL'] },
      token: { flag: '', variables: ['JIRA_API_TOKEN'] },
    },
    {},
    env,
  );
  if (url === undefined || email === undefined || token === undefined) {
    const isPartly = [url, email, token].some((value) => value !== undefined);
    if (isPartly) tell('JIRA is not asked: that takes JIRA_URL, JIRA_EMAIL and JIRA_API_TOKEN, all three.');
    return undefined;
  }
  const { jiraTicketSource } = await import('./jira-ticket-source.ts');
  return jiraTicketSource({ name: 'mcp', url: url.replace(/\/+$/, ''), email, token });
}
