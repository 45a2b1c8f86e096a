import { z } from 'zod';

/** `ttl` is 5 minutes when it is not given. */
const CacheControl = z.looseObject({
  type: z.literal('ephemeral'),
  ttl: z.enum(['5m', '1h']).optional(),
});

/**
 * One content block, tool definition or system block. Loose on purpose: the meter has to count and hash every
 * field that the client sends, also the ones that it does not know.
 */
export const Block = z.looseObject({
  type: z.string().optional(),
  cache_control: CacheControl.nullish(),
});
export type Block = z.infer<typeof Block>;

const Content = z.union([z.string(), z.array(Block)]);

/** Source: https://docs.claude.com/en/api/messages */
export const MessagesRequest = z.looseObject({
  model: z.string().min(1),
  /** 0 only writes the prompt cache. */
  max_tokens: z.number().int().nonnegative().optional(),
  stream: z.boolean().optional(),
  system: Content.optional(),
  tools: z.array(Block).optional(),
  messages: z.array(z.looseObject({ role: z.string(), content: Content })).min(1),
  tool_choice: z.unknown().optional(),
  thinking: z.unknown().optional(),
  output_config: z.unknown().optional(),
  speed: z.unknown().optional(),
  cache_control: CacheControl.nullish(),
});
export type MessagesRequest = z.infer<typeof MessagesRequest>;

/** What the model says, before the server gives ids to the tool calls. */
export type Said =
  | { type: 'text'; text: string }
  | { type: 'tool_use'; name: string; input: Record<string, unknown> };

/** A message's or a tool result's content as blocks: a plain string means one text block. */
export function blocksOf(content: unknown): Block[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (!Array.isArray(content)) return [];
  return content.filter((block): block is Block => typeof block === 'object' && block !== null);
}

/** The text of a message's or a tool result's content; other blocks count for nothing. */
export function textOf(content: unknown): string {
  return blocksOf(content)
    .map((block) => (block.type === 'text' && typeof block.text === 'string' ? block.text : ''))
    .join('\n');
}

/**
 * The provider's rule that breaks damaged sessions: each `tool_use` is answered by a `tool_result` in the next
 * message. Gives the provider's words for the first violation, or nothing.
 */
export function unansweredToolUse(request: MessagesRequest): string | undefined {
  for (const [index, message] of request.messages.entries()) {
    if (message.role !== 'assistant') continue;
    const answered = new Set(
      blocksOf(request.messages[index + 1]?.content)
        .filter((block) => block.type === 'tool_result')
        .map((block) => block.tool_use_id),
    );
    const open = blocksOf(message.content).filter(
      (block) => block.type === 'tool_use' && !answered.has(block.id),
    );
    if (open.length > 0) {
      const ids = open.map((block) => block.id).join(', ');
      return `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${ids}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`;
    }
  }
  return undefined;
}

/**
 * `max_tokens: 0` writes the prompt cache and answers nothing, so it goes with nothing that asks for output.
 * https://platform.claude.com/docs/en/build-with-claude/prompt-caching#pre-warming-the-cache
 */
export function emptyAnswerProblem(request: MessagesRequest): string | undefined {
  if (request.max_tokens !== 0) return undefined;
  const wants = [
    request.stream === true ? '`stream`' : '',
    typeOf(request.thinking) === 'enabled' ? '`thinking`' : '',
    ['tool', 'any'].includes(typeOf(request.tool_choice)) ? '`tool_choice`' : '',
  ].filter(Boolean);
  return wants.length > 0 ? `max_tokens: 0 cannot be combined with ${wants.join(', ')}` : undefined;
}

function typeOf(value: unknown): string {
  return typeof value === 'object' && value !== null && 'type' in value ? String(value.type) : '';
}
