import {
  type CacheControl,
  type CacheLifetime,
  cacheMarker,
  type Markable,
  withoutMarker,
} from './cache-marker.ts';
import { isClaudeModel } from './claude-model.ts';
import {
  addCacheControlToContent,
  addCacheControlToLastTool,
  findIntervalMessageIndex,
  lastSystemIndex,
  transformMessagesForClaudeCache,
} from './interval.ts';
import {
  type Content,
  hasPlace,
  lastMarkable,
  lastText,
  type Message,
  markContent,
  markMessages,
  type PartRule,
  type Tool,
} from './message.ts';

/** A request of either form, as far as markers go: `system` is a field of the Messages API alone. */
export interface CacheableRequest extends Markable {
  model: string;
  system?: Content;
  tools?: readonly Tool[] | undefined;
  messages: readonly Message[];
}

/**
 * The request with the markers of one strategy and no others, of which the provider takes four. All of them mark the last
 * tool and the last system message; they differ in the messages. The given request is not touched.
 */
export type MarkRequest = <R extends CacheableRequest>(request: R, marker?: CacheControl) => R;

export const strategyNames = [
  'request-ends',
  'last-message',
  'two-last-messages',
  'two-intervals',
  'interval',
] as const;
export type MarkerStrategy = (typeof strategyNames)[number];

export const markerStrategies: Record<MarkerStrategy, MarkRequest> = {
  /** The note's. */
  interval: marking(transformMessagesForClaudeCache),
  /** The latest interval and the one before, so that what was written there is still found. */
  'two-intervals': marking(markedAt(twoIntervals, lastText)),
  /** What the note's replaced: the last two messages of role `user`, which in the Messages API bring what tools answered. */
  'two-last-messages': marking(markedAt(twoLastUserMessages, lastMarkable)),
  /** The end of the request. */
  'last-message': marking(markedAt((messages) => requestEnds(messages).slice(0, 1), lastMarkable)),
  /**
   * The end of the request, which writes what is new, and the end of the request before, where the entry is that it has
   * written: found however much the turn between them added.
   */
  'request-ends': marking(markedAt(requestEnds, lastMarkable)),
};

/** The best one on the meter: docs/prompt-cache.md. */
export const defaultStrategy: MarkerStrategy = 'request-ends';

export interface MarkerOptions {
  strategy?: MarkerStrategy;
  lifetime?: CacheLifetime;
}

/** A request as it is to be sent: marked by the best strategy, or by the one that is named. */
export function chooseMarkers<R extends CacheableRequest>(
  request: R,
  { strategy = defaultStrategy, lifetime = '5m' }: MarkerOptions = {},
): R {
  return markerStrategies[strategy](request, cacheMarker(lifetime));
}

/** Messages of a request to the model, marked or, where it is none of Claude's, not. */
type MarkMessages = <M extends Message>(messages: readonly M[], model: string, marker: CacheControl) => M[];

function marking(mark: MarkMessages): MarkRequest {
  return (request, marker = cacheMarker()) => {
    const { model, system, tools, messages } = request;
    const isClaude = isClaudeModel(model);
    const markSystem = isClaude
      ? addCacheControlToContent
      : (content: Content) => markContent(content, undefined, marker);
    return {
      // A marker for the request as a whole is one of the four too, and moves with its end.
      ...withoutMarker(request),
      ...(system == null ? {} : { system: markSystem(system, marker) }),
      ...(tools && { tools: isClaude ? addCacheControlToLastTool(tools, marker) : tools.map(withoutMarker) }),
      messages: mark(messages, model, marker),
    };
  };
}

function markedAt(places: (messages: readonly Message[]) => number[], rule: PartRule): MarkMessages {
  return (messages, model, marker) => {
    if (!isClaudeModel(model)) return markMessages(messages, new Map(), marker);
    const rules = new Map(places(messages).map((index) => [index, rule]));
    return markMessages(messages, rules.set(lastSystemIndex(messages), lastText), marker);
  };
}

function twoIntervals(messages: readonly Message[]): number[] {
  const latest = findIntervalMessageIndex(messages);
  return [latest, findIntervalMessageIndex(messages.slice(0, Math.max(0, latest)))];
}

function twoLastUserMessages(messages: readonly Message[]): number[] {
  const isUser = ({ role }: Message) => role === 'user';
  const last = messages.findLastIndex(isUser);
  return [last, messages.slice(0, Math.max(0, last)).findLastIndex(isUser)];
}

/** Before the last answer of the model, which may be several messages, is what it answered. */
function requestEnds(messages: readonly Message[]): number[] {
  const isAnswer = (index: number) => messages[index]?.role === 'assistant';
  let answer = messages.findLastIndex(({ role }) => role === 'assistant');
  while (isAnswer(answer - 1)) answer -= 1;
  return [endBefore(messages, messages.length), endBefore(messages, Math.max(0, answer))];
}

/** Index of the last message before `end` on which a marker can stand; -1 for none. */
function endBefore(messages: readonly Message[], end: number): number {
  return messages.slice(0, end).findLastIndex(({ content }) => hasPlace(content, lastMarkable));
}
