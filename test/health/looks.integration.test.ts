import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type GitHub, startGitHub } from '../../demo/github/start-github.ts';
import { type Jira, startJira } from '../../demo/jira/start-jira.ts';
import { startS3 } from '../../demo/s3/start-s3.ts';
import { story } from '../../demo/story/ticket.ts';
import { parseConfig } from '../../src/config.ts';
import { type LooksOptions, looksAt } from '../../src/health/looks.ts';
import type { Look, PartName } from '../../src/health/part-health.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { addMeasures } from '../../src/ledger/measures.ts';
import { type Gate, startGate } from '../app/gate.ts';
import { freePort } from '../app/server-process.ts';
import { repositorySource } from '../app/world.ts';
import { type JiraGate, startJiraGate } from '../fakes/jira-gate.ts';
import { startFakeRedis } from '../fakes/redis-server.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

let github: GitHub;
let jira: Jira;
let gate: Gate;
let jiraGate: JiraGate;
const noDatabase = undefined as unknown as LooksOptions['db'];
let nobody: string;

beforeAll(async () => {
  nobody = `http://127.0.0.1:${await freePort()}`;
  github = await startGitHub({ repositorySource });
  jira = await startJira(story);
  gate = await startGate({ target: github.apiUrl });
  jiraGate = await startJiraGate(jira.url);
});

afterAll(async () => {
  await gate?.close();
  await jiraGate?.close();
  await jira?.close();
  await github?.close();
});

function look(
  part: PartName,
  environment: Record<string, string> = {},
  { jiraUrls = [jiraGate.url], db = noDatabase }: { jiraUrls?: string[]; db?: LooksOptions['db'] } = {},
): Promise<Look[]> {
  const sites = jiraUrls.map(
    (url, index) =>
      `site-${index}: {url: "${url}", email: ${jira.connection.email}, tokenEnv: JIRA_TOKEN, secretEnv: JIRA_SECRET}`,
  );
  const config = parseConfig(
    {
      APP_ID: String(github.app.id),
      PRIVATE_KEY: github.app.privateKey,
      WEBHOOK_SECRET: github.app.webhookSecret,
      GITHUB_API_URL: gate.url,
      JIRA_TOKEN: jira.connection.apiToken,
      JIRA_SECRET: 'secret-of-the-rule',
      ...environment,
    },
    `jira: {${sites.join(', ')}}`,
  );
  const parts = looksAt({ config, db, machine: {} });
  return Promise.all(parts.filter((one) => one.part === part).map((one) => one.look()));
}

describe('GitHub', () => {
  it('is ok when it knows the app', async () => {
    expect(await look('github')).toEqual([{ state: 'ok' }]);
  });

  it('refuses a key that is not that of the app', async () => {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    expect(await look('github', { PRIVATE_KEY: privateKey })).toMatchObject([{ state: 'refused' }]);
    const broken = '-----BEGIN PRIVATE KEY-----\nbroken\n-----END PRIVATE KEY-----';
    expect(await look('github', { PRIVATE_KEY: broken })).toMatchObject([{ state: 'refused' }]);
  });

  it('gives no answer while it is down', async () => {
    const held = gate.hold('GET', /^\/app$/, { afterwards: true });
    held.fail();
    expect(await look('github')).toEqual([{ state: 'no answer', said: 'HTTP 502: Server Error' }]);
    expect(await look('github', { GITHUB_API_URL: nobody })).toEqual([
      { state: 'no answer', said: expect.stringContaining('ECONNREFUSED') },
    ]);
  });
});

describe('JIRA', () => {
  it('is asked site by site', async () => {
    expect(await look('jira', {}, { jiraUrls: [] })).toEqual([]);
    expect(await look('jira', {}, { jiraUrls: [jiraGate.url, nobody] })).toEqual([
      { state: 'ok' },
      { state: 'no answer', said: expect.stringContaining('ECONNREFUSED') },
    ]);
  });

  it('refuses a wrong token', async () => {
    expect(await look('jira', { JIRA_TOKEN: 'wrong' })).toMatchObject([
      { state: 'refused', said: 'HTTP 401' },
    ]);
  });

  it('gives no answer while it is down', async () => {
    jiraGate.fail(503);
    expect(await look('jira')).toMatchObject([{ state: 'no answer', said: 'HTTP 503' }]);
    jiraGate.mend();
    expect(await look('jira')).toEqual([{ state: 'ok' }]);
  });
});

describe('Redis', () => {
  it('is no part where there is none', async () => {
    expect(await look('redis')).toEqual([]);
  });

  it('is asked for a sign of life', async () => {
    const redis = await startFakeRedis();
    expect(await look('redis', { REDIS_URL: redis.url })).toEqual([{ state: 'ok' }]);
    redis.hang();
    expect(await look('redis', { REDIS_URL: redis.url })).toMatchObject([{ state: 'no answer' }]);
    await redis.close();
    expect(await look('redis', { REDIS_URL: redis.url })).toMatchObject([{ state: 'no answer' }]);
  });
});

describe('the store', () => {
  const local = { DEXTER_DISPATCHER: 'local' };

  it('is a directory that can be written to, or made', async () => {
    await using directory = await temporaryDirectory();
    const workspace = join(directory.path, 'not', 'there', 'yet');
    expect(await look('store', { ...local, DEXTER_WORKSPACE: workspace })).toEqual([{ state: 'ok' }]);
    const file = join(directory.path, 'file');
    await writeFile(file, '');
    expect(await look('store', { ...local, DEXTER_WORKSPACE: file })).toEqual([
      { state: 'refused', said: `${file} is not a directory` },
    ]);
  });

  it('is a bucket that these credentials may look into', async () => {
    const s3 = await startS3();
    onTestFinished(() => s3.close());
    onTestFinished(() => void vi.unstubAllEnvs());
    vi.stubEnv('AWS_ACCESS_KEY_ID', s3.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', s3.secretAccessKey);
    const there = {
      ...local,
      DEXTER_STORE: 's3',
      DEXTER_S3_BUCKET: s3.bucket,
      DEXTER_S3_REGION: s3.region,
      DEXTER_S3_ENDPOINT: s3.url,
      DEXTER_S3_PATH_STYLE: 'true',
    };
    expect(await look('store', there)).toEqual([{ state: 'ok' }]);
    expect(await look('store', { ...there, DEXTER_S3_BUCKET: 'of-nobody' })).toMatchObject([
      { state: 'refused' },
    ]);
    expect(await look('store', { ...there, DEXTER_S3_ENDPOINT: nobody })).toMatchObject([
      { state: 'no answer' },
    ]);
  });

  it('of runs elsewhere is what they said last', async () => {
    const database = await openDatabase({ directory: 'memory://' });
    onTestFinished(() => database.close());
    const db = database.kysely;
    expect(await look('store', {}, { db })).toEqual([{ state: 'unknown' }]);
    const saved = { name: 'cache_write', label: 'session/s3', value: 100 } as const;
    await addMeasures(db, [{ ...saved, label: 'context' }]);
    expect(await look('store', {}, { db })).toEqual([{ state: 'unknown' }]);
    const failed = { name: 'cache_write_failed', label: 'session/s3' } as const;
    // One is no proof: another run may have saved first.
    await addMeasures(db, [saved, failed]);
    expect(await look('store', {}, { db })).toEqual([{ state: 'ok' }]);
    await addMeasures(db, [saved, failed, saved, failed]);
    expect(await look('store', {}, { db })).toEqual([
      { state: 'no answer', said: '3 times nothing was saved (session/s3)' },
    ]);
    await addMeasures(db, [saved]);
    expect(await look('store', {}, { db })).toEqual([{ state: 'ok' }]);
  });
});
