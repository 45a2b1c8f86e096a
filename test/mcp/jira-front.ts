import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { fromText } from '../../demo/jira/adf.ts';
import { startJira } from '../../demo/jira/start-jira.ts';

export const attachment = { id: '900', filename: 'trace.log', mimeType: 'text/plain', size: 12 };
const content = 'line 1\nend\n\n';

/**
 * The emulated JIRA with what its clients here need besides: a search that finds every ticket, an attachment, and
 * the paths and texts of version 2, which clients of the Server edition speak.
 */
export async function startJiraFront() {
  const jira = await startJira({
    serviceAccount: 'bot',
    users: [
      { accountId: 'bot', displayName: 'Dexter', email: 'bot@example.com' },
      { accountId: 'ada', displayName: 'Ada', email: 'ada@example.com' },
    ],
    projects: [{ key: 'DX', name: 'Dexter' }],
    issues: [
      { key: 'DX-1', summary: 'Fix the login', reporter: 'ada', description: fromText('It fails.') },
      { key: 'DX-2', summary: 'Another one', reporter: 'ada' },
    ],
  });
  const seen: string[] = [];
  /** Where the attachment's content is, if JIRA does not hand it over itself. */
  let redirect: string | undefined;

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const body = Buffer.concat(chunks).toString('utf8');
    const [path = '', query = ''] = (request.url ?? '').replace('/rest/api/2/', '/rest/api/3/').split('?');
    seen.push(`${request.method} ${path}`);
    const forward = (to: string, more: RequestInit = {}) =>
      fetch(`${jira.url}${to}`, {
        method: request.method ?? 'GET',
        headers: {
          authorization: request.headers.authorization ?? '',
          'content-type': 'application/json',
        },
        ...more,
      });
    const send = async (answer: Response, text?: string) => {
      const type = answer.headers.get('content-type') ?? 'text/plain';
      response.writeHead(answer.status, { 'content-type': type }).end(text ?? (await answer.text()));
    };

    if (/\/attachment\/content\//.test(path)) {
      const signedIn = await forward('/rest/api/3/myself', { method: 'GET' });
      if (!signedIn.ok) return send(signedIn);
      if (redirect !== undefined) {
        response.writeHead(303, { location: redirect }).end();
        return;
      }
      response.writeHead(200, { 'content-type': 'text/plain' }).end(content);
      return;
    }
    if (/\/search(?:\/jql)?$/.test(path)) {
      const found = await Promise.all(
        ['DX-1', 'DX-2'].map((key) => forward(`/rest/api/3/issue/${key}`, { method: 'GET' })),
      );
      const refused = found.find(({ ok }) => !ok);
      if (refused !== undefined) return send(refused);
      const issues = await Promise.all(found.map((one) => one.json()));
      const page = { issues, startAt: 0, maxResults: 50, total: issues.length, isLast: true };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(page));
      return;
    }
    const isV2 = request.url?.startsWith('/rest/api/2/') ?? false;
    const sent =
      isV2 && request.method === 'POST' && path.endsWith('/comment')
        ? JSON.stringify({ body: fromText(String(JSON.parse(body).body)) })
        : body;
    const answer = await forward(`${path}${query === '' ? '' : `?${query}`}`, {
      ...(sent === '' ? {} : { body: sent }),
    });
    if (!answer.ok || !/\/issue\/DX-1$/.test(path) || request.method !== 'GET') return send(answer);
    return send(
      answer,
      (await answer.text()).replace('"attachment":[]', () => `"attachment":[${JSON.stringify(attachment)}]`),
    );
  }

  const server = createServer((request, response) => {
    respond(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    jira,
    url: `http://127.0.0.1:${address.port}`,
    /** Every request so far, as method and path. */
    seen,
    redirectTo: (target: string | undefined): void => {
      redirect = target;
    },
    async close(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await jira.close();
    },
  };
}
