import { describe, expect, it } from 'vitest';
import { keptContext } from '../../src/context/fit-context.ts';
import type { ContextFacts } from '../../src/context/render.ts';
import type { PullRequestFacts, ThreadFacts } from '../../src/github/context.ts';
import { jiraComment, jiraTicket } from '../fakes/jira-ticket.ts';

/* One session is commanded from several places, and each command reads what is around its own. */

const said = (id: number, text: string) => ({
  id,
  author: 'maria',
  association: 'MEMBER',
  createdAt: '2026-01-05T09:00:00Z',
  text,
});

const threadOf = (...ids: number[]): ThreadFacts => ({
  path: 'src/cart.ts',
  line: 7,
  hunk: '@@ -1 +1 @@',
  comments: ids.map((id) => said(id, `Line comment ${id}.`)),
});

const pullRequest: PullRequestFacts = {
  number: 7,
  title: 'Coupons',
  body: 'It adds coupons. '.repeat(20),
  url: 'https://github.com/acme/shop/pull/7',
  branch: 'dexter/DX-1',
  base: 'main',
  sameRepository: true,
  state: 'open',
  comments: [said(1, 'One.'), said(2, 'Two.')],
  olderComments: 0,
  reviews: [{ ...said(3, 'Nearly.'), state: 'CHANGES_REQUESTED' }],
  threads: [threadOf(4, 5)],
  checks: {
    passed: 0,
    pending: 0,
    others: 0,
    failing: [{ name: 'test', conclusion: 'FAILURE', url: '', title: '', summary: '' }],
  },
};
const ticket = jiraTicket({ comments: [jiraComment({ id: '1' })] });
const nothing = 'Nothing has changed since the last message.';

/** What a session is told as news, command by command; the first one begins it. */
function newsOf(...commands: { facts: ContextFacts; asked?: string }[]): string[] {
  let seen: ReturnType<typeof keptContext>['seen'] | undefined;
  return commands.map(({ facts, asked }) => {
    const kept = keptContext(facts, { seen, asked });
    seen = kept.seen;
    return kept.delta?.markdown ?? '';
  });
}

const onPullRequest = { facts: { ticket, pullRequest } };
const onTicket = { facts: { ticket } };

describe('a session that is commanded from several places', () => {
  it('is not told that what another command did not look at is gone, nor told it again', () => {
    expect(newsOf(onPullRequest, onTicket, onPullRequest)).toEqual(['', nothing, nothing]);
    expect(newsOf(onTicket, onPullRequest, onTicket).at(-1)).toBe(nothing);
  });

  it('is not told a thread again in which it was commanded', () => {
    const inThread = {
      facts: { ticket, pullRequest: { ...pullRequest, threads: [] }, thread: threadOf(4, 5) },
      asked: 'line:6',
    };
    const after = { facts: { ticket, pullRequest: { ...pullRequest, threads: [threadOf(4, 5, 6)] } } };
    const [, news, next] = newsOf(onPullRequest, inThread, after);
    expect(news).toContain('## The review thread that asks');
    expect(news).toContain(`## What else is new\n\n${nothing}`);
    expect(next).toBe(nothing);
  });

  it('is not told again the review that commanded it', () => {
    const reviews = [...(pullRequest.reviews ?? []), { ...said(9, '@dexter fix it'), state: 'COMMENTED' }];
    const asking = { facts: { ticket, pullRequest: { ...pullRequest, reviews } }, asked: 'review:9' };
    expect(newsOf(onPullRequest, asking, { facts: asking.facts })).toEqual(['', nothing, nothing]);
  });

  it('is not told of removals where threads were resolved, comments are too many, or GitHub refused', () => {
    const { checks: _, reviews: __, threads: ___, ...refused } = pullRequest;
    const window = { ...pullRequest, comments: [said(2, 'Two.')], olderComments: 1, threads: [] };
    expect(newsOf(onPullRequest, { facts: { ticket, pullRequest: window } }).at(-1)).toBe(nothing);
    const facts = { ticket, pullRequest: { ...refused, unreadable: ['the checks'] } };
    expect(newsOf(onPullRequest, { facts }, onPullRequest)).toEqual(['', nothing, nothing]);
  });

  it('is told the news of GitHub while JIRA is away, and later those of JIRA', () => {
    const comments = [...pullRequest.comments, said(8, 'And hurry.')];
    const away = {
      facts: { pullRequest: { ...pullRequest, comments }, notices: ['JIRA could not be asked just now.'] },
    };
    const back = {
      facts: {
        ticket: { ...ticket, status: 'Done' },
        pullRequest: { ...pullRequest, comments },
      },
    };
    const [, first, second] = newsOf(onPullRequest, away, back);
    expect(first).toContain('(JIRA could not be asked just now.)');
    expect(first).toContain('And hurry.');
    expect(first).not.toContain('removed');
    expect(second).toBe('- Status: To Do → Done');
  });

  it('knows what a conversation has seen that begins now, apart from what its session has', () => {
    const { seen } = keptContext(onPullRequest.facts);
    const kept = keptContext(onTicket.facts, { seen });
    expect(Object.keys(kept.seen.comments)).toContain('github:1');
    expect(Object.keys(kept.alone?.comments ?? {})).toEqual(['jira:1']);
    expect(Object.keys(kept.alone?.fields ?? {})).not.toContain('Base branch');
  });

  it('finds all of long news in a file', () => {
    const many = Array.from({ length: 12 }, (_, index) =>
      jiraComment({ id: String(index + 2), text: `${index} `.repeat(1_500) }),
    );
    const { seen } = keptContext(onTicket.facts);
    const later = { ...ticket, comments: [...ticket.comments, ...many] };
    const { delta, full } = keptContext({ ticket: later }, { seen });
    expect(delta?.isWhole).toBe(false);
    expect(delta?.markdown).toContain('11 11 11');
    expect(full).toContain('0 0 0');
  });
});
