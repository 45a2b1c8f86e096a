import { createHash, createHmac } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ModelAccess } from '../../action/model-access.ts';
import { startModelProxy } from '../../action/model-proxy.ts';
import { modelUpstream } from '../../action/model-upstream.ts';
import { bedrockSign, bedrockUrl } from '../../src/engines/providers/bedrock.ts';
import { vertexUrl } from '../../src/engines/providers/vertex.ts';
import { temporaryDirectory } from '../fakes/temporary-directory.ts';

interface Seen {
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

let server: Server;
let baseUrl: string;
let seen: Seen[];
let answer: (request: IncomingMessage, response: ServerResponse) => boolean | undefined;
beforeEach(async () => {
  seen = [];
  answer = () => false;
  server = createServer(async (request, response) => {
    seen.push({ url: request.url ?? '', headers: request.headers, body: await text(request) });
    if (!answer(request, response)) response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  baseUrl = `http://127.0.0.1:${address.port}`;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function through(
  access: ModelAccess,
  path: string,
  { env = {}, ...init }: RequestInit & { env?: Record<string, string> } = {},
): Promise<Response> {
  await using proxy = await startModelProxy({ upstream: modelUpstream(access, env), env: {} });
  const headers = {
    authorization: `Bearer ${proxy.key}`,
    'content-type': 'application/json',
    ...init.headers,
  };
  const response = await fetch(proxy.url + path, { method: 'POST', body: '{"a":"ä"}', ...init, headers });
  return new Response(await response.arrayBuffer(), response);
}

const hex = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/** The signature of a request by AWS's own description, step by step. */
function signatureOf({ url, headers, body }: Seen, secret: string, method = 'POST'): string {
  const { authorization = '' } = headers;
  const [, date = '', region = ''] =
    /Credential=[^/]+\/(\d{8})\/([^/]+)\/bedrock\/aws4_request/.exec(authorization) ?? [];
  const names = (/SignedHeaders=([^,]+)/.exec(authorization)?.[1] ?? '').split(';');
  const path = url.split('/').map(encodeURIComponent).join('/');
  const canonical = [
    method,
    path,
    '',
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    hex(body),
  ].join('\n');
  const scope = `${date}/${region}/bedrock/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, hex(canonical)].join('\n');
  const key = [date, region, 'bedrock', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secret}`);
  return hmac(key as Buffer, toSign).toString('hex');
}

describe('Anthropic', () => {
  const oauth = (): ModelAccess => ({
    provider: 'anthropic',
    baseUrl,
    credential: { kind: 'oauth-token', value: 'real-token' },
  });

  it('is given a token of a subscription, and the beta that belongs to it', async () => {
    await through(oauth(), '/v1/messages?beta=true', { headers: { 'anthropic-beta': 'one,two' } });
    await through(oauth(), '/v1/messages', { headers: { 'anthropic-beta': 'oauth-2025-04-20,one' } });
    expect(
      seen.map(({ headers }) => [headers.authorization, headers['anthropic-beta'], headers['x-api-key']]),
    ).toEqual([
      ['Bearer real-token', 'one,two,oauth-2025-04-20', undefined],
      ['Bearer real-token', 'oauth-2025-04-20,one', undefined],
    ]);
  });

  it('is given the bearer token of a gateway', async () => {
    const access: ModelAccess = {
      provider: 'anthropic',
      baseUrl: `${baseUrl}/gateway`,
      credential: { kind: 'auth-token', value: 'real-token' },
    };
    await through(access, '/v1/messages');
    expect(seen[0]).toMatchObject({
      url: '/gateway/v1/messages',
      headers: { authorization: 'Bearer real-token' },
    });
  });
});

describe('Bedrock', () => {
  const access = (): ModelAccess => ({ provider: 'bedrock', region: 'eu-west-1', baseUrl });
  const path = '/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke-with-response-stream';
  const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';

  beforeEach(() => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', secret);
    vi.stubEnv('AWS_SESSION_TOKEN', 'session-of-a-role');
  });

  it('gets what the credentials of the environment signed, body and all', async () => {
    const response = await through(access(), path);
    expect(response.status).toBe(200);
    const [request] = seen;
    if (request === undefined) throw new Error('nothing came');
    expect(request.url).toBe(path);
    expect(request.body).toBe('{"a":"ä"}');
    expect(request.headers['x-amz-security-token']).toBe('session-of-a-role');
    const { authorization = '' } = request.headers;
    expect(authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/bedrock\/aws4_request/,
    );
    expect(authorization).toMatch(/SignedHeaders=[^,]*\bhost\b[^,]*\bx-amz-security-token\b/);
    expect(/Signature=([0-9a-f]+)/.exec(authorization)?.[1]).toBe(signatureOf(request, secret));
  });

  it('gets its own kind of key where there is one', async () => {
    await through(access(), path, { env: { AWS_BEARER_TOKEN_BEDROCK: 'real-key' } });
    expect(seen[0]?.headers.authorization).toBe('Bearer real-key');
  });

  it('streams its answer as it comes, byte for byte', async () => {
    const chunks = [Buffer.from([0, 0, 0, 16, 255]), Buffer.from([254, 0, 1])];
    let more: () => void = () => undefined;
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' }).write(chunks[0]);
      more = () => response.end(chunks[1]);
      return true;
    };
    await using proxy = await startModelProxy({ upstream: modelUpstream(access(), {}), env: {} });
    const headers = { authorization: `Bearer ${proxy.key}` };
    const response = await fetch(proxy.url + path, { method: 'POST', body: '{}', headers });
    const reader = response.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? [])).toEqual(chunks[0]);
    more();
    expect(Buffer.from((await reader?.read())?.value ?? [])).toEqual(chunks[1]);
  });

  it('passes errors on, and answers no other request', async () => {
    answer = (_request, response) => {
      response.writeHead(429, { 'x-amzn-errortype': 'ThrottlingException' }).end('{"message":"slow down"}');
      return true;
    };
    const refused = await through(access(), path);
    expect([refused.status, refused.headers.get('x-amzn-errortype'), await refused.text()]).toEqual([
      429,
      'ThrottlingException',
      '{"message":"slow down"}',
    ]);
    for (const other of [
      '/inference-profiles',
      '/model/x/../../y/invoke',
      '/v1/messages',
      '/model/x/converse',
    ])
      expect((await through(access(), other)).status).toBe(403);
    expect(seen).toHaveLength(1);
  });

  it('says that it is not to be had without credentials', async () => {
    const upstream = modelUpstream(access(), {});
    const sign = bedrockSign({ region: 'eu-west-1', credentials: () => Promise.reject(new Error('none')) });
    await using proxy = await startModelProxy({ upstream: { ...upstream, sign }, env: {} });
    const headers = { authorization: `Bearer ${proxy.key}` };
    const response = await fetch(proxy.url + path, { method: 'POST', body: '{}', headers });
    expect([response.status, seen.length]).toEqual([401, 0]);
  });

  it('has its address by region', () => {
    expect(bedrockUrl('us-east-1')).toBe('https://bedrock-runtime.us-east-1.amazonaws.com');
    expect(bedrockUrl('cn-north-1')).toBe('https://bedrock-runtime.cn-north-1.amazonaws.com.cn');
  });
});

describe('Vertex', () => {
  const access = (): ModelAccess => ({
    provider: 'vertex',
    region: 'europe-west1',
    project: 'shop',
    baseUrl,
  });
  const models = '/v1/projects/shop/locations/europe-west1/publishers/anthropic/models';

  it('gets a token for the identity of the workflow, exchanged once', async () => {
    await using directory = await temporaryDirectory();
    const [identity, configuration] = ['identity', 'credentials.json'].map((name) =>
      join(directory.path, name),
    ) as [string, string];
    await writeFile(identity, 'token-of-the-workflow');
    await writeFile(
      configuration,
      JSON.stringify({
        type: 'external_account',
        audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/github',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        token_url: `${baseUrl}/token`,
        credential_source: { file: identity },
      }),
    );
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', configuration);
    answer = (request, response) => {
      if (request.url !== '/token') return false;
      const token = {
        access_token: 'real-token',
        token_type: 'Bearer',
        expires_in: 3600,
        issued_token_type: 'x',
      };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(token));
      return true;
    };
    const upstream = modelUpstream(access(), {});
    await using proxy = await startModelProxy({ upstream, env: {} });
    const headers = { authorization: `Bearer ${proxy.key}` };
    for (const path of [`${models}/claude-sonnet-4-5:streamRawPredict`, `${models}/count-tokens:rawPredict`])
      expect((await fetch(proxy.url + path, { method: 'POST', body: '{}', headers })).status).toBe(200);
    expect(seen.map(({ url }) => url)).toEqual([
      '/token',
      `${models}/claude-sonnet-4-5:streamRawPredict`,
      `${models}/count-tokens:rawPredict`,
    ]);
    expect(seen[0]?.body).toContain('subject_token=token-of-the-workflow');
    expect(seen.slice(1).map(({ headers }) => headers.authorization)).toEqual([
      'Bearer real-token',
      'Bearer real-token',
    ]);
    for (const other of [
      `/v1/projects/other/locations/europe-west1/publishers/anthropic/models/x:rawPredict`,
      `${models}/x:predict`,
    ])
      expect((await fetch(proxy.url + other, { method: 'POST', body: '{}', headers })).status).toBe(403);
  });

  it('has its address by region', () => {
    expect(vertexUrl('global')).toBe('https://aiplatform.googleapis.com');
    expect(vertexUrl('eu')).toBe('https://aiplatform.eu.rep.googleapis.com');
    expect(vertexUrl('us-east5')).toBe('https://us-east5-aiplatform.googleapis.com');
  });
});
