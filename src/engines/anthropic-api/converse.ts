import { setTimeout as sleep } from 'node:timers/promises';
import { AnthropicError, APIConnectionError, APIError, APIUserAbortError } from '@anthropic-ai/sdk';
import type { BetaMessageStream } from '@anthropic-ai/sdk/lib/BetaMessageStream';
import type {
  BetaContentBlock,
  BetaMessage,
  BetaToolResultBlockParam,
  BetaUserMessageParam,
} from '@anthropic-ai/sdk/resources/beta';
import { type Asked, ask } from './ask.ts';
import type { Outcome } from './ending.ts';
import { unknownResult } from './messages-of.ts';

export interface Talk extends Asked {
  maxTurns?: number | undefined;
  /** How long an answer may stand still in the middle before it is given up. */
  silenceMs?: number | undefined;
  /** Takes an answer down, and says whether it has used up the budget. */
  onAnswer(message: BetaMessage): Promise<{ isOverBudget: boolean }>;
  /** Takes the results of an answer's tools down. */
  onResults(message: BetaUserMessageParam): Promise<void>;
  /** Counts an answer that is not a part of the conversation: it broke off, or it was a refusal. */
  onLost(message: BetaMessage): void;
}

/** How often in a row an answer that breaks off in the middle is asked for again. */
const mostBreaks = 3;
const breakMs = 500;

/** How long tools may take to end when they are told to. */
const toolEndMs = 1_000;

/**
 * Lets the model answer, runs its tools, and so on until it is done. However it ends, what was taken down is a
 * conversation that can be gone on with: each tool use has its result.
 */
export async function converse(talk: Talk): Promise<Outcome> {
  const { maxTurns, signal } = talk;
  let turns = 0;
  let breaks = 0;
  for (;;) {
    let stream: BetaMessageStream | undefined;
    try {
      const runner = ask(talk, maxTurns === undefined ? undefined : Math.max(1, maxTurns - turns));
      for await (const next of runner) {
        stream = next;
        const message = await wholeAnswer(next, talk.silenceMs);
        stream = undefined;
        turns += 1;
        breaks = 0;
        const outcome = await takeAnswer(talk, message, () => runner.generateToolResponse());
        if (outcome !== undefined) return outcome;
      }
      return { kind: 'turns' };
    } catch (error) {
      const partial = stream?.currentMessage;
      if (partial !== undefined) talk.onLost(partial);
      if (!signal.aborted && !isBreak(error, partial !== undefined)) return { kind: 'failed', error };
      if (!signal.aborted && breaks >= mostBreaks) return { kind: 'failed', error };
      breaks += 1;
      await sleep(breakMs * 2 ** breaks, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return { kind: 'cancelled' };
    }
  }
}

/** Five minutes: the provider sends a sign of life every few seconds. */
const usualSilenceMs = 5 * 60_000;

/** The SDK waits for an answer to begin, and not for the rest of it: a connection may be dead without a word. */
async function wholeAnswer(stream: BetaMessageStream, silenceMs = usualSilenceMs): Promise<BetaMessage> {
  let timer: NodeJS.Timeout | undefined;
  let isStill = false;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      isStill = true;
      stream.abort();
    }, silenceMs);
  };
  stream.on('streamEvent', wait);
  try {
    return await stream.finalMessage();
  } catch (error) {
    if (!isStill) throw error;
    const seconds = Math.round(silenceMs / 1000);
    throw new AnthropicError(`The model's API said nothing for ${seconds} s in the middle of an answer.`);
  } finally {
    clearTimeout(timer);
  }
}

/** Undefined when the conversation goes on. */
async function takeAnswer(
  talk: Talk,
  message: BetaMessage,
  runTools: () => Promise<BetaUserMessageParam | null>,
): Promise<Outcome | undefined> {
  const { content, stop_reason: reason } = message;
  if (reason === 'refusal') {
    // With it in the conversation, whatever comes after would be refused as well.
    talk.onLost(message);
    return { kind: 'answered', reason };
  }
  const { isOverBudget } = await talk.onAnswer(message);
  if (content.length > 0) talk.messages.push({ role: 'assistant', content });
  const uses = toolUseIds(content);
  const answer = async (results: BetaUserMessageParam): Promise<void> => {
    talk.messages.push(results);
    await talk.onResults(results);
  };
  if (uses.length > 0 && (reason !== 'tool_use' || isOverBudget)) {
    await answer({ role: 'user', content: uses.map(notRun) });
  }
  if (isOverBudget) return { kind: 'budget' };
  if (reason === 'pause_turn') return undefined;
  if (reason !== 'tool_use' || uses.length === 0) return { kind: 'answered', reason };
  const results = await endingSoonAfter(runTools(), talk.signal);
  await answer(results ?? { role: 'user', content: uses.map(unknownResult) });
  return talk.signal.aborted ? { kind: 'cancelled' } : undefined;
}

/** What a promise gives, or null when it takes longer than a moment after the signal. */
async function endingSoonAfter<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value | null> {
  const done = new AbortController();
  const late = new Promise<null>((resolve) => {
    const wait = () => setTimeout(() => resolve(null), toolEndMs);
    if (signal.aborted) wait();
    else signal.addEventListener('abort', wait, { once: true, signal: done.signal });
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    done.abort();
  }
}

function toolUseIds(content: readonly BetaContentBlock[]): string[] {
  return content.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []));
}

function notRun(id: string): BetaToolResultBlockParam {
  return {
    type: 'tool_result',
    tool_use_id: id,
    is_error: true,
    content: 'This tool was not run, because the run ended before it.',
  };
}

/** Whether an answer broke off on its way. What is refused, or cannot be reached, the SDK has tried often enough. */
function isBreak(error: unknown, hasBegun: boolean): boolean {
  if (!(error instanceof AnthropicError) || error instanceof APIUserAbortError) return false;
  if (error instanceof APIConnectionError) return hasBegun;
  return !(error instanceof APIError) || error.status === undefined;
}
