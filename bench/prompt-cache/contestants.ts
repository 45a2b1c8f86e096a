import type { MessagesRequest } from '../../demo/model/messages.ts';
import {
  addCacheControlToLastTool,
  transformMessagesForClaudeCache,
} from '../../src/prompt-cache/interval.ts';
import { type MarkerStrategy, markerStrategies } from '../../src/prompt-cache/strategies.ts';
import { openGateway, usageThroughGateway } from './chat.ts';
import type { Conversation } from './conversation.ts';
import { type Measured, type MeasureOptions, measure } from './measure.ts';

/** In the order of the table. */
export const strategyNames: readonly MarkerStrategy[] = [
  'request-ends',
  'last-message',
  'two-last-messages',
  'two-intervals',
  'interval',
];

export type MeasureStrategy = (
  conversation: Conversation,
  strategy: MarkerStrategy,
  options: MeasureOptions,
) => Measured[];

/** Marked in the form of the Messages API, as the direct engine does. */
export const directly: MeasureStrategy = (conversation, strategy, options) =>
  measure(conversation, markerStrategies[strategy], options);

/** Marked in the form of chat messages, as the note does; the interval strategy by the note's own functions. */
export const throughGateway: MeasureStrategy = (conversation, strategy, options) => {
  const gateway = openGateway();
  const mark = (request: MessagesRequest) =>
    gateway.through(request, (chat) => {
      if (strategy !== 'interval') return markerStrategies[strategy](chat);
      const messages = transformMessagesForClaudeCache(chat.messages, chat.model);
      return { ...chat, messages, ...(chat.tools && { tools: addCacheControlToLastTool(chat.tools) }) };
    });
  return measure(conversation, mark, { ...options, toUsage: usageThroughGateway });
};
