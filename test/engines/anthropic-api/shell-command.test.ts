import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isAllowed } from '../../../src/engines/anthropic-api/permission-rules.ts';
import { allowedCommand } from '../../../src/engines/anthropic-api/shell-command.ts';

const rules = [
  'npm test',
  'npm test *',
  'npm run *',
  'git diff',
  'git diff *',
  'git commit -m *',
  'cat *',
  'node --test:*',
];
const judged = (command: string, by: readonly string[] = rules) =>
  allowedCommand(by, command, '/work/checkout');

test.each([
  ['npm test', "'npm' 'test'"],
  ['  npm   test  ', "'npm' 'test'"],
  ['npm test -- --run src/a.test.ts', "'npm' 'test' '--' '--run' 'src/a.test.ts'"],
  ['npm test;', "'npm' 'test'"],
  ['npm test && git diff', "'npm' 'test' && 'git' 'diff'"],
  ['npm test || git diff; npm run lint', "'npm' 'test' || 'git' 'diff' ; 'npm' 'run' 'lint'"],
  ['npm test | cat -', "'npm' 'test' | 'cat' '-'"],
  ['npm test |& cat -', "'npm' 'test' |& 'cat' '-'"],
  ['npm test 2>&1', "'npm' 'test' 2>&1"],
  ['npm test > /dev/null 2>&1', "'npm' 'test' >/dev/null 2>&1"],
  ['npm test 2>/dev/null | cat -n', "'npm' 'test' 2>/dev/null | 'cat' '-n'"],
  ['npm test </dev/null', "'npm' 'test' </dev/null"],
  ['npm test &>/dev/null', "'npm' 'test' &>/dev/null"],
  ['"npm" \'test\'', "'npm' 'test'"],
  ['git diff HEAD~1 -- "a b.ts"', "'git' 'diff' 'HEAD~1' '--' 'a b.ts'"],
  ["git commit -m 'a; rm -rf $HOME `x` && b'", "'git' 'commit' '-m' 'a; rm -rf $HOME `x` && b'"],
  [`git commit -m "it's"`, `'git' 'commit' '-m' 'it'\\''s'`],
  ['npm run test -- src/*.ts', "'npm' 'run' 'test' '--' 'src/'*'.ts'"],
  ['npm run build -- mode=fast', "'npm' 'run' 'build' '--' 'mode=fast'"],
  ['npm test # and no more', "'npm' 'test'"],
  ['node --test', "'node' '--test'"],
  ['timeout 60 npm test | cat', "'timeout' '60' 'npm' 'test' | 'cat'"],
  ['node --test test/a.ts', "'node' '--test' 'test/a.ts'"],
  ['cd packages/a && npm test', "'cd' 'packages/a' && 'npm' 'test'"],
  ['cd /work/checkout && git diff', "'cd' '/work/checkout' && 'git' 'diff'"],
])('%s runs as it was understood', (command, rebuilt) => {
  expect(judged(command)).toBe(rebuilt);
});

test.each([
  // Not covered by a rule, in whatever place.
  '',
  ' ',
  'rm -rf .',
  'npm',
  'npm tests',
  'npm testing',
  'npm install',
  'git diffx',
  'git',
  'git push',
  'git -c core.pager=x diff',
  'npm test; rm x',
  'npm test && rm x',
  'npm test || rm x',
  'npm test | sh',
  'npm test |& sh',
  'rm x; npm test',
  // Substitutions and expansions.
  'npm test $(rm x)',
  'npm test `rm x`',
  'npm test "$(rm x)"',
  'npm test "`rm x`"',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's.
  'npm run ${x:-y}',
  'npm run $HOME',
  'npm run "$HOME"',
  'npm run $((1+1))',
  'npm run $[1+1]',
  "npm run $'a\\nb'",
  'npm run $"a"',
  'cat <(rm x)',
  'npm test >(rm x)',
  'cat {a,b}',
  'cat {1..3}',
  'cat ~/x',
  'cat ~root/x',
  'cat [ab].ts',
  'cat !(a)',
  'cat @(a|b)',
  'npm run $0',
  'npm run $@',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's.
  'npm run "${a@P}"',
  // Redirections and documents.
  'npm test > out.txt',
  'npm test >> ../x',
  'npm test > /etc/passwd',
  'npm test 2> err',
  'npm test &> x',
  'npm test >| x',
  'npm test <> x',
  'cat - < /etc/passwd',
  'cat - <<< x',
  'cat - << E',
  'npm test >& x',
  'npm test 3>&1',
  'npm test >/dev/null/../x',
  'npm test > "/dev/nul"l"x"',
  'npm test {fd}>/dev/null',
  'npm test >&3',
  'npm test 2>&-',
  'npm test > /dev/tcp/1.2.3.4/80',
  '> /dev/null',
  // Assignments, jobs, lines.
  'PATH=. npm test',
  'A=b',
  'A=b npm test',
  'npm test A=$(rm x)',
  'npm run A=(1 2)',
  'npm test &',
  'npm test & rm x',
  'npm test &&',
  '&& npm test',
  'npm test\nrm x',
  'npm test\r\nrm x',
  'npm test\u2028rm x',
  'npm \\\n test',
  'npm test\0',
  'npm test\x1b[2K',
  // Compound commands, keywords, prefixes.
  '(npm test)',
  '{ npm test; }',
  'if npm test; then npm test; fi',
  'while npm test; do npm test; done',
  'for a in b; do npm test; done',
  'until npm test; do npm test; done',
  'case a in a) npm test;; esac',
  'function npm { rm x; }; npm test',
  'npm() { rm x; }; npm test',
  'time npm test',
  '! npm test',
  'coproc npm test',
  '[[ -n a ]] && npm test',
  '((1)) && npm test',
  'select a in b; do npm test; done',
  'npm test )',
  'npm test (',
  '"npm test"',
  "'npm test'",
  // Names that are put together, quoted or escaped.
  'n\\pm test',
  'np""m te$x',
  'npm\\ test',
  './npm test',
  '/tmp/npm test',
  'NPM test',
  'np* test',
  'n?m test',
  '$npm test',
  'npm te\\st',
  '"n"pm$x test',
  // Words that run others.
  'eval npm test',
  'exec npm test',
  'command npm test',
  'builtin cd /',
  'source npm test',
  '. npm test',
  'env npm test',
  'xargs npm test',
  'sudo npm test',
  'nohup npm test',
  'timeout 5 rm x',
  'timeout -s KILL 5 npm test',
  'timeout npm test',
  'timeout 5',
  'timeout 5 eval npm test',
  'timeout 5 cd a',
  'bash -c "npm test"',
  'sh -c "npm test"',
  'alias npm=rm; npm test',
  'export PATH=.; npm test',
  'hash -p ./x npm && npm test',
  'trap "rm x" EXIT; npm test',
  'set -x; npm test',
  'shopt -s extglob; npm test',
  'enable -n test; npm test',
  'printf -v PATH . ; npm test',
  // Steps out of the checkout, or to where a repository may have been made.
  'cd .. && npm test',
  'cd / && npm test',
  'cd ~ && npm test',
  'cd - && npm test',
  'cd && npm test',
  'cd a/../.. && npm test',
  'cd /work/checkout-2 && npm test',
  'cd -P a && npm test',
  'cd a b && npm test',
  'cd a && git diff',
  'cd a && /usr/bin/git diff',
  'cd a && timeout 5 git diff',
  'cd a && timeout 5 timeout 5 /usr/bin/git diff',
  'cd .git && npm test',
  'cd a* && npm test',
  'npm test && cd a && npm test',
  'cd "$x" && npm test',
  `npm test ${'x'.repeat(10_001)}`,
])('%j is denied', (command) => {
  expect(judged(command)).toBeUndefined();
});

test.each<[rule: string, command: string, allowed: boolean]>([
  ['npm test', 'npm test', true],
  ['npm test', 'npm test x', false],
  ['npm test *', 'npm test', true],
  ['npm test *', 'npm test a b', true],
  ['npm test *', 'npm tests', false],
  ['npm test:*', 'npm test', true],
  ['npm test:*', 'npm test a', true],
  ['npm test:*', 'npm tests', false],
  ['npm run test*', 'npm run test:unit', true],
  ['npm run test*', 'npm run lint', false],
  ['git * main', 'git checkout main', true],
  ['git * main', 'git checkout other', false],
  ['git * main', 'git checkout main x', false],
  ['* --version', 'node --version', true],
  ['npm run a.c', 'npm run abc', false],
  ['git commit -m "a b"', 'git commit -m "a b"', true],
  ["git commit -m 'a b'", 'git commit -m "a b"', true],
  ['npm run x', 'npm "run x"', false],
  ['npm run *', 'npm "run x"', false],
  ['', 'npm test', false],
  [' *', 'npm test', false],
  ['eval *', 'eval npm test', false],
  ['test *', "test -v 'a[$(id)]'", false],
  ['wait *', "wait -p 'a[$(id)]' 1", false],
  ['jobs *', 'jobs -x id', false],
  ['compgen *', "compgen -W '$(id)'", false],
  ['e*', 'exec npm test', false],
])('Bash(%s) allows %j: %s', (rule, command, allowed) => {
  expect(judged(command, [rule]) !== undefined).toBe(allowed);
});

test('a rule for all commands takes them as they are', () => {
  const asks = (rules: string[], command: unknown) =>
    isAllowed(rules, { name: 'Bash', input: { command }, workingDirectory: '/work/checkout' });
  expect(asks(['Bash'], 'for a in *; do echo "$a"; done > x &')).toBe(true);
  expect(asks(['Bash(*)'], 'a\nb')).toBe(true);
  expect(asks(['Bash'], undefined)).toBe(false);
  expect(asks(['Bash()'], 'npm test')).toBe(false);
  expect(asks(['Edit', 'Read(*)'], 'npm test')).toBe(false);
  expect(asks(['Bash(npm test)', 'Bash(git diff *)'], 'npm test && git diff a')).toBe(true);
});

test('outside of quotes, what runs has nothing but operators and wildcards', () => {
  const pieces = [
    'npm',
    ' ',
    ' ',
    "'",
    '"',
    '\\',
    '$',
    '`',
    '(',
    ')',
    '{',
    '}',
    '<',
    '>',
    '|',
    '&',
    ';',
    '#',
    '~',
    '*',
    '?',
    '[',
    ']',
    '!',
    '=',
    'a',
    '2',
    '/dev/null',
    '\t',
  ];
  const line = fc
    .array(fc.constantFrom(...pieces), { maxLength: 14 })
    .map((parts) => `npm ${parts.join('')}`);
  let judgedAllowed = 0;
  fc.assert(
    fc.property(line, (command) => {
      const rebuilt = judged(command, ['npm *', 'a *']);
      if (rebuilt === undefined) return;
      judgedAllowed += 1;
      // From left to right as the shell does, to which a quote behind a backslash opens nothing.
      const unquoted = rebuilt.replaceAll(/\\'|'[^']*'/g, '');
      expect(unquoted).toMatch(/^(?:[ *?]|&&|\|\|?|\|&|;|[0-2]?(?:>&[12]|(?:>>?|<|>\||&>>?)\/dev\/null))*$/);
    }),
    { numRuns: 3_000, examples: [[`npm "'"npm`]] },
  );
  expect(judgedAllowed).toBeGreaterThan(50);
});
