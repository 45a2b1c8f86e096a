import { expect, it } from 'vitest';
import { isClaudeModel } from '../../src/prompt-cache/claude-model.ts';

it.each([
  'claude-sonnet-4-5',
  'claude-sonnet-4-5-20250929',
  'Claude-3-Opus',
  'claude-2.1',
  'claude-opus-4-5[1m]',
  'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
  'anthropic.claude-3-5-sonnet-20241022-v2:0',
  'bedrock/eu.anthropic.claude-haiku-4-5-20251001-v1:0',
  'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-5-20251101-v1:0',
  'claude-sonnet-4-5@20250929',
  'claude-3-5-sonnet-v2@20241022',
  'anthropic/claude-sonnet-4.5',
  'openrouter/anthropic/claude-3.5-sonnet:beta',
  'anthropic:claude-opus-4-5',
])('%s is one of Claude’s', (model) => {
  expect(isClaudeModel(model)).toBe(true);
});

it.each([
  '',
  'gpt-5',
  'sonnet',
  'google/gemini-3-pro',
  'anthropic',
  'claudette-7b',
  'meta/llama-3-distilled-from-claude',
  'anthropic/claude-sonnet-4.5/../gpt-5',
])('%j is not', (model) => {
  expect(isClaudeModel(model)).toBe(false);
});
