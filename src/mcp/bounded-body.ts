interface BodyEvents {
  tooLong(problem: string): void;
  /** The body ended as it should, and had no event that the stream could be resumed from. */
  ended(): void;
}

/**
 * The same response, which fails as soon as one message in it is longer than `maxBytes`: the whole body of a plain
 * answer, one event of a stream.
 */
export function boundedBody(response: Response, maxBytes: number, events: BodyEvents): Response {
  if (response.body === null) return response;
  const isStream = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '');
  let bytes = 0;
  let wasLineEnd = false;
  let canResume = false;
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      for (const byte of chunk) {
        bytes += 1;
        if (bytes > maxBytes) {
          const problem = `The MCP server sent a message of more than the ${maxBytes} bytes that one may have.`;
          events.tooLong(problem);
          controller.error(new Error(problem));
          return;
        }
        // An empty line ends an event; a carriage return before the line feed is no content.
        if (isStream && byte === lineFeed) {
          if (wasLineEnd) bytes = 0;
          wasLineEnd = true;
        } else if (byte !== carriageReturn) wasLineEnd = false;
      }
      if (isStream && !canResume) canResume = eventId.test(new TextDecoder().decode(chunk));
      controller.enqueue(chunk);
    },
    flush() {
      if (isStream && !canResume) events.ended();
    },
  });
  const { status, statusText, headers } = response;
  return new Response(response.body.pipeThrough(counted), { status, statusText, headers });
}

const lineFeed = 10;
const carriageReturn = 13;
const eventId = /(?:^|\n)id:/;
