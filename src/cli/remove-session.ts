import { AppError } from '../core/errors.ts';
import { formatSize } from '../core/size.ts';
import { plural } from '../report/figures.ts';
import { type ChosenSession, chooseSession, notFound } from './choose-session.ts';
import type { OpenedStore, Scope } from './opened-store.ts';
import { formatSince, plain } from './plain-text.ts';
import type { Terminal } from './terminal.ts';

/** `dexter session rm`: removes all generations of a session, after a yes. */
export async function removeSession(
  opened: OpenedStore,
  issueKey: string,
  options: Scope & { yes: boolean },
  terminal: Terminal,
): Promise<number> {
  const chosen = await chooseSession(opened, issueKey, options);
  if (!options.yes && !(await agrees(opened, chosen, terminal))) {
    terminal.tell('Nothing was removed.');
    return 1;
  }
  const generations = await opened.store.remove(chosen.ref);
  if (generations === 0 && chosen.listed === undefined) throw notFound(opened, issueKey);
  terminal.print(`Removed the session of ${plain(issueKey)}: ${plural(generations, 'generation')}.`);
  return 0;
}

async function agrees(
  { place }: OpenedStore,
  { ref, listed }: ChosenSession,
  { ask, now }: Terminal,
): Promise<boolean> {
  const known =
    listed === undefined
      ? 'not among those that can be listed'
      : `generation ${listed.generation}, ${formatSize(listed.bytes)}, saved ${formatSince(listed.savedAt, now())}`;
  const name = `the session of ${plain(ref.issueKey)} (${known}) from ${plain(place)}`;
  if (ask !== undefined) return await ask(`Remove ${name}, with all of its generations?`);
  throw new AppError('input-invalid', {
    message: `Nobody can be asked here whether to remove ${name}.`,
    hint: 'Say --yes to remove it without a question.',
  });
}
