import { createHash, randomUUID } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { html } from 'hono/html';
import type { z } from 'zod';
import type { Actor } from '../../core/command.ts';
import { AppError } from '../../core/errors.ts';
import { formatSize } from '../../core/size.ts';
import type { Viewer } from '../../core/viewer.ts';
import { acceptCommand, queueKeyFor } from '../../jobs/accept.ts';
import type { Services } from '../../jobs/services.ts';
import { type AuditEntry, type AuditedAction, keepAudit } from '../../ledger/audit.ts';
import { commandByKey } from '../../ledger/commands.ts';
import { installedRepositories } from '../../ledger/onboardings.ts';
import { keptOfIssue } from '../../ledger/sessions.ts';
import type { Html } from '../html.ts';
import type { Page } from '../layout.ts';
import { inlineWords } from '../parts/inline-words.ts';
import type { DashboardEnv } from '../routes.ts';
import { AskFields, ask } from './ask.ts';
import { type FormTokens, viewerKey } from './form-tokens.ts';
import { type ActionForms, purposes } from './forms.ts';
import { isSameOrigin } from './is-same-origin.ts';
import { mayNotAct } from './may-not-act.ts';
import { RetryFields, retry } from './retry.ts';
import { IssueFields, sayWord } from './say-word.ts';
import { notFound, type Refusal, refuse, sees, type Wanted } from './wanted.ts';

/** The longest instruction in letters that take nine characters each in a form, and room for the fields around it. */
const maxBytes = 256 * 1024;

export interface ActionOptions {
  services: Services;
  tokens: FormTokens;
  forms: ActionForms;
  show: (c: Context<DashboardEnv>, page: Page, status: Status) => Response | Promise<Response>;
}

type Status = 200 | (typeof statusOf)[Refusal['why']] | 413;

const statusOf = {
  forged: 403,
  forbidden: 403,
  'not-found': 404,
  pointless: 409,
  invalid: 422,
  unanswered: 503,
} as const;

/** One kind of action: what its form sends, and which command that makes. */
interface Action<T> {
  name: AuditedAction;
  schema: z.ZodType<T>;
  /** What the token of its form has to be for. */
  purposeOf(fields: T): string;
  act(fields: T, viewer: Viewer): Promise<Wanted | Refusal>;
  /** What it is about, for the audit. */
  about(fields: T): Pick<AuditEntry, 'repositoryId' | 'issueKey' | 'commandId' | 'detail'>;
}

/**
 * What people can do: each action makes a command, which goes the way of those from comments. Only forms of the app's
 * own pages are listened to.
 */
export function actionRoutes(options: ActionOptions): Hono<DashboardEnv> {
  const { services, forms, show } = options;
  const routes = new Hono<DashboardEnv>();
  routes.use(
    '/actions/*',
    bodyLimit({
      maxSize: maxBytes,
      onError: (c) => {
        // The rest of the body is not read: nothing more can come by this connection.
        c.header('connection', 'close');
        return show(c, refusedPage(tooLong), 413);
      },
    }),
  );
  const issueOf = ({ repository, issue }: IssueFields) => ({ repositoryId: repository, issueKey: issue });
  add(routes, options, {
    name: 'ask',
    schema: AskFields,
    purposeOf: purposes.ask,
    act: (fields, viewer) => ask(services, viewer, fields),
    about: ({ repository, issue, text }) => ({ detail: `${repository} ${issue}: ${text}` }),
  });
  add(routes, options, {
    name: 'retry',
    schema: RetryFields,
    purposeOf: ({ command }) => purposes.retry(command),
    act: (fields, viewer) => retry(services, viewer, fields),
    about: ({ command }) => ({ commandId: command }),
  });
  for (const word of ['stop', 'forget'] as const) {
    add(routes, options, {
      name: word,
      schema: IssueFields,
      purposeOf: (fields) => purposes[word](issueOf(fields)),
      act: (fields, viewer) => sayWord(services, viewer, word, fields),
      about: issueOf,
    });
  }
  routes.get('/actions/ask', async (c) => {
    const repositories = await installedRepositories(services.db, c.var.viewer.scope);
    const body = forms.askForm(c.var.viewer, { repositories });
    const trail = [{ href: '/commands', text: 'Commands' }];
    return show(c, { title: 'Ask by hand', path: '/commands', trail, body }, 200);
  });
  routes.get('/actions/forget', async (c) => {
    const fields = IssueFields.safeParse(c.req.query());
    if (!fields.success || !sees(c.var.viewer.scope, fields.data.repository))
      return show(c, refusedPage(notFound), 404);
    const issue = issueOf(fields.data);
    const kept = await keptOfIssue(services.db, issue.issueKey, issue.repositoryId);
    if (!kept) return show(c, refusedPage(notFound), 404);
    const body = html`<p class="lead">This removes the Claude session of ${issue.issueKey} from all stores, and cannot be undone.</p>
      <ul>
        <li>Removed: ${kept.generations} saved ${kept.generations === 1 ? 'generation' : 'generations'}, ${formatSize(kept.bytes)} by the last reports, last used <time datetime="${kept.usedAt.toISOString()}">${kept.usedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC</time>; and what is cached of the ticket.</li>
        <li>Kept: comments, commits, pull requests, and the record of the commands.</li>
        <li>The next instruction starts a new session, which reads everything again.</li>
      </ul>
      <p>It is done by a runner when the commands before it have ended. The issue is told the end.</p>
      ${forms.confirmForgetForm(c.var.viewer, issue)}
      <p><a href="/commands">Leave it as it is</a></p>`;
    return show(c, { title: `Forget the session of ${issue.issueKey}?`, path: '/sessions', body }, 200);
  });
  return routes;
}

function add<T>(routes: Hono<DashboardEnv>, options: ActionOptions, action: Action<T>): void {
  const { services, tokens, forms, show } = options;
  const { name, schema, purposeOf, act, about } = action;
  const allowed = async (asked: Promise<Wanted | Refusal>, actor: Actor): Promise<Wanted | Refusal> => {
    const wanted = await asked;
    if (wanted.outcome === 'refused') return wanted;
    return (await mayNotAct(services, actor, wanted)) ?? wanted;
  };

  routes.post(`/actions/${name}`, async (c) => {
    const { viewer } = c.var;
    const who = { viewer: viewer.name, viewerId: viewer.id, action: name };
    const refused = async (refusal: Refusal, entry: ReturnType<typeof about>, again?: Html) => {
      const { why, problem } = refusal;
      const detail = [problem.message, entry.detail].filter(Boolean).join(' · ');
      // Where nobody signs in, what another site sends is nobody's deed: rows would let any site fill the table.
      if (refusal !== crossSite || viewer.id !== undefined)
        await keepAudit(services.db, { ...who, ...entry, detail, outcome: why });
      services.log.warn(
        { event: 'audit', ...who, ...entry, detail: problem.message, outcome: why },
        'refused',
      );
      return show(c, refusedPage(refusal, again), statusOf[why]);
    };

    if (!isSameOrigin((header) => c.req.header(header), services.appUrl)) return refused(crossSite, {});
    if (viewer.id === undefined && !viewer.isAdministrator) return refused(nobody, {});
    const read = await readForm(c, schema);
    if ('problem' in read) return refused(read, {});
    const { fields, token, hash } = read;
    const entry = about(fields);
    const again = name === 'ask' ? askAgain(forms, viewer, fields) : undefined;
    const checked = tokens.check(token, viewer, purposeOf(fields));
    if (checked.outcome !== 'good')
      return refused(checked.outcome === 'old' ? tooOld : wrongToken, entry, again);

    const dedupeKey = `dashboard:${viewerKey(viewer)}:${checked.id}:${hash}`;
    const show303 = (id: string) => c.redirect(`/commands/${id}`, 303);
    const before = await commandByKey(services.db, dedupeKey);
    if (before) return show303(before.id);
    const actor = actorOf(viewer);
    const wanted = await allowed(act(fields, viewer), actor).catch(unanswered);
    if (wanted.outcome === 'refused') {
      // Of two clicks at once the second may find the first one in its way.
      const meanwhile = await commandByKey(services.db, dedupeKey);
      return meanwhile ? show303(meanwhile.id) : refused(wanted, entry, again);
    }
    const id = randomUUID();
    const { origin, issueKey, installationId, repository, text } = wanted;
    const done = {
      ...who,
      repositoryId: repository.id,
      issueKey,
      commandId: id,
      outcome: 'accepted',
    } as const;
    const outcome = await acceptCommand(
      services,
      {
        id,
        dedupeKey,
        origin,
        actor,
        issueKey,
        queueKey: queueKeyFor(wanted.ask, issueKey, id),
        installationId,
        repository,
        claimedText: text,
      },
      (transaction) => keepAudit(transaction, { ...done, detail: text }),
    );
    if (outcome === 'known') return show303((await commandByKey(services.db, dedupeKey))?.id ?? id);
    services.log.info({ event: 'audit', ...done }, 'asked on the dashboard');
    return show303(id);
  });
}

/** The fields of a form, its token, and one text for all that was filled in. */
async function readForm<T>(
  c: Context,
  schema: z.ZodType<T>,
): Promise<{ fields: T; token: string | undefined; hash: string } | Refusal> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') return notAForm;
  const { token, ...sent } = Object.fromEntries(new URLSearchParams(await c.req.text()));
  const parsed = schema.safeParse(sent);
  if (!parsed.success) return notAForm;
  const hash = createHash('sha256').update(JSON.stringify(parsed.data)).digest('base64url').slice(0, 16);
  return { fields: parsed.data, token, hash };
}

/** What was typed is not lost when it cannot be taken. */
function askAgain(forms: ActionForms, viewer: Viewer, fields: unknown): Html {
  const filled = AskFields.safeParse(fields);
  return forms.askForm(viewer, filled.success ? { filled: filled.data } : {});
}

function unanswered(error: unknown): Refusal {
  if (!(error instanceof AppError)) throw error;
  return refuse('unanswered', error.message, error.hint);
}

/** Whoever signed in is asked about on GitHub like the author of a comment. */
function actorOf({ id, name }: Viewer): Actor {
  return id === undefined ? { from: 'dexter', name } : { from: 'github', id, login: name, type: 'User' };
}

const crossSite = refuse(
  'forged',
  'This was not sent by a page of Dexter, so nothing was done.',
  'Open the page here and press its button. Where Dexter stands behind a proxy, it has to be reached under the address of `DEXTER_URL`.',
);
const nobody = refuse('forged', 'Nobody signed in, so nothing was done.', 'Sign in first.');
const wrongToken = refuse(
  'forged',
  'The form was not made for you, or not for this, so nothing was done.',
  'Open the page anew and press its button there.',
);
const tooOld = refuse(
  'forged',
  'The page stood open for too long, so nothing was done.',
  'Open it anew and press its button there.',
);
const tooLong = refuse(
  'invalid',
  'That is too long, so nothing was done.',
  'Put the details into the ticket.',
);
const notAForm = refuse(
  'invalid',
  'That is not what the form of this page sends.',
  'Open the page anew and fill the form in there.',
);

/** Why nothing was done, and the form once more where something was typed. */
function refusedPage({ problem }: Refusal, again?: Html): Page {
  const body = html`<div class="message bad" role="alert"><p><strong>${inlineWords(problem.message)}</strong></p><p>${inlineWords(problem.hint)}</p></div>
    ${again ?? html`<p><a class="button" href="/commands">To the commands</a></p>`}`;
  return { title: 'Nothing was done', path: '/commands', body };
}
