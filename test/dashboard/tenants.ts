import { randomUUID } from 'node:crypto';
import type { Report } from '../../src/core/report.ts';
import type { Db } from '../../src/ledger/commands.ts';
import { toJson } from '../../src/ledger/json.ts';
import { addMeasures } from '../../src/ledger/measures.ts';
import { goodReport } from '../app/world.ts';

/** One tenant's rows in the ledger. Whatever is text in them holds its mark, which nothing else does. */
export interface Tenant {
  mark: string;
  installationId: number;
  repository: { id: number; owner: string; name: string };
  issueKey: string;
  /** A pull request of that issue: both tenants have one of this number. */
  pullRequest: number;
  sessionId: string;
  /** A command that has ended, and one that goes on. */
  ended: string;
  open: string;
}

/** Alike in all that may be alike: the key of the ticket, the number of the pull request, the name of the repository. */
export function tenant(mark: string, installationId: number, repositoryId: number): Tenant {
  return {
    mark,
    installationId,
    repository: { id: repositoryId, owner: `acme-${mark}`, name: 'shop' },
    issueKey: 'SHOP-42',
    pullRequest: 7,
    sessionId: randomUUID(),
    ended: randomUUID(),
    open: randomUUID(),
  };
}

/** Fills the ledger with something of a tenant in each table. Nothing of it is left to do for an app that starts. */
export async function insertTenant(db: Db, one: Tenant): Promise<void> {
  const { mark, installationId, repository, issueKey, pullRequest, sessionId, ended, open } = one;
  const named = {
    installation_id: installationId,
    repository_id: repository.id,
    repository_owner: repository.owner,
    repository_name: repository.name,
  };
  const keyed = { installation_id: installationId, repository_id: repository.id, issue_key: issueKey };
  const now = Date.now();
  const at = (minutes: number) => new Date(now + minutes * 60_000);
  const url = `https://github.example/${repository.owner}/${repository.name}`;
  const report: Report = goodReport({ summary: `Done by ${mark}.` });
  for (const id of [ended, open]) {
    const isOpen = id === open;
    await db
      .insertInto('commands')
      .values({
        ...named,
        id,
        dedupe_key: `${mark}:${id}`,
        origin: toJson({
          kind: 'github-issue-comment',
          installationId,
          repository,
          number: pullRequest,
          isPullRequest: true,
          commentId: 4711,
          url: `${url}/pull/${pullRequest}#issuecomment-4711`,
        }),
        actor: toJson({ from: 'github', id: repository.id + 1, login: `person-${mark}`, type: 'User' }),
        issue_key: issueKey,
        queue_key: issueKey,
        claimed_text: `@dexter add tests for ${mark}`,
        ask: toJson({ kind: 'instruction', instruction: `add tests for ${mark}`, flags: {} }),
        status: isOpen ? 'running' : 'failed',
        problem: isOpen
          ? null
          : toJson({ code: 'run-failed', message: `It failed for ${mark}.`, hint: `Ask ${mark}.` }),
        lease_until: at(1_000_000),
        seen_at: at(-60),
        shown_at: at(-1),
        created_at: at(-60),
        started_at: at(-59),
        ...(isOpen ? {} : { published_at: at(-10), ended_at: at(-10) }),
      })
      .execute();
    await db
      .insertInto('runs')
      .values({
        command_id: id,
        job: toJson({
          commandId: id,
          issueKey,
          instruction: `add tests for ${mark}`,
          context: `# Ticket of ${mark}`,
          session: { installationId, repositoryId: repository.id, mode: 'resume', generation: 1 },
          target: {
            branch: `dexter/${mark}`,
            base: 'main',
            pullRequest,
            title: `Title of ${mark}`,
            ticketUrl: `${url}/pull/${pullRequest}`,
            requestedBy: `person-${mark}`,
          },
          appUrl: 'https://dexter.example',
        }),
        context: null,
        person: `github:${repository.id + 1}`,
        run_id: String(repository.id),
        run_url: `${url}/actions/runs/${repository.id}`,
        branch: 'main',
        fence: 1,
        claimed_at: at(-50),
        claimant: randomUUID(),
        report: isOpen ? null : toJson(report),
        created_at: at(-55),
      })
      .execute();
  }
  await db
    .insertInto('generations')
    .values({
      ...keyed,
      generation: 1,
      session_id: sessionId,
      command_id: ended,
      entry: `entry-${mark}`,
      bytes: 1_000,
      context_tokens: 20_000,
      store: 's3',
      created_at: at(-10),
    })
    .execute();
  await db
    .insertInto('sessions')
    .values({ ...named, issue_key: issueKey, used_at: at(-10) })
    .execute();
  await db
    .insertInto('pull_requests')
    .values({
      repository_id: repository.id,
      number: pullRequest,
      issue_key: issueKey,
      branch: `dexter/${mark}`,
      url: `${url}/pull/${pullRequest}`,
    })
    .execute();
  await db
    .insertInto('run_costs')
    .values({
      ...named,
      command_id: ended,
      issue_key: issueKey,
      actor: `github:${repository.id + 1}`,
      model: `model-${mark}`,
      outcome: 'failed',
      cost_usd: 1.25,
      // In this month, if not in the very minute in which it begins.
      ended_at: at(0),
    })
    .execute();
  await db
    .insertInto('onboardings')
    .values({ ...named, template: `template-${mark}`, outcome: `outcome of ${mark}` })
    .execute();
  await db
    .insertInto('audit')
    .values({
      id: randomUUID(),
      at: at(-5),
      viewer: `person-${mark}`,
      viewer_id: repository.id + 1,
      action: 'retry',
      repository_id: repository.id,
      issue_key: issueKey,
      command_id: ended,
      detail: `again for ${mark}`,
      outcome: 'accepted',
    })
    .execute();
  await db
    .insertInto('alerts')
    .values({
      name: 'save_failures',
      label: `store of ${mark}`,
      repository_id: repository.id,
      level: 'warning',
      value: 1,
      threshold: 0,
      since: at(-30),
      seen_at: at(1_000_000),
      pending_level: null,
      pending_looks: 0,
      posted_level: 'warning',
    })
    .execute();
  await addMeasures(db, [
    { name: 'command_ended', label: `${mark}/failed`, repositoryId: repository.id },
    { name: 'cache_hit', label: `session/${mark}`, repositoryId: repository.id },
  ]);
}
