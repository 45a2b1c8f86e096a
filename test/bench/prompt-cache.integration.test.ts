import { expect, it } from 'vitest';
import { modelName } from '../../bench/economics/names.ts';
import { benchPrices } from '../../bench/economics/prices.ts';
import { measureCells } from '../../bench/prompt-cache/cell.ts';
import { directly } from '../../bench/prompt-cache/contestants.ts';
import { sum } from '../../bench/prompt-cache/measure.ts';
import { recordTicket } from '../../bench/prompt-cache/recorded.ts';

/** On a repository of a few small files. */
it('records what the real CLI asks in one conversation, and measures every strategy on it', async () => {
  await using leftovers = new AsyncDisposableStack();
  const size = { files: 12, lines: 40, firstReads: 6, needed: 3, newReads: 2, edits: 1, followUps: 1 };
  const recorded = await recordTicket({ leftovers }, size);
  expect(recorded.requests.length).toBeGreaterThan(5);
  expect(recorded.requests.every(({ model }) => model === modelName)).toBe(true);
  const lengths = recorded.requests.map(({ messages }) => messages.length);
  expect(lengths, 'the follow-up goes on').toEqual(lengths.toSorted((a, b) => a - b));

  const cells = [...measureCells(recorded, directly, benchPrices())];
  expect(cells.map(({ reading, least }) => [reading, least])).toEqual([
    ['rows', undefined],
    ['blocks', undefined],
  ]);
  for (const { measured } of cells) {
    const { dollars, missed } = sum(measured.get('request-ends') ?? []);
    expect(missed).toBe(0);
    expect(dollars).toBeGreaterThan(0);
    expect(dollars).toBeLessThan(sum(measured.get('interval') ?? []).dollars);
  }
});
