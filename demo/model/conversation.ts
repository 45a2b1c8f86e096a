import { type Block, blocksOf, type MessagesRequest, textOf } from './messages.ts';

/** One tool call of the conversation with its result. */
export interface ToolCall {
  name: string;
  input: Record<string, unknown>;
  /** Of a call on a file: relative to the working directory, as in tasks. */
  path: string | undefined;
  result: string;
  isError: boolean;
  /** Made after the newest instruction; the others belong to earlier turns. */
  current: boolean;
}

/** What the agent can know, all of it from the messages of one request. */
export interface Conversation {
  /** What the user asked last. */
  instruction: string;
  /** In the order in which they were made. */
  calls: ToolCall[];
  /** File contents as the conversation shows them, by relative path. */
  files: Map<string, string>;
  /** Those of `files` that only the CLI itself showed, after a compaction: it wants them read before an edit. */
  attached: string[];
  /** Paths of files that a summary covers: known, but not word for word. */
  covered: string[];
  /** Working directory of the CLI, when the prompt names it: the newest, as a session may move. */
  directory: string | undefined;
}

/** Stands in a summary above the list of paths, one `- path` a line. */
export const coveredHeading = 'Files covered by this summary:';

export function readConversation(request: MessagesRequest): Conversation {
  const asked = newestInstruction(request);
  const texts = request.messages.filter(({ role }) => role !== 'assistant').map(userText);
  const everything = [textOf(request.system), ...texts].join('\n');
  const directories = [
    ...everything.matchAll(/^ - Primary working directory: (\/.*?)(?: \(was \/.*)?$/gm),
  ].map(([, directory = '']) => directory);
  const relative = (path: string): string => {
    const directory = directories.find((candidate) => path.startsWith(`${candidate}/`));
    return directory === undefined ? path : path.slice(directory.length + 1);
  };
  const calls = toolCalls(request, asked.index, relative);
  const attached = new Map(
    texts.flatMap(attachedReads).map(([path, content]): [string, string] => [relative(path), content]),
  );
  return {
    instruction: asked.text,
    calls,
    files: filesIn(attached, calls),
    attached: [...attached.keys()].filter(
      (path) => !calls.some((call) => call.path === path && !call.isError),
    ),
    covered: coveredPaths(everything),
    directory: directories.at(-1),
  };
}

/** The CLI has one sentence per reason: no permission rule, a deny rule, dontAsk mode, a folder out of bounds. */
export function isDenied({ isError, result }: ToolCall): boolean {
  return isError && !result.startsWith('Exit code') && /permission|denied|approval|blocked/i.test(result);
}

/** Text of a user message without tool results. */
function userText({ content }: { content: unknown }): string {
  return textOf(blocksOf(content).filter((block) => block.type === 'text'));
}

const reminders = /\n*<system-reminder>[\s\S]*?<\/system-reminder>/g;
/** What the CLI itself says in the user's place. */
const notInstructions =
  /^\[Request interrupted by user|^Tool loaded\.|^Continue from where you left off\.|^Your response above was cut off|^This session is being continued from a previous conversation|^<(local-command|command-)/;

function newestInstruction({ messages }: MessagesRequest): { index: number; text: string } {
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    const message = messages[index];
    if (message?.role !== 'user') continue;
    const texts = blocksOf(message.content)
      .map((block) => (block.type === 'text' ? textOf([block]).replace(reminders, '').trim() : ''))
      .filter((text) => text !== '' && !notInstructions.test(text));
    const text = texts.at(-1);
    if (text !== undefined) return { index, text: lastSection(text) };
  }
  return { index: -1, text: '' };
}

/** What stands under the last `## Instruction`, else everything. */
function lastSection(text: string): string {
  const sections = text.split(/^## Instruction[ \t]*$/m);
  return (sections.at(-1) ?? text).trim();
}

function toolCalls(
  { messages }: MessagesRequest,
  askedAt: number,
  relative: (path: string) => string,
): ToolCall[] {
  const results = new Map<unknown, Block>();
  for (const { content } of messages) {
    for (const block of blocksOf(content)) {
      if (block.type === 'tool_result') results.set(block.tool_use_id, block);
    }
  }
  return messages.flatMap(({ content }, index) =>
    blocksOf(content)
      .filter((block) => block.type === 'tool_use')
      .map((block) => {
        const result = results.get(block.id);
        const input = isRecord(block.input) ? block.input : {};
        return {
          name: String(block.name),
          input,
          path: typeof input.file_path === 'string' ? relative(input.file_path) : undefined,
          result: textOf(result?.content).replace(reminders, ''),
          isError: result === undefined || result.is_error === true,
          current: index > askedAt,
        };
      }),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Replays reads, writes and edits; the last word on a file comes last in the map. */
function filesIn(attached: Map<string, string>, calls: ToolCall[]): Map<string, string> {
  const files = new Map(attached);
  const set = (path: string, content: string): void => {
    files.delete(path);
    files.set(path, content);
  };
  for (const { name, input, path, result, isError } of calls) {
    if (isError || path === undefined) continue;
    if (name === 'Read' && input.offset === undefined) {
      const content = withoutLineNumbers(result);
      if (content !== undefined) set(path, content);
    }
    if (name === 'Write' && typeof input.content === 'string') set(path, input.content);
    if (name === 'Edit' && typeof input.old_string === 'string') {
      const before = files.get(path) ?? (input.old_string === '' ? '' : undefined);
      const after = before?.replace(input.old_string, () => String(input.new_string));
      if (after !== undefined) set(path, after);
    }
  }
  return files;
}

/** After a compaction the CLI shows files again, as text that quotes the call and its result. */
function attachedReads(text: string): [path: string, content: string][] {
  const quoted =
    /Called the Read tool with the following input: (\{.*\})[\s\S]*?Result of calling the Read tool:\n([\s\S]*?)(?=\n<\/system-reminder>)/g;
  return [...text.matchAll(quoted)].flatMap(([, call = '', result = '']): [string, string][] => {
    const path = /"file_path":"([^"]+)"/.exec(call)?.[1];
    const content = withoutLineNumbers(result);
    return path !== undefined && content !== undefined ? [[path, content]] : [];
  });
}

/**
 * From `1\tfirst line`; the CLI cuts the tab of an empty last line. A result of another form (such as "unchanged
 * since the last read") has no content.
 */
function withoutLineNumbers(result: string): string | undefined {
  if (result === '') return '';
  if (!/^\s*\d+[\t→]/.test(result)) return undefined;
  return result
    .split('\n')
    .map((line) => line.replace(/^\s*\d+(?:[\t→]|$)/, ''))
    .join('\n');
}

function coveredPaths(text: string): string[] {
  return text
    .split(coveredHeading)
    .slice(1)
    .flatMap((part) => {
      const list = /^\s*((?:- .*\n?)+)/.exec(part)?.[1] ?? '';
      return list
        .split('\n')
        .map((line) => line.replace(/^- /, '').trim())
        .filter(Boolean);
    });
}
