import { z } from 'zod';
import { askedText, type DashboardOrigin } from '../../core/command.ts';
import { isEnd } from '../../core/status.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { InstalledRepository } from '../../github/github.ts';
import { mayBeRepeated } from '../../jobs/may-be-repeated.ts';
import type { Services } from '../../jobs/services.ts';
import { getCommand, repetitionsOf, repositoryOf } from '../../ledger/commands.ts';
import type { CommandRow } from '../../ledger/tables.ts';
import { notFound, type Refusal, readRepository, refuse, sees, type Wanted } from './wanted.ts';

export const RetryFields = z.object({ command: z.uuid() });

/** The same ask once more, in the place that asked. */
export async function retry(
  services: Services,
  viewer: Viewer,
  { command: id }: z.infer<typeof RetryFields>,
): Promise<Wanted | Refusal> {
  const row = await getCommand(services.db, id);
  if (!row || !sees(viewer.scope, row.repository_id)) return notFound;
  const repository = repositoryOf(row);
  if (!row.ask || !repository || !mayBeRepeated(row)) return refuse('pointless', ...whyNot(row));
  const [again] = (await repetitionsOf(services.db, row)).filter(
    ({ status }) => !isEnd(status) || status === 'done',
  );
  if (again) {
    return refuse(
      'pointless',
      isEnd(again.status) ? 'This was done again already.' : 'This is being done again already.',
      'The commands of the issue show how it went.',
    );
  }
  const found = await readRepository(services, viewer.scope, repository);
  if (!found) return notFound;
  const origin = placeOf(row, found);
  if (!origin || ('connection' in origin && !services.jira.has(origin.connection))) {
    return refuse(
      'pointless',
      'The place that asked is not known to Dexter any more.',
      'Ask anew on the page of the issue.',
    );
  }
  return {
    outcome: 'wanted',
    origin,
    issueKey: row.issue_key,
    installationId: found.installationId,
    repository: found.repository,
    // For people to read meanwhile: what is done again is what was understood then, its flags included.
    text: `@${services.name} ${askedText(row.ask)}`,
    ask: row.ask,
  };
}

function whyNot({ status, ask }: CommandRow): [message: string, hint: string] {
  if (!isEnd(status)) return ['This has not ended yet.', 'Stop it first, or wait.'];
  if (status === 'done') return ['This was done; there is nothing to do again.', 'Ask for what is missing.'];
  if (!ask) return ['This was refused before it was understood.', 'Ask anew on the page of the issue.'];
  return ['This is nothing that can be done again.', 'Ask anew on the page of the issue.'];
}

/** A comment on a line, or a review, says what its instruction is about: it is looked at and answered again. */
function placeOf(
  { id, origin }: CommandRow,
  { installationId, repository }: InstalledRepository,
): DashboardOrigin | undefined {
  switch (origin.kind) {
    case 'jira-comment':
    case 'jira-label':
    case 'dashboard-jira': {
      const { connection, issueKey } = origin;
      return { kind: 'dashboard-jira', connection, issueKey, repeats: id };
    }
    case 'retention':
      return undefined;
    default: {
      const at = atOf(origin);
      return {
        kind: 'dashboard-github',
        installationId,
        repository,
        number: origin.number,
        repeats: id,
        ...(at ? { at } : {}),
      };
    }
  }
}

type At = Extract<DashboardOrigin, { kind: 'dashboard-github' }>['at'];

function atOf(origin: Extract<CommandRow['origin'], { number: number }>): At {
  switch (origin.kind) {
    case 'github-review-comment':
      return { kind: origin.kind, id: origin.commentId };
    case 'github-review':
      return { kind: origin.kind, id: origin.reviewId };
    case 'dashboard-github':
      return origin.at;
    case 'github-comment':
      return undefined;
  }
}
