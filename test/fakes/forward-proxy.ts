import { createServer, request as httpRequest } from 'node:http';
import { connect } from 'node:net';

/** The proxy of a network in which nothing else leads out; every name leads to one server on this machine. */
export interface ForwardProxy {
  /** With the user and the password that it asks for. */
  url: string;
  /** Hosts that were asked for, as `GET host` or `CONNECT host:port`. */
  asked: Set<string>;
  close(): Promise<void>;
}

export async function startForwardProxy(target: string): Promise<ForwardProxy> {
  const [user, password] = ['runner', 'p@ss word'];
  const expected = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const { hostname, port } = new URL(target);
  const asked = new Set<string>();
  const server = createServer((incoming, response) => {
    if (incoming.headers['proxy-authorization'] !== expected) {
      incoming.resume();
      response.writeHead(407, { 'proxy-authenticate': 'Basic realm="proxy"' }).end();
      return;
    }
    const url = new URL(incoming.url ?? '/', 'http://nowhere.invalid');
    asked.add(`${incoming.method} ${url.host}`);
    const { 'proxy-authorization': _, 'proxy-connection': __, ...headers } = incoming.headers;
    const outgoing = httpRequest(
      { hostname, port, path: url.pathname + url.search, method: incoming.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  });
  const sockets = new Set<{ destroy(): void }>();
  server.on('connect', (incoming, socket, head) => {
    if (incoming.headers['proxy-authorization'] !== expected) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n');
      return;
    }
    asked.add(`CONNECT ${incoming.url}`);
    const onward = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    for (const each of [socket, onward]) {
      sockets.add(each);
      each.on('error', () => each.destroy()).on('close', () => sockets.delete(each));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://${user}:${encodeURIComponent(password)}@127.0.0.1:${address.port}`,
    asked,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await closed;
    },
  };
}
