import { type Context, Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z } from 'zod';
import { fromText } from './adf.ts';
import type { Format } from './format.ts';
import type { JiraComment, JiraIssue, JiraUser, Store } from './store.ts';
import { jiraDate } from './store.ts';
import { validateAdf } from './validate-adf.ts';
import type { Webhooks } from './webhooks.ts';

type Env = { Variables: { account: JiraUser } };

export type ApiOptions = {
  url: string;
  store: Store;
  format: Format;
  webhooks: Webhooks;
  /** The account of an e-mail and an API token. */
  signIn: (email: string, token: string) => JiraUser | undefined;
  /** The account of a personal access token, which Server has. */
  signInWithToken: (token: string) => JiraUser | undefined;
  version: 2 | 3;
  /** Most comments of a page. */
  mostComments: number;
};

/** Where Cloud keeps the content of attachments; nobody is there. */
const mediaHost = 'https://media.invalid';

/** JIRA refuses longer comments and descriptions. */
const maxTextCharacters = 32_767;

const CommentRequest = z.object({
  body: z.unknown(),
  properties: z.array(z.object({ key: z.string().min(1), value: z.unknown() })).optional(),
});
const LinkRequest = z.object({
  globalId: z.string().optional(),
  relationship: z.string().optional(),
  object: z.object({ url: z.url(), title: z.string().min(1) }),
});
const Label = z.string().regex(/^\S{1,255}$/);
const IssueRequest = z.object({
  fields: z
    .strictObject({ summary: z.string().min(1), labels: z.array(Label), description: z.unknown() })
    .partial()
    .optional(),
  update: z
    .strictObject({ labels: z.array(z.union([z.object({ add: Label }), z.object({ remove: Label })])) })
    .optional(),
});

/** The part of JIRA's REST API v3, or v2 for Server, that Dexter speaks. https://developer.atlassian.com/cloud/jira/platform/rest/v3/ */
export function createApi(options: ApiOptions): Hono<Env> {
  const { url, store, format, webhooks, signIn, signInWithToken, version, mostComments } = options;
  const api = new Hono<Env>();

  api.use('*', async (c, next) => {
    const [scheme = '', value = ''] = (c.req.header('authorization') ?? '').split(' ', 2);
    const pair = Buffer.from(value, 'base64').toString('utf8');
    const at = pair.indexOf(':');
    const account =
      scheme.toLowerCase() === 'basic'
        ? signIn(pair.slice(0, at), pair.slice(at + 1))
        : version === 2 && scheme.toLowerCase() === 'bearer'
          ? signInWithToken(value)
          : undefined;
    if (!account) {
      c.header('X-Seraph-LoginReason', 'AUTHENTICATED_FAILED');
      c.header('WWW-Authenticate', 'OAuth realm="simulation"');
      return c.text('Client must be authenticated to access this resource.', 401);
    }
    c.set('account', account);
    return next();
  });

  api.get('/myself', (c) => c.json(format.myself(c.get('account'))));
  api.get('/serverInfo', (c) =>
    c.json({
      baseUrl: url,
      version: '1001.0.0-SNAPSHOT',
      versionNumbers: [1001, 0, 0],
      deploymentType: 'Cloud',
      buildNumber: 100_000,
      serverTime: jiraDate(),
      serverTitle: 'JIRA (simulation)',
    }),
  );

  // --- What a site is made of ---
  api.get('/project/:key', (c) => {
    const project = store.projectOf(c.req.param('key'));
    if (!project || store.accessTo(c.get('account').accountId, project) === 'none')
      return failed(c, 404, `No project could be found with key '${c.req.param('key')}'.`);
    return c.json({ self: `${url}/rest/api/3/project/${project.key}`, key: project.key, name: project.name });
  });
  api.get('/mypermissions', (c) => {
    const project = store.projectOf(c.req.query('projectKey') ?? '');
    const access = store.accessTo(c.get('account').accountId, project);
    if (access === 'none')
      return failed(c, 404, `No project could be found with key '${c.req.query('projectKey')}'.`);
    const granted = { BROWSE_PROJECTS: true, ADD_COMMENTS: access === 'write' };
    const asked = c.req.query('permissions')?.split(',') ?? (version === 2 ? Object.keys(granted) : []);
    // Cloud asks for the list since 2019.
    if (asked.length === 0) return failed(c, 400, 'The permissions query parameter is required.');
    const permissions = Object.entries(granted).filter(([key]) => asked.includes(key));
    return c.json({
      permissions: Object.fromEntries(
        permissions.map(([key, havePermission]) => [key, { key, type: 'PROJECT', havePermission }]),
      ),
    });
  });
  api.get('/field', (c) => {
    const custom = store.fields().map(({ id, name }) => ({ id, key: id, name, custom: true }));
    return c.json([{ id: 'summary', key: 'summary', name: 'Summary', custom: false }, ...custom]);
  });

  // --- Issues ---
  api.get(
    '/issue/:key',
    withIssue('read', (c, issue) =>
      c.json({
        ...format.issue(issue, c.req.queries('fields')?.join(','), expands(c, 'names')),
        ...(expands(c, 'changelog') ? { changelog: format.changelog(issue) } : {}),
      }),
    ),
  );
  api.put(
    '/issue/:key',
    withIssue('write', async (c, issue) => {
      const request = IssueRequest.safeParse(await readJson(c));
      if (!request.success)
        return invalid(
          c,
          Object.fromEntries(request.error.issues.map((one) => [one.path.at(1) ?? 'fields', one.message])),
        );
      const { fields = {}, update } = request.data;
      if (fields.description !== undefined && fields.description !== null) {
        const checked = validateAdf(fields.description);
        if (checked.outcome === 'invalid')
          return invalid(c, {
            description: `Operation value must be an Atlassian Document (${checked.problem})`,
          });
        issue.description = checked.document;
      }
      if (fields.description === null) issue.description = null;
      if (fields.summary !== undefined) issue.summary = fields.summary;
      const before = issue.labels;
      let labels = fields.labels ?? before;
      for (const change of update?.labels ?? []) {
        labels =
          'add' in change ? [...labels, change.add] : labels.filter((label) => label !== change.remove);
      }
      issue.labels = [...new Set(labels)];
      issue.updated = jiraDate();
      if (issue.labels.join(' ') !== before.join(' ')) {
        const author = c.get('account').accountId;
        issue.history.push({
          id: String(20_000 + issue.history.length),
          author,
          created: issue.updated,
          field: 'labels',
          from: before.join(' '),
          to: issue.labels.join(' '),
        });
        webhooks.emit({ kind: 'labels_changed', issue, before, actor: author });
      }
      return c.body(null, 204);
    }),
  );

  // --- Comments ---
  api.get(
    '/issue/:key/comment',
    withIssue('read', (c, issue) => {
      const startAt = wholeNumber(c.req.query('startAt'), 0);
      const maxResults = Math.min(wholeNumber(c.req.query('maxResults'), 100), mostComments);
      const orderBy = c.req.query('orderBy') ?? 'created';
      if (!/^[-+ ]?created$/.test(orderBy)) return failed(c, 400, `Invalid orderBy: ${orderBy}`);
      const ordered = orderBy.startsWith('-') ? issue.comments.toReversed() : issue.comments;
      const comments = ordered.slice(startAt, startAt + maxResults);
      return c.json({
        startAt,
        maxResults,
        total: issue.comments.length,
        comments: comments.map((comment) => format.comment(issue, comment, expands(c, 'properties'))),
      });
    }),
  );
  api.post(
    '/issue/:key/comment',
    withIssue('write', async (c, issue) => {
      const checked = await readComment(c, version);
      if (checked instanceof Response) return checked;
      const actor = c.get('account').accountId;
      const comment = store.addComment(issue, {
        author: actor,
        body: checked.body,
        ...(checked.wiki === undefined ? {} : { wiki: checked.wiki }),
        properties: checked.properties ?? [],
      });
      webhooks.emit({ kind: 'comment_created', issue, comment, actor });
      return c.json(format.comment(issue, comment, expands(c, 'properties')), 201);
    }),
  );
  api.get(
    '/issue/:key/comment/:id',
    withComment('read', (c, issue, comment) =>
      c.json(format.comment(issue, comment, expands(c, 'properties'))),
    ),
  );
  api.put(
    '/issue/:key/comment/:id',
    withComment('own', async (c, issue, comment) => {
      const checked = await readComment(c, version);
      if (checked instanceof Response) return checked;
      Object.assign(comment, { body: checked.body, wiki: checked.wiki, updated: jiraDate() });
      issue.updated = comment.updated;
      if (checked.properties) comment.properties = checked.properties;
      webhooks.emit({ kind: 'comment_updated', issue, comment, actor: c.get('account').accountId });
      return c.json(format.comment(issue, comment, expands(c, 'properties')));
    }),
  );
  api.delete(
    '/issue/:key/comment/:id',
    withComment('own', (c, issue, comment) => {
      issue.comments = issue.comments.filter((one) => one !== comment);
      issue.updated = jiraDate();
      webhooks.emit({ kind: 'comment_deleted', issue, comment, actor: c.get('account').accountId });
      return c.body(null, 204);
    }),
  );

  // --- Links ---
  api.get(
    '/issue/:key/remotelink',
    withIssue('read', (c, issue) => c.json(issue.remoteLinks.map((link) => format.remoteLink(issue, link)))),
  );
  api.post(
    '/issue/:key/remotelink',
    withIssue('write', async (c, issue) => {
      const request = LinkRequest.safeParse(await readJson(c));
      if (!request.success) return invalid(c, { object: 'url and title are required' });
      const { object, globalId, relationship } = request.data;
      const { created, link } = store.putRemoteLink(issue, c.get('account').accountId, {
        ...object,
        ...(globalId ? { globalId } : {}),
        ...(relationship ? { relationship } : {}),
      });
      const { id, self } = format.remoteLink(issue, link);
      return c.json({ id, self }, created ? 201 : 200);
    }),
  );

  // --- Attachments ---
  api.get('/attachment/content/:id', (c) => {
    const found = store.attachment(c.req.param('id'));
    if (!found || store.access(c.get('account').accountId, found.issue) === 'none')
      return failed(c, 404, `The attachment with id '${c.req.param('id')}' does not exist`);
    const { id, mimeType, content, redirectTo } = found.attachment;
    // Cloud sends everybody on to its media host who does not ask it not to.
    const elsewhere =
      redirectTo ??
      (c.req.query('redirect') === 'false' ? undefined : `${mediaHost}/file/${id}?token=signed`);
    if (elsewhere !== undefined) return c.redirect(elsewhere, 303);
    return c.body(Uint8Array.from(content).buffer, 200, { 'content-type': mimeType });
  });

  api.notFound((c) => failed(c, 404, 'The simulation of JIRA does not have this resource.'));
  api.onError((error, c) => failed(c, 500, `The simulation failed: ${error.message}`));
  return api;

  /** A handler for an issue that the account may see, and write to where that is asked. */
  function withIssue(
    needs: 'read' | 'write',
    handle: (c: Context<Env>, issue: JiraIssue) => Response | Promise<Response>,
  ) {
    return (c: Context<Env>): Response | Promise<Response> => {
      const issue = store.issue(c.req.param('key') ?? '');
      const access = issue ? store.access(c.get('account').accountId, issue) : 'none';
      if (!issue || access === 'none')
        return failed(c, 404, 'Issue does not exist or you do not have permission to see it.');
      if (needs === 'write' && access === 'read')
        return failed(c, 403, 'You do not have permission to write to this issue.');
      return handle(c, issue);
    };
  }

  function withComment(
    needs: 'read' | 'own',
    handle: (c: Context<Env>, issue: JiraIssue, comment: JiraComment) => Response | Promise<Response>,
  ) {
    return withIssue(needs === 'read' ? 'read' : 'write', (c, issue) => {
      const comment = issue.comments.find((one) => one.id === c.req.param('id'));
      if (!comment) return failed(c, 404, `Can not find a comment for the id: ${c.req.param('id')}.`);
      if (needs === 'own' && comment.author !== c.get('account').accountId) {
        return failed(c, 400, `You do not have permission to edit comment with id: ${comment.id}`);
      }
      return handle(c, issue, comment);
    });
  }
}

/** Reads and checks the body of a comment request; a Response says what is wrong with it. */
async function readComment(c: Context<Env>, version: 2 | 3) {
  const request = CommentRequest.safeParse(await readJson(c));
  if (!request.success) return failed(c, 400, 'INVALID_INPUT');
  const properties = request.data.properties?.map(({ key, value }) => ({ key, value }));
  if (version === 2) {
    const wiki = request.data.body;
    if (typeof wiki !== 'string' || wiki.trim() === '')
      return failed(c, 400, 'Comment body can not be empty!');
    if (wiki.length > maxTextCharacters) return failed(c, 400, 'CONTENT_LIMIT_EXCEEDED');
    return { body: fromText(wiki), wiki, properties };
  }
  const checked = validateAdf(request.data.body);
  if (checked.outcome === 'invalid') {
    return c.json(
      {
        errorMessages: ['INVALID_INPUT'],
        errors: { comment: `Comment body is not valid! (${checked.problem})` },
      },
      400,
    );
  }
  if (JSON.stringify(checked.document).length > maxTextCharacters)
    return failed(c, 400, 'CONTENT_LIMIT_EXCEEDED');
  return { body: checked.document, wiki: undefined, properties };
}

async function readJson(c: Context<Env>): Promise<unknown> {
  return c.req.json().catch(() => undefined);
}

function expands(c: Context<Env>, name: string): boolean {
  return (c.req.queries('expand') ?? []).join(',').split(',').includes(name);
}

function wholeNumber(value: string | undefined, otherwise: number): number {
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : otherwise;
}

function failed(c: Context, status: number, message: string): Response {
  return c.json({ errorMessages: [message], errors: {} }, status as ContentfulStatusCode);
}

function invalid(c: Context<Env>, errors: Record<string, string>): Response {
  return c.json({ errorMessages: [], errors }, 400);
}
