import { type Conversation, coveredHeading } from './conversation.ts';
import { type MessagesRequest, textOf } from './messages.ts';

/**
 * The answer to a small request that the CLI makes for itself, told by its shape: a quota probe of one token,
 * a wanted JSON form, or a request without tools that asks for a title. Nothing for the others.
 */
export function sideAnswer(request: MessagesRequest): string | undefined {
  if (request.max_tokens === 1) return 'ok';
  if ((request.tools ?? []).length > 0 || isCompaction(request)) return undefined;
  const system = textOf(request.system);
  if (/isNewTopic/.test(system)) return JSON.stringify({ isNewTopic: false, title: null });
  if (/title/i.test(system) || request.output_config !== undefined) {
    return JSON.stringify({ title: 'Simulated session' });
  }
  return undefined;
}

/** `/compact`, or the CLI on its own when the conversation has grown too long. */
export function isCompaction({ messages }: MessagesRequest): boolean {
  const last = messages.at(-1);
  return last?.role === 'user' && /Your task is to create a detailed summary/.test(textOf(last.content));
}

/**
 * In the form that the CLI asks for; the list of files is what later turns go by. About as long as that of a real model: a
 * line on what each file holds.
 */
export function summaryOf({ calls, files, covered }: Conversation): string {
  const paths = [...new Set([...covered, ...files.keys()])];
  const changed = calls.filter(({ name, isError }) => !isError && (name === 'Edit' || name === 'Write'));
  const changes = [...new Set(changed.map(({ path }) => path))];
  const contents = [...files].map(([path, content]) => [path, exportsOf(content)] as const);
  const commands = calls.filter(({ name }) => name === 'Bash').map(({ input }) => String(input.command));
  return [
    '<analysis>',
    'The files that were read and changed are what later work needs.',
    '</analysis>',
    '<summary>',
    'A simulated model worked on this repository.',
    '',
    `${coveredHeading}\n${paths.map((path) => `- ${path}`).join('\n')}`,
    '',
    ...contents.map(([path, names]) => `${path} exports ${names.join(', ')}.`),
    '',
    `Changed: ${changes.join(', ') || 'nothing'}.`,
    `Commands: ${commands.map((command) => `\`${command}\``).join(', ') || 'none'}.`,
    '</summary>',
  ].join('\n');
}

const mostNames = 8;

function exportsOf(content: string): string[] {
  const found = content.matchAll(/^export (?:async )?(?:function|const|class|interface|type) (\w+)/gm);
  const names = [...found].map(([, name = '']) => name);
  return names.length === 0 ? ['nothing'] : names.slice(0, mostNames);
}
