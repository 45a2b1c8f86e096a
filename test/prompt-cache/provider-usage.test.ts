import { describe, expect, it } from 'vitest';
import {
  type ChatUsage,
  type MessagesUsage,
  usageOfChat,
  usageOfMessages,
} from '../../src/prompt-cache/provider-usage.ts';

const usage = (input: number, read: number, written: number, output: number, hour?: number) => ({
  inputTokens: input,
  cacheReadTokens: read,
  cacheWriteTokens: written,
  ...(hour === undefined ? {} : { cacheWriteHourTokens: hour }),
  outputTokens: output,
});

describe('usage of the Messages API', () => {
  it.each<[string, MessagesUsage | null | undefined, ReturnType<typeof usage>]>([
    ['nothing', undefined, usage(0, 0, 0, 0)],
    ['null', null, usage(0, 0, 0, 0)],
    ['no cache', { input_tokens: 10, output_tokens: 5 }, usage(10, 0, 0, 5)],
    [
      'nulls, as in older answers',
      {
        input_tokens: 10,
        cache_read_input_tokens: null,
        cache_creation_input_tokens: null,
        cache_creation: null,
      },
      usage(10, 0, 0, 0),
    ],
    [
      'lifetimes as a part of what was written, not on top of it',
      {
        input_tokens: 3,
        cache_read_input_tokens: 2_000,
        cache_creation_input_tokens: 700,
        cache_creation: { ephemeral_5m_input_tokens: 600, ephemeral_1h_input_tokens: 100 },
        output_tokens: 9,
      },
      usage(3, 2_000, 700, 9, 100),
    ],
    [
      'five minutes alone',
      { cache_creation_input_tokens: 700, cache_creation: { ephemeral_5m_input_tokens: 700 } },
      usage(0, 0, 700, 0),
    ],
    [
      'lifetimes without their sum',
      { cache_creation: { ephemeral_5m_input_tokens: 600, ephemeral_1h_input_tokens: 100 } },
      usage(0, 0, 700, 0, 100),
    ],
    [
      'an hour that is more than all',
      { cache_creation_input_tokens: 50, cache_creation: { ephemeral_1h_input_tokens: 100 } },
      usage(0, 0, 50, 0, 50),
    ],
  ])('%s', (_, given, expected) => {
    expect(usageOfMessages(given)).toEqual(expected);
  });
});

describe('usage of chat completions', () => {
  it.each<[string, ChatUsage | undefined, ReturnType<typeof usage>]>([
    ['nothing', undefined, usage(0, 0, 0, 0)],
    ['no cache', { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }, usage(10, 0, 0, 5)],
    [
      'OpenAI: what was read is a part of the prompt',
      { prompt_tokens: 2_006, completion_tokens: 300, prompt_tokens_details: { cached_tokens: 1_920 } },
      usage(86, 1_920, 0, 300),
    ],
    [
      'OpenRouter: what was written is a part too',
      {
        prompt_tokens: 194,
        completion_tokens: 2,
        total_tokens: 196,
        prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 100 },
      },
      usage(94, 0, 100, 2),
    ],
    [
      'LiteLLM: the same tokens stand in the details and in Claude’s counts',
      {
        prompt_tokens: 1_000,
        completion_tokens: 20,
        total_tokens: 1_020,
        prompt_tokens_details: { cached_tokens: 600, cache_creation_tokens: 300 },
        cache_read_input_tokens: 600,
        cache_creation_input_tokens: 300,
        cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 100 },
      },
      usage(100, 600, 300, 20, 100),
    ],
    [
      'a gateway that has reads in the details, and writes beside them',
      {
        prompt_tokens: 1_000,
        completion_tokens: 20,
        prompt_tokens_details: { cached_tokens: 600 },
        cache_creation_input_tokens: 300,
      },
      usage(100, 600, 300, 20),
    ],
    [
      'a gateway that passes on the rest as the prompt, which is less than was read',
      {
        prompt_tokens: 10,
        completion_tokens: 336,
        total_tokens: 346,
        cache_read_input_tokens: 2_000,
        cache_creation_input_tokens: 40,
      },
      usage(10, 2_000, 40, 336),
    ],
    [
      'a gateway that passes on the rest as the prompt, and everything as the total',
      { prompt_tokens: 900, completion_tokens: 50, total_tokens: 1_450, cache_read_input_tokens: 500 },
      usage(900, 500, 0, 50),
    ],
  ])('%s', (_, given, expected) => {
    expect(usageOfChat(given)).toEqual(expected);
  });
});
