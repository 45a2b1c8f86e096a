import type { BetaOutputConfig, BetaThinkingConfigParam } from '@anthropic-ai/sdk/resources/beta';
import { plainName } from '../../pricing/find-prices.ts';

/** What is asked when nothing names a model: what the pinned CLI asks then. */
export const defaultModel = 'claude-opus-5-5';

export interface ModelSettings {
  max_tokens: number;
  thinking?: BetaThinkingConfigParam;
  output_config?: BetaOutputConfig;
}

/** The CLI's own for models that allow no more; all that are offered today allow as many. */
const mostOutputTokens = 32_000;

/** Models that know no `effort` refuse it: the CLI leaves it out for them as well. */
const withoutEffort = /^claude-(?:[123](?:-|$)|instant|haiku-4|sonnet-4(?:-5)?$|opus-4(?:-1)?$)/;

/** Models that decide by themselves how much they think. */
const adaptive = /^claude-(?:(?:opus|sonnet)-4-[6-9]|[a-z]+-[5-9](?:-|$))/;

/**
 * What a request says about how to answer. It is a part of what the prompt cache goes by, so it depends on the model and
 * the effort alone. Models that would need a budget for their thinking do without: they are asked small things here.
 * https://platform.claude.com/docs/en/build-with-claude/effort
 */
export function modelSettings(model: string, effort: string | undefined): ModelSettings {
  const name = plainName(model);
  return {
    max_tokens: mostOutputTokens,
    ...(adaptive.test(name) ? { thinking: { type: 'adaptive' } } : {}),
    ...(effort === undefined || withoutEffort.test(name)
      ? {}
      : // The word is the caller's; a level that the model does not know is the provider's to refuse.
        { output_config: { effort: effort as BetaOutputConfig['effort'] } }),
  };
}
