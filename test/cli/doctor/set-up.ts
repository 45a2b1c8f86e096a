import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { App, Octokit } from 'octokit';
import { stringify } from 'yaml';
import { startGitHub } from '../../../demo/github/start-github.ts';
import { startJira } from '../../../demo/jira/start-jira.ts';
import { startModel } from '../../../demo/model/server.ts';
import { startS3 } from '../../../demo/s3/start-s3.ts';
import { tasks } from '../../../demo/story/solution.ts';
import { accounts, loginOf, story, ticketKey } from '../../../demo/story/ticket.ts';
import { DoctorReport } from '../../../src/cli/doctor/report.ts';
import { runDoctor } from '../../../src/cli/doctor/run-doctor.ts';
import { newMasterKey } from '../../../src/core/session-key.ts';
import { freePort, startServer } from '../../app/server-process.ts';
import { repositorySource } from '../../app/world.ts';
import { startFakeRedis } from '../../fakes/redis-server.ts';
import { startFaults } from '../../fakes/s3-faults.ts';
import { temporaryDirectory } from '../../fakes/temporary-directory.ts';
import { dexterIn } from '../dexter-process.ts';
import { fakeTerminal } from '../fake-terminal.ts';
import { startFront } from './front.ts';

export type SetUp = Awaited<ReturnType<typeof startSetUp>>;

/** What a run of `dexter doctor` is given instead of what is in order. */
export interface Changes {
  env?: Record<string, string | undefined>;
  /** Members of the JIRA connection in `dexter.yml`. */
  jira?: Record<string, unknown>;
}

const example = new URL('../../../examples/dexter.yml', import.meta.url);

/**
 * Everything that Dexter works with, in order: the app itself behind a reverse proxy, a simulated GitHub and JIRA, a
 * simulated model, a bucket, a Redis.
 */
export async function startSetUp() {
  const directory = await temporaryDirectory();
  // The site is changed by tests.
  const site = structuredClone(story);
  Object.assign(site.issues.find(({ key }) => key === ticketKey) ?? {}, {
    customFields: {
      customfield_10020: { name: 'Sprint', value: null },
      customfield_10016: { name: 'Story point estimate', value: 3 },
    },
  });
  const modelKey = 'sk-ant-key-of-the-simulated-model';
  const [github, jira, model, s3, redis, front] = await Promise.all([
    startGitHub({ repositorySource }),
    startJira(site),
    startModel({ tasks, apiKey: modelKey }),
    startS3(),
    startFakeRedis(),
    startFront(),
  ]);
  const faults = await startFaults(new URL(s3.url));
  const { owner, name: repo } = github.repository;
  const workflowPath = '.github/workflows/dexter.yml';
  const workflow = await readFile(example, 'utf8');

  async function writeWorkflow(text: string): Promise<void> {
    const { rest } = github.as('maria');
    const there = await rest.repos.getContent({ owner, repo, path: workflowPath }).catch(() => undefined);
    const sha = there && 'sha' in there.data ? there.data.sha : undefined;
    await rest.repos.createOrUpdateFileContents({
      owner,
      repo,
      path: workflowPath,
      message: 'Change the workflow',
      content: Buffer.from(text).toString('base64'),
      ...(sha === undefined ? {} : { sha }),
    });
  }

  await writeWorkflow(workflow);
  github.settings.secrets.own = ['ANTHROPIC_API_KEY'];
  github.settings.runners.own = [
    { name: 'build-7', status: 'online', labels: ['self-hosted', 'Linux', 'dexter'] },
  ];
  const server = await startServer({
    directory: join(directory.path, 'app'),
    port: await freePort(),
    github,
    jira,
    environment: { DEXTER_URL: front.url },
  });
  front.passTo(server.url);
  github.setWebhookTarget(`${front.url}/api/github/webhooks`);
  const { data: issue } = await github
    .as('maria')
    .rest.issues.create({ owner, repo, title: 'Say hello', body: 'Please.' });
  await comment();

  /** A person comments, which GitHub delivers. */
  async function comment(): Promise<void> {
    const { rest } = github.as('maria');
    await rest.issues.createComment({ owner, repo, issue_number: issue.number, body: 'Nothing for Dexter.' });
    await github.settled();
  }

  const env = {
    APP_ID: String(github.app.id),
    PRIVATE_KEY: github.app.privateKey,
    WEBHOOK_SECRET: github.app.webhookSecret,
    DEXTER_URL: front.url,
    DEXTER_DATA: join(directory.path, 'app', 'data'),
    DEXTER_SESSION_KEY: newMasterKey(),
    DEXTER_STORE: 's3',
    DEXTER_S3_BUCKET: s3.bucket,
    DEXTER_S3_REGION: s3.region,
    DEXTER_S3_ENDPOINT: faults.url,
    DEXTER_S3_PATH_STYLE: 'true',
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    REDIS_URL: redis.url,
    GITHUB_API_URL: github.apiUrl,
    GITHUB_SERVER_URL: github.url,
    GITHUB_TOKEN: github.tokenOf('maria'),
    JIRA_TOKEN: jira.connection.apiToken,
    JIRA_SECRET: 'secret-of-the-jira-rule',
    ANTHROPIC_API_KEY: modelKey,
    ANTHROPIC_BASE_URL: model.url,
  };
  let runs = 0;

  /** A directory with the configuration file of one run. */
  async function placeOf(changes: Changes): Promise<string> {
    runs += 1;
    const place = join(directory.path, `run-${runs}`);
    await mkdir(place);
    const connection = {
      url: jira.url,
      email: jira.connection.email,
      tokenEnv: 'JIRA_TOKEN',
      secretEnv: 'JIRA_SECRET',
      projects: { SHOP: 'acme/shop' },
      people: loginOf,
      fields: { sprint: 'customfield_10020', storyPoints: 'Story point estimate' },
      ...changes.jira,
    };
    await writeFile(join(place, 'dexter.yml'), stringify({ jira: { acme: connection } }));
    return place;
  }

  return {
    directory: directory.path,
    github,
    jira,
    site,
    s3,
    faults,
    redis,
    front,
    env,
    workflow,
    writeWorkflow,
    comment,
    /** Account of JIRA that Dexter uses. */
    account: accounts.dexter,
    /** What failed is delivered again. */
    async redeliver(): Promise<void> {
      const failed = github.deliveries().filter(({ statusCode }) => statusCode !== 200);
      const { id: appId, privateKey } = github.app;
      const { octokit } = new App({
        appId,
        privateKey,
        Octokit: Octokit.defaults({ baseUrl: github.apiUrl, throttle: { enabled: false } }),
      });
      for (const { id } of failed) {
        await octokit.request('POST /app/hook/deliveries/{delivery_id}/attempts', { delivery_id: id });
      }
      await github.settled();
    },
    /** The program, in a process of its own. */
    async run(changes: Changes & { args?: string[] } = {}) {
      return dexterIn(await placeOf(changes), ['doctor', ...(changes.args ?? [])], {
        ...env,
        ...changes.env,
      });
    },
    /** What the program does with its arguments, in this process. */
    async report(changes: Changes & { repositories?: string[] } = {}): Promise<DoctorReport> {
      const place = await placeOf(changes);
      const { terminal, printed } = fakeTerminal({
        env: { ...env, DEXTER_CONFIG: join(place, 'dexter.yml'), ...changes.env },
      });
      const { repositories = [] } = changes;
      const look = { colours: false, width: undefined };
      const code = await runDoctor({ repositories, json: true, look }, terminal);
      const report = DoctorReport.parse(JSON.parse(printed.join('\n')));
      if (code !== (report.outcome === 'ok' ? 0 : 1)) throw new Error(`exit code ${code}`);
      return report;
    },
    async close(): Promise<void> {
      await server.end('SIGTERM');
      await Promise.all([github, jira, model, s3, redis, front, faults].map((one) => one.close()));
      await directory.remove();
    },
  };
}
