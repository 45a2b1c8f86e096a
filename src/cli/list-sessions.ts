import { formatSize } from '../core/size.ts';
import { plural } from '../report/figures.ts';
import { type ListedSession, type OpenedStore, type Scope, sessionsIn } from './opened-store.ts';
import { formatSince, plain, plainJson, table } from './plain-text.ts';
import { tellProblems } from './tell-problem.ts';
import type { Terminal } from './terminal.ts';

/** `dexter session ls`: exit code 1 when something in the store could not be listed. */
export async function listSessions(
  opened: OpenedStore,
  options: Scope & { json: boolean },
  terminal: Terminal,
): Promise<number> {
  const { sessions, problems } = await sessionsIn(opened, options);
  if (options.json) terminal.print(plainJson(sessions.map(inJson)));
  else if (sessions.length > 0) for (const line of lines(sessions, terminal.now())) terminal.print(line);
  else if (problems.length === 0)
    terminal.tell(`There is no ${isNarrowed(options) ? 'such ' : ''}session in ${plain(opened.place)}.`);
  return tellProblems(problems, terminal);
}

function isNarrowed({ installationId, repositoryId }: Scope): boolean {
  return installationId !== undefined || repositoryId !== undefined;
}

function inJson({ ref, generation, bytes, savedAt }: ListedSession) {
  return { ...ref, generation, bytes, savedAt: savedAt.toISOString() };
}

function lines(sessions: ListedSession[], now: Date): string[] {
  const rows = sessions.map(({ ref, generation, bytes, savedAt }) => [
    ref.issueKey,
    String(ref.installationId),
    String(ref.repositoryId),
    String(generation),
    formatSize(bytes),
    formatSince(savedAt, now),
  ]);
  const total = sessions.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    ...table(['ISSUE', 'INSTALLATION', 'REPOSITORY', 'GENERATION', 'SIZE', 'SAVED'], rows),
    '',
    `${plural(sessions.length, 'session')}, ${formatSize(total)}`,
  ];
}
