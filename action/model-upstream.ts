import { bedrockSign, bedrockUrl } from '../src/engines/providers/bedrock.ts';
import type { Sign } from '../src/engines/providers/sign.ts';
import { vertexSign, vertexUrl } from '../src/engines/providers/vertex.ts';
import type { ModelAccess } from './model-access.ts';

/** What the proxy in front of a model's API has to know of it. */
export interface ModelUpstream {
  /** Base address of the real API; its path is kept in front of the request's. */
  address: string;
  /** All that the CLI needs of it; with the real key, other paths would show and do more. */
  allowed: readonly { method: string; path: RegExp }[];
  sign: Sign;
  /** The signature covers the body, which therefore has to be there as a whole. */
  signsBody: boolean;
}

export function modelUpstream(
  access: ModelAccess,
  env: Readonly<Record<string, string | undefined>>,
): ModelUpstream {
  switch (access.provider) {
    case 'anthropic':
      return {
        address: access.baseUrl ?? 'https://api.anthropic.com',
        allowed: [
          { method: 'POST', path: /^\/v1\/messages(?:\/count_tokens)?$/ },
          { method: 'GET', path: /^\/v1\/models$/ },
        ],
        sign: async ({ headers }) => credentialHeaders(access.credential, headers),
        signsBody: false,
      };
    case 'bedrock':
      return {
        address: access.baseUrl ?? bedrockUrl(access.region),
        allowed: [
          { method: 'POST', path: /^\/model\/[^/]+\/(?:invoke|invoke-with-response-stream|count-tokens)$/ },
        ],
        sign: bedrockSign({ region: access.region, bearerToken: env.AWS_BEARER_TOKEN_BEDROCK || undefined }),
        signsBody: true,
      };
    case 'vertex': {
      const models = `/v1/projects/${access.project}/locations/${access.region}/publishers/anthropic/models`;
      return {
        address: access.baseUrl ?? vertexUrl(access.region),
        allowed: [{ method: 'POST', path: new RegExp(`^${models}/[^/]+:(?:streamRawPredict|rawPredict)$`) }],
        sign: vertexSign(access.project),
        signsBody: false,
      };
    }
  }
}

/** Anthropic takes a token of a subscription only with this among the betas. */
const oauthBeta = 'oauth-2025-04-20';

function credentialHeaders(
  credential: Extract<ModelAccess, { provider: 'anthropic' }>['credential'],
  headers: Readonly<Record<string, string>>,
): Record<string, string> {
  if (credential === undefined) return {};
  const { kind, value } = credential;
  if (kind === 'api-key') return { 'x-api-key': value };
  const betas = (headers['anthropic-beta'] ?? '').split(',').filter((beta) => beta.trim() !== '');
  if (kind === 'oauth-token' && !betas.includes(oauthBeta)) betas.push(oauthBeta);
  return {
    authorization: `Bearer ${value}`,
    ...(betas.length === 0 ? {} : { 'anthropic-beta': betas.join() }),
  };
}

/** How the CLI is told of the proxy: it sends the run's key, and no provider's. */
export function proxyVariables(
  access: ModelAccess,
  { url, key }: { url: string; key: string },
): Record<string, string> {
  switch (access.provider) {
    case 'anthropic':
      // With a subscription's token the CLI speaks otherwise than with a key.
      return access.credential?.kind === 'oauth-token'
        ? { ANTHROPIC_BASE_URL: url, CLAUDE_CODE_OAUTH_TOKEN: key }
        : { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: key };
    case 'bedrock':
      return {
        CLAUDE_CODE_USE_BEDROCK: '1',
        CLAUDE_CODE_SKIP_BEDROCK_AUTH: '1',
        ANTHROPIC_BEDROCK_BASE_URL: url,
        AWS_REGION: access.region,
        AWS_BEARER_TOKEN_BEDROCK: key,
      };
    case 'vertex':
      return {
        CLAUDE_CODE_USE_VERTEX: '1',
        CLAUDE_CODE_SKIP_VERTEX_AUTH: '1',
        ANTHROPIC_VERTEX_BASE_URL: `${url}/v1`,
        ANTHROPIC_VERTEX_PROJECT_ID: access.project,
        CLOUD_ML_REGION: access.region,
        ANTHROPIC_AUTH_TOKEN: key,
      };
  }
}
