import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { checks } from '../../../src/cli/doctor/checks/index.ts';
import { DoctorReport } from '../../../src/cli/doctor/report.ts';
import { newMasterKey, SessionMasterKey } from '../../../src/core/session-key.ts';
import { openBucket } from '../../../src/stores/s3/bucket.ts';
import { completeOptions } from '../../../src/stores/s3/options.ts';
import { s3Store } from '../../../src/stores/s3.ts';
import { freePort } from '../../app/server-process.ts';
import { keep, refOf } from '../kept-sessions.ts';
import { type Changes, type SetUp, startSetUp } from './set-up.ts';

let setUp: SetUp;
let healthy: DoctorReport;

beforeAll(async () => {
  setUp = await startSetUp();
  // The SDK takes its credentials from the process.
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const)
    vi.stubEnv(name, setUp.env[name]);
  healthy = await setUp.report();
}, 180_000);

afterAll(async () => {
  vi.unstubAllEnvs();
  await setUp.close();
}, 60_000);

const { privateKey: otherKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});

/** Checks by their id and subject, with what they found. */
function levelsOf(report: DoctorReport): Record<string, string> {
  return Object.fromEntries(
    report.checks.map(({ check, subject, level }) => [
      subject === null ? check : `${check} ${subject}`,
      level,
    ]),
  );
}

interface Break {
  check: string;
  how: string;
  /** Does the damage in the world; answers how to undo it. */
  damage?: (world: SetUp) => undefined | (() => unknown) | Promise<(() => unknown) | undefined>;
  changes?: (world: SetUp) => Changes | Promise<Changes>;
  message: RegExp;
  fix: RegExp;
  level?: 'warning';
  subject?: string;
  /** Checks that are not made at all any more. */
  gone?: RegExp;
}

const ofWorkflow = (edit: (text: string) => string) => async (world: SetUp) => {
  await world.writeWorkflow(edit(world.workflow));
  return () => world.writeWorkflow(world.workflow);
};

const breaks: Break[] = [
  {
    check: 'configuration',
    how: 'two variables are wrong',
    changes: () => ({ env: { PORT: '99999', LOG_LEVEL: 'loud' } }),
    message: /2 problems:\n {2}- PORT must be .*\n {2}- LOG_LEVEL must be a log level/s,
    fix: /docs\/install\.md/,
    gone: / (acme|acme\/shop)$/,
  },
  {
    check: 'database',
    how: 'its directory holds something else',
    changes: async (world) => {
      const data = join(world.directory, 'not-a-directory');
      await writeFile(data, '');
      return { env: { DEXTER_DATA: data } };
    },
    message: /The embedded database cannot be used: .*ENOTDIR/,
    fix: /Point DEXTER_DATA to a directory of its own/,
  },
  {
    check: 'database',
    how: 'nobody listens at DATABASE_URL',
    changes: async () => ({
      env: { DATABASE_URL: `postgres://dexter:hunter22@127.0.0.1:${await freePort()}/x` },
    }),
    message: /Postgres at DATABASE_URL does not let Dexter in: connect ECONNREFUSED/,
    fix: /Check DATABASE_URL/,
  },
  {
    check: 'server',
    how: 'the proxy answers in its place',
    damage: ({ front }) => {
      front.answer('/healthz', 502);
      return () => front.answer('/healthz');
    },
    message: /\/healthz answers with HTTP 502/,
    fix: /npm start/,
  },
  {
    check: 'redis',
    how: 'it is not there',
    changes: async () => ({ env: { REDIS_URL: `redis://:hunter22@127.0.0.1:${await freePort()}` } }),
    message: /^Redis cannot be reached at 127\.0\.0\.1:\d+ \(ECONNREFUSED\)/,
    fix: /REDIS_URL/,
  },
  {
    check: 'session-key',
    how: 'it was made up',
    changes: () => ({ env: { DEXTER_SESSION_KEY: `dxk1_${'a'.repeat(43)}` } }),
    message: /is not random/,
    fix: /dexter key new/,
  },
  {
    check: 'store',
    how: 'its policy lacks two permissions',
    damage: ({ faults }) => {
      const refused = { status: 403, code: 'AccessDenied' };
      faults.fail('GET object', refused, { times: 9 });
      faults.fail('DELETE object', refused, { times: 9 });
      return () => faults.clear();
    },
    message: /does not let Dexter do all that it needs: s3:GetObject, s3:DeleteObject\./,
    fix: /Allow s3:GetObject, s3:DeleteObject on arn:aws:s3:::dexter-sessions\/dexter\/\*/,
  },
  {
    check: 'store',
    how: 'its server does not know conditional writes',
    damage: ({ faults }) => {
      faults.fail('PUT probe', 'unconditional');
      return () => faults.clear();
    },
    message: /was asked to leave alone \(`If-None-Match`\)/,
    fix: /conditional writes/,
  },
  {
    check: 'store',
    how: 'its bucket is not there',
    changes: () => ({ env: { DEXTER_S3_BUCKET: 'no-such-bucket' } }),
    message: /the bucket no-such-bucket does not exist/,
    fix: /Create the bucket no-such-bucket/,
  },
  {
    check: 'model',
    how: 'the key is wrong',
    changes: () => ({ env: { ANTHROPIC_API_KEY: 'sk-ant-another-key-than-the-one' } }),
    message: /does not take the key \(HTTP 401\)/,
    fix: /Set ANTHROPIC_API_KEY/,
  },
  {
    check: 'model',
    how: 'it is not there',
    changes: async () => ({ env: { ANTHROPIC_BASE_URL: `http://127.0.0.1:${await freePort()}` } }),
    message: /The model cannot be reached at .* \(ECONNREFUSED\)/,
    fix: /ANTHROPIC_BASE_URL/,
  },
  {
    check: 'github-app',
    how: 'the key is of another App',
    changes: () => ({ env: { PRIVATE_KEY: otherKey } }),
    message: /does not take PRIVATE_KEY for App 1001 \(HTTP 401\)/,
    fix: /generate a new private key/,
    gone: / acme\/shop$/,
  },
  {
    check: 'webhook-address',
    how: 'GitHub delivers elsewhere',
    damage: ({ github, front }) => {
      github.setWebhookTarget('https://old.example/hooks');
      return () => github.setWebhookTarget(`${front.url}/api/github/webhooks`);
    },
    message: /GitHub delivers to https:\/\/old\.example\/hooks, and the app is at http:/,
    fix: /Set http:\S+\/api\/github\/webhooks as the webhook URL at http:\S+\/settings\/apps\/dexter/,
  },
  {
    check: 'webhook-secret',
    how: 'there is none',
    damage: ({ github }) => {
      github.settings.hasHookSecret = false;
      return () => {
        github.settings.hasHookSecret = true;
      };
    },
    message: /has no secret/,
    fix: /WEBHOOK_SECRET as the webhook secret at http/,
  },
  {
    check: 'deliveries',
    how: 'the newest one was refused',
    damage: async ({ front, comment, redeliver }) => {
      front.answer('/api/github/webhooks', 401);
      await comment();
      front.answer('/api/github/webhooks');
      // As somebody does who has read the advice: the last attempt counts.
      return redeliver;
    },
    message:
      /1 of the last \d+ failed; the newest of these, issue_comment \d+ s ago, with HTTP 401; the last one that was taken is from/,
    fix: /value of WEBHOOK_SECRET.* Then choose Redeliver for what was lost: \S+\/settings\/apps\/dexter\/advanced/,
  },
  {
    check: 'installation',
    how: 'the App is installed nowhere',
    damage: ({ github }) => {
      github.settings.isInstalled = false;
      return () => {
        github.settings.isInstalled = true;
      };
    },
    message: /installed nowhere/,
    fix: /Install it: \S+\/apps\/dexter\/installations\/new/,
    gone: / acme\/shop$/,
  },
  {
    check: 'permissions',
    how: 'the owner has not accepted one',
    damage: ({ github }) => {
      github.settings.notAccepted = ['checks', 'statuses'];
      return () => {
        github.settings.notAccepted = [];
      };
    },
    message: /The installation on acme does not grant checks \(read\), statuses \(read\)\./,
    fix: /An owner accepts .* \S+\/settings\/installations\/5001/,
  },
  {
    check: 'jira-account',
    how: 'the token was revoked',
    subject: 'acme',
    changes: () => ({ env: { JIRA_TOKEN: 'a-token-that-was-revoked' } }),
    message: /does not take the credentials of dexter@acme\.example \(HTTP 401\)/,
    fix: /set it in JIRA_TOKEN/,
  },
  {
    check: 'jira-projects',
    how: 'one does not exist',
    subject: 'acme',
    changes: () => ({ jira: { projects: { SHOP: 'acme/shop', NOPE: 'acme/shop' } } }),
    message: /cannot see NOPE at/,
    fix: /jira\.acme\.projects.*NOPE\/roles/,
  },
  {
    check: 'jira-permissions',
    how: 'the account may only read',
    subject: 'acme',
    damage: ({ site, account }) => {
      const [project] = site.projects;
      if (project) project.readOnly = [account];
      return () => {
        if (project) project.readOnly = [];
      };
    },
    message: /lacks permissions: "Add comments" in SHOP/,
    fix: /project-config\/SHOP\/roles/,
  },
  {
    check: 'jira-fields',
    how: 'one is called otherwise',
    subject: 'acme',
    changes: () => ({ jira: { fields: { sprint: 'customfield_10020', storyPoints: 'Points' } } }),
    message: /has no field Points \(storyPoints\)/,
    fix: /jira\.acme\.fields/,
  },
  {
    check: 'jira-secret',
    how: 'it is short',
    subject: 'acme',
    changes: () => ({ env: { JIRA_SECRET: 'sesame' } }),
    message: /The secret in JIRA_SECRET has 6 characters/,
    fix: /openssl rand -hex 32/,
  },
  {
    check: 'workflow',
    how: 'its file was removed from the default branch',
    subject: 'acme/shop',
    changes: () => ({ env: { DEXTER_WORKFLOW: 'other.yml' } }),
    message: /There is no \.github\/workflows\/other\.yml on the default branch/,
    fix: /examples\/dexter\.yml/,
  },
  {
    check: 'workflow',
    how: 'it lacks an input, asks for another one, and cannot identify itself',
    subject: 'acme/shop',
    damage: ofWorkflow((text) =>
      text
        .replace(/ {6}delta:\n(?: {8}.*\n)+/, '      flavour:\n        required: true\n')
        .replace('id-token: write', 'contents: read'),
    ),
    message:
      /lacks the input delta; it requires flavour, which the app does not send; it lacks `permissions: id-token: write`/,
    fix: /examples\/dexter\.yml/,
  },
  {
    check: 'workflow-active',
    how: 'GitHub has disabled it',
    subject: 'acme/shop',
    damage: ({ github }) => {
      github.settings.workflowStates.set('dexter.yml', 'disabled_inactivity');
      return () => github.settings.workflowStates.clear();
    },
    message: /60 days without activity/,
    fix: /gh workflow enable dexter\.yml --repo acme\/shop/,
  },
  {
    check: 'actions-enabled',
    how: 'an administrator has disabled Actions',
    subject: 'acme/shop',
    damage: ({ github }) => {
      github.settings.actionsEnabled = false;
      return () => {
        github.settings.actionsEnabled = true;
      };
    },
    message: /Actions is disabled/,
    fix: /acme\/shop\/settings\/actions$/,
  },
  {
    check: 'secrets',
    how: 'the key has another name',
    subject: 'acme/shop',
    damage: ({ github }) => {
      github.settings.secrets.own = ['CLAUDE_KEY'];
      return () => {
        github.settings.secrets.own = ['ANTHROPIC_API_KEY'];
      };
    },
    message: /uses ANTHROPIC_API_KEY, and the repository has no such secret, nor has its organisation/,
    fix: /gh secret set ANTHROPIC_API_KEY --repo acme\/shop/,
  },
  {
    check: 'runner',
    how: 'it is offline',
    subject: 'acme/shop',
    damage: ({ github }) => {
      const [runner] = github.settings.runners.own;
      if (runner) runner.status = 'offline';
      return () => {
        if (runner) runner.status = 'online';
      };
    },
    message: /No runner with self-hosted, dexter is online: build-7 is offline/,
    fix: /svc\.sh start/,
  },
  {
    check: 'runner',
    how: 'none has the label',
    subject: 'acme/shop',
    damage: ({ github }) => {
      const { own } = github.settings.runners;
      github.settings.runners.own = own.map((one) => ({ ...one, labels: ['self-hosted'] }));
      return () => {
        github.settings.runners.own = own;
      };
    },
    message: /Neither acme\/shop nor its organisation has a runner with self-hosted, dexter/,
    fix: /settings\/actions\/runners\/new$/,
  },
];

describe('the program', () => {
  it('says in a pipe what is wrong and how to mend it, plainly, and ends with 1', async () => {
    const { code, stdout, stderr } = await setUp.run({
      env: {
        ANTHROPIC_API_KEY: 'sk-ant-another-key-than-the-one',
        DEXTER_WORKFLOW: 'other.yml',
        JIRA_SECRET: 'sesame',
        GITHUB_TOKEN: undefined,
      },
    });
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toContain('\nJIRA acme\n  ✓ Account ');
    expect(stdout).toMatch(
      /\n {2}✗ Model {2,}http\S+ does not take the key \(HTTP 401\)\.\n {20,}→ Set ANTHROPIC_API_KEY /,
    );
    expect(stdout).toMatch(/\nRepository acme\/shop\n {2}✓ Repository .*\n {2}✗ Workflow {2,}There is no /);
    expect(stdout).toMatch(
      /– Actions enabled {2,}The App may not ask for this\.\n +→ Look at \S+\/settings\/actions, or /,
    );
    expect(stdout).toMatch(/– Runner {2,}Not looked at, because "Workflow" failed\./);
    expect(stdout).toMatch(/\n3 failed, \d+ ok, \d+ skipped\.\n$/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there is none is what is asked
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(stdout).not.toContain('sk-ant-');
  });

  it('ends with 0 when nothing failed, and says as JSON what the others say', async () => {
    const { code, stdout, stderr } = await setUp.run({ args: ['--json', '--repository', 'acme/shop'] });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(levelsOf(DoctorReport.parse(JSON.parse(stdout)))).toEqual(levelsOf(healthy));
  });

  it('ends with 2 when it is not asked rightly', async () => {
    const { code, stderr } = await setUp.run({ args: ['--repository', 'acme'] });
    expect([code, stderr]).toEqual([2, expect.stringContaining('owner/name')]);
  });

  it('looks at the runs of the app itself where it does them', async () => {
    const local = { DEXTER_DISPATCHER: 'local', DEXTER_STORE: 'workspace' };
    const { code, stdout } = await setUp.run({
      env: { ...local, DEXTER_CLAUDE_PATH: join(setUp.directory, 'no-such-claude') },
    });
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ Claude Code {2,}The Claude Code CLI cannot be started as `\S+no-such-claude`/);
    expect(stdout).toMatch(/→ Install it: `npm install -g @anthropic-ai\/claude-code`/);
    expect(stdout).toMatch(/[✓!] Session store {2,}The d\w+ .*\/data\/workspace/);
    expect(stdout).toMatch(/– Runner {2,}Runs are done by the app itself/);
    expect(stdout).toMatch(/\n1 failed, /);
  });
});

describe('dexter doctor', () => {
  it('finds nothing wrong with a healthy set-up', () => {
    const levels = levelsOf(healthy);
    expect(Object.keys(levels)).toEqual(
      checks.map(({ id, area }) => ({ app: id, jira: `${id} acme`, repository: `${id} acme/shop` })[area]),
    );
    expect(Object.entries(levels).filter(([, level]) => level !== 'ok')).toEqual([
      ['claude-code', 'skipped'],
    ]);
    expect(healthy).toMatchObject({ version: 1, outcome: 'ok', leftOut: [] });
  });

  it.each(breaks)('fails for $check alone when $how', async (broken) => {
    const undo = await broken.damage?.(setUp);
    try {
      const report = await setUp.report(await broken.changes?.(setUp));
      const { check, subject = null, level = 'failed' } = broken;
      const found = report.checks.find((one) => one.check === check && one.subject === subject);
      expect(found).toMatchObject({ level, because: null });
      expect(found?.message).toMatch(broken.message);
      expect(found?.fix).toMatch(broken.fix);
      // What needs it is not looked at, and says why; everything else is as it was.
      for (const one of report.checks.filter(({ because }) => because !== null)) {
        expect(one).toMatchObject({ level: 'skipped', because: check });
      }
      const others = report.checks.filter((one) => one !== found && one.because === null);
      const before = levelsOf(healthy);
      const after = levelsOf({ ...report, checks: others });
      expect(after).toEqual(Object.fromEntries(Object.keys(after).map((name) => [name, before[name]])));
      const gone = Object.keys(before).filter((name) => !(name in levelsOf(report)));
      expect(gone.every((name) => broken.gone?.test(name))).toBe(true);
      expect(report.outcome).toBe('failed');
      const text = JSON.stringify(report);
      for (const secret of [
        'hunter22',
        setUp.env.ANTHROPIC_API_KEY,
        setUp.env.GITHUB_TOKEN,
        'sk-ant-another',
      ]) {
        expect(text).not.toContain(secret);
      }
    } finally {
      await undo?.();
    }
  });

  it('fails for a repository that the App is not installed on, and looks at the others', async () => {
    const report = await setUp.report({ repositories: ['acme/nothing', 'acme/shop'] });
    const ofNothing = report.checks.filter(({ subject }) => subject === 'acme/nothing');
    expect(ofNothing.map(({ check, level }) => [check, level])).toEqual(
      checks
        .filter(({ area }) => area === 'repository')
        .map(({ id }) => [id, id === 'repository' ? 'failed' : 'skipped']),
    );
    expect(ofNothing[0]?.message).toMatch(/not installed on acme\/nothing/);
    expect(ofNothing[0]?.fix).toMatch(/\/apps\/dexter\/installations\/new$/);
    const others = report.checks.filter(({ subject }) => subject !== 'acme/nothing');
    expect(levelsOf({ ...report, checks: others })).toEqual(levelsOf(healthy));
  });

  it('tries the session key on what the bucket holds, and says which session it does not open', async () => {
    const { s3, env } = setUp;
    const { bucket, region, url: endpoint } = s3;
    const store = s3Store({
      bucket,
      region,
      endpoint,
      prefix: 'kept',
      forcePathStyle: true,
      credentials: s3,
    });
    const [current, previous, lost] = [
      SessionMasterKey.parse(env.DEXTER_SESSION_KEY),
      newMasterKey(),
      newMasterKey(),
    ];
    await keep(store, refOf('DXTR-1'), { current, previous: [] });
    await keep(store, refOf('DXTR-2'), { current: previous, previous: [] });
    const keyOf = async () => {
      const report = await setUp.report({
        env: { DEXTER_S3_PREFIX: 'kept', DEXTER_SESSION_KEY_PREVIOUS: previous },
      });
      return report.checks.find(({ check }) => check === 'session-key');
    };
    expect(await keyOf()).toMatchObject({
      level: 'ok',
      message: expect.stringContaining('opens 2 of 2 sessions'),
    });
    await keep(store, refOf('DXTR-3'), { current: lost, previous: [] });
    expect(await keyOf()).toMatchObject({
      level: 'failed',
      message: expect.stringMatching(/1 of the 3 sessions that were tried: DXTR-3\./),
    });
  });

  it('leaves nothing behind in the bucket', async () => {
    const { s3, faults } = setUp;
    const { bucket, region, url: endpoint } = s3;
    const place = completeOptions({ bucket, region, endpoint, forcePathStyle: true, credentials: s3 });
    const keys = () => Array.fromAsync(openBucket(place).objects(''), ({ key }) => key);
    const [before, written] = [await keys(), faults.seen('PUT object').length];
    await setUp.report();
    expect(faults.seen('PUT object').length).toBe(written + 1);
    expect(await keys()).toEqual(before);
  });

  it('has every check fail in this test or the ones below', () => {
    const broken = new Set(breaks.map(({ check }) => check));
    const elsewhere = ['claude-code', 'repository'];
    expect(checks.map(({ id }) => id).filter((id) => !broken.has(id) && !elsewhere.includes(id))).toEqual([]);
  });
});
