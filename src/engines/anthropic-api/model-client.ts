import Anthropic from '@anthropic-ai/sdk';
import { cacheMarker, MarkableRequest, markNewestMessages, type PlaceMarkers } from './cache-markers.ts';

export interface ModelAccess {
  /** Base address of the Messages API, or of the proxy in front of it. */
  baseUrl: string;
  apiKey: string;
  /** How long the prompt cache keeps what is written; five minutes when absent. */
  cacheLife?: '5m' | '1h' | undefined;
  /** Where the prompt-cache markers go. */
  placeMarkers?: PlaceMarkers | undefined;
  /** How often a request is tried again that the provider was too busy for, or could not be reached with. */
  maxRetries?: number | undefined;
}

/** As many as the CLI makes, with up to eight seconds between them, or what the provider asks for. */
const usualRetries = 10;

/** An answer that has not begun by then will not come. */
const answerMs = 10 * 60_000;

/**
 * The SDK's client. Markers are put on a copy of each request on its way out: a conversation that holds them would be
 * written to the prompt cache in another form with each request.
 */
export function modelClient(access: ModelAccess): Anthropic {
  const { baseUrl, apiKey, cacheLife, placeMarkers = markNewestMessages, maxRetries = usualRetries } = access;
  const marker = cacheMarker(cacheLife);
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
        const marked = withMarkers(request.body, (body) => placeMarkers(body, marker));
        return next(marked === undefined ? request : { ...request, body: marked });
      },
    ],
  });
}

/** The request with its markers; undefined for what is no request for a message. */
function withMarkers(
  body: unknown,
  place: (request: MarkableRequest) => MarkableRequest,
): string | undefined {
  if (typeof body !== 'string') return undefined;
  const json: unknown = JSON.parse(body);
  // Not what zod gives back: fields that it moved would be another prefix.
  if (!MarkableRequest.safeParse(json).success) return undefined;
  return JSON.stringify(place(json as MarkableRequest));
}
