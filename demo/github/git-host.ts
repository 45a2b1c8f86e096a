import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Context, MiddlewareHandler } from 'hono';
import { compareHeads, gitEnvironment, listHeads, moveHeads, type RefChange } from './git.ts';
import type { Caller } from './identities.ts';
import type { World } from './world.ts';

/** `/owner/name.git/info/refs` and the two services; like GitHub, the `.git` may be left out. */
const gitPath = /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)$/;

/** What a push changed, before the pusher hears that it succeeded. */
export type OnPush = (changes: RefChange[], caller: Caller) => Promise<void>;

/**
 * Git over HTTP as GitHub offers it, by the real `git http-backend`: basic authentication with a token as
 * the password, reading by whoever may read, pushing by whoever may write.
 * https://git-scm.com/docs/git-http-backend
 */
export function gitHost(world: World, onPush: OnPush): MiddlewareHandler {
  const { owner, name, emulator, identities } = world;

  /** Asks the emulator with the caller's own token whether it would let this caller read or write. */
  async function allows(caller: Caller, writes: boolean): Promise<boolean> {
    const base = `/repos/${owner}/${name}/git`;
    const answer = writes
      ? await emulator.request('POST', `${base}/blobs`, caller.token, { content: '' })
      : await emulator.request('GET', `${base}/matching-refs/heads`, caller.token);
    return answer.status < 300;
  }

  return async (c, next) => {
    const match = gitPath.exec(c.req.path);
    if (!match) return next();
    const service = match[3] === 'info/refs' ? c.req.query('service') : match[3];
    const writes = service === 'git-receive-pack';
    if (!writes && service !== 'git-upload-pack') return c.text('Please upgrade your git client.\n', 403);

    const credentials = identities.identify(c.req.header('authorization'));
    const caller = credentials.outcome === 'caller' ? credentials.caller : undefined;
    if (!caller && (credentials.outcome !== 'anonymous' || writes || world.private)) {
      return c.text('Authentication failed\n', 401, { 'WWW-Authenticate': 'Basic realm="GitHub"' });
    }
    if (match[1] !== owner || match[2] !== name) return c.text('Repository not found.\n', 404);
    if (caller && !(await allows(caller, writes))) {
      return writes
        ? c.text(`Permission to ${owner}/${name}.git denied to ${caller.login}.\n`, 403)
        : c.text('Repository not found.\n', 404);
    }
    if (match[3] !== 'git-receive-pack' || !caller) return runBackend(c, world, match[3] ?? '', caller);
    return world.exclusively(async () => {
      const before = await listHeads(world.directory);
      const response = await runBackend(c, world, 'git-receive-pack', caller);
      const body = await response.arrayBuffer();
      const changes = compareHeads(before, await listHeads(world.directory));
      try {
        await onPush(changes, caller);
      } catch (error) {
        await moveHeads(
          world.directory,
          changes.map(({ ref, before, after }) => ({ ref, before: after, after: before })),
        );
        throw error;
      }
      return new Response(body, response);
    });
  };
}

/** Runs the CGI program for one request; resolves when its headers are read, its body streams. */
async function runBackend(c: Context, world: World, service: string, caller?: Caller): Promise<Response> {
  const header = (name: string) => c.req.header(name) ?? '';
  const child = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: gitEnvironment({
      GIT_PROJECT_ROOT: dirname(dirname(world.directory)),
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: `/${world.owner}/${world.name}.git/${service}`,
      QUERY_STRING: new URL(c.req.url).search.slice(1),
      REQUEST_METHOD: c.req.method,
      CONTENT_TYPE: header('content-type'),
      CONTENT_LENGTH: header('content-length'),
      HTTP_CONTENT_ENCODING: header('content-encoding'),
      GIT_PROTOCOL: header('git-protocol'),
      REMOTE_ADDR: '127.0.0.1',
      ...(caller ? { REMOTE_USER: caller.login } : {}),
    }),
  });
  c.req.raw.signal.addEventListener('abort', () => child.kill());
  const request = c.req.raw.body;
  const sent = request
    ? pipeline(Readable.fromWeb(request), child.stdin)
    : Promise.resolve(child.stdin.end());
  // git stops reading when it has refused a push; what it answered says why.
  sent.catch(() => child.stdin.destroy());

  const { head, rest } = await readHead(child.stdout);
  const headers = new Headers();
  let status = 200;
  for (const line of head.split(/\r?\n/)) {
    const at = line.indexOf(':');
    const key = line.slice(0, at).toLowerCase();
    const value = line.slice(at + 1).trim();
    if (key === 'status') status = Number.parseInt(value, 10);
    else if (at > 0) headers.set(key, value);
  }
  return new Response(Readable.toWeb(Readable.from(rest)) as ReadableStream<Uint8Array>, { status, headers });
}

/** Splits the output of a CGI program into its header block and the body that follows. */
async function readHead(stdout: Readable): Promise<{ head: string; rest: AsyncIterable<Buffer> }> {
  const chunks = stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let seen = Buffer.alloc(0);
  for (;;) {
    const { value, done } = await chunks.next();
    if (done) throw new Error('git http-backend ended before it answered');
    seen = Buffer.concat([seen, value]);
    const end = /\r?\n\r?\n/.exec(seen.toString('latin1'));
    if (!end) continue;
    const first = seen.subarray(end.index + end[0].length);
    const body = async function* () {
      if (first.length > 0) yield first;
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
    };
    return { head: seen.subarray(0, end.index).toString('latin1'), rest: body() };
  }
}
