import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { App, Octokit } from 'octokit';
import { type ActionsJob, createActionsJobs, pageOf } from './actions-jobs.ts';
import { createAmend } from './amend.ts';
import { announceRun } from './announce.ts';
import { startEmulator } from './emulator.ts';
import { commitFolder, headOf, initBare } from './git.ts';
import { createIdentities } from './identities.ts';
import { numberAt, objectAt } from './json.ts';
import { createMirror } from './mirror.ts';
import { people as defaultPeople, type Person } from './people.ts';
import { createProxy } from './proxy.ts';
import { createPullRequests } from './pull-requests.ts';
import { createReactions } from './reactions.ts';
import { defaultSettings, type Settings } from './settings.ts';
import { createRelay, type Delivery } from './webhook-relay.ts';
import { createWorkflowRuns, type WorkflowRun } from './workflow-runs.ts';
import type { World } from './world.ts';

export type GitHubOptions = {
  /** Folder whose files become the first commit on `main`. */
  repositorySource: string;
  /** `acme/shop` unless it says otherwise. */
  repository?: { owner: string; name: string };
  /** Private by default: then reading needs a token too. */
  private?: boolean;
  /** Permissions that the App was not granted. */
  without?: readonly string[];
  people?: readonly Person[];
  /** Slug of the App; its comments are written by `<slug>[bot]`. */
  appSlug?: string;
  /** Webhook events that the App subscribes to. */
  events?: string[];
  /** Port of the public address; 0, the default, takes a free one. */
  port?: number;
};

const defaultEvents = [
  'issue_comment',
  'issues',
  'pull_request',
  'pull_request_review',
  'pull_request_review_comment',
  'workflow_run',
];

const permissions = {
  actions: 'write',
  checks: 'read',
  contents: 'write',
  issues: 'write',
  metadata: 'read',
  pull_requests: 'write',
  statuses: 'read',
  workflows: 'write',
};

/** A simulated GitHub on loopback, ready to be used by octokit, Probot and git. */
export type GitHub = Awaited<ReturnType<typeof startGitHub>>;

/**
 * Starts the simulated GitHub: the npm package `emulate` behind a proxy that adds what it lacks, and a real
 * git host on the same address. Everything it makes is gone after `close()`.
 */
export async function startGitHub(options: GitHubOptions) {
  const { owner, name } = options.repository ?? { owner: 'acme', name: 'shop' };
  const slug = options.appSlug ?? 'dexter';
  const people = options.people ?? defaultPeople;
  const app = { id: 1001, slug, installationId: 5001, webhookSecret: randomBytes(24).toString('hex') };
  const client = { id: 'Iv23simulated', secret: randomBytes(20).toString('hex') };
  const isPrivate = options.private ?? true;
  const hookPath = randomBytes(16).toString('hex');
  const folder = await mkdtemp(join(tmpdir(), 'dexter-demo-github-'));
  const directory = join(folder, owner, `${name}.git`);

  let listener: ReturnType<typeof getRequestListener> | undefined;
  const server = createServer((request, response) => {
    if (listener) return void listener(request, response);
    response.writeHead(503).end('The simulation is starting.');
  });
  // Clients keep connections for longer than Node's 5 s; a reused one must not meet its end.
  server.keepAliveTimeout = 120_000;
  const closing: (() => Promise<unknown>)[] = [
    () => rm(folder, { recursive: true, force: true }),
    async () => {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  ];
  const close = async () => {
    for (const step of closing.splice(0).reverse()) await step();
  };

  try {
    server.listen(options.port ?? 0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const url = `http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}`;
    const emulator = await startEmulator({
      publicUrl: url,
      owner,
      name,
      private: isPrivate,
      people,
      app: {
        ...app,
        webhookUrl: `${url}/_simulation/hooks/${hookPath}`,
        permissions: Object.fromEntries(
          Object.entries(permissions).filter(([permission]) => !options.without?.includes(permission)),
        ),
        events: options.events ?? defaultEvents,
      },
    });
    closing.push(() => emulator.close());

    await mkdir(directory, { recursive: true });
    await initBare(directory);
    const identities = createIdentities(`${slug}[bot]`);
    for (const [login, token] of emulator.tokens) identities.addPerson(token, login);
    const pulls = createPullRequests(emulator, directory, owner, name);
    const reactions = createReactions();
    const reviewOf = new Map<number, number>();
    const amend = createAmend({ pulls, reactions, reviewOf, app });
    const relay = createRelay({
      secret: app.webhookSecret,
      appId: app.id,
      installationId: app.installationId,
      amend,
    });
    closing.push(() => relay.close());
    const mirror = createMirror(emulator, directory, owner, name);
    const runs = createWorkflowRuns(directory);
    const jobs = createActionsJobs();
    const settings: Settings = defaultSettings();
    const resolvedThreads = new Set<number>();

    await commitFolder(directory, options.repositorySource, join(folder, 'index'));
    const main = (await headOf(directory, 'main')) ?? null;
    await mirror.toEmulator([{ ref: 'refs/heads/main', before: null, after: main }], emulator.ownToken);
    for (const { login, role } of people) {
      const permission = { admin: 'admin', write: 'push', read: 'pull' }[role];
      await emulator.request('PUT', `/repos/${owner}/${name}/collaborators/${login}`, emulator.ownToken, {
        permission,
      });
    }
    const repository = await emulator.request('GET', `/repos/${owner}/${name}`, emulator.ownToken);
    const repositoryId = numberAt(repository.body, 'id');

    const world: World = {
      url,
      owner,
      name,
      private: isPrivate,
      hookPath,
      directory,
      emulator,
      people,
      client,
      installation: { id: app.installationId, appId: app.id, slug },
      identities,
      pulls,
      reactions,
      reviewOf,
      resolvedThreads,
      runs,
      settings,
      jobs,
      statuses: new Map(),
      relay,
      mirror,
      amend,
      exclusively: createLock(),
    };
    const proxy = createProxy(world);
    listener = getRequestListener(proxy.fetch);

    const credentials = { ...app, client, privateKey: emulator.privateKey };
    await makeBot(url, credentials);

    return {
      /** Serves the REST API, git (`<url>/<owner>/<name>.git`) and the pages. */
      url,
      /** Base address of the REST API; the same as `url`. */
      apiUrl: url,
      app: credentials,
      repository: {
        id: repositoryId,
        ownerId: numberAt(objectAt(repository.body, 'owner'), 'id'),
        owner,
        name,
        private: isPrivate,
        cloneUrl: `${url}/${owner}/${name}.git`,
      },
      /** The bare repository. */
      gitDirectory: directory,
      /** Where webhooks go from now on; those before it are in the delivery log, undelivered. */
      setWebhookTarget: (target: string): void => relay.setTarget(target),
      /** octokit as a person; it neither waits between writes nor tries again. */
      as(login: string): Octokit {
        return new Octokit({ ...octokitOptions(url), auth: tokenOf(login) });
      },
      /** Token of a person, for git. */
      tokenOf,
      /** What administrators set up; changes count at once. */
      settings,
      /** How often a person is signed in to the App. */
      signIns: (login: string): number => identities.signIns(login),
      /** Ends every sign-in of a person to the App. */
      endSignIns: (login: string): void => identities.revokeAll(login),
      /** Every webhook so far, oldest first. */
      deliveries: (): readonly Delivery[] => relay.deliveries,
      /** Resolves when no webhook is under way. */
      settled: (): Promise<void> => relay.settled(),
      /** Workflow runs that were dispatched, oldest first. */
      workflowRuns: (): readonly WorkflowRun[] => runs.runs,
      /** Records a job of a workflow of the repository as ended, with its check. */
      async recordJob(job: {
        commit: string;
        name: string;
        conclusion: string;
        log: string;
        workflow?: string;
        title?: string;
        summary?: string;
      }): Promise<ActionsJob> {
        const { title, summary, workflow = 'ci.yml', ...rest } = job;
        const added = jobs.add({ ...rest, workflow });
        const check = {
          name: job.name,
          head_sha: job.commit,
          status: 'completed',
          conclusion: job.conclusion,
          details_url: pageOf(added, `${url}/${owner}/${name}`),
          output: { title: title ?? null, summary: summary ?? null },
        };
        const path = `/repos/${owner}/${name}/check-runs`;
        const { status } = await emulator.request('POST', path, emulator.ownToken, check);
        if (status !== 201) throw new Error(`the check was not taken (HTTP ${status})`);
        return added;
      },
      /** Resolves the review thread that a comment began: the REST API cannot. */
      resolveThread: (firstComment: number): void => void resolvedThreads.add(firstComment),
      /** Lets a runner begin a dispatched run. */
      beginRun(id: number): void {
        runOf(id).status = 'in_progress';
      },
      /** Tells the App that it was installed on repositories, as GitHub does; on its own one by default. */
      install(
        event: 'installation.created' | 'installation_repositories.added' = 'installation.created',
        repositories: { id: number; owner: string; name: string }[] = [{ id: repositoryId, owner, name }],
      ): void {
        const [name = '', action = ''] = event.split('.');
        const list = repositories.map((one) => ({
          id: one.id,
          name: one.name,
          full_name: `${one.owner}/${one.name}`,
          private: isPrivate,
        }));
        const member = name === 'installation' ? 'repositories' : 'repositories_added';
        relay.send(name, { action, [member]: list });
      },
      /** Ends a dispatched run as a runner or a person would, and tells the App unless that event is lost. */
      async completeRun(
        id: number,
        conclusion: 'success' | 'failure' | 'cancelled' | 'timed_out' | 'startup_failure' | 'skipped',
        { isTold = true } = {},
      ): Promise<void> {
        const run = runOf(id);
        runs.complete(run, conclusion);
        if (isTold) await announceRun(world, run);
      },
      /** What an administrator disabled: Actions as a whole, and single workflows by their files. */
      disabled: runs.disabled,
      close,
    };

    function runOf(id: number): WorkflowRun {
      const run = runs.find(id);
      if (!run) throw new Error(`no workflow run ${id}`);
      return run;
    }

    function tokenOf(login: string): string {
      const token = emulator.tokens.get(login);
      if (!token) throw new Error(`nobody is called ${login} in the simulated organisation`);
      return token;
    }
  } catch (error) {
    await close();
    throw error;
  }
}

function octokitOptions(url: string) {
  return { baseUrl: url, throttle: { enabled: false }, retry: { enabled: false }, log: silent };
}

const ignore = (): void => undefined;
const silent = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** On GitHub the App's own user exists from the start; the emulator makes it at its first write. */
async function makeBot(
  url: string,
  app: { id: number; privateKey: string; installationId: number },
): Promise<void> {
  const asApp = new App({
    appId: app.id,
    privateKey: app.privateKey,
    Octokit: Octokit.defaults(octokitOptions(url)),
  });
  const octokit = await asApp.getInstallationOctokit(app.installationId);
  const { data } = await octokit.request('GET /installation/repositories');
  const [repository] = data.repositories;
  if (!repository) throw new Error('the App is not installed on the simulated repository');
  const { owner, name } = { owner: repository.owner.login, name: repository.name };
  await octokit.rest.git.createBlob({ owner, repo: name, content: '' });
}

/** Work in the order in which it was asked for, one at a time. */
function createLock() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
}
