import { expect, it } from 'vitest';
import { type EngineName, type EngineSetting, engineFor, type JobKind } from '../../src/core/engine.ts';

it.each<[string, JobKind, (EngineSetting | undefined)[], EngineName | undefined]>([
  ['the flag first', 'plan', ['claude-code', 'anthropic-api', 'anthropic-api'], 'claude-code'],
  ['then the repository', 'plan', [undefined, 'anthropic-api', 'claude-code'], 'anthropic-api'],
  ['then the app', 'instruction', [undefined, undefined, 'anthropic-api'], 'anthropic-api'],
  ['by kind', 'plan', [undefined, { instruction: 'claude-code', plan: 'anthropic-api' }], 'anthropic-api'],
  [
    'the next setting where a kind is left out',
    'plan',
    [{ instruction: 'claude-code' }, 'anthropic-api'],
    'anthropic-api',
  ],
  ['nobody where nobody says it', 'instruction', [undefined, { plan: 'anthropic-api' }, {}], undefined],
])('asks %s', (_, kind, settings, engine) => {
  expect(engineFor(kind, settings)).toBe(engine);
});
