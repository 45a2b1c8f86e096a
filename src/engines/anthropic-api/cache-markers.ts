import { z } from 'zod';

const Block = z.looseObject({ type: z.string().optional(), text: z.string().optional().catch(undefined) });
type Block = z.infer<typeof Block>;

/** A request to the Messages API, as far as markers go on it. */
export const MarkableRequest = z.looseObject({
  model: z.string(),
  system: z.array(Block).optional(),
  tools: z.array(Block).optional(),
  messages: z
    .array(z.looseObject({ role: z.string(), content: z.union([z.string(), z.array(Block)]) }))
    .min(1),
});
export type MarkableRequest = z.infer<typeof MarkableRequest>;

export type CacheMarker = { type: 'ephemeral'; ttl?: '1h' };

/** Puts the prompt-cache markers on a request; gives a new one, and leaves the other as it is. */
export type PlaceMarkers = (request: MarkableRequest, marker: CacheMarker) => MarkableRequest;

export function cacheMarker(life: '5m' | '1h' = '5m'): CacheMarker {
  return life === '1h' ? { type: 'ephemeral', ttl: '1h' } : { type: 'ephemeral' };
}

/** Marks the last tool, the system prompt, and the ends of the newest two messages of the user's. */
export const markNewestMessages: PlaceMarkers = (request, marker) => {
  const users = request.messages.flatMap(({ role }, index) => (role === 'user' ? [index] : []));
  const marked = new Set(users.slice(-2));
  return {
    ...request,
    ...(request.system === undefined ? {} : { system: withMarker(request.system, marker) }),
    ...(request.tools === undefined ? {} : { tools: withMarker(request.tools, marker) }),
    messages: request.messages.map((message, index) =>
      marked.has(index) ? { ...message, content: withMarker(blocksOf(message.content), marker) } : message,
    ),
  };
};

function blocksOf(content: string | Block[]): Block[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

/** On the last block that may have one. */
function withMarker(blocks: readonly Block[], marker: CacheMarker): Block[] {
  const last = blocks.findLastIndex(mayBeMarked);
  return blocks.map((block, index) => (index === last ? { ...block, cache_control: marker } : block));
}

function mayBeMarked({ type, text }: Block): boolean {
  return type !== 'thinking' && type !== 'redacted_thinking' && text !== '';
}
