import { randomUUID } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { messageOf } from '../core/errors.ts';
import { serverIdentity } from './cache-key.ts';
import { cachingProxy } from './caching-proxy.ts';
import { connectHttpServer } from './http-server.ts';
import { idInEnds } from './id-in-ends.ts';
import { errorText, readMessage } from './message.ts';
import type { LogOperation } from './operation-log.ts';
import { type PrimedKey, primeFrom } from './prime-file.ts';
import { readLines } from './read-lines.ts';
import { type CacheLimits, responseCache } from './response-cache.ts';
import { mcpStats, writeStats } from './stats-file.ts';
import { startStdioServer } from './stdio-server.ts';
import { type ToolRules, toolPolicy } from './tool-policy.ts';
import type { ServerEvents, WrappedServer } from './wrapped-server.ts';

/** How the wrapped server is reached. */
export type ServerTarget =
  | { kind: 'stdio'; command: string; args: readonly string[] }
  | { kind: 'http'; url: URL; headers: Readonly<Record<string, string>> };

export interface ProxyRun {
  /** Of the server in the MCP configuration. */
  name: string;
  target: ServerTarget;
  rules: ToolRules;
  limits: CacheLimits;
  maxMessageBytes: number;
  primeFile?: string;
  statsFile?: string;
  /** Of the command that the client works on: each line of the log has it. */
  commandId?: string;
}

/** What the proxy has of the world. */
export interface ProxyWorld {
  /** From the client. */
  input: Readable;
  /** To the client, and to nobody else. */
  output: Writable;
  /** A line on standard error. */
  tell: (line: string) => void;
  /** The whole environment of a wrapped process. */
  env: Readonly<Record<string, string | undefined>>;
  /** Calls `handle` at each signal that asks this process to end; answers how to stop that. */
  onSignal: (handle: (signal: NodeJS.Signals) => void) => () => void;
}

/** The end of a session, and why. */
type Ending =
  | { kind: 'client-gone' }
  | { kind: 'signal'; signal: NodeJS.Signals }
  | { kind: 'server-gone'; problem: string; exitCode?: number };

const signalNumbers: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

/**
 * Clients kill a server that has not ended half a second after SIGTERM, and who is killed cleans nothing up: what
 * hears a signal has less than that.
 */
const signalGrace = { inputMs: 250, terminateMs: 100 };
const usualGrace = { inputMs: 2_000, terminateMs: 2_000 };

/**
 * One session: from the client's first message to the end of the client, of the server, or a signal. Answers the
 * exit code: 0 when the client left, otherwise not.
 * @throws AppError `input-invalid` when the server cannot be started.
 */
export async function runProxy(run: ProxyRun, world: ProxyWorld): Promise<number> {
  const ids = run.commandId === undefined ? {} : { commandId: run.commandId };
  const log: LogOperation = (operation) => world.tell(JSON.stringify({ ...operation, ...ids }));
  const warn = (problem: string) =>
    world.tell(
      JSON.stringify({
        level: 'warn',
        event: 'mcp_proxy_problem',
        problem,
        timestamp: new Date().toISOString(),
        ...ids,
      }),
    );
  const identity = serverIdentity(run.name, targetParts(run.target));
  const cache = responseCache(run.limits, log);
  const { stored: primed, keyOf: primedKey } = await prime(run, identity, cache, warn);
  const ending = Promise.withResolvers<Ending>();
  const grace = { ...usualGrace };
  const stopListening = world.onSignal((signal) => {
    Object.assign(grace, signalGrace);
    server?.signal(signal);
    ending.resolve({ kind: 'signal', signal });
  });
  // A signal may come before there is one.
  let server: WrappedServer | undefined;

  const toClient = (text: string): void => void world.output.write(`${text}\n`);
  let sending = Promise.resolve();
  const proxy = cachingProxy({
    identity,
    policy: toolPolicy(run.rules),
    cache,
    primedKey,
    toClient,
    toServer: (text) => {
      sending = sending.then(() => server?.send(text)).catch((error: unknown) => warn(messageOf(error)));
    },
    newId: () => `dexter-${randomUUID()}`,
    now: Date.now,
  });
  const events: ServerEvents = {
    message(text) {
      const message = readMessage(text);
      if (message !== undefined) return proxy.fromServer(message);
      warn(`The MCP server wrote a line of ${text.length} characters that is no message: it was dropped.`);
    },
    problem: warn,
    unanswered(id, problem) {
      warn(problem);
      if (id === undefined || !proxy.fail(id, problem)) proxy.failOpen(problem);
    },
    ended: (problem, exitCode) =>
      ending.resolve({ kind: 'server-gone', problem, ...(exitCode === undefined ? {} : { exitCode }) }),
  };
  server = await open(run, world, events, grace);

  async function listen(): Promise<void> {
    for await (const line of readLines(world.input, run.maxMessageBytes)) {
      if (line.outcome === 'too-long') {
        const problem = `The client sent a message of ${line.bytes} bytes, more than the ${run.maxMessageBytes} that one may have: it was dropped.`;
        warn(problem);
        const id = idInEnds(line.ends);
        if (id !== undefined) toClient(errorText(id, { code: invalidRequest, message: problem }));
        continue;
      }
      if (line.text.trim() === '') continue;
      const message = readMessage(line.text);
      if (message === undefined) {
        warn(`The client wrote a line of ${line.text.length} characters that is no message: it was dropped.`);
        continue;
      }
      proxy.fromClient(message);
      // A client that writes faster than the server reads has to wait.
      await sending;
    }
  }
  world.output.once('error', () => ending.resolve({ kind: 'client-gone' }));
  listen()
    .catch((error: unknown) => warn(`What the client says cannot be read: ${messageOf(error)}.`))
    .finally(() => ending.resolve({ kind: 'client-gone' }));

  const end = await ending.promise;
  // First of all: after a signal there may be no time for more.
  if (run.statsFile !== undefined) {
    const stats = mcpStats(run.name, primed, proxy.joined(), cache.totals());
    await writeStats(run.statsFile, stats).catch((error: unknown) =>
      warn(`The totals could not be written: ${messageOf(error)}.`),
    );
  }
  if (end.kind === 'server-gone') proxy.failOpen(end.problem);
  await server.close();
  stopListening();
  world.input.destroy();
  return exitCodeOf(end, world);
}

const invalidRequest = -32600;

function exitCodeOf(end: Ending, { tell }: ProxyWorld): number {
  switch (end.kind) {
    case 'client-gone':
      return 0;
    case 'signal':
      return 128 + (signalNumbers[end.signal] ?? 0);
    case 'server-gone':
      tell(`${end.problem} Nothing is answered without it, so the proxy ends, too.`);
      return end.exitCode || 1;
  }
}

function targetParts(target: ServerTarget): string[] {
  return target.kind === 'http' ? ['http', target.url.href] : ['stdio', target.command, ...target.args];
}

async function prime(
  { primeFile, name }: ProxyRun,
  identity: string,
  cache: Parameters<typeof primeFrom>[2],
  warn: (problem: string) => void,
): Promise<{ stored: number; keyOf: PrimedKey }> {
  const nothing = { stored: 0, keyOf: () => undefined };
  if (primeFile === undefined) return nothing;
  const primed = await primeFrom(primeFile, { name, identity }, cache);
  if (primed.outcome === 'primed') return { stored: cache.totals().stored, keyOf: primed.keyOf };
  warn(`The answers in ${primeFile} cannot be used, the cache starts empty: ${primed.problem}.`);
  return nothing;
}

async function open(
  { target, maxMessageBytes }: ProxyRun,
  { env }: ProxyWorld,
  events: ServerEvents,
  grace: { inputMs: number; terminateMs: number },
): Promise<WrappedServer> {
  if (target.kind === 'http') {
    const { url, headers } = target;
    return connectHttpServer({ url, headers, maxMessageBytes }, events);
  }
  const { command, args } = target;
  return startStdioServer({ command, args, env, maxMessageBytes, grace }, events);
}
