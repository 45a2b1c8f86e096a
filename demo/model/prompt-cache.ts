import { createHash } from 'node:crypto';
import { listPrices } from '../../src/pricing/find-prices.ts';
import { type Block, blocksOf, type MessagesRequest } from './messages.ts';

/**
 * Prompt-cache accounting to the provider's rules
 * (https://platform.claude.com/docs/en/build-with-claude/prompt-caching); README.md beside this file lists them with
 * what was decided where the documentation is silent.
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
/** Positions that are looked at from each marker, its own among them. */
const lookBack = 20;
const mostMarkers = 4;

interface Position {
  /** Hash of the model and of everything up to and with this block. */
  key: string;
  /** Tokens up to and with this block. */
  tokens: number;
  /** What counts as one with the block before it, when that is of the same kind. */
  run: 'tool_use' | 'tool_result' | undefined;
  /** The automatic marker may go here. */
  isMarkable: boolean;
  marker?: Lifetime;
}

interface Entry {
  lifetime: Lifetime;
  expiresAt: number;
}

export interface PromptCacheOptions {
  /** Milliseconds; may be moved at will. */
  now?: () => number;
  /** Where rows of tool calls, or of their results, are one position of the look-back: not on Bedrock. */
  rowsAreOne?: boolean;
  /** Requests hold the very same blocks as the ones before, none of them changed since: they are hashed once. */
  blocksAreKept?: boolean;
}

/** What a block came to where it was met last. */
type KnownBlocks = WeakMap<Block, { before: string; place: string; key: string; tokens: number }>;

export function createPromptCache({
  now = Date.now,
  rowsAreOne = true,
  blocksAreKept = false,
}: PromptCacheOptions = {}): PromptCache {
  const entries = new Map<string, Entry>();
  const known: KnownBlocks | undefined = blocksAreKept ? new WeakMap() : undefined;
  const elapsed = elapsedBy(now);

  return {
    account(request) {
      const startedAt = elapsed();
      const live = (key: string): Entry | undefined => {
        const entry = entries.get(key);
        return entry && entry.expiresAt > startedAt ? entry : undefined;
      };
      const positions = positionsOf(request, rowsAreOne, known);
      const conflict = markAutomatically(positions, request.cache_control);
      if (conflict) return { problem: conflict };
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
            const entry = live(key);
            const lifetime = entry?.lifetime ?? marker ?? '5m';
            // Another request may have renewed it meanwhile.
            const expiresAt = Math.max(startedAt + lifetimes[lifetime], entry?.expiresAt ?? 0);
            entries.set(key, { lifetime, expiresAt });
          }
        },
      };
    },
  };
}

/** Milliseconds that have passed by a clock which may be set back: that is no time, and the time after it counts again. */
function elapsedBy(now: () => number): () => number {
  let total = 0;
  let last = now();
  return () => {
    const time = now();
    if (time > last) total += time - last;
    // A clock that says nothing sensible has not moved.
    if (Number.isFinite(time)) last = time;
    return total;
  };
}

/** A model that the price list does not name has the most common one. */
export function minimumCacheableTokens(model: string): number {
  return listPrices(model)?.minimumCacheableTokens ?? 1024;
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
    const hit = positions.slice(firstInReach(positions, index), index + 1).findLast(({ key }) => isLive(key));
    if (hit) return hit;
  }
  return undefined;
}

/** Index of the block that ends the look-back: a row of tool calls is one position, and so is a row of their results. */
function firstInReach(positions: Position[], from: number): number {
  let index = from;
  for (let seen = 1; index > 0; index -= 1) {
    const run = positions[index]?.run;
    if (run === undefined || run !== positions[index - 1]?.run) seen += 1;
    if (seen > lookBack) break;
  }
  return index;
}

/** Automatic caching: a marker for the whole request goes to its last block that can carry one. */
function markAutomatically(
  positions: Position[],
  control: MessagesRequest['cache_control'],
): string | undefined {
  const target = positions.findLast(({ isMarkable }) => isMarkable);
  if (!control || !target) return undefined;
  const lifetime = control.ttl ?? '5m';
  if (target.marker !== undefined && target.marker !== lifetime) {
    return `cache_control: the last block has a marker of its own with ttl='${target.marker}'`;
  }
  target.marker = lifetime;
  return undefined;
}

function markerProblem(request: MessagesRequest, markers: Position[]): string | undefined {
  const everywhere = [
    ...blocksOf(request.system),
    ...request.messages.flatMap(({ content }) => blocksOf(content)),
  ];
  if (everywhere.some((block) => block.cache_control && isEmptyText(block))) {
    return 'cache_control cannot be set for empty text blocks';
  }
  if (everywhere.some((block) => block.cache_control && isThinking(block))) {
    return 'cache_control cannot be set for thinking blocks';
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
 * invalidate: the model and the effort at the root, what is said in the system prompt behind the tools, the rest
 * before the first message.
 */
function positionsOf(request: MessagesRequest, rowsAreOne = true, known?: KnownBlocks): Position[] {
  const messages = request.messages.map(({ role, content }) => ({ role, blocks: blocksOf(content) }));
  const all = messages.flatMap(({ blocks }) => blocks);
  const positions: Position[] = [];
  let key = digest(JSON.stringify([request.model, request.output_config ?? null]));
  let tokens = 0;
  const set = (...settings: unknown[]): void => {
    key = digest(`${key} ${JSON.stringify(settings)}`);
  };
  const add = (place: string, block: Block): void => {
    let met = known?.get(block);
    if (met?.before !== key || met.place !== place) {
      const text = canonical(block);
      met = { before: key, place, key: digest(`${key} ${place} ${text}`), tokens: tokensOf(block, text) };
      known?.set(block, met);
    }
    key = met.key;
    tokens += met.tokens;
    const control = block.cache_control;
    const isMarkable = !isThinking(block) && !isEmptyText(block);
    positions.push({
      key,
      tokens,
      isMarkable,
      run: rowsAreOne ? runOf(block) : undefined,
      ...(control && { marker: control.ttl ?? '5m' }),
    });
  };
  const [searches, tools] = [isWebSearch, isNotWebSearch].map((is) => (request.tools ?? []).filter(is));
  for (const tool of tools ?? []) add('tool', tool);
  set(request.speed ?? null, all.some(hasCitations));
  for (const tool of searches ?? []) add('tool', tool);
  for (const block of blocksOf(request.system)) if (!isBillingHeader(block)) add('system', block);
  set(request.thinking ?? null, request.tool_choice ?? null, all.some(hasImage));
  for (const { role, blocks } of messages) for (const block of blocks) add(role, block);
  return positions;
}

function runOf({ type }: Block): Position['run'] {
  return type === 'tool_use' || type === 'tool_result' ? type : undefined;
}

const isThinking = ({ type }: Block): boolean => type === 'thinking' || type === 'redacted_thinking';
const isEmptyText = ({ type, text }: Block): boolean => type === 'text' && text === '';
const isWebSearch = ({ type }: Block): boolean => type?.startsWith('web_search') ?? false;
const isNotWebSearch = (tool: Block): boolean => !isWebSearch(tool);

function hasCitations({ citations }: Block): boolean {
  return (
    typeof citations === 'object' &&
    citations !== null &&
    'enabled' in citations &&
    citations.enabled === true
  );
}

/** Also in what a tool answered. */
function hasImage(block: Block): boolean {
  return block.type === 'image' || (block.type === 'tool_result' && blocksOf(block.content).some(hasImage));
}

/** The CLI's first system block carries accounting for the provider, which takes it out of the prompt. */
function isBillingHeader(block: Block): boolean {
  return typeof block.text === 'string' && block.text.startsWith('x-anthropic-billing-header:');
}

/** An image costs by its size in pixels, not by its base64 length; a full-size one is about this much. */
const imageTokens = 1600;

function tokensOf(block: Block, text: string): number {
  if (block.type === 'image') return imageTokens;
  if (block.type !== 'tool_result' || !hasImage(block)) return estimateTokens(text);
  const blocks = blocksOf(block.content);
  return blocks.reduce((sum, inside) => sum + tokensOf(inside, canonical(inside)), 0);
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
