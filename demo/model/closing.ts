import { type Conversation, isDenied, type ToolCall } from './conversation.ts';
import type { Task } from './task.ts';

/** The last words on a task: what was done, what the commands said, and plainly what did not work. */
export function closingText(task: Task, conversation: Conversation): string {
  const calls = conversation.calls.filter(({ current }) => current);
  const commands = calls.filter(({ name }) => name === 'Bash');
  const unfinished = task.edits.filter(({ path, content }) => {
    const isChanged = calls.some((call) => call.path === path && call.name !== 'Read' && !call.isError);
    return !isChanged && conversation.files.get(path) !== content;
  });
  const isUnread = (path: string): boolean =>
    !conversation.files.has(path) && !conversation.covered.includes(path);

  const troubles = [
    ...task.needs.filter(isUnread).map((path) => trouble(`read ${path}`, lastErrorOn(calls, path))),
    ...unfinished.map(({ path }) => trouble(`change ${path}`, lastErrorOn(calls, path))),
    ...task.run.flatMap((command, index) => {
      const call = commands[index];
      return call && !call.isError ? [] : [trouble(`run \`${command}\` with success`, call)];
    }),
  ];
  const answer =
    unfinished.length > 0 ? [] : [task.answer.replaceAll('{tests}', () => testSummary(commands))];
  const list = troubles.length > 0 ? [`I could not do everything:\n${troubles.join('\n')}`] : [];
  return [...answer, ...list].join('\n\n');
}

export function helpText(tasks: readonly Task[]): string {
  const able = tasks.map(({ match }) => `- instructions that match \`${match.source}\``).join('\n');
  return `I am a simulated model: no real model answers here. I can do these tasks:\n${able || '- none'}`;
}

/** `6 tests pass`, from node:test's or vitest's closing lines; else the last line that a command printed. */
export function testSummary(commands: ToolCall[]): string {
  const ran = commands.findLast((call) => !isDenied(call));
  if (!ran) return 'the tests were not run';
  const count = (word: string): number | undefined => {
    const found =
      new RegExp(`^(?:#|ℹ) ${word} (\\d+)$`, 'm').exec(ran.result) ??
      new RegExp(`^\\s*Tests .*?(\\d+) ${word}ed`, 'm').exec(ran.result);
    return found ? Number(found[1]) : undefined;
  };
  const pass = count('pass');
  const fail = count('fail') ?? 0;
  if (pass === undefined) return lastLine(ran.result) || 'the command printed nothing';
  return fail > 0 ? `${pass} tests pass, ${fail} fail` : `${pass} tests pass`;
}

function lastErrorOn(calls: ToolCall[], path: string): ToolCall | undefined {
  return calls.findLast((call) => call.isError && call.path === path);
}

function trouble(what: string, call: ToolCall | undefined): string {
  if (!call) return `- ${what}: the tool was not available or not tried`;
  const why = isDenied(call) ? `${call.name} was denied` : `${call.name} failed`;
  return `- ${what}: ${why} (${firstLine(call.result)})`;
}

function firstLine(text: string): string {
  return (
    text
      .replace(/<\/?tool_use_error>/g, '')
      .trim()
      .split('\n')[0]
      ?.slice(0, 200) ?? ''
  );
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? '';
}
