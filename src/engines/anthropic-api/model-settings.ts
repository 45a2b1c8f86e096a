import type { BetaOutputConfig, BetaThinkingConfigParam } from '@anthropic-ai/sdk/resources/beta';
import { plainName } from '../../pricing/find-prices.ts';
import { modelPrices } from '../../pricing/model-prices.ts';

/** What is asked when nothing names a model: what the pinned CLI asks then. */
const defaultModel = 'claude-opus-5-5';

/** What stands in a request beside the conversation; a part of what the prompt cache goes by. */
export interface ModelSettings {
  model: string;
  max_tokens: number;
  thinking?: BetaThinkingConfigParam;
  output_config?: BetaOutputConfig;
  betas?: string[];
}

/** Each of these allows as many; `claude-3-5-*` allow the fewest. */
const mostOutputTokens = { adaptive: 64_000, earlier: 32_000, first: 8_192 };

/** Models that know no `effort` refuse it: the CLI leaves it out for them as well. */
const withoutEffort = /^claude-(?:[123](?:-|$)|instant|haiku-4|sonnet-4(?:-5)?$|opus-4(?:-1)?$)/;

/** Models that decide by themselves how much they think. */
const adaptive = /^claude-(?:(?:opus|sonnet)-4-[6-9]|[a-z]+-[5-9](?:-|$))/;

/** The CLI's mark for a long context, which some models have only when it is asked for. */
const longContext = /\[1m\]$/i;
const longContextBeta = 'context-1m-2025-08-07';
const askedForLongContext = /^claude-(?:sonnet|opus)-4(?:-[0-5])?$/;

/**
 * The model that is meant by a name as the CLI takes it: `sonnet` is the newest of its family, `default` is the default
 * model, and every other name is itself.
 */
export function modelOf(name: string | undefined): string {
  if (name === undefined || name === 'default' || name === 'best') return defaultModel;
  const [mark = ''] = longContext.exec(name) ?? [];
  const family = name.slice(0, name.length - mark.length);
  if (!/^[a-z]+$/.test(family)) return name;
  const newest = modelPrices.find(({ model }) => model.startsWith(`claude-${family}-`));
  return newest === undefined ? name : `${newest.model}${mark}`;
}

/**
 * What a request says about how to answer: by the model and the effort alone, so that it is the same each time. Models
 * that would need a budget for their thinking do without: they are asked small things here.
 * https://platform.claude.com/docs/en/build-with-claude/effort
 * @param model as `modelOf` gives it.
 */
export function modelSettings(model: string, effort: string | undefined): ModelSettings {
  const name = plainName(model);
  const isAdaptive = adaptive.test(name);
  const size = isAdaptive ? 'adaptive' : name.startsWith('claude-3-5-') ? 'first' : 'earlier';
  return {
    model: model.replace(longContext, ''),
    max_tokens: mostOutputTokens[size],
    ...(isAdaptive ? { thinking: { type: 'adaptive' } } : {}),
    ...(effort === undefined || withoutEffort.test(name)
      ? {}
      : // The word is the caller's; a level that the model does not know is the provider's to refuse.
        { output_config: { effort: effort as BetaOutputConfig['effort'] } }),
    ...(longContext.test(model) && askedForLongContext.test(name) ? { betas: [longContextBeta] } : {}),
  };
}
