import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerTo } from '../../demo/model/agent.ts';
import { testSummary } from '../../demo/model/closing.ts';
import type { MessagesRequest, Said } from '../../demo/model/messages.ts';
import { replacement } from '../../demo/model/replacement.ts';
import type { Task } from '../../demo/model/task.ts';

const task: Task = {
  match: /^add a greeting/i,
  needs: ['a.ts', 'b.ts', 'c.ts', 'd.ts'],
  edits: [{ path: 'a.ts', content: 'const a = 1;\nconst greeting = "hi";\n' }],
  run: ['npm test'],
  answer: 'Done: {tests}.',
};

type Result = string | { error: string };

/** Plays the CLI: gives each tool call the result that `tool` says, until the agent has answered. */
function play(instruction: string, tool: (name: string, path: string, count: number) => Result) {
  const messages: MessagesRequest['messages'] = [{ role: 'user', content: instruction }];
  const tools = ['Read', 'Edit', 'Write', 'Bash'].map((name) => ({ name }));
  const turns: string[] = [];
  for (let turn = 0; turn < 50; turn += 1) {
    const { content, stopReason } = answerTo({ model: 'm', messages, tools }, [task]);
    const uses = content.filter((said): said is Said & { type: 'tool_use' } => said.type === 'tool_use');
    const names = uses.map(({ name, input }) => `${name} ${String(input.file_path ?? input.command)}`);
    if (stopReason === 'end_turn')
      return { turns, answer: content.map((said) => (said.type === 'text' ? said.text : '')).join('') };
    turns.push(names.join(', '));
    const withIds = uses.map((use, index) => ({ ...use, id: `toolu_${turn}_${index}` }));
    const results = withIds.map(({ id, name }, index) => {
      const use = names[index] ?? '';
      const count = turns.filter((earlier) => earlier.includes(use)).length;
      const result = tool(name, use.slice(name.length + 1), count);
      return typeof result === 'string'
        ? { type: 'tool_result', tool_use_id: id, content: result }
        : { type: 'tool_result', tool_use_id: id, content: result.error, is_error: true };
    });
    messages.push({ role: 'assistant', content: withIds }, { role: 'user', content: results });
  }
  throw new Error(`The agent goes round in circles: ${turns.join(' | ')}`);
}

const works = (name: string): Result =>
  ({ Read: '1\tconst a = 1;\n2\t', Bash: 'ℹ tests 2\nℹ pass 2\nℹ fail 0' })[name] ?? 'ok';

describe('the needs-driven agent', () => {
  it('reads three at a time, edits, runs and answers', () => {
    const { turns, answer } = play('add a greeting', works);
    expect(turns).toEqual(['Read a.ts, Read b.ts, Read c.ts', 'Read d.ts', 'Edit a.ts', 'Bash npm test']);
    expect(answer).toBe('Done: 2 tests pass.');
  });

  it('makes the calls that a task wants at once first, and no more than once', () => {
    const atOnce = [
      { name: 'Read', input: { file_path: '../x' } },
      { name: 'Glob', input: { pattern: '*' } },
    ];
    const tries: Task = { match: /try/, needs: [], edits: [], atOnce, run: [], answer: 'Tried.' };
    const messages: MessagesRequest['messages'] = [{ role: 'user', content: 'try it' }];
    const first = answerTo({ model: 'm', messages }, [tries]).content;
    expect(first.slice(1)).toEqual(atOnce.map((call) => ({ type: 'tool_use', ...call })));
    const uses = atOnce.map((call, index) => ({ type: 'tool_use', id: String(index), ...call }));
    const results = uses.map(({ id }) => ({
      type: 'tool_result',
      tool_use_id: id,
      content: 'no',
      is_error: true,
    }));
    messages.push({ role: 'assistant', content: uses }, { role: 'user', content: results });
    const said = [{ type: 'text', text: 'Tried.' }];
    expect(answerTo({ model: 'm', messages }, [tries])).toMatchObject({
      stopReason: 'end_turn',
      content: said,
    });
  });

  it.each([
    { prompt: 'add a greeting', kind: 'task' },
    { prompt: '# Ticket\nremove it\n\n## Instruction\n\nAdd a greeting please', kind: 'task' },
    { prompt: 'add a greeting\n\n## Instruction\nremove it', kind: 'help' },
    { prompt: '<system-reminder>\nadd a greeting\n</system-reminder>', kind: 'help' },
  ])('takes $prompt for $kind', ({ prompt, kind }) => {
    const request = { model: 'm', messages: [{ role: 'user', content: prompt }] };
    expect(answerTo(request, [task]).kind).toBe(kind);
  });

  it('tells files of the same name in different folders apart', () => {
    const input = { file_path: '/checkout/lib/a.ts' };
    const messages = [
      { role: 'user', content: ' - Primary working directory: /checkout\n\n## Instruction\nadd a greeting' },
      { role: 'assistant', content: [{ type: 'tool_use', id: '1', name: 'Read', input }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: '1', content: '1\tother' }] },
    ];
    const { content } = answerTo({ model: 'm', messages, tools: [{ name: 'Read' }] }, [task]);
    expect(content).toContainEqual({
      type: 'tool_use',
      name: 'Read',
      input: { file_path: '/checkout/a.ts' },
    });
  });

  it('reads again and tries again after a refused edit', () => {
    const { turns } = play('add a greeting', (name, _path, count) =>
      name === 'Edit' && count === 1 ? { error: 'File has been modified since read' } : works(name),
    );
    expect(turns.slice(2)).toEqual(['Edit a.ts', 'Read a.ts', 'Edit a.ts', 'Bash npm test']);
  });

  it.each<{ what: string; tool: (name: string, path: string) => Result; answer: string }>([
    {
      what: 'an edit that always fails',
      tool: (name) => (name === 'Edit' || name === 'Write' ? { error: 'Disk full' } : works(name)),
      answer: '- change a.ts: Write failed (Disk full)',
    },
    {
      what: 'a denied edit',
      tool: (name) => (name === 'Edit' ? { error: 'Permission to use Edit has been denied' } : works(name)),
      answer: '- change a.ts: Edit was denied (Permission to use Edit has been denied)',
    },
    {
      what: 'a file that is not there',
      tool: (name, path) => (path === 'd.ts' ? { error: 'File does not exist.' } : works(name)),
      answer: '- read d.ts: Read failed (File does not exist.)',
    },
    {
      what: 'a command that fails with words like those of a denial',
      tool: (name) =>
        name === 'Bash' ? { error: 'Exit code 1\nℹ pass 1\nℹ fail 1\nPermission denied' } : works(name),
      answer:
        'Done: 1 tests pass, 1 fail.\n\nI could not do everything:\n- run `npm test` with success: Bash failed (Exit code 1)',
    },
  ])('says plainly what did not work: $what', ({ tool, answer }) => {
    expect(play('add a greeting', tool).answer).toContain(answer);
  });
});

it.each([
  { output: '# tests 3\n# pass 3\n# fail 0', summary: '3 tests pass' },
  { output: 'ℹ pass 2\nℹ fail 1', summary: '2 tests pass, 1 fail' },
  { output: ' Test Files  1 passed (1)\n      Tests  6 passed (6)\n', summary: '6 tests pass' },
  {
    output: ' Test Files  1 failed (1)\n      Tests  1 failed | 5 passed (6)\n',
    summary: '5 tests pass, 1 fail',
  },
  { output: 'compiled\nall good\n', summary: 'all good' },
])('summarises $output as $summary', ({ output, summary }) => {
  const call = { name: 'Bash', input: {}, path: undefined, result: output, isError: false, current: true };
  expect(testSummary([call])).toBe(summary);
});

it('replaces lines so that the result is the wanted text', () => {
  const lines = fc
    .array(fc.constantFrom('a', 'b', '', '}', '$&'), { maxLength: 8 })
    .map((all) => all.join('\n'));
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const edit = replacement(before, after);
      if (!edit) return;
      expect(before.split(edit.old_string)).toHaveLength(2);
      expect(before.replace(edit.old_string, () => edit.new_string)).toBe(after);
    }),
  );
});
