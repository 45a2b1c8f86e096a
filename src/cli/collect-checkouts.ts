import { basename } from 'node:path';
import { formatSize } from '../core/size.ts';
import { plural } from '../report/figures.ts';
import { type Collection, collectGarbage, previewGarbage } from '../workspace/collect-garbage.ts';
import type { GarbageLimits, Removal } from '../workspace/plan-garbage.ts';
import { sessionName } from './list-checkouts.ts';
import { formatSince, plain, plainJson } from './plain-text.ts';
import type { Terminal } from './terminal.ts';

export interface CollectFlags {
  limits: GarbageLimits;
  dryRun: boolean;
  json: boolean;
}

/** `dexter workspace gc`: exit code 1 when something could not be removed. Without a limit only leftovers go. */
export async function collectCheckouts(
  workspace: string,
  { limits, dryRun, json }: CollectFlags,
  { print, tell, now }: Terminal,
): Promise<number> {
  const options = { workspace, limits, now: now() };
  const { removed, skipped, failed }: Collection = dryRun
    ? { removed: await previewGarbage(options), skipped: [], failed: [] }
    : await collectGarbage(options);
  if (json) {
    print(plainJson({ dryRun, removed, skipped, failed }));
  } else {
    for (const removal of removed)
      print(`${dryRun ? 'Would remove' : 'Removed'} ${nameOf(removal, options.now)}.`);
    for (const removal of skipped) print(`Left ${nameOf(removal, options.now)}: it is in use.`);
    const bytes = removed.reduce((total, each) => total + each.bytes, 0);
    print(
      `${plural(removed.length, 'item')} ${dryRun ? 'would be removed' : 'removed'}, ${formatSize(bytes)}.`,
    );
  }
  for (const { removal, problem } of failed) tell(plain(`${removal.path} could not be removed: ${problem}`));
  return failed.length === 0 ? 0 : 1;
}

const kinds = {
  checkout: 'the checkout of',
  mirror: 'the mirror',
  leftover: 'the leftover',
} as const;

const reasons = {
  age: 'beyond the age limit',
  count: 'beyond the number of checkouts',
  size: 'beyond the size limit',
  unused: 'borrowed from by nobody',
  'left behind': 'left behind by a process that died',
} as const;

function nameOf({ kind, path, ref, bytes, usedAt, because, unpushed }: Removal, now: Date): string {
  const name = kind === 'checkout' ? sessionName({ ref, path }) : basename(path);
  return `${kinds[kind]} ${plain(name)} (${formatSize(bytes)}, used ${formatSince(usedAt, now)}, ${unpushed ? 'with commits that could not be pushed, ' : ''}${reasons[because]})`;
}
