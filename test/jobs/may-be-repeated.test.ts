import { expect, it } from 'vitest';
import type { Ask, Origin } from '../../src/core/command.ts';
import { CommandStatus } from '../../src/core/status.ts';
import { mayBeRepeated } from '../../src/jobs/may-be-repeated.ts';

const instruction: Ask = { kind: 'instruction', instruction: 'add tests', flags: {} };
const comment: Origin = {
  kind: 'github-comment',
  installationId: 1,
  repository: { id: 7, owner: 'acme', name: 'shop' },
  number: 3,
  commentId: 9,
};

it('is what ended without success', () => {
  const statuses = CommandStatus.options.filter((status) =>
    mayBeRepeated({ ask: instruction, origin: comment, status }),
  );
  expect(statuses.sort()).toEqual(['cancelled', 'expired', 'failed', 'refused']);
});

it.each<[string, Ask | null, boolean]>([
  ['a plan', { kind: 'plan', instruction: '', flags: {} }, true],
  ['forget', { kind: 'control', word: 'forget' }, true],
  ['a word that Dexter answers itself', { kind: 'control', word: 'status' }, false],
  ['a retry that found nothing', { kind: 'control', word: 'retry' }, false],
  ['what was refused before it was understood', null, false],
])('of %s: %j is %s', (_, ask, may) => {
  expect(mayBeRepeated({ ask, origin: comment, status: 'failed' })).toBe(may);
});

it('is nothing that Dexter did of its own accord', () => {
  const ask: Ask = { kind: 'control', word: 'forget' };
  expect(mayBeRepeated({ ask, origin: { kind: 'retention' }, status: 'failed' })).toBe(false);
});
