import { describe, expect, it } from 'vitest';
import { findPrices } from '../../src/pricing/find-prices.ts';
import { type ModelPrices, modelPrices } from '../../src/pricing/model-prices.ts';

describe('findPrices', () => {
  it.each(modelPrices.map(({ model }) => model))('finds %s by its own name', (model) => {
    expect(findPrices(model)?.model).toBe(model);
  });

  it.each([
    ['claude-sonnet-4-5-20250929', 'claude-sonnet-4-5'],
    ['claude-sonnet-4-5[1m]', 'claude-sonnet-4-5'],
    ['claude-sonnet-4-20250514', 'claude-sonnet-4'],
    ['claude-sonnet-4-0', 'claude-sonnet-4'],
    ['claude-opus-4-20250514', 'claude-opus-4'],
    ['claude-opus-4-1-20250805', 'claude-opus-4-1'],
    ['claude-3-5-haiku-latest', 'claude-3-5-haiku'],
    ['claude-3-5-haiku-20241022', 'claude-3-5-haiku'],
    ['Claude-Opus-5-5', 'claude-opus-5-5'],
    // Bedrock
    ['anthropic.claude-haiku-5-5', 'claude-haiku-5-5'],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'claude-sonnet-4-5'],
    ['global.anthropic.claude-opus-4-5-20251101-v1:0', 'claude-opus-4-5'],
    ['us-gov.anthropic.claude-3-5-sonnet-20241022-v2:0', 'claude-3-5-sonnet'],
    ['anthropic.claude-3-5-sonnet-20241022-v2:0:200k', 'claude-3-5-sonnet'],
    ['eu.anthropic.claude-opus-4-6-v1', 'claude-opus-4-6'],
    [
      'arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0',
      'claude-haiku-4-5',
    ],
    // Vertex
    ['claude-haiku-4-5@20251001', 'claude-haiku-4-5'],
    ['claude-3-5-sonnet-v2@20241022', 'claude-3-5-sonnet'],
    ['claude-opus-5-5@default', 'claude-opus-5-5'],
    ['publishers/anthropic/models/claude-opus-4-1@20250805', 'claude-opus-4-1'],
    // Gateways
    ['anthropic/claude-sonnet-4.5', 'claude-sonnet-4-5'],
  ])('finds %s as %s', (name, model) => {
    expect(findPrices(name)?.model).toBe(model);
  });

  it.each([
    'sonnet',
    'opus',
    'haiku',
    'opusplan',
    'default',
    '',
    '<synthetic>',
    'claude-sonnet-4-7',
    'claude-opus-5-6',
    'claude-sonnet-4-5-preview',
    'claude-sonnet-4-5x',
    'my-claude-sonnet-4-5',
    'gpt-5',
    'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123def456',
    '__proto__',
    'constructor',
  ])('does not know %j', (name) => {
    expect(findPrices(name)).toBeUndefined();
  });

  const row = (model: string, input: number): ModelPrices => ({
    ...(modelPrices[0] as ModelPrices),
    model,
    input,
    isOverride: true,
  });

  it('takes an override first, by whatever name it is given', () => {
    const overrides = [row('claude-sonnet-4-5-20250929', 2)];
    expect(findPrices('claude-sonnet-4-5', overrides)?.input).toBe(2);
    expect(findPrices('us.anthropic.claude-sonnet-4-5-20250929-v1:0', overrides)?.input).toBe(2);
    expect(findPrices('claude-sonnet-4-6', overrides)?.input).toBe(3);
  });

  it('takes the override for exactly this name before the one for the model', () => {
    const regional = 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0';
    const overrides = [row('claude-sonnet-4-5', 2), row(regional, 3.3)];
    expect(findPrices(regional, overrides)?.input).toBe(3.3);
    expect(findPrices('claude-sonnet-4-5', overrides)?.input).toBe(2);
  });

  it('knows a model by an override alone', () => {
    expect(findPrices('our-model', [row('our-model', 7)])?.input).toBe(7);
  });
});
