import { closingText, helpText } from './closing.ts';
import { type Conversation, isDenied, readConversation, type ToolCall } from './conversation.ts';
import type { MessagesRequest, Said } from './messages.ts';
import { replacement } from './replacement.ts';
import { isCompaction, sideAnswer, summaryOf } from './side-requests.ts';
import type { Message } from './stream.ts';
import type { Task } from './task.ts';

/** What a request was taken for. `side` are the small requests that the CLI makes for itself; `warm-up` wants no answer. */
export type RequestKind = 'task' | 'help' | 'compaction' | 'side' | 'warm-up';

export interface Answer {
  kind: RequestKind;
  content: Said[];
  stopReason: Message['stop_reason'];
}

const usualReadsPerTurn = 3;
const triesPerFile = 3;
/** No task comes near it; a conversation that does is going round in circles. */
const mostCallsPerInstruction = 300;

/**
 * The needs-driven agent, a pure function of the request: read what is needed and not in the conversation yet,
 * then edit, then run, then answer. Earlier turns of a resumed session count as knowledge, so the number of
 * requests shows what the session was worth.
 */
export function answerTo(
  request: MessagesRequest,
  tasks: readonly Task[],
  readsPerTurn = usualReadsPerTurn,
): Answer {
  const side = sideAnswer(request);
  if (side !== undefined) return says('side', side);
  const conversation = readConversation(request);
  if (isCompaction(request)) return says('compaction', summaryOf(conversation));
  const task = tasks.find(({ match }) => conversation.instruction.search(match) >= 0);
  if (!task) return says('help', helpText(tasks));
  const tools = new Set((request.tools ?? []).map(({ name }) => String(name)));
  return workOn(task, conversation, { tools, readsPerTurn });
}

function workOn(
  task: Task,
  conversation: Conversation,
  { tools, readsPerTurn }: { tools: Set<string>; readsPerTurn: number },
): Answer {
  const calls = conversation.calls.filter(({ current }) => current);
  const absolute = (path: string): string =>
    conversation.directory && !path.startsWith('/') ? `${conversation.directory}/${path}` : path;
  const isOpen = (path: string): boolean => !isGivenUp(callsOn(calls, path));

  if (task.atOnce !== undefined && calls.length === 0) {
    return uses(
      'I try all of it.',
      task.atOnce.map((call) => ({ type: 'tool_use', ...call })),
    );
  }
  if (calls.length < mostCallsPerInstruction) {
    const reads = toRead(task, conversation, calls).filter(isOpen).slice(0, readsPerTurn);
    if (reads.length > 0 && tools.has('Read')) {
      return uses(
        calls.length === 0 ? 'I look at the code first.' : 'I follow what I found.',
        reads.map((path) => ({ type: 'tool_use', name: 'Read', input: { file_path: absolute(path) } })),
      );
    }

    const asked = calls.filter(({ name }) => name.startsWith('mcp__'));
    const question = task.calls?.[asked.length];
    if (question !== undefined && isDeferred(question.name, tools, calls)) {
      const input = { query: `select:${question.name}` };
      return uses('I look for the tool.', [{ type: 'tool_use', name: 'ToolSearch', input }]);
    }
    if (question !== undefined && tools.has(question.name) && !asked.some(isDenied)) {
      return uses('I ask the server.', [{ type: 'tool_use', ...question }]);
    }

    const edits = task.edits.filter(({ path, content }) => {
      const isDone = callsOn(calls, path).some((call) => isChange(call) && !call.isError);
      return !isDone && isOpen(path) && conversation.files.get(path) !== content;
    });
    if (edits.length > 0 && (tools.has('Write') || tools.has('Edit'))) {
      return uses(
        'Now I make the change.',
        edits.map(({ path, content }) => {
          const failures = callsOn(calls, path).filter(({ name, isError }) => name === 'Edit' && isError);
          const mayWrite = tools.has('Write');
          const mayEdit = tools.has('Edit') && (failures.length < triesPerFile - 1 || !mayWrite);
          const before = mayEdit ? conversation.files.get(path) : undefined;
          return change({ path: absolute(path), before, after: content, mayWrite });
        }),
      );
    }

    const commands = calls.filter(({ name }) => name === 'Bash');
    const command = task.run[commands.length];
    if (command !== undefined && tools.has('Bash') && !commands.some(isDenied)) {
      const description = `Run ${command}`;
      return uses('I check that it works.', [
        { type: 'tool_use', name: 'Bash', input: { command, description } },
      ]);
    }
  }
  return says('task', closingText(task, conversation));
}

/**
 * Needed files that nothing in the messages shows or covers; files to change whose words the CLI has not seen
 * since a compaction; and files whose last change was refused, which the CLI does until there is a fresh read.
 */
/** A tool that the CLI describes only when it is asked for. */
function isDeferred(name: string, tools: Set<string>, calls: ToolCall[]): boolean {
  const isAskedFor = calls.some(
    (call) => call.name === 'ToolSearch' && String(call.input.query).includes(name),
  );
  return !tools.has(name) && tools.has('ToolSearch') && !isAskedFor;
}

function toRead(task: Task, conversation: Conversation, calls: ToolCall[]): string[] {
  const { files, attached, covered } = conversation;
  const changed = task.edits.map(({ path }) => path);
  const unknown = task.needs.filter((path) =>
    changed.includes(path)
      ? !files.has(path) || attached.includes(path)
      : !files.has(path) && !covered.includes(path),
  );
  const refused = changed.filter((path) => {
    const last = callsOn(calls, path).at(-1);
    return last !== undefined && isChange(last) && last.isError;
  });
  return [...new Set([...unknown, ...refused])];
}

function callsOn(calls: ToolCall[], path: string): ToolCall[] {
  return calls.filter((call) => call.path === path);
}

function isChange({ name }: ToolCall): boolean {
  return name === 'Edit' || name === 'Write';
}

/** A denial is final; any other failure may be tried again a few times. */
function isGivenUp(calls: ToolCall[]): boolean {
  const failures = calls.filter(({ isError }) => isError);
  return failures.some(isDenied) || failures.length >= triesPerFile;
}

/**
 * The smallest edit that gives the wanted content, or the whole file when the present one is not known. Without
 * the Write tool (`--bare` has none) an edit of nothing makes a new file.
 */
function change(file: { path: string; before: string | undefined; after: string; mayWrite: boolean }): Said {
  const { path: file_path, before, after, mayWrite } = file;
  const edit = before === undefined ? undefined : replacement(before, after);
  if (!edit && mayWrite) {
    return { type: 'tool_use', name: 'Write', input: { file_path, content: after } };
  }
  const { old_string, new_string } = edit ?? { old_string: before ?? '', new_string: after };
  return { type: 'tool_use', name: 'Edit', input: { file_path, old_string, new_string } };
}

function says(kind: RequestKind, text: string): Answer {
  return { kind, content: [{ type: 'text', text }], stopReason: 'end_turn' };
}

function uses(text: string, tools: Said[]): Answer {
  return { kind: 'task', content: [{ type: 'text', text }, ...tools], stopReason: 'tool_use' };
}
