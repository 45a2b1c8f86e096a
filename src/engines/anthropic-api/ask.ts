import type Anthropic from '@anthropic-ai/sdk';
import type { BetaRunnableTool } from '@anthropic-ai/sdk/lib/tools/BetaRunnableTool';
import type { BetaToolRunner } from '@anthropic-ai/sdk/lib/tools/BetaToolRunner';
import type { BetaMessageParam } from '@anthropic-ai/sdk/resources/beta';
import type { ModelSettings } from './model-settings.ts';
import { systemPrompt } from './system-prompt.ts';

/** What a request is made of. */
export interface Asked {
  client: Anthropic;
  settings: ModelSettings;
  tools: readonly BetaRunnableTool[];
  /** What was said so far, the user's newest message last. */
  messages: BetaMessageParam[];
  signal: AbortSignal;
}

/**
 * The SDK's loop of answers and tools. All that is asked is asked by it, so that a compaction begins with the same bytes
 * as the run whose prompt cache it reads.
 */
export function ask(
  { client, settings, tools, messages, signal }: Asked,
  mostAnswers?: number,
): BetaToolRunner<true> {
  return client.beta.messages.toolRunner(
    {
      ...settings,
      system: [{ type: 'text', text: systemPrompt }],
      tools: [...tools],
      messages,
      stream: true,
      // Each request holds all of the conversation: what the prompt cache keeps of it is this engine's to choose.
      thread: false,
      ...(mostAnswers === undefined ? {} : { max_iterations: mostAnswers }),
    },
    { signal },
  );
}
