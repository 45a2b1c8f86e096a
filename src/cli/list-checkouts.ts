import { basename } from 'node:path';
import { formatSize } from '../core/size.ts';
import { plural } from '../report/figures.ts';
import {
  listWorkspace,
  type WorkspaceCheckout,
  type WorkspaceContents,
} from '../workspace/list-workspace.ts';
import { formatSince, plainJson, table } from './plain-text.ts';
import type { Terminal } from './terminal.ts';

/** `dexter workspace ls`. */
export async function listCheckouts(
  directory: string,
  { json }: { json: boolean },
  { print, now }: Terminal,
): Promise<number> {
  const contents = await listWorkspace(directory, now());
  contents.checkouts.sort(newestFirst);
  contents.mirrors.sort(newestFirst);
  if (json) {
    print(plainJson(contents));
    return 0;
  }
  const { checkouts, mirrors } = contents;
  if (checkouts.length > 0) {
    const rows = checkouts.map((checkout) => [
      sessionName(checkout),
      checkout.repository ?? '-',
      formatSince(checkout.usedAt, now()),
      formatSize(checkout.bytes),
      stateOf(checkout),
    ]);
    for (const line of table(['SESSION', 'REPOSITORY', 'USED', 'SIZE', 'STATE'], rows)) print(line);
    print('');
  }
  if (mirrors.length > 0) {
    const rows = mirrors.map(({ path, usedAt, bytes, inUse }) => [
      basename(path),
      repositoryOf(basename(path), checkouts),
      formatSince(usedAt, now()),
      formatSize(bytes),
      inUse ? 'in use' : '',
    ]);
    for (const line of table(['MIRROR', 'REPOSITORY', 'USED', 'SIZE', 'STATE'], rows)) print(line);
    print('');
  }
  print(summaryOf(contents));
  return 0;
}

/** The key of the issue; the directory's name when it does not say whose it is. */
export function sessionName({ ref, path }: Pick<WorkspaceCheckout, 'ref' | 'path'>): string {
  return ref?.issueKey ?? basename(path);
}

function stateOf({ inUse, unpushed }: WorkspaceCheckout): string {
  return [...(inUse ? ['in use'] : []), ...(unpushed ? ['unpushed commits'] : [])].join(', ');
}

function repositoryOf(mirror: string, checkouts: WorkspaceCheckout[]): string {
  const borrower = checkouts.find(
    ({ borrows, repository }) => repository !== undefined && borrows.includes(mirror),
  );
  return borrower?.repository ?? '-';
}

function summaryOf({ checkouts, mirrors, archives, leftovers }: WorkspaceContents): string {
  const parts = [
    plural(checkouts.length, 'checkout'),
    plural(mirrors.length, 'mirror'),
    plural(archives.length, 'saved session'),
  ];
  const all = [...checkouts, ...mirrors, ...archives, ...leftovers];
  const bytes = all.reduce((total, each) => total + each.bytes, 0);
  return `${parts.join(', ')}: ${formatSize(bytes)} together.`;
}

function newestFirst(a: { usedAt: Date }, b: { usedAt: Date }): number {
  return b.usedAt.getTime() - a.usedAt.getTime();
}
