import { plainName } from '../pricing/find-prices.ts';

/**
 * Whether a model is one of Claude's, by whatever name it goes: with a date, as Bedrock (`us.anthropic.claude-…`), Vertex
 * (`claude-…@…`) or a gateway (`anthropic/claude-…`, `anthropic:claude-…`) calls it. A name that only mentions Claude, as
 * that of a model trained on its answers, is not one.
 */
export function isClaudeModel(model: string): boolean {
  return /^(?:anthropic:)?claude(?![a-z])/.test(plainName(model));
}
