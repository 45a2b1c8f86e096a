import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { checkConfig } from '../../src/cli/check.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

const credentials = { APP_ID: '7', PRIVATE_KEY: 'A PRIVATE KEY', WEBHOOK_SECRET: 'sixteen letters!' };

async function check(env: Record<string, string>, dexterYml = '{}'): Promise<[number, ...string[]]> {
  await using place = await temporaryDirectory();
  const file = join(place.path, 'dexter.yml');
  await writeFile(file, dexterYml);
  const lines: string[] = [];
  const code = await checkConfig({ ...credentials, DEXTER_CONFIG: file, ...env }, (line) => lines.push(line));
  return [code, ...lines];
}

const complete = (rest: string) => `The configuration is complete: app 7, ${rest}.`;

it('warns that runners cannot find an app that does not say where it is', async () => {
  expect(await check({})).toEqual([
    0,
    complete('actions dispatcher, 0 JIRA connections'),
    'Warning: DEXTER_URL is not set: runners would look for the app at http://localhost:3000. Set the address under which they reach it.',
  ]);
  expect(await check({ DEXTER_URL: 'https://dexter.example.com' })).toHaveLength(2);
  expect(await check({ DEXTER_DISPATCHER: 'local' })).toEqual([
    0,
    complete('local dispatcher, 0 JIRA connections'),
  ]);
});

it('counts the connections to JIRA', async () => {
  const env = {
    DEXTER_URL: 'https://dexter.example.com',
    JIRA_TOKEN: 'token',
    JIRA_WEBHOOK_SECRET: '0123456789abcdef',
  };
  const acme =
    'jira: { acme: { url: "https://acme.example", email: a@acme.example, tokenEnv: JIRA_TOKEN, secretEnv: JIRA_WEBHOOK_SECRET } }';
  expect(await check(env, acme)).toEqual([0, complete('actions dispatcher, 1 JIRA connection')]);
});
