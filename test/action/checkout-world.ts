import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { type Checkout, prepareCheckout } from '../../action/checkout.ts';
import { commitChanges } from '../../action/commit.ts';
import { openRemote, type Remote } from '../../action/remote.ts';
import { openSessionDirectory, type SessionDirectory } from '../../action/session-directory.ts';
import { Job } from '../../src/core/job.ts';
import { type Forge, startForge, tokens } from '../fakes/forge.ts';
import { createRepository, type Repository } from '../fakes/repository.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

/** Of noise that no compression makes smaller: what a whole history costs on the way and on the disk. */
export const historyBytes = 768 * 1024;
/** Less than this is talk of refs, no objects. */
export const noObjects = 1_000;

export const committer = { name: 'dexter[bot]', email: 'dexter@example.com' };

export function refOf(issueKey: string) {
  return { installationId: 1, repositoryId: 20, issueKey };
}

function targetOf(issueKey: string) {
  const ticketUrl = `https://jira.example.com/browse/${issueKey}`;
  return { branch: `dexter/${issueKey}`, base: '', title: 'Coupons', ticketUrl, requestedBy: 'Ann' };
}

export function jobOf(issueKey: string): Job {
  return Job.parse({
    commandId: '6f1c1d1e-0000-4000-8000-000000000001',
    issueKey,
    instruction: 'implement this',
    context: '',
    session: { ...refOf(issueKey), mode: 'resume', generation: 0 },
    target: targetOf(issueKey),
    appUrl: 'http://127.0.0.1:9',
  });
}

export interface IssueRun {
  directory: SessionDirectory;
  checkout: Checkout;
  warnings: string[];
  remote: Remote;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a run knows; a run in a process of its own gets it as JSON. */
export interface RunPlace {
  workspace: string;
  temporary: string;
  url: string;
}

export interface OpenOptions {
  withMirror?: boolean;
  keepIgnored?: boolean;
  /** Where git is looked for. */
  path?: string | undefined;
}

/** The first steps of a run: its directory, and the checkout in it. */
export async function openIssue(
  { workspace, temporary, url }: RunPlace,
  issueKey: string,
  { withMirror = true, keepIgnored = true, path = process.env.PATH }: OpenOptions = {},
): Promise<IssueRun> {
  const env = { PATH: path };
  const warnings: string[] = [];
  const { signal } = new AbortController();
  const directory = await openSessionDirectory(workspace, refOf(issueKey), { repository: 'acme/shop' });
  const objectDirectory = join(directory.checkout, '.git', 'objects');
  const remote = await openRemote({
    url,
    token: tokens.github,
    objectDirectory,
    temporaryDirectory: temporary,
    signal,
    env,
  });
  const dispose = async () => {
    await remote[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  };
  try {
    const warn = (message: string) => void warnings.push(message);
    const checkout = await prepareCheckout({
      directory: directory.checkout,
      target: targetOf(issueKey),
      remote,
      env,
      keepIgnored,
      ...(withMirror ? { mirror: { directory: directory.mirror, signal, warn } } : {}),
    });
    return { directory, checkout, warnings, remote, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

export interface CheckoutWorld extends RunPlace {
  directory: string;
  repository: Repository;
  mirror: string;
  /** Bytes of git's answers since it was set to 0, headers not counted. */
  sent: number;
  /** Answers of git stop after this many bytes and hang. */
  stopsAfter: number | undefined;
  stopped: number;
  open(issueKey: string, options?: OpenOptions): Promise<IssueRun>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A repository behind HTTP, with something in between that counts and stops. */
export async function createCheckoutWorld(): Promise<CheckoutWorld> {
  const root = await temporaryDirectory();
  const gitRoot = join(root.path, 'git');
  const repository = await createRepository(gitRoot);
  await repository.commit('main', { 'history.bin': randomBytes(historyBytes / 2).toString('latin1') });
  await repository.commit('main', { 'history.bin': 'small now\n', '.gitignore': 'node_modules/\n*.log\n' });
  const forge = await startForge(gitRoot);
  const between = await startBetween(forge);
  const temporary = join(root.path, 'temp');
  await mkdir(temporary);
  const workspace = join(root.path, 'workspace');
  const world: CheckoutWorld = {
    directory: root.path,
    workspace,
    temporary,
    url: `${between.url}/acme/shop.git`,
    repository,
    mirror: join(workspace, 'mirrors', '1-20.git'),
    sent: 0,
    stopsAfter: undefined,
    stopped: 0,
    open: (issueKey, options) => openIssue(world, issueKey, options),
    async [Symbol.asyncDispose]() {
      await between.close();
      await forge.close();
      await root.remove();
    },
  };
  between.passTo(world);
  return world;
}

async function startBetween(forge: Forge) {
  let world: CheckoutWorld | undefined;
  const server = createServer((incoming, response) => {
    const { method, headers, url = '/' } = incoming;
    const onward = request(new URL(url, forge.url), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      let passed = 0;
      answer.on('data', (chunk: Buffer) => {
        if (world === undefined) return;
        const isPack = url.endsWith('/git-upload-pack');
        if (isPack) world.sent += chunk.length;
        if (!isPack || world.stopsAfter === undefined || passed + chunk.length <= world.stopsAfter) {
          passed += chunk.length;
          response.write(chunk);
        } else if (passed < world.stopsAfter) {
          response.write(chunk.subarray(0, world.stopsAfter - passed));
          passed = world.stopsAfter;
          world.stopped += 1;
        }
      });
      answer.on('end', () => {
        if (world?.stopsAfter === undefined || passed < world.stopsAfter) response.end();
      });
    });
    onward.on('error', () => response.destroy());
    incoming.on('error', () => onward.destroy());
    response.on('error', () => onward.destroy());
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    passTo: (to: CheckoutWorld) => {
      world = to;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

export const objectsIn = ({ checkout }: IssueRun) => join(checkout.directory, '.git', 'objects');

export async function packsOf(objects: string): Promise<string[]> {
  const names = await readdir(join(objects, 'pack')).catch(() => []);
  return names.filter((name) => name.endsWith('.pack')).sort();
}

export function alternatesOf(run: IssueRun): Promise<string> {
  return readFile(join(objectsIn(run), 'info/alternates'), 'utf8');
}

/** The last steps of a run. Returns the commit. */
export async function commitAndPush(run: IssueRun, issueKey: string): Promise<string> {
  const { head } = await commitChanges(run.checkout, jobOf(issueKey), committer, run.directory.home);
  await run.remote.push(head, run.checkout.branch);
  return head;
}
