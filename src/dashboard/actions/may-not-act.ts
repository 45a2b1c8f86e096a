import { authorize } from '../../commands/authorize.ts';
import type { Actor } from '../../core/command.ts';
import { permissionOf } from '../../github/repositories.ts';
import type { Services } from '../../jobs/services.ts';
import { type Refusal, refuse, type Wanted } from './wanted.ts';

/**
 * Why somebody may not have what they want done; undefined when they may. Whoever may only read a repository sees its
 * pages, and must not make Dexter write to its issues and tickets by them: so this is asked before there is a command,
 * live and in the same words as of whoever comments. When the command begins it is asked again, as of every command.
 */
export async function mayNotAct(
  services: Pick<Services, 'github'>,
  actor: Actor,
  { installationId, repository }: Pick<Wanted, 'installationId' | 'repository'>,
): Promise<Refusal | undefined> {
  // This machine alone, where nobody signs in.
  if (actor.from === 'dexter') return undefined;
  const verdict = await authorize(actor, {}, repository, (login) =>
    permissionOf(services.github, installationId, repository, login),
  );
  if (verdict.allowed) return undefined;
  const { message, hint } = verdict.problem;
  return refuse(verdict.isUnanswered ? 'unanswered' : 'forbidden', message, hint);
}
