import type { Usage } from '../core/report.ts';

type Count = number | null | undefined;

/** What Claude counts of the prompt cache, under the names of the Messages API. */
interface CacheCounts {
  cache_read_input_tokens?: Count;
  /** All that was written, for five minutes and for an hour. */
  cache_creation_input_tokens?: Count;
  /** The same by lifetime. */
  cache_creation?:
    | { ephemeral_5m_input_tokens?: Count; ephemeral_1h_input_tokens?: Count }
    | null
    | undefined;
}

/** Usage as the Messages API and the CLI give it: `input_tokens` is what was neither read nor written. */
export interface MessagesUsage extends CacheCounts {
  input_tokens?: Count;
  output_tokens?: Count;
}

/** Usage as the chat completions API gives it, with what gateways to Claude add to it. */
export interface ChatUsage extends CacheCounts {
  prompt_tokens?: Count;
  completion_tokens?: Count;
  total_tokens?: Count;
  prompt_tokens_details?:
    | {
        cached_tokens?: Count;
        /** OpenRouter's name for what was written. */
        cache_write_tokens?: Count;
        /** LiteLLM's. */
        cache_creation_tokens?: Count;
      }
    | null
    | undefined;
}

export function usageOfMessages(usage: MessagesUsage | null | undefined): Usage {
  const written = writtenTokens(usage);
  return {
    inputTokens: usage?.input_tokens ?? 0,
    cacheReadTokens: usage?.cache_read_input_tokens ?? 0,
    cacheWriteTokens: written,
    ...hourTokens(usage, written),
    outputTokens: usage?.output_tokens ?? 0,
  };
}

/**
 * `prompt_tokens` is the whole prompt, so that what was read and written is taken out of it. A gateway that passes on
 * Claude's own counts may mean by it what these leave over: that shows when the total is their sum, or when they are more
 * than it. What stands both in the details and in Claude's counts is the same tokens.
 */
export function usageOfChat(usage: ChatUsage | null | undefined): Usage {
  const details = usage?.prompt_tokens_details;
  const read = details?.cached_tokens || usage?.cache_read_input_tokens || 0;
  const written = details?.cache_write_tokens || details?.cache_creation_tokens || writtenTokens(usage);
  const prompt = usage?.prompt_tokens ?? 0;
  const output = usage?.completion_tokens ?? 0;
  const isRest = read + written > prompt || usage?.total_tokens === prompt + read + written + output;
  return {
    inputTokens: isRest ? prompt : prompt - read - written,
    cacheReadTokens: read,
    cacheWriteTokens: written,
    ...hourTokens(usage, written),
    outputTokens: output,
  };
}

/** The sum of the lifetimes where it is not given: never both. */
function writtenTokens(usage: CacheCounts | null | undefined): number {
  const { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long } = usage?.cache_creation ?? {};
  return usage?.cache_creation_input_tokens ?? (short ?? 0) + (long ?? 0);
}

function hourTokens(
  usage: CacheCounts | null | undefined,
  written: number,
): Pick<Usage, 'cacheWriteHourTokens'> {
  const count = Math.min(usage?.cache_creation?.ephemeral_1h_input_tokens ?? 0, written);
  return count === 0 ? {} : { cacheWriteHourTokens: count };
}
