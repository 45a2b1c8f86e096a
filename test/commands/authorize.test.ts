import { describe, expect, it } from 'vitest';
import { type AskPermission, authorize, type Person } from '../../src/commands/authorize.ts';
import type { Permission } from '../../src/github/github.ts';

const repository = { id: 1, owner: 'acme', name: 'shop' };
const people = { 'id-maria': 'maria-gh', 'id-guest': 'guest-gh' };

const github = (login: string, type: string): Person => ({ from: 'github', id: 5, login, type });
const jira = (accountId: string, displayName = 'Somebody'): Person => ({
  from: 'jira',
  accountId,
  displayName,
});

/** Answers as GitHub does, and remembers whom it was asked about. */
function permissions(answers: Record<string, Permission>) {
  const asked: string[] = [];
  const ask: AskPermission = async (login) => {
    asked.push(login);
    return { permission: Object.hasOwn(answers, login) ? (answers[login] ?? 'none') : 'none' };
  };
  return { ask, asked };
}

const answers: Record<string, Permission> = {
  owner: 'admin',
  writer: 'write',
  reader: 'read',
  'maria-gh': 'write',
  'guest-gh': 'read',
  'dexter[bot]': 'admin',
  'other[bot]': 'admin',
  ghost: 'none',
};

/** A triager has `read` in this answer; the `role_name` beside it is not looked at. */
const actors: [name: string, actor: Person, verdict: 'allowed' | 'not asked' | 'refused'][] = [
  ['an owner', github('owner', 'User'), 'allowed'],
  ['somebody with write access', github('writer', 'User'), 'allowed'],
  ['somebody with read access or triage', github('reader', 'User'), 'refused'],
  ['somebody from outside', github('stranger', 'User'), 'refused'],
  ['a deleted account', github('ghost', 'User'), 'refused'],
  ['the app itself', github('dexter[bot]', 'Bot'), 'not asked'],
  ['another app', github('other[bot]', 'Bot'), 'not asked'],
  ['a bot that has the name of a writer', github('writer', 'Bot'), 'not asked'],
  ['an organisation', github('writer', 'Organization'), 'not asked'],
  ['a mannequin of an import', github('writer', 'Mannequin'), 'not asked'],
  ['an actor without a type', github('writer', ''), 'not asked'],
  ['a mapped JIRA account with write access', jira('id-maria'), 'allowed'],
  ['a mapped JIRA account without write access', jira('id-guest'), 'refused'],
  ['a JIRA account that is not mapped', jira('id-unknown'), 'not asked'],
  ['a JIRA account with the id of another one in capitals', jira('ID-MARIA'), 'not asked'],
  ['a JIRA account that calls itself as a writer', jira('id-x', 'writer'), 'not asked'],
  ['a JIRA account whose id is a GitHub login', jira('owner'), 'not asked'],
  ['a JIRA account named constructor', jira('constructor'), 'not asked'],
  ['a JIRA account named __proto__', jira('__proto__'), 'not asked'],
  ['a JIRA account named toString', jira('toString'), 'not asked'],
  ['somebody from the portal, without an account id', jira(''), 'not asked'],
];

describe('authorize', () => {
  it.each(actors)('lets %s in or not', async (_name, actor, expected) => {
    const { ask, asked } = permissions(answers);
    const verdict = await authorize(actor, people, repository, ask);
    expect(verdict.allowed).toBe(expected === 'allowed');
    expect(asked.length).toBe(expected === 'not asked' ? 0 : 1);
    if (verdict.allowed) {
      expect(verdict.login).toBe(asked[0]);
      return;
    }
    expect(verdict.problem.code).toBe('not-authorized');
    expect(verdict.problem.message).not.toBe('');
    expect(verdict.problem.hint).not.toBe('');
  });

  it('asks about the GitHub login that a JIRA account is mapped to', async () => {
    const { ask, asked } = permissions(answers);
    expect(await authorize(jira('id-maria'), people, repository, ask)).toEqual({
      allowed: true,
      login: 'maria-gh',
      person: 'jira:id-maria',
    });
    expect(asked).toEqual(['maria-gh']);
  });

  it('takes a person for the same one on GitHub and on JIRA', async () => {
    const ask: AskPermission = async () => ({ permission: 'write', userId: 5 });
    const verdicts = await Promise.all([
      authorize(github('renamed', 'User'), people, repository, ask),
      authorize(jira('id-maria'), people, repository, ask),
    ]);
    expect(verdicts).toMatchObject([{ person: 'github:5' }, { person: 'github:5' }]);
  });

  it('takes an answer that GitHub did not give for a no, and says that it is not a verdict', async () => {
    const verdict = await authorize(github('owner', 'User'), {}, repository, async () => ({
      permission: 'none',
      reason: 'GitHub failed while asking for the permission (HTTP 502).',
    }));
    expect(verdict).toMatchObject({
      allowed: false,
      isUnanswered: true,
      problem: {
        message: expect.stringMatching(
          /could not find out whether `owner` may write to acme\/shop.*HTTP 502/,
        ),
        hint: expect.stringContaining('Try again later'),
      },
    });
  });

  it('says in a refusal what an administrator has to add', async () => {
    const { ask } = permissions(answers);
    expect(await authorize(jira('id-new', 'Nina'), people, repository, ask)).toMatchObject({
      problem: {
        message: 'Dexter does not know which GitHub account belongs to `Nina` on JIRA.',
        hint: 'An administrator adds the JIRA account id `id-new` to `people` in dexter.yml.',
      },
    });
  });

  it.each([
    ['`@everyone` ![x](http://evil.example)', '`@everyone ![x](http://evil.example)`'],
    ['a\n\n# b @everyone', '`a # b @everyone`'],
    [' ``` ', '`(unknown)`'],
    ['x'.repeat(500), `\`${'x'.repeat(80)}\``],
    [`${'x'.repeat(79)}😀`, `\`${'x'.repeat(79)}\ufffd\``],
  ])('shows the name %j as code on one line', async (displayName, shown) => {
    const { ask } = permissions(answers);
    const verdict = await authorize(jira('id-new', displayName), people, repository, ask);
    expect(verdict).toMatchObject({ problem: { message: expect.stringContaining(` to ${shown} on JIRA.`) } });
  });
});
