import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/**
 * A server that speaks enough of Redis's protocol (RESP2) for the context cache: strings with a time to live, what
 * they take, and the scripts of the lock, known by their words. It can be made to hang, to fail and to go away, which a real one cannot.
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
export async function startFakeRedis({ port = 0, refuses = [] }: { port?: number; refuses?: string[] } = {}) {
  const values = new Map<string, { text: string; until: number }>();
  const sockets = new Set<Socket>();
  const commands: string[][] = [];
  let hangs = false;

  function read(key: string): string | undefined {
    const kept = values.get(key);
    if (kept && kept.until <= Date.now()) values.delete(key);
    return values.get(key)?.text;
  }

  function set([key = '', text = '', ...flags]: string[]): string {
    const words = flags.map((flag) => flag.toUpperCase());
    if (words.includes('NX') && read(key) !== undefined) return '$-1\r\n';
    const px = words.indexOf('PX');
    values.set(key, {
      text,
      until: px === -1 ? Number.POSITIVE_INFINITY : Date.now() + Number(flags[px + 1]),
    });
    return '+OK\r\n';
  }

  /** The script acts on a key that holds what the first argument says; which of the two it is, its text tells. */
  function runScript([script = '', , key = '', holder = '', leaseMs = '0']: string[]): string {
    if (read(key) !== holder) return ':0\r\n';
    if (script.includes('pexpire')) values.set(key, { text: holder, until: Date.now() + Number(leaseMs) });
    else values.delete(key);
    return ':1\r\n';
  }

  /** Page by page, with the number of the next key as cursor, and with one key twice: a real server may tell one again. */
  function scan([cursor = '0', ...flags]: string[]): string {
    const option = (name: string) => flags[flags.findIndex((flag) => flag.toUpperCase() === name) + 1] ?? '';
    const prefix = option('MATCH').replace(/[*]$/, '');
    const begin = Math.max(0, Number(cursor) - 1);
    const all = [...values.keys()];
    const end = Number(cursor) + Number(option('COUNT'));
    const keys = all.slice(begin, end).filter((key) => key.startsWith(prefix) && read(key) !== undefined);
    const next = end < all.length ? String(end) : '0';
    return `*2\r\n${bulk(next)}*${keys.length}\r\n${keys.map(bulk).join('')}`;
  }

  function memoryBytes(): number {
    return [...values].reduce((sum, [key, { text }]) => sum + 100 + Buffer.byteLength(key + text), 0);
  }

  function answer([name = '', ...rest]: string[]): string {
    if (refuses.includes(name.toUpperCase()))
      return `-NOPERM User default has no permissions to run the '${name}' command\r\n`;
    switch (name.toUpperCase()) {
      case 'GET': {
        const text = read(rest[0] ?? '');
        return text === undefined ? '$-1\r\n' : bulk(text);
      }
      case 'SET':
        return set(rest);
      case 'DEL':
      case 'UNLINK': {
        const gone = rest.filter((key) => read(key) !== undefined && values.delete(key));
        return `:${gone.length}\r\n`;
      }
      case 'EVAL':
        return runScript(rest);
      case 'SCAN':
        return scan(rest);
      case 'STRLEN':
        return `:${Buffer.byteLength(read(rest[0] ?? '') ?? '')}\r\n`;
      case 'INFO':
        return bulk(`# Memory\r\nused_memory:${memoryBytes()}\r\nused_memory_human:1K\r\n`);
      case 'PING':
        return '+PONG\r\n';
      case 'AUTH':
      case 'CLIENT':
      case 'SELECT':
        return '+OK\r\n';
      default:
        return `-ERR unknown command '${name}'\r\n`;
    }
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    let received = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      for (let command = readCommand(received); command; command = readCommand(received)) {
        received = received.subarray(command.bytes);
        commands.push(command.words);
        if (!hangs) socket.write(answer(command.words));
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const actualPort = address && typeof address === 'object' ? address.port : 0;

  return {
    url: `redis://127.0.0.1:${actualPort}`,
    port: actualPort,
    values,
    /** All that was asked, oldest first. */
    commands: commands as readonly (readonly string[])[],
    /** From now on it takes what is sent and answers nothing. */
    hang(): void {
      hangs = true;
    },
    async close(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A command is an array of strings, each with its length in bytes; undefined while some of it is missing. */
function readCommand(received: Buffer): { words: string[]; bytes: number } | undefined {
  let at = 0;
  const line = (): string | undefined => {
    const end = received.indexOf('\r\n', at);
    if (end === -1) return undefined;
    const text = received.toString('utf8', at, end);
    at = end + 2;
    return text;
  };
  const count = line();
  if (count === undefined) return undefined;
  const words: string[] = [];
  for (let index = 0; index < Number(count.slice(1)); index += 1) {
    const length = line();
    if (length === undefined) return undefined;
    const end = at + Number(length.slice(1));
    if (received.length < end + 2) return undefined;
    words.push(received.toString('utf8', at, end));
    at = end + 2;
  }
  return { words, bytes: at };
}

function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}
