import { once } from 'node:events';
import { createServer } from 'node:http';

/** A proxy in front of JIRA that counts what is asked and can be JIRA's trouble. */
export async function startJiraGate(target: string) {
  const requests: { method: string; path: string; query: string }[] = [];
  let trouble: { status: number; headers: Record<string, string> } | undefined;
  let delayed: Promise<void> | undefined;

  const server = createServer(async (request, response) => {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(Buffer.from(chunk));
      const { pathname, search } = new URL(request.url ?? '/', target);
      requests.push({ method: request.method ?? '', path: pathname, query: search });
      await delayed;
      if (trouble) {
        response.writeHead(trouble.status, { 'content-type': 'application/json', ...trouble.headers });
        response.end('{"errorMessages":["in trouble"]}');
        return;
      }
      const { authorization = '' } = request.headers;
      const answered = await fetch(`${target}${pathname}${search}`, {
        method: request.method ?? 'GET',
        headers: { authorization, 'content-type': 'application/json', accept: 'application/json' },
        ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
      });
      response.writeHead(answered.status, { 'content-type': 'application/json' });
      response.end(await answered.text());
    } catch {
      response.destroy();
    }
  });
  // Longer than any test: a client never finds a connection closed that it wants to use again.
  server.keepAliveTimeout = 120_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();

  return {
    url: `http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`,
    requests: requests as readonly { method: string; path: string; query: string }[],
    /** What was asked to read the ticket itself, since `after` requests. */
    readsOf(issueKey: string, after = 0) {
      const ticket = `/rest/api/3/issue/${issueKey}`;
      return requests
        .slice(after)
        .filter(({ method, path }) => method === 'GET' && (path === ticket || path === `${ticket}/comment`));
    },
    /** From now on every answer is this one. */
    fail(status: number, headers: Record<string, string> = {}): void {
      trouble = { status, headers };
    },
    mend(): void {
      trouble = undefined;
    },
    /** Every answer waits for this. */
    delay(until: Promise<void>): void {
      delayed = until;
    },
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type JiraGate = Awaited<ReturnType<typeof startJiraGate>>;
