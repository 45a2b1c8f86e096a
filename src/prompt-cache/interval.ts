import { type CacheControl, cacheMarker, withoutMarker } from './cache-marker.ts';
import { isClaudeModel } from './claude-model.ts';
import { type Content, lastText, type Message, markContent, markMessages, type Tool } from './message.ts';

/**
 * The note's strategy: the last system message, the last tool, and the message at the latest of the positions 20, 40,
 * 60 … have a marker, and nothing else has one. Chat messages (OpenAI's form) and those of the Messages API go by the same
 * rule; there the system prompt is a field of its own, which takes no position, and `addCacheControlToContent` marks it.
 *
 * Where the note can be read in two ways:
 * - it lists `findIntervalUserMessageIndices` and speaks of one latest position of all messages: the function gives one
 *   index, counts every role, and is called `findIntervalMessageIndex`;
 * - it wants a property `cacheUserMessageInterval` and no configuration at all: 20 is a constant;
 * - the functions take no configuration: the last argument is the marker itself, for five minutes or an hour.
 */
const interval = 20;

/** Index of the message at the latest of the positions 20, 40, 60 … (from 1, all roles); -1 below 20 messages. */
export function findIntervalMessageIndex(messages: readonly unknown[]): number {
  return messages.length - (messages.length % interval) - 1;
}

/**
 * Text becomes a text part with the marker; parts get it on the last text among them. Other parts, and content that no
 * marker can stand on (null, empty, images alone), stay what they are, but for markers that they had.
 */
export function addCacheControlToContent<C extends Content>(
  content: C,
  marker: CacheControl = cacheMarker(),
): C | MarkedText[] {
  // Parts stay parts of their kinds, and text becomes a part.
  return markContent(content, lastText, marker) as C | MarkedText[];
}

/** What text becomes. */
interface MarkedText {
  type: 'text';
  text: string;
  cache_control: CacheControl;
}

/**
 * The tools with a marker on the last one alone, of those that may have one: the provider refuses it where
 * `defer_loading` is set.
 */
export function addCacheControlToLastTool<T extends Tool>(
  tools: readonly T[],
  marker: CacheControl = cacheMarker(),
): T[] {
  const last = tools.findLastIndex(({ defer_loading }) => defer_loading !== true);
  return tools.map((tool, index) =>
    index === last ? { ...tool, cache_control: marker } : withoutMarker(tool),
  );
}

/**
 * Messages for a request: for a model of Claude with a marker on the last system message and on the latest interval
 * message, for any other model with none. Markers of an earlier request are gone (sliding window), as a position that is
 * marked no more. Messages without a change are the very same objects.
 */
export function transformMessagesForClaudeCache<M extends Message>(
  messages: readonly M[],
  model: string,
  marker: CacheControl = cacheMarker(),
): M[] {
  if (!isClaudeModel(model)) return markMessages(messages, new Map(), marker);
  const marked = [lastSystemIndex(messages), findIntervalMessageIndex(messages)];
  return markMessages(messages, new Map(marked.map((index) => [index, lastText])), marker);
}

/** -1 where there is none, as in the Messages API. */
export function lastSystemIndex(messages: readonly Message[]): number {
  return messages.findLastIndex(({ role }) => role === 'system');
}
