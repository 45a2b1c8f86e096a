import { z } from 'zod';
import { IssueKey } from '../../core/issue-key.ts';
import type { Viewer } from '../../core/viewer.ts';
import type { Services } from '../../jobs/services.ts';
import { newestOfIssue, repositoryOf } from '../../ledger/commands.ts';
import { placeOfIssue } from './place-of-issue.ts';
import { notFound, type Refusal, readRepository, sees, type Wanted } from './wanted.ts';

/** One issue in one repository. */
export const IssueFields = z.object({
  repository: z.coerce.number().int().positive(),
  issue: IssueKey,
});
export type IssueFields = z.infer<typeof IssueFields>;

/** `stop` or `forget` on an issue that there are commands of. */
export async function sayWord(
  services: Services,
  viewer: Viewer,
  word: 'stop' | 'forget',
  { repository: repositoryId, issue: issueKey }: IssueFields,
): Promise<Wanted | Refusal> {
  if (!sees(viewer.scope, repositoryId)) return notFound;
  const newest = await newestOfIssue(services.db, issueKey, repositoryId);
  const repository = newest && repositoryOf(newest);
  const found = repository && (await readRepository(services, viewer.scope, repository));
  const origin = found && (await placeOfIssue(services, found, issueKey));
  if (!origin) return notFound;
  return {
    outcome: 'wanted',
    origin,
    issueKey,
    installationId: found.installationId,
    repository: found.repository,
    text: `@${services.name} ${word}`,
    ask: { kind: 'control', word },
  };
}
