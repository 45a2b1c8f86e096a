import { describe, expect, it } from 'vitest';
import type {
  WorkspaceCheckout,
  WorkspaceContents,
  WorkspaceMirror,
} from '../../src/workspace/list-workspace.ts';
import { type GarbageLimits, planGarbage } from '../../src/workspace/plan-garbage.ts';

const now = new Date('2026-03-31T12:00:00Z');
const daysAgo = (days: number) => new Date(now.getTime() - days * 24 * 60 * 60_000);

function checkout(name: string, days: number, more: Partial<WorkspaceCheckout> = {}): WorkspaceCheckout {
  return {
    path: `/w/work/${name}`,
    ref: { installationId: 1, repositoryId: 20, issueKey: name },
    repository: 'acme/shop',
    usedAt: daysAgo(days),
    bytes: 100,
    inUse: false,
    unpushed: false,
    borrows: ['1-20.git'],
    ...more,
  };
}

function mirror(name: string, days: number, more: Partial<WorkspaceMirror> = {}): WorkspaceMirror {
  return { path: `/w/mirrors/${name}`, usedAt: daysAgo(days), bytes: 1_000, inUse: false, ...more };
}

const archive = { path: '/w/sessions/x', bytes: 10 };

function contents(parts: Partial<WorkspaceContents>): WorkspaceContents {
  return { checkouts: [], mirrors: [], archives: [], leftovers: [], ...parts };
}

function planned(parts: Partial<WorkspaceContents>, limits: GarbageLimits): string[] {
  return planGarbage(contents(parts), limits, now).map(
    ({ path, because }) => `${path.split('/').at(-1)}: ${because}`,
  );
}

const three = [checkout('A', 1), checkout('C', 3), checkout('B', 2)];

describe('planGarbage', () => {
  it.each<[string, Partial<WorkspaceContents>, GarbageLimits, string[]]>([
    ['removes nothing without limits', { checkouts: three, archives: [archive] }, {}, []],
    [
      'removes nothing within limits',
      { checkouts: three },
      { maxSessions: 3, maxAgeDays: 4, maxBytes: 300 },
      [],
    ],
    [
      'goes by count, the least recently used first',
      { checkouts: three },
      { maxSessions: 1 },
      ['C: count', 'B: count'],
    ],
    ['goes by age', { checkouts: three }, { maxAgeDays: 1.5 }, ['C: age', 'B: age']],
    ['goes by size, no further than needed', { checkouts: three }, { maxBytes: 250 }, ['C: size']],
    [
      'never removes what is in use, and counts it',
      { checkouts: [checkout('A', 9, { inUse: true }), checkout('B', 2), checkout('C', 1)] },
      { maxSessions: 1, maxAgeDays: 5, maxBytes: 0 },
      ['B: count', 'C: count'],
    ],
    [
      'removes what was not pushed last',
      { checkouts: [checkout('A', 9, { unpushed: true }), checkout('B', 2), checkout('C', 1)] },
      { maxSessions: 1 },
      ['B: count', 'C: count'],
    ],
    [
      'removes what was not pushed when it must',
      { checkouts: [checkout('A', 9, { unpushed: true }), checkout('B', 2)] },
      { maxSessions: 0 },
      ['B: count', 'A: count'],
    ],
    [
      'never removes what is saved, whatever the limits',
      { archives: [archive] },
      { maxSessions: 0, maxBytes: 0, maxAgeDays: 0 },
      [],
    ],
    [
      'keeps a mirror that somebody borrows from, however old it is',
      { checkouts: [checkout('A', 1)], mirrors: [mirror('1-20.git', 900)] },
      { maxAgeDays: 30 },
      [],
    ],
    [
      'removes a mirror with its last borrower',
      { checkouts: [checkout('A', 90)], mirrors: [mirror('1-20.git', 90)] },
      { maxAgeDays: 30 },
      ['A: age', '1-20.git: unused'],
    ],
    [
      'keeps a mirror that was used a short time ago',
      { mirrors: [mirror('1-20.git', 3), mirror('1-21.git', 40, { inUse: true })] },
      { maxAgeDays: 30 },
      [],
    ],
    [
      'removes an idle mirror before a checkout when room is needed',
      { checkouts: [checkout('A', 1)], mirrors: [mirror('1-21.git', 2), mirror('1-20.git', 2)] },
      { maxBytes: 1_500 },
      ['1-21.git: size'],
    ],
    [
      'removes a mirror for room once its last borrower had to go',
      { checkouts: [checkout('A', 1)], mirrors: [mirror('1-20.git', 1)] },
      { maxBytes: 50 },
      ['A: size', '1-20.git: size'],
    ],
    [
      'does not count what is saved, which would not become less',
      { checkouts: [checkout('A', 1)], archives: [archive] },
      { maxBytes: 105 },
      [],
    ],
    [
      'removes what was left behind an hour ago, whatever the limits',
      {
        leftovers: [
          { path: '/w/work/.removing-1', changedAt: daysAgo(0.5), bytes: 5 },
          { path: '/w/work/.removing-2', changedAt: daysAgo(0.01), bytes: 5 },
        ],
      },
      {},
      ['.removing-1: left behind'],
    ],
  ])('%s', (_name, parts, limits, expected) => {
    expect(planned(parts, limits)).toEqual(expected);
  });
});
