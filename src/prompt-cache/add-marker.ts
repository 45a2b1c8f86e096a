import { z } from 'zod';

/** The provider takes no more of them. https://docs.claude.com/en/docs/build-with-claude/prompt-caching */
const mostMarkers = 4;

/**
 * From a marker the provider looks for an entry in its block and the 19 before it. Bedrock counts each block; on the
 * Claude API a row of calls, or of their results, is one, so there the earlier marker is rarely needed and does no harm.
 */
const lookBack = 20;

const Block = z.looseObject({ type: z.string(), cache_control: z.unknown().optional() });
type Block = z.infer<typeof Block>;

/** As far as it is looked at; everything else stays as it is. */
const MessagesRequest = z.looseObject({
  system: z.unknown().optional(),
  tools: z.unknown().optional(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.union([z.string(), z.array(Block)]) })),
});
type Message = z.infer<typeof MessagesRequest>['messages'][number];

/**
 * A request of the CLI with one more cache marker where without it the provider would not find what the request before
 * has written, and write all of it again: the CLI marks the end of a request alone, and a turn with ten or more calls at
 * once is longer than Bedrock looks back. Undefined where nothing is to be done, or the text is no such request.
 * @param body JSON of a request to the Messages API.
 */
export function withEarlierMarker(body: string): string | undefined {
  // Most requests are large, and most need nothing: what cannot have a marker to begin from is not parsed.
  if (!body.includes('"cache_control"')) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return undefined;
  }
  // Not what zod gives back: fields that it moved would be another request.
  if (!MessagesRequest.safeParse(json).success) return undefined;
  const request = json as z.infer<typeof MessagesRequest>;
  const messages = request.messages;
  const marked = messages.flatMap(blocksOf).findLast(isMarked);
  if (marked === undefined || markersOf(request) >= mostMarkers) return undefined;
  const place = endOfRequestBefore(messages, marked);
  if (place === undefined || isMarked(place) || !mayBeMarked(place)) return undefined;
  place.cache_control = marked.cache_control;
  return JSON.stringify(request);
}

/** The block at which the request before ended, when the newest marker does not reach it. */
function endOfRequestBefore(messages: readonly Message[], marked: Block): Block | undefined {
  const blocks = messages.flatMap(blocksOf);
  const end = blocks.indexOf(marked);
  const last = messages.at(-1);
  if (last === undefined || last.role !== 'user') return undefined;
  if (!blocksOf(last).includes(marked)) {
    // A compaction: its question follows what the tools said last, and the CLI marks the message before that.
    return blocksOf(last).findLast(({ type }) => type === 'tool_result');
  }
  const answer = messages.findLastIndex(({ role }) => role === 'assistant');
  const before = messages.slice(0, Math.max(0, answer)).flatMap(blocksOf).at(-1);
  return before !== undefined && end - blocks.indexOf(before) >= lookBack ? before : undefined;
}

/** With one at the top of the request, the provider marks its last block by itself, which is one of the four. */
function markersOf(request: z.infer<typeof MessagesRequest>): number {
  const { system, tools, messages } = request;
  const around = [system, tools].flatMap((part): unknown[] => (Array.isArray(part) ? part : []));
  return [request, ...around, ...messages.flatMap(blocksOf)].filter(isMarked).length;
}

function blocksOf({ content }: Message): Block[] {
  return typeof content === 'string' ? [] : content;
}

function isMarked(block: unknown): boolean {
  return (
    typeof block === 'object' && block !== null && 'cache_control' in block && block.cache_control != null
  );
}

/** The provider refuses a marker on what the model thought, and on a text without a letter. */
function mayBeMarked(block: Block): boolean {
  return block.type === 'tool_result' || (block.type === 'text' && block.text !== '');
}
