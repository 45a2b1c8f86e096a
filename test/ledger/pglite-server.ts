import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { PGlite } from '@electric-sql/pglite';

/** https://www.postgresql.org/docs/current/protocol-message-formats.html */
const sslRequest = 80_877_103;
const asciiOf = (letter: string) => letter.charCodeAt(0);

/**
 * A server that speaks Postgres's protocol over an embedded database in memory, for several processes on one
 * database without an installation. PGlite has one session, so a connection has it for itself from its first
 * message until it is idle again: what one says never mixes with another's transaction. (The package
 * `pglite-socket` changes connections between any two messages, also between Parse and Bind.)
 */
export async function startPgliteServer() {
  const pglite = await PGlite.create('memory://');
  const sockets = new Set<Socket>();
  let last: Promise<void> = Promise.resolve();

  async function turn(): Promise<() => void> {
    const mine = Promise.withResolvers<void>();
    const before = last;
    last = mine.promise;
    await before;
    return mine.resolve;
  }

  async function serve(socket: Socket): Promise<void> {
    let release: (() => void) | undefined;
    let batch: Buffer[] = [];
    try {
      for await (const message of messagesOf(socket)) {
        if (message[0] === asciiOf('X')) break;
        batch.push(message);
        // What comes before a Sync or a simple query is answered together with it.
        if (message[0] !== asciiOf('S') && message[0] !== asciiOf('Q')) continue;
        release ??= await turn();
        const answer = await pglite.execProtocolRaw(Buffer.concat(batch));
        batch = [];
        if (isIdle(answer)) {
          release();
          release = undefined;
        }
        socket.write(answer);
      }
    } finally {
      if (release) await pglite.exec('ROLLBACK');
      release?.();
      socket.destroy();
    }
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // A process that was killed resets its connections.
    socket.on('error', () => undefined);
    serve(socket).catch(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = address && typeof address === 'object' ? address.port : 0;

  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    /** Runs statements behind the back of whoever is connected; answers with the rows of the last one. */
    async exec(statements: string) {
      const release = await turn();
      try {
        return (await pglite.exec(statements)).at(-1)?.rows ?? [];
      } finally {
        release();
      }
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await turn();
      await pglite.close();
    },
  };
}

/** Signs the client in without a question, and hands out its messages one by one. */
async function* messagesOf(socket: Socket): AsyncGenerator<Buffer> {
  let received = Buffer.alloc(0);
  let isStarted = false;
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk]);
    for (;;) {
      const header = isStarted ? 1 : 0;
      if (received.length < header + 4) break;
      const length = header + received.readInt32BE(header);
      if (received.length < length) break;
      const message = received.subarray(0, length);
      received = received.subarray(length);
      if (isStarted) yield message;
      else if (message.readInt32BE(4) === sslRequest) socket.write('N');
      else {
        isStarted = true;
        socket.write(welcome);
      }
    }
  }
}

/** AuthenticationOk, the parameters that clients look at, and ReadyForQuery. */
const welcome = Buffer.concat([
  packet('R', Buffer.from([0, 0, 0, 0])),
  packet('S', Buffer.from('server_version\x0017.0\0')),
  packet('S', Buffer.from('client_encoding\0UTF8\0')),
  packet('Z', Buffer.from('I')),
]);

function packet(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(content.length + 4, 1);
  return Buffer.concat([head, content]);
}

/** The answer ends with ReadyForQuery, whose byte says whether a transaction is open. */
function isIdle(answer: Uint8Array): boolean {
  return answer.at(-6) === asciiOf('Z') && answer.at(-1) === asciiOf('I');
}
