import { expect, it } from 'vitest';
import { chooseEngine, type EngineChoice } from '../../action/choose-engine.ts';
import type { IsolationMode } from '../../action/isolate.ts';
import type { ModelAccess } from '../../action/model-access.ts';
import type { EngineName, JobKind } from '../../src/core/engine.ts';
import { AppError } from '../../src/core/errors.ts';

const gateway = 'https://gateway.example';
const access = {
  key: { provider: 'anthropic', baseUrl: undefined, credential: { kind: 'api-key', value: 'k' } },
  gateway: { provider: 'anthropic', baseUrl: gateway, credential: undefined },
  token: { provider: 'anthropic', baseUrl: gateway, credential: { kind: 'auth-token', value: 't' } },
  subscription: {
    provider: 'anthropic',
    baseUrl: undefined,
    credential: { kind: 'oauth-token', value: 't' },
  },
  login: { provider: 'anthropic', baseUrl: undefined, credential: undefined },
  bedrock: { provider: 'bedrock', region: 'eu-west-1', baseUrl: undefined },
  vertex: { provider: 'vertex', region: 'europe-west1', project: 'p', baseUrl: undefined },
} as const satisfies Record<string, ModelAccess>;
type Way = keyof typeof access;

const choose = (
  way: Way,
  session: { engine?: EngineName; kind?: JobKind },
  isolation: IsolationMode = 'auto',
) => chooseEngine({ access: access[way], isolation, job: { session } });

it.each<[Way, { engine?: EngineName; kind?: JobKind }, EngineChoice]>([
  ['key', {}, 'claude-code'],
  ['key', { kind: 'instruction' }, 'claude-code'],
  ['key', { engine: 'anthropic-api' }, 'anthropic-api'],
  ['gateway', { engine: 'anthropic-api' }, 'anthropic-api'],
  ['token', { engine: 'anthropic-api', kind: 'plan' }, 'anthropic-api'],
  ['key', { kind: 'plan' }, 'as-before'],
  ['gateway', { kind: 'plan' }, 'as-before'],
  ['token', { kind: 'plan' }, 'as-before'],
  ['key', { kind: 'plan', engine: 'claude-code' }, 'claude-code'],
  // A default goes back to what works, and says nothing.
  ['subscription', { kind: 'plan' }, 'claude-code'],
  ['login', { kind: 'plan' }, 'claude-code'],
  ['bedrock', { kind: 'plan' }, 'claude-code'],
  ['vertex', { kind: 'plan' }, 'claude-code'],
  ['vertex', { engine: 'claude-code' }, 'claude-code'],
])('with the access %s and %j takes %s', (way, session, engine) => {
  expect(choose(way, session)).toBe(engine);
});

it.each<[Way, string]>([
  ['subscription', 'token of a subscription'],
  ['login', 'logged in by itself'],
  ['bedrock', 'Amazon Bedrock'],
  ['vertex', 'Google Vertex AI'],
])('refuses the direct engine by name with the access %s, and says why and what to do', (way, reason) => {
  let thrown: unknown;
  try {
    choose(way, { engine: 'anthropic-api' });
  } catch (error) {
    thrown = error;
  }
  if (!(thrown instanceof AppError)) throw new Error('not refused');
  expect(thrown).toMatchObject({ code: 'engine-missing', message: expect.stringContaining(reason) });
  expect(thrown.hint).toContain('--engine claude-code');
});

it('leaves the direct engine out where everything of the agent has to be isolated', () => {
  expect(choose('key', { kind: 'plan' }, 'required')).toBe('claude-code');
  expect(() => choose('key', { engine: 'anthropic-api' }, 'required')).toThrow(/`isolation: required`/);
});
