import type { BetaMessageParam } from '@anthropic-ai/sdk/resources/beta';
import { z } from 'zod';
import { type Block, blocksOf, type TranscriptRecord } from './transcript-record.ts';

/** What the CLI writes in the name of the model without having asked it. */
const synthetic = '<synthetic>';

/** What the CLI notes of its own commands, which is none of the model's business. */
const ofCommands = /^<(?:local-command|command-name|command-message)/;

/** What is true of a request of the CLI alone: its count of tokens, its model, and what it can look up besides. */
const ofCli = /^(?:total_tokens_reminder|model|deferred_tools.*|skill.*|agent.*|mcp.*)$/;

/** The CLI's other kinds, searches by the provider for example, want settings that the requests here do not have. */
const kinds = {
  user: new Set(['text', 'image', 'document', 'tool_result']),
  assistant: new Set(['text', 'thinking', 'redacted_thinking', 'tool_use']),
  result: new Set(['text', 'image', 'document']),
};

const interrupted =
  'The run was interrupted before this tool ended, so its result is unknown. Check what it did before you rely on it or call it again.';

const ResultPart = z.looseObject({ type: z.string(), tool_name: z.string().optional().catch(undefined) });

interface Told {
  role: 'user' | 'assistant';
  /** Of the model's message, which may stand in several records. */
  id?: string | undefined;
  content: Block[];
}

/**
 * What the model is told of a conversation. The provider takes it only when each tool use is answered in the message
 * that follows: one without a result gets one that says so, and a result of nothing is left out. `open` are the ids of
 * the tool uses at the very end that have no result in the transcript.
 */
export function messagesOf(records: readonly TranscriptRecord[]): {
  messages: BetaMessageParam[];
  open: string[];
} {
  const told = toldBy(records);
  const last = told.at(-1);
  const open = last?.role === 'assistant' ? usesIn(last.content) : [];
  const messages = told.flatMap((message, index): Told[] => {
    if (message.role === 'user') {
      const content = onlyAnswers(message.content, told[index - 1]);
      return content.length === 0 ? [] : [{ ...message, content }];
    }
    const next = told[index + 1];
    const answered = new Set(next?.role === 'user' ? resultsIn(next.content) : []);
    const missing = usesIn(message.content).filter((id) => !answered.has(id));
    if (missing.length === 0) return [message];
    if (next?.role !== 'user') return [message, { role: 'user', content: missing.map(unknownResult) }];
    next.content.unshift(...missing.map(unknownResult));
    return [message];
  });
  // Blocks are taken as they stand in the transcript: they came from the provider, or went to it.
  return { messages: messages.map(({ role, content }) => ({ role, content }) as BetaMessageParam), open };
}

/** Messages as the records have them; neighbours of the user's are one. The first one is the user's. */
function toldBy(records: readonly TranscriptRecord[]): Told[] {
  const told: Told[] = [];
  for (const record of records) {
    const content = contentOf(record);
    if (content.length === 0) continue;
    const last = told.at(-1);
    if (record.type !== 'assistant') {
      if (last?.role === 'user') last.content = inOrder(last.content, content, record);
      else told.push({ role: 'user', content });
    } else if (last?.role === 'assistant' && last.id !== undefined && last.id === record.message?.id) {
      last.content.push(...content);
    } else if (last !== undefined) told.push({ role: 'assistant', id: record.message?.id, content });
  }
  return told;
}

function contentOf(record: TranscriptRecord): Block[] {
  const { type, isApiErrorMessage, message, attachment, rendered = [] } = record;
  if (type === 'attachment') {
    if (attachment === undefined || ofCli.test(attachment.type)) return [];
    return rendered.map(({ content }) => ({ type: 'text', text: content }));
  }
  if (type !== 'user' && type !== 'assistant') return [];
  if (isApiErrorMessage || message?.model === synthetic) return [];
  return blocksOf(record)
    .filter((block) => kinds[type].has(block.type))
    .filter(({ type, text }) => type !== 'text' || (text?.trim() ?? '') !== '')
    .filter(({ text }) => type === 'assistant' || text === undefined || !ofCommands.test(text))
    .map(withoutMarker)
    .map(withKnownResult);
}

function withoutMarker({ cache_control: _, ...block }: Block): Block {
  return block as Block;
}

/** A tool that the CLI looked up is named in its result in a way of its own. */
function withKnownResult(block: Block): Block {
  if (block.type !== 'tool_result' || !Array.isArray(block.content)) return block;
  const content = block.content.map((part: unknown) => {
    const { data } = ResultPart.safeParse(part);
    if (data !== undefined && kinds.result.has(data.type)) return part;
    return { type: 'text', text: `(${data?.tool_name ?? data?.type ?? 'not shown'})` };
  });
  return { ...block, content };
}

/** Results come first, as the provider wants it, and what the CLI attached to a prompt stands before it. */
function inOrder(before: readonly Block[], content: readonly Block[], { type }: TranscriptRecord): Block[] {
  const all = type === 'attachment' ? withAttached(before, content) : [...before, ...content];
  const isResult = (block: Block) => block.type === 'tool_result';
  return [...all.filter(isResult), ...all.filter((block) => !isResult(block))];
}

function withAttached(before: readonly Block[], attached: readonly Block[]): Block[] {
  const last = before.at(-1);
  return last?.type === 'text' ? [...before.slice(0, -1), ...attached, last] : [...before, ...attached];
}

function onlyAnswers(content: readonly Block[], before: Told | undefined): Block[] {
  const uses = new Set(before?.role === 'assistant' ? usesIn(before.content) : []);
  const seen = new Set<string>();
  return content.filter(({ type, tool_use_id: id = '' }) => {
    if (type !== 'tool_result') return true;
    if (!uses.has(id) || seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}

function usesIn(content: readonly Block[]): string[] {
  return content.flatMap(({ type, id }) => (type === 'tool_use' && id !== undefined ? [id] : []));
}

function resultsIn(content: readonly Block[]): string[] {
  return content.flatMap(({ type, tool_use_id: id }) =>
    type === 'tool_result' && id !== undefined ? [id] : [],
  );
}

export function unknownResult(id: string) {
  return { type: 'tool_result' as const, tool_use_id: id, is_error: true, content: interrupted };
}
