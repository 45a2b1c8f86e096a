import { AppError } from '../core/errors.ts';
import { formatSize } from '../core/size.ts';
import { listWorkspace, type WorkspaceCheckout } from '../workspace/list-workspace.ts';
import { removeSessionFiles } from '../workspace/remove-session-files.ts';
import { sessionName } from './list-checkouts.ts';
import type { Scope } from './opened-store.ts';
import { formatSince, plain } from './plain-text.ts';
import { tellProblems } from './tell-problem.ts';
import type { Terminal } from './terminal.ts';

type NamedCheckout = WorkspaceCheckout & { ref: NonNullable<WorkspaceCheckout['ref']> };

/** `dexter workspace rm`: exit code 1 when one is not there or in use, or after a no. */
export async function removeCheckouts(
  directory: string,
  issueKeys: string[],
  options: Scope & { yes: boolean },
  terminal: Terminal,
): Promise<number> {
  const { print, tell, now } = terminal;
  const { checkouts } = await listWorkspace(directory, now());
  const problems: AppError[] = [];
  for (const key of new Set(issueKeys)) {
    try {
      const checkout = choose(checkouts, key, options, directory);
      if (!options.yes && !(await agrees(checkout, terminal))) {
        tell(`${plain(key)} was not removed.`);
        return 1;
      }
      if (await removeSessionFiles(directory, checkout.ref, 0))
        print(`Removed the checkout of ${plain(key)}, ${formatSize(checkout.bytes)}.`);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      problems.push(error);
    }
  }
  return tellProblems(problems, terminal);
}

function choose(
  checkouts: WorkspaceCheckout[],
  key: string,
  { installationId, repositoryId }: Scope,
  directory: string,
): NamedCheckout {
  const found = checkouts.filter(
    (each): each is NamedCheckout =>
      each.ref?.issueKey === key &&
      (installationId === undefined || each.ref.installationId === installationId) &&
      (repositoryId === undefined || each.ref.repositoryId === repositoryId),
  );
  const [checkout, ...others] = found;
  if (checkout === undefined) {
    throw new AppError('input-invalid', {
      message: `There is no checkout of ${plain(key)} in ${plain(directory)}.`,
      hint: '`dexter workspace ls` shows what is there; --workspace says where to look.',
    });
  }
  if (others.length > 0) {
    const places = found.map(
      ({ ref }) => `installation ${ref.installationId}, repository ${ref.repositoryId}`,
    );
    throw new AppError('input-invalid', {
      message: `There are ${found.length} checkouts of ${plain(key)}: ${places.join('; ')}.`,
      hint: 'Say which one with --installation or --repository-id.',
    });
  }
  return checkout;
}

async function agrees(checkout: NamedCheckout, { ask, now }: Terminal): Promise<boolean> {
  const unpushed = checkout.unpushed ? ', with commits that were not pushed' : '';
  const name = `the checkout of ${plain(sessionName(checkout))} (${formatSize(checkout.bytes)}, used ${formatSince(checkout.usedAt, now())}${unpushed})`;
  if (ask !== undefined) return await ask(`Remove ${name}?`);
  throw new AppError('input-invalid', {
    message: `Nobody can be asked here whether to remove ${name}.`,
    hint: 'Say --yes to remove it without a question.',
  });
}
