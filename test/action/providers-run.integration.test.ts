import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Model, startModel } from '../../demo/model/server.ts';
import { type ModelGateway, startModelGateway } from '../fakes/model-gateway.ts';
import { realClaude } from '../fakes/real-claude.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let model: Model;
let gateway: ModelGateway;
beforeEach(async () => {
  world = await createWorld();
  const program = "require('fs').writeFileSync(process.argv[1], JSON.stringify(process.env))";
  const environment = `node -e "${program}" ${join(world.directory, 'environment.json')}`;
  const tasks = [
    {
      match: /do it/,
      needs: ['a.txt'],
      edits: [{ path: 'b.txt', content: 'b\n' }],
      run: [environment],
      answer: 'Done.',
    },
  ];
  model = await startModel({ tasks });
  gateway = await startModelGateway(model.url);
});
afterEach(async () => {
  await gateway.close();
  await model.close();
  await world[Symbol.asyncDispose]();
});

/** A run of the action with the real CLI, to its end. */
async function run(inputs: Record<string, string>, env: Record<string, string> = {}): Promise<void> {
  const ended = await world.run({
    instruction: 'do it',
    inputs: {
      'claude-path': realClaude,
      'anthropic-base-url': gateway.url,
      'allowed-tools': 'Read(./**)\nEdit(./**)\nBash(node -e *)',
      ...inputs,
    },
    env,
  });
  expect(ended.exitCode, ended.output).toBe(0);
  expect(world.forge.reports.at(-1)).toMatchObject({ outcome: 'done', summary: 'Done.' });
}

async function expectNone(secrets: string[]): Promise<void> {
  const environment = await readFile(join(world.directory, 'environment.json'), 'utf8');
  expect(environment).toContain('CLAUDE_CODE');
  for (const secret of secrets) expect(environment).not.toContain(secret);
}

it('works by the token of a subscription', async () => {
  const token = 'sk-ant-oat01-real-token-0123456789';
  await run({ 'anthropic-oauth-token': token });
  for (const { headers } of gateway.seen) {
    expect(headers.authorization).toBe(`Bearer ${token}`);
    expect(
      String(headers['anthropic-beta'])
        .split(',')
        .filter((beta) => beta.startsWith('oauth-')),
    ).toHaveLength(1);
  }
  await expectNone([token]);
});

it('works by the token of a gateway', async () => {
  await run({ 'anthropic-auth-token': 'real-gateway-token' });
  expect(new Set(gateway.seen.map(({ headers }) => headers.authorization))).toEqual(
    new Set(['Bearer real-gateway-token']),
  );
  await expectNone(['real-gateway-token']);
});

it('works by Bedrock, whose credentials sign in the action', async () => {
  const secret = 'wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00';
  await run(
    { provider: 'bedrock', 'aws-region': 'eu-west-1', model: 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0' },
    {
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: secret,
      AWS_SESSION_TOKEN: 'real-session-token',
    },
  );
  expect(gateway.seen.length).toBeGreaterThan(2);
  for (const { path, headers } of gateway.seen) {
    expect(path).toMatch(/^\/model\/[^/]+\/invoke-with-response-stream$/);
    expect(headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\//);
    expect(headers['x-amz-security-token']).toBe('real-session-token');
  }
  await expectNone([secret, 'real-session-token', 'AKIDEXAMPLE']);
});

it('works by Vertex, with the identity of the workflow', async () => {
  const tokens = createServer((_request, response) => {
    const token = {
      access_token: 'real-google-token',
      token_type: 'Bearer',
      expires_in: 3600,
      issued_token_type: 'x',
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(token));
  });
  await new Promise<void>((resolve) => tokens.listen(0, '127.0.0.1', resolve));
  try {
    const address = tokens.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const [identity, file] = [join(world.directory, 'identity'), join(world.directory, 'google.json')];
    await writeFile(identity, 'token-of-the-workflow');
    await writeFile(
      file,
      JSON.stringify({
        type: 'external_account',
        audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/github',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        token_url: `http://127.0.0.1:${address.port}/token`,
        credential_source: { file: identity },
      }),
    );
    await run(
      {
        provider: 'vertex',
        'vertex-region': 'europe-west1',
        'vertex-project': 'shop',
        model: 'claude-sonnet-4-5',
      },
      { GOOGLE_APPLICATION_CREDENTIALS: file },
    );
    const start = '/v1/projects/shop/locations/europe-west1/publishers/anthropic/models/';
    for (const { path, headers } of gateway.seen) {
      expect(path).toContain(start);
      expect(headers.authorization).toBe('Bearer real-google-token');
    }
    await expectNone(['real-google-token', 'token-of-the-workflow', file]);
  } finally {
    tokens.closeAllConnections();
    tokens.close();
  }
});

it('does not begin where nobody is logged in, and says what to do', async () => {
  const ended = await world.run({
    instruction: 'do it',
    inputs: { 'claude-path': realClaude, provider: 'bedrock', 'aws-region': 'eu-west-1' },
    env: { AWS_EC2_METADATA_DISABLED: 'true', HOME: world.directory },
  });
  expect(ended.exitCode).toBe(1);
  expect(world.forge.reports.at(-1)?.problem).toMatchObject({
    code: 'engine-logged-out',
    message: expect.stringContaining('`bedrock`'),
    hint: expect.stringContaining('OIDC'),
  });
});
