import nock from 'nock';
import { Octokit } from 'octokit';
import { describe, expect, it } from 'vitest';
import { emptyReport } from '../../action/report.ts';
import { standAloneClient } from '../../action/stand-alone-client.ts';
import { type CommentState, statusComment } from '../../action/status-comment.ts';
import type { Progress, Report } from '../../src/core/report.ts';
import { testKeys } from '../fakes/forge.ts';

const api = 'https://api.github.example';
const octokit = new Octokit({
  auth: 'ghs_token',
  baseUrl: api,
  retry: { enabled: false },
  throttle: { enabled: false },
});
const commandId = '11111111-2222-4333-8444-555555555555';
const report: Report = { ...emptyReport(), outcome: 'done', summary: 'Added.' };
const progress: Progress = { step: 'Run npm test', turns: 2, lines: ['Read a.ts'], costUsd: null };
const claim = { fence: 1, runToken: 'token' };
const grant = {
  ...claim,
  githubToken: 'ghs_token',
  sessionKeys: testKeys(),
  context: { attachments: [] },
  committer: { name: 'a', email: 'a@example.com' },
};

/** A client on a clock of the test's own, and all that it remembers and complains of. */
function clientOn(place: Partial<CommentState>) {
  const states: CommentState[] = [];
  const warnings: string[] = [];
  const clock = { now: 0 };
  const comment = statusComment({
    github: async () => octokit,
    state: {
      commandId,
      repository: { id: 20, owner: 'acme', name: 'shop' },
      instruction: 'add tests',
      ...place,
    },
    runUrl: 'https://github.example/acme/shop/actions/runs/1/attempts/1',
    serverUrl: 'https://github.example',
    keepState: (state) => states.push(state),
  });
  const client = standAloneClient({
    comment,
    grant,
    warn: (text) => warnings.push(text),
    now: () => clock.now,
  });
  const request = { claimant: commandId, runUrl: '', runnerName: 'tester' };
  return { client, states, warnings, clock, take: () => client.claim(request, '') };
}

/** The next comments that are posted get the id, and the bodies are kept. */
function posting(number: number, id: number): string[] {
  const bodies: string[] = [];
  nock(api)
    .post(`/repos/acme/shop/issues/${number}/comments`, ({ body }) => bodies.push(body) > 0)
    .reply(201, { id });
  return bodies;
}

function editing(id: number, status = 200): string[] {
  const bodies: string[] = [];
  nock(api)
    .patch(`/repos/acme/shop/issues/comments/${id}`, ({ body }) => bodies.push(body) > 0)
    .reply(status, { id });
  return bodies;
}

describe('the stand-alone client', () => {
  it('answers the claim with what was decided before, once its comment stands', async () => {
    const posted = posting(7, 70);
    const { states, take } = clientOn({ number: 7 });
    expect(await take()).toEqual({ outcome: 'ok', value: grant });
    expect(posted).toEqual([
      `⏳ **Working** · [run](https://github.example/acme/shop/actions/runs/1/attempts/1)\n\n> \`add tests\`\n\n- [ ] Starting\n\n<!-- dexter:${commandId} -->`,
    ]);
    expect(states).toMatchObject([{ number: 7, posted: 70 }]);
  });

  it('grants nothing when it may not comment', async () => {
    nock(api).post('/repos/acme/shop/issues/7/comments').reply(403, { message: 'Resource not accessible' });
    await expect(clientOn({ number: 7 }).take()).rejects.toMatchObject({
      code: 'github-failed',
      hint: expect.stringContaining('`issues: write`'),
    });
  });

  it('edits its comment with what is done, seldom, and with the end in any case', async () => {
    posting(7, 70);
    const { client, clock, take } = clientOn({ number: 7 });
    await take();
    clock.now = 29_000;
    // Nothing is answered here: a request would fail and be warned of.
    expect(await client.heartbeat(claim, progress)).toEqual({ outcome: 'ok', value: { stop: false } });
    clock.now = 30_000;
    const shown = editing(70);
    await client.heartbeat(claim, progress);
    clock.now = 31_000;
    await client.heartbeat(claim, progress);
    const ended = editing(70);
    expect(await client.report(claim, report)).toEqual({ outcome: 'ok', value: undefined });
    expect(shown[0]).toContain('- [x] `Read a.ts`\n- [ ] `Run npm test`');
    expect(ended[0]).toContain('✅ **Done**');
  });

  it('goes on when GitHub does not take the progress', async () => {
    posting(7, 70);
    const { client, clock, take, warnings } = clientOn({ number: 7 });
    await take();
    clock.now = 60_000;
    editing(70, 502);
    expect((await client.heartbeat(claim, progress)).outcome).toBe('ok');
    const ended = editing(70);
    await client.report(claim, report);
    expect(warnings).toEqual(['GitHub failed while editing the status comment (HTTP 502).']);
    expect(ended).toHaveLength(1);
  });

  it('posts its comment again when somebody deleted it', async () => {
    editing(70, 404);
    const again = posting(7, 71);
    const { client, states } = clientOn({ number: 7, posted: 70 });
    await client.report(claim, report);
    expect(again[0]).toContain('✅ **Done**');
    expect(states).toMatchObject([{ posted: 71 }]);
  });

  it('without a number comments once, on the pull request of the run', async () => {
    const { client, take } = clientOn({});
    await take();
    await client.heartbeat(claim, progress);
    const posted = posting(9, 90);
    await client.report(claim, { ...report, pullRequest: { number: 9, url: 'u', branch: 'b' } });
    expect(posted).toHaveLength(1);
    expect(nock.isDone()).toBe(true);
  });

  it('comments nowhere when there is neither', async () => {
    const { client, take } = clientOn({});
    await take();
    expect(await client.report(claim, report)).toEqual({ outcome: 'ok', value: undefined });
  });
});
