import type { Ask, DashboardOrigin, RepositoryRef } from '../../core/command.ts';
import type { Problem } from '../../core/errors.ts';
import type { Scope } from '../../core/viewer.ts';
import type { InstalledRepository } from '../../github/github.ts';
import { findInstalled } from '../../github/repositories.ts';
import type { Services } from '../../jobs/services.ts';
import type { AuditOutcome } from '../../ledger/audit.ts';

/** The command that an action makes. */
export interface Wanted {
  outcome: 'wanted';
  origin: DashboardOrigin;
  issueKey: string;
  installationId: number;
  repository: RepositoryRef;
  /** As it would stand in a comment. */
  text: string;
  ask: Ask;
}

/** Why nothing is done, in words for the page. */
export interface Refusal {
  outcome: 'refused';
  why: Exclude<AuditOutcome, 'accepted'>;
  problem: Pick<Problem, 'message' | 'hint'>;
}

/** Said also of what is there and not for this viewer: whoever may not see it does not learn that it exists. */
export const notFound: Refusal = {
  outcome: 'refused',
  why: 'not-found',
  problem: {
    message: 'There is no such thing, or it is not for you to see.',
    hint: 'It may have been forgotten, or you may have no access to its repository on GitHub.',
  },
};

export function refuse(why: Refusal['why'], message: string, hint: string): Refusal {
  return { outcome: 'refused', why, problem: { message, hint } };
}

export function sees(scope: Scope, repositoryId: number | null): boolean {
  return scope === 'all' || (repositoryId !== null && scope.includes(repositoryId));
}

/** The repository as GitHub has it now: it may be called otherwise since, or be installed anew. */
export async function readRepository(
  services: Pick<Services, 'github'>,
  scope: Scope,
  { owner, name, id }: Pick<RepositoryRef, 'owner' | 'name'> & { id?: number },
): Promise<InstalledRepository | undefined> {
  const found = await findInstalled(services.github, owner, name);
  if (!found || !sees(scope, found.repository.id)) return undefined;
  return id === undefined || found.repository.id === id ? found : undefined;
}
