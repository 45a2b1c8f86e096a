import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import type { KeptContext } from '../core/context.ts';
import { toProblem } from '../core/errors.ts';
import { withLogContext } from '../core/log-context.ts';
import { claimMark } from '../core/packed-text.ts';
import {
  AttachmentRequest,
  ClaimRequest,
  type ClaimResponse,
  HeartbeatRequest,
  type HeartbeatResponse,
  leaseSeconds,
  mostAttachmentBytes,
  type Refusal,
  ReportRequest,
} from '../core/runner.ts';
import { sameSecret } from '../core/same-secret.ts';
import { type MasterKeys, sessionKeys } from '../core/session-key.ts';
import { isEnd } from '../core/status.ts';
import {
  type Committer,
  committerReader,
  defaultBranchOf,
  ownerReader,
  runnerToken,
} from '../github/repositories.ts';
import { jiraOf } from '../jobs/connections.ts';
import { contextAtClaim } from '../jobs/refresh-context.ts';
import type { Services } from '../jobs/services.ts';
import { settle, settleReport } from '../jobs/settle.ts';
import { snapshotForRun } from '../jobs/snapshot-for-run.ts';
import { getCommand, leaseCommand, moveCommand, repositoryOf } from '../ledger/commands.ts';
import { claimRun, getRun, keepProgress } from '../ledger/runs.ts';
import { keepPullRequest } from '../ledger/sessions.ts';
import type { CommandRow, RunRow } from '../ledger/tables.ts';
import type { Identity, RefusedIdentity, VerifyIdentity } from './oidc.ts';
import type { RunTokens } from './run-tokens.ts';

export interface RunnerApiOptions {
  services: Services;
  tokens: RunTokens;
  /** Whether the claim token of `tokens` identifies a run: the local dispatcher hands it out. */
  acceptRunTokens: boolean;
  /** What sessions are sealed under; a run gets the key of its own session alone. */
  masterKeys: MasterKeys;
  /** For runs on GitHub's runners; absent when there are none. */
  verifyIdentity?: VerifyIdentity;
  /** Branch that workflows are dispatched on; the default branch of each repository when absent. */
  workflowBranch?: string | undefined;
}

/** A report holds the model's last answer; nothing a runner says is larger than this. */
const maxBytes = 2 * 1024 * 1024;

/** Claim, heartbeat and report: all that a runner may say to the app. */
export function runnerRoutes(options: RunnerApiOptions): Hono {
  const routes = new Hono();
  const { github } = options.services;
  const readers: Readers = { committer: committerReader(github), owner: ownerReader(github) };
  routes.use(
    '/api/commands/*',
    bodyLimit({ maxSize: maxBytes, onError: (c) => refuse(c, 413, 'the body is too large') }),
  );
  routes.use('/api/commands/:id/*', (c, next) => {
    const id = z.uuid().safeParse(c.req.param('id'));
    return id.success ? withLogContext({ commandId: id.data }, next) : next();
  });
  routes.post('/api/commands/:id/claim', (c) =>
    withCommand(c, options, ClaimRequest, (call) => claim(call, readers)),
  );
  routes.post('/api/commands/:id/heartbeat', (c) => withCommand(c, options, HeartbeatRequest, heartbeat));
  routes.post('/api/commands/:id/attachments/:attachment', (c) =>
    withCommand(c, options, AttachmentRequest, attachment),
  );
  routes.post('/api/commands/:id/report', (c) => withCommand(c, options, ReportRequest, report));
  return routes;
}

/** What is asked of GitHub once. */
interface Readers {
  committer: (installationId: number) => Promise<Committer>;
  owner: (installationId: number) => Promise<number>;
}

interface Call<T> {
  c: Context;
  options: RunnerApiOptions;
  row: CommandRow;
  body: T;
  bearer: string;
}

async function withCommand<T>(
  c: Context,
  options: RunnerApiOptions,
  schema: z.ZodType<T>,
  handle: (call: Call<T>) => Promise<Response>,
): Promise<Response> {
  const bearer = /^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1];
  if (bearer === undefined) return refuse(c, 401, 'there is no bearer token');
  const id = z.uuid().safeParse(c.req.param('id'));
  const body = schema.safeParse(await c.req.json().catch(() => undefined));
  if (!body.success) {
    return refuse(c, 400, `the body is not valid: ${z.prettifyError(body.error)}`);
  }
  const row = id.success ? await getCommand(options.services.db, id.data) : undefined;
  // The same answer as for a wrong token: who guesses ids learns nothing.
  if (!row) return refuse(c, 401, strangersToken.reason, strangersToken.hint);
  return handle({ c, options, row, body: body.data, bearer });
}

async function claim(
  { c, options, row, body, bearer }: Call<ClaimRequest>,
  readers: Readers,
): Promise<Response> {
  const { services, tokens } = options;
  const claimant = await identify(options, readers, row, bearer, body.claimant);
  if (claimant.outcome === 'unavailable') return refuse(c, 503, claimant.reason);
  if (claimant.outcome === 'refused') return refuseClaimant(c, services, row, claimant);
  if (isEnd(row.status)) return refuse(c, 409, `the command has ended already (${row.status})`);
  const { repository_id: repositoryId, installation_id: installationId } = row;
  const run = await getRun(services.db, row.id);
  if (repositoryId === null || installationId === null || !run)
    return refuse(c, 409, 'the command is not prepared yet');
  // Asked for before the claim is taken: when GitHub fails here the runner may try again.
  const [githubToken, author] = await Promise.all([
    runnerToken(services.github, installationId, repositoryId),
    readers.committer(installationId),
  ]);
  const fence = await takeRun(services, row.id, { ...body, runId: claimant.runId });
  if (fence === undefined) {
    return refuse(c, 409, 'another runner has claimed this command, or it has ended meanwhile');
  }
  services.log.info({ fence, runner: body.runnerName }, 'run claimed');
  const context = contextFor(run, await contextAtClaim(services, row, run, fence));
  // After that: it answers from what was read last.
  const snapshot = body.wantsSnapshot ? await snapshotForRun(services, row) : undefined;
  const answer: ClaimResponse = {
    fence,
    runToken: tokens.run(row.id, fence),
    githubToken,
    sessionKeys: sessionKeys(options.masterKeys, { installationId, repositoryId, issueKey: row.issue_key }),
    context,
    ...(snapshot === undefined ? {} : { snapshot }),
    committer: author,
  };
  return c.json(answer);
}

/** What the inputs hold is not said again. */
function contextFor({ job }: RunRow, context: KeptContext | null): ClaimResponse['context'] {
  if (!context) return { attachments: [] };
  const { text, delta, full, attachments, refreshed } = context;
  const isNewer = refreshed !== undefined;
  return {
    attachments,
    ...(isNewer || job.context === claimMark ? { text } : {}),
    ...((isNewer || job.delta === claimMark) && delta ? { delta } : {}),
    ...(full === undefined ? {} : { full }),
    ...(isNewer ? { seen: refreshed } : {}),
  };
}

/** Gives the run to the claimant, all at once: undefined when another one has it or the command has ended. */
function takeRun(
  services: Services,
  id: string,
  claim: ClaimRequest & { runId: string },
): Promise<number | undefined> {
  return services.db.transaction().execute(async (transaction) => {
    const fence = await claimRun(transaction, id, claim);
    if (fence === undefined) return undefined;
    await moveCommand(transaction, id, 'running');
    // Not leased: the command has ended meanwhile.
    if (!(await leaseCommand(transaction, id, leaseSeconds))) return undefined;
    return fence;
  });
}

/** Whether the claimant is the run that the command was dispatched to. */
async function identify(
  { services, tokens, acceptRunTokens, verifyIdentity, workflowBranch }: RunnerApiOptions,
  readers: Readers,
  row: CommandRow,
  bearer: string,
  claimant: string,
): Promise<Identity> {
  // A run on this machine has no id that GitHub gave.
  if (acceptRunTokens && sameSecret(bearer, tokens.claim(row.id))) return { outcome: 'known', runId: '' };
  const { installation_id: installationId } = row;
  const repository = repositoryOf(row);
  if (!verifyIdentity || bearer.split('.').length !== 3 || !repository || installationId === null)
    return strangersToken;
  const run = await getRun(services.db, row.id);
  const branch =
    run?.branch ?? workflowBranch ?? (await defaultBranchOf(services.github, installationId, repository));
  return verifyIdentity(bearer, {
    repositoryId: repository.id,
    ownerId: await readers.owner(installationId),
    branch,
    runId: run?.run_id ?? '',
    claim: `${row.id} ${claimant}`,
  });
}

const strangersToken: RefusedIdentity = {
  outcome: 'refused',
  kind: 'set-up',
  reason: 'the token does not belong to this command',
  hint: 'See that the workflow passes the inputs `command-id` and `app-url` on as the app gave them.',
  isDispatchedRun: false,
};

/**
 * 401 for what somebody has to mend, 403 for a run that has nothing to do here. When the run that was dispatched cannot
 * claim its command nobody will, so that ends at once, and whoever asked hears why.
 */
async function refuseClaimant(
  c: Context,
  services: Services,
  row: CommandRow,
  { kind, reason, hint, isDispatchedRun }: RefusedIdentity,
): Promise<Response> {
  services.log.warn({ kind, reason }, 'claim refused');
  if (kind === 'not-its-run') return refuse(c, 403, reason, hint);
  if (isDispatchedRun) {
    const problem = {
      code: 'claim-refused',
      message: `The run could not take its command: ${reason}.`,
      hint,
    } as const;
    await settle(services, row.id, { status: 'failed', problem }, ['preparing', 'dispatched']);
  }
  return refuse(c, 401, reason, hint);
}

async function heartbeat({ c, options, row, body, bearer }: Call<HeartbeatRequest>): Promise<Response> {
  const { services, tokens } = options;
  if (!sameSecret(bearer, tokens.run(row.id, body.fence)))
    return refuse(c, 401, 'the token does not belong to this run');
  if (isEnd(row.status)) return refuse(c, 409, `the command has ended already (${row.status})`);
  if (!(await keepProgress(services.db, row.id, body.fence, body.progress))) {
    return refuse(c, 409, 'another runner has this command now');
  }
  await leaseCommand(services.db, row.id, leaseSeconds);
  const { pullRequest } = body.progress;
  if (pullRequest && row.repository_id !== null) {
    await keepPullRequest(services.db, row.repository_id, row.issue_key, pullRequest);
  }
  const answer: HeartbeatResponse = { stop: row.stop_requested };
  return c.json(answer);
}

/** An attachment of the command's own ticket: the runner has no access to JIRA. */
async function attachment({ c, options, row, body, bearer }: Call<AttachmentRequest>): Promise<Response> {
  const { services, tokens } = options;
  if (!sameSecret(bearer, tokens.run(row.id, body.fence)))
    return refuse(c, 401, 'the token does not belong to this run');
  const run = await getRun(services.db, row.id);
  const known = run?.context?.attachments.find(({ id }) => id === c.req.param('attachment'));
  const jira = known && (await jiraOf(services, row.issue_key));
  if (!known || !jira) return refuse(c, 404, 'the ticket has no such attachment');
  try {
    const content = await jira.readAttachment(known, mostAttachmentBytes);
    return c.body(Buffer.from(content), 200, { 'content-type': 'application/octet-stream' });
  } catch (error) {
    return refuse(c, 502, toProblem(error).message.replace(/[.]$/, ''));
  }
}

async function report({ c, options, row, body, bearer }: Call<ReportRequest>): Promise<Response> {
  const { services, tokens } = options;
  if (!sameSecret(bearer, tokens.run(row.id, body.fence)))
    return refuse(c, 401, 'the token does not belong to this run');
  if (await settleReport(services, row, body.fence, body.report)) return c.json({ accepted: true });
  const run = await getRun(services.db, row.id);
  // The answer to the first try was lost: saying it again is no error.
  if (run?.report && run.fence === body.fence) return c.json({ accepted: true });
  return refuse(c, 409, 'the command has ended already or another runner has it now');
}

function refuse(
  c: Context,
  status: 400 | 401 | 403 | 404 | 409 | 413 | 502 | 503,
  reason: string,
  hint = 'Nothing has to be mended when another run has taken the command; otherwise comment `retry` on the issue.',
): Response {
  const body: Refusal = { code: 'claim-refused', message: `Dexter refused this: ${reason}.`, hint };
  return c.json(body, status);
}
