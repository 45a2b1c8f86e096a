import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { forward } from './forward.ts';

export interface GateOptions {
  /** Address of the emulator behind. */
  upstream: URL;
  accessKeyId: string;
  region: string;
}

/**
 * Stands in front of an S3 emulator (`fauxqs` 2.4.1) and does what that leaves out:
 * - `If-Match` and `If-None-Match` of PUT, one write of a key at a time, so that of several exactly one wins
 *   (412, or 404 for `If-Match` on what does not exist)
 * - 403 `InvalidAccessKeyId` for an unknown key id, 400 `AuthorizationHeaderMalformed` for another region;
 *   signatures are not checked
 * - objects of 0 bytes
 */
export function conditionalWrites({ upstream, accessKeyId, region }: GateOptions): Server {
  const writing = new Map<string, Promise<void>>();

  /** Runs `write` when all earlier writes of the same key have ended. */
  async function inTurn(key: string, write: () => Promise<void>): Promise<void> {
    const before = writing.get(key) ?? Promise.resolve();
    const mine = before.then(write, write);
    writing.set(key, mine);
    try {
      await mine;
    } finally {
      if (writing.get(key) === mine) writing.delete(key);
    }
  }

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const refused = refusal(incoming.headers.authorization, accessKeyId, region);
    if (refused) return fail(incoming, outgoing, ...refused);
    const { pathname, searchParams } = new URL(incoming.url ?? '/', upstream);
    const isWrite = ['PUT', 'DELETE'].includes(incoming.method ?? '') && !searchParams.has('uploadId');
    if (!isWrite) return forward(incoming, outgoing, upstream);
    await inTurn(pathname, async () => {
      const { 'if-match': wanted, 'if-none-match': unwanted } = incoming.headers;
      if (incoming.method === 'PUT' && (wanted ?? unwanted) !== undefined) {
        const etag = await etagOf(incoming, upstream);
        if (wanted !== undefined && etag === undefined)
          return fail(incoming, outgoing, 404, 'NoSuchKey', 'The specified key does not exist.');
        if ((wanted !== undefined && wanted !== etag) || (unwanted !== undefined && etag !== undefined))
          return fail(
            incoming,
            outgoing,
            412,
            'PreconditionFailed',
            'At least one of the pre-conditions you specified did not hold',
          );
      }
      await forward(incoming, outgoing, upstream);
    });
  }

  return createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch(() => outgoing.destroy());
  });
}

type Refusal = [status: number, code: string, message: string];

function refusal(
  authorization: string | undefined,
  accessKeyId: string,
  region: string,
): Refusal | undefined {
  const [, keyId, inRegion] =
    /Credential=([^/,\s]+)\/\d{8}\/([^/,\s]+)\/s3\/aws4_request/.exec(authorization ?? '') ?? [];
  if (keyId === undefined) return [403, 'AccessDenied', 'Access Denied.'];
  if (keyId !== accessKeyId)
    return [403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.'];
  if (inRegion !== region)
    return [400, 'AuthorizationHeaderMalformed', `The region is wrong; expecting '${region}'.`];
  return undefined;
}

/** ETag of what is at the address of a request now; undefined when nothing is. */
async function etagOf({ url, headers }: IncomingMessage, upstream: URL): Promise<string | undefined> {
  const head = request({
    host: upstream.hostname,
    port: upstream.port,
    method: 'HEAD',
    path: new URL(url ?? '/', upstream).pathname,
    headers: { authorization: headers.authorization ?? '' },
    agent: false,
  });
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    head.once('response', resolve);
    head.once('error', reject);
    head.end();
  });
  answer.resume();
  return answer.statusCode === 200 ? answer.headers.etag : undefined;
}

function fail(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  status: number,
  code: string,
  message: string,
): void {
  // The body is read to its end, so that the connection can be used again.
  incoming.resume();
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  outgoing.writeHead(status, {
    'content-type': 'application/xml',
    'content-length': Buffer.byteLength(text),
  });
  outgoing.end(incoming.method === 'HEAD' ? undefined : text);
}
