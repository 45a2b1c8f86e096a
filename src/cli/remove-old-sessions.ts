import { AppError } from '../core/errors.ts';
import { formatSize } from '../core/size.ts';
import { plural } from '../report/figures.ts';
import { type ListedSession, lookAgain, type OpenedStore, type Scope, sessionsIn } from './opened-store.ts';
import { formatSince, plain } from './plain-text.ts';
import { tellProblems } from './tell-problem.ts';
import type { Terminal } from './terminal.ts';

interface RemoveOldOptions extends Scope {
  /** Sessions that were not saved for so long are removed. */
  olderThanMs: number;
  /** Only says what would be removed. */
  dryRun: boolean;
}

/** `dexter session gc`: exit code 1 when something could not be listed or removed. */
export async function removeOldSessions(
  opened: OpenedStore,
  options: RemoveOldOptions,
  terminal: Terminal,
): Promise<number> {
  const { print, now } = terminal;
  const { sessions, problems } = await sessionsIn(opened, options);
  const isOld = ({ savedAt }: { savedAt: Date }) => savedAt.getTime() < now().getTime() - options.olderThanMs;
  const old = sessions.filter(isOld);
  let removed = 0;
  let bytes = 0;
  for (const session of old) {
    if (!options.dryRun && !(await removeIfStill(opened, session, isOld, problems))) continue;
    removed += 1;
    bytes += session.bytes;
    print(`${options.dryRun ? 'Would remove' : 'Removed'} ${nameOf(session, now())}.`);
  }
  const verb = options.dryRun ? 'would be removed' : 'removed';
  print(`${plural(removed, 'session')} ${verb}, ${formatSize(bytes)}; ${sessions.length - removed} kept.`);
  return tellProblems(problems, terminal);
}

/** Looks again right before: a run may have saved the session since it was listed. */
async function removeIfStill(
  opened: OpenedStore,
  { ref }: ListedSession,
  isOld: (session: { savedAt: Date }) => boolean,
  problems: AppError[],
): Promise<boolean> {
  try {
    const current = await lookAgain(opened, ref);
    if (current === undefined || !isOld(current)) return false;
    return (await opened.store.remove(ref)) > 0;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    problems.push(error);
    return false;
  }
}

function nameOf({ ref, generation, bytes, savedAt }: ListedSession, now: Date): string {
  const { issueKey, installationId, repositoryId } = ref;
  return `${plain(issueKey)} (installation ${installationId}, repository ${repositoryId}, generation ${generation}, ${formatSize(bytes)}, saved ${formatSince(savedAt, now)})`;
}
