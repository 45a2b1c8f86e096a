import { z } from 'zod';
import { type Answer, answered, unreachable } from '../core/answer.ts';

/** Where the CLI finds the model when it is told nothing. */
export const defaultModelUrl = 'https://api.anthropic.com';

const Models = z.object({ data: z.array(z.object({ id: z.string() })) });
const Counted = z.object({ input_tokens: z.number() });
const Refusal = z.object({ error: z.object({ message: z.string() }) });

const mostSaid = 300;

export interface ModelAccess {
  /** Names of models that the key may use: the newest first. */
  models: Answer<string[]>;
  /** What counting the tokens of one word was answered with; absent where there was no model to count for. */
  counted?: Answer<number>;
}

/**
 * Asks a model's API the two questions that cost nothing. No tokens are bought.
 * https://platform.claude.com/docs/en/api/models-list, https://platform.claude.com/docs/en/api/messages-count-tokens
 */
export async function askModel(
  { baseUrl, apiKey }: { baseUrl: string; apiKey: string | undefined },
  signal: AbortSignal,
): Promise<ModelAccess> {
  const headers = {
    'anthropic-version': '2023-06-01',
    'content-type': 'application/json',
    ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }),
  };
  const base = baseUrl.replace(/\/+$/, '');

  async function ask<T>(schema: z.ZodType<T>, path: string, body?: unknown): Promise<Answer<T>> {
    try {
      const response = await fetch(`${base}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers,
        // A key must not follow to wherever somebody points.
        redirect: 'manual',
        signal,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const value = parse(await response.text());
      if (response.ok) return answered(schema, value);
      const refusal = Refusal.safeParse(value);
      const said = refusal.success ? refusal.data.error.message.slice(0, mostSaid) : '';
      return { outcome: 'refused', status: response.status, said };
    } catch (error) {
      return unreachable(error);
    }
  }

  const found = await ask(Models, '/v1/models?limit=5');
  if (found.outcome !== 'answered') return { models: found };
  const models = found.value.data.map(({ id }) => id);
  const [model] = models;
  if (model === undefined) return { models: { outcome: 'answered', value: models } };
  const question = { model, messages: [{ role: 'user', content: 'Hello' }] };
  const counted = await ask(Counted, '/v1/messages/count_tokens', question);
  return {
    models: { outcome: 'answered', value: models },
    counted:
      counted.outcome === 'answered' ? { outcome: 'answered', value: counted.value.input_tokens } : counted,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
