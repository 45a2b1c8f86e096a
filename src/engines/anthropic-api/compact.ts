import { noUsage } from '../../core/report.ts';
import type { CompactionResult, CompactionTask } from '../engine.ts';
import type { AnthropicApiOptions } from './anthropic-api.ts';

export async function compact(
  _task: CompactionTask,
  _options: AnthropicApiOptions,
  _signal: AbortSignal,
): Promise<CompactionResult> {
  return {
    outcome: 'failed',
    reason: 'model',
    detail: 'Not there yet.',
    usage: noUsage,
    usageByModel: {},
    costUsd: null,
    durationMs: 0,
  };
}
