import { createServer, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';

/** A provider of models as the CLI knows it, in front of the simulated Messages API. */
export interface ModelGateway {
  url: string;
  /** Path and headers of each request. */
  seen: { path: string; headers: IncomingHttpHeaders }[];
  close(): Promise<void>;
}

/** Takes the paths of Bedrock and Vertex, and streams as they do. */
export async function startModelGateway(modelUrl: string): Promise<ModelGateway> {
  const seen: ModelGateway['seen'] = [];
  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    seen.push({ path, headers: request.headers });
    const bedrock = /^\/model\/([^/]+)\/invoke-with-response-stream$/.exec(path)?.[1];
    const vertex = /\/models\/([^/:]+):streamRawPredict$/.exec(path)?.[1];
    const named = bedrock ?? vertex;
    const body = JSON.parse(await text(request));
    const answer = await fetch(`${modelUrl}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': 'behind', 'content-type': 'application/json' },
      body: JSON.stringify(
        named === undefined ? body : { ...body, model: decodeURIComponent(named), stream: true },
      ),
    });
    const events = await answer.text();
    if (bedrock === undefined) {
      response
        .writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' })
        .end(events);
      return;
    }
    response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' });
    for (const [, data = ''] of events.matchAll(/^data: (.*)$/gm)) response.write(frameOf(data));
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    seen,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html describes the encoding. */
function frameOf(data: string): Buffer {
  const payload = Buffer.from(JSON.stringify({ bytes: Buffer.from(data).toString('base64') }));
  const headers = Buffer.concat(
    Object.entries({
      ':event-type': 'chunk',
      ':content-type': 'application/json',
      ':message-type': 'event',
    }).flatMap(([name, value]) => [
      Buffer.from([name.length]),
      Buffer.from(name),
      Buffer.from([7, 0, value.length]),
      Buffer.from(value),
    ]),
  );
  const prelude = Buffer.alloc(8);
  prelude.writeUInt32BE(16 + headers.length + payload.length, 0);
  prelude.writeUInt32BE(headers.length, 4);
  const begun = Buffer.concat([prelude, checksum(prelude), headers, payload]);
  return Buffer.concat([begun, checksum(begun)]);
}

function checksum(bytes: Buffer): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes), 0);
  return sum;
}
