import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { judgeCli } from '../../../src/cli/doctor/checks/claude-code.ts';
import { judgeDatabase } from '../../../src/cli/doctor/checks/database.ts';
import { judgeDeliveries } from '../../../src/cli/doctor/checks/deliveries.ts';
import { judgeApp, settingsPage } from '../../../src/cli/doctor/checks/github-app.ts';
import { judgeInstallations } from '../../../src/cli/doctor/checks/installation.ts';
import { judgeAccount, judgeFields, judgeProjects } from '../../../src/cli/doctor/checks/jira.ts';
import { judgeModel, noKeyForDirect } from '../../../src/cli/doctor/checks/model.ts';
import { judgePermissions } from '../../../src/cli/doctor/checks/permissions.ts';
import { judgeRedis } from '../../../src/cli/doctor/checks/redis.ts';
import { judgeRepository } from '../../../src/cli/doctor/checks/repository.ts';
import { judgeRunners } from '../../../src/cli/doctor/checks/runner.ts';
import { judgeSecrets } from '../../../src/cli/doctor/checks/secrets.ts';
import { judgeServer } from '../../../src/cli/doctor/checks/server.ts';
import { judgeKey } from '../../../src/cli/doctor/checks/session-key.ts';
import { judgeBucket, judgeWorkspace } from '../../../src/cli/doctor/checks/store.ts';
import { judgeAddress } from '../../../src/cli/doctor/checks/webhook.ts';
import { judgeWorkflow } from '../../../src/cli/doctor/checks/workflow.ts';
import type { Verdict } from '../../../src/cli/doctor/verdict.ts';
import { notShown } from '../../../src/cli/doctor/with-token.ts';
import type { Answer } from '../../../src/core/answer.ts';
import { newMasterKey } from '../../../src/core/session-key.ts';
import { oldestCli } from '../../../src/engines/claude-code/pinned-cli.ts';

const now = new Date('2026-01-12T12:00:00Z');

const answered = <T>(value: T): Answer<T> => ({ outcome: 'answered', value });
const refused = (status: number, said = '') => ({ outcome: 'refused' as const, status, said });
const unreachable = (code: string): Answer<never> => ({ outcome: 'unreachable', code, said: 'said' });
const strange: Answer<never> = { outcome: 'strange' };

let guid = 0;
function delivery(minutesAgo: number, status_code: number, of?: string) {
  guid += 1;
  const status = status_code === 0 ? 'timed out' : 'x';
  const delivered_at = new Date(now.getTime() - minutesAgo * 60_000);
  return { guid: of ?? String(guid), delivered_at, status, status_code, event: 'issue_comment' };
}

const deliveriesOf = (...all: ReturnType<typeof delivery>[]) =>
  judgeDeliveries({
    answer: answered(all),
    now,
    url: 'https://dexter.example',
    settings: 'https://gh/settings',
  });

const site = {
  name: 'acme',
  type: 'cloud',
  url: 'https://acme.atlassian.net',
  email: 'dexter@acme.example',
  tokenEnv: 'JIRA_TOKEN',
} as const;

const app = {
  slug: 'dexter',
  html_url: 'https://gh/apps/dexter',
  owner: { login: 'acme', type: 'Organization' },
  permissions: { checks: 'read', contents: 'write' },
  events: ['issue_comment'],
};
const manifest = {
  default_permissions: { checks: 'read', contents: 'write' },
  default_events: ['issue_comment'],
};
const installation = {
  id: 1,
  account: { login: 'acme' },
  html_url: 'https://gh/installations/1',
  permissions: app.permissions,
  events: app.events,
};
const permissionsOf = (ofApp: object, ofInstallation: object) =>
  judgePermissions({
    manifest,
    app: { ...app, ...ofApp },
    installations: [{ ...installation, ...ofInstallation }],
    settings: 'https://gh/settings',
  });

const postgres = {
  outcome: 'postgres' as const,
  pending: [] as string[],
  unknown: [] as string[],
  mayMakeTables: true,
  mayMakeSchemas: true,
};
const serverOf = (url: string, health: Answer<true>, readyStatus?: number) =>
  judgeServer({ url, serverUrl: 'https://github.com', health, ...(readyStatus ? { readyStatus } : {}) });

const runner = (name: string, status: string, ...labels: string[]) => ({
  name,
  status,
  labels: labels.map((label) => ({ name: label })),
});
const runnersOf = (own: ReturnType<typeof runner>[], shared: Answer<ReturnType<typeof runner>[]>) =>
  judgeRunners({
    name: 'acme/shop',
    page: 'https://gh/runners',
    runsOn: { kind: 'labels', labels: ['self-hosted', 'Dexter'] },
    found: { own: answered(own), shared },
  });
const secretsOf = (own: Answer<string[]>, shared: Answer<string[]>, hasEnvironment = false) =>
  judgeSecrets({
    name: 'acme/shop',
    page: 'https://gh/secrets',
    wanted: ['ONE', 'TWO'],
    workflow: { hasEnvironment },
    found: { own, shared },
  });
const hookOf = (config: object) =>
  judgeAddress({ answer: answered(config), url: 'https://dexter.example', settings: 'https://gh/settings' });
const workflowOf = (onDefault: Answer<string>, run = onDefault, ref?: string) =>
  judgeWorkflow({ path: '.github/workflows/d.yml', onDefault, run, ref, sent: ['a'] });
const runnable = `on: {workflow_dispatch: {inputs: {a: {}}}}
permissions: {id-token: write}
jobs: {x: {runs-on: y}}`;
const models = (names: string[], counted?: Answer<number>) => ({
  models: answered(names),
  ...(counted ? { counted } : {}),
});
const at = 'https://model.example';
const keys = { current: newMasterKey(), previous: [newMasterKey()] };

const table: [string, Verdict, Verdict['level'], RegExp, RegExp?][] = [
  // Deliveries
  ['no delivery', deliveriesOf(), 'warning', /nothing in the last three days/, /@dexter help/],
  [
    'all taken',
    deliveriesOf(delivery(5, 202), delivery(9, 200)),
    'ok',
    /^2 deliveries, all taken; .* 5 min ago/,
  ],
  [
    'an old failure',
    deliveriesOf(delivery(5, 200), delivery(9, 500)),
    'warning',
    /^1 of the last 2 failed/,
    /log of the app/,
  ],
  [
    'a failure that was sent again',
    deliveriesOf(delivery(1, 200, 'x'), delivery(9, 500, 'x')),
    'ok',
    /^1 delivery, all/,
  ],
  [
    'one that failed again',
    deliveriesOf(delivery(1, 404, 'x'), delivery(9, 200, 'x')),
    'failed',
    /HTTP 404/,
    /webhook URL to https:\/\/dexter\.example\/api\/github\/webhooks/,
  ],
  ['a wrong secret', deliveriesOf(delivery(1, 401)), 'failed', /none of them was taken/, /WEBHOOK_SECRET/],
  [
    'nobody there',
    deliveriesOf(delivery(1, 0)),
    'failed',
    /no answer \(timed out\)/,
    /Let GitHub reach https:\/\/dexter\.example/,
  ],
  ['a small proxy', deliveriesOf(delivery(1, 413)), 'failed', /HTTP 413/, /25 MB/],
  // Webhook
  ['the root as address', hookOf({ url: 'https://dexter.example/' }), 'ok', /delivers to/],
  ['no address', hookOf({ url: '' }), 'failed', /has no webhook address/, /settings/],
  [
    'a form',
    hookOf({ url: 'https://dexter.example', content_type: 'form' }),
    'failed',
    /as `form`/,
    /application\/json/,
  ],
  [
    'an unchecked certificate',
    hookOf({ url: 'https://dexter.example', insecure_ssl: '1' }),
    'warning',
    /certificate/,
    /SSL verification/,
  ],
  // App and installation
  [
    'a key that cannot sign',
    judgeApp({ appId: 1, apiUrl: at, answer: { outcome: 'unsigned' } }),
    'failed',
    /not a private key/,
    /PRIVATE_KEY_PATH/,
  ],
  [
    'GitHub away',
    judgeApp({ appId: 1, apiUrl: at, answer: unreachable('ENOTFOUND') }),
    'failed',
    /is not known to this machine/,
    /GITHUB_API_URL/,
  ],
  [
    'GitHub broken',
    judgeApp({ appId: 1, apiUrl: at, answer: refused(503) }),
    'failed',
    /HTTP 503/,
    /githubstatus/,
  ],
  [
    'suspended',
    judgeInstallations(answered([{ ...installation, suspended_at: 'x' }]), ''),
    'failed',
    /acme is suspended/,
    /installations\/1/,
  ],
  [
    'suspended once',
    judgeInstallations(answered([installation, { ...installation, suspended_at: 'x' }]), ''),
    'warning',
    /suspended/,
    /Unsuspend/,
  ],
  ['all granted', permissionsOf({}, {}), 'ok', /All 2 permissions and 1 event of app/],
  [
    'not asked for',
    permissionsOf({ permissions: { checks: 'read' } }, {}),
    'failed',
    /App does not ask for contents \(write\)/,
    /settings\/permissions/,
  ],
  [
    'less than asked for',
    permissionsOf({}, { permissions: { checks: 'read', contents: 'read' } }),
    'failed',
    /acme does not grant contents \(write\)/,
    /installations\/1/,
  ],
  [
    'more than asked for',
    permissionsOf({}, { permissions: { checks: 'write', contents: 'admin' } }),
    'ok',
    /All/,
  ],
  [
    'an event that is missing',
    permissionsOf({}, { events: [] }),
    'failed',
    /the event issue_comment/,
    /accepts/,
  ],
  // Server, database, redis
  [
    'a local address',
    serverOf('http://localhost:3000', answered(true)),
    'failed',
    /nobody but this machine/,
    /DEXTER_URL/,
  ],
  ['not ready', serverOf(at, answered(true), 503), 'failed', /not ready \(\/readyz: HTTP 503\)/, /readyz/],
  ['ready', serverOf(at, answered(true), 200), 'ok', /answers at/],
  ['another program', serverOf(at, strange), 'failed', /but not as the app does/, /DEXTER_URL/],
  ['not started', serverOf(at, unreachable('ECONNREFUSED')), 'failed', /cannot be reached/, /npm start/],
  [
    'a self-made certificate',
    serverOf(at, unreachable('SELF_SIGNED_CERT_IN_CHAIN')),
    'failed',
    /certificate .* is not trusted/,
    /NODE_EXTRA_CA_CERTS/,
  ],
  [
    'an older database',
    judgeDatabase({ ...postgres, pending: ['x'] }),
    'warning',
    /1 change of the tables/,
    /npm start/,
  ],
  [
    'a newer database',
    judgeDatabase({ ...postgres, unknown: ['0099-x'] }),
    'warning',
    /newer Dexter: .*0099-x, and works/,
    /version of Dexter/,
  ],
  [
    'a database of another line of versions',
    judgeDatabase({ ...postgres, unknown: ['0099-x'], pending: ['0007-y'] }),
    'failed',
    /does not know 0099-x, and lacks 0007-y/,
    /version of Dexter/,
  ],
  [
    'no rights',
    judgeDatabase({ ...postgres, pending: ['x'], mayMakeTables: false }),
    'failed',
    /may not make the tables/,
    /grant create on schema public/,
  ],
  [
    'rights that are not needed any more',
    judgeDatabase({ ...postgres, mayMakeTables: false }),
    'ok',
    /up to date/,
  ],
  [
    'a directory of others',
    judgeDatabase(
      { outcome: 'embedded', isThere: true, isInUse: false },
      { outcome: 'blocked', reason: 'EACCES' },
    ),
    'failed',
    /EACCES/,
    /DEXTER_DATA/,
  ],
  [
    'a wrong password',
    judgeRedis('cache:6379', refused(0, 'WRONGPASS')),
    'failed',
    /credentials of REDIS_URL \(WRONGPASS\)/,
    /redis:\/\//,
  ],
  // Store and key
  [
    'a full disk',
    judgeWorkspace('/w', { outcome: 'writable', at: '/w', freeBytes: 5_000 }),
    'failed',
    /is full: 5 kB free/,
    /workspace gc/,
  ],
  [
    'a nearly full disk',
    judgeWorkspace('/w', { outcome: 'writable', at: '/w', freeBytes: 3e9 }),
    'warning',
    /nearly full: 3 GB/,
    /workspace gc/,
  ],
  [
    'no right to list',
    judgeBucket({ bucket: 'b', prefix: 'p' }, [
      { step: 's3:ListBucket', isRefused: true, what: '', hint: '' },
    ]),
    'failed',
    /s3:ListBucket\.$/,
    /Allow s3:ListBucket on arn:aws:s3:::b in/,
  ],
  [
    'another fault beside a refusal',
    judgeBucket({ bucket: 'b', prefix: 'p' }, [
      { step: 's3:GetObject', isRefused: true, what: 'refused', hint: '' },
      { step: 'conditional write', isRefused: false, what: 'it wrote', hint: 'another server' },
    ]),
    'failed',
    /it wrote/,
    /another server/,
  ],
  ['no key yet', judgeKey({ keys: undefined }), 'ok', /first start/],
  [
    'a key that others can read',
    judgeKey({ keys, file: { path: '/d/session-key', mode: 0o644 } }),
    'warning',
    /Others than its owner/,
    /chmod 600 \/d\/session-key/,
  ],
  [
    'keys that open all',
    judgeKey({ keys, tried: { current: 1, previous: 2, neither: [] } }),
    'ok',
    /and 1 previous key; opens 3 of 3 sessions/,
  ],
  [
    'a lost key',
    judgeKey({ keys, tried: { current: 1, previous: 0, neither: ['DXTR-1'] } }),
    'failed',
    /opens 1 of the 2 sessions that were tried: DXTR-1/,
    /DEXTER_SESSION_KEY_PREVIOUS/,
  ],
  // Model and CLI
  [
    'no credit',
    judgeModel(at, models(['m'], refused(400, 'Your credit balance is too low to access the API'))),
    'failed',
    /no credit left/,
    /billing/,
  ],
  ['no right to the model', judgeModel(at, { models: refused(403) }), 'failed', /HTTP 403/, /keys/],
  [
    'a gateway without a list',
    judgeModel(at, { models: refused(404) }),
    'warning',
    /is not known/,
    /first command/,
  ],
  ['no model at all', judgeModel(at, models([])), 'failed', /no model/, /keys/],
  ['a gateway that cannot count', judgeModel(at, models(['m'], refused(404))), 'ok', /takes the key/],
  ['an overloaded model', judgeModel(at, { models: refused(529) }), 'failed', /HTTP 529/, /status/],
  [
    'a login page',
    judgeModel(at, { models: strange }),
    'failed',
    /not as the model does/,
    /ANTHROPIC_BASE_URL/,
  ],
  ['no key for the direct engine', noKeyForDirect(), 'failed', /neither ANTHROPIC_API_KEY/, /claude-code/],
  ['no CLI, which nothing needs', judgeCli('claude', undefined, false), 'ok', /--engine claude-code/],
  ['a CLI that nothing needs', judgeCli('claude', '2.1.330', false), 'ok', /version 2\.1\.330/],
  ['an old CLI', judgeCli('claude', '2.1.9'), 'failed', /2\.1\.9; nothing before 2\.1\.20/, /npm install -g/],
  ['a good CLI', judgeCli('claude', '2.1.330'), 'ok', /2\.1\.330/],
  // JIRA
  [
    'no JIRA',
    judgeAccount(site, refused(404)),
    'failed',
    /no JIRA at https:\/\/acme/,
    /`url` of `jira\.acme`/,
  ],
  [
    'an account without an id',
    judgeAccount(site, answered({ displayName: 'D', active: true })),
    'failed',
    /which account/,
    /`type`/,
  ],
  [
    'an account that is off',
    judgeAccount(site, answered({ accountId: '1', displayName: 'D', active: false })),
    'failed',
    /deactivated/,
    /activates/,
  ],
  [
    'an account of Server',
    judgeAccount({ ...site, type: 'server' }, answered({ name: 'dexter', displayName: 'D', active: true })),
    'ok',
    /D, account dexter/,
  ],
  ['no project', judgeProjects(site, []), 'warning', /No project/, /jira\.acme\.projects/],
  [
    'two fields of a name',
    judgeFields(
      site,
      [['sprint', 'Sprint']],
      answered([
        { id: '1', name: 'Sprint' },
        { id: '2', name: 'Sprint' },
      ]),
    ),
    'warning',
    /Several fields are called Sprint/,
    /ids/,
  ],
  // Repository
  [
    'an archived repository',
    judgeRepository({
      name: 'a/b',
      page: '',
      installation: answered(installation),
      answer: answered({ html_url: 'https://gh/a/b', default_branch: 'main', archived: true }),
    }),
    'failed',
    /archived/,
    /gh\/a\/b\/settings/,
  ],
  [
    'a workflow that is fine but not named',
    workflowOf(answered(runnable)),
    'warning',
    /run-name/,
    /run-name/,
  ],
  [
    'a workflow that is fine',
    workflowOf(answered(`run-name: x \${{ inputs.command-id }}\n${runnable}`)),
    'ok',
    /takes the 1 input/,
  ],
  [
    'a workflow on one branch only',
    workflowOf(answered(runnable), refused(404), 'stable'),
    'failed',
    /on the branch stable/,
    /merge it/,
  ],
  [
    'a workflow for pushes',
    workflowOf(answered('on: push\njobs: {}')),
    'failed',
    /cannot be dispatched/,
    /workflow_dispatch/,
  ],
  ['no YAML', workflowOf(answered('a: b: c')), 'failed', /is not a workflow/, /Compare/],
  [
    'a runner of the organisation',
    runnersOf([], answered([runner('r', 'online', 'SELF-HOSTED', 'dexter', 'x')])),
    'ok',
    /r with self-hosted, Dexter: online/,
  ],
  [
    'half of the labels',
    runnersOf([runner('r', 'online', 'dexter')], answered([])),
    'failed',
    /Neither/,
    /runners\/new/,
  ],
  ['hidden runners', runnersOf([], refused(403)), 'warning', /not shown to this token/, /runners\/new/],
  ['a secret of the organisation', secretsOf(answered(['ONE']), answered(['TWO'])), 'ok', /ONE, TWO/],
  [
    'hidden secrets',
    secretsOf(answered(['ONE']), refused(403)),
    'warning',
    /uses TWO, .* not shown/,
    /gh secret set TWO/,
  ],
  [
    'secrets of an environment',
    secretsOf(answered([]), answered([]), true),
    'warning',
    /unless its environment has/,
    /ONE.*TWO/,
  ],
  ['a token that may not', secretsOf(refused(403), refused(403)), 'skipped', /HTTP 403/, /secrets: read/],
  [
    'a token that is over',
    notShown(refused(401), 'x', 'https://gh'),
    'skipped',
    /does not take the token/,
    /renew/,
  ],
];

describe('a verdict', () => {
  it.each(table)('on %s', (_, verdict, level, message, fix) => {
    expect(verdict.level).toBe(level);
    expect(verdict.message).toMatch(message);
    if (fix) expect('fix' in verdict ? verdict.fix : '').toMatch(fix);
    else expect('fix' in verdict).toBe(false);
  });

  it('takes versions of the CLI for tried that docs/cli-versions.md has in its table', async () => {
    const page = await readFile(new URL('../../../docs/cli-versions.md', import.meta.url), 'utf8');
    expect(/^\| written by \| (\S+) \|/m.exec(page)?.[1]).toBe(oldestCli);
  });

  it("links the settings of an App by its owner's kind", () => {
    expect(settingsPage('https://gh', app)).toBe('https://gh/organizations/acme/settings/apps/dexter');
    expect(settingsPage('https://gh', { ...app, owner: { login: 'maria', type: 'User' } })).toBe(
      'https://gh/settings/apps/dexter',
    );
  });
});
