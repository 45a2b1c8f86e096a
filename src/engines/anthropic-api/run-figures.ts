import type { BetaMessage } from '@anthropic-ai/sdk/resources/beta';
import { type ModelPrices, modelPrices } from '../../pricing/model-prices.ts';
import {
  addMessage,
  costOf,
  firstRequestOf,
  newRecord,
  type RunRecord,
  unpricedModels,
  usageOf,
} from '../claude-code/run-record.ts';
import type { AssistantLine } from '../claude-code/stream.ts';
import type { EngineResult } from '../engine.ts';
import { engineVersion } from './version.ts';

export function startRecord(model: string, prices?: readonly ModelPrices[]): RunRecord {
  return { ...newRecord(prices), model, version: engineVersion };
}

/** An answer as the record of a run takes it. */
export function lineOf({ id, model, content, usage }: BetaMessage): AssistantLine {
  return {
    type: 'assistant',
    message: {
      id,
      model,
      usage,
      content: content.map((block) => {
        if (block.type === 'text') return { type: 'text', text: block.text };
        if (block.type === 'tool_use')
          return { type: 'tool_use', name: block.name, input: fieldsOf(block.input) };
        return { type: 'other' };
      }),
    },
  };
}

function fieldsOf(input: unknown): Record<string, unknown> {
  return typeof input === 'object' && input !== null ? { ...input } : {};
}

/** Counts what the provider bills for an answer that is no part of the conversation, as far as it has said. */
export function countLost(run: RunRecord, { id, model, usage }: BetaMessage): void {
  addMessage(run, { id, model, usage, content: [] }, { isMain: false });
}

/** What a budget goes by: a model whose price nobody knows counts as the dearest one, or the budget would hold nothing. */
export function spentAtMost(run: RunRecord): number {
  const dearest = modelPrices.reduce((most, prices) => (prices.output > most.output ? prices : most));
  const assumed = unpricedModels(run).map((model) => ({ ...dearest, model }));
  return costOf({ ...run, prices: [...run.prices, ...assumed] }) ?? 0;
}

export function figuresOf(run: RunRecord) {
  return {
    usage: usageOf(run),
    unpricedModels: unpricedModels(run),
    ...firstRequestOf(run),
    contextTokens: run.contextTokens,
    requests: run.requests.size,
    costUsd: costOf(run),
    turns: run.answers,
  } satisfies Partial<EngineResult>;
}
