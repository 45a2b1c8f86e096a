import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  chooseRepository,
  linkedRepositories,
  type RepositoryFacts,
} from '../../src/commands/choose-repository.ts';

type Facts = Omit<RepositoryFacts, 'linked' | 'notInstalled'> & {
  /** The comment; Dexter is installed on what it links to, but for these. */
  text: string;
  absent?: string[];
};

const facts: Facts = {
  text: '@dexter implement this',
  serverUrl: 'https://github.com',
  projectKey: 'DX',
  projects: { DX: 'acme/shop', OPS: ['acme/a', 'acme/b'], TWICE: ['acme/a', 'acme/a'] },
};

const choiceOf = ({ text, absent = [], ...some }: Facts) => {
  const links = linkedRepositories(text, some.serverUrl);
  return chooseRepository({
    ...some,
    linked: links.filter((link) => !absent.includes(link)),
    notInstalled: links.filter((link) => absent.includes(link)),
  });
};

const choose = (some: Partial<Facts>) => {
  const choice = choiceOf({ ...facts, ...some });
  return choice.outcome === 'repository' ? `${choice.owner}/${choice.name}` : choice.problem;
};

describe('chooseRepository', () => {
  it.each<[string, Partial<Facts>, string]>([
    ['the one of the project', {}, 'acme/shop'],
    ['the one that is listed twice for the project', { projectKey: 'TWICE' }, 'acme/a'],
    ['the one of an earlier command', { earlier: { owner: 'acme', name: 'old' } }, 'acme/old'],
    [
      'the one of an earlier command, where the project has several',
      { projectKey: 'OPS', earlier: { owner: 'acme', name: 'b' } },
      'acme/b',
    ],
    [
      'the linked one before the one of an earlier command',
      { text: 'in https://github.com/acme/new', earlier: { owner: 'acme', name: 'old' } },
      'acme/new',
    ],
    [
      'the one of the project, when the comment only refers to a repository of strangers',
      { text: 'like https://github.com/expressjs/express does', absent: ['expressjs/express'] },
      'acme/shop',
    ],
    [
      'the linked one where the project has none',
      { projectKey: 'NO', text: 'https://github.com/acme/x' },
      'acme/x',
    ],
  ])('takes %s', (_name, some, repository) => {
    expect(choose(some)).toBe(repository);
  });

  it.each([
    ['https://github.com/acme/x', 'acme/x'],
    ['https://github.com/acme/x.', 'acme/x'],
    ['https://github.com/acme/x...', 'acme/x'],
    ['https://github.com/acme/x.git', 'acme/x'],
    ['https://github.com/acme/x.git.', 'acme/x'],
    ['(https://github.com/acme/x)', 'acme/x'],
    ['<https://github.com/acme/my_repo.js>', 'acme/my_repo.js'],
    ['[x](https://github.com/acme/x)', 'acme/x'],
    ['https://github.com/acme/x/pull/12#issuecomment-1', 'acme/x'],
    ['https://github.com/acme/x?tab=readme', 'acme/x'],
    ['https://github.com/acme/x and https://github.com/acme/x/issues/1', 'acme/x'],
    ['https://github.com/Acme/X and https://GitHub.com/acme/x', 'Acme/X'],
    ['[https://github.com/acme/x|https://github.com/acme/x]', 'acme/x'],
  ])('reads the link in %j', (text, repository) => {
    expect(choose({ text, projectKey: 'NO' })).toBe(repository);
  });

  it.each([
    'https://github.com',
    'https://github.com/acme',
    'https://github.com/acme/',
    'https://github.com/acme/...',
    'https://github.com/acme/../..',
    'https://github.com.evil.example/acme/x',
    'https://githubXcom/acme/x',
    'https://gitlab.com/acme/x',
    'https://evil.example/github.com/acme/x',
    'git@github.com:acme/x.git',
    'acme/x',
  ])('reads no repository in %j', (text) => {
    expect(choose({ text })).toBe('acme/shop');
  });

  it('reads links of the configured server only', () => {
    const serverUrl = 'https://ghe.acme.example:8443/git';
    expect(choose({ serverUrl, text: 'https://ghe.acme.example:8443/git/team/x' })).toBe('team/x');
    expect(choose({ serverUrl, text: 'https://github.com/team/x' })).toBe('acme/shop');
    expect(choose({ serverUrl, text: 'https://ghe.acme.example/git/team/x' })).toBe('acme/shop');
  });

  it.each<[string, Partial<Facts>, string, string]>([
    [
      'among several links',
      { text: 'from https://github.com/acme/a to https://github.com/acme/b' },
      'The comment links to several repositories, and Dexter does not guess.',
      '`https://github.com/acme/a`, `https://github.com/acme/b`',
    ],
    [
      'among several repositories of a project',
      { projectKey: 'OPS' },
      'The JIRA project OPS belongs to several repositories, and Dexter does not guess.',
      '`https://github.com/acme/a`, `https://github.com/acme/b`',
    ],
    [
      'for an unknown project',
      { projectKey: 'NO' },
      'Dexter does not know which repository the JIRA project NO belongs to.',
      'one of: `https://github.com/acme/a`, `https://github.com/acme/b`, `https://github.com/acme/shop`; or an administrator adds NO to `projects`',
    ],
    [
      'for an unknown project and nothing configured',
      { projectKey: 'NO', projects: {} },
      'Dexter does not know which repository the JIRA project NO belongs to.',
      'Put the link of the repository into the comment; or',
    ],
    ['for a project without repositories', { projects: { DX: [] } }, 'Dexter does not know', 'Put the link'],
  ])('does not guess %s, and lists the choices', (_name, some, message, hint) => {
    expect(choose(some)).toEqual({
      code: 'repository-unknown',
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    });
  });

  it.each(['constructor', '__proto__', 'toString'])('knows no project %s', (projectKey) => {
    expect(choose({ projectKey })).toMatchObject({ code: 'repository-unknown' });
  });

  it.each(['https://github.com/acme/..git', 'https://github.com/acme/x..git', 'https://github.com/acme/.'])(
    'takes %s for no repository',
    (text) => {
      expect(linkedRepositories(text, 'https://github.com')).toEqual([]);
    },
  );

  it('never answers with half a repository', () => {
    const pieces = fc.array(
      fc.constantFrom('https://github.com/', 'acme', '/', '.', '.git', 'x', ' ', '..', '-'),
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const choice = choiceOf({ ...facts, text: parts.join('') });
        if (choice.outcome === 'refuse') return;
        expect(choice.owner).toMatch(/^[A-Za-z0-9-]+$/);
        expect(choice.name).toMatch(/^[A-Za-z0-9._-]*[A-Za-z0-9_-]$/);
      }),
    );
  });
});

it('refuses a linked repository of a known owner on which Dexter is not installed', () => {
  expect(choose({ text: 'in https://github.com/acme/other', absent: ['acme/other'] })).toMatchObject({
    code: 'repository-not-installed',
    message: expect.stringContaining('`acme/other`'),
    hint: expect.stringContaining('`https://github.com/acme/shop`'),
  });
});
