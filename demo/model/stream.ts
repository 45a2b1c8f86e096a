import type { InputUsage } from './prompt-cache.ts';

/** A whole response message, as the provider gives it without streaming. */
export interface Message {
  id: string;
  type: 'message';
  role: 'assistant';
  model: string;
  content: MessageBlock[];
  stop_reason: 'tool_use' | 'end_turn' | 'max_tokens' | 'refusal' | 'pause_turn';
  stop_sequence: null;
  usage: InputUsage & { output_tokens: number; service_tier: 'standard' };
}

type MessageBlock =
  | { type: 'text'; text: string }
  | { type: 'tool_use'; id: string; name: string; input: Record<string, unknown> };

export interface StreamEvent {
  type: string;
  [field: string]: unknown;
}

const pieceLength = 120;

/** The same message as the row of events in which it is streamed. Source: https://docs.claude.com/en/api/streaming */
export function eventsOf(message: Message): StreamEvent[] {
  const start = { ...message, content: [], stop_reason: null, usage: { ...message.usage, output_tokens: 1 } };
  return [
    { type: 'message_start', message: start },
    { type: 'ping' },
    ...message.content.flatMap(blockEvents),
    {
      type: 'message_delta',
      delta: { stop_reason: message.stop_reason, stop_sequence: null },
      usage: message.usage,
    },
    { type: 'message_stop' },
  ];
}

export function serverSentEvent(event: StreamEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

function blockEvents(block: MessageBlock, index: number): StreamEvent[] {
  const empty = block.type === 'text' ? { type: 'text', text: '' } : { ...block, input: {} };
  const deltas =
    block.type === 'text'
      ? pieces(block.text).map((text) => ({ type: 'text_delta', text }))
      : pieces(JSON.stringify(block.input)).map((json) => ({ type: 'input_json_delta', partial_json: json }));
  return [
    { type: 'content_block_start', index, content_block: empty },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
}

/** Cut between characters, never inside a surrogate pair. */
function pieces(text: string): string[] {
  return text.match(new RegExp(`[\\s\\S]{1,${pieceLength}}`, 'gu')) ?? [];
}
