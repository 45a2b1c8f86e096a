import { createHash } from 'node:crypto';
import { type Block, blocksOf, type MessagesRequest } from './messages.ts';

/**
 * Prompt-cache accounting to the provider's rules
 * (https://docs.claude.com/en/docs/build-with-claude/prompt-caching):
 *
 * - A prompt is a row of blocks in the order tools, system, messages. A marker (`cache_control`) writes one
 *   entry: the prefix that ends at its block. At most 4 markers.
 * - A read looks for an entry at each marker and the 19 blocks before it: 20 positions in all.
 * - A prefix under the model's minimum length is not cached, without an error.
 * - An entry lives 5 minutes or 1 hour from its last use; 1-hour markers come before 5-minute ones.
 * - An entry can be read once the response of the request that wrote it has started.
 *
 * Where the provider's documentation says nothing, the choice made here: a read also renews the entries at the
 * request's other markers inside the prefix that was read, and an entry keeps the lifetime it was written with.
 */
export interface PromptCache {
  /** Counts a request against the entries as they are now; nothing is written before `begin()`. */
  account(request: MessagesRequest): { usage: InputUsage; begin: () => void } | { problem: string };
}

/** Input tokens by price: uncached, read, written; the three together are the whole prompt. */
export interface InputUsage {
  input_tokens: number;
  cache_read_input_tokens: number;
  cache_creation_input_tokens: number;
  cache_creation: { ephemeral_5m_input_tokens: number; ephemeral_1h_input_tokens: number };
}

type Lifetime = '5m' | '1h';
const lifetimes: Record<Lifetime, number> = { '5m': 5 * 60_000, '1h': 60 * 60_000 };
const lookBack = 20;
const mostMarkers = 4;

interface Position {
  /** Hash of the model and of everything up to and with this block. */
  key: string;
  /** Tokens up to and with this block. */
  tokens: number;
  marker?: Lifetime;
}

interface Entry {
  lifetime: Lifetime;
  expiresAt: number;
}

export function createPromptCache({ now = Date.now }: { now?: () => number } = {}): PromptCache {
  const entries = new Map<string, Entry>();
  const live = (key: string): Entry | undefined => {
    const entry = entries.get(key);
    return entry && entry.expiresAt > now() ? entry : undefined;
  };

  return {
    account(request) {
      const positions = positionsOf(request);
      const marked = positions.flatMap((position, index) =>
        position.marker ? [{ index, ...position }] : [],
      );
      const problem = markerProblem(request, marked);
      if (problem) return { problem };

      const minimum = minimumCacheableTokens(request.model);
      const markers = marked.filter((marker) => marker.tokens >= minimum);
      const read = longestRead(positions, markers, (key) => live(key) !== undefined);
      const readTokens = read?.tokens ?? 0;
      const writes = markers.filter((marker) => marker.tokens > readTokens);
      const end = writes.at(-1)?.tokens ?? readTokens;
      const endOfHour = writes.findLast((marker) => marker.marker === '1h')?.tokens ?? readTokens;
      const total = positions.at(-1)?.tokens ?? 0;

      return {
        usage: {
          input_tokens: total - end,
          cache_read_input_tokens: readTokens,
          cache_creation_input_tokens: end - readTokens,
          cache_creation: {
            ephemeral_5m_input_tokens: end - endOfHour,
            ephemeral_1h_input_tokens: endOfHour - readTokens,
          },
        },
        begin() {
          const used = read ? [read, ...markers.filter((marker) => marker.tokens <= readTokens)] : [];
          for (const { key, marker } of [...used, ...writes]) {
            const lifetime = live(key)?.lifetime ?? marker ?? '5m';
            entries.set(key, { lifetime, expiresAt: now() + lifetimes[lifetime] });
          }
        },
      };
    },
  };
}

/** From the provider's table; what it does not name counts as 1,024. Vendor prefixes and dates are ignored. */
export function minimumCacheableTokens(model: string): number {
  if (/opus-4-[5-8]|haiku-4-5/.test(model)) return 4096;
  if (/fable-5|sonnet-4-6|claude-3(-5)?-haiku/.test(model)) return 2048;
  return 1024;
}

/** Tokens of the whole prompt, as `count_tokens` answers. */
export function countTokens(request: MessagesRequest): number {
  return positionsOf(request).at(-1)?.tokens ?? 0;
}

/** About 4 characters are a token: good enough for shares and ratios, and the same on every machine. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / 4);
}

/** The longest entry within reach of any marker, if there is one. */
function longestRead(
  positions: Position[],
  markers: { index: number }[],
  isLive: (key: string) => boolean,
): Position | undefined {
  for (const { index } of markers.toReversed()) {
    const reach = positions.slice(Math.max(0, index - lookBack + 1), index + 1);
    const hit = reach.findLast((position) => isLive(position.key));
    if (hit) return hit;
  }
  return undefined;
}

function markerProblem(request: MessagesRequest, markers: Position[]): string | undefined {
  const empty = [
    ...blocksOf(request.system),
    ...request.messages.flatMap(({ content }) => blocksOf(content)),
  ];
  if (empty.some((block) => block.cache_control && block.type === 'text' && block.text === '')) {
    return 'cache_control cannot be set for empty text blocks';
  }
  if (markers.length > mostMarkers) {
    return `A maximum of ${mostMarkers} blocks with cache_control may be provided. Found ${markers.length}.`;
  }
  const firstShort = markers.findIndex(({ marker }) => marker === '5m');
  if (firstShort >= 0 && markers.slice(firstShort).some(({ marker }) => marker === '1h')) {
    return "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block";
  }
  return undefined;
}

/**
 * The prompt as a row of blocks with running hash and length. Settings enter where the provider lets them
 * invalidate: effort at the root, thinking and tool choice before the first message.
 */
function positionsOf(request: MessagesRequest): Position[] {
  const positions: Position[] = [];
  let key = digest(JSON.stringify([request.model, request.output_config ?? null]));
  let tokens = 0;
  const add = (place: string, block: Block): void => {
    const text = canonical(block);
    key = digest(`${key} ${place} ${text}`);
    tokens += tokensOf(block, text);
    const control = block.cache_control;
    positions.push({ key, tokens, ...(control && { marker: control.ttl ?? '5m' }) });
  };
  for (const tool of request.tools ?? []) add('tool', tool);
  for (const block of blocksOf(request.system)) if (!isBillingHeader(block)) add('system', block);
  key = digest(`${key} ${JSON.stringify([request.thinking ?? null, request.tool_choice ?? null])}`);
  for (const { role, content } of request.messages) for (const block of blocksOf(content)) add(role, block);

  const last = positions.at(-1);
  if (request.cache_control && last) last.marker ??= request.cache_control.ttl ?? '5m';
  return positions;
}

/** The CLI's first system block carries accounting for the provider, which takes it out of the prompt. */
function isBillingHeader(block: Block): boolean {
  return typeof block.text === 'string' && block.text.startsWith('x-anthropic-billing-header:');
}

/** An image costs by its size in pixels, not by its base64 length; a full-size one is about this much. */
const imageTokens = 1600;

function tokensOf(block: Block, text: string): number {
  return block.type === 'image' ? imageTokens : estimateTokens(text);
}

/**
 * One spelling for blocks that render to the same prompt: markers left out, fields of the envelope sorted, a
 * string content as the text block it means. The order of keys inside a tool's input is kept, as it counts.
 */
function canonical(block: Block): string {
  const fields = Object.entries(block)
    .filter(([name, value]) => name !== 'cache_control' && value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, name === 'content' ? blocksOf(value).map(canonical) : value]);
  return JSON.stringify(Object.fromEntries(fields));
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
