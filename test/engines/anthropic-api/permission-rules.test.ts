import { expect, test } from 'vitest';
import { isAllowed, namedOutside } from '../../../src/engines/anthropic-api/permission-rules.ts';

const workingDirectory = '/work/checkout';
const homeDirectory = '/home/agent';

function about(rules: string[], name: string, input: Record<string, unknown>): boolean {
  return isAllowed(rules, { name, input, workingDirectory, homeDirectory });
}

/** [rules, tool, path, allowed] */
const files: [rules: string[], tool: string, path: string, allowed: boolean][] = [
  // What is in the checkout may be read without a rule.
  [[], 'Read', 'a.ts', true],
  [[], 'Read', './src/../a.ts', true],
  [[], 'Read', '/work/checkout/a.ts', true],
  [[], 'Read', '/work/checkout', true],
  [[], 'LS', '.', true],
  [[], 'Grep', 'src', true],
  [[], 'Read', '../a.ts', false],
  [[], 'Read', 'src/../../a.ts', false],
  [[], 'Read', '/work/checkout-2/a.ts', false],
  [[], 'Read', '/etc/passwd', false],
  [['Read(./**)'], 'Read', '/etc/passwd', false],
  [['Read'], 'Read', '/etc/passwd', false],
  [['Read(*)'], 'Read', '/etc/passwd', false],
  [['Read(**)'], 'Read', '../x', false],
  // What rules name outside of it.
  [['Read(//work/context/**)'], 'Read', '/work/context/a.md', true],
  [['Read(//work/context/**)'], 'Read', '/work/context/b/.c.md', true],
  [['Read(//work/context/**)'], 'LS', '/work/context', true],
  [['Read(//work/context/**)'], 'Read', '/work/context', false],
  [['Read(//work/context/**)'], 'Read', '/work/context-2/a.md', false],
  [['Read(//work/context/**)'], 'Read', '/work/context/../b.md', false],
  [['Read(//work/context/**)'], 'Edit', '/work/context/a.md', false],
  [['Read(//work/context/*.md)'], 'Read', '/work/context/a.md', true],
  [['Read(//work/context/*.md)'], 'Read', '/work/context/b/a.md', false],
  [['Read(//work/a.md)'], 'Read', '/work/a.md', true],
  [['Read(//work/a.md)'], 'Read', '/other/work/a.md', false],
  [['Read(/work/context/**)'], 'Read', '/work/context/a.md', false],
  [['Read(~/notes/**)'], 'Read', '/home/agent/notes/a.md', true],
  [['Read(~/notes/**)'], 'Read', '/home/other/notes/a.md', false],
  [['Read(~/notes/**)'], 'Read', '~/notes/a.md', true],
  [['Edit(//work/other/**)'], 'Edit', '/work/other/a.md', true],
  [['Edit(//work/other/**)'], 'Read', '/work/other/a.md', true],
  // Changes need a rule, in the checkout as well.
  [[], 'Edit', 'a.ts', false],
  [['Read(./**)'], 'Edit', 'a.ts', false],
  [['Edit'], 'Edit', 'a.ts', true],
  [['Edit'], 'Write', 'a.ts', true],
  [['Edit(*)'], 'Write', 'a.ts', true],
  [['Edit'], 'Write', '/etc/a.ts', false],
  [['Edit'], 'Write', '../a.ts', false],
  [['Write'], 'Write', 'a.ts', true],
  [['Write'], 'Edit', 'a.ts', false],
  [['Write(./**)'], 'Write', 'a.ts', false],
  [['Edit(./**)'], 'Write', 'src/.hidden/a.ts', true],
  [['Edit(**)'], 'Write', 'src/a.ts', true],
  [['Edit(src/**)'], 'Edit', 'src/a/b.ts', true],
  [['Edit(src/**)'], 'Edit', 'lib/src/a.ts', false],
  [['Edit(src/**)'], 'Edit', 'src2/a.ts', false],
  [['Edit(src/**)'], 'Edit', 'src/../a.ts', false],
  [['Edit(/src/**)'], 'Edit', 'src/a.ts', true],
  [['Edit(src)'], 'Edit', 'src/a.ts', true],
  [['Edit(*.md)'], 'Edit', 'docs/a.md', true],
  [['Edit(./*.md)'], 'Edit', 'a.md', true],
  [['Edit(*.md)'], 'Edit', 'a.ts', false],
  [['Edit(docs/**/*.md)'], 'Edit', 'docs/a.md', true],
  [['Edit(docs/**/*.md)'], 'Edit', 'docs/a/b.md', true],
  [['Edit(src/*.ts)'], 'Edit', 'src/a/b.ts', false],
  [['Edit(!src/**)'], 'Edit', 'a.ts', false],
  [['Edit(SRC/**)'], 'Edit', 'src/a.ts', false],
  [['Edit()'], 'Edit', 'a.ts', false],
  [['edit'], 'Edit', 'a.ts', false],
  // Git's own files are nobody's to read or to change.
  [['Edit', 'Read'], 'Edit', '.git/hooks/pre-commit', false],
  [['Edit'], 'Edit', '.git', false],
  [['Edit'], 'Write', 'vendor/lib/.git/config', false],
  [['Edit'], 'Write', '.GIT/config', false],
  [['Edit'], 'Write', 'git~1/config', false],
  [['Edit'], 'Write', '.g\u200cit/config', false],
  [['Edit'], 'Write', '.git./config', false],
  [['Edit(//**)'], 'Edit', '/work/other/.git/config', false],
  [[], 'Read', '.git/config', false],
  [['Edit'], 'Write', '.gitignore', true],
  [['Edit'], 'Write', '.github/a.yml', true],
  [['Edit'], 'Write', 'a\0b', false],
  // What programs take as instructions is no agent's to change, whatever the rules say.
  ...[
    ...['.mcp.json', 'sub/.mcp.json', '.gitmodules', '.npmrc', '.NPMRC', '.bashrc', '.yarnrc.yml', '.envrc'],
    ...[
      '.vscode/settings.json',
      'sub/.vscode/x',
      '.claude/settings.json',
      '.husky/pre-commit',
      '.idea/x.xml',
    ],
    ...['sub/.cargo/config.toml', '.devcontainer/d.json', '.config/git/config', '.pre-commit-config.yaml'],
  ].flatMap((path): typeof files => [
    [['Edit', 'Edit(./**)', `Edit(${path})`], 'Write', path, false],
    [[], 'Read', path, true],
  ]),
  [['Edit(./**)'], 'Write', 'CLAUDE.md', true],
  [['Edit(./**)'], 'Write', '.gitattributes', true],
  [['Edit(./**)'], 'Write', '.github/workflows/ci.yml', true],
  [['Edit(./**)'], 'Write', 'claude/settings.json', true],
];

test.each(files)('%j: %s of %j is allowed: %s', (rules, tool, path, allowed) => {
  expect(about(rules, tool, { file_path: path })).toBe(allowed);
});

test('a path that is none is not allowed', () => {
  expect(about(['Read', 'Edit'], 'Read', {})).toBe(false);
  expect(about(['Read', 'Edit'], 'Edit', { file_path: 1 })).toBe(false);
  expect(about([], 'Grep', {})).toBe(true);
});

test.each<[string[], string, boolean]>([
  [['mcp__jira__get'], 'mcp__jira__get', true],
  [['mcp__jira__get'], 'mcp__jira__get_all', false],
  [['mcp__jira__get'], 'mcp__jira__set', false],
  [['mcp__jira'], 'mcp__jira__get', true],
  [['mcp__jira'], 'mcp__jira2__get', false],
  [['mcp__jira__*'], 'mcp__jira__get', true],
  [['mcp__jira__*'], 'mcp__jira2__get', false],
  [['mcp__jira__get_*'], 'mcp__jira__get_issue', true],
  [['mcp__jira__get_*'], 'mcp__jira__set_issue', false],
  [['mcp__*'], 'mcp__jira__get', false],
  [['mcp__'], 'mcp__jira__get', false],
  [['*'], 'mcp__jira__get', false],
  [['mcp__jira(x)'], 'mcp__jira__get', false],
  [[], 'mcp__jira__get', false],
  [['WebFetch(domain:example.org)'], 'WebFetch', false],
  [['WebSearch'], 'WebSearch', true],
])('%j allows %s: %s', (rules, name, allowed) => {
  expect(about(rules, name, {})).toBe(allowed);
});

test('the roots outside of the checkout are what stands before the first wildcard', () => {
  expect(
    namedOutside(
      [
        'Read(//work/context/**)',
        'Edit(//data/a/*.md)',
        'Read(~/notes/**)',
        'Read(//work/a.md)',
        'Read(//**)',
        'Read(//home/**)',
        'Read(~/**)',
        'Read(./**)',
        'Bash(cat //x/**)',
        'Read',
      ],
      homeDirectory,
    ),
  ).toEqual(['/work/context', '/data/a', '/home/agent/notes', '/work/a.md']);
});
