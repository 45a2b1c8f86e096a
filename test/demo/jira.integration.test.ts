import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createCloudClient, isAuthError, isForbiddenError, isNotFoundError } from 'jira.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { document, fromText, mention, paragraph, toWiki } from '../../demo/jira/adf.ts';
import { type Jira, type JiraConnection, startJira } from '../../demo/jira/start-jira.ts';
import { validateAdf } from '../../demo/jira/validate-adf.ts';
import { accounts, story, ticketKey } from '../../demo/story/ticket.ts';

type Hook = { path: string; headers: Record<string, unknown>; raw: string; payload: unknown };

let jira: Jira;
let app: Server;
let appUrl: string;
let hooks: Hook[];
/** What the app answers to each webhook in turn; then 202. */
let answers: number[];

beforeEach(async () => {
  hooks = [];
  answers = [];
  jira = await startJira({
    ...story,
    users: [...story.users, { accountId: 'reader', displayName: 'Reader', email: 'reader@acme.example' }],
    projects: [
      { key: 'SHOP', name: 'Shop', readOnly: ['reader'] },
      { key: 'SECRET', name: 'Secret', visibleTo: [accounts.rob] },
    ],
    issues: [...story.issues, { key: 'SECRET-1', summary: 'Hidden', reporter: accounts.rob }],
    retryAfterMs: 5,
  });
  app = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks).toString('utf8');
      hooks.push({ path: request.url ?? '', headers: request.headers, raw, payload: JSON.parse(raw) });
      response.writeHead(answers.shift() ?? 202).end();
    });
  });
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
  const address = app.address();
  appUrl = `http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`;
});

afterEach(async () => {
  await jira.close();
  await new Promise((resolve) => app.close(resolve));
});

/** The real client library, set to fail when an answer has another shape than JIRA's. */
function client({ baseUrl, email, apiToken }: JiraConnection = jira.connection) {
  return createCloudClient({
    host: baseUrl,
    auth: { type: 'basic', email, apiToken },
    onSchemaMismatch: 'throw',
  });
}

function request(path: string, init: RequestInit = {}) {
  const { email, apiToken } = jira.connection;
  const authorization = `Basic ${Buffer.from(`${email}:${apiToken}`).toString('base64')}`;
  return fetch(`${jira.url}/rest/api/3${path}`, {
    ...init,
    headers: { authorization, 'content-type': 'application/json' },
  });
}

async function hookAt(index: number): Promise<Hook> {
  await jira.settled();
  const found = hooks[index];
  if (!found) throw new Error(`only ${hooks.length} requests reached the app`);
  return found;
}

describe('signing in', () => {
  it('needs the e-mail and the token of one account', async () => {
    expect(await client().myself.getCurrentUser()).toMatchObject({
      accountId: accounts.dexter,
      displayName: 'Dexter',
    });
    const wrong = client({ ...jira.connection, apiToken: 'wrong' }).myself.getCurrentUser();
    await expect(wrong).rejects.toSatisfy(isAuthError);
    const mixed = client({ ...jira.connection, email: 'maria@acme.example' }).myself.getCurrentUser();
    await expect(mixed).rejects.toSatisfy(isAuthError);
    expect((await fetch(`${jira.url}/rest/api/3/issue/${ticketKey}`)).status).toBe(401);
  });

  it('shows that the server is a simulation', async () => {
    const info = await client().serverInfo.getServerInfo();
    expect(info).toMatchObject({
      baseUrl: jira.url,
      deploymentType: 'Cloud',
      serverTitle: 'JIRA (simulation)',
    });
  });
});

describe('issues', () => {
  it('are read with all their fields, or with those that are asked for', async () => {
    const whole = await client().issues.getIssue({ issueIdOrKey: ticketKey });
    expect(whole).toMatchObject({
      key: ticketKey,
      fields: {
        summary: 'Coupons that take a percentage off',
        status: { name: 'In Progress' },
        issuetype: { name: 'Story' },
        priority: { name: 'High' },
        labels: ['checkout'],
        project: { key: 'SHOP' },
        description: { type: 'doc', version: 1 },
        comment: { total: 2 },
      },
    });
    const part = await client().issues.getIssue({ issueIdOrKey: ticketKey, fields: ['summary', 'labels'] });
    expect(Object.keys(part.fields ?? {}).sort()).toEqual(['labels', 'summary']);
  });

  it('that are hidden look like those that do not exist', async () => {
    for (const issueIdOrKey of ['SECRET-1', 'SHOP-999']) {
      await expect(client().issues.getIssue({ issueIdOrKey })).rejects.toSatisfy(isNotFoundError);
    }
    const seen = await client(jira.connectionOf(accounts.rob)).issues.getIssue({ issueIdOrKey: 'SECRET-1' });
    expect(seen.fields?.description).toBeNull();
    expect(await (await request('/issue/SECRET-1')).json()).toEqual({
      errorMessages: ['Issue does not exist or you do not have permission to see it.'],
      errors: {},
    });
  });

  it('take new labels, and refuse labels with spaces and unknown fields', async () => {
    await client().issues.editIssue({
      issueIdOrKey: ticketKey,
      update: { labels: [{ add: 'dexter' }, { remove: 'checkout' }] },
    });
    expect(jira.issue(ticketKey).labels).toEqual(['dexter']);
    await client().issues.editIssue({ issueIdOrKey: ticketKey, fields: { labels: ['one', 'two'] } });
    expect(jira.issue(ticketKey).labels).toEqual(['one', 'two']);
    const put = (body: unknown) =>
      request(`/issue/${ticketKey}`, { method: 'PUT', body: JSON.stringify(body) });
    expect((await put({ fields: { labels: ['two words'] } })).status).toBe(400);
    expect((await put({ fields: { colour: 'red' } })).status).toBe(400);
    expect((await put({ fields: { description: 'no document' } })).status).toBe(400);
    expect(jira.issue(ticketKey).labels).toEqual(['one', 'two']);
  });

  it('have a page that escapes what people wrote and says that it is a simulation', async () => {
    const script = '<script>alert(1)</script>';
    const link = {
      type: 'text',
      text: 'click',
      marks: [{ type: 'link', attrs: { href: 'javascript:alert(1)' } }],
    };
    await jira.comment(accounts.maria, ticketKey, document(paragraph(script, link)));
    const page = await (await fetch(`${jira.url}/browse/${ticketKey}`)).text();
    expect(page).toContain('simulation of JIRA');
    expect(page).toContain('Coupons that take a percentage off');
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).not.toContain('<script>');
    expect(page).not.toContain('javascript:');
    expect((await fetch(`${jira.url}/browse/SHOP-999`)).status).toBe(404);
  });
});

describe('comments', () => {
  it('are paged, newest first when asked for', async () => {
    const all = { issueIdOrKey: ticketKey };
    for (const text of ['third', 'fourth']) await jira.comment(accounts.maria, ticketKey, text);
    const page = await client().issueComments.getComments({
      ...all,
      orderBy: '-created',
      startAt: 1,
      maxResults: 2,
    });
    expect(page).toMatchObject({ startAt: 1, maxResults: 2, total: 4 });
    expect(page.comments?.map((comment) => comment.author?.displayName)).toEqual([
      'Maria Lang',
      'Maria Lang',
    ]);
    expect(page.comments?.map((comment) => comment.id)).toEqual(
      jira
        .comments(ticketKey)
        .slice(1, 3)
        .map((comment) => comment.id)
        .reverse(),
    );
    const first = await client().issueComments.getComments(all);
    expect(first.comments?.map((comment) => comment.id)).toEqual(
      jira.comments(ticketKey).map((comment) => comment.id),
    );
  });

  it('keep their properties, and show them when asked for', async () => {
    const properties = [{ key: 'dexter', value: { command: 'one' } }];
    const body = { ...fromText('On it.') };
    const created = await client().issueComments.addComment({ issueIdOrKey: ticketKey, body, properties });
    const one = { issueIdOrKey: ticketKey, id: created.id ?? '' };
    expect(await client().issueComments.getComment({ ...one, expand: 'properties' })).toMatchObject({
      properties,
    });
    expect(await client().issueComments.getComment(one)).not.toHaveProperty('properties');
    const { comments } = await client().issueComments.getComments({
      issueIdOrKey: ticketKey,
      expand: 'properties',
    });
    expect(comments?.at(-1)).toMatchObject({ properties });
  });

  it('are edited and deleted by their author only', async () => {
    const created = await client().issueComments.addComment({
      issueIdOrKey: ticketKey,
      body: { ...fromText('Draft') },
    });
    const one = { issueIdOrKey: ticketKey, id: created.id ?? '' };
    const { id: foreign } = await jira.comment(accounts.maria, ticketKey, 'Mine');
    await client().issueComments.updateComment({ ...one, body: { body: fromText('Done') } });
    expect(await client().issueComments.getComment(one)).toMatchObject({ body: fromText('Done') });
    const edit = request(`/issue/${ticketKey}/comment/${foreign}`, {
      method: 'PUT',
      body: JSON.stringify({ body: fromText('x') }),
    });
    expect((await edit).status).toBe(400);
    await client().issueComments.deleteComment(one);
    await expect(client().issueComments.getComment(one)).rejects.toSatisfy(isNotFoundError);
    expect(jira.comments(ticketKey).map((comment) => comment.id)).toContain(foreign);
  });

  it.each([
    ['plain text', 'hello'],
    ['nothing', undefined],
    ['no version', { type: 'doc', content: [] }],
    ['an unknown node', { type: 'doc', version: 1, content: [{ type: 'html', content: [] }] }],
    ['a node of the prototype', { type: 'doc', version: 1, content: [{ type: 'toString' }] }],
    [
      'an empty text',
      { type: 'doc', version: 1, content: [{ type: 'paragraph', content: [{ type: 'text', text: '' }] }] },
    ],
    ['text outside a paragraph', { type: 'doc', version: 1, content: [{ type: 'text', text: 'x' }] }],
    ['a list without items', { type: 'doc', version: 1, content: [{ type: 'bulletList', content: [] }] }],
    [
      'a heading of level 7',
      { type: 'doc', version: 1, content: [{ type: 'heading', attrs: { level: 7 } }] },
    ],
    [
      'bold code',
      {
        type: 'doc',
        version: 1,
        content: [
          {
            type: 'paragraph',
            content: [{ type: 'text', text: 'x', marks: [{ type: 'code' }, { type: 'strong' }] }],
          },
        ],
      },
    ],
  ])('are refused when their body is %s', async (_what, body) => {
    const answer = await request(`/issue/${ticketKey}/comment`, {
      method: 'POST',
      body: JSON.stringify({ body }),
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ errorMessages: ['INVALID_INPUT'] });
    expect(jira.comments(ticketKey)).toHaveLength(2);
  });

  it('are refused from an account that may only read', async () => {
    const reader = client(jira.connectionOf('reader'));
    expect((await reader.issues.getIssue({ issueIdOrKey: ticketKey })).key).toBe(ticketKey);
    const comment = reader.issueComments.addComment({ issueIdOrKey: ticketKey, body: { ...fromText('Hi') } });
    await expect(comment).rejects.toSatisfy(isForbiddenError);
  });
});

describe('links', () => {
  it('are kept once for each global id', async () => {
    const link = {
      issueIdOrKey: ticketKey,
      globalId: 'dexter-pr-1',
      object: { url: 'https://example.com/pull/1', title: 'Pull request' },
    };
    const first = await client().issueRemoteLinks.createOrUpdateRemoteIssueLink(link);
    const second = await client().issueRemoteLinks.createOrUpdateRemoteIssueLink({
      ...link,
      object: { ...link.object, title: 'Merged' },
    });
    expect(second.id).toBe(first.id);
    const answer = await request(`/issue/${ticketKey}/remotelink`);
    expect(await answer.json()).toMatchObject([{ globalId: 'dexter-pr-1', object: { title: 'Merged' } }]);
  });
});

describe('the automation rule', () => {
  it('sends ids, the text and a static secret', async () => {
    jira.setWebhookTarget(`${appUrl}/jira/main`, 'the secret');
    const body = document(paragraph(mention(accounts.dexter, 'Dexter'), ' implement this'));
    const comment = await jira.comment(accounts.maria, ticketKey, body);
    const { path, headers, payload } = await hookAt(0);
    expect(path).toBe('/jira/main');
    expect(headers).toMatchObject({ 'x-dexter-secret': 'the secret', 'content-type': 'application/json' });
    expect(payload).toEqual({
      event: 'comment_created',
      issueKey: ticketKey,
      commentId: comment.id,
      comment: `[~accountid:${accounts.dexter}] implement this`,
    });
  });

  it('tells neither of edits nor of labels, and does not try again', async () => {
    jira.setWebhookTarget(`${appUrl}/jira/main`, 'the secret');
    answers.push(500);
    const { id } = await jira.comment(accounts.maria, ticketKey, 'First');
    const maria = client(jira.connectionOf(accounts.maria));
    await maria.issueComments.updateComment({
      issueIdOrKey: ticketKey,
      id,
      body: { body: fromText('Second') },
    });
    await jira.addLabel(accounts.maria, ticketKey, 'dexter');
    await jira.settled();
    expect(hooks).toHaveLength(1);
    expect(jira.deliveries()).toMatchObject([{ event: 'comment_created', attempts: 1, status: 500 }]);
  });
});

describe('the webhook of an administrator', () => {
  it('signs the raw body and tells which labels changed', async () => {
    jira.setWebhookTarget(`${appUrl}/jira/main`, 'the secret', 'admin');
    await jira.addLabel(accounts.rob, ticketKey, 'dexter');
    const { headers, payload, raw } = await hookAt(0);
    const signature = createHmac('sha256', 'the secret').update(raw).digest('hex');
    expect(headers['x-hub-signature']).toBe(`sha256=${signature}`);
    expect(headers['x-atlassian-webhook-identifier']).toMatch(/^[0-9a-f-]{36}$/);
    expect(payload).toMatchObject({
      webhookEvent: 'jira:issue_updated',
      issue: { key: ticketKey },
      user: { accountId: accounts.rob },
      changelog: { items: [{ field: 'labels', fromString: 'checkout', toString: 'checkout dexter' }] },
    });
  });

  it('sends comments as wiki text', async () => {
    jira.setWebhookTarget(`${appUrl}/jira/main`, 'the secret', 'admin');
    const comment = await jira.comment(accounts.maria, ticketKey, '@dexter implement this');
    const { payload } = await hookAt(0);
    expect(payload).toMatchObject({
      webhookEvent: 'comment_created',
      issue: { key: ticketKey },
      comment: { id: comment.id, body: '@dexter implement this', author: { accountId: accounts.maria } },
    });
  });

  it('is sent again with the same identifier while the app fails', async () => {
    jira.setWebhookTarget(`${appUrl}/jira/main`, 'the secret', 'admin');
    answers.push(503, 429);
    await jira.comment(accounts.maria, ticketKey, 'Hello');
    await jira.settled();
    expect(hooks.map((hook) => hook.headers['x-atlassian-webhook-retry'])).toEqual([undefined, '1', '2']);
    expect(new Set(hooks.map((hook) => hook.headers['x-atlassian-webhook-identifier'])).size).toBe(1);
    expect(jira.deliveries()).toMatchObject([{ attempts: 3, status: 202 }]);
  });

  it('is not sent again when the app refuses it', async () => {
    jira.setWebhookTarget(`${appUrl}/jira/main`, 'the secret', 'admin');
    answers.push(401);
    await jira.comment(accounts.maria, ticketKey, 'Hello');
    await jira.settled();
    expect(hooks).toHaveLength(1);
  });
});

describe('documents', () => {
  it('become wiki text with their code, lists and headings', () => {
    const [issue] = story.issues;
    const text = issue?.description ? toWiki(issue.description) : '';
    expect(text).toContain('{{SUMMER10}}');
    expect(text).toContain('h2. Acceptance criteria');
    expect(text).toContain('* SUMMER10 takes 10 % off');
    expect(text).toContain('{code:text}\n2 x Mug');
  });

  it('that people type are valid', () => {
    expect(validateAdf(fromText('one\n\ntwo'))).toMatchObject({ outcome: 'valid' });
  });
});

describe('closing', () => {
  it('frees the port, also while a webhook is on its way', async () => {
    const { promise: arrived, resolve } = Promise.withResolvers<void>();
    const silent = createServer(() => resolve());
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
    const address = silent.address();
    jira.setWebhookTarget(
      `http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`,
      's',
      'admin',
    );
    await jira.comment(accounts.maria, ticketKey, 'Hello');
    await arrived;
    await jira.close();
    await expect(fetch(`${jira.url}/browse/${ticketKey}`)).rejects.toThrow();
    silent.closeAllConnections();
    await new Promise((closed) => silent.close(closed));
  });
});
