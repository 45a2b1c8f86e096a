import { describe, expect, it } from 'vitest';
import type { Ask } from '../../src/core/command.ts';
import { queueKeyFor } from '../../src/jobs/accept.ts';
import { commandFromComment, type GitHubComment } from '../../src/webhooks/command-from-comment.ts';

const comment: GitHubComment = {
  origin: {
    kind: 'github-comment',
    installationId: 11,
    repository: { id: 22, owner: 'acme', name: 'shop' },
    number: 5,
    commentId: 44,
  },
  actor: { from: 'github', id: 9, login: 'maria', type: 'User' },
  text: '@dexter add tests',
  event: 'comment:44',
};

const read = (some: Partial<GitHubComment> = {}) =>
  commandFromComment({ ...comment, ...some }, { name: 'dexter', jiraProjects: new Set(['DX', 'OPS']) });
const command = (some: Partial<GitHubComment> = {}) => {
  const reading = read(some);
  if (reading.outcome === 'ignored') throw new Error(reading.reason);
  return reading.command;
};

describe('commandFromComment', () => {
  it('makes a command of what a person asks', () => {
    expect(command()).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      dedupeKey: 'github:11:22:comment:44',
      origin: comment.origin,
      actor: comment.actor,
      issueKey: 'gh-22-5',
      queueKey: 'gh-22-5',
      installationId: 11,
      repository: comment.origin.repository,
      claimedText: '@dexter add tests',
    });
  });

  it('knows the same event again and gives each command an id of its own', () => {
    expect(command().dedupeKey).toBe(command().dedupeKey);
    expect(command().id).not.toBe(command().id);
    expect(command({ event: 'review:44' }).dedupeKey).not.toBe(command().dedupeKey);
  });

  it.each<[string, Partial<GitHubComment>]>([
    ['a bot, the app itself included', { actor: { ...comment.actor, login: 'dexter[bot]', type: 'Bot' } }],
    ['an organisation', { actor: { ...comment.actor, type: 'Organization' } }],
    ['a comment to somebody else', { text: 'nice work' }],
    ['a quoted command', { text: '> @dexter add tests' }],
    ['a fenced command', { text: '```\n@dexter add tests\n```' }],
    ['the review that comes with a single line comment', { text: null, event: 'review:44' }],
    ['an empty text', { text: '' }],
  ])('ignores %s', (_name, some) => {
    expect(read(some)).toEqual({ outcome: 'ignored', reason: expect.any(String) });
  });

  it('takes a command that is not understood as well: it is answered', () => {
    const { id, queueKey } = command({ text: '@dexter --modle x go' });
    expect(queueKey).toBe(`control:${id}`);
  });

  it.each<[string, Partial<GitHubComment>, string]>([
    [
      'the issue that Dexter opened the pull request for',
      { knownIssueKey: 'OPS-9', pullRequestTitle: 'DX-1: a' },
      'OPS-9',
    ],
    ['the JIRA key in the title of the pull request', { pullRequestTitle: 'DX-1: a' }, 'DX-1'],
    ['the pull request, when its title names two tickets', { pullRequestTitle: 'DX-1, DX-2' }, 'gh-22-5'],
    [
      'the pull request, when its title names an unknown project',
      { pullRequestTitle: 'ISO-8601' },
      'gh-22-5',
    ],
    ['the GitHub issue', {}, 'gh-22-5'],
  ])('files it under %s', (_name, some, issueKey) => {
    expect(command(some)).toMatchObject({ issueKey, queueKey: issueKey });
  });

  it('keeps the text as the body had it, to compare it later', () => {
    const text = 'Hi\r\n\r\n@dexter add tests  \r\n';
    expect(command({ text }).claimedText).toBe(text);
  });
});

describe('queueKeyFor', () => {
  it.each<[string, Ask | undefined, boolean]>([
    ['an instruction', { kind: 'instruction', instruction: 'go', flags: {} }, true],
    ['retry', { kind: 'control', word: 'retry' }, true],
    ['help', { kind: 'control', word: 'help' }, false],
    ['status', { kind: 'control', word: 'status' }, false],
    ['stop', { kind: 'control', word: 'stop' }, false],
    ['what is not understood', undefined, false],
  ])('lets %s wait for its turn: %s', (_name, ask, waits) => {
    expect(queueKeyFor(ask, 'DX-1', 'id')).toBe(waits ? 'DX-1' : 'control:id');
  });
});
