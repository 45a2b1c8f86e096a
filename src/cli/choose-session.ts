import { AppError } from '../core/errors.ts';
import type { SessionRef } from '../core/session.ts';
import { type ListedSession, type OpenedStore, type Scope, sessionsIn } from './opened-store.ts';
import { plain } from './plain-text.ts';

/** A session that was asked for; one that cannot be listed is known by its name alone. */
export interface ChosenSession {
  ref: SessionRef;
  listed?: ListedSession;
}

/**
 * The one session with this issue key in a store.
 * @throws AppError `input-invalid` when there is none or more than one.
 */
export async function chooseSession(
  opened: OpenedStore,
  issueKey: string,
  scope: Scope,
): Promise<ChosenSession> {
  const { sessions, problems } = await sessionsIn(opened, scope);
  const found = sessions.filter(({ ref }) => ref.issueKey === issueKey);
  const [listed, ...others] = found;
  if (listed !== undefined && others.length === 0) return { ref: listed.ref, listed };
  if (listed !== undefined) throw ambiguous(issueKey, found);
  const { installationId, repositoryId } = scope;
  if (installationId !== undefined && repositoryId !== undefined) {
    return { ref: { installationId, repositoryId, issueKey } };
  }
  throw notFound(opened, issueKey, problems);
}

/** For a session that was asked for by all of its name, and is not there. */
export function notFound(
  { place }: Pick<OpenedStore, 'place'>,
  issueKey: string,
  problems: AppError[] = [],
): AppError {
  const [problem] = problems;
  return new AppError('input-invalid', {
    message: [
      `There is no session of ${plain(issueKey)} in ${plain(place)}.`,
      ...(problem === undefined ? [] : [`Some could not be listed: ${plain(problem.message)}`]),
    ].join(' '),
    hint:
      problem === undefined
        ? '`dexter session ls` shows what is there; the flags of the store say where to look.'
        : 'One that cannot be listed is found with both --installation and --repository-id.',
  });
}

function ambiguous(issueKey: string, found: ListedSession[]): AppError {
  const repositories = new Set(found.map(({ ref }) => ref.repositoryId));
  const flag = repositories.size > 1 ? '--repository-id' : '--installation';
  const places = found
    .map(({ ref }) => ref)
    .sort((a, b) => a.installationId - b.installationId || a.repositoryId - b.repositoryId)
    .map((ref) => `installation ${ref.installationId}, repository ${ref.repositoryId}`);
  return new AppError('input-invalid', {
    message: `There are ${found.length} sessions of ${plain(issueKey)}: ${places.join('; ')}.`,
    hint: `Say which one with ${flag}.`,
  });
}
