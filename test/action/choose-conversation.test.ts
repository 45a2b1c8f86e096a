import { expect, it } from 'vitest';
import { modelOf } from '../../action/choose-conversation.ts';
import { findPrices } from '../../src/pricing/find-prices.ts';

const had = 'claude-sonnet-4-5-20250929';

it.each([
  ['nothing', undefined, had, had],
  ['the same by another name', 'sonnet', had, had],
  ['another one', 'opus', had, 'opus'],
  ['one, of a session that knows of none', 'sonnet', null, 'sonnet'],
])('reckons with the right model where the command asks for %s', (_name, asked, before, model) => {
  expect(modelOf(asked, before)).toBe(model);
});

it('knows what going on costs where the command calls the session’s model by a word', () => {
  expect(findPrices('sonnet')).toBeUndefined();
  expect(findPrices(modelOf('sonnet', had) ?? '')?.model).toBe('claude-sonnet-4-5');
});
