import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { execa } from 'execa';
import type { GitHub } from '../../demo/github/start-github.ts';
import type { WorkflowRun } from '../../demo/github/workflow-runs.ts';
import type { Issuer } from '../app/issuer.ts';
import { pathForTools } from '../fakes/real-claude.ts';
import { git } from '../fakes/repository.ts';
import { root } from './workflow-files.ts';

const reusableText = await readFile(join(root, '.github/workflows/dexter.yml'), 'utf8');

export interface ActOptions {
  /** The program. https://nektosact.com */
  program: string;
  /** Directory of everything that it writes; each runner of a test has its own, but for the cache. */
  directory: string;
  /** Where its cache server keeps entries. */
  cacheDirectory: string;
  github: GitHub;
  issuer: Issuer;
  /** Text of the workflow that the repository has. */
  workflow: string;
  run: WorkflowRun;
  secrets: Record<string, string>;
}

/**
 * Has act run a dispatched run, as a runner would: without containers, with the action and the reusable workflow
 * as they stand here, in place of the commits that they are pinned to. What act lacks and GitHub's runners have is
 * added: a token for the cache, and an issuer of OIDC tokens.
 */
export async function runWithAct(
  options: ActOptions,
): Promise<{ exitCode: number | undefined; log: string }> {
  const { directory, github, run, workflow } = options;
  const { owner, name } = github.repository;
  const repository = join(directory, 'repository');
  const ours = join(directory, 'ours');
  const foreign = join(directory, 'foreign');
  const file = join(repository, '.github/workflows/dexter.yml');
  await mkdir(join(repository, '.github/workflows'), { recursive: true });
  await mkdir(foreign, { recursive: true });
  await writeFile(file, workflow);
  await git(repository, 'init', '--quiet', '--initial-branch', run.ref);
  await git(repository, 'add', '.');
  await git(repository, 'commit', '--quiet', '--message', 'Add Dexter');
  // act takes all of a repository along, so this is what a checkout of it needs.
  for (const part of ['.github/workflows', 'action/action.yml', 'action/dist'])
    await cp(join(root, part), join(ours, part), { recursive: true });
  await writeFile(join(directory, 'event.json'), JSON.stringify({ inputs: run.inputs }));
  await using tokens = await startTokens(options.issuer, run.inputs['command-id'] ?? '');
  await variables(join(directory, 'variables'), {
    GITHUB_SERVER_URL: github.url,
    GITHUB_API_URL: github.apiUrl,
    GITHUB_REPOSITORY: `${owner}/${name}`,
    GITHUB_RUN_ID: String(run.id),
    GITHUB_REF: `refs/heads/${run.ref}`,
    ACTIONS_RUNTIME_TOKEN: randomBytes(16).toString('hex'),
    ACTIONS_ID_TOKEN_REQUEST_URL: tokens.url,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: tokens.requestToken,
  });
  await variables(join(directory, 'secrets'), options.secrets);
  // Whether a step is left out or not, a runner fetches its action first.
  await writeFile(join(foreign, 'action.yml'), stubAction);
  await writeFile(join(foreign, 'index.js'), "throw new Error('a step that is left out was run');");

  const { exitCode, all } = await execa(
    options.program,
    [
      'workflow_dispatch',
      ...['--workflows', file, '--eventpath', join(directory, 'event.json'), '--directory', repository],
      ...['--platform', 'self-hosted=-self-hosted'],
      ...['--env-file', join(directory, 'variables'), '--secret-file', join(directory, 'secrets')],
      ...['--cache-server-path', options.cacheDirectory, '--cache-server-addr', '127.0.0.1'],
      ...['--artifact-server-addr', '127.0.0.1'],
      ...localRepositories(workflow, ours, foreign).flatMap((one) => ['--local-repository', one]),
    ],
    {
      cwd: directory,
      extendEnv: false,
      env: { PATH: pathForTools, HOME: directory, XDG_CACHE_HOME: join(directory, 'cache'), NO_COLOR: '1' },
      reject: false,
      all: true,
    },
  );
  return { exitCode, log: all };
}

const stubAction = `name: Not here
description: Stands in for an action that the run leaves out
runs:
  using: node24
  main: index.js
`;

/** Where act finds what the workflows use. */
function localRepositories(workflow: string, ours: string, foreign: string): string[] {
  const pinned = (text: string) => [...text.matchAll(/uses: ([\w.-]+\/[\w.-]+)[\w./-]*@([0-9a-f]{40})/g)];
  return [...pinned(workflow), ...pinned(reusableText)].map(
    ([, repository, commit]) =>
      `${repository}@${commit}=${repository === 'dexter-app/dexter' ? ours : foreign}`,
  );
}

/** In the form that act reads: one line each, and these values need no quoting. */
async function variables(file: string, values: Record<string, string>): Promise<void> {
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(file, lines.join(''), { mode: 0o600 });
}

/** What a job asks for its OIDC token. https://docs.github.com/en/actions/reference/security/oidc */
async function startTokens(issuer: Issuer, commandId: string) {
  const requestToken = randomBytes(16).toString('hex');
  const server = createServer((request, response) => {
    const audience = new URL(request.url ?? '/', 'http://loopback').searchParams.get('audience');
    if (request.headers.authorization !== `Bearer ${requestToken}` || audience === null) {
      response.writeHead(401).end();
      return;
    }
    issuer.tokenFor(commandId, audience).then(
      (value) => response.setHeader('content-type', 'application/json').end(JSON.stringify({ value })),
      () => response.writeHead(500).end(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = address && typeof address === 'object' ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/token?api-version=2.0`,
    requestToken,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
