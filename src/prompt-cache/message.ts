import { type CacheControl, type Markable, withoutMarker } from './cache-marker.ts';

/**
 * One part of a message, as far as it is looked at. It is the same in chat messages (OpenAI's form) and in those of the
 * Messages API, where a part is a content block and tools are called and answered in blocks as well.
 */
export interface Part extends Markable {
  type?: string | undefined;
  text?: unknown;
  /** Of a tool's result in the Messages API. */
  content?: unknown;
}

export type Content = string | readonly Part[] | null | undefined;

/** A message of either form; a chat message may have calls of tools beside its content, which are never touched. */
export interface Message {
  role: string;
  content?: Content;
}

/** A tool in either form. */
export interface Tool extends Markable {
  type?: string | null | undefined;
  name?: unknown;
  /** Its description is found by search only, and is no part of the beginning of the request. */
  defer_loading?: boolean | undefined;
}

/** Which of the parts gets the marker. */
export type PartRule = (parts: readonly Part[]) => number;

/** The content with one marker by the rule, or with none. Markers that it had are gone. What changes is copied. */
export function markContent(content: Content, rule: PartRule | undefined, marker: CacheControl): Content {
  if (typeof content === 'string') {
    if (rule === undefined || rule([textPart(content)]) < 0) return content;
    return [{ ...textPart(content), cache_control: marker }];
  }
  if (!Array.isArray(content)) return content;
  const parts: readonly Part[] = content;
  const place = rule?.(parts) ?? -1;
  if (place < 0 && !parts.some(hasMarker)) return content;
  return parts.map((part, index) => {
    const bare = withoutMarkers(part);
    return index === place ? { ...bare, cache_control: marker } : bare;
  });
}

/** Messages by the index of which the rule says where in them a marker goes; the others lose theirs. */
export function markMessages<M extends Message>(
  messages: readonly M[],
  rules: ReadonlyMap<number, PartRule>,
  marker: CacheControl,
): M[] {
  return messages.map((message, index) => {
    const content = markContent(message.content, rules.get(index), marker);
    const bare = withoutMarker<M & Markable>(message);
    return content === message.content ? bare : { ...bare, content };
  });
}

const toolTypes = new Set(['server_tool_use', 'tool_result', 'tool_use', 'web_search_tool_result']);
const endTypes = new Set([...toolTypes, 'document', 'image', 'search_result']);

/**
 * The last text; without any, the last call of a tool or the last answer of one, which are parts in the Messages API
 * alone. Empty text may not have a marker: the provider refuses the request.
 */
export const lastText: PartRule = (parts) => {
  const text = parts.findLastIndex((part) => isPart(part) && part.type === 'text' && !isBlank(part.text));
  return text >= 0 ? text : parts.findLastIndex((part) => isPart(part) && toolTypes.has(part.type ?? ''));
};

/** The last part that may have a marker, whatever it is: what the model thought may not, nor what is not known here. */
export const lastMarkable: PartRule = (parts) =>
  parts.findLastIndex(
    (part) => isPart(part) && (part.type === 'text' ? !isBlank(part.text) : endTypes.has(part.type ?? '')),
  );

/** Whether the rule finds a place in the content. */
export function hasPlace(content: Content, rule: PartRule): boolean {
  if (typeof content === 'string') return rule([textPart(content)]) >= 0;
  return Array.isArray(content) && rule(content) >= 0;
}

function textPart(text: string): { type: 'text'; text: string } {
  return { type: 'text', text };
}

/** What comes from elsewhere may have holes. */
function isPart(part: Part | null | undefined): part is Part {
  return typeof part === 'object' && part !== null;
}

function isBlank(text: unknown): boolean {
  return typeof text !== 'string' || text.trim() === '';
}

/** Also what a tool answered may be marked, and counts as one of the four. */
function hasMarker(part: Part): boolean {
  return (
    isPart(part) && ('cache_control' in part || (Array.isArray(part.content) && part.content.some(hasMarker)))
  );
}

function withoutMarkers(part: Part): Part {
  if (!hasMarker(part)) return part;
  const bare = withoutMarker(part);
  return Array.isArray(bare.content) ? { ...bare, content: bare.content.map(withoutMarkers) } : bare;
}
