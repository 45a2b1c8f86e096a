import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { type AdfDocument, fromText } from './adf.ts';
import { createApi } from './api.ts';
import { developmentDetail } from './dev-status.ts';
import { createFormat } from './format.ts';
import { issuePage } from './page.ts';
import { createStore, type JiraComment, type JiraIssue, type JiraUser, type StoreOptions } from './store.ts';
import { createWebhooks, type JiraDelivery, type WebhookMode } from './webhooks.ts';

export type JiraOptions = StoreOptions & {
  /** `accountId` of the service account that the App signs in as. */
  serviceAccount: string;
  /** 0, the default, takes a free one. */
  port?: number;
  /** Pause before an administrator's webhook is sent again; 5 to 15 minutes in the real JIRA, here 200 ms. */
  retryAfterMs?: number;
  /** Most comments that one page holds; 100 when not given. */
  mostComments?: number;
  /** Most comments that come with the fields of a ticket, oldest first; all of them without. */
  mostEmbedded?: number;
};

/** Requests that are answered otherwise, by `GET /rest/api/3/…`, for so many times; without a body they fail. */
type Fault = {
  at: RegExp;
  status: 200 | 429 | 500 | 502 | 503;
  times: number;
  headers?: Record<string, string>;
  body?: string;
};

/** What a client needs to sign in. */
export type JiraConnection = { baseUrl: string; email: string; apiToken: string; accountId: string };

/** A simulated JIRA on loopback. */
export type Jira = Awaited<ReturnType<typeof startJira>>;

/** Starts the simulated JIRA: REST v3 and v2 for programs, `/browse/<key>` for people. */
export async function startJira(options: JiraOptions) {
  const store = createStore(options);
  const tokens = new Map(
    options.users.map((user) => [user.accountId, `simulated-${randomBytes(18).toString('hex')}`]),
  );

  const requests: { method: string; path: string }[] = [];
  const faults: Fault[] = [];
  const app = new Hono();
  const server = createServer(getRequestListener(app.fetch));
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`;

  const mostEmbedded = options.mostEmbedded ?? Number.POSITIVE_INFINITY;
  const format = createFormat(url, store, mostEmbedded, 3);
  const webhooks = createWebhooks(format, options.retryAfterMs ?? 200);
  const shared = { url, store, webhooks, signIn, signInWithToken, mostComments: options.mostComments ?? 100 };
  app.use('*', async (c, next) => {
    const path = new URL(c.req.url).pathname;
    requests.push({ method: c.req.method, path });
    const fault = faults.find(({ at, times }) => times > 0 && at.test(`${c.req.method} ${path}`));
    if (!fault) return next();
    fault.times -= 1;
    if (fault.body !== undefined)
      return c.body(fault.body, fault.status, { 'content-type': 'application/json' });
    return c.json(
      { errorMessages: ['The simulation was told to fail.'], errors: {} },
      { status: fault.status, headers: fault.headers ?? {} },
    );
  });
  app.route('/rest/api/3', createApi({ ...shared, format, version: 3 }));
  app.route(
    '/rest/api/2',
    createApi({ ...shared, format: createFormat(url, store, mostEmbedded, 2), version: 2 }),
  );
  // Server keeps the content of attachments here.
  app.get('/secure/attachment/:id/:name', (c) => {
    const account = signInWithToken((c.req.header('authorization') ?? '').replace(/^Bearer /i, ''));
    const found = store.attachment(c.req.param('id'));
    if (!account || !found || store.access(account.accountId, found.issue) === 'none') return c.text('', 404);
    const { redirectTo, content, mimeType } = found.attachment;
    if (redirectTo !== undefined) return c.redirect(redirectTo, 302);
    return c.body(Uint8Array.from(content).buffer, 200, { 'content-type': mimeType });
  });
  app.get('/rest/dev-status/latest/issue/detail', (c) => {
    const [, pair = ''] = (c.req.header('authorization') ?? '').split(' ', 2);
    const [email = '', token = ''] = Buffer.from(pair, 'base64').toString('utf8').split(':', 2);
    return signIn(email, token) ? developmentDetail(c, store) : c.text('', 401);
  });
  app.get('/browse/:key', (c) => {
    const issue = store.issue(c.req.param('key'));
    return issue ? c.html(issuePage(issue, store)) : c.text('The simulation of JIRA has no such issue.', 404);
  });

  function signIn(email: string, token: string): JiraUser | undefined {
    const user = options.users.find((one) => one.email === email);
    const expected = Buffer.from(user ? (tokens.get(user.accountId) ?? '') : '');
    const given = Buffer.from(token);
    return expected.length > 0 && expected.length === given.length && timingSafeEqual(expected, given)
      ? user
      : undefined;
  }

  function signInWithToken(token: string): JiraUser | undefined {
    return options.users.find((one) => signIn(one.email, token) !== undefined);
  }

  function connectionOf(accountId: string): JiraConnection {
    const user = store.user(accountId);
    const apiToken = tokens.get(accountId);
    if (!user || !apiToken) throw new Error(`nobody has the account ${accountId} in the simulated JIRA`);
    return { baseUrl: url, email: user.email, apiToken, accountId };
  }

  /** A request as a person, through the same API that everybody uses. */
  async function request(accountId: string, method: string, path: string, body: unknown): Promise<unknown> {
    const { email, apiToken } = connectionOf(accountId);
    const response = await fetch(`${url}/rest/api/3${path}`, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`${email}:${apiToken}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  function issue(key: string): JiraIssue {
    const found = store.issue(key);
    if (!found) throw new Error(`the simulated JIRA has no issue ${key}`);
    return found;
  }

  let closed: Promise<void> | undefined;
  return {
    url,
    /** How the App signs in. */
    connection: connectionOf(options.serviceAccount),
    /** How a person signs in. */
    connectionOf,
    /** Where events go from now on; before it they go nowhere. */
    setWebhookTarget: (target: string, secret: string, mode: WebhookMode = 'automation'): void =>
      webhooks.setTarget(target, secret, mode),
    /** A person comments; text becomes one paragraph for each line. */
    async comment(accountId: string, key: string, body: AdfDocument | string): Promise<JiraComment> {
      const adf = typeof body === 'string' ? fromText(body) : body;
      await request(accountId, 'POST', `/issue/${encodeURIComponent(key)}/comment`, { body: adf });
      const written = issue(key).comments.findLast((comment) => comment.author === accountId);
      if (!written) throw new Error(`the comment on ${key} was not stored`);
      return written;
    },
    /** A person adds a label; only the administrator's webhook tells of it. */
    async addLabel(accountId: string, key: string, label: string): Promise<void> {
      await request(accountId, 'PUT', `/issue/${encodeURIComponent(key)}`, {
        update: { labels: [{ add: label }] },
      });
    },
    /** Moves an issue to a status, since `at` when that is of another category. */
    setStatus: (key: string, status: string, at = new Date()): void =>
      store.setStatus(issue(key), status, at),
    issue,
    /** Moves an issue to another project: it has a new key, and is found by the old one too. */
    move: (key: string, to: string): void => store.move(issue(key), to),
    remove: (key: string): void => {
      store.remove(issue(key));
    },
    /** Lets the next requests fail that match. */
    fail: (fault: Fault): void => {
      faults.push({ ...fault });
    },
    /** Every request so far, oldest first. */
    requests: (): readonly { method: string; path: string }[] => requests,
    comments: (key: string): readonly JiraComment[] => issue(key).comments,
    /** Every request to the App so far, oldest first. */
    deliveries: (): readonly JiraDelivery[] => webhooks.deliveries,
    /** Resolves when no request to the App is under way. */
    settled: (): Promise<void> => webhooks.settled(),
    close(): Promise<void> {
      closed ??= (async () => {
        await webhooks.close();
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      })();
      return closed;
    },
  };
}
