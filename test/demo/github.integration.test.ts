import { createHmac, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { App, Octokit } from 'octokit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type GitHub, startGitHub } from '../../demo/github/start-github.ts';

const repo = { owner: 'acme', repo: 'shop' };

type Hook = { event: string; headers: Record<string, unknown>; raw: string; payload: Record<string, never> };

let github: GitHub;
let folder: string;
let app: Server;
const hooks: Hook[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dexter-test-github-'));
  await mkdir(join(folder, 'source/src'), { recursive: true });
  await writeFile(join(folder, 'source/README.md'), '# Shop\n');
  await writeFile(join(folder, 'source/src/cart.ts'), 'export const total = 0;\nexport const tax = 0;\n');
  github = await startGitHub({ repositorySource: join(folder, 'source') });
  app = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks).toString('utf8');
      hooks.push({
        event: String(request.headers['x-github-event']),
        headers: request.headers,
        raw,
        payload: JSON.parse(raw),
      });
      response.writeHead(202).end();
    });
  });
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
  const address = app.address();
  github.setWebhookTarget(`http://127.0.0.1:${address && typeof address === 'object' ? address.port : 0}/`);
});

afterAll(async () => {
  await github?.close();
  await new Promise((resolve) => app.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

function startFresh(options: Partial<Parameters<typeof startGitHub>[0]> = {}) {
  return startGitHub({ repositorySource: join(folder, 'source'), ...options });
}

async function installation(permissions?: Record<string, 'read' | 'write'>) {
  const quiet = { baseUrl: github.apiUrl, throttle: { enabled: false }, retry: { enabled: false } };
  const asApp = new App({
    appId: github.app.id,
    privateKey: github.app.privateKey,
    Octokit: Octokit.defaults(quiet),
  });
  const { data } = await asApp.octokit.request('POST /app/installations/{installation_id}/access_tokens', {
    installation_id: github.app.installationId,
    repository_ids: [github.repository.id],
    ...(permissions ? { permissions } : {}),
  });
  return { asApp, token: data.token, octokit: new Octokit({ ...quiet, auth: data.token }) };
}

async function git(cwd: string, ...args: string[]) {
  const person = { NAME: 'Maria', EMAIL: 'maria@acme.example' };
  return execa('git', args, {
    cwd,
    extendEnv: false,
    reject: false,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      GIT_AUTHOR_NAME: person.NAME,
      GIT_AUTHOR_EMAIL: person.EMAIL,
      GIT_COMMITTER_NAME: person.NAME,
      GIT_COMMITTER_EMAIL: person.EMAIL,
    },
  });
}

const remote = (user: string, token: string) =>
  github.repository.cloneUrl.replace('http://', `http://${user}:${token}@`);

/** A clone of its own with one commit on a new branch, pushed; answers the folder and the commit's sha. */
async function pushBranch(branch: string, token: string, content = `export const branch = '${branch}';\n`) {
  const clone = await mkdtemp(join(folder, 'clone-'));
  const cloned = await git(folder, 'clone', '--quiet', remote('x-access-token', token), clone);
  expect(cloned.stderr).toBe('');
  await git(clone, 'checkout', '--quiet', '-b', branch);
  const sha = await pushAgain(clone, branch, 'src/new.ts', content);
  return { clone, sha };
}

async function pushAgain(clone: string, branch: string, file: string, content: string) {
  await writeFile(join(clone, file), content);
  await git(clone, 'add', '--all');
  await git(clone, 'commit', '--quiet', '-m', `Change ${file}`);
  const pushed = await git(clone, 'push', '--quiet', 'origin', branch);
  expect(pushed.exitCode, pushed.stderr).toBe(0);
  return (await git(clone, 'rev-parse', 'HEAD')).stdout;
}

async function hook(matches: (hook: Hook) => boolean): Promise<Hook> {
  await github.settled();
  const found = hooks.findLast(matches);
  if (!found) throw new Error(`no such webhook among ${hooks.map((one) => one.event).join(', ')}`);
  return found;
}

describe('identity', () => {
  it('refuses a token that nobody was given', async () => {
    const stranger = new Octokit({
      baseUrl: github.apiUrl,
      auth: 'ghp_unknown',
      throttle: { enabled: false },
    });
    await expect(stranger.rest.repos.get(repo)).rejects.toMatchObject({ status: 401 });
    await expect(stranger.rest.users.getAuthenticated()).rejects.toMatchObject({ status: 401 });
  });

  it('hides a private repository from whoever shows no token', async () => {
    const response = await fetch(`${github.apiUrl}/repos/acme/shop`);
    expect(response.status).toBe(401);
  });

  it.each([
    ['maria', 'admin', 'admin'],
    ['rob', 'write', 'write'],
    ['guest', 'read', 'read'],
    ['ghost', 'none', 'none'],
  ])('says that the permission of %s is %s', async (username, permission, role_name) => {
    const { octokit } = await installation();
    const { data } = await octokit.rest.repos.getCollaboratorPermissionLevel({ ...repo, username });
    expect(data).toMatchObject({ permission, role_name, user: { login: username } });
  });

  it('does not know the permission of a person who does not exist', async () => {
    const { octokit } = await installation();
    const asked = octokit.rest.repos.getCollaboratorPermissionLevel({ ...repo, username: 'nobody' });
    await expect(asked).rejects.toMatchObject({ status: 404 });
  });

  it('mints installation tokens that can do no more than they were asked for', async () => {
    const { octokit } = await installation({ metadata: 'read', contents: 'read', issues: 'read' });
    expect((await octokit.rest.repos.get(repo)).data.full_name).toBe('acme/shop');
    const { data: issue } = await github.as('maria').rest.issues.create({ ...repo, title: 'A ticket' });
    const comment = { ...repo, issue_number: issue.number, body: 'no' };
    await expect(octokit.rest.issues.createComment(comment)).rejects.toMatchObject({ status: 403 });
    const reaction = { ...repo, issue_number: issue.number, content: 'eyes' } as const;
    await expect(octokit.rest.reactions.createForIssue(reaction)).rejects.toMatchObject({ status: 403 });
  });

  it('lets a token write workflows only when it may', async () => {
    const path = '.github/workflows/ci.yml';
    const tree = [{ path, mode: '100644' as const, type: 'blob' as const, content: 'on: push' }];
    const [may, mayNot] = [
      await installation({ contents: 'write', workflows: 'write' }),
      await installation({ contents: 'write' }),
    ];
    expect((await may.octokit.rest.git.createTree({ ...repo, tree })).status).toBe(201);
    await expect(mayNot.octokit.rest.git.createTree({ ...repo, tree })).rejects.toMatchObject({
      status: 403,
    });
  });

  it('lists the repositories of the installation', async () => {
    const { asApp } = await installation();
    const octokit = await asApp.getInstallationOctokit(github.app.installationId);
    const { data } = await octokit.request('GET /installation/repositories');
    expect(data.repositories.map((one) => one.full_name)).toEqual(['acme/shop']);
  });

  it('knows the bot user of the App, and that it writes the comments of the App', async () => {
    const { octokit } = await installation();
    const { data: user } = await octokit.rest.users.getByUsername({ username: 'dexter[bot]' });
    expect(user).toMatchObject({ login: 'dexter[bot]', type: 'Bot' });
    const { data: issue } = await github.as('maria').rest.issues.create({ ...repo, title: 'Another' });
    const { data: comment } = await octokit.rest.issues.createComment({
      ...repo,
      issue_number: issue.number,
      body: 'On it',
    });
    expect(comment.user).toMatchObject({ login: 'dexter[bot]', type: 'Bot', id: user.id });
    expect(comment.performed_via_github_app).toMatchObject({ id: github.app.id, slug: 'dexter' });
  });
});

describe('git', () => {
  it('refuses to clone or push without a token, and a push of somebody who may only read', async () => {
    expect((await git(folder, 'ls-remote', github.repository.cloneUrl)).exitCode).not.toBe(0);
    expect((await git(folder, 'ls-remote', remote('x-access-token', 'ghs_wrong'))).stderr).toContain(
      'Authentication failed',
    );
    expect((await fetch(`${github.repository.cloneUrl}/info/refs?service=git-receive-pack`)).status).toBe(
      401,
    );
    const clone = await mkdtemp(join(folder, 'clone-'));
    expect((await git(folder, 'clone', remote('guest', github.tokenOf('guest')), clone)).exitCode).toBe(0);
    await git(clone, 'commit', '--allow-empty', '-m', 'Empty');
    const pushed = await git(clone, 'push', 'origin', 'HEAD:refs/heads/mine');
    expect(pushed.stderr).toContain('403');
    const branch = github.as('maria').rest.repos.getBranch({ ...repo, branch: 'mine' });
    await expect(branch).rejects.toMatchObject({ status: 404 });
  });

  it('commits the given folder, the same way each time', async () => {
    const [one, other] = [await startFresh(), await startFresh({ private: false })];
    try {
      const { data } = await one.as('maria').rest.repos.getBranch({ ...repo, branch: 'main' });
      // The second repository is public: git reads it without a token.
      const listed = await git(folder, 'ls-remote', other.repository.cloneUrl, 'refs/heads/main');
      expect(listed.stdout).toBe(`${data.commit.sha}\trefs/heads/main`);
    } finally {
      await one.close();
      await other.close();
    }
  });

  it('shows a pushed branch and its files through the REST API with the real sha', async () => {
    const { octokit, token } = await installation();
    const { sha } = await pushBranch('dexter/SHOP-1-files', token, 'export const answer = 42;\n');
    const { data: branch } = await octokit.rest.repos.getBranch({ ...repo, branch: 'dexter/SHOP-1-files' });
    expect(branch.commit.sha).toBe(sha);
    const { data: file } = await octokit.rest.repos.getContent({ ...repo, path: 'src/new.ts', ref: sha });
    const content = 'content' in file ? Buffer.from(file.content, 'base64').toString() : '';
    expect(content).toBe('export const answer = 42;\n');
  });

  it('takes a push that is larger than what git sends in one piece', async () => {
    const { octokit, token } = await installation();
    const content = randomBytes(1_500_000).toString('hex');
    const { sha } = await pushBranch('dexter/SHOP-9-large', token, content);
    const { data: branch } = await octokit.rest.repos.getBranch({ ...repo, branch: 'dexter/SHOP-9-large' });
    expect(branch.commit.sha).toBe(sha);
  });

  it('refuses a push that it cannot show with the real sha, and forgets it', async () => {
    const { octokit, token } = await installation();
    const { clone } = await pushBranch('dexter/SHOP-10-odd', token);
    const commit = (await git(clone, 'cat-file', 'commit', 'HEAD')).stdout;
    await writeFile(join(clone, '.git/odd'), `${commit}, without a line end`);
    const { stdout: odd } = await git(clone, 'hash-object', '-t', 'commit', '-w', '.git/odd');
    const pushed = await git(clone, 'push', 'origin', `${odd}:refs/heads/odd`);
    expect(pushed.exitCode).not.toBe(0);
    expect(pushed.stderr).toContain('500');
    expect((await git(clone, 'ls-remote', 'origin', 'refs/heads/odd')).stdout).toBe('');
    await expect(octokit.rest.repos.getBranch({ ...repo, branch: 'odd' })).rejects.toMatchObject({
      status: 404,
    });
  });

  it('takes what the REST API writes into the repository that git serves', async () => {
    const { octokit, token } = await installation();
    const { data } = await octokit.rest.repos.createOrUpdateFileContents({
      ...repo,
      path: '.github/dexter.yml',
      message: 'Add the configuration',
      content: Buffer.from('jira: {}\n').toString('base64'),
      branch: 'main',
    });
    const clone = await mkdtemp(join(folder, 'clone-'));
    await git(folder, 'clone', '--quiet', remote('x-access-token', token), clone);
    expect((await git(clone, 'rev-parse', 'HEAD')).stdout).toBe(data.commit.sha);
    expect((await git(clone, 'show', 'HEAD:.github/dexter.yml')).stdout).toBe('jira: {}');
  });
});

describe('pull requests', () => {
  it('follow what is pushed, and the App hears of it', async () => {
    const { octokit, token } = await installation();
    const branch = 'dexter/SHOP-2-follow';
    const { clone, sha } = await pushBranch(branch, token);
    const { data: pull } = await octokit.rest.pulls.create({
      ...repo,
      title: 'Follow',
      head: branch,
      base: 'main',
    });
    expect(pull).toMatchObject({ head: { sha, ref: branch }, commits: 1, changed_files: 1, additions: 1 });
    expect(pull.user).toMatchObject({ login: 'dexter[bot]', type: 'Bot' });

    const next = await pushAgain(clone, branch, 'src/more.ts', 'export const more = true;\n');
    const one = { ...repo, pull_number: pull.number };
    expect((await octokit.rest.pulls.get(one)).data).toMatchObject({
      head: { sha: next },
      commits: 2,
      changed_files: 2,
    });
    const { data: commits } = await octokit.rest.pulls.listCommits(one);
    expect(commits.map((commit) => commit.sha)).toEqual([sha, next]);
    const files = await octokit.paginate(octokit.rest.pulls.listFiles, { ...one, per_page: 1 });
    expect(files.map((file) => [file.filename, file.status, file.additions])).toEqual([
      ['src/more.ts', 'added', 1],
      ['src/new.ts', 'added', 1],
    ]);
    expect(files[0]?.patch).toContain('+export const more = true;');

    const synchronize = await hook(
      (one) => one.event === 'pull_request' && one.raw.includes('"synchronize"'),
    );
    expect(synchronize.payload).toMatchObject({
      action: 'synchronize',
      before: sha,
      after: next,
      pull_request: { number: pull.number, head: { sha: next } },
      sender: { login: 'dexter[bot]' },
      installation: { id: github.app.installationId },
      repository: { full_name: 'acme/shop' },
    });
  });

  it('are refused for a branch that is missing, has nothing new or has one already', async () => {
    const { octokit, token } = await installation();
    const open = (head: string) => octokit.rest.pulls.create({ ...repo, title: 'Again', head, base: 'main' });
    await expect(open('no-such-branch')).rejects.toMatchObject({ status: 422 });
    await expect(octokit.rest.repos.getBranch({ ...repo, branch: 'no-such-branch' })).rejects.toMatchObject({
      status: 404,
    });
    const { clone } = await pushBranch('dexter/SHOP-3-twice', token);
    await git(clone, 'push', 'origin', 'origin/main:refs/heads/same');
    await expect(open('same')).rejects.toThrow(/No commits between main and same/);
    await open('dexter/SHOP-3-twice');
    await expect(open('acme:dexter/SHOP-3-twice')).rejects.toThrow(/already exists/);
  });

  it('are closed when their branch is deleted', async () => {
    const { octokit, token } = await installation();
    const { clone, sha } = await pushBranch('dexter/SHOP-4-gone', token);
    const { data: pull } = await octokit.rest.pulls.create({
      ...repo,
      title: 'Gone',
      head: 'dexter/SHOP-4-gone',
      base: 'main',
    });
    await git(clone, 'push', 'origin', '--delete', 'dexter/SHOP-4-gone');
    const { data: after } = await octokit.rest.pulls.get({ ...repo, pull_number: pull.number });
    expect(after).toMatchObject({ state: 'closed', head: { sha } });
  });

  it('are merged as their branches are by then, and one that conflicts is not', async () => {
    const fresh = await startFresh();
    try {
      const maria = fresh.as('maria').rest;
      const { data: main } = await maria.git.getRef({ ...repo, ref: 'heads/main' });
      const change = async (branch: string, path: string, content: string) => {
        const at = { ...repo, path, branch, message: `Change ${path}` };
        const { data } = await maria.repos
          .getContent({ ...repo, path, ref: branch })
          .catch(() => ({ data: [] }));
        const sha = 'sha' in data ? { sha: data.sha } : {};
        const { data: made } = await maria.repos.createOrUpdateFileContents({
          ...at,
          content: Buffer.from(content).toString('base64'),
          ...sha,
        });
        return made.commit.sha;
      };
      const open = async (branch: string) => {
        await maria.git.createRef({ ...repo, ref: `refs/heads/${branch}`, sha: main.object.sha });
        await change(branch, 'README.md', `# ${branch}\n`);
        const { data } = await maria.pulls.create({ ...repo, title: branch, head: branch, base: 'main' });
        return data.number;
      };
      const [one, other] = [await open('one'), await open('other')];
      const late = await change('one', 'late.txt', 'after it was opened\n');
      const elsewhere = await change('main', 'main.txt', 'meanwhile\n');
      const { data: merged } = await maria.pulls.merge({ ...repo, pull_number: one });
      const { data: commit } = await maria.git.getCommit({ ...repo, commit_sha: merged.sha ?? '' });
      expect(commit.parents.map(({ sha }) => sha)).toEqual([elsewhere, late]);
      const { data: pull } = await maria.pulls.get({ ...repo, pull_number: one });
      expect(pull).toMatchObject({ state: 'closed', merged: true, merge_commit_sha: merged.sha });
      expect(pull.merged_at).toMatch(/^\d{4}-/);
      await expect(maria.pulls.merge({ ...repo, pull_number: other })).rejects.toMatchObject({ status: 405 });
      await expect(maria.pulls.merge({ ...repo, pull_number: one })).rejects.toMatchObject({ status: 405 });
    } finally {
      await fresh.close();
    }
  });

  it('are issues too', async () => {
    const { octokit, token } = await installation();
    await pushBranch('dexter/SHOP-5-issue', token);
    const { data: pull } = await octokit.rest.pulls.create({
      ...repo,
      title: 'Both',
      head: 'dexter/SHOP-5-issue',
      base: 'main',
    });
    const { data: issue } = await octokit.rest.issues.get({ ...repo, issue_number: pull.number });
    expect(issue).toMatchObject({ number: pull.number, title: 'Both', pull_request: { url: pull.url } });
    await expect(octokit.rest.issues.get({ ...repo, issue_number: 9999 })).rejects.toMatchObject({
      status: 404,
    });
  });

  it('have a page that escapes what people wrote and says that it is a simulation', async () => {
    const { octokit, token } = await installation();
    await pushBranch('dexter/SHOP-6-page', token);
    const folded = '<details><summary>More</summary>\n\nword <sub>small</sub>\n\n</details>';
    const body = `<script>alert(1)</script>\n\n${folded}\n\n<details open onclick="x">`;
    const { data: pull } = await octokit.rest.pulls.create({
      ...repo,
      title: 'Page',
      body,
      head: 'dexter/SHOP-6-page',
      base: 'main',
    });
    const page = await (await fetch(pull.html_url)).text();
    expect(page).toContain('&lt;script&gt;alert(1)');
    expect(page).not.toContain('<script>');
    expect(page).toMatch(/<details><summary>More<\/summary><p>word <sub>small<\/sub><\/p><\/details>/);
    expect(page).toContain('&lt;details open onclick=');
    expect(page).toContain('simulation of GitHub');
    expect(page).toContain('+export const branch');
  });
});

describe('webhooks', () => {
  it('are signed, numbered and say that a comment stands on a pull request', async () => {
    const { octokit, token } = await installation();
    await pushBranch('dexter/SHOP-7-hook', token);
    const { data: pull } = await octokit.rest.pulls.create({
      ...repo,
      title: 'Hook',
      head: 'dexter/SHOP-7-hook',
      base: 'main',
    });
    const rob = github.as('rob');
    const body = '@dexter add tests';
    const { data: comment } = await rob.rest.issues.createComment({
      ...repo,
      issue_number: pull.number,
      body,
    });
    const { payload, raw, headers } = await hook((one) => one.event === 'issue_comment');
    expect(payload).toMatchObject({
      action: 'created',
      comment: { id: comment.id, body, user: { login: 'rob', type: 'User' } },
      issue: { number: pull.number, pull_request: { url: pull.url } },
      installation: { id: github.app.installationId },
      repository: { id: github.repository.id, name: 'shop', owner: { login: 'acme' } },
      sender: { login: 'rob' },
    });
    const signature = createHmac('sha256', github.app.webhookSecret).update(raw).digest('hex');
    expect(headers['x-hub-signature-256']).toBe(`sha256=${signature}`);
    expect(headers['x-github-delivery']).toMatch(/^[0-9a-f-]{36}$/);
    const ids = github.deliveries().flatMap((one) => (one.redelivery ? [] : [one.guid]));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('of a comment on a plain issue have no pull request', async () => {
    const maria = github.as('maria');
    const { data: issue } = await maria.rest.issues.create({ ...repo, title: 'Plain' });
    await maria.rest.issues.createComment({ ...repo, issue_number: issue.number, body: '@dexter help' });
    const { payload } = await hook((one) => one.event === 'issue_comment');
    expect(payload).toMatchObject({ issue: { number: issue.number } });
    expect(payload.issue).not.toHaveProperty('pull_request');
  });

  it('are logged for the App, and sent again when it asks', async () => {
    const { asApp } = await installation();
    await github.as('maria').rest.issues.create({ ...repo, title: 'Logged' });
    const first = await hook((one) => one.event === 'issues');
    const { data } = await asApp.octokit.request('GET /app/hook/deliveries', { per_page: 1 });
    expect(data).toMatchObject([{ event: 'issues', action: 'opened', status: 'OK', status_code: 202 }]);
    const [delivery] = data;
    await asApp.octokit.request('POST /app/hook/deliveries/{delivery_id}/attempts', {
      delivery_id: Number(delivery?.id),
    });
    const second = await hook((one) => one.event === 'issues');
    expect(second).not.toBe(first);
    expect(second.raw).toBe(first.raw);
    expect(second.headers['x-github-delivery']).toBe(first.headers['x-github-delivery']);
    const guest = github.as('guest').request('GET /app/hook/deliveries');
    await expect(guest).rejects.toMatchObject({ status: 401 });
  });

  it('that nobody answers are in the log as failed', async () => {
    const alone = await startFresh();
    try {
      await alone.as('maria').rest.issues.create({ ...repo, title: 'Nobody listens' });
      await alone.settled();
      expect(alone.deliveries()).toMatchObject([
        { event: 'issues', status: 'no webhook address is set', statusCode: 0 },
      ]);
    } finally {
      await alone.close();
    }
  });
});

describe('reactions', () => {
  it('are kept once for each person and counted in the comment', async () => {
    const { octokit } = await installation();
    const { data: issue } = await github.as('maria').rest.issues.create({ ...repo, title: 'React' });
    const { data: comment } = await github
      .as('maria')
      .rest.issues.createComment({ ...repo, issue_number: issue.number, body: 'Hi' });
    const on = { ...repo, comment_id: comment.id };
    const first = await octokit.rest.reactions.createForIssueComment({ ...on, content: 'eyes' });
    const second = await octokit.rest.reactions.createForIssueComment({ ...on, content: 'eyes' });
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(first.data.user).toMatchObject({ login: 'dexter[bot]' });
    expect((await octokit.rest.reactions.listForIssueComment(on)).data).toHaveLength(1);
    expect((await octokit.rest.issues.getComment(on)).data.reactions).toMatchObject({
      eyes: 1,
      total_count: 1,
    });
    await octokit.rest.reactions.deleteForIssueComment({ ...on, reaction_id: first.data.id });
    expect((await octokit.rest.reactions.listForIssueComment(on)).data).toEqual([]);
    const wrong = { ...on, content: 'shrug' as 'eyes' };
    await expect(octokit.rest.reactions.createForIssueComment(wrong)).rejects.toMatchObject({ status: 422 });
    const missing = octokit.rest.reactions.createForIssueComment({
      ...repo,
      comment_id: 9999,
      content: 'eyes',
    });
    await expect(missing).rejects.toMatchObject({ status: 404 });
  });
});

describe('reviews', () => {
  it('hold their comments, and replies stand in the same thread', async () => {
    const { octokit, token } = await installation();
    const { sha } = await pushBranch(
      'dexter/SHOP-8-review',
      token,
      'export const a = 1;\nexport const b = 2;\n',
    );
    const { data: pull } = await octokit.rest.pulls.create({
      ...repo,
      title: 'Review',
      head: 'dexter/SHOP-8-review',
      base: 'main',
    });
    const one = { ...repo, pull_number: pull.number };
    const { data: review } = await github.as('maria').rest.pulls.createReview({
      ...one,
      event: 'COMMENT',
      body: 'Some remarks',
      comments: [{ path: 'src/new.ts', line: 1, body: '@dexter rename this' }],
    });
    const submitted = await hook((one) => one.event === 'pull_request_review');
    expect(submitted.payload).toMatchObject({
      action: 'submitted',
      review: { id: review.id, state: 'commented', body: 'Some remarks' },
    });
    const commented = await hook((one) => one.event === 'pull_request_review_comment');
    expect(commented.payload).toMatchObject({
      comment: {
        path: 'src/new.ts',
        line: 1,
        commit_id: sha,
        pull_request_review_id: review.id,
        diff_hunk: '@@ -0,0 +1,2 @@\n+export const a = 1;',
      },
      pull_request: { number: pull.number, head: { sha } },
    });
    expect(commented.payload.comment).not.toHaveProperty('in_reply_to_id');

    const { data: comments } = await octokit.rest.pulls.listCommentsForReview({
      ...one,
      review_id: review.id,
    });
    expect(comments).toMatchObject([{ body: '@dexter rename this' }]);
    const [parent] = comments;
    const { data: reply } = await octokit.rest.pulls.createReplyForReviewComment({
      ...one,
      comment_id: parent?.id ?? 0,
      body: 'Done',
    });
    expect(reply).toMatchObject({
      in_reply_to_id: parent?.id,
      path: 'src/new.ts',
      line: 1,
      user: { login: 'dexter[bot]' },
    });
    const toReply = octokit.rest.pulls.createReplyForReviewComment({
      ...one,
      comment_id: reply.id,
      body: 'Really',
    });
    await expect(toReply).rejects.toMatchObject({ status: 422 });
    await octokit.rest.reactions.createForPullRequestReviewComment({
      ...repo,
      comment_id: parent?.id ?? 0,
      content: 'eyes',
    });
    const { data: after } = await octokit.rest.pulls.getReviewComment({
      ...repo,
      comment_id: parent?.id ?? 0,
    });
    expect(after.reactions).toMatchObject({ eyes: 1 });
  });
});

describe('workflow runs', () => {
  it('are dispatched with their inputs, and their end is told to the App', async () => {
    const { octokit } = await installation();
    const dispatch = { ...repo, workflow_id: 'dexter.yml', ref: 'main', inputs: { 'command-id': 'one' } };
    await expect(octokit.rest.actions.createWorkflowDispatch(dispatch)).rejects.toMatchObject({
      status: 404,
    });
    await octokit.rest.repos.createOrUpdateFileContents({
      ...repo,
      path: '.github/workflows/dexter.yml',
      message: 'Add the workflow',
      content: Buffer.from('on: workflow_dispatch\n').toString('base64'),
    });
    expect((await octokit.rest.actions.createWorkflowDispatch(dispatch)).status).toBe(204);
    const detailed = await octokit.request(
      'POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches',
      {
        ...dispatch,
        return_run_details: true,
      },
    );
    expect(detailed).toMatchObject({ status: 200, data: { workflow_run_id: 1002 } });
    expect(github.workflowRuns()[1]).toMatchObject({
      workflow: 'dexter.yml',
      ref: 'main',
      inputs: { 'command-id': 'one' },
    });
    const large = { ...dispatch, inputs: { context: 'x'.repeat(65_536) } };
    await expect(octokit.rest.actions.createWorkflowDispatch(large)).rejects.toMatchObject({ status: 422 });

    await github.completeRun(1002, 'failure');
    const { payload } = await hook((one) => one.event === 'workflow_run');
    expect(payload).toMatchObject({ action: 'completed', workflow_run: { id: 1002, conclusion: 'failure' } });
    const { data: run } = await octokit.rest.actions.getWorkflowRun({ ...repo, run_id: 1002 });
    expect(run).toMatchObject({ status: 'completed', conclusion: 'failure' });
  });
});

describe('closing', () => {
  beforeEach(async () => {
    vi.stubEnv('TMPDIR', await mkdtemp(join(folder, 'tmp-')));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('leaves no folder and no port behind', async () => {
    const other = await startFresh();
    expect(await readdir(tmpdir())).toHaveLength(1);
    await other.close();
    await other.close();
    expect(await readdir(tmpdir())).toEqual([]);
    await expect(fetch(other.url)).rejects.toThrow();
  });

  it('leaves nothing behind when it cannot start', async () => {
    await expect(startFresh({ repositorySource: join(folder, 'missing') })).rejects.toThrow();
    expect(await readdir(tmpdir())).toEqual([]);
  });
});
