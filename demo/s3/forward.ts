import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';

const hopByHop = ['connection', 'keep-alive', 'transfer-encoding', 'expect'];

/** Sends a request on to the server at `upstream`, and its answer back, both as they come. */
export async function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  upstream: URL,
): Promise<void> {
  const headers = { ...incoming.headers };
  for (const name of hopByHop) delete headers[name];
  // The server behind takes an empty body for none when its length stands there.
  if (incoming.method === 'PUT' && headers['content-length'] === '0') delete headers['content-length'];
  const onward = request({
    host: upstream.hostname,
    port: upstream.port,
    method: incoming.method,
    path: incoming.url,
    headers,
    agent: false,
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    onward.once('response', resolve);
    onward.once('error', reject);
  });
  outgoing.once('close', () => onward.destroy());
  // Both may fail when one of the ends goes away; the first failure is the one to report.
  const [answer] = await Promise.all([answered, pipeline(incoming, onward)]);
  const back = { ...answer.headers };
  for (const name of hopByHop) delete back[name];
  outgoing.writeHead(answer.statusCode ?? 502, back);
  await pipeline(answer, outgoing);
}
