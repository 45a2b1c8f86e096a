import { type ModelPrices, modelPrices } from './model-prices.ts';

/**
 * Prices of a model by whatever name it goes: with a date (`claude-sonnet-4-5-20250929`), as Bedrock, Vertex or a
 * gateway call it, or with the CLI's mark for a long context. Overrides win: one for exactly this name first, then
 * one for the model. Undefined for what is not known: another version, or a word such as `sonnet`, which means
 * another model with each version of the CLI.
 */
export function findPrices(model: string, overrides: readonly ModelPrices[] = []): ModelPrices | undefined {
  const name = plainName(model);
  return (
    overrides.find((row) => row.model === model) ??
    overrides.find((row) => plainName(row.model) === name) ??
    listPrices(model)
  );
}

/** The same without overrides. */
export function listPrices(model: string): ModelPrices | undefined {
  const name = plainName(model);
  return modelPrices.find((row) => row.model === name);
}

/**
 * A model's name as the price list has it, so that two names of one model are the same.
 * - Bedrock: `us.anthropic.claude-sonnet-4-5-20250929-v1:0`, also at the end of an ARN
 * - Vertex: `claude-sonnet-4-5@20250929`, `claude-3-5-sonnet-v2@20241022`
 * - gateways: `anthropic/claude-sonnet-4.5`
 */
export function plainName(model: string): string {
  const name = model
    .trim()
    .toLowerCase()
    .replace(/\[[^\]]*\]$/, '')
    .replace(/^.*\//, '')
    .replace(/^(?:[a-z-]+\.)?anthropic\./, '')
    .replace(/@[a-z0-9-]+$/, '')
    .replace(/-v\d+(?::\d+)?(?::\d+k)?$/, '')
    .replace(/-(?:\d{8}|latest)$/, '')
    .replaceAll(/(?<=\d)\.(?=\d)/g, '-');
  return otherNames.get(name) ?? name;
}

/** The first ones of version 4 go by two. */
const otherNames = new Map([
  ['claude-sonnet-4-0', 'claude-sonnet-4'],
  ['claude-opus-4-0', 'claude-opus-4'],
]);
