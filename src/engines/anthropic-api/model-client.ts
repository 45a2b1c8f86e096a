import Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { type CacheableRequest, chooseMarkers, type MarkerStrategy } from '../../prompt-cache/strategies.ts';

export interface ModelAccess {
  /** Base address of the Messages API, or of the proxy in front of it. */
  baseUrl: string;
  apiKey: string;
  /** How long the prompt cache keeps what is written; five minutes when absent. */
  cacheLife?: '5m' | '1h' | undefined;
  /** Where the prompt-cache markers go; where it costs least when absent: docs/prompt-cache.md. */
  markers?: MarkerStrategy | undefined;
  /** How often a request is tried again that the provider was too busy for, or could not be reached with. */
  maxRetries?: number | undefined;
}

/** Puts the markers on a request; gives a new one, and leaves the other as it is. */
export type Mark = typeof chooseMarkers<CacheableRequest>;

const Block = z.looseObject({ type: z.string().optional() });

/** A request to the Messages API, as far as markers go on it. */
const MessagesRequest = z.looseObject({
  model: z.string(),
  system: z.array(Block).optional(),
  tools: z.array(Block).optional(),
  messages: z
    .array(z.looseObject({ role: z.string(), content: z.union([z.string(), z.array(Block)]) }))
    .min(1),
});

/** As many as the CLI makes, with up to eight seconds between them, or what the provider asks for. */
const usualRetries = 10;

/** An answer that has not begun by then will not come. */
const answerMs = 10 * 60_000;

/**
 * The SDK's client. Markers are put on a copy of each request on its way out: a conversation that holds them would be
 * written to the prompt cache in another form with each request.
 */
export function modelClient(access: ModelAccess, mark: Mark = chooseMarkers): Anthropic {
  const { baseUrl, apiKey, cacheLife: lifetime, markers: strategy, maxRetries = usualRetries } = access;
  const options = { ...(lifetime && { lifetime }), ...(strategy && { strategy }) };
  return new Anthropic({
    apiKey,
    // Null, or the SDK looks for one in the environment of this process.
    authToken: null,
    baseURL: baseUrl,
    maxRetries,
    timeout: answerMs,
    logLevel: 'off',
    middleware: [
      async (request, next) => {
        const marked = withMarkers(request.body, (body) => mark(body, options));
        return next(marked === undefined ? request : { ...request, body: marked });
      },
    ],
  });
}

/** The request with its markers; undefined for what is no request for a message. */
function withMarkers(
  body: unknown,
  place: (request: CacheableRequest) => CacheableRequest,
): string | undefined {
  if (typeof body !== 'string') return undefined;
  const json: unknown = JSON.parse(body);
  // Not what zod gives back: fields that it moved would be another prefix.
  if (!MessagesRequest.safeParse(json).success) return undefined;
  return JSON.stringify(place(json as CacheableRequest));
}
